//! Of the configuration and the credentials in it.

use std::net::SocketAddr;

use crate::config::{ConfigError, Renumbered};
use crate::language::Language::{Chinese, English};
use crate::language::{Text, pair, text};

use super::{Trouble, trouble};

pub fn unreadable(error: &ConfigError) -> Trouble {
    let advice =
        pair("see config/default.toml; nothing else can be looked at before", "对照 config/default.toml 改正；改好之前其他项目无法检查");
    trouble(error.told(), advice)
}

pub fn warning(warning: &Text) -> Trouble {
    let advice =
        pair("take it out of this service's configuration, or set the key that was meant", "从本服务的配置里去掉它，或改成想设的那一项");
    trouble(warning.clone(), advice)
}

pub fn simulator(listen: SocketAddr) -> Text {
    text(
        format!("none are configured: the simulator, on {listen}, is WeChat and no money moves"),
        format!("没有配置：由模拟器（{listen}）代替微信，不会有真实收付款"),
    )
}

/// What was found, when there are several accounts.
pub fn of_account(account: &str, found: &Text) -> Text {
    text(format!("account {account}: {}", found.read(English)), format!("账户 {account}：{}", found.read(Chinese)))
}

/// Advice, which names keys of `[wechat]`, about the account of another section.
pub fn in_section(section: &str, advice: &Text) -> Text {
    let there = |language| advice.read(language).replace("wechat.", &format!("{section}."));
    text(there(English), there(Chinese))
}

pub fn no_simulator(error: &ConfigError) -> Trouble {
    trouble(error.told(), pair("the service does not start until then", "改好之前服务不会启动"))
}

pub fn renumbered(accounts: &[Renumbered]) -> Trouble {
    let told = |Renumbered { account, then, now, .. }: &Renumbered| match now {
        Some(now) => text(
            format!("deals of the account {account} were opened for {then}, and it has {now}"),
            format!("账户 {account} 的订单是用 {then} 下的，而它现在是 {now}"),
        ),
        None => text(
            format!("deals of the account {account} were opened for {then}, and there is no such account"),
            format!("账户 {account} 的订单是用 {then} 下的，而现在没有这个账户"),
        ),
    };
    let told: Vec<_> = accounts.iter().map(told).collect();
    let all = |language, between: &str| told.iter().map(|one| one.read(language)).collect::<Vec<_>>().join(between);
    trouble(
        text(all(English, "; "), all(Chinese, "；")),
        pair(
            "check the account's numbers and database.url: neither what WeChat tells of those deals nor its answers are believed; other numbers \
             take an account of another name",
            "检查该账户的商户号、appid 和 database.url：这些订单的通知和查单应答都不会被采信；换用别的商户号要另起一个账户名",
        ),
    )
}
