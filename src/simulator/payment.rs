//! A payer's payment, and why there may be none.

use crate::deal::Fen;

use super::payers::Payer;
use super::switches::Notify;

/// How a payer pays, and what becomes of the notification.
#[derive(Debug, Clone, Default)]
pub struct Payment {
    /// Who pays; none: the payer whom the order names or who took its link up, else the first.
    pub payer: Option<Payer>,
    /// Of the price, what a coupon pays.
    pub coupon: Option<Fen>,
    /// What becomes of the notification; none: what the faults say.
    pub notify: Option<Notify>,
    /// WeChat's number of the payment; none: one of its own. The real WeChat gives no number twice, not even to two merchants.
    pub transaction_id: Option<String>,
    /// The `mch_id` of a merchant that sends the notification in WeChat's place: signed with this merchant's key, in the
    /// name of the order's.
    pub signed_by: Option<String>,
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
    /// Past `time_expire`, or the link is older than two hours, or an H5 page than five minutes.
    #[error("the link has expired")]
    Expired,
    /// Another payer took the link up first.
    #[error("商家订单信息有误")]
    TakenUp,
    /// The order names another payer's openid.
    #[error("下单账号与支付账号不一致")]
    AnotherPayer,
    /// Orders of several merchants, or of several sub-merchants, have this number.
    #[error("orders of several merchants have this number: name mch_id, and sub_mch_id where there is one")]
    Ambiguous,
    /// No merchant of this `mch_id`.
    #[error("MCHID_NOT_EXIST")]
    NoSuchMerchant,
}
