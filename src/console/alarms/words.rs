//! What is said of alarms beside their sentences.

use crate::deal::{Alarm, AlarmKind};
use crate::language::Language::{Chinese, English};
use crate::language::{Text, pair, text};
use crate::told::resolution_words;

pub const TITLE: Text = pair("Alarms", "告警");

/// An alarm in a few words.
pub fn title(kind: Option<AlarmKind>) -> Text {
    match kind {
        Some(AlarmKind::Money) => pair("Money that does not fit", "款项对不上"),
        Some(AlarmKind::PaidLate) => pair("Paid after it had expired", "过期之后付款"),
        Some(AlarmKind::Refunded) => pair("Given back, and not by this service", "不是由本服务发起的退款"),
        Some(AlarmKind::RefundMismatch) => pair("A refund that does not fit", "退款对不上"),
        Some(AlarmKind::RefundAbnormal) => pair("The payer's bank refused a refund", "付款方银行拒收退款"),
        Some(AlarmKind::RefundNotEnough) => pair("Not enough money for a refund", "余额不足，退款等待中"),
        Some(AlarmKind::RefundCertificate) => pair("WeChat does not take the certificate", "微信支付不接受证书"),
        Some(AlarmKind::RefundNotAllowed) => pair("The account may not give money back", "账户没有退款权限"),
        Some(AlarmKind::RefundOverdue) => pair("A refund is not decided", "退款迟迟没有结果"),
        Some(AlarmKind::LeftOpen) => pair("An order was left open", "订单未能关闭"),
        Some(AlarmKind::WebhookGivenUp) => pair("An event was given up", "事件已放弃推送"),
        None => pair("An alarm of a later version", "更高版本的告警"),
    }
}

/// What became of it, in a word, with the class of its look.
pub fn state(alarm: &Alarm) -> (&'static str, Text) {
    match (&alarm.answered, &alarm.resolved) {
        (Some(_), _) => ("over", pair("answered", "已处理")),
        (None, Some(_)) => ("over", pair("over", "已消除")),
        (None, None) => ("open", pair("open", "未处理")),
    }
}

/// What has resolved it.
pub fn resolved(alarm: &Alarm) -> Option<Text> {
    let resolved = alarm.resolved?;
    Some(resolved.by.map_or_else(|| pair("a later version says so", "由更高版本判定"), resolution_words))
}

/// Why it cannot be answered any more.
pub fn not_open(alarm: &Alarm) -> Text {
    match (&alarm.answered, resolved(alarm)) {
        (Some(answer), _) => text(
            format!("The alarm was answered by {} before. Your note was not kept.", answer.by),
            format!("该告警已由 {} 处理，您的说明没有保存。", answer.by),
        ),
        (None, Some(by)) => text(
            format!("The alarm is over: {}. Your note was not kept.", by.read(English)),
            format!("该告警已消除：{}。您的说明没有保存。", by.read(Chinese)),
        ),
        // It cannot become open again.
        (None, None) => pair("The alarm could not be answered. Please try again.", "未能处理该告警，请重试。"),
    }
}
