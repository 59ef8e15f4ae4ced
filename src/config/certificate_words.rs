//! What is said of client certificates, in both languages side by side.

use crate::channel::wechat::v2::{DECRYPTED, FROM_PKCS12, InvalidClientCertificate, PairPart};
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

fn name(part: PairPart) -> &'static str {
    match part {
        PairPart::Certificate => "证书",
        PairPart::Key => "私钥",
    }
}
