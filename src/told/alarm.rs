//! An alarm, as it is told.

use serde::Serialize;
use utoipa::ToSchema;

use crate::deal::{AlarmKind, OrderId, Resolution};
use crate::language::{Text, pair};

/// An alarm: an operator, or the merchant, must look.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToldAlarm {
    /// What it is about, for programs.
    kind: &'static str,
    /// About which order; there need be none of this number.
    order_id: Option<String>,
    /// What it is about, in Chinese, for people.
    sentence: String,
}

impl ToldAlarm {
    /// Of this kind, about this order.
    pub fn new(kind: AlarmKind, order_id: Option<&OrderId>) -> Self {
        let sentence = sentence(kind).read(crate::language::Language::Chinese).to_owned();
        Self { kind: kind.as_str(), order_id: order_id.map(ToString::to_string), sentence }
    }
}

/// What an alarm is about, and what to do.
pub fn sentence(kind: AlarmKind) -> Text {
    match kind {
        AlarmKind::Money => pair(
            "WeChat has signed a payment that does not fit the order; nothing was changed: look who paid what, and give it back",
            "微信支付签名确认了一笔与订单不符的付款，订单未作更改：请核对并退款",
        ),
        AlarmKind::PaidLate => pair(
            "the order was paid after it had expired; it counts as paid: deliver, or give the money back",
            "订单过期后又收到付款，已记为已支付：请发货或退款",
        ),
        AlarmKind::Refunded => pair(
            "money of this order was given back, and not by this service: hold it against your books",
            "该订单发生了不是由本服务发起的退款：请核对账目",
        ),
        AlarmKind::RefundMismatch => pair(
            "WeChat has signed a refund that does not fit the stored one; nothing was changed: compare them in 商户平台",
            "微信支付签名确认的退款与本地记录不符，未作更改：请到商户平台核对",
        ),
        AlarmKind::RefundAbnormal => pair(
            "the payer's bank refused a refund, and the money is yours again: pay it out by hand in 商户平台",
            "付款方银行拒收退款，款项已退回商户：请到商户平台手工处理",
        ),
        AlarmKind::RefundNotEnough => pair(
            "the account has not the money for a refund, which waits: top it up in 商户平台",
            "账户余额不足，退款等待中：请到商户平台充值",
        ),
        AlarmKind::RefundCertificate => pair(
            "WeChat does not take the client certificate, so refunds wait: put a valid one in place",
            "微信支付不接受客户端证书，退款等待中：请更换有效证书",
        ),
        AlarmKind::RefundNotAllowed => pair(
            "WeChat does not let this account give money back, so refunds wait: look at its rights in 商户平台",
            "微信支付不允许该账户退款，退款等待中：请到商户平台检查权限",
        ),
        AlarmKind::RefundOverdue => {
            pair("WeChat has not decided a refund for a week: ask WeChat's support", "微信支付一周内未给出退款结果：请联系微信支付客服")
        }
        AlarmKind::LeftOpen => pair(
            "the order has expired, and could not be closed at WeChat: if it is paid all the same, that is told as paid late",
            "订单已过期，但未能在微信支付关闭：若之后仍有付款，会按过期后付款通知",
        ),
        AlarmKind::WebhookGivenUp => pair(
            "an endpoint did not take an event of this order, however often it was tried: mend it, and send the event again",
            "回调地址多次未能接收该订单的事件，已停止重试：请修复后重新发送",
        ),
    }
}

/// What has resolved an alarm.
pub fn resolution_words(resolution: Resolution) -> Text {
    match resolution {
        Resolution::RefundAccepted => pair("WeChat has accepted the refund", "微信支付已受理退款"),
        Resolution::RefundSucceeded => pair("the payer has the money", "退款已到账"),
        Resolution::RefundDecided => pair("the refund was decided; how, its order says", "退款已有结果，详见该订单"),
        Resolution::GivenBack => pair("all of the payment was given back", "付款已全额退回"),
        Resolution::OrderPaid => pair("the order was paid", "订单已支付"),
        Resolution::Delivered => pair("the endpoint has the event now", "回调地址已收到该事件"),
    }
}
