//! Signed messages of WeChat's: what it posts and what it answers.

use wechat_pay::channel::wechat::v2::{SignType, Signer};

use super::merchant::signer;
use super::wechat_message::WeChatMessage;

/// Every deal of the benches costs this, in fen and in yuan.
const FEN: i64 = 1990;
pub const YUAN: &str = "19.90";

/// Signs as WeChat signs for the benches' merchant.
pub struct Writer(Signer);

impl Writer {
    pub fn new(sign_type: SignType) -> Self {
        Self(signer(sign_type))
    }

    /// The notification of a payment.
    pub fn paid(&self, order_id: &str) -> String {
        WeChatMessage::notification(order_id, FEN).signed_by(&self.0)
    }

    /// An answer of `orderquery`'s about a paid order.
    pub fn paid_state(&self, order_id: &str) -> String {
        WeChatMessage::paid_state(order_id, FEN).signed_by(&self.0)
    }

    /// An answer of `orderquery`'s about an order that no payer has paid.
    pub fn unpaid_state(&self, order_id: &str) -> String {
        WeChatMessage::state(order_id, "NOTPAY").signed_by(&self.0)
    }

    /// An answer of `unifiedorder`'s.
    pub fn link(&self) -> String {
        WeChatMessage::link("weixin://wxpay/bizpayurl?pr=cdx1OaJ00").signed_by(&self.0)
    }

    /// An answer of `closeorder`'s.
    pub fn closed(&self) -> String {
        WeChatMessage::yes().signed_by(&self.0)
    }
}
