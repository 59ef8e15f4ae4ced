//! Mutual authentication by a shared key: `wechat-pay doctor` recognises a running service, and the service the doctor, for
//! both hold the merchant's API key.
//!
//! The question travels in a header of a post to the notification's path; a caller that cannot make one is answered as any
//! stranger is. The answer travels in a header of an ordinary refusal and says which instance it is, from which address the
//! call came and what arrived. Both carry an HMAC under a key derived from the API key, over words that begin with what they
//! are: so neither stands for the other or for a signature of WeChat's, and nothing in them tells of the key.
//! A question is good for five minutes. A stranger that repeats an overheard one learns its own address and what it sent itself.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::chance::Chance;
use crate::deal::Timestamp;

/// The header of both.
pub const HEADER: &str = "x-wechat-pay-doctor";
/// What the key is derived with. No message to WeChat is this text: those end with the API key itself.
const PURPOSE: &str = "wechat-pay doctor, version 1";
/// How far the clocks of the doctor and the service may be apart.
const GOOD_FOR: TimeDelta = TimeDelta::minutes(5);

/// The key of both, derived from the merchant's API key, of which it tells nothing.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// Derives it: `derived_key` gives a key for a purpose.
    pub fn derive(derived_key: impl FnOnce(&str) -> [u8; 32]) -> Self {
        Self(derived_key(PURPOSE))
    }
}

/// Never shown.
impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

/// Asks the program that answers at an address to prove that it is a service with this API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    asked_at: String,
    nonce: String,
}

impl Question {
    /// A new one.
    pub fn new(now: Timestamp, chance: &Chance) -> Self {
        Self { asked_at: now.timestamp().to_string(), nonce: chance.nonce() }
    }

    /// The header's value.
    pub fn header(&self, key: &Key) -> String {
        format!("{} {} {}", self.asked_at, self.nonce, self.proof(key))
    }

    /// Reads a header's value; `None` unless it was made with this key, lately.
    pub fn read(header: &str, key: &Key, now: Timestamp) -> Option<Self> {
        let [asked_at, nonce, proof] = words(header)?;
        let question = Self { asked_at: asked_at.to_owned(), nonce: nonce.to_owned() };
        if !same(&question.proof(key), proof) {
            return None;
        }
        let asked_at = DateTime::from_timestamp(asked_at.parse().ok()?, 0)?;
        ((now - asked_at).abs() <= GOOD_FOR).then_some(question)
    }

    fn proof(&self, key: &Key) -> String {
        prove(key, ["question", &self.asked_at, &self.nonce, "", "", ""])
    }
}

/// What the service that was asked says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its name in the journal.
    pub instance: String,
    /// The caller's address, by its reading of the proxies' headers.
    pub client: IpAddr,
    /// [`digest`] of the body that arrived.
    pub body: String,
}

impl Answer {
    /// The header's value.
    pub fn header(&self, question: &Question, key: &Key) -> String {
        format!("{} {} {} {}", self.instance, self.client, self.body, self.proof(question, key))
    }

    /// Reads a header's value; `None` unless it answers this question and was made with this key.
    pub fn read(header: &str, question: &Question, key: &Key) -> Option<Self> {
        let [instance, client, body, proof] = words(header)?;
        let answer = Self { instance: instance.to_owned(), client: client.parse().ok()?, body: body.to_owned() };
        same(&answer.proof(question, key), proof).then_some(answer)
    }

    fn proof(&self, question: &Question, key: &Key) -> String {
        let client = self.client.to_string();
        prove(key, ["answer", &question.asked_at, &question.nonce, &self.instance, &client, &self.body])
    }
}

/// By what two bodies are compared: their SHA-256.
pub fn digest(body: &[u8]) -> String {
    hex(&Sha256::digest(body))
}

/// No word contains a space or a line's end, so the words are read in one way only.
fn prove(key: &Key, words: [&str; 6]) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.0).expect("any key length");
    mac.update(words.join("\n").as_bytes());
    hex(&mac.finalize().into_bytes())
}

fn words<const N: usize>(header: &str) -> Option<[&str; N]> {
    // Longer than any of ours is not worth a hash.
    if header.len() > 300 || !header.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
        return None;
    }
    header.split(' ').collect::<Vec<_>>().try_into().ok()
}

fn same(one: &str, other: &str) -> bool {
    bool::from(one.as_bytes().ct_eq(other.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::wechat::v2::{ApiKey, Fields, SignType, Signer};

    fn signer(key: &str) -> Signer {
        Signer::new(ApiKey::new(key).unwrap(), SignType::HmacSha256)
    }

    fn key(api_key: &str) -> Key {
        Key::derive(|purpose| signer(api_key).derived_key(purpose))
    }

    fn now() -> Timestamp {
        "2026-04-01T04:00:00Z".parse().unwrap()
    }

    #[test]
    fn only_who_has_the_key_can_ask_and_only_for_five_minutes() {
        let ours = key("192006250b4c09247ec02edce69f6a2d");
        let question = Question::new(now(), &Chance::System);
        let header = question.header(&ours);
        assert_eq!(Question::read(&header, &ours, now()), Some(question.clone()));
        for minutes in [-6, 6] {
            assert_eq!(Question::read(&header, &ours, now() + TimeDelta::minutes(minutes)), None);
        }
        assert_eq!(Question::read(&header, &key("292006250b4c09247ec02edce69f6a2d"), now()), None);
        for place in 0..header.len() {
            let mut forged = header.clone().into_bytes();
            forged[place] ^= 1;
            assert_eq!(Question::read(&String::from_utf8_lossy(&forged), &ours, now()), None, "{place}");
        }
        for bad in ["", " ", "a b", "1 2 3 4", &"1 ".repeat(400)] {
            assert_eq!(Question::read(bad, &ours, now()), None, "{bad}");
        }
    }

    #[test]
    fn an_answer_is_good_for_its_question_only_and_says_what_was_said() {
        let ours = key("192006250b4c09247ec02edce69f6a2d");
        let (question, other) = (Question::new(now(), &Chance::System), Question::new(now(), &Chance::System));
        let answer = Answer { instance: "5f0c9a1e".to_owned(), client: "2001:db8::1".parse().unwrap(), body: digest(b"hello") };
        let header = answer.header(&question, &ours);
        assert_eq!(Answer::read(&header, &question, &ours), Some(answer));
        assert_eq!(Answer::read(&header, &other, &ours), None);
        assert_eq!(Answer::read(&header.replace("2001:db8::1", "2001:db8::2"), &question, &ours), None);
        assert_eq!(Answer::read(&question.header(&ours), &question, &ours), None, "a question is no answer");
    }

    #[test]
    fn a_proof_is_no_signature_of_wechat_s() {
        let ours = signer("192006250b4c09247ec02edce69f6a2d");
        let question = Question::new(now(), &Chance::System);
        let fields = Fields::new().with("question", question.asked_at.as_str());
        assert_ne!(ours.sign(&fields).to_lowercase(), question.proof(&key("192006250b4c09247ec02edce69f6a2d")));
        assert_ne!(ours.derived_key(PURPOSE), ours.derived_key("another purpose"));
    }
}
