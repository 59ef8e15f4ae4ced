//! OAuth 2.0 authorization codes: each is good once, for five minutes, and for the appid that it was given to (PROTOCOL.md, 15.2).

use std::collections::BTreeMap;
use std::fmt;

use chrono::TimeDelta;

use crate::deal::Timestamp;

use super::payers::Payer;

/// How long a code can be exchanged.
const LIFE: TimeDelta = TimeDelta::minutes(5);
/// How long it is remembered, to be known as used.
const MEMORY: TimeDelta = TimeDelta::hours(1);

/// The codes that were given out lately.
#[derive(Default)]
pub(super) struct CodeBook(BTreeMap<String, Code>);

struct Code {
    appid: String,
    payer: Payer,
    given_at: Timestamp,
    is_used: bool,
}

/// Shows no code.
impl fmt::Debug for CodeBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} codes", self.0.len())
    }
}

/// `errcode` and `errmsg`.
pub(super) type LoginError = (i32, &'static str);

impl CodeBook {
    /// Gives a code to a payer in an appid.
    pub fn give(&mut self, code: String, appid: &str, payer: Payer, now: Timestamp) {
        self.0.retain(|_, known| now < known.given_at + MEMORY);
        self.0.insert(code, Code { appid: appid.to_owned(), payer, given_at: now, is_used: false });
    }

    /// The payer to whom a code was given; it is spent by that.
    pub fn spend(&mut self, code: &str, appid: &str, now: Timestamp) -> Result<Payer, LoginError> {
        let code = self.0.get_mut(code).filter(|code| code.appid == appid).ok_or((40029, "invalid code"))?;
        if code.is_used {
            return Err((40163, "code been used"));
        }
        if now >= code.given_at + LIFE {
            return Err((40029, "invalid code"));
        }
        code.is_used = true;
        Ok(code.payer)
    }
}
