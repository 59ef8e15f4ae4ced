//! Where a client certificate and its key are written: it is read there at start, and again while the service runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use crate::channel::wechat::v2::ClientCertificate;
use crate::config::error::ConfigError;
use crate::config::mistakes::{ConfigErrors, Mistakes};
use crate::config::secrets;

use super::RawAccount;

/// The keys of its two halves.
pub const CLIENT_CERT: &str = "client_cert";
pub const CLIENT_KEY: &str = "client_key";

/// A client certificate, and where it is written.
#[derive(Debug, Clone)]
pub struct CertificateSettings {
    /// As it was read.
    pub certificate: Arc<ClientCertificate>,
    /// Where it can be read again.
    pub source: CertificateSource,
}

/// Where the halves of a client certificate are written.
#[derive(Debug, Clone)]
pub struct CertificateSource {
    section: String,
    certificate: Written,
    key: Written,
}

/// How one half is given.
#[derive(Debug, Clone)]
pub enum Written {
    /// As a text of the configuration, which is read once.
    Text(SecretString),
    /// In a file of its own.
    File(PathBuf),
}

impl Written {
    /// `None`: it is not given.
    pub fn of(text: &str, place: Option<&Path>) -> Option<Self> {
        match place {
            Some(path) => Some(Self::File(path.to_owned())),
            None => (!text.is_empty()).then(|| Self::Text(text.into())),
        }
    }

    fn read(&self, key: &str) -> Result<Vec<u8>, ConfigError> {
        match self {
            Self::Text(text) => Ok(text.expose_secret().as_bytes().to_vec()),
            Self::File(path) => secrets::bytes(path).map_err(|why| ConfigError::SecretFile { key: key.to_owned(), why }),
        }
    }

    fn file(&self) -> Option<&Path> {
        match self {
            Self::Text(_) => None,
            Self::File(path) => Some(path),
        }
    }
}

impl CertificateSource {
    /// That of a section, if it has one.
    ///
    /// # Errors
    /// One half is given without the other.
    pub fn of(section: &str, certificate: Option<Written>, key: Option<Written>) -> Result<Option<Self>, ConfigError> {
        let half = |given, missing| ConfigError::HalfCertificate { section: section.to_owned(), given, missing };
        match (certificate, key) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some(Self { section: section.to_owned(), certificate, key })),
            (Some(_), None) => Err(half(CLIENT_CERT, CLIENT_KEY)),
            (None, Some(_)) => Err(half(CLIENT_KEY, CLIENT_CERT)),
        }
    }

    /// Reads both, as they are now.
    ///
    /// # Errors
    /// What is wrong with either, or with both together.
    pub fn read(&self) -> Result<ClientCertificate, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let certificate = mistakes.take(self.certificate.read(&format!("{}.{CLIENT_CERT}", self.section)));
        let key = mistakes.take(self.key.read(&format!("{}.{CLIENT_KEY}", self.section)));
        let pair = certificate.zip(key).and_then(|(certificate, key)| {
            let pair = ClientCertificate::from_pem(&certificate, &key);
            mistakes.take(pair.map_err(|why| ConfigError::Certificate { section: self.section.clone(), why }))
        });
        mistakes.or_else(pair)
    }

    /// The files that hold it, none of which may change unnoticed.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        [&self.certificate, &self.key].into_iter().filter_map(Written::file)
    }
}

impl RawAccount {
    pub(super) fn certificate_half(&self) -> Option<Written> {
        Written::of(&self.client_cert, self.client_cert_place.as_deref())
    }

    pub(super) fn key_half(&self) -> Option<Written> {
        Written::of(&self.client_key, self.client_key_place.as_deref())
    }
}
