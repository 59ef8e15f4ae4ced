//! What is said of a wrong configuration, in both languages side by side.

use crate::auth::InvalidList;
use crate::channel::wechat::v2::InvalidApiKey;
use crate::language::Language::{Chinese, English};
use crate::language::{Text, pair, text};
use crate::store::InvalidDatabaseUrl;

use super::account::WECHAT;
use super::certificate_words;
use super::error::ConfigError;

impl ConfigError {
    /// The sentence for an operator.
    pub fn told(&self) -> Text {
        match self {
            Self::Unreadable(Some(key)) => text(
                format!("the configuration cannot be read: {key} has a value that cannot be taken"),
                format!("无法读取配置：{key} 的值不能用"),
            ),
            Self::Unreadable(None) => pair("the configuration cannot be read: a value cannot be taken", "无法读取配置：有的值不能用"),
            Self::Unknown { key, place, similar } => unknown(key, place.as_deref(), similar.as_deref()),
            Self::Type { key, place, expected } => {
                let (place, place_zh) = standing(place.as_deref());
                text(format!("{key}{place} must be {}", expected.read(English)), format!("{key}{place_zh}：应为{}", expected.read(Chinese)))
            }
            Self::NotUtf8(name) => text(format!("the variable {name} is not UTF-8"), format!("环境变量 {name} 不是 UTF-8")),
            Self::TwoVariables(one, other) => text(
                format!("the variables {one} and {other} are of one key, for capitals do not count: only one of the two may be set"),
                format!("环境变量 {one} 和 {other} 是同一个配置项（不分大小写）：只能设置一个"),
            ),
            Self::Profile => {
                pair("WECHAT_PAY__PROFILE is a name of letters, digits, - and _", "WECHAT_PAY__PROFILE 应为由字母、数字、- 和 _ 组成的名称")
            }
            Self::ProfileFile { file, why } => {
                text(format!("{file}, which WECHAT_PAY__PROFILE names: {why}"), format!("WECHAT_PAY__PROFILE 指定的 {file}：{why}"))
            }
            Self::Credentials { section, missing } => credentials(section, missing),
            Self::Simulator(signs) => text(
                format!(
                    "no WeChat credentials are configured, so the simulator, whose key is published, would be WeChat; but {}. Set \
                     wechat.appid, wechat.mch_id and wechat.api_key; or, for a database of tests, simulator.accept_database = true",
                    joined(signs, English, ", and ")
                ),
                format!(
                    "没有配置商户凭证，会由模拟器（密钥是公开的）代替微信；但是{}。请填写 wechat.appid、wechat.mch_id、wechat.api_key；如果是测试用的数据库，\
                     设置 simulator.accept_database = true",
                    joined(signs, Chinese, "，并且")
                ),
            ),
            Self::Value { key, why } => of_key(key, why),
            Self::Duration { key, shown, range } => {
                let (no, no_zh) = match shown {
                    Some(shown) => (format!("{shown:?} is no duration; "), format!("{shown:?} 不是时长；")),
                    None => Default::default(),
                };
                text(
                    format!("{key}: {no}a duration such as \"2h\" or \"90s\", or plain seconds; {}", range.read(English)),
                    format!("{key}：{no_zh}应为时长，如 \"2h\"、\"90s\"，或秒数；{}", range.read(Chinese)),
                )
            }
            Self::ApiKey { key, why } => of_key(key, &api_key(*why)),
            Self::HalfCertificate { section, given, missing } => of_key(&format!("{section}.{missing}"), &certificate_words::half(given)),
            Self::Certificate { section, why } => {
                let (key, why) = certificate_words::invalid(section, *why);
                of_key(&key, &why)
            }
            Self::Proxy { key, why } => {
                of_key(key, &text(why.to_string(), "应为 http://、https:// 或 socks5://，需要时带用户和密码，加上主机和端口，不能有别的"))
            }
            Self::SecretFile { key, why } => {
                text(format!("the file of {key}: {}", why.read(English)), format!("{key} 的文件：{}", why.read(Chinese)))
            }
            Self::SecretPlaces { key, places } => text(
                format!(
                    "{key} is given {}: in one place only, for one of them would silently be the wrong one",
                    joined(places, English, " as well as ")
                ),
                format!("{key} 写在了多处（{}）：只能写一处，否则其中一个会悄悄地不起作用", joined(places, Chinese, "，")),
            ),
            Self::List { key, why } => of_key(key, &list(why)),
            Self::Database(why) => of_key("database.url", &database(why)),
        }
    }
}

fn of_key(key: &str, why: &Text) -> Text {
    text(format!("{key}: {}", why.read(English)), format!("{key}：{}", why.read(Chinese)))
}

fn joined(texts: &[Text], language: crate::language::Language, between: &str) -> String {
    texts.iter().map(|text| text.read(language)).collect::<Vec<_>>().join(between)
}

/// Where a key stands, if that is a file.
fn standing(place: Option<&str>) -> (String, String) {
    place.map(|file| (format!(" in {file}"), format!("（{file}）"))).unwrap_or_default()
}

fn unknown(key: &str, place: Option<&str>, similar: Option<&str>) -> Text {
    let (place, place_zh) = standing(place);
    let (meant, meant_zh) = match similar {
        Some(known) => (format!("; did you mean {known}?"), format!("；是不是想写 {known}？")),
        None => Default::default(),
    };
    text(format!("{key}{place}: there is no such key{meant}"), format!("{key}{place_zh}：没有这个配置项{meant_zh}"))
}

fn credentials(section: &str, missing: &[&str]) -> Text {
    let missing: Vec<_> = missing.iter().map(|key| format!("{section}.{key}")).collect();
    let (these, these_zh) = (missing.join(" and "), missing.join("、"));
    let are = if missing.len() == 1 { "is" } else { "are" };
    let together = format!("{section}.appid, {section}.mch_id and {section}.api_key belong together");
    let together_zh = format!("{section}.appid、{section}.mch_id、{section}.api_key");
    match section {
        WECHAT => text(
            format!("{these} {are} missing: {together} (leave out all three for the simulator)"),
            format!("缺少 {these_zh}：{together_zh} 要么都填，要么都不填（不填则使用模拟器）"),
        ),
        _ => text(format!("{these} {are} missing: {together}"), format!("缺少 {these_zh}：{together_zh} 必须都填")),
    }
}

fn api_key(why: InvalidApiKey) -> Text {
    let chinese = match why {
        InvalidApiKey::Length => "API 密钥应为 32 个字符",
        InvalidApiKey::Characters => "API 密钥只能是字母和数字，不能有空格",
        InvalidApiKey::Placeholder => "API 密钥是占位的",
    };
    text(why.to_string(), chinese)
}

fn list(why: &InvalidList) -> Text {
    let chinese = match why {
        InvalidList::Entry => "应为 名称:值，逗号分隔，名称最多 32 个字母、数字、-、_ 和 .".to_owned(),
        InvalidList::Section => "auth.keys 的段名应为 1 到 32 个字符，只能是 a-z、0-9、_ 和 -，以字母开头".to_owned(),
        InvalidList::Repeated(name) => format!("名称 {name} 重复"),
        InvalidList::SameKey(one, other) => format!("{one} 和 {other} 是同一个密钥：每个名称要有自己的密钥"),
        InvalidList::Hash => "值应为密钥的 SHA-256（64 位十六进制）：`wechat-pay new-key` 会生成密钥并打印它的条目".to_owned(),
        InvalidList::Secret => "密钥至少 32 个可见 ASCII 字符，不能全都相同：用 `openssl rand -hex 32` 生成".to_owned(),
    };
    text(why.to_string(), chinese)
}

fn database(why: &InvalidDatabaseUrl) -> Text {
    let chinese = match why {
        InvalidDatabaseUrl::Scheme => "数据库 URL 应以 sqlite:// 或 mysql:// 开头",
        InvalidDatabaseUrl::Malformed => "数据库 URL 格式不对；用户和密码里的 / @ : # ? % 要写成 %2F %40 %3A %23 %3F %25",
        InvalidDatabaseUrl::NoDatabase => "MySQL 的 URL 没有写库名：mysql://user:pass@host:3306/db",
        InvalidDatabaseUrl::InMemory => "SQLite 数据库要用文件，不能用内存",
    };
    text(why.to_string(), chinese)
}
