//! What is said of endpoints and their configuration, in both languages side by side.

use std::collections::BTreeSet;

use crate::deal::{EndpointName, EventType};
use crate::language::{Text, pair, text};
use crate::webhook::Wanted;

pub fn name() -> Text {
    pair(
        "an endpoint's name has 1 to 32 characters of a-z 0-9 _ - and begins with a letter",
        "名称应为 1 到 32 个字符，只能是 a-z、0-9、_ 和 -，以字母开头",
    )
}

pub fn no_url() -> Text {
    pair(
        "is wanted: where events are posted, such as https://shop.example.com/events",
        "必须填写：事件发往哪里，如 https://shop.example.com/events",
    )
}

pub fn url() -> Text {
    pair("a whole URL such as https://shop.example.com/events", "应为完整的 URL，如 https://shop.example.com/events")
}

pub fn user() -> Text {
    pair("without user and password: the signature tells who posts", "不能带用户和密码：签名就能证明是谁发的")
}

pub fn fragment() -> Text {
    pair("without a fragment: what follows # is never sent", "不能带 #：# 之后的内容不会发出")
}

pub fn no_https() -> Text {
    pair(
        "https is wanted: http is for localhost and loopback addresses, written as such, since events name customers' orders",
        "必须是 https：事件里有订单信息，http 只用于写明 localhost 或本机地址的情况",
    )
}

pub fn private() -> Text {
    pair(
        "this is a private address; if events are to go there, set allow_private = true",
        "这是内网地址；确实要发到那里，请设置 allow_private = true",
    )
}

pub fn own_listener(key: &str) -> Text {
    text(
        format!("this is where this service itself listens ({key}); if events are to go there, set allow_private = true"),
        format!("这是本服务自己的监听地址（{key}）；确实要发到那里，请设置 allow_private = true"),
    )
}

pub fn no_secret() -> Text {
    pair(
        "is wanted, to sign events by: `echo whsec_$(openssl rand -base64 32)` draws one",
        "必须填写，用来给事件签名：用 `echo whsec_$(openssl rand -base64 32)` 生成",
    )
}

pub fn secret() -> Text {
    pair(
        "whsec_ and the Base64 of 24 to 64 random bytes: `echo whsec_$(openssl rand -base64 32)` draws one",
        "应为 whsec_ 加 24 到 64 个随机字节的 Base64：用 `echo whsec_$(openssl rand -base64 32)` 生成",
    )
}

pub fn same_secret() -> Text {
    pair("is the same as secret: leave it empty", "与 secret 相同：请留空")
}

pub fn events() -> Text {
    text(
        format!("types of events, separated by commas: {}; empty for all", words(EventType::ALL, ", ")),
        format!("应为事件类型，逗号分隔：{}；空表示全部", words(EventType::ALL, "、")),
    )
}

fn words(types: impl IntoIterator<Item = EventType>, between: &str) -> String {
    types.into_iter().map(EventType::as_str).collect::<Vec<_>>().join(between)
}

/// Of two endpoints at one address.
pub fn same_url(name: &EndpointName, other: &EndpointName) -> Text {
    text(
        format!("webhooks.{name} has the url of webhooks.{other}: what both want is posted there twice"),
        format!("webhooks.{name} 与 webhooks.{other} 的 url 相同：两者都要的事件会发两次"),
    )
}

/// What an endpoint is told.
pub fn told(name: &EndpointName, host: &str, wanted: &Wanted) -> Text {
    let (types, types_zh) = types(&wanted.types);
    let (limit, limit_zh) = if wanted.reach.is_everything() { ("", "") } else { (" of some deals", "部分订单的") };
    text(format!("The endpoint {name} ({host}) is told {types}{limit}."), format!("webhook {name}（{host}）会收到{limit_zh}{types_zh}。"))
}

/// Of an endpoint whose secret is being changed.
pub fn previous_secret(name: &EndpointName) -> Text {
    text(
        format!("Events for the endpoint {name} are signed with the previous secret too: take it out when the endpoint knows the new one."),
        format!("发给 webhook {name} 的事件也用旧密钥签名：对方换成新密钥后，请去掉旧的。"),
    )
}

fn types(types: &BTreeSet<EventType>) -> (String, String) {
    match types.len() == EventType::ALL.len() {
        true => ("of all events".to_owned(), "全部事件".to_owned()),
        false => {
            let types = types.iter().copied();
            (format!("of {}", words(types.clone(), ", ")), format!("事件：{}", words(types, "、")))
        }
    }
}
