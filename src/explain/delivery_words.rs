//! What a story says of the events that the merchant's endpoints are told, in both languages side by side.

use crate::deal::{EventDelivery, Timestamp};
use crate::language::{Language, Text, text};
use crate::webhook::Unanswered;

use super::words::show;

/// How an event stands that goes to one endpoint.
pub fn standing(delivery: &EventDelivery, now: Timestamp) -> Text {
    let EventDelivery { endpoint, event_id, event_type, tries, .. } = delivery;
    let (event, event_zh) = (format!("{event_type} ({event_id})"), format!("{event_type}（{event_id}）"));
    let (why, why_zh) = outcome(delivery);
    let at = |time: Option<Timestamp>| time.map(show).unwrap_or_default();
    if let Some(time) = delivery.delivered_at {
        return text(
            format!("  The endpoint {endpoint} took {event} {}, tries: {tries}.", show(time)),
            format!("  回调地址 {endpoint} 已于 {} 收到 {event_zh}，发送次数：{tries}。", show(time)),
        );
    }
    if let Some(time) = delivery.given_up_at {
        return text(
            format!(
                "  ALARM: the endpoint {endpoint} did not take {event}{why}, tries: {tries}; it was given up {}. Mend the endpoint, then \
                 `wechat-pay webhooks resend {endpoint} --event {event_id}`.",
                show(time)
            ),
            format!(
                "  告警：回调地址 {endpoint} 没有接收 {event_zh}{why_zh}，发送次数：{tries}；已于 {} 停止重试。请修复后运行 \
                 `wechat-pay webhooks resend {endpoint} --event {event_id}`。",
                show(time)
            ),
        );
    }
    let due = show(delivery.due_at.unwrap_or(now).max(now));
    if let (0, Some(tried)) = (*tries, delivery.tried_at.map(show)) {
        return text(
            format!("  {event} is sent to the endpoint {endpoint} once more {due}; the last try before that was {tried}{why}."),
            format!("  {event_zh} 将于 {due} 再次发送到回调地址 {endpoint}；此前最后一次发送：{tried}{why_zh}。"),
        );
    }
    if *tries == 0 {
        return text(
            format!("  {event} is sent to the endpoint {endpoint} {due}."),
            format!("  {event_zh} 将于 {due} 发送到回调地址 {endpoint}。"),
        );
    }
    let tried = at(delivery.tried_at);
    text(
        format!("  The endpoint {endpoint} has not taken {event} yet, tries: {tries}, the last {tried}{why}. It is sent again {due}."),
        format!("  回调地址 {endpoint} 还没有接收 {event_zh}，发送次数：{tries}，上次 {tried}{why_zh}。下次发送：{due}。"),
    )
}

/// What came of the last try. An endpoint's own words stay where only the merchant's back end asks for them.
fn outcome(delivery: &EventDelivery) -> (String, String) {
    match (delivery.status, &delivery.answer) {
        (Some(status), _) => (format!(" (HTTP {status})"), format!("（HTTP {status}）")),
        (None, Some(why)) => (format!(" ({why})"), format!("（{}）", Unanswered::told(why).read(Language::Chinese))),
        (None, None) => Default::default(),
    }
}
