//! TOTP (RFC 6238): a code of six digits that an app on the user's phone shows, anew every thirty seconds.

use std::fmt;
use std::str::FromStr;

use totp_rs::{Builder, Secret, Totp as Code};

use crate::chance::Chance;
use crate::deal::Timestamp;

/// Bytes of a new secret.
const BYTES: usize = 20;

/// The secret that a user's app has as well.
#[derive(Clone, PartialEq, Eq)]
pub struct Totp(Code);

/// The text is no secret of an app's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Base32 of at least 16 random bytes: `wechat-pay console-user NAME --totp` draws one")]
pub struct InvalidTotp;

impl Totp {
    /// A new secret, and what it is written as.
    pub fn draw(chance: &Chance) -> String {
        let bytes = [chance.draw().to_be_bytes(), chance.draw().to_be_bytes()].concat();
        Secret::from(bytes[..BYTES].to_vec()).to_base32()
    }

    /// Of which step of time this code is, if it is one of now, or of half a minute before or after. Each step is to be taken once.
    pub fn step_of(&self, code: &str, now: Timestamp) -> Option<i64> {
        let step = self.0.check(code.trim(), u64::try_from(now.timestamp()).ok()?)?;
        i64::try_from(step).ok()
    }

    /// The code of a time.
    pub fn code_at(&self, at: Timestamp) -> String {
        self.0.generate(u64::try_from(at.timestamp()).unwrap_or_default()).to_string()
    }

    /// What an app reads the secret from, as a link or as a QR code.
    pub fn link(secret: &str, user: &str) -> String {
        format!("otpauth://totp/wechat-pay:{user}?secret={secret}&issuer=wechat-pay")
    }
}

impl FromStr for Totp {
    type Err = InvalidTotp;

    fn from_str(text: &str) -> Result<Self, InvalidTotp> {
        let plain = text.to_ascii_uppercase();
        let secret = Secret::try_from_base32(plain.trim_end_matches('=')).map_err(|_| InvalidTotp)?;
        // Sixteen bytes and more, as the RFC wants it.
        Builder::new().with_secret(secret).with_skew(1).build().map(Self).map_err(|_| InvalidTotp)
    }
}

/// Never shown.
impl fmt::Debug for Totp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Totp")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn the_codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B, for SHA-1: the last six of its eight digits.
        let totp: Totp = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".parse().unwrap();
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")] {
            assert_eq!(totp.code_at(at(seconds)), code);
            assert_eq!(totp.step_of(code, at(seconds)), Some(seconds / 30));
            assert_eq!(totp.step_of(code, at(seconds + 30)), Some(seconds / 30), "a slow phone");
            assert_eq!(totp.step_of(code, at(seconds + 61)), None);
        }
        assert!(["", "28708", "2870822", "28708a", "²87082"].into_iter().all(|code| totp.step_of(code, at(59)).is_none()));
    }

    #[test]
    fn a_secret_is_read_as_it_is_drawn_and_a_short_one_is_none() {
        let drawn = Totp::draw(&Chance::seeded(3));
        assert_eq!(drawn.len(), 32);
        assert!(drawn.parse::<Totp>().is_ok() && drawn.to_lowercase().parse::<Totp>().is_ok());
        for other in ["", "GEZDGNBVGY3TQOJQ", "not base 32!", "01"] {
            assert_eq!(other.parse::<Totp>(), Err(InvalidTotp), "{other}");
        }
    }
}
