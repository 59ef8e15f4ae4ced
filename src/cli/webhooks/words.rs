//! What `wechat-pay webhooks` says, in both languages side by side.

use std::time::Duration;

use crate::deal::{EndpointName, EventId};
use crate::gateway::Resent;
use crate::language::Language::{Chinese, English};
use crate::language::{Text, pair, text};
use crate::webhook::{Answer, Endpoint};

/// The columns of the list.
pub static HEADINGS: [Text; 7] = [
    pair("Endpoint", "名称"),
    pair("Host", "主机"),
    pair("State", "状态"),
    pair("Waiting", "待发送"),
    pair("Waiting since", "最早等待时间"),
    pair("Given up", "已放弃"),
    pair("Last failure", "最近一次失败"),
];

pub fn well() -> Text {
    pair("ok", "正常")
}

pub fn failing() -> Text {
    pair("failing", "有失败")
}

pub fn paused() -> Text {
    pair("paused", "已暂停")
}

pub fn none() -> Text {
    pair("no endpoint is configured: webhooks.<name>", "没有配置 webhook：webhooks.<name>")
}

pub fn unknown(name: &EndpointName, known: &[&str]) -> Text {
    text(
        format!("there is no endpoint {name}; configured are: {}", known.join(", ")),
        format!("没有名为 {name} 的 webhook；已配置的有：{}", known.join("、")),
    )
}

pub fn no_message() -> Text {
    pair("no message could be made", "无法生成消息")
}

/// What an endpoint says to a test.
pub fn answered(endpoint: &Endpoint, id: &EventId, answer: &Answer, took: Duration) -> Text {
    let (name, host, ms) = (&endpoint.name, endpoint.url.host_str().unwrap_or_default(), took.as_millis());
    let words = |words: &str| if words.is_empty() { String::new() } else { format!(": {words}") };
    let outcome = match answer {
        Answer::Taken(status) => text(format!("taken (HTTP {status})"), format!("已接收（HTTP {status}）")),
        Answer::Gone(said) => {
            text(format!("it wants no events any more (HTTP 410{})", words(said)), format!("对方不再接收事件（HTTP 410{}）", words(said)))
        }
        Answer::Refused { status, words: said, .. } => {
            text(format!("refused (HTTP {status}{})", words(said)), format!("被拒绝（HTTP {status}{}）", words(said)))
        }
        Answer::Unanswered(why) => text(format!("not answered: {why}"), format!("没有应答：{}", why.text().read(Chinese))),
    };
    text(
        format!("An event of type test ({id}) went to {name} at {host}: {} after {ms} ms.", outcome.read(English)),
        format!("已向 {name}（{host}）发送类型为 test 的事件（{id}）：{}，用时 {ms} 毫秒。", outcome.read(Chinese)),
    )
}

pub fn no_such_event(event: &EventId) -> Text {
    text(
        format!("there is no event {event}, or it is no longer kept (events.keep)"),
        format!("没有事件 {event}，或已过保留期（events.keep）"),
    )
}

pub fn resent(name: &EndpointName, Resent { wanted, due }: Resent) -> Text {
    let waiting = wanted.saturating_sub(due);
    text(
        format!("Events that go to {name} once more: {due}; that wait for their first try anyway: {waiting}."),
        format!("{due} 个事件将重新发给 {name}；另有 {waiting} 个本来就在等待首次发送。"),
    )
}

pub fn is_paused(name: &EndpointName) -> Text {
    text(
        format!("The endpoint is paused, since it has said 410: `wechat-pay webhooks resume {name}` lets it be delivered to."),
        format!("该 webhook 返回过 410，已暂停：用 `wechat-pay webhooks resume {name}` 恢复发送。"),
    )
}

pub fn resumed(name: &EndpointName, was_paused: bool, waiting: i64) -> Text {
    match was_paused {
        true => text(
            format!("{name} is delivered to again; events that wait: {waiting}."),
            format!("已恢复向 {name} 发送；有 {waiting} 个事件在等待。"),
        ),
        false => text(format!("{name} was not paused."), format!("{name} 没有暂停。")),
    }
}
