//! Of the notify URL, and of what a proxy tells about its callers.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::doctor::line::{Broken, ms};
use crate::language::Language::{Chinese, English};
use crate::language::{Text, pair, text};

use super::hosts::broken_at;
use super::{Trouble, trouble};

pub fn no_url(error: &impl Display) -> Trouble {
    trouble(text(format!("is no URL: {error}"), format!("不是 URL：{error}")), pair("check wechat.notify_url", "检查 wechat.notify_url"))
}

pub fn no_name(host: &str, broken: &Broken) -> Trouble {
    let advice = pair("give the name a public address in DNS", "在 DNS 里给这个域名配上公网地址");
    Trouble { advice, ..broken_at(host, broken) }
}

pub fn foreign_path(path: &str) -> Trouble {
    trouble(
        text(format!("its path is {path}, which is not this service's"), format!("路径是 {path}，不是本服务的路径")),
        pair(
            "have the proxy turn it into /wxPay/notify, or change wechat.notify_url",
            "让代理把它转成 /wxPay/notify，或修改 wechat.notify_url",
        ),
    )
}

pub fn closed(host: &str, broken: &Broken) -> Trouble {
    let advice = pair(
        "open the port to the world; if only this machine cannot reach it (NAT), fetch from another one",
        "对公网开放这个端口；如果只是本机访问不到（NAT），请在别的机器上检查",
    );
    Trouble { advice, ..broken_at(host, broken) }
}

/// What answers at the URL does not know our key.
pub fn strangers(status: u16, here: SocketAddr) -> Trouble {
    let advice = match status {
        300..=399 => pair("answer at this very URL: WeChat follows no redirect", "直接在这个地址应答：微信不跟随跳转"),
        401 | 403 => pair("take logins and filters off this path: WeChat brings no password", "这个路径不要设登录和过滤：微信不会带密码"),
        _ => text(
            format!("point the proxy's location at {here}; if it is there already, compare API keys, and clocks (5 min)"),
            format!("让代理的 location 指向 {here}；如果已经是，核对两边的 API 密钥和时钟（相差不能超过 5 分钟）"),
        ),
    };
    let found =
        text(format!("HTTP status {status} comes from something that is not this service"), format!("应答 HTTP {status} 的不是本服务"));
    trouble(found, advice)
}

pub fn body_changed() -> Trouble {
    trouble(
        pair("the body arrives changed", "请求体在途中被改动"),
        pair("turn off whatever rewrites requests on the way: no signature survives it", "关掉途中改写请求的功能：改过之后签名都会失效"),
    )
}

pub fn slow(took: Duration) -> Trouble {
    trouble(
        text(format!("answered after {}", ms(took)), format!("{} 后才应答", ms(took))),
        pair("WeChat waits for 5 s: look for the slow part of the way", "微信只等 5 秒：看途中慢在哪里"),
    )
}

pub fn arrived(instance: &str, took: Duration) -> Text {
    text(
        format!("instance {instance} answered after {}, the body untouched", ms(took)),
        format!("实例 {instance} 在 {} 后应答，请求体完好", ms(took)),
    )
}

pub fn other_instance(arrived: &Text, here: &str) -> Trouble {
    trouble(
        text(
            format!("{}; here runs instance {here}", arrived.read(English)),
            format!("{}；本机运行的是实例 {here}", arrived.read(Chinese)),
        ),
        pair(
            "fine if both work on one database; otherwise the proxy leads to another installation",
            "两个实例共用一个数据库就没问题；否则说明代理指到了另一套服务",
        ),
    )
}

/// What to do where callers' addresses are not told rightly.
fn tell_addresses(header: &str) -> Text {
    let (set, set_zh) = match header {
        "x-forwarded-for" => {
            ("X-Forwarded-For to $proxy_add_x_forwarded_for".to_owned(), "X-Forwarded-For 设为 $proxy_add_x_forwarded_for".to_owned())
        }
        other => (format!("{other} to $remote_addr"), format!("{other} 设为 $remote_addr")),
    };
    text(
        format!("have the proxy set {set}, and name its network (and no others) in server.trusted_proxies"),
        format!("让代理把 {set_zh}，并把代理的网段（且只有它）写进 server.trusted_proxies"),
    )
}

pub fn any_address(header: &str) -> Trouble {
    trouble(pair("callers can claim any address", "调用方可以冒充任何地址"), tell_addresses(header))
}

pub fn address_seen(seen: IpAddr, forgery_tried: bool) -> Text {
    match forgery_tried {
        true => text(
            format!("the service sees {seen}, and a forged one is not believed"),
            format!("服务看到的地址是 {seen}，伪造的地址不被采信"),
        ),
        false => text(
            format!("the service sees {seen}, asked from a trusted address, so forging was not tried"),
            format!("服务看到的地址是 {seen}；本机地址在信任名单里，没有试伪造"),
        ),
    }
}

pub fn address_wrong(seen: IpAddr, is_proxy: bool, header: &str) -> Trouble {
    let found = match is_proxy {
        true => {
            text(format!("the service sees {seen}, that of a trusted proxy"), format!("服务看到的地址是 {seen}，那是受信任代理自己的地址"))
        }
        false => {
            text(format!("the service sees {seen}, no caller's from outside"), format!("服务看到的地址是 {seen}，不是外部调用方的地址"))
        }
    };
    trouble(found, tell_addresses(header))
}

pub fn local_name(host: &str) -> Trouble {
    trouble(
        text(format!("WeChat cannot reach {host}"), format!("微信访问不到 {host}")),
        pair("put the public name of this service into wechat.notify_url", "把 wechat.notify_url 改为本服务的公网域名"),
    )
}

pub fn private_address(host: &str, address: IpAddr) -> Trouble {
    trouble(
        text(format!("{host} is {address}, which WeChat cannot reach"), format!("{host} 解析为 {address}，微信访问不到")),
        pair(
            "the world's DNS must have a public address for it; that this machine's has another is fine",
            "公网 DNS 里必须有它的公网地址；本机解析出另一个地址没有关系",
        ),
    )
}

pub fn no_ipv4(host: &str) -> Trouble {
    trouble(
        text(format!("{host} has no IPv4 address"), format!("{host} 没有 IPv4 地址")),
        pair("give it one: WeChat comes over IPv4", "给它配一个：微信通过 IPv4 访问"),
    )
}

pub fn public(host: &str, v4: usize, v6: usize) -> Text {
    text(
        format!("{host}: https, no query, {v4} IPv4 and {v6} IPv6 addresses, all public"),
        format!("{host}：https，不带参数，{v4} 个 IPv4 地址、{v6} 个 IPv6 地址，都是公网地址"),
    )
}
