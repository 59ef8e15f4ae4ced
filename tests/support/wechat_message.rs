//! WeChat's messages written by hand: right ones, and all the wrong ones.

use wechat_pay::channel::wechat::v2::{Fields, SignType, Signer, xml};
use wechat_pay::simulator::DEFAULT_MERCHANT;

use super::merchant::signer;

/// A message in the making: a complete one, to be changed and then signed.
#[derive(Debug, Clone)]
pub struct WeChatMessage(Vec<(String, String)>);

/// The number of the payment of an order: WeChat gives no two orders the same.
pub fn transaction_id(order_id: &str) -> String {
    let tail: String = order_id.chars().rev().take(18).filter(char::is_ascii_alphanumeric).collect();
    format!("4200000260{tail:0>18}")
}

impl WeChatMessage {
    /// What WeChat posts when `order_id` was paid.
    pub fn notification(order_id: &str, total_fee: i64) -> Self {
        let fields = [
            ("appid", DEFAULT_MERCHANT.appid),
            ("bank_type", "OTHERS"),
            ("cash_fee", &total_fee.to_string()),
            ("fee_type", "CNY"),
            ("is_subscribe", "N"),
            ("mch_id", DEFAULT_MERCHANT.mch_id),
            ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
            ("openid", "oCANARYOPENID00000000000000"),
            ("out_trade_no", order_id),
            ("result_code", "SUCCESS"),
            ("return_code", "SUCCESS"),
            ("time_end", "20260401120500"),
            ("total_fee", &total_fee.to_string()),
            ("trade_type", "NATIVE"),
            ("transaction_id", &transaction_id(order_id)),
        ];
        Self(fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
    }

    /// How every answer of WeChat's API begins that is a yes.
    pub fn yes() -> Self {
        let fields = [
            ("return_code", "SUCCESS"),
            ("return_msg", "OK"),
            ("appid", DEFAULT_MERCHANT.appid),
            ("mch_id", DEFAULT_MERCHANT.mch_id),
            ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
            ("result_code", "SUCCESS"),
        ];
        Self(fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
    }

    /// A no of the business.
    pub fn no(err_code: &str, description: &str) -> Self {
        Self::yes().with("result_code", "FAIL").with("err_code", err_code).with("err_code_des", description)
    }

    /// What `unifiedorder` answers.
    pub fn link(code_url: &str) -> Self {
        Self::yes().with("prepay_id", "wx2612000000000000000000000000000000").with("trade_type", "NATIVE").with("code_url", code_url)
    }

    /// What `orderquery` answers about an order that is not paid.
    pub fn state(order_id: &str, trade_state: &str) -> Self {
        Self::yes().with("out_trade_no", order_id).with("trade_state", trade_state)
    }

    /// What `orderquery` answers about a paid order.
    pub fn paid_state(order_id: &str, total_fee: i64) -> Self {
        Self::notification(order_id, total_fee).with("trade_state", "SUCCESS").with("trade_state_desc", "支付成功")
    }

    /// With another value, or one more field.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some(field) => value.clone_into(&mut field.1),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    /// The fields in reverse order.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        self.0.reverse();
        self
    }

    pub fn fields(&self) -> Fields {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// Signed as the simulator's merchant is (MD5).
    pub fn signed(&self) -> String {
        self.signed_by(&signer(SignType::Md5))
    }

    pub fn signed_by(&self, signer: &Signer) -> String {
        xml::write(&signer.signed(self.fields()))
    }

    /// Not signed at all.
    pub fn unsigned(&self) -> String {
        xml::write(&self.fields())
    }
}

/// The one answer that stops WeChat's repeats.
pub const ACKNOWLEDGED: &str = "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>";
