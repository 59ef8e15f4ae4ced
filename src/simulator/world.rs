//! The model: what WeChat knows and does, as plain data and functions. Time comes in as an argument, chance from the
//! [`Chance`] it was made with, so that a history can be replayed.

use std::collections::{BTreeMap, HashMap, VecDeque};

use chrono::TimeDelta;
use md5::{Digest, Md5};

use crate::chance::Chance;
use crate::deal::{BeijingTime, Fen, Timestamp};
use crate::wechat::{ApiKey, Fields, Merchant, Signer, TradeState, xml};

use super::orders::{Attempt, SimOrder};
use super::pay_api::Fate;
use super::rules::{self, Api, Complaint, Known, PATHS};
use super::switches::{CloseUnknown, Faults, Habits, Layout, Notify};

/// When a notification that was not acknowledged comes again: seconds after the former one (protocol file, 7.5).
const REPEATS: [i64; 15] = [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600];
const LATE: i64 = 20;
/// A link lives for two hours, whatever the order says.
const LINK_LIFE: TimeDelta = TimeDelta::hours(2);

/// A simulated WeChat, as it is at one moment.
#[derive(Debug)]
pub struct World {
    appid: String,
    mch_id: String,
    signer: Signer,
    sandbox_signer: Signer,
    sandbox_key: String,
    chance: Chance,
    time_scale: i32,
    orders: HashMap<String, SimOrder>,
    newest_last: Vec<String>,
    deliveries: VecDeque<Delivery>,
    /// What goes wrong.
    pub faults: Faults,
    /// What differs from day to day.
    pub habits: Habits,
    pub(super) stats: Stats,
}

/// What was counted.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub(super) struct Stats {
    pub calls: BTreeMap<String, u64>,
    pub notifications_sent: u64,
    pub notifications_acknowledged: u64,
}

/// A notification to be posted.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// About which order.
    pub out_trade_no: String,
    due: Timestamp,
    /// How many went before it.
    number: usize,
}

/// A letter ready to be posted.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Which notification it is.
    pub delivery: Delivery,
    /// To where.
    pub url: String,
    /// The message.
    pub body: String,
}

/// Why a payer cannot pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotPay {
    /// No such order.
    #[error("ORDERNOTEXIST")]
    NoSuchOrder,
    /// Closed, or closed by itself.
    #[error("ORDERCLOSED")]
    Closed,
    /// Paid before.
    #[error("ORDERPAID")]
    Paid,
    /// Past `time_expire`, or the link is older than two hours.
    #[error("the link has expired")]
    Expired,
}

impl World {
    /// A WeChat that has one merchant, and no orders yet.
    pub fn new(merchant: &Merchant, chance: Chance, time_scale: u32) -> Self {
        // A sandbox key of its own, as the real one has, derived so that a restart gives the same.
        let sandbox_key: String = Md5::digest(merchant.signer.sign(&Fields::new())).iter().map(|b| format!("{b:02x}")).collect();
        let sandbox_signer =
            ApiKey::new(&sandbox_key).map_or_else(|_| merchant.signer.clone(), |key| Signer::new(key, merchant.signer.sign_type()));
        Self {
            appid: merchant.appid.clone(),
            mch_id: merchant.mch_id.clone(),
            signer: merchant.signer.clone(),
            sandbox_signer,
            sandbox_key,
            chance,
            time_scale: i32::try_from(time_scale).unwrap_or(i32::MAX).max(1),
            orders: HashMap::new(),
            newest_last: Vec::new(),
            deliveries: VecDeque::new(),
            faults: Faults::default(),
            habits: Habits::default(),
            stats: Stats::default(),
        }
    }

    /// An order by the merchant's number.
    pub fn order(&self, out_trade_no: &str) -> Option<&SimOrder> {
        self.orders.get(out_trade_no)
    }

    /// All orders, newest first.
    pub fn orders(&self) -> impl Iterator<Item = &SimOrder> {
        self.newest_last.iter().rev().filter_map(|number| self.orders.get(number))
    }

    /// How often an API was called (`/pay/unifiedorder` …).
    pub fn calls(&self, path: &str) -> u64 {
        self.stats.calls.get(path).copied().unwrap_or(0)
    }

    /// Throws the dice about a call.
    pub(super) fn draw_fate(&self) -> Fate {
        let happens = |share| self.chance.happens(share);
        if happens(self.faults.reset) {
            Fate::Reset
        } else if happens(self.faults.html) {
            Fate::Html
        } else if happens(self.faults.system_error) {
            Fate::SystemError { carried_out: self.chance.draw().is_multiple_of(2) }
        } else if happens(self.faults.drop_reply) {
            Fate::DropReply
        } else {
            Fate::Answer
        }
    }

    /// Answers a request to `/pay/{api}` without any HTTP: the whole reply, as XML. `None`: there is no such API.
    pub fn call(&mut self, api: &str, body: &[u8], now: Timestamp) -> Option<String> {
        let (path, api) = PATHS.into_iter().find(|(path, _)| path.strip_prefix("/pay/") == Some(api))?;
        *self.stats.calls.entry(path.to_owned()).or_default() += 1;
        Some(self.answer(api, false, body, now))
    }

    /// Answers a request of a merchant's: the whole reply, as XML.
    pub(super) fn answer(&mut self, api: Api, sandbox: bool, body: &[u8], now: Timestamp) -> String {
        // The sandbox's key is asked for with the production key.
        let signer = if sandbox && api != Api::GetSignKey { &self.sandbox_signer } else { &self.signer };
        let known = Known { appid: &self.appid, mch_id: &self.mch_id, signer };
        let (fields, signer) = match rules::check(api, body, &known, &self.habits, now) {
            Ok(checked) => checked,
            Err(complaint) if sandbox && complaint == "签名错误" && api != Api::GetSignKey => {
                return protocol_failure("沙箱验证签名失败，请确认沙箱签名key是否正确（通过getsignkey调用生成）".to_owned());
            }
            Err(complaint) => return protocol_failure(complaint),
        };
        let outcome = match api {
            Api::UnifiedOrder => self.unified_order(&fields, &signer, now),
            Api::OrderQuery => self.order_query(&fields, now),
            Api::CloseOrder => self.close_order(&fields, now),
            Api::GetSignKey => return self.sign_key(),
        };
        let (result, own) = match outcome {
            Ok(own) => (Fields::new().with("result_code", "SUCCESS"), own),
            Err((code, description)) => {
                (Fields::new().with("result_code", "FAIL").with("err_code", code).with("err_code_des", description), Fields::new())
            }
        };
        self.signed_reply(&signer, result, own)
    }

    /// `SYSTEMERROR`, signed like an answer to this request or in its unsigned shape.
    pub fn system_error(&self, sandbox: bool) -> String {
        let result = Fields::new().with("result_code", "FAIL").with("err_code", "SYSTEMERROR").with("err_code_des", "系统繁忙，请稍后再试");
        if self.faults.system_error_signed {
            let signer = if sandbox { &self.sandbox_signer } else { &self.signer };
            return self.signed_reply(signer, result, Fields::new());
        }
        xml::write(&join([Fields::new().with("return_code", "SUCCESS").with("return_msg", "OK"), result]))
    }

    /// An answer in one of the two layouts, with what WeChat adds to it.
    fn signed_reply(&self, signer: &Signer, result: Fields, own: Fields) -> String {
        let newer = match self.habits.layout {
            Layout::Older => false,
            Layout::Newer => true,
            Layout::Mixed => self.chance.draw().is_multiple_of(2),
        };
        let head = Fields::new().with("return_code", "SUCCESS").with("return_msg", "OK");
        let ids = Fields::new().with("appid", self.appid.as_str()).with("mch_id", self.mch_id.as_str());
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
        let signed = signer.signed(all);
        xml::write(&if newer { signed } else { signed.reordered(after_nonce) })
    }

    fn unified_order(&mut self, fields: &Fields, signer: &Signer, now: Timestamp) -> Result<Fields, (&'static str, &'static str)> {
        let get = |name| fields.get(name).unwrap_or_default().to_owned();
        if get("trade_type") != "NATIVE" {
            return Err(("NOAUTH", "商户号该产品权限未开通，请前往商户平台>产品中心检查后重试"));
        }
        let out_trade_no = get("out_trade_no");
        let parameters: Fields =
            fields.iter().filter(|(name, value)| !value.is_empty() && !["nonce_str", "sign", "sign_type"].contains(name)).collect();
        let code_url = self.code_url();
        self.close_if_forgotten(&out_trade_no, now);
        if let Some(order) = self.orders.get_mut(&out_trade_no) {
            // Paid and closed are judged before the parameters are compared.
            if order.trade_state.is_paid() {
                return Err(("ORDERPAID", "该订单已支付"));
            }
            if order.trade_state.is_dead() {
                return Err(("ORDERCLOSED", "该订单已关闭"));
            }
            if order.parameters != parameters {
                return Err(("INVALID_REQUEST", "201 商户订单号重复"));
            }
            // A fresh link; the former one is dead.
            order.code_url.clone_from(&code_url);
            order.created_at = now;
        } else {
            let order = SimOrder {
                total_fee: get("total_fee").parse().ok().and_then(Fen::new).ok_or(("PARAM_ERROR", "invalid total_fee"))?,
                body: get("body"),
                notify_url: get("notify_url"),
                code_url: code_url.clone(),
                trade_state: TradeState::NotPay,
                transaction_id: None,
                paid_at: None,
                created_at: now,
                attempts: Vec::new(),
                coupon: None,
                parameters,
                nonce: get("nonce_str"),
                expires_at: fields.get("time_expire").and_then(BeijingTime::from_compact).map(BeijingTime::timestamp),
                signer: signer.clone(),
                out_trade_no: out_trade_no.clone(),
            };
            self.newest_last.push(out_trade_no.clone());
            self.orders.insert(out_trade_no, order);
        }
        let stamp = BeijingTime::from(now).compact();
        let prepay_id = format!("wx{}{}", &stamp[6..], &self.chance.nonce()[..26]);
        Ok(Fields::new().with("prepay_id", prepay_id).with("trade_type", "NATIVE").with("code_url", code_url))
    }

    fn code_url(&self) -> String {
        const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut dice = self.chance.draw();
        let mut token = String::with_capacity(9);
        for _ in 0..9 {
            token.push(char::from(LETTERS[usize::try_from(dice % 62).unwrap_or(0)]));
            dice /= 62;
        }
        format!("weixin://wxpay/bizpayurl?pr={token}")
    }

    fn order_query(&mut self, fields: &Fields, now: Timestamp) -> Result<Fields, (&'static str, &'static str)> {
        let number = match fields.get("transaction_id") {
            Some(id) => {
                self.orders.values().find(|order| order.transaction_id.as_deref() == Some(id)).map(|order| order.out_trade_no.clone())
            }
            None => fields.get("out_trade_no").map(str::to_owned),
        };
        let number = number.unwrap_or_default();
        self.close_if_forgotten(&number, now);
        let order = self.orders.get(&number).ok_or(("ORDERNOTEXIST", "order not exist"))?;
        let mut answer = Fields::new();
        if order.trade_state.is_paid() {
            answer = join([answer, payment(order)]);
        }
        answer = answer.with("out_trade_no", order.out_trade_no.as_str());
        self.push_attach(&mut answer, order);
        Ok(answer.with("trade_state", order.trade_state.as_str()).with("trade_state_desc", order.trade_state.description()))
    }

    fn close_order(&mut self, fields: &Fields, now: Timestamp) -> Result<Fields, (&'static str, &'static str)> {
        let number = fields.get("out_trade_no").unwrap_or_default();
        match self.orders.get_mut(number) {
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

    fn sign_key(&self) -> String {
        let fields = Fields::new().with("return_code", "SUCCESS").with("return_msg", "ok").with("mch_id", self.mch_id.as_str());
        xml::write(&fields.with("sandbox_signkey", self.sandbox_key.as_str()))
    }

    fn close_if_forgotten(&mut self, number: &str, now: Timestamp) {
        let life = TimeDelta::days(i64::from(self.habits.auto_close_days));
        if let Some(order) = self.orders.get_mut(number)
            && !order.trade_state.is_paid()
            && now >= order.created_at + life
        {
            order.trade_state = TradeState::Closed;
        }
    }

    /// The payer pays, with a coupon perhaps; the notification goes out by itself.
    pub fn pay(&mut self, out_trade_no: &str, coupon: Option<Fen>, notify: Option<Notify>, now: Timestamp) -> Result<(), CannotPay> {
        self.close_if_forgotten(out_trade_no, now);
        let number = self.chance.draw() % 10_000_000_000;
        let order = self.orders.get_mut(out_trade_no).ok_or(CannotPay::NoSuchOrder)?;
        if order.trade_state.is_paid() {
            return Err(CannotPay::Paid);
        }
        if order.trade_state.is_dead() {
            return Err(CannotPay::Closed);
        }
        if now >= order.created_at + LINK_LIFE || order.expires_at.is_some_and(|time| now >= time) {
            return Err(CannotPay::Expired);
        }
        order.trade_state = TradeState::Success;
        order.paid_at = Some(now);
        order.coupon = coupon.filter(|coupon| *coupon < order.total_fee);
        order.transaction_id = Some(format!("42000000{}{number:010}00", &BeijingTime::from(now).compact()[..8]));
        let wait = |seconds: i64| TimeDelta::seconds(seconds) / self.time_scale;
        let due = match notify.unwrap_or(self.faults.notify) {
            Notify::Lost => return Ok(()),
            Notify::Late => now + wait(LATE),
            Notify::Twice => {
                self.deliveries.push_back(Delivery { out_trade_no: out_trade_no.to_owned(), due: now, number: REPEATS.len() });
                now
            }
            Notify::Normal | Notify::Forged | Notify::WrongAmount => now,
        };
        self.deliveries.push_back(Delivery { out_trade_no: out_trade_no.to_owned(), due, number: 0 });
        Ok(())
    }

    /// The payer's bank refuses.
    pub fn fail(&mut self, out_trade_no: &str) -> Result<(), CannotPay> {
        self.move_unpaid(out_trade_no, TradeState::PayError)
    }

    /// The payer begins to enter the password.
    pub fn enter_password(&mut self, out_trade_no: &str) -> Result<(), CannotPay> {
        self.move_unpaid(out_trade_no, TradeState::UserPaying)
    }

    fn move_unpaid(&mut self, out_trade_no: &str, state: TradeState) -> Result<(), CannotPay> {
        let order = self.orders.get_mut(out_trade_no).ok_or(CannotPay::NoSuchOrder)?;
        if order.trade_state.is_paid() {
            return Err(CannotPay::Paid);
        }
        if order.trade_state.is_dead() {
            return Err(CannotPay::Closed);
        }
        order.trade_state = state;
        Ok(())
    }

    /// A paid order is given back, at least in part.
    pub fn refund(&mut self, out_trade_no: &str) -> Result<(), CannotPay> {
        let order = self.orders.get_mut(out_trade_no).ok_or(CannotPay::NoSuchOrder)?;
        if !order.trade_state.is_paid() {
            return Err(CannotPay::Closed);
        }
        order.trade_state = TradeState::Refund;
        Ok(())
    }

    /// The letters that are due now, taken off the list.
    pub fn letters_due(&mut self, now: Timestamp) -> Vec<Letter> {
        let (due, later): (VecDeque<_>, VecDeque<_>) = self.deliveries.drain(..).partition(|delivery| delivery.due <= now);
        self.deliveries = later;
        due.into_iter()
            .filter_map(|delivery| {
                let order = self.orders.get(&delivery.out_trade_no)?;
                Some(Letter { url: order.notify_url.clone(), body: self.notification(order), delivery })
            })
            .collect()
    }

    /// When the next letter is due.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.deliveries.iter().map(|delivery| delivery.due).min()
    }

    /// How the merchant answered. Anything but the one right answer brings the letter again.
    pub fn delivered(&mut self, letter: Delivery, status: Option<u16>, acknowledged: bool, now: Timestamp) {
        self.stats.notifications_sent += 1;
        self.stats.notifications_acknowledged += u64::from(acknowledged);
        let Some(order) = self.orders.get_mut(&letter.out_trade_no) else { return };
        order.attempts.push(Attempt { at: BeijingTime::from(now).to_string(), status, acknowledged });
        if let (false, Some(pause)) = (acknowledged, REPEATS.get(letter.number)) {
            let due = now + TimeDelta::seconds(*pause) / self.time_scale;
            self.deliveries.push_back(Delivery { due, number: letter.number + 1, ..letter });
        }
    }

    /// `attach` comes back as it was given; where there is none, an empty element may stand.
    fn push_attach(&self, fields: &mut Fields, order: &SimOrder) {
        match order.parameters.get("attach") {
            Some(attach) => fields.push("attach", attach),
            None if self.habits.empty_elements => fields.push("attach", ""),
            None => {}
        }
    }

    /// The signed message about a paid order.
    fn notification(&self, order: &SimOrder) -> String {
        let mut fields = join([Fields::new().with("appid", self.appid.as_str()), payment(order)])
            .with("mch_id", self.mch_id.as_str())
            .with("nonce_str", order.nonce.as_str())
            .with("out_trade_no", order.out_trade_no.as_str())
            .with("result_code", "SUCCESS")
            .with("return_code", "SUCCESS");
        if !self.habits.notify_fee_type {
            fields = fields.iter().filter(|(name, _)| *name != "fee_type").collect();
        }
        if self.faults.notify == Notify::WrongAmount {
            let wrong = (order.total_fee.get() + 1).to_string();
            fields = fields.iter().map(|(name, value)| (name, if name == "total_fee" { wrong.as_str() } else { value })).collect();
        }
        if self.habits.notify_sign_type {
            fields.push("sign_type", order.signer.sign_type().as_str());
        }
        self.push_attach(&mut fields, order);
        if self.habits.extra_field {
            fields.push("future_field", "x");
        }
        let mut signed = order.signer.signed(fields);
        if self.faults.notify == Notify::Forged {
            let forged: String = order.signer.sign(&signed.clone().with("forged", "1"));
            signed = signed.iter().map(|(name, value)| (name, if name == "sign" { forged.as_str() } else { value })).collect();
        }
        xml::write(&signed)
    }
}

/// What WeChat tells of a payment, in answers and notifications alike.
fn payment(order: &SimOrder) -> Fields {
    let coupon = order.coupon.map_or(0, Fen::get);
    let mut fields = Fields::new()
        .with("openid", "oSIMULATED0000000000000000000")
        .with("is_subscribe", "N")
        .with("trade_type", "NATIVE")
        .with("bank_type", "OTHERS")
        .with("total_fee", order.total_fee.get().to_string())
        .with("fee_type", "CNY")
        .with("cash_fee", (order.total_fee.get() - coupon).to_string())
        .with("transaction_id", order.transaction_id.clone().unwrap_or_default())
        .with("time_end", order.paid_at.map(|time| BeijingTime::from(time).compact()).unwrap_or_default());
    if coupon > 0 {
        fields.push("coupon_fee", coupon.to_string());
        fields.push("coupon_count", "1");
        fields.push("coupon_id_0", "10000");
        fields.push("coupon_fee_0", coupon.to_string());
    }
    fields
}

fn protocol_failure(complaint: Complaint) -> String {
    xml::write(&Fields::new().with("return_code", "FAIL").with("return_msg", complaint))
}

fn join<const N: usize>(parts: [Fields; N]) -> Fields {
    let pairs: Vec<(String, String)> =
        parts.iter().flat_map(Fields::iter).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    pairs.into_iter().collect()
}
