//! Session tokens: 256 random bits, of which the database holds the SHA-256 only. What forms bring back is derived from the token, so
//! nothing more is kept, and who sees a page's source cannot become its visitor.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::auth::lower_hex;
use crate::chance::Chance;

/// Over what the token for forms is made.
const FORMS: &[u8] = b"wechat-pay console, forms, version 1";
/// Digits of what an address is vouched for by.
const VOUCHED: usize = 16;

/// What a browser's cookie holds.
pub struct Token(String);

impl Token {
    /// A new one.
    pub fn draw(chance: &Chance) -> Self {
        Self(chance.nonce() + &chance.nonce())
    }

    /// Reads it. What has not its form is none, and is never asked about.
    pub fn read(text: &str) -> Option<Self> {
        let is_token = text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        is_token.then(|| Self(text.to_owned()))
    }

    /// The cookie's value.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the database holds of it.
    pub fn hash(&self) -> String {
        lower_hex(&Sha256::digest(&self.0))
    }

    /// What a form of its session has to bring back.
    pub fn of_forms(&self) -> String {
        mac(self.0.as_bytes(), FORMS)
    }
}

/// What vouches that this session was led to a page with a word, by the token of its forms: nobody else can make such an address.
pub fn vouched(of_forms: &str, page: &str, word: &str) -> String {
    let mut digits = mac(of_forms.as_bytes(), format!("{page}\n{word}").as_bytes());
    digits.truncate(VOUCHED);
    digits
}

fn mac(key: &[u8], what: &[u8]) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key");
    mac.update(what);
    lower_hex(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_and_what_forms_bring_tell_nothing_of_the_token() {
        let chance = Chance::seeded(5);
        let (one, other) = (Token::draw(&chance), Token::draw(&chance));
        let known = [one.as_str(), &one.hash(), &one.of_forms(), other.as_str(), &other.hash(), &other.of_forms()].map(str::to_owned);
        assert!(known.iter().enumerate().all(|(at, text)| text.len() == 64 && !known[..at].contains(text)), "{known:?}");
        assert_eq!(Token::read(one.as_str()).unwrap().hash(), one.hash());
        for bad in ["", "0", &one.as_str().to_uppercase().replace(|c: char| c.is_ascii_digit(), "A"), &format!("{}0", one.as_str())] {
            assert!(Token::read(bad).is_none(), "{bad}");
        }
    }
}
