//! Error codes of a refund, with WeChat's texts as far as they were captured.

use serde::{Deserialize, Serialize};

/// Why WeChat accepts no refund. The names in `/_sim/faults` are WeChat's codes, but where one code has several texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[error("{}: {}", self.told().0, self.told().1)]
pub enum RefundRefusal {
    /// Two calls about one order met.
    BizerrNeedRetry,
    /// The limit that all merchants share.
    FrequencyLimited,
    /// Less than a minute after the order's last refund.
    TooSoon,
    /// Too many requests that were refused.
    InvalidReqTooMuch,
    /// The merchant's balance is too low.
    Notenough,
    /// The payment is still in processing.
    OrderNotReady,
    /// The order has another total than the request says.
    RefundFeeMismatch,
    /// The number is that of a refund of another amount.
    OtherRefundFee,
    /// More than is left of the order.
    RefundFeeInvalid,
    /// Nothing is left of the order.
    FullyRefunded,
    /// Fifty refunds of one order are enough.
    TooMany,
    /// Older than a year.
    TradeOverdue,
    /// The payer's account is closed.
    UserAccountAbnormal,
    /// The order is not paid.
    TradeStateError,
    /// No order of this `out_trade_no`.
    Ordernotexist,
    /// No order of this `transaction_id`.
    InvalidTransactionid,
    /// Another request under a number that was used.
    InvalidRequest,
    /// The caller's address is not on the merchant's list.
    Noauth,
    /// The certificate was revoked.
    CertError,
}

impl RefundRefusal {
    /// `err_code` and `err_code_des`.
    pub fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::BizerrNeedRetry => ("BIZERR_NEED_RETRY", "并发情况下，业务被拒绝，请重试"),
            Self::FrequencyLimited => ("FREQUENCY_LIMITED", "频率限制，1个月之前的订单请降低申请频率再重试"),
            Self::TooSoon => ("FREQUENCY_LIMITED", "单笔订单请求频率过高，请于1分钟后重试."),
            Self::InvalidReqTooMuch => ("INVALID_REQ_TOO_MUCH", "无效请求过多"),
            Self::Notenough => ("NOTENOUGH", "基本账户余额不足，请充值后重新发起"),
            Self::OrderNotReady => ("ORDER_NOT_READY", "订单处理中，暂时无法退款，请稍后再试"),
            Self::RefundFeeMismatch => ("REFUND_FEE_MISMATCH", "订单金额或退款金额不一致"),
            Self::OtherRefundFee => ("REFUND_FEE_MISMATCH", "同一个out_refund_no退款金额要一致"),
            Self::RefundFeeInvalid => ("REFUND_FEE_INVALID", "累计退款金额大于支付金额"),
            Self::FullyRefunded => ("ERROR", "订单已全额退款"),
            Self::TooMany => ("INVALID_REQUEST", "部分退款次数超过限制"),
            Self::TradeOverdue => ("TRADE_OVERDUE", "订单已经超过退款期限"),
            Self::UserAccountAbnormal => ("USER_ACCOUNT_ABNORMAL", "用户账户异常或已注销，不能原路退回，请使用其他方式进行退款"),
            Self::TradeStateError => ("TRADE_STATE_ERROR", "订单状态错误"),
            Self::Ordernotexist => ("ORDERNOTEXIST", "订单不存在"),
            Self::InvalidTransactionid => ("INVALID_TRANSACTIONID", "订单不存在"),
            Self::InvalidRequest => ("INVALID_REQUEST", "参数错误"),
            Self::Noauth => ("NOAUTH", "没有接口权限"),
            Self::CertError => ("CERT_ERROR", "证书校验错误"),
        }
    }
}
