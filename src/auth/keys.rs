//! API keys of the merchant's back ends: `Authorization: Bearer wpk_…`.
//!
//! The configuration holds their SHA-256 only. A slow hash would protect words that people choose; a key is 256 random
//! bits, which cannot be found by trying, and each call would pay for the slowness.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::chance::Chance;
use crate::deal::{AccountId, Reach};

use super::{InvalidList, Scope, Scopes, each_once, entries, is_name, lower_hex};

/// The holder of a key: what it may do, and to which deals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    name: String,
    scopes: Scopes,
    reach: Reach,
}

/// One key, by its hash.
#[derive(Clone)]
pub struct Key {
    caller: Arc<Caller>,
    /// 64 hexadecimal digits, lower case.
    sha256: String,
}

/// The keys that are taken: several at once, so that one can be replaced while callers still use it.
#[derive(Clone, Default)]
pub struct Keys(Vec<Key>);

impl Caller {
    /// Every caller, where none needs a key.
    pub fn of_a_demonstration() -> Self {
        Self { name: String::new(), scopes: Scopes::all(), reach: Reach::default() }
    }

    /// What logs call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether its key has this scope.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(scope)
    }

    /// What its key is good for.
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// Which deals it may see and touch.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }
}

impl Key {
    /// The key with this SHA-256, in 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`InvalidList::Entry`] for the name and [`InvalidList::Hash`] for the hash.
    pub fn new(name: &str, sha256: &str, scopes: Scopes, reach: Reach) -> Result<Self, InvalidList> {
        if !is_name(name) {
            return Err(InvalidList::Entry);
        }
        let is_hash = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit());
        let caller = Arc::new(Caller { name: name.to_owned(), scopes, reach });
        is_hash.then(|| Self { caller, sha256: sha256.to_ascii_lowercase() }).ok_or(InvalidList::Hash)
    }

    /// The key that a section of its own describes, which says what it is good for.
    ///
    /// # Errors
    /// [`InvalidList::Section`] for the name and [`InvalidList::Hash`] for the hash.
    pub fn of_section(name: &str, sha256: &str, scopes: Scopes, reach: Reach) -> Result<Self, InvalidList> {
        if AccountId::is_name(name) { Self::new(name, sha256, scopes, reach) } else { Err(InvalidList::Section) }
    }

    /// Reads `name:sha256,name:sha256`: keys that open deals, of every seller and through every account.
    ///
    /// # Errors
    /// What is wrong with the first wrong entry.
    pub fn list(text: &str) -> Result<Vec<Self>, InvalidList> {
        let key = |(name, sha256): (&str, &str)| Self::new(name, sha256, Scope::Pay.into(), Reach::default());
        let keys = entries(text)?.into_iter().map(key).collect::<Result<Vec<_>, _>>()?;
        each_once(keys.iter().map(|key| key.caller.name()))?;
        Ok(keys)
    }

    /// A new key, for the caller, and its SHA-256, for the configuration.
    pub fn draw(chance: &Chance) -> (String, String) {
        // The prefix lets people and scanners see what they have found.
        let key = format!("wpk_{}{}", chance.nonce(), chance.nonce());
        let hash = sha256(&key);
        (key, hash)
    }
}

impl Keys {
    /// These keys.
    ///
    /// # Errors
    /// [`InvalidList::Repeated`] and [`InvalidList::SameKey`].
    pub fn new(keys: Vec<Key>) -> Result<Self, InvalidList> {
        each_once(keys.iter().map(|key| key.caller.name()))?;
        let mut known = HashMap::new();
        for Key { caller, sha256 } in &keys {
            if let Some(other) = known.insert(sha256, caller.name()) {
                return Err(InvalidList::SameKey(other.to_owned(), caller.name().to_owned()));
            }
        }
        Ok(Self(keys))
    }

    /// The caller that has this key. Takes the same time for every key, right or wrong.
    pub fn holder(&self, key: &str) -> Option<&Arc<Caller>> {
        let sha256 = sha256(key);
        let mut holder = None;
        for known in &self.0 {
            if bool::from(known.sha256.as_bytes().ct_eq(sha256.as_bytes())) {
                holder = Some(&known.caller);
            }
        }
        holder
    }

    /// Their holders.
    pub fn callers(&self) -> impl Iterator<Item = &Caller> {
        self.0.iter().map(|key| &*key.caller)
    }
}

/// Shows everything but the hash.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.caller.fmt(f)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn sha256(key: &str) -> String {
    lower_hex(&Sha256::digest(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(keys: &Keys, key: &str) -> Option<String> {
        keys.holder(key).map(|caller| caller.name().to_owned())
    }

    #[test]
    fn a_drawn_key_is_known_by_its_hash_and_no_other_is() {
        let (key, hash) = Key::draw(&Chance::System);
        let (other, other_hash) = Key::draw(&Chance::System);
        assert_ne!(key, other);
        assert_eq!(key.len(), 68);
        assert!(!hash.contains(&key[4..]), "the configuration does not hold the key");
        let keys = Keys::new(Key::list(&format!("shop:{hash}, shop-2027:{}", other_hash.to_uppercase())).unwrap()).unwrap();
        assert_eq!(named(&keys, &key).as_deref(), Some("shop"));
        assert_eq!(named(&keys, &other).as_deref(), Some("shop-2027"), "digits of both cases");
        for wrong in ["", "wpk_", &key[..67], &key.to_uppercase(), &format!("{key} "), &hash] {
            assert_eq!(named(&keys, wrong), None, "{wrong}");
        }
        assert!(!format!("{keys:?}").contains(&hash[..20]));
    }

    #[test]
    fn a_key_says_what_its_holder_may_do() {
        let (key, hash) = Key::draw(&Chance::System);
        let reach = Reach { sellers: Some("12".parse().unwrap()), accounts: None };
        let books = Key::new("books", &hash, "read".parse().unwrap(), reach.clone()).unwrap();
        let keys = Keys::new([Key::list(&format!("shop:{}", sha256("x"))).unwrap(), vec![books]].concat()).unwrap();
        let (books, shop) = (keys.holder(&key).unwrap(), keys.holder("x").unwrap());
        assert_eq!((books.may(Scope::Read), books.may(Scope::Pay), books.reach()), (true, false, &reach));
        assert_eq!((shop.scopes().to_string().as_str(), shop.reach()), ("pay", &Reach::default()));
    }

    #[test]
    fn what_is_no_list_of_hashes_is_refused() {
        let hash = sha256("x");
        assert!(Key::list("").unwrap().is_empty());
        for (text, error) in [
            (hash.clone(), InvalidList::Entry),
            (format!(":{hash}"), InvalidList::Entry),
            (format!("a b:{hash}"), InvalidList::Entry),
            (format!("{}:{hash}", "x".repeat(33)), InvalidList::Entry),
            (format!("a:{hash},a:{hash}"), InvalidList::Repeated("a".to_owned())),
            (format!("a:{}", &hash[1..]), InvalidList::Hash),
            (format!("a:{}", hash.replace(char::is_numeric, "g")), InvalidList::Hash),
            ("a:wpk_0123".to_owned(), InvalidList::Hash),
        ] {
            assert_eq!(Key::list(&text).unwrap_err(), error, "{text}");
        }
        let of = |name: &str, key: &str| Key::new(name, &sha256(key), Scope::Read.into(), Reach::default());
        assert_eq!(of("a,b", "x").unwrap_err(), InvalidList::Entry);
        assert_eq!(Keys::new(vec![of("a", "x").unwrap(), of("a", "y").unwrap()]).unwrap_err(), InvalidList::Repeated("a".to_owned()));
        assert_eq!(
            Keys::new(vec![of("a", "x").unwrap(), of("b", "x").unwrap()]).unwrap_err(),
            InvalidList::SameKey("a".to_owned(), "b".to_owned())
        );
    }
}
