//! Passwords of the console's users. The configuration holds an Argon2id hash only: words that people choose are found by trying, so
//! each try has to cost time and memory.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use sha2::{Digest, Sha256};

use crate::chance::Chance;

use super::lower_hex;

/// Memory of one try, in KiB: less is found too fast, more would let two tries at once take what the service needs.
const MEMORY: std::ops::RangeInclusive<u32> = 19_456..=262_144;
const PASSES: std::ops::RangeInclusive<u32> = 2..=10;
const LANES: std::ops::RangeInclusive<u32> = 1..=8;
/// A password is as long as a sentence at most: nobody has megabytes hashed.
const LONGEST: usize = 1024;

/// The hash of a password, `$argon2id$v=19$…`. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Arc<Phc>);

/// The text is no hash of a password that could be tried here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an Argon2id hash of 19 to 256 MiB and 2 to 10 passes: `wechat-pay console-user NAME` makes one")]
pub struct InvalidPasswordHash;

impl PasswordHash {
    /// The hash of a new password. `None`: it is empty, or too long to be one.
    pub fn of(password: &str, chance: &Chance) -> Option<Self> {
        if password.is_empty() || password.len() > LONGEST {
            return None;
        }
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default());
        let hash: Phc = argon2.hash_password_with_salt(password.as_bytes(), &chance.draw().to_be_bytes()).ok()?;
        Some(Self(Arc::new(hash)))
    }

    /// What is stored of it with a session, which ends when the password is another one. It is no help to who would find the password.
    pub fn digest(&self) -> String {
        lower_hex(&Sha256::digest(self.to_string()))
    }

    /// Whether this is the password. It takes its time: not for a task that others wait behind.
    pub fn is_of(&self, password: &str) -> bool {
        password.len() <= LONGEST && Argon2::default().verify_password(password.as_bytes(), &*self.0).is_ok()
    }
}

impl FromStr for PasswordHash {
    type Err = InvalidPasswordHash;

    fn from_str(text: &str) -> Result<Self, InvalidPasswordHash> {
        let written = Phc::new(text).map_err(|_| InvalidPasswordHash)?;
        let params = Params::try_from(&written).map_err(|_| InvalidPasswordHash)?;
        let is_costly = MEMORY.contains(&params.m_cost()) && PASSES.contains(&params.t_cost()) && LANES.contains(&params.p_cost());
        let is_argon2id = written.algorithm.as_str() == "argon2id" && written.version == Some(19);
        let is_whole = written.salt.is_some() && written.hash.is_some();
        if is_costly && is_argon2id && is_whole { Ok(Self(Arc::new(written))) } else { Err(InvalidPasswordHash) }
    }
}

impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Never shown.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_by_its_hash_and_no_other_is() {
        let hash = PasswordHash::of("正确的马 battery", &Chance::seeded(1)).unwrap();
        let read: PasswordHash = hash.to_string().parse().unwrap();
        assert!(hash.to_string().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(read == hash && read.is_of("正确的马 battery"));
        assert!(!["", "正确的马 batter", "正确的马 battery ", &"x".repeat(5000)].into_iter().any(|other| read.is_of(other)));
        assert!(PasswordHash::of("", &Chance::System).is_none() && PasswordHash::of(&"x".repeat(1025), &Chance::System).is_none());
        assert_eq!(format!("{hash:?}"), "PasswordHash");
    }

    #[test]
    fn a_hash_that_is_found_too_fast_or_eats_the_memory_is_none() {
        let hash = PasswordHash::of("a", &Chance::seeded(1)).unwrap().to_string();
        for (from, to) in [
            ("argon2id", "argon2i"),
            ("argon2id", "argon2d"),
            ("m=19456", "m=8"),
            ("m=19456", "m=4000000"),
            ("t=2", "t=1"),
            ("t=2", "t=1000"),
            ("p=1", "p=200"),
            ("v=19", "v=16"),
        ] {
            assert_eq!(hash.replace(from, to).parse::<PasswordHash>(), Err(InvalidPasswordHash), "{to}");
        }
        let without_hash = hash.rsplit_once('$').unwrap().0;
        for other in ["", "secret", "$2b$12$abcdefghijklmnopqrstuv", without_hash] {
            assert_eq!(other.parse::<PasswordHash>(), Err(InvalidPasswordHash), "{other}");
        }
    }
}
