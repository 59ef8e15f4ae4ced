//! Message signatures of WeChat v2 (签名算法): PROTOCOL.md, 2.

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::channel::error::SignatureError;

use super::fields::Fields;

/// The algorithm, from our configuration or from the order's own request: no message ever chooses it, for it would choose
/// the weaker one.
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
    /// Both.
    pub const ALL: [Self; 2] = [Self::Md5, Self::HmacSha256];

    /// The word in the field `sign_type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::HmacSha256 => "HMAC-SHA256",
        }
    }

    /// The one that is not this.
    pub(super) fn other(self) -> Self {
        match self {
            Self::Md5 => Self::HmacSha256,
            Self::HmacSha256 => Self::Md5,
        }
    }

    /// How many digits its signatures have.
    fn digits(self) -> usize {
        match self {
            Self::Md5 => 32,
            Self::HmacSha256 => 64,
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

    /// Whether the other one has the same key.
    pub fn shares_key_with(&self, other: &Self) -> bool {
        self.uses_key(other.key.0.expose_secret())
    }

    /// A key for another purpose than WeChat's signatures, from which this one cannot be told.
    pub fn derived_key(&self, purpose: &str) -> [u8; 32] {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.0.expose_secret().as_bytes()).expect("any key length");
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// The AES key of refund notifications: the lower-case hexadecimal of the API key's MD5, as text (PROTOCOL.md, 8).
    pub(super) fn refund_key(&self) -> [u8; 32] {
        let mut key = [0; 32];
        for (pair, byte) in key.chunks_exact_mut(2).zip(Md5::digest(self.key.0.expose_secret())) {
            pair.copy_from_slice(format!("{byte:02x}").as_bytes());
        }
        key
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
        // How long a signature is, is public, so one of another length need not be made to be compared.
        if given.len() != self.sign_type.digits() {
            return Err(SignatureError::Wrong);
        }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::channel::wechat::v2::testing::{BOTH, KEY, any_fields, any_value, canonical, fields, signer};
    use crate::channel::wechat::v2::xml;

    fn text_to_sign(fields: &Fields) -> String {
        let mut text = Vec::new();
        string_to_sign(fields, KEY, |piece| text.extend_from_slice(piece));
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn the_string_to_sign_is_the_one_of_the_worked_example() {
        let example =
            fields("mch_id=10000100\nnonce_str=ibuaiVcKdpRxkhJA\nbody=test\ndevice_info=1000\nappid=wxd930ea5d5a258f4f\nattach=\nsign=x");
        let text = "appid=wxd930ea5d5a258f4f&body=test&device_info=1000&mch_id=10000100&nonce_str=ibuaiVcKdpRxkhJA\
                    &key=192006250b4c09247ec02edce69f6a2d";
        assert_eq!(text.len(), 131);
        assert_eq!(text_to_sign(&example), text);
        assert_eq!(upper_hex(&Md5::digest(text)), "9A0A8659F005D6984697E2CA0A9CF3B7");
        let mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap().chain_update(text).finalize().into_bytes();
        assert_eq!(upper_hex(&mac), "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6");
    }

    #[test]
    fn the_key_is_last_whatever_the_fields_are_called() {
        // An MD5 that ends in the secret cannot be extended by a forger that does not know it.
        for lines in ["", "zzz=1\nkex=2", "a=", "~=1", "金额=1", "kez=1\nkey_=2"] {
            let text = text_to_sign(&fields(lines));
            assert!(text.ends_with(&format!("key={KEY}")), "{text}");
            assert_eq!(text.matches(KEY).count(), 1, "{text}");
        }
        assert_eq!(text_to_sign(&fields("")), format!("key={KEY}"));
    }

    #[test]
    fn zero_is_signed_and_white_space_is_signed_but_nothing_is_not() {
        assert_eq!(text_to_sign(&fields("a=0\nb= \nc=\nd= 1 ")), format!("a=0&b= &d= 1 &key={KEY}"));
    }

    #[test]
    fn the_field_sign_in_another_case_is_a_field_like_any_other() {
        assert_eq!(text_to_sign(&fields("sign=1\nSign=2\nsign_type=MD5\nsign_=3")), format!("Sign=2&sign_=3&sign_type=MD5&key={KEY}"));
    }

    #[test]
    fn a_key_is_32_visible_characters_and_no_placeholder() {
        for (key, error) in [
            ("", InvalidApiKey::Length),
            (&KEY[..31], InvalidApiKey::Length),
            ("192006250b4c09247ec02edce69f6a2d0", InvalidApiKey::Length),
            ("192006250b4c09247ec02edce69f6a2d\n", InvalidApiKey::Length),
            ("192006250b4c0924 ec02edce69f6a2d", InvalidApiKey::Characters),
            (" 92006250b4c09247ec02edce69f6a2d", InvalidApiKey::Characters),
            ("192006250b4c09247ec02edce69f6a2\n", InvalidApiKey::Characters),
            ("192006250b4c09247ec02edce69f6a\u{fc}", InvalidApiKey::Characters),
            ("                                ", InvalidApiKey::Characters),
            ("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", InvalidApiKey::Placeholder),
            ("00000000000000000000000000000000", InvalidApiKey::Placeholder),
        ] {
            assert_eq!(ApiKey::new(key).unwrap_err(), error, "{key:?}");
        }
        assert!(ApiKey::new(KEY).is_ok());
    }

    #[test]
    fn a_key_is_never_shown() {
        let shown = format!("{:?} {:#?}", ApiKey::new(KEY).unwrap(), signer(SignType::Md5));
        assert!(!shown.contains(&KEY[..8]), "{shown}");
    }

    #[test]
    fn another_key_gives_another_signature() {
        let other = ApiKey::new("192006250b4c09247ec02edce69f6a2e").unwrap();
        for sign_type in BOTH {
            let message = Signer::new(other.clone(), sign_type).signed(fields("a=1"));
            assert_eq!(signer(sign_type).verify(&message), Err(SignatureError::Wrong));
        }
    }

    #[test]
    fn an_algorithm_has_the_word_and_the_length_that_wechat_knows() {
        for (sign_type, word, length) in [(SignType::Md5, "MD5", 32), (SignType::HmacSha256, "HMAC-SHA256", 64)] {
            assert_eq!(sign_type.as_str(), word);
            assert_eq!(signer(sign_type).sign_type(), sign_type);
            let sign = signer(sign_type).sign(&fields("a=1"));
            assert_eq!(sign.len(), length);
            assert!(sign.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b)), "{sign}");
        }
        assert_eq!(
            signer(SignType::Md5).with(SignType::HmacSha256).sign(&fields("a=1")),
            signer(SignType::HmacSha256).sign(&fields("a=1"))
        );
    }

    fn any_sign_type() -> impl Strategy<Value = SignType> {
        proptest::sample::select(BOTH.to_vec())
    }

    proptest! {
        #[test]
        fn what_was_signed_verifies_also_after_a_journey_as_xml(sent in any_fields(), sign_type in any_sign_type()) {
            let signer = signer(sign_type);
            let sent = signer.signed(sent);
            prop_assert_eq!(signer.verify(&sent), Ok(()));
            prop_assert_eq!(signer.verify(&xml::parse(xml::write(&sent).as_bytes()).unwrap()), Ok(()));
        }

        #[test]
        fn the_signature_is_over_the_fields_and_not_over_their_order_or_the_empty_ones(sent in any_fields(), sign_type in any_sign_type()) {
            let sorted: Fields = canonical(&sent).into_iter().collect();
            prop_assert_eq!(signer(sign_type).sign(&sent), signer(sign_type).sign(&sorted.with("empty", "")));
        }

        #[test]
        fn another_value_does_not_verify(
            sent in any_fields(), value in any_value(), at in any::<proptest::sample::Index>(), sign_type in any_sign_type(),
        ) {
            let signer = signer(sign_type);
            let sent = signer.signed(sent.with("return_code", "SUCCESS"));
            // The last field is the signature itself.
            let at = at.index(sent.len() - 1);
            let forged: Fields = sent.iter().enumerate().map(|(i, (n, v))| (n.to_owned(), if i == at { value.clone() } else { v.to_owned() })).collect();
            let expected = if canonical(&forged) == canonical(&sent) { Ok(()) } else { Err(SignatureError::Wrong) };
            prop_assert_eq!(signer.verify(&forged), expected);
        }
    }
}
