//! Of the client certificate, with which WeChat takes refunds.

use crate::channel::CertificateFault;
use crate::deal::{BeijingTime, Timestamp};
use crate::language::{Text, pair, text};

use super::{Trouble, trouble};

/// What there is to do about one that is not right.
fn anew() -> Text {
    pair(
        "make a new one at 商户平台 → 账户中心 → API安全 (the super administrator can), and put its files in place of wechat.client_cert and \
         wechat.client_key: they are read without a restart (given as systemd credentials: restart)",
        "由超级管理员在商户平台 → 账户中心 → API安全 申请新证书，替换 wechat.client_cert、wechat.client_key 的文件，不用重启（以 systemd \
         凭据提供的，要重启）",
    )
}

pub fn none() -> Text {
    pair("none is configured: refunds answer 501, and everything else works", "没有配置：退款返回 501，其他功能不受影响")
}

pub fn good(subject: &str, until: Timestamp) -> Text {
    let until = BeijingTime::from(until);
    text(
        format!("the pair fits, was issued to {subject}, and is good until {until}"),
        format!("证书与私钥配对，签发给 {subject}，有效期到 {until}"),
    )
}

pub fn expired(until: Timestamp) -> Trouble {
    let until = BeijingTime::from(until);
    trouble(text(format!("it was good until {until}"), format!("已于 {until} 过期")), anew())
}

pub fn expires_soon(until: Timestamp, days: i64) -> Trouble {
    let until = BeijingTime::from(until);
    trouble(text(format!("it is good until {until}: {days} days"), format!("有效期到 {until}，还有 {days} 天")), anew())
}

pub fn of_another(subject: &str, mch_id: &str) -> Trouble {
    trouble(
        text(
            format!("it was issued to {subject}, which does not name the merchant number {mch_id}"),
            format!("它签发给 {subject}，里面没有商户号 {mch_id}"),
        ),
        pair("check that wechat.client_cert is this merchant number's", "检查 wechat.client_cert 是不是这个商户号的证书"),
    )
}

pub fn taken(host: &str) -> Text {
    text(format!("{host} takes it below /secapi"), format!("{host} 的 /secapi 接口接受它"))
}

pub fn refused(fault: CertificateFault) -> Trouble {
    match fault {
        CertificateFault::Missing => trouble(
            pair("WeChat was shown no certificate", "微信没有收到证书"),
            pair(
                "look for a proxy on the way that ends TLS: it must pass the connection on",
                "检查途中是否有终止 TLS 的代理：它必须透传连接",
            ),
        ),
        CertificateFault::Rejected => trouble(
            pair("WeChat does not take it: it is expired, or not of its making", "微信不接受它：已过期，或不是微信认可的证书"),
            anew(),
        ),
        CertificateFault::Foreign => trouble(
            pair("WeChat says that it is another merchant number's", "微信说它属于别的商户号"),
            pair(
                "take the pair of wechat.mch_id: apiclient_cert.pem and apiclient_key.pem",
                "换成 wechat.mch_id 的 apiclient_cert.pem、apiclient_key.pem",
            ),
        ),
        CertificateFault::Revoked => trouble(pair("it was revoked or replaced", "它已被吊销或更换"), anew()),
    }
}

pub fn not_allowed() -> Trouble {
    trouble(
        pair("WeChat does not allow this merchant to refund, or not from this address", "微信不允许该商户退款，或不允许从本机地址退款"),
        pair(
            "allow this address at 商户平台 → 账户中心 → API安全 → IP白名单, or apply for the product at 商户平台 → 产品中心",
            "在商户平台 → 账户中心 → API安全 → IP白名单 加上本机地址，或在商户平台 → 产品中心 开通权限",
        ),
    )
}

pub fn key_is_wrong() -> Trouble {
    trouble(
        pair("WeChat takes our signature for none, so the certificate is not proved", "微信不认我们的签名，无法确认证书"),
        pair("mend the API key first", "先改正 API 密钥"),
    )
}

pub fn http_status(status: u16) -> Trouble {
    trouble(
        text(format!("could not be tried: HTTP status {status}"), format!("无法验证：HTTP 状态 {status}")),
        pair("look for a proxy on the way, or try again in a minute", "检查途中的代理，或过一分钟再试"),
    )
}
