//! Proof types: what a channel tells about an order, once its message has been verified. Their constructors are the channel
//! room's alone, so a value of one of these types is itself the evidence that a verifier was passed.

use std::sync::Arc;

use crate::deal::{AccountId, Fen, OrderId, RefundId, RefundState, Ticket, Timestamp};

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
        // What has been read as a message is UTF-8, and that is seen quickly.
        Self(std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes).into(), Arc::from))
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

/// Signed proof that an order of ours was paid. Only a channel's reply gate and its notification reader make one, after they
/// have verified the signature and whose order it is; so what is in one may be believed.
#[derive(Debug, Clone)]
pub struct ProvenPayment {
    pub(in crate::channel) account: AccountId,
    pub(in crate::channel) order_id: OrderId,
    pub(in crate::channel) transaction_id: String,
    pub(in crate::channel) total_fee: Fen,
    pub(in crate::channel) is_cny: bool,
    pub(in crate::channel) time_end: Option<Timestamp>,
    pub(in crate::channel) is_refunded: bool,
    pub(in crate::channel) source: Source,
    pub(in crate::channel) evidence: Evidence,
}

impl ProvenPayment {
    /// Whose key vouches for it. It settles deals of this account only.
    pub fn account(&self) -> &AccountId {
        &self.account
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

    /// Whether it was paid in CNY.
    pub fn is_cny(&self) -> bool {
        self.is_cny
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

/// Signed proof that the channel knows a refund, and how it stands there. Only a channel's reply gate makes one: a refund's
/// notification is not signed and proves nothing.
#[derive(Debug, Clone)]
pub struct ProvenRefund {
    pub(in crate::channel) account: AccountId,
    pub(in crate::channel) order_id: OrderId,
    pub(in crate::channel) transaction_id: String,
    pub(in crate::channel) total_fee: Fen,
    pub(in crate::channel) refund_id: RefundId,
    pub(in crate::channel) wechat_refund_id: String,
    pub(in crate::channel) fee: Fen,
    pub(in crate::channel) state: RefundState,
    pub(in crate::channel) receiver: Option<String>,
    pub(in crate::channel) refunded_at: Option<Timestamp>,
    pub(in crate::channel) evidence: Evidence,
}

impl ProvenRefund {
    /// Whose key vouches for it. It decides refunds of this account only.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// Of which order.
    pub fn order_id(&self) -> &OrderId {
        &self.order_id
    }

    /// WeChat's number of the payment that goes back.
    pub fn transaction_id(&self) -> &str {
        &self.transaction_id
    }

    /// What that payment was.
    pub fn total_fee(&self) -> Fen {
        self.total_fee
    }

    /// The merchant's number for the refund, or the merchant platform's.
    pub fn refund_id(&self) -> &RefundId {
        &self.refund_id
    }

    /// WeChat's number for it.
    pub fn wechat_refund_id(&self) -> &str {
        &self.wechat_refund_id
    }

    /// What was asked to go back. (Not `cash_refund_fee` or `settlement_refund_fee`, which are less when a coupon was used.)
    pub fn fee(&self) -> Fen {
        self.fee
    }

    /// How it stands: anything but [`RefundState::Failed`], which is no word of the channel's. A request that was accepted stands
    /// as [`RefundState::Processing`].
    pub fn state(&self) -> RefundState {
        self.state
    }

    /// Where the money went, as WeChat names it (支付用户零钱).
    pub fn receiver(&self) -> Option<&str> {
        self.receiver.as_deref()
    }

    /// When the payer had it, if WeChat says a time. It decides nothing.
    pub fn refunded_at(&self) -> Option<Timestamp> {
        self.refunded_at
    }

    /// The message itself.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }
}

/// What a query says of an order that the channel knows.
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

/// An order that the channel has opened, on its signed word: evidence of the open order, never of a payment.
#[derive(Debug, Clone)]
pub struct OpenedOrder {
    /// What a payer needs to pay it: whatever text the channel has signed, since WeChat promises none.
    pub ticket: Ticket,
    /// The answer as received.
    pub evidence: Evidence,
}
