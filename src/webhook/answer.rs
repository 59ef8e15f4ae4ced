//! What an endpoint says to a message.

use std::fmt;

use chrono::TimeDelta;

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
}

/// For operators.
impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forbidden => "its address is private or this service's own (allow_private)",
            Self::Unresolved => "its name cannot be resolved",
            Self::Unreachable => "nothing answers at its address",
            Self::Tls => "TLS failed",
            Self::TooSlow => "no answer within 15 s",
            Self::Broken => "the connection broke",
        })
    }
}
