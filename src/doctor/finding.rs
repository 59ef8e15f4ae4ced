//! A health check's result: what was looked at, how it was found, and what to do about it, in both languages.

use std::fmt::{self, Write};

use crate::language::{Language, Text, padded, pair};

/// How something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and could hurt.
    Warn,
    /// It must be mended.
    Fail,
}

/// The same in either language, for scripts look for it.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
        })
    }
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// The configuration.
    Configuration,
    /// Permissions of files.
    Files,
    /// The database and its server.
    Database,
    /// Its schema.
    Schema,
    /// The rows in it.
    Rows,
    /// The merchant numbers of its deals.
    Merchant,
    /// The addresses to listen on.
    Port,
    /// WeChat's first host.
    PrimaryHost,
    /// WeChat's second host.
    BackupHost,
    /// This machine's clock.
    Clock,
    /// The merchant's credentials.
    Credentials,
    /// The client certificate for refunds.
    Certificate,
    /// The login of payers inside WeChat.
    Login,
    /// The URL that WeChat notifies.
    NotifyUrl,
    /// The headers in which a proxy tells its caller's address.
    ProxyHeaders,
    /// The merchant's endpoints.
    Webhooks,
}

impl Check {
    /// What the check is called.
    pub fn name(self) -> Text {
        match self {
            Self::Configuration => pair("configuration", "配置"),
            Self::Files => pair("files", "文件权限"),
            Self::Database => pair("database", "数据库"),
            Self::Schema => pair("schema", "表结构"),
            Self::Rows => pair("rows", "订单数据"),
            Self::Merchant => pair("merchant", "商户号"),
            Self::Port => pair("port", "端口"),
            Self::PrimaryHost => pair("primary host", "微信主域名"),
            Self::BackupHost => pair("backup host", "微信备用域名"),
            Self::Clock => pair("clock", "时钟"),
            Self::Credentials => pair("credentials", "商户凭证"),
            Self::Certificate => pair("certificate", "API证书"),
            Self::Login => pair("login", "网页授权"),
            Self::NotifyUrl => pair("notify URL", "通知地址"),
            Self::ProxyHeaders => pair("proxy headers", "代理请求头"),
            Self::Webhooks => pair("webhooks", "webhook"),
        }
    }
}

/// What is not as it should be, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What was found.
    pub found: Text,
    /// What to do about it.
    pub advice: Text,
}

/// What one check has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it was found.
    pub verdict: Verdict,
    /// What was looked at.
    pub check: Check,
    /// What was found.
    pub found: Text,
    /// What to do about it, unless it is as it should be.
    pub advice: Option<Text>,
}

impl Finding {
    pub(super) fn ok(check: Check, found: Text) -> Self {
        Self { verdict: Verdict::Ok, check, found, advice: None }
    }

    pub(super) fn warn(check: Check, Trouble { found, advice }: Trouble) -> Self {
        Self { verdict: Verdict::Warn, check, found, advice: Some(advice) }
    }

    pub(super) fn fail(check: Check, trouble: Trouble) -> Self {
        Self { verdict: Verdict::Fail, ..Self::warn(check, trouble) }
    }
}

/// The column in which findings begin is as wide as the longest name of a check.
const NAMES: usize = 14;

/// One line a finding; with colours for a terminal.
pub fn tell(findings: &[Finding], language: Language, colours: bool) -> String {
    let mut text = String::new();
    for Finding { verdict, check, found, advice } in findings {
        let (on, off) = match (colours, verdict) {
            (false, _) => ("", ""),
            (true, Verdict::Ok) => ("\x1b[32m", "\x1b[0m"),
            (true, Verdict::Warn) => ("\x1b[33m", "\x1b[0m"),
            (true, Verdict::Fail) => ("\x1b[1;31m", "\x1b[0m"),
        };
        let check = padded(check.name().read(language), NAMES);
        let _ = write!(text, "{on}{verdict:<4}{off}  {check}  {}", found.read(language));
        if let Some(advice) = advice {
            let _ = write!(text, "  → {}", advice.read(language));
        }
        text.push('\n');
    }
    text
}
