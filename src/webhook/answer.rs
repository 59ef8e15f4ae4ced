//! What an endpoint says to a message.

use std::fmt;

use chrono::TimeDelta;

use crate::language::{Language, Text, pair};

/// What an endpoint says to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 2xx: it has it.
    Taken(u16),
    /// 410: it wants nothing any more.
    Gone(String),
    /// Any other status.
    Refused {
        /// Which.
        status: u16,
        /// The first KiB of what it says.
        words: String,
        /// How long it wants to be left alone.
        retry_after: Option<TimeDelta>,
    },
    /// None came. It may have the message all the same.
    Unanswered(Unanswered),
}

/// Why no answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unanswered {
    /// The address that its name leads to is none that events may go to.
    Forbidden,
    /// Its name leads nowhere.
    Unresolved,
    /// Nothing takes a connection there.
    Unreachable,
    /// TLS failed.
    Tls,
    /// No answer within 15 s.
    TooSlow,
    /// The connection broke, or what came is no HTTP.
    Broken,
}

impl Unanswered {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Forbidden, Self::Unresolved, Self::Unreachable, Self::Tls, Self::TooSlow, Self::Broken];

    /// The word for metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::Unresolved => "unresolved",
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::TooSlow => "too_slow",
            Self::Broken => "broken",
        }
    }

    /// For operators.
    pub fn text(self) -> Text {
        match self {
            Self::Forbidden => pair(
                "its address is private or this service's own (allow_private)",
                "解析出的地址是内网地址，或是本服务自己的监听地址（allow_private）",
            ),
            Self::Unresolved => pair("its name cannot be resolved", "域名解析失败"),
            Self::Unreachable => pair("nothing answers at its address", "连接不上"),
            Self::Tls => pair("TLS failed", "TLS 握手失败"),
            Self::TooSlow => pair("no answer within 15 s", "15 秒内没有应答"),
            Self::Broken => pair("the connection broke", "连接中断"),
        }
    }

    /// Why no answer came, of what was stored of a try; of words that are no reason of these, those words.
    pub fn told(stored: &str) -> Text {
        let known = Self::ALL.into_iter().map(Self::text).find(|known| known.read(Language::English) == stored);
        known.unwrap_or_else(|| Text::untranslated(stored.to_owned()))
    }
}

/// As it is stored, and as programs are told: in English.
impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().read(Language::English))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_is_told_in_either_language() {
        for why in Unanswered::ALL {
            let told = Unanswered::told(&why.to_string());
            assert_eq!(told, why.text());
            assert!(told.read(Language::Chinese).contains(|c| matches!(c, '\u{4e00}'..='\u{9fff}')), "{why}");
        }
        assert_eq!(Unanswered::told("its data is no JSON").read(Language::Chinese), "its data is no JSON");
    }
}
