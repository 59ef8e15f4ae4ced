//! unifiedorder (统一下单): an order is taken, or given anew what its payer pays it by.

use crate::channel::TradeState;
use crate::channel::wechat::v2::Fields;
use crate::deal::{BeijingTime, Fen, Timestamp};

use super::World;
use super::merchants::Requester;
use super::orders::{H5Page, SimOrder};
use crate::deal::TradeType;

/// `err_code` and `err_code_des`.
type Refusal = (&'static str, &'static str);

impl World {
    pub(super) fn unified_order(
        &mut self,
        fields: &Fields,
        requester: &Requester,
        origin: &str,
        now: Timestamp,
    ) -> Result<Fields, Refusal> {
        let get = |name| fields.get(name).unwrap_or_default().to_owned();
        let trade_type = get("trade_type").parse::<TradeType>().ok().ok_or(("PARAM_ERROR", "trade_type参数格式错误"))?;
        if !self.habits.trade_types.contains(&trade_type) {
            return Err(("NOAUTH", "商户无此接口权限"));
        }
        if trade_type == TradeType::Jsapi && !names_its_payer(fields) {
            return Err(("LACK_PARAMS", "JSAPI支付必须传openid"));
        }
        let key = requester.order(&get("out_trade_no"));
        let parameters: Fields =
            fields.iter().filter(|(name, value)| !value.is_empty() && !["nonce_str", "sign", "sign_type"].contains(name)).collect();
        let token = self.token();
        self.close_if_forgotten(&key, now);
        let is_known = self.orders.get(&key).map(|order| may_be_repeated(order, &parameters)).transpose()?.is_some();
        let total_fee = get("total_fee").parse().ok().and_then(Fen::new).ok_or(("PARAM_ERROR", "invalid total_fee"))?;
        let stamp = BeijingTime::from(now).compact();
        let prepay_id = format!("wx{}{}", &stamp[6..], &self.chance.nonce()[..26]);
        if !is_known {
            self.orders.insert(SimOrder {
                total_fee,
                body: get("body"),
                notify_url: get("notify_url"),
                trade_type,
                prepay_id: prepay_id.clone(),
                code_url: None,
                h5_page: None,
                payer: None,
                trade_state: TradeState::NotPay,
                transaction_id: None,
                paid_at: None,
                created_at: now,
                attempts: Vec::new(),
                coupon: None,
                parameters,
                nonce: get("nonce_str"),
                expires_at: fields.get("time_expire").and_then(BeijingTime::from_compact).map(|time| time.timestamp() + self.ahead),
                signer: requester.signer.clone(),
                mch_id: key.mch_id.clone(),
                sub_mch_id: key.sub_mch_id.clone(),
                out_trade_no: key.out_trade_no.clone(),
            });
        }
        let without_url = self.habits.mweb_without_url;
        let order = self.orders.get_mut(&key).ok_or(("SYSTEMERROR", "系统繁忙，请稍后再试"))?;
        order.renew(&token, prepay_id, origin, now);
        let mut answer = Fields::new().with("prepay_id", order.prepay_id.as_str()).with("trade_type", trade_type.as_str());
        if let Some(code_url) = &order.code_url {
            answer.push("code_url", code_url.as_str());
        }
        if let Some(page) = order.h5_page.as_ref().filter(|_| !without_url) {
            answer.push("mweb_url", page.url.as_str());
        }
        Ok(answer)
    }

    /// The word that makes a link a link of its own.
    fn token(&self) -> String {
        const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut dice = self.chance.draw();
        let mut token = String::with_capacity(9);
        for _ in 0..9 {
            token.push(char::from(LETTERS[usize::try_from(dice % 62).unwrap_or(0)]));
            dice /= 62;
        }
        token
    }
}

/// A provider may name its payer by the openid in its own appid or in its sub-merchant's.
fn names_its_payer(fields: &Fields) -> bool {
    fields.get("openid").is_some() || fields.get("sub_openid").is_some() && fields.get("sub_appid").is_some()
}

/// Paid and closed are judged before the parameters are compared.
fn may_be_repeated(order: &SimOrder, parameters: &Fields) -> Result<(), Refusal> {
    if order.trade_state.is_paid() {
        return Err(("ORDERPAID", "该订单已支付"));
    }
    if order.trade_state.is_dead() {
        return Err(("ORDERCLOSED", "该订单已关闭"));
    }
    if order.parameters != *parameters {
        return Err(("INVALID_REQUEST", "201 商户订单号重复"));
    }
    Ok(())
}

impl SimOrder {
    /// A link and a page are fresh each time, and the former ones are dead; a `prepay_id` that has none of them stays for its two hours.
    fn renew(&mut self, token: &str, prepay_id: String, origin: &str, now: Timestamp) {
        if self.trade_type == TradeType::Native || !self.is_alive(now) {
            self.prepay_id = prepay_id;
            self.created_at = now;
            self.payer = None;
        }
        match self.trade_type {
            TradeType::Native => self.code_url = Some(format!("weixin://wxpay/bizpayurl?pr={token}")),
            TradeType::Mweb => {
                let url = format!("{origin}/_wechat/checkmweb?prepay_id={}&package={token}", self.prepay_id);
                self.h5_page = Some(H5Page { url, package: token.to_owned(), made_at: now });
                self.payer = None;
            }
            TradeType::Jsapi | TradeType::App => {}
        }
    }
}
