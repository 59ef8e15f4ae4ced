//! What is said of client certificates, in both languages side by side.

use crate::channel::wechat::v2::{DECRYPTED, FROM_PKCS12, InvalidClientCertificate, PairPart};
use crate::deal::{BeijingTime, Timestamp};
use crate::language::{Text, text};

use super::account::{CLIENT_CERT, CLIENT_KEY};

/// Of a certificate that cannot be used: by which key it is told of, and what is wrong with it.
pub fn invalid(section: &str, why: InvalidClientCertificate) -> (String, Text) {
    use InvalidClientCertificate::{Absent, Broken, Encrypted, Mismatch, NotPem, Pkcs12, Swapped};
    let key = match why {
        Pkcs12(PairPart::Certificate) | NotPem(PairPart::Certificate) | Absent(PairPart::Certificate) | Broken(PairPart::Certificate) => {
            format!("{section}.{CLIENT_CERT}")
        }
        Swapped => format!("{section}.{CLIENT_CERT}, {section}.{CLIENT_KEY}"),
        _ => format!("{section}.{CLIENT_KEY}"),
    };
    let chinese = match why {
        Pkcs12(_) => format!("这是 .p12 文件；用它生成 PEM 文件：{FROM_PKCS12}（密码是商户号）"),
        NotPem(_) => "不是 PEM 文本（应以 -----BEGIN 开头）".to_owned(),
        Absent(part) => format!("里面没有{}", name(part)),
        Broken(part) => format!("里面的{}无法读取", name(part)),
        Swapped => "证书和私钥写反了".to_owned(),
        Encrypted => format!("私钥设了密码；去掉密码：{DECRYPTED}"),
        Mismatch => "私钥与证书不配对".to_owned(),
    };
    (key, text(why.to_string(), chinese))
}

/// Of one half without the other.
pub fn half(given: &str) -> Text {
    text(
        format!("is missing: {CLIENT_CERT} and {CLIENT_KEY} belong together, and {given} is given"),
        format!("没有填写：{CLIENT_CERT} 和 {CLIENT_KEY} 要一起填写，而只填了 {given}"),
    )
}

/// Of one that is good no more.
pub fn expired(section: &str, until: Timestamp) -> Text {
    let until = BeijingTime::from(until);
    text(
        format!("{section}.{CLIENT_CERT} was good until {until}: WeChat takes no refund with it"),
        format!("{section}.{CLIENT_CERT} 已于 {until} 过期：微信不会再接受用它发起的退款"),
    )
}

/// Of an account's, in an overview.
pub fn certificate(account: &str, subject: &str, until: Timestamp) -> Text {
    let until = BeijingTime::from(until);
    text(
        format!("Refunds through the account {account} are made with the client certificate of {subject}, which is good until {until}."),
        format!("账户 {account} 用签发给 {subject} 的 API 证书退款，有效期到 {until}。"),
    )
}

/// Of the accounts that have none.
pub fn no_certificate(accounts: &[&str]) -> Text {
    text(
        format!(
            "Refunds through {} answer 501, for there is no client certificate ({CLIENT_CERT}, {CLIENT_KEY}); everything else works.",
            accounts.join(", ")
        ),
        format!("账户 {} 没有 API 证书（{CLIENT_CERT}、{CLIENT_KEY}），退款会返回 501，其他功能不受影响。", accounts.join("、")),
    )
}

/// Of the accounts that have none, where payments are to go back by themselves.
pub fn nothing_automatic(accounts: &[&str]) -> Text {
    text(
        format!("refund.automatic is set, and nothing goes back by itself through {}: there is no client certificate", accounts.join(", ")),
        format!("设置了 refund.automatic，但账户 {} 没有 API 证书，不会自动退款", accounts.join("、")),
    )
}

fn name(part: PairPart) -> &'static str {
    match part {
        PairPart::Certificate => "证书",
        PairPart::Key => "私钥",
    }
}
