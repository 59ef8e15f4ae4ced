//! Signed offers of the merchant's back end: a browser carries one here and can change nothing in it.
//!
//! The signature is HMAC-SHA256 over the values exactly as they are sent, one a line below the word `v1` or `v2`. Values and
//! not what they mean, so that a back end needs no rule for writing amounts; and no value with a line end is taken, so no two
//! offers have one text.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::deal::Timestamp;

use super::{InvalidList, each_once, entries, lower_hex};

/// What a browser carries, each value as it was sent: `19.9` and `19.90` are two texts.
#[derive(Clone, Copy)]
pub struct SignedOffer<'a> {
    /// The seller.
    pub merchant_id: &'a str,
    /// The product.
    pub product_id: &'a str,
    /// For how much.
    pub price: &'a str,
    /// What only an offer of version `v2` says.
    pub further: Option<FurtherValues<'a>>,
    /// Seconds since 1970, when it was signed.
    pub timestamp: &'a str,
    /// 8 to 64 letters, digits, `-` and `_`, never used before by this merchant.
    pub nonce: &'a str,
    /// 64 hexadecimal digits, lower case.
    pub signature: &'a str,
}

/// What an offer of version `v2` says beside, in the order of [`FURTHER`]; what was not sent is empty.
pub type FurtherValues<'a> = [&'a str; FURTHER.len()];

/// The parameters that only an offer of version `v2` may have.
pub const FURTHER: [&str; 7] = ["description", "reference", "return_url", "cancel_url", "trade_type", "openid", "account"];

/// Why an offer is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unbelieved {
    /// Not signed with a secret of ours, or not in the form of an offer.
    Forged,
    /// Signed rightly, but too long ago, or in the future.
    Stale,
}

/// The secrets shared with the merchant's back ends: several at once, so that one can be replaced while it is in use.
#[derive(Debug, Clone)]
pub struct SigningSecrets {
    known: Vec<(String, SecretString)>,
    window: Duration,
}

impl SigningSecrets {
    /// Reads `name:secret,name:secret`. An offer is good from `window` before its time to `window` after it.
    pub fn parse(text: &str, window: Duration) -> Result<Self, InvalidList> {
        let known = entries(text)?.into_iter().map(|(name, secret)| {
            let is_one = secret.len() >= 32
                && secret.bytes().all(|b| b.is_ascii_graphic())
                && secret.bytes().any(|b| Some(b) != secret.bytes().next());
            is_one.then(|| (name.to_owned(), SecretString::from(secret))).ok_or(InvalidList::Secret)
        });
        let secrets = Self { known: known.collect::<Result<_, _>>()?, window };
        each_once(secrets.names())?;
        Ok(secrets)
    }

    /// The name of the secret that the offer was signed with, if it is good now. Whether its nonce is new, only the store can tell.
    pub fn verify(&self, offer: &SignedOffer<'_>, now: Timestamp) -> Result<&str, Unbelieved> {
        let text = offer.string_to_sign().ok_or(Unbelieved::Forged)?;
        let mut signatory = Err(Unbelieved::Forged);
        // Each is tried, and no field says which: with two or three during a change that costs nothing.
        for (name, secret) in &self.known {
            if bool::from(sign(secret, &text).as_bytes().ct_eq(offer.signature.as_bytes())) {
                signatory = Ok(name.as_str());
            }
        }
        let signatory = signatory?;
        let signed_at = offer.signed_at().filter(|_| is_nonce(offer.nonce)).ok_or(Unbelieved::Forged)?;
        if now.timestamp().abs_diff(signed_at) > self.window.as_secs() { Err(Unbelieved::Stale) } else { Ok(signatory) }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// What they are called.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.known.iter().map(|(name, _)| name.as_str())
    }

    /// How far an offer's time may be from now.
    pub fn window(&self) -> Duration {
        self.window
    }
}

impl SignedOffer<'_> {
    /// `None`: a value has a line end, by which it could pass for two.
    fn string_to_sign(&self) -> Option<String> {
        let version = if self.further.is_some() { "v2" } else { "v1" };
        let lines = [version, self.merchant_id, self.product_id, self.price, self.timestamp, self.nonce];
        let lines: Vec<_> = lines.into_iter().chain(self.further.into_iter().flatten()).collect();
        let has_line_end = lines.iter().any(|line| line.contains(['\n', '\r']));
        (!has_line_end).then(|| lines.join("\n"))
    }

    fn signed_at(&self) -> Option<i64> {
        let is_plain = (1..=12).contains(&self.timestamp.len()) && self.timestamp.bytes().all(|b| b.is_ascii_digit());
        if is_plain { self.timestamp.parse().ok() } else { None }
    }
}

fn is_nonce(nonce: &str) -> bool {
    (8..=64).contains(&nonce.len()) && nonce.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

fn sign(secret: &SecretString, text: &str) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).expect("any key length");
    mac.update(text.as_bytes());
    lower_hex(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";
    /// The one of `config/README.md`, which back ends in other languages are held against too.
    const VECTOR: SignedOffer<'static> = SignedOffer {
        merchant_id: "12",
        product_id: "34",
        price: "19.90",
        further: None,
        timestamp: "1795478400",
        nonce: "5f0c9a1e7b3d4826",
        signature: "0b5cebe3f9686911126750aaeb32f7ead8d1a6f1575a17588354d56e0104f4ef",
    };

    /// The same offer of version `v2`, which says nothing more.
    const BARE: SignedOffer<'static> =
        SignedOffer { further: Some([""; 7]), signature: "3825cee022fe4869ecc3fee17fa0e4714cd774fdd3302911c94944a6a8de82ae", ..VECTOR };
    const FULL: SignedOffer<'static> = SignedOffer {
        further: Some([
            "红茶 2 盒",
            "A-2026/11 #7",
            "https://shop.example.com/paid?order={order_id}",
            "https://shop.example.com/cart",
            "NATIVE",
            "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
            "shop2",
        ]),
        signature: "2898c6ec690f492bf1fcb8739d30b48ac17b7dd99f89c97c2af5a84403fdfebe",
        ..VECTOR
    };

    fn text_of(offer: &SignedOffer<'_>) -> String {
        offer.string_to_sign().unwrap_or_else(|| "a value with a line end".to_owned())
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(seconds, 0).unwrap()
    }

    fn secrets(text: &str) -> SigningSecrets {
        SigningSecrets::parse(text, Duration::from_secs(300)).unwrap()
    }

    #[test]
    fn the_published_vectors_are_ours() {
        assert_eq!(text_of(&VECTOR), "v1\n12\n34\n19.90\n1795478400\n5f0c9a1e7b3d4826");
        assert_eq!(text_of(&BARE), "v2\n12\n34\n19.90\n1795478400\n5f0c9a1e7b3d4826\n\n\n\n\n\n\n");
        let readme = include_str!("../../config/README.md");
        for vector in [VECTOR, BARE, FULL] {
            assert_eq!(sign(&SECRET.into(), &text_of(&vector)), vector.signature);
            assert_eq!(secrets(&format!("shop:{SECRET}")).verify(&vector, at(1_795_478_400)), Ok("shop"));
            assert!(readme.contains(vector.signature) && readme.contains(&text_of(&vector).replace('\n', "\\n")));
        }
    }

    #[test]
    fn during_a_change_both_secrets_are_taken() {
        let fresh = "fedcba9876543210fedcba9876543210";
        for (text, signatory) in [
            (format!("old:{SECRET},new:{fresh}"), Ok("old")),
            (format!("new:{fresh}, old:{SECRET}"), Ok("old")),
            (format!("new:{fresh}"), Err(Unbelieved::Forged)),
        ] {
            assert_eq!(secrets(&text).verify(&VECTOR, at(1_795_478_400)), signatory);
        }
    }

    #[test]
    fn an_offer_is_good_for_its_window_only() {
        let secrets = secrets(&format!("shop:{SECRET}"));
        for (now, outcome) in [
            (1_795_478_100, Ok("shop")),
            (1_795_478_099, Err(Unbelieved::Stale)),
            (1_795_478_700, Ok("shop")),
            (1_795_478_701, Err(Unbelieved::Stale)),
        ] {
            assert_eq!(secrets.verify(&VECTOR, at(now)), outcome, "{now}");
        }
    }

    #[test]
    fn whatever_is_changed_makes_it_a_forgery() {
        let secrets = secrets(&format!("shop:{SECRET}"));
        let upper = VECTOR.signature.to_uppercase();
        for forged in [
            SignedOffer { merchant_id: "13", ..VECTOR },
            SignedOffer { product_id: "35", ..VECTOR },
            SignedOffer { price: "0.01", ..VECTOR },
            SignedOffer { price: "19.9", ..VECTOR },
            SignedOffer { merchant_id: "12\n34", product_id: "19.90", ..VECTOR },
            SignedOffer { timestamp: "1795478401", ..VECTOR },
            SignedOffer { nonce: "5f0c9a1e7b3d4827", ..VECTOR },
            SignedOffer { signature: "", ..VECTOR },
            SignedOffer { signature: &upper, ..VECTOR },
            SignedOffer { signature: &VECTOR.signature[..63], ..VECTOR },
        ] {
            assert_eq!(secrets.verify(&forged, at(1_795_478_400)), Err(Unbelieved::Forged), "{}", text_of(&forged));
        }
    }

    #[test]
    fn in_a_fuller_offer_no_value_can_be_moved_changed_left_out_or_added() {
        let secrets = secrets(&format!("shop:{SECRET}"));
        let is_forged = |offer: &SignedOffer<'_>| secrets.verify(offer, at(1_795_478_400)) == Err(Unbelieved::Forged);
        let values = FULL.further.unwrap();
        for at in 0..values.len() {
            let with = |value| {
                let mut values = values;
                values[at] = value;
                SignedOffer { further: Some(values), ..FULL }
            };
            assert!(is_forged(&with("")) && is_forged(&with("other")), "{}", FURTHER[at]);
            let mut added = BARE.further.unwrap();
            added[at] = values[at];
            assert!(is_forged(&SignedOffer { further: Some(added), ..BARE }), "{}", FURTHER[at]);
            let mut moved = values;
            moved.rotate_left(at + 1);
            assert!(at + 1 == values.len() || is_forged(&SignedOffer { further: Some(moved), ..FULL }), "{}", FURTHER[at]);
        }
        assert!(is_forged(&SignedOffer { further: None, ..FULL }) && is_forged(&SignedOffer { further: None, ..BARE }));
        assert!(is_forged(&SignedOffer { further: BARE.further, ..VECTOR }), "an offer of the first version is none of the second");
        // A description with a line end, signed by a careless back end, and the same text cut elsewhere.
        let two_lines = ["tea\nA-7", "", "", "", "", "", ""];
        let signature = sign(&SECRET.into(), "v2\n12\n34\n19.90\n1795478400\n5f0c9a1e7b3d4826\ntea\nA-7\n\n\n\n\n\n");
        assert!(is_forged(&SignedOffer { further: Some(two_lines), signature: &signature, ..BARE }));
    }

    #[test]
    fn what_is_signed_must_have_an_offer_s_form_too() {
        let signer = secrets(&format!("shop:{SECRET}"));
        for (timestamp, nonce) in [
            ("1795478400", "1234567"),
            ("1795478400", "12345678 "),
            ("1795478400", "1234567\u{e9}"),
            ("1795478400", &*"x".repeat(65)),
            ("+1795478400", "12345678"),
            ("1795478400.0", "12345678"),
            ("", "12345678"),
            ("1795478400000", "12345678"),
        ] {
            let offer = SignedOffer { timestamp, nonce, ..VECTOR };
            let signature = sign(&SECRET.into(), &text_of(&offer));
            let offer = SignedOffer { signature: &signature, ..offer };
            assert_eq!(signer.verify(&offer, at(1_795_478_400)), Err(Unbelieved::Forged), "{timestamp} {nonce}");
        }
    }

    #[test]
    fn a_secret_that_could_be_guessed_is_refused() {
        for secret in ["", &SECRET[..31], &"x".repeat(40), "0123456789abcdef 0123456789abcdef", "密钥密钥密钥密钥密钥密钥密钥"]
        {
            let refused = SigningSecrets::parse(&format!("shop:{secret}"), Duration::from_secs(300));
            assert_eq!(refused.unwrap_err(), InvalidList::Secret, "{secret}");
        }
        assert!(!format!("{:?}", secrets(&format!("shop:{SECRET}"))).contains("0123"), "nor is one shown");
    }
}
