//! API keys of the merchant's back ends: `Authorization: Bearer wpk_…`.
//!
//! The configuration holds their SHA-256 only. A slow hash would protect words that people choose; a key is 256 random
//! bits, which cannot be found by trying, and each call would pay for the slowness.

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::chance::Chance;

use super::{InvalidList, entries, is_name, lower_hex};

/// The keys that are taken: several at once, so that one can be replaced while callers still use it.
#[derive(Clone)]
pub struct ApiKeys(Vec<Known>);

#[derive(Clone)]
struct Known {
    name: String,
    /// 64 hexadecimal digits, lower case.
    sha256: String,
}

impl ApiKeys {
    /// Reads `name:sha256,name:sha256`.
    pub fn parse(text: &str) -> Result<Self, InvalidList> {
        let known = entries(text)?.into_iter().map(|(name, hash)| {
            let is_hash = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
            is_hash.then(|| Known { name: name.to_owned(), sha256: hash.to_ascii_lowercase() }).ok_or(InvalidList::Hash)
        });
        known.collect::<Result<_, _>>().map(Self)
    }

    /// A new key and its entry for the configuration.
    pub fn draw(name: &str, chance: &Chance) -> Result<(String, String), InvalidList> {
        if !is_name(name) {
            return Err(InvalidList::Entry);
        }
        // The prefix lets people and scanners see what they have found.
        let key = format!("wpk_{}{}", chance.nonce(), chance.nonce());
        let entry = format!("{name}:{}", sha256(&key));
        Ok((key, entry))
    }

    /// The name of the caller that has this key. Takes the same time for every key, right or wrong.
    pub fn holder(&self, key: &str) -> Option<&str> {
        let sha256 = sha256(key);
        let mut holder = None;
        for known in &self.0 {
            let same: Choice = known.sha256.as_bytes().ct_eq(sha256.as_bytes());
            if bool::from(same) {
                holder = Some(known.name.as_str());
            }
        }
        holder
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What they are called.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|known| known.name.as_str())
    }
}

/// Shows names only.
impl std::fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

fn sha256(key: &str) -> String {
    lower_hex(&Sha256::digest(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawn_key_is_known_by_its_entry_and_no_other_is() {
        let (key, entry) = ApiKeys::draw("shop", &Chance::System).unwrap();
        let (other, other_entry) = ApiKeys::draw("shop-2027", &Chance::System).unwrap();
        assert_ne!(key, other);
        assert_eq!(key.len(), 68);
        assert!(!entry.contains(&key[4..]), "the configuration does not hold the key");
        let keys = ApiKeys::parse(&format!("{entry}, {}", other_entry.to_uppercase().replace("SHOP", "shop"))).unwrap();
        assert_eq!(keys.holder(&key), Some("shop"));
        assert_eq!(keys.holder(&other), Some("shop-2027"), "digits of both cases");
        for wrong in ["", "wpk_", &key[..67], &key.to_uppercase(), &format!("{key} "), entry.split_once(':').unwrap().1] {
            assert_eq!(keys.holder(wrong), None, "{wrong}");
        }
        assert!(!format!("{keys:?}").contains(&entry[5..20]));
    }

    #[test]
    fn what_is_no_list_of_hashes_is_refused() {
        let hash = sha256("x");
        assert!(ApiKeys::parse("").unwrap().is_empty());
        for (text, error) in [
            (hash.clone(), InvalidList::Entry),
            (format!(":{hash}"), InvalidList::Entry),
            (format!("a b:{hash}"), InvalidList::Entry),
            (format!("{}:{hash}", "x".repeat(33)), InvalidList::Entry),
            (format!("a:{hash},a:{hash}"), InvalidList::Repeated),
            (format!("a:{}", &hash[1..]), InvalidList::Hash),
            (format!("a:{}", hash.replace(char::is_numeric, "g")), InvalidList::Hash),
            ("a:wpk_0123".to_owned(), InvalidList::Hash),
        ] {
            assert_eq!(ApiKeys::parse(&text).unwrap_err(), error, "{text}");
        }
        assert_eq!(ApiKeys::draw("a,b", &Chance::System), Err(InvalidList::Entry));
    }
}
