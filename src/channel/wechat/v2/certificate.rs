//! Client certificates (API证书): the PEM pair by which a merchant is known below `/secapi` (PROTOCOL.md, 1.5).

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::DateTime;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{Error, InconsistentKeys};
use sha2::{Digest, Sha256};
use x509_parser::parse_x509_certificate;

use crate::deal::Timestamp;

/// A certificate with its key, which fit one another.
pub struct ClientCertificate {
    pair: Arc<CertifiedKey>,
    fingerprint: String,
    subject: String,
    names: Vec<String>,
    not_after: Timestamp,
}

/// Which of the two texts is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairPart {
    /// `apiclient_cert.pem`.
    Certificate,
    /// `apiclient_key.pem`.
    Key,
}

/// Why two texts are no certificate with its key. Nothing of them is ever echoed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidClientCertificate {
    /// The `.p12` that holds both.
    #[error("this is a .p12; make the PEM files of it: {FROM_PKCS12} (the password is the mch_id)")]
    Pkcs12(PairPart),
    /// Neither PEM nor a `.p12`.
    #[error("this is no PEM text, which begins with -----BEGIN")]
    NotPem(PairPart),
    /// PEM, but of other things.
    #[error("there is no {} in it", name(*.0))]
    Absent(PairPart),
    /// It looks like what it should be and cannot be read.
    #[error("the {} in it cannot be read", name(*.0))]
    Broken(PairPart),
    /// Each is the other.
    #[error("certificate and key are swapped")]
    Swapped,
    /// The key is protected by a password.
    #[error("the key is encrypted; take the password off: {DECRYPTED}")]
    Encrypted,
    /// The key is that of another certificate.
    #[error("the key does not fit the certificate")]
    Mismatch,
}

/// What makes the PEM pair of the file that WeChat issues, whose ciphers OpenSSL 3 has among its legacy ones only.
pub const FROM_PKCS12: &str = "openssl pkcs12 -legacy -in apiclient_cert.p12 -clcerts -nokeys -out apiclient_cert.pem && \
                               openssl pkcs12 -legacy -in apiclient_cert.p12 -nocerts -nodes -out apiclient_key.pem";
/// What takes a key's password off.
pub const DECRYPTED: &str = "openssl pkey -in apiclient_key.pem -out apiclient_key_plain.pem";

fn name(part: PairPart) -> &'static str {
    match part {
        PairPart::Certificate => "certificate",
        PairPart::Key => "private key",
    }
}

impl ClientCertificate {
    /// A pair of PEM texts: the certificate, with those of its authorities behind it if there are any, and the private key.
    ///
    /// # Errors
    /// When one is not what it should be, or they do not fit one another.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, InvalidClientCertificate> {
        use InvalidClientCertificate::{Absent, Broken, Swapped};
        let [certificate, key] = [certificate, key].map(|text| text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text));
        is_pem(PairPart::Certificate, certificate)?;
        is_pem(PairPart::Key, key)?;
        let chain =
            CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>().map_err(|_| Broken(PairPart::Certificate))?;
        let private = private_key(key);
        let Some(first) = chain.first().cloned() else {
            let is_swapped = private_key(certificate).is_ok() && private == Err(Absent(PairPart::Key));
            return Err(if is_swapped { Swapped } else { Absent(PairPart::Certificate) });
        };
        let (_, x509) = parse_x509_certificate(&first).map_err(|_| Broken(PairPart::Certificate))?;
        Ok(Self {
            pair: Arc::new(fitting(chain, private?)?),
            fingerprint: Sha256::digest(&first).iter().map(|byte| format!("{byte:02x}")).collect(),
            subject: x509.subject().to_string(),
            names: x509.subject().iter_attributes().filter_map(|name| name.as_str().ok().map(str::to_owned)).collect(),
            not_after: DateTime::from_timestamp(x509.validity().not_after.timestamp(), 0).ok_or(Broken(PairPart::Certificate))?,
        })
    }

    /// For a client that shows it, whatever authorities the host asks for.
    pub fn shown(&self) -> Arc<SingleCertAndKey> {
        Arc::new(SingleCertAndKey::from(Arc::clone(&self.pair)))
    }

    /// SHA-256 of the certificate, in hexadecimal: which one it is.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// To whom it was issued, as one line: `C=CN, O=…, CN=1900000109`.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Whether it names this merchant number, in its common name or in another part of the subject. (That WeChat's do is seen and not
    /// documented, so a `false` is worth a warning and no more.)
    pub fn names(&self, mch_id: &str) -> bool {
        self.names.iter().any(|name| name == mch_id)
    }

    /// After when WeChat does not take it.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }
}

/// Shows which one it is, and nothing of the key.
impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientCertificate").field(&self.fingerprint).finish()
    }
}

fn is_pem(part: PairPart, text: &[u8]) -> Result<(), InvalidClientCertificate> {
    if contains(text, b"-----BEGIN ") {
        Ok(())
    } else if is_pkcs12(text) || is_pkcs12_in_base64(text) {
        Err(InvalidClientCertificate::Pkcs12(part))
    } else {
        Err(InvalidClientCertificate::NotPem(part))
    }
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

/// A sequence whose first element is the version 3.
fn is_pkcs12(bytes: &[u8]) -> bool {
    matches!(bytes, [0x30, 0x80, 2, 1, 3, ..] | [0x30, 0x81, _, 2, 1, 3, ..] | [0x30, 0x82, _, _, 2, 1, 3, ..])
}

/// As a `.p12` is often put where only text can stand.
fn is_pkcs12_in_base64(text: &[u8]) -> bool {
    let joined: Vec<_> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64_STANDARD.decode(joined).is_ok_and(|bytes| is_pkcs12(&bytes))
}

fn fitting(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<CertifiedKey, InvalidClientCertificate> {
    use InvalidClientCertificate::{Broken, Mismatch};
    let key = ring::default_provider().key_provider.load_private_key(key).map_err(|_| Broken(PairPart::Key))?;
    let pair = CertifiedKey::new(chain, key);
    match pair.keys_match() {
        Ok(()) => Ok(pair),
        Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(Mismatch),
        Err(_) => Err(Broken(PairPart::Certificate)),
    }
}

fn private_key(text: &[u8]) -> Result<PrivateKeyDer<'static>, InvalidClientCertificate> {
    match PrivateKeyDer::from_pem_slice(text) {
        Ok(key) => Ok(key),
        Err(_) if contains(text, b"ENCRYPTED") => Err(InvalidClientCertificate::Encrypted),
        Err(pem::Error::NoItemsFound) => Err(InvalidClientCertificate::Absent(PairPart::Key)),
        Err(_) => Err(InvalidClientCertificate::Broken(PairPart::Key)),
    }
}

#[cfg(test)]
mod tests;
