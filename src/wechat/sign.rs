//! The signature of WeChat v2 (签名算法): protocol file, section 2.

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::fields::Fields;

/// The algorithm, from our configuration only: no message ever chooses it, for it would choose the weaker one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum SignType {
    /// 32 hexadecimal digits; WeChat's default.
    #[serde(rename = "MD5")]
    Md5,
    /// 64 hexadecimal digits.
    #[serde(rename = "HMAC-SHA256")]
    HmacSha256,
}

impl SignType {
    /// The word in the field `sign_type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::HmacSha256 => "HMAC-SHA256",
        }
    }
}

/// The merchant's API key (API密钥). Never shown.
#[derive(Debug, Clone)]
pub struct ApiKey(SecretString);

/// Why a text cannot be an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidApiKey {
    /// Not 32 bytes.
    #[error("the API key has 32 characters")]
    Length,
    /// White space, control or non-ASCII characters.
    #[error("the API key consists of letters and digits without spaces")]
    Characters,
    /// One character over and over: a placeholder.
    #[error("the API key is a placeholder")]
    Placeholder,
}

impl ApiKey {
    /// Takes a key: 32 visible ASCII characters that are not all the same.
    pub fn new(key: &str) -> Result<Self, InvalidApiKey> {
        if key.len() != 32 {
            return Err(InvalidApiKey::Length);
        }
        if !key.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(InvalidApiKey::Characters);
        }
        if key.bytes().all(|b| Some(b) == key.bytes().next()) {
            return Err(InvalidApiKey::Placeholder);
        }
        Ok(Self(SecretString::from(key)))
    }
}

/// Signs and verifies with one key and one algorithm.
#[derive(Debug, Clone)]
pub struct Signer {
    key: ApiKey,
    sign_type: SignType,
}

/// Why a message is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no `sign`, or it is empty.
    #[error("the message is not signed")]
    Missing,
    /// It is not the one that our key and algorithm give, in upper case.
    #[error("the signature is wrong")]
    Wrong,
}

impl Signer {
    /// A signer for one key and algorithm.
    pub fn new(key: ApiKey, sign_type: SignType) -> Self {
        Self { key, sign_type }
    }

    /// The algorithm.
    pub fn sign_type(&self) -> SignType {
        self.sign_type
    }

    /// Whether this is the key.
    pub fn uses_key(&self, key: &str) -> bool {
        bool::from(self.key.0.expose_secret().as_bytes().ct_eq(key.as_bytes()))
    }

    /// The same key with another algorithm: the simulator answers in the one that it was asked in.
    #[must_use]
    pub fn with(&self, sign_type: SignType) -> Self {
        Self { key: self.key.clone(), sign_type }
    }

    /// The signature over all fields but `sign`, in upper-case hexadecimal.
    pub fn sign(&self, fields: &Fields) -> String {
        let key = self.key.0.expose_secret();
        match self.sign_type {
            SignType::Md5 => {
                let mut digest = Md5::new();
                string_to_sign(fields, key, |piece| digest.update(piece));
                upper_hex(&digest.finalize())
            }
            SignType::HmacSha256 => {
                #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
                let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any key length");
                string_to_sign(fields, key, |piece| mac.update(piece));
                upper_hex(&mac.finalize().into_bytes())
            }
        }
    }

    /// Appends the signature.
    #[must_use]
    pub fn signed(&self, fields: Fields) -> Fields {
        let sign = self.sign(&fields);
        fields.with("sign", sign)
    }

    /// Checks the signature over every field received, known or not, in constant time.
    pub fn verify(&self, fields: &Fields) -> Result<(), SignatureError> {
        let given = fields.get("sign").ok_or(SignatureError::Missing)?;
        if bool::from(self.sign(fields).as_bytes().ct_eq(given.as_bytes())) { Ok(()) } else { Err(SignatureError::Wrong) }
    }
}

/// Feeds `a=1&b=2&key=…` piece by piece: names in byte order, empty values and `sign` left out, values raw.
fn string_to_sign(fields: &Fields, key: &str, mut feed: impl FnMut(&[u8])) {
    let mut pairs: Vec<_> = fields.iter().filter(|(name, value)| *name != "sign" && !value.is_empty()).collect();
    pairs.sort_unstable();
    for (name, value) in pairs {
        feed(name.as_bytes());
        feed(b"=");
        feed(value.as_bytes());
        feed(b"&");
    }
    feed(b"key=");
    feed(key.as_bytes());
}

fn upper_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]]).map(char::from).collect()
}
