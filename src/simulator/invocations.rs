//! What a payer's WeChat checks before it shows the sheet: the parameters by which a page (`getBrandWCPayRequest`) or an app hands an
//! order over (PROTOCOL.md, 15.3 and 15.5).

use serde_json::Value;

use crate::channel::wechat::v2::{Fields, Signer};
use crate::deal::Timestamp;

use super::World;
use super::orders::{OrderKey, SimOrder};
use super::payers::Payer;
use crate::deal::TradeType;

/// The parameters of a page, in the order in which they are missed.
const OF_A_PAGE: [&str; 6] = ["appId", "timeStamp", "nonceStr", "package", "signType", "paySign"];
/// The parameters of an app.
const OF_AN_APP: [&str; 7] = ["appid", "partnerid", "prepayid", "package", "noncestr", "timestamp", "sign"];

/// What a page reads when its `package` leads to no order that can be paid by it.
const NO_ORDER: &str = "调用支付JSAPI缺少参数：total_fee";
const WRONG_SIGNATURE: &str = "支付验证签名失败";

impl World {
    /// The order that a page in WeChat hands over; else what the page reads beside `get_brand_wcpay_request:fail`.
    pub(super) fn invoked_by_page(&self, parameters: &Value, payer: Payer, now: Timestamp) -> Result<OrderKey, String> {
        if let Some(missing) = OF_A_PAGE.iter().find(|name| parameters[**name].is_null()) {
            return Err(format!("调用支付JSAPI缺少参数：{missing}"));
        }
        let fields = texts(parameters, &OF_A_PAGE).ok_or(WRONG_SIGNATURE)?;
        let get = |name| fields.get(name).unwrap_or_default();
        let order = get("package").strip_prefix("prepay_id=").and_then(|id| self.prepaid(id, TradeType::Jsapi, now)).ok_or(NO_ORDER)?;
        if order.payers_appid() != get("appId") {
            return Err(NO_ORDER.to_owned());
        }
        let sign_type = order.signer.sign_type();
        if get("signType") != sign_type.as_str() || !is_time(get("timeStamp")) || !self.is_signed(order, &fields, "paySign") {
            return Err(WRONG_SIGNATURE.to_owned());
        }
        if !order.is_for(payer) {
            return Err("下单账号与支付账号不一致".to_owned());
        }
        open(order)
    }

    /// The order that an app hands over; else why WeChat does not open (`errCode` -1).
    pub(super) fn invoked_by_app(&self, parameters: &Value, payer: Payer, now: Timestamp) -> Result<OrderKey, String> {
        if let Some(missing) = OF_AN_APP.iter().find(|name| parameters[**name].as_str().is_none_or(str::is_empty)) {
            return Err(format!("缺少参数：{missing}"));
        }
        let fields = texts(parameters, &OF_AN_APP).ok_or(WRONG_SIGNATURE)?;
        let get = |name| fields.get(name).unwrap_or_default();
        let order = self.prepaid(get("prepayid"), TradeType::App, now).ok_or("prepayid无效")?;
        let is_its = order.parameter("appid") == fields.get("appid") && order.mch_id == get("partnerid");
        if !is_its || get("package") != "Sign=WXPay" || !is_time(get("timestamp")) || !self.is_signed(order, &fields, "sign") {
            return Err(WRONG_SIGNATURE.to_owned());
        }
        self.payer_of(&order.key(), Some(payer)).map_err(|error| error.to_string())?;
        open(order)
    }

    fn prepaid(&self, prepay_id: &str, trade_type: TradeType, now: Timestamp) -> Option<&SimOrder> {
        let mut orders = self.orders.newest_first();
        orders.find(|order| order.prepay_id == prepay_id && order.trade_type == trade_type && order.is_alive(now))
    }

    /// Whether the fields bear the signature of the order's merchant, by its key in force and by the order's algorithm.
    fn is_signed(&self, order: &SimOrder, fields: &Fields, signature: &str) -> bool {
        let merchant = self.merchant(&order.mch_id);
        merchant.is_some_and(|merchant| bears(&merchant.signer(false).with(order.signer.sign_type()), fields, signature))
    }
}

/// Whether what stands under `signature` signs all other fields.
fn bears(signer: &Signer, fields: &Fields, signature: &str) -> bool {
    let signed: Fields = fields.iter().filter(|(name, _)| *name != signature).collect();
    fields.get(signature) == Some(&signer.sign(&signed))
}

/// The named parameters, if all of them are texts; a time that is a number is refused as it is on some phones.
fn texts(parameters: &Value, names: &[&'static str]) -> Option<Fields> {
    names.iter().map(|name| Some((*name, parameters[*name].as_str()?))).collect()
}

/// Seconds since 1970.
fn is_time(text: &str) -> bool {
    text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit())
}

fn open(order: &SimOrder) -> Result<OrderKey, String> {
    if order.trade_state.is_paid() {
        return Err("该订单已支付".to_owned());
    }
    if order.trade_state.is_dead() {
        return Err("该订单已关闭".to_owned());
    }
    Ok(order.key())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::wechat::v2::{ApiKey, SignType};

    const T2: &str = "FD19D752A746E5F238A6E53BD99EEBD0";
    const T3: &str = "FC7A79E4918B4FFA96E836F5AD4A510F31241FB46C14C971D6D7B4F8E15AF262";
    const T4: [&str; 2] = ["1F88CC0F1B0560FF6D5EED1FBB7AE9C0", "62E940627B1AE23A7FA957793AD576177906BAFF190D103D0CC6F55B75F8DD2F"];
    /// Of the name `timestamp`, which the JSSDK takes and WeChat does not sign.
    const T3X: &str = "4DF55F6E55A8ED5D5DC70065354BD61A";

    fn signer(sign_type: SignType) -> Signer {
        Signer::new(ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap(), sign_type)
    }

    #[test]
    fn a_page_is_believed_as_others_sign() {
        let page = |sign_type: SignType, sign: &str| {
            Fields::new()
                .with("appId", "wxd930ea5d5a258f4f")
                .with("timeStamp", "1414561699")
                .with("nonceStr", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS")
                .with("package", "prepay_id=wx201410272009395522657a690389285100")
                .with("signType", sign_type.as_str())
                .with("paySign", sign)
        };
        for (sign_type, sign, is_right) in [
            (SignType::Md5, T2, true),
            (SignType::HmacSha256, T3, true),
            (SignType::Md5, T3X, false),
            (SignType::HmacSha256, T2, false),
            (SignType::Md5, "", false),
        ] {
            assert_eq!(bears(&signer(sign_type), &page(sign_type, sign), "paySign"), is_right, "{sign}");
        }
        assert!(!bears(&signer(SignType::Md5), &page(SignType::HmacSha256, T3), "paySign"), "the order's algorithm decides");
    }

    #[test]
    fn an_app_is_believed_as_others_sign() {
        let app = Fields::new()
            .with("appid", "wxd930ea5d5a258f4f")
            .with("partnerid", "10000100")
            .with("prepayid", "wx201410272009395522657a690389285100")
            .with("package", "Sign=WXPay")
            .with("noncestr", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS")
            .with("timestamp", "1414561699");
        for (sign_type, sign) in SignType::ALL.into_iter().zip(T4) {
            assert!(bears(&signer(sign_type), &app.clone().with("sign", sign), "sign"), "{sign}");
            assert!(!bears(&signer(sign_type), &app.clone().with("partnerId", "10000100").with("sign", sign), "sign"), "{sign}");
        }
    }
}
