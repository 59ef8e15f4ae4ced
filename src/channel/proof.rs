//! What WeChat tells about an order, once its words have been verified.

use std::sync::Arc;

use crate::deal::{BeijingTime, Fen, OrderId, Timestamp};

use super::wechat::v2::Fields;

/// WeChat's verdict on an order (`trade_state`, PROTOCOL.md, 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TradeState {
    /// Paid.
    Success,
    /// Not paid, also after `time_expire`.
    NotPay,
    /// The payer is entering the password.
    UserPaying,
    /// Closed by us, or by WeChat after a week or two.
    Closed,
    /// A payment was tried and failed; the payer may try again.
    PayError,
    /// Reversed (payment codes only).
    Revoked,
    /// Accepted, the debit is pending.
    Accept,
    /// Paid, and at least a part was given back.
    Refund,
}

impl TradeState {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Success, Self::NotPay, Self::UserPaying, Self::Closed, Self::PayError, Self::Revoked, Self::Accept, Self::Refund];

    /// WeChat's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::NotPay => "NOTPAY",
            Self::UserPaying => "USERPAYING",
            Self::Closed => "CLOSED",
            Self::PayError => "PAYERROR",
            Self::Revoked => "REVOKED",
            Self::Accept => "ACCEPT",
            Self::Refund => "REFUND",
        }
    }

    /// WeChat's usual description (`trade_state_desc`).
    pub fn description(self) -> &'static str {
        match self {
            Self::Success => "支付成功",
            Self::NotPay => "订单未支付",
            Self::UserPaying => "需要用户输入支付密码",
            Self::Closed => "订单已关闭",
            Self::PayError => "支付失败，请重新下单支付",
            Self::Revoked => "订单已撤销",
            Self::Accept => "已接收，等待扣款",
            Self::Refund => "订单发生过退款，退款详情请查询退款单",
        }
    }

    /// Reads WeChat's word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// The word for a paid order.
    pub fn of_paid(is_refunded: bool) -> Self {
        if is_refunded { Self::Refund } else { Self::Success }
    }

    /// Money has been taken for this order.
    pub fn is_paid(self) -> bool {
        matches!(self, Self::Success | Self::Refund)
    }

    /// The order can never be paid any more.
    pub fn is_dead(self) -> bool {
        matches!(self, Self::Closed | Self::Revoked)
    }

    /// Both words mean paid, or both dead, or neither of it.
    pub fn is_same_verdict(self, other: Self) -> bool {
        (self.is_paid(), self.is_dead()) == (other.is_paid(), other.is_dead())
    }
}

/// A verified message as it was received. The row and the journal both take it, so it is shared.
#[derive(Clone, PartialEq, Eq)]
pub struct Evidence(Arc<str>);

impl Evidence {
    pub(in crate::channel) fn new(bytes: &[u8]) -> Self {
        Self(String::from_utf8_lossy(bytes).into())
    }

    /// The XML: it names the payer and carries a signature, so it goes into the store and nowhere else.
    pub fn xml(&self) -> &str {
        &self.0
    }
}

/// Never shows the message.
impl std::fmt::Debug for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Evidence({} bytes)", self.0.len())
    }
}

/// By which way a payment became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// WeChat posted it.
    Notification,
    /// We asked.
    Query,
}

/// Signed proof that an order of ours was paid. Only the reply gate and the notification reader make one,
/// after they have verified signature, appid and mch_id; so who holds one may believe it.
#[derive(Debug, Clone)]
pub struct ProvenPayment {
    order_id: OrderId,
    transaction_id: String,
    total_fee: Fen,
    fee_type: Option<String>,
    time_end: Option<Timestamp>,
    is_refunded: bool,
    source: Source,
    evidence: Evidence,
}

impl ProvenPayment {
    /// Reads the fields of a verified message; the error names the field that is missing or malformed.
    pub(in crate::channel) fn read(fields: &Fields, source: Source, evidence: Evidence) -> Result<Self, &'static str> {
        Ok(Self {
            order_id: out_trade_no(fields)?,
            transaction_id: fields.get("transaction_id").filter(|id| is_transaction_id(id)).ok_or("transaction_id")?.to_owned(),
            total_fee: fields.get("total_fee").and_then(Fen::from_total_fee).ok_or("total_fee")?,
            fee_type: fields.get("fee_type").map(str::to_owned),
            time_end: fields.get("time_end").and_then(BeijingTime::from_compact).map(BeijingTime::timestamp),
            is_refunded: source == Source::Query && fields.get("trade_state") == Some(TradeState::Refund.as_str()),
            source,
            evidence,
        })
    }

    /// Which order was paid.
    pub fn order_id(&self) -> &OrderId {
        &self.order_id
    }

    /// WeChat's number of the payment.
    pub fn transaction_id(&self) -> &str {
        &self.transaction_id
    }

    /// What the order cost. (Not `cash_fee`, which is less when a coupon was used.)
    pub fn total_fee(&self) -> Fen {
        self.total_fee
    }

    /// Whether it was paid in CNY, which a missing `fee_type` means.
    pub fn is_cny(&self) -> bool {
        self.fee_type.as_deref().is_none_or(|currency| currency == "CNY")
    }

    /// When WeChat says it was paid, if that is a time at all. It decides nothing.
    pub fn time_end(&self) -> Option<Timestamp> {
        self.time_end
    }

    /// Whether WeChat said with it that at least a part was given back since. It is a payment all the same.
    pub fn is_refunded(&self) -> bool {
        self.is_refunded
    }

    /// By which way it became known.
    pub fn source(&self) -> Source {
        self.source
    }

    /// The message itself.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }
}

/// At most 32 characters: longer ones never come from WeChat.
pub(in crate::channel) fn out_trade_no(fields: &Fields) -> Result<OrderId, &'static str> {
    let number = fields.get("out_trade_no").filter(|number| number.len() <= 32);
    number.and_then(|number| number.parse().ok()).ok_or("out_trade_no")
}

/// 28 digits today; all that matters is that the column holds it as it is, and that it is one value: a `&` would
/// mean that a field beside it was drawn into it, which the signature does not tell.
fn is_transaction_id(text: &str) -> bool {
    text.len() <= 45 && text.bytes().all(|b| b.is_ascii_graphic() && b != b'&')
}

/// What `orderquery` says of an order that WeChat knows.
#[derive(Debug, Clone)]
pub struct Trade {
    /// WeChat's verdict.
    pub state: TradeState,
    /// WeChat's words for it.
    pub description: String,
    /// The proof, when it was paid.
    pub paid: Option<ProvenPayment>,
    /// The answer as received.
    pub evidence: Evidence,
}
