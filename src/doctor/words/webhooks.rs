//! Of the merchant's endpoints.

use std::fmt::Display;

use crate::deal::{BeijingTime, Timestamp};
use crate::language::{Language, Text, pair, text};
use crate::store::EndpointStanding;
use crate::webhook::Unanswered;

use super::{Trouble, trouble};

pub fn no_client(error: &impl Display) -> Trouble {
    trouble(Text::untranslated(error.to_string()), pair("install ca-certificates", "安装 ca-certificates"))
}

pub fn reached(name: &str, host: &str, has_tls: bool) -> Text {
    let (tls, tls_zh) = if has_tls { ("with TLS", "TLS 正常") } else { ("without TLS", "未加密") };
    text(format!("{name}: {host} is reached, {tls}"), format!("{name}：{host} 可以连接，{tls_zh}"))
}

/// Why events would not arrive.
pub fn unreached(name: &str, host: &str, why: Unanswered) -> Trouble {
    let advice = match why {
        Unanswered::Forbidden => text(
            format!("check the name in DNS; if that address is meant, set webhooks.{name}.allow_private = true"),
            format!("检查这个域名的解析；确实要发到那里，请设置 webhooks.{name}.allow_private = true"),
        ),
        Unanswered::Unresolved => text(
            format!("check webhooks.{name}.url, and DNS on this machine (/etc/resolv.conf)"),
            format!("检查 webhooks.{name}.url，以及本机的 DNS（/etc/resolv.conf）"),
        ),
        Unanswered::Unreachable | Unanswered::TooSlow => pair(
            "start the program that listens there, and let connections out of this machine (firewall, security group, route)",
            "启动那里的程序，并放行本机的出站连接（防火墙、安全组、路由）",
        ),
        Unanswered::Tls => pair(
            "check the endpoint's certificate and its chain; install ca-certificates here",
            "检查对方的证书和证书链；在本机安装 ca-certificates",
        ),
        Unanswered::Broken => pair("look for a proxy on the way, or try again", "检查途中的代理，或稍后再试"),
    };
    let why = why.text();
    trouble(
        text(format!("{name}: {host}: {}", why.read(Language::English)), format!("{name}：{host}：{}", why.read(Language::Chinese))),
        advice,
    )
}

pub fn well(name: &str, waiting: i64) -> Text {
    text(format!("{name}: events that wait: {waiting}, and none has failed"), format!("{name}：{waiting} 个事件待发送，没有失败的"))
}

pub fn paused(name: &str, since: Timestamp) -> Trouble {
    let since = BeijingTime::from(since);
    trouble(
        text(format!("{name}: it has said 410 and is paused since {since}"), format!("{name}：返回过 410，从 {since} 起暂停")),
        text(
            format!("`wechat-pay webhooks resume {name}`, or take it out of the configuration"),
            format!("用 `wechat-pay webhooks resume {name}` 恢复，或从配置里去掉它"),
        ),
    )
}

pub fn failing(name: &str, standing: &EndpointStanding) -> Trouble {
    let (failing, waiting) = (standing.failing, standing.waiting);
    let last = standing.last_failure.as_ref();
    let (last, last_zh) = match last.map(|last| (BeijingTime::from(last.at), last.status)) {
        Some((at, Some(status))) => (format!(", the last with HTTP {status} at {at}"), format!("，最近一次 {at}，HTTP {status}")),
        Some((at, None)) => (format!(", the last without an answer at {at}"), format!("，最近一次 {at}，没有应答")),
        None => Default::default(),
    };
    trouble(
        text(
            format!("{name}: events that wait: {waiting}, of which have failed: {failing}{last}"),
            format!("{name}：{waiting} 个待发送的事件中有 {failing} 个失败过{last_zh}"),
        ),
        text(
            format!("`wechat-pay webhooks test {name}` shows what it answers; they are tried again by themselves"),
            format!("用 `wechat-pay webhooks test {name}` 查看对方的应答；事件会自动重试"),
        ),
    )
}

pub fn waiting(name: &str, waiting: i64, since: Timestamp) -> Trouble {
    let since = BeijingTime::from(since);
    trouble(
        text(
            format!("{name}: events that wait: {waiting}, the first since {since}"),
            format!("{name}：{waiting} 个事件待发送，最早的从 {since} 起"),
        ),
        pair("is the service running?", "服务是否在运行？"),
    )
}

pub fn given_up(name: &str, given_up: i64) -> Trouble {
    trouble(
        text(format!("{name}: events that were given up: {given_up}"), format!("{name}：放弃了 {given_up} 个事件")),
        text(
            format!("mend the endpoint, then `wechat-pay webhooks resend {name} --since …`"),
            format!("先解决对方的问题，再用 `wechat-pay webhooks resend {name} --since …` 重发"),
        ),
    )
}
