//! What WeChat answers to the calls of its pay API.

use chrono::TimeDelta;

use crate::channel::TradeState;
use crate::channel::wechat::v2::{Fields, xml};
use crate::deal::Timestamp;

use super::bills::{self, BillError};
use super::merchants::Requester;
use super::orders::{OrderKey, SimOrder};
use super::refunds::RefundRefusal;
use super::reply::Reply;
use super::rules::{self, Api, Complaint, PATHS};
use super::switches::{CloseUnknown, Layout};
use super::{DEFAULT_ORIGIN, World};

impl World {
    /// Answers a call by the last word of its path, without any HTTP: the whole reply, as XML. `None`: there is no such API, or it
    /// is one that gives bills.
    pub fn call(&mut self, api: &str, body: &[u8], now: Timestamp) -> Option<String> {
        let reply = self.call_of(|known| known.name() == api && !known.gives_bills(), body, now)?;
        String::from_utf8(reply.body).ok()
    }

    /// The same of `downloadbill` and `downloadfundflow`, whose reply may be a file.
    pub fn download(&mut self, api: &str, body: &[u8], now: Timestamp) -> Option<Reply> {
        self.call_of(|known| known.name() == api && known.gives_bills(), body, now)
    }

    fn call_of(&mut self, is_meant: impl Fn(Api) -> bool, body: &[u8], now: Timestamp) -> Option<Reply> {
        let (path, api) = PATHS.into_iter().find(|(_, known)| is_meant(*known))?;
        *self.stats.calls.entry(path.to_owned()).or_default() += 1;
        Some(self.answer(api, false, body, DEFAULT_ORIGIN, now))
    }

    /// Answers a request of a merchant's: the whole reply. `origin`: where the merchant reaches this WeChat.
    pub(super) fn answer(&mut self, api: Api, sandbox: bool, body: &[u8], origin: &str, now: Timestamp) -> Reply {
        // What a merchant says of times is by its own clock, however many days have passed here.
        let (fields, requester) = match rules::check(api, body, &self.merchants, sandbox, &self.habits, now - self.ahead) {
            Ok(checked) => checked,
            Err(complaint) if api == Api::DownloadBill => return bills::in_english(&complaint).into(),
            Err(complaint) if sandbox && complaint == "签名错误" && api != Api::GetSignKey => {
                return protocol_failure("沙箱验证签名失败，请确认沙箱签名key是否正确（通过getsignkey调用生成）".to_owned()).into();
            }
            Err(complaint) => return protocol_failure(complaint).into(),
        };
        let outcome = match api {
            Api::UnifiedOrder => self.unified_order(&fields, &requester, origin, now),
            Api::OrderQuery => self.order_query(&fields, &requester, now),
            Api::CloseOrder => self.close_order(&fields, &requester, now),
            Api::Refund => self.refund(&fields, &requester, now).map_err(RefundRefusal::told),
            Api::RefundQuery => self.refund_query(&fields, &requester, now),
            Api::DownloadBill => return self.download_bill(&fields, &requester, now),
            Api::DownloadFundFlow => return self.download_fund_flow(&fields, &requester, now),
            Api::GetSignKey => return self.sign_key(&requester).into(),
        };
        let (result, own) = match outcome {
            Ok(own) => (Fields::new().with("result_code", "SUCCESS"), own),
            Err((code, description)) => {
                (Fields::new().with("result_code", "FAIL").with("err_code", code).with("err_code_des", description), Fields::new())
            }
        };
        self.signed_reply(&requester, result, own).into()
    }

    /// `SYSTEMERROR` in answer to a request outside the sandbox, signed like every answer to it or in its unsigned shape.
    pub fn system_error(&self, request: &[u8]) -> String {
        // Whichever call it is, its answer is signed alike.
        self.system_error_to(Api::OrderQuery, false, request)
    }

    /// `SYSTEMERROR` in answer to a request. What no merchant has signed gets the unsigned shape; nothing about bills is signed.
    pub(super) fn system_error_to(&self, api: Api, sandbox: bool, request: &[u8]) -> String {
        match api {
            Api::DownloadBill => return BillError::System.of_trade_bill(),
            Api::DownloadFundFlow => return BillError::System.of_fund_flow(),
            _ => {}
        }
        let result = Fields::new().with("result_code", "FAIL").with("err_code", "SYSTEMERROR").with("err_code_des", "系统繁忙，请稍后再试");
        let requester = xml::parse(request).ok().and_then(|fields| rules::check_requester(api, &fields, &self.merchants, sandbox).ok());
        match requester.filter(|_| self.faults.system_error_signed) {
            Some(requester) => self.signed_reply(&requester, result, Fields::new()),
            None => xml::write(&join([Fields::new().with("return_code", "SUCCESS").with("return_msg", "OK"), result])),
        }
    }

    /// An answer in one of the two layouts, with what WeChat adds to it.
    fn signed_reply(&self, requester: &Requester, result: Fields, own: Fields) -> String {
        let newer = match self.habits.layout {
            Layout::Older => false,
            Layout::Newer => true,
            Layout::Mixed => self.chance.draw().is_multiple_of(2),
        };
        let head = Fields::new().with("return_code", "SUCCESS").with("return_msg", "OK");
        let ids = requester.ids();
        let nonce = Fields::new().with("nonce_str", self.chance.nonce());
        let mut all = if newer { join([head, result, ids, nonce, own]) } else { join([head, ids, nonce, result, own]) };
        if self.habits.empty_elements && !all.contains("sub_mch_id") {
            all.push("sub_mch_id", "");
        }
        if self.habits.extra_field {
            all.push("future_field", "x");
        }
        // The signature follows the nonce in both.
        let after_nonce = |name: &str| usize::from(name != "return_code" && name != "return_msg" && name != "nonce_str" && name != "sign");
        let signed = requester.signer.signed(all);
        xml::write(&if newer { signed } else { signed.reordered(after_nonce) })
    }

    fn order_query(&mut self, fields: &Fields, requester: &Requester, now: Timestamp) -> Result<Fields, (&'static str, &'static str)> {
        let key = self.order_named(fields, requester).ok_or(("ORDERNOTEXIST", "order not exist"))?;
        self.close_if_forgotten(&key, now);
        let order = self.orders.get(&key).ok_or(("ORDERNOTEXIST", "order not exist"))?;
        let mut answer = Fields::new();
        if order.trade_state.is_paid() {
            answer = join([answer, order.payment()]);
        }
        answer = answer.with("out_trade_no", order.out_trade_no.as_str());
        self.push_attach(&mut answer, order);
        Ok(answer.with("trade_state", order.trade_state.as_str()).with("trade_state_desc", order.trade_state.description()))
    }

    /// The requester's order that a call names, by WeChat's number before its own.
    pub(super) fn order_named(&self, fields: &Fields, requester: &Requester) -> Option<OrderKey> {
        let Some(id) = fields.get("transaction_id") else {
            return fields.get("out_trade_no").map(|number| requester.order(number));
        };
        let mut orders = self.orders.newest_first();
        orders.find(|order| requester.owns(order) && order.transaction_id.as_deref() == Some(id)).map(SimOrder::key)
    }

    fn close_order(&mut self, fields: &Fields, requester: &Requester, now: Timestamp) -> Result<Fields, (&'static str, &'static str)> {
        let key = requester.order(fields.get("out_trade_no").unwrap_or_default());
        if self.faults.pay_at_close {
            self.pay_at_close(&key, now);
        }
        match self.orders.get_mut(&key) {
            Some(order) if order.trade_state.is_paid() => return Err(("ORDERPAID", "order paid")),
            Some(order) if order.trade_state.is_dead() => return Err(("ORDERCLOSED", "order closed")),
            Some(order) if self.habits.strict_close && now < order.created_at + TimeDelta::minutes(5) => {
                return Err(("TRADE_STATE_ERROR", "订单生成后不能马上调用关单接口"));
            }
            Some(order) => order.trade_state = TradeState::Closed,
            None if self.habits.close_unknown == CloseUnknown::OrderNotExist => return Err(("ORDERNOTEXIST", "order not exist")),
            None => {}
        }
        let answer = Fields::new();
        Ok(if self.habits.result_msg { answer.with("result_msg", "OK") } else { answer })
    }

    fn sign_key(&self, requester: &Requester) -> String {
        let fields = Fields::new().with("return_code", "SUCCESS").with("return_msg", "ok").with("mch_id", requester.mch_id.as_str());
        let key = self.merchant(&requester.mch_id).map_or("", |merchant| merchant.sandbox_key.as_str());
        xml::write(&fields.with("sandbox_signkey", key))
    }

    /// `attach` comes back as it was given; where there is none, an empty element may stand.
    pub(super) fn push_attach(&self, fields: &mut Fields, order: &SimOrder) {
        match order.parameters.get("attach") {
            Some(attach) => fields.push("attach", attach),
            None if self.habits.empty_elements => fields.push("attach", ""),
            None => {}
        }
    }
}

fn protocol_failure(complaint: Complaint) -> String {
    xml::write(&Fields::new().with("return_code", "FAIL").with("return_msg", complaint))
}

pub(super) fn join<const N: usize>(parts: [Fields; N]) -> Fields {
    let pairs: Vec<(String, String)> =
        parts.iter().flat_map(Fields::iter).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    pairs.into_iter().collect()
}
