//! An endpoint's secrets, and the signatures by them (HMAC-SHA256, Standard Webhooks' `v1`).

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::chance::Chance;
use crate::deal::Timestamp;

const PREFIX: &str = "whsec_";
/// What a signature begins with.
const VERSION: &str = "v1,";
/// How much a receiver's clock may differ, in seconds.
const TOLERANCE: u64 = 300;

/// A secret that an endpoint shares with this service. It is shown nowhere.
#[derive(Clone)]
pub struct Secret(Hmac<Sha256>);

/// The text is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook's secret is whsec_ and the Base64 of 24 to 64 bytes")]
pub struct InvalidSecret;

impl FromStr for Secret {
    type Err = InvalidSecret;

    fn from_str(text: &str) -> Result<Self, InvalidSecret> {
        let bytes = text.strip_prefix(PREFIX).and_then(|text| BASE64_STANDARD.decode(text).ok()).ok_or(InvalidSecret)?;
        if !(24..=64).contains(&bytes.len()) {
            return Err(InvalidSecret);
        }
        Hmac::new_from_slice(&bytes).map(Self).map_err(|_| InvalidSecret)
    }
}

impl Secret {
    /// A new one, of 256 random bits.
    pub fn draw(chance: &Chance) -> Self {
        let bytes = [chance.draw().to_le_bytes(), chance.draw().to_le_bytes()].concat();
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        Self(Hmac::new_from_slice(&bytes).expect("a key"))
    }

    /// The code over a message, begun with a copy of the key.
    fn mac(&self, id: &str, timestamp: i64, body: &str) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        for part in [id, ".", &timestamp.to_string(), ".", body] {
            mac.update(part.as_bytes());
        }
        mac
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The present secret, and the one before it while endpoints may still know no other.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// The present one.
    pub present: Secret,
    /// The one before it.
    pub previous: Option<Secret>,
}

impl Secrets {
    /// The header `webhook-signature` of a message: a signature by each.
    pub fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let sign =
            |secret: &Secret| format!("{VERSION}{}", BASE64_STANDARD.encode(secret.mac(id, timestamp, body).finalize().into_bytes()));
        let signatures: Vec<_> = [Some(&self.present), self.previous.as_ref()].into_iter().flatten().map(sign).collect();
        signatures.join(" ")
    }

    /// Whether a message with these headers is signed by one of them, no longer ago than five minutes and not for later, as its
    /// receiver must ask.
    pub fn verify(&self, id: &str, timestamp: i64, signatures: &str, body: &str, now: Timestamp) -> bool {
        let is_fresh = timestamp.abs_diff(now.timestamp()) <= TOLERANCE;
        let mut codes = signatures.split(' ').filter_map(|text| BASE64_STANDARD.decode(text.strip_prefix(VERSION)?).ok());
        let is_by = |code: &[u8], secret: &Secret| secret.mac(id, timestamp, body).verify_slice(code).is_ok();
        is_fresh && codes.any(|code| is_by(&code, &self.present) || self.previous.as_ref().is_some_and(|secret| is_by(&code, secret)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(present: &str) -> Secrets {
        Secrets { present: present.parse().unwrap(), previous: None }
    }

    /// From the tests of the specification's libraries.
    #[test]
    fn the_published_examples_are_signed_as_they_say() {
        for (secret, id, timestamp, body, signature) in [
            (
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                r#"{"test": 2432232314}"#,
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ),
            (
                "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
                "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
                1_649_367_553,
                r#"{"email":"test@example.com","username":"test_user"}"#,
                "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
            ),
            // The longest secret; computed by Python's hmac.
            (
                "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==",
                "evt_0",
                1_795_658_400,
                r#"{"type":"deal.paid","timestamp":"2026-11-26T10:00:00+08:00","data":{"deal":{"description":"茶"}}}"#,
                "v1,8XeRQeMeMXGh6BM70KhcXuK8sWGbjB2jiTGPBCBdLuI=",
            ),
        ] {
            assert_eq!(secrets(secret).sign(id, timestamp, body), signature);
        }
    }

    #[test]
    fn while_there_is_a_previous_secret_both_sign() {
        let (old, new) = (secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), secrets("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"));
        let both = Secrets { previous: Some(old.present.clone()), ..new.clone() };
        let sign = |secrets: &Secrets| secrets.sign("evt_1", 1_614_265_330, "{}");
        assert_eq!(sign(&both), format!("{} {}", sign(&new), sign(&old)));
    }

    #[test]
    fn a_secret_is_24_to_64_bytes_in_base64_behind_its_prefix() {
        let of = |length| format!("whsec_{}", BASE64_STANDARD.encode(vec![7; length]));
        for length in 0..100 {
            assert_eq!(of(length).parse::<Secret>().is_ok(), (24..=64).contains(&length), "{length}");
        }
        let good = of(25);
        assert!(good.parse::<Secret>().is_ok() && good.ends_with('='));
        for bad in
            [&good["whsec_".len()..], &good.replace("whsec_", "WHSEC_"), good.trim_end_matches('='), &format!("{good} "), "whsec_", ""]
        {
            assert_eq!(bad.parse::<Secret>().unwrap_err(), InvalidSecret);
        }
        let url_safe = format!("whsec_{}", "-_".repeat(16));
        assert!(url_safe.parse::<Secret>().is_err());
    }

    #[test]
    fn no_secret_is_shown() {
        let shown = format!("{:?}", secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        assert_eq!(shown, "Secrets { present: Secret, previous: None }");
    }

    #[test]
    fn a_receiver_believes_a_fresh_message_with_a_right_signature() {
        let at = |seconds| Timestamp::UNIX_EPOCH + chrono::TimeDelta::seconds(seconds);
        let draw = || Secret::draw(&Chance::seeded(1));
        let other = Secrets { present: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap(), previous: None };
        let (old, new) = (Secrets { present: draw(), previous: None }, Secrets { present: other.present.clone(), previous: Some(draw()) });
        let signed = |secrets: &Secrets| secrets.sign("evt_1", 1000, "{}");
        for (signer, receiver) in [(&old, &old), (&new, &old), (&new, &other), (&old, &new)] {
            assert!(receiver.verify("evt_1", 1000, &signed(signer), "{}", at(1000)));
        }
        let signature = signed(&old);
        for (id, timestamp, signature, body, now) in [
            ("evt_2", 1000, &*signature, "{}", 1000),
            ("evt_1", 1001, &signature, "{}", 1000),
            ("evt_1", 1000, &signature, "{ }", 1000),
            ("evt_1", 1000, &signature, "{}", 1301),
            ("evt_1", 1000, &signature, "{}", 699),
            ("evt_1", 1000, &signed(&other), "{}", 1000),
            ("evt_1", 1000, &signature.replace("v1,", "v2,"), "{}", 1000),
            ("evt_1", 1000, "v1,", "{}", 1000),
            ("evt_1", 1000, "", "{}", 1000),
        ] {
            assert!(!old.verify(id, timestamp, signature, body, at(now)), "{id} {timestamp} {signature} {body} {now}");
        }
    }
}
