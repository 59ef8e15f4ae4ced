//! Of WeChat's hosts, its clock, and the merchant's credentials.

use std::fmt::Display;
use std::time::Duration;

use crate::doctor::line::{Addresses, Broken, Heard, ms};
use crate::language::Language::{Chinese, English};
use crate::language::{Text, pair, text};

use super::{Trouble, trouble};

/// Where the API key is set.
const PLACE: &str = "商户平台 → 账户中心 → API安全";

/// An exchange that came to nothing.
pub fn broken(broken: &Broken) -> Trouble {
    match broken {
        Broken::Name(why) => trouble(
            text(format!("its name is not resolved ({})", why.read(English)), format!("域名解析失败（{}）", why.read(Chinese))),
            pair("check the name, and DNS on this machine (/etc/resolv.conf)", "检查域名，以及本机的 DNS（/etc/resolv.conf）"),
        ),
        Broken::Tcp(why) => trouble(
            text(format!("no TCP connection ({})", why.read(English)), format!("TCP 连不上（{}）", why.read(Chinese))),
            pair("let connections out of this machine (firewall, security group, route)", "放行本机的出站连接（防火墙、安全组、路由）"),
        ),
        Broken::Tls(why) => trouble(
            text(format!("no TLS ({})", why.read(English)), format!("TLS 握手失败（{}）", why.read(Chinese))),
            pair(
                "check the certificate and its chain, install ca-certificates, and look for something that intercepts TLS",
                "检查证书和证书链，安装 ca-certificates，看看是否有设备拦截 TLS",
            ),
        ),
        Broken::Http(why) => trouble(
            text(format!("no HTTP answer ({})", why.read(English)), format!("没有 HTTP 应答（{}）", why.read(Chinese))),
            pair("look for a proxy on the way, or try again", "检查途中的代理，或稍后再试"),
        ),
        Broken::Proxy(proxy) => trouble(
            text(format!("no way through the proxy {proxy}"), format!("无法通过代理 {proxy}")),
            pair(
                "check wechat.proxy: its host, port, user and password, and that it lets this service through to WeChat",
                "检查 wechat.proxy 的主机、端口、用户和密码，以及它是否允许本服务访问微信",
            ),
        ),
    }
}

/// The same, of a host.
pub fn broken_at(host: &str, it: &Broken) -> Trouble {
    let Trouble { found, advice } = broken(it);
    trouble(text(format!("{host}: {}", found.read(English)), format!("{host}：{}", found.read(Chinese))), advice)
}

pub fn no_address() -> Text {
    pair("no address", "没有地址")
}

pub fn nothing_for(time: Duration) -> Text {
    text(format!("nothing for {} s", time.as_secs()), format!("{} 秒没有回应", time.as_secs()))
}

pub fn phases(host: &str, phases: &Text) -> Text {
    text(format!("{host}: {}", phases.read(English)), format!("{host}：{}", phases.read(Chinese)))
}

/// The time of each phase of an exchange.
pub fn all_phases(addresses: &Addresses, tcp: Duration, heard: &Heard) -> Text {
    let (v4, v6) = addresses.count();
    let resolved = format!("DNS {} ({v4} IPv4, {v6} IPv6), TCP {}", ms(addresses.took), ms(tcp));
    let tls = heard.tls.map_or_else(|| pair("no TLS", "无 TLS"), |took| Text::untranslated(format!("TLS {}", ms(took))));
    let http = format!("HTTP {}", ms(heard.http));
    text(format!("{resolved}, {}, {http}", tls.read(English)), format!("{resolved}, {}, {http}", tls.read(Chinese)))
}

/// The same through a proxy, which hides the other phases.
pub fn through_proxy(proxy: &impl Display, http: Duration) -> Text {
    text(format!("through the proxy {proxy}, HTTP {}", ms(http)), format!("经代理 {proxy}, HTTP {}", ms(http)))
}

pub fn http_status(host: &str, status: u16, phases: &Text) -> Trouble {
    trouble(
        text(
            format!("{host} answered with HTTP status {status}: {}", phases.read(English)),
            format!("{host} 的应答是 HTTP {status}：{}", phases.read(Chinese)),
        ),
        pair(
            "look for a proxy on the way; check wechat.base_url and wechat.backup_base_url",
            "检查途中的代理，以及 wechat.base_url、wechat.backup_base_url",
        ),
    )
}

pub fn slow_connecting(took: Duration, limit: Duration) -> Trouble {
    trouble(
        text(
            format!("connecting took {}: the service gives up after {}", ms(took), ms(limit)),
            format!("建立连接用了 {}：服务超过 {} 就放弃", ms(took), ms(limit)),
        ),
        pair("look for the slow phase: DNS, the route, or TLS", "看慢在哪一步：DNS、路由还是 TLS"),
    )
}

pub fn family_broken(family: &str, it: &Broken) -> Trouble {
    let found = broken(it).found;
    trouble(
        text(
            format!("over {family} there is {}, and each new connection may try it first", found.read(English)),
            format!("{family}：{}，而每个新连接都可能先试它", found.read(Chinese)),
        ),
        text(
            format!("give this machine {family}, or take its addresses out of DNS here"),
            format!("给本机配好 {family}，或让本机的 DNS 不返回 {family} 地址"),
        ),
    )
}

pub fn no_time() -> Trouble {
    trouble(
        pair("WeChat has not told the time", "微信的应答没有带时间"),
        pair("compare this machine's clock with another one's", "把本机时钟与其他机器对一下"),
    )
}

pub fn clock(seconds: i64) -> Trouble {
    trouble(
        match seconds {
            0 => pair("agrees with WeChat's", "与微信一致"),
            1.. => text(format!("{seconds} s ahead of WeChat's"), format!("比微信快 {seconds} 秒")),
            _ => text(format!("{} s behind WeChat's", -seconds), format!("比微信慢 {} 秒", -seconds)),
        },
        pair(
            "run an NTP client (chrony, systemd-timesyncd): links expire by WeChat's clock",
            "运行 NTP 客户端（chrony 或 systemd-timesyncd）：二维码按微信的时钟过期",
        ),
    )
}

pub fn untried() -> Trouble {
    trouble(pair("could not be tried", "无法验证"), pair("mend the way to WeChat first", "先解决到微信的网络问题"))
}

pub fn untried_because(error: &impl Display) -> Trouble {
    trouble(text(format!("could not be tried: {error}"), format!("无法验证：{error}")), pair("try again in a minute", "过一分钟再试"))
}

pub fn right(sign_type: &str) -> Text {
    text(
        format!("appid, mch_id and API key are right: WeChat has signed its answer with the same key ({sign_type})"),
        format!("appid、商户号和 API 密钥都正确：微信的应答用同一密钥签名（{sign_type}）"),
    )
}

pub fn impossible_order() -> Trouble {
    trouble(
        pair("WeChat knows an order that cannot exist", "微信认识一个不可能存在的订单"),
        pair("check wechat.base_url: this is no WeChat", "检查 wechat.base_url：那里不是微信"),
    )
}

pub fn wrong_signature() -> Trouble {
    trouble(
        pair(
            "WeChat has taken our signature, and what it answers is not signed with our key",
            "微信接受了我们的签名，但它的应答不是用我们的密钥签名的",
        ),
        pair(
            "check wechat.base_url, wechat.sign_type, and what else is on the way",
            "检查 wechat.base_url、wechat.sign_type，以及途中是否有人代答",
        ),
    )
}

pub fn foreign(field: &str) -> Trouble {
    trouble(
        text(format!("WeChat answers about another {field}"), format!("微信应答里的 {field} 不是我们的")),
        text(format!("check wechat.{field}"), format!("检查 wechat.{field}")),
    )
}

pub fn no_message() -> Trouble {
    trouble(
        pair("the answer is no message of WeChat's", "应答不是微信的报文"),
        pair("check wechat.base_url; look for a proxy that answers in WeChat's place", "检查 wechat.base_url，看看是否有代理替微信作答"),
    )
}

/// What WeChat refuses, with its own words.
fn refused(found: &str, chinese: &str, refusal: &impl Display, advice: Text) -> Trouble {
    trouble(text(format!("{found} (WeChat: {refusal})"), format!("{chinese}（微信：{refusal}）")), advice)
}

pub fn wrong_key(refusal: &impl Display) -> Trouble {
    let advice = text(
        format!("copy the API key (v2, 32 characters) again from {PLACE}; it is not the APIv3 key. Check wechat.sign_type, too"),
        format!("到{PLACE}重新复制 API 密钥（v2，32 个字符，不是 APIv3 密钥），并检查 wechat.sign_type"),
    );
    refused("the API key is wrong", "API 密钥不对", refusal, advice)
}

pub fn not_bound(refusal: &impl Display) -> Trouble {
    let advice = pair(
        "bind the appid to the merchant number: 商户平台 → 产品中心 → AppID账号管理",
        "把 appid 与商户号绑定：商户平台 → 产品中心 → AppID账号管理",
    );
    refused("appid and mch_id do not belong together", "appid 与商户号不匹配", refusal, advice)
}

pub fn not_allowed(refusal: &impl Display) -> Trouble {
    let advice = pair("apply for Native支付: 商户平台 → 产品中心", "开通 Native 支付：商户平台 → 产品中心");
    refused("the merchant may not use this API", "商户没有这个接口的权限", refusal, advice)
}

pub fn wrong_merchant(refusal: &impl Display) -> Trouble {
    let advice = text(format!("check wechat.mch_id in {PLACE}"), "检查 wechat.mch_id，以商户平台 → 账户中心显示的为准");
    refused("the merchant number is wrong", "商户号不对", refusal, advice)
}

pub fn wrong_appid(refusal: &impl Display) -> Trouble {
    let advice = pair("check wechat.appid: wx and 16 characters", "检查 wechat.appid：wx 加 16 个字符");
    refused("the appid is wrong", "appid 不对", refusal, advice)
}

pub fn refused_otherwise(refusal: &impl Display) -> Trouble {
    let advice = pair("look these words up in WeChat's documents", "按这段文字查微信的文档");
    refused("WeChat refuses the question", "微信拒绝了这次查询", refusal, advice)
}
