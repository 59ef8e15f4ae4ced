//! Signed messages of WeChat's: what it posts and what it answers.

use wechat_pay::channel::wechat::v2::{ApiKey, Fields, Merchant, SignType, Signer, xml};
use wechat_pay::simulator::DEFAULT_MERCHANT;

/// Every deal of the benches costs this, in fen and in yuan.
pub const FEN: &str = "1990";
pub const YUAN: &str = "19.90";
/// Nobody posts there: the benches bring the notifications themselves.
pub const NOTIFY_URL: &str = "https://till.example/wxPay/notify";

/// Signs as WeChat signs for the benches' merchant.
pub struct Writer(Signer);

/// The signer of the benches' merchant.
pub fn signer(sign_type: SignType) -> Signer {
    Signer::new(ApiKey::new(DEFAULT_MERCHANT.api_key).unwrap(), sign_type)
}

/// The merchant itself.
pub fn merchant(sign_type: SignType) -> Merchant {
    Merchant {
        appid: DEFAULT_MERCHANT.appid.to_owned(),
        mch_id: DEFAULT_MERCHANT.mch_id.to_owned(),
        signer: signer(sign_type),
        previous_key: None,
        notify_url: NOTIFY_URL.to_owned(),
    }
}

impl Writer {
    pub fn new(sign_type: SignType) -> Self {
        Self(signer(sign_type))
    }

    /// The notification of a payment.
    pub fn paid(&self, order_id: &str) -> String {
        self.write(payment(order_id))
    }

    /// An answer of `orderquery`'s about a paid order.
    pub fn paid_state(&self, order_id: &str) -> String {
        self.write(payment(order_id).with("return_msg", "OK").with("trade_state", "SUCCESS").with("trade_state_desc", "支付成功"))
    }

    /// An answer of `orderquery`'s about an order that nobody has paid.
    pub fn unpaid_state(&self, order_id: &str) -> String {
        self.write(yes().with("out_trade_no", order_id).with("trade_state", "NOTPAY").with("trade_state_desc", "订单未支付"))
    }

    /// An answer of `unifiedorder`'s.
    pub fn link(&self) -> String {
        let fields = yes().with("prepay_id", "wx2411162500000000000000000000000000").with("trade_type", "NATIVE");
        self.write(fields.with("code_url", "weixin://wxpay/bizpayurl?pr=cdx1OaJ00"))
    }

    /// An answer of `closeorder`'s.
    pub fn closed(&self) -> String {
        self.write(yes())
    }

    fn write(&self, fields: Fields) -> String {
        xml::write(&self.0.signed(fields))
    }
}

fn yes() -> Fields {
    Fields::new()
        .with("return_code", "SUCCESS")
        .with("return_msg", "OK")
        .with("appid", DEFAULT_MERCHANT.appid)
        .with("mch_id", DEFAULT_MERCHANT.mch_id)
        .with("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS")
        .with("result_code", "SUCCESS")
}

fn payment(order_id: &str) -> Fields {
    // Two orders of one second differ in the digits behind the stamp.
    let tail: String = order_id.chars().rev().take(18).collect();
    Fields::new()
        .with("appid", DEFAULT_MERCHANT.appid)
        .with("bank_type", "OTHERS")
        .with("cash_fee", FEN)
        .with("fee_type", "CNY")
        .with("is_subscribe", "N")
        .with("mch_id", DEFAULT_MERCHANT.mch_id)
        .with("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS")
        .with("openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")
        .with("out_trade_no", order_id)
        .with("result_code", "SUCCESS")
        .with("return_code", "SUCCESS")
        .with("time_end", order_id.get(..14).unwrap_or_default())
        .with("total_fee", FEN)
        .with("trade_type", "NATIVE")
        .with("transaction_id", format!("4200000260{tail}"))
}
