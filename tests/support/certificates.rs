//! Client certificates as a merchant has them, in files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use chrono::{Datelike, TimeDelta};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, date_time_ymd};
use wechat_pay::channel::ClientCertificate;
use wechat_pay::clock::Clock;
use wechat_pay::deal::Timestamp;

/// The PEM texts of a new pair for a merchant number, which is good until that day begins.
pub fn pair(mch_id: &str, until: Timestamp) -> [String; 2] {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, mch_id);
    params.not_after = date_time_ymd(until.year(), u8::try_from(until.month()).unwrap(), u8::try_from(until.day()).unwrap());
    let key = KeyPair::generate().unwrap();
    [params.self_signed(&key).unwrap().pem(), key.serialize_pem()]
}

/// One that is good for a year.
pub fn fresh_pair(mch_id: &str) -> [String; 2] {
    pair(mch_id, Clock::System.now() + TimeDelta::days(365))
}

/// Which one it is.
pub fn fingerprint([certificate, key]: &[String; 2]) -> String {
    ClientCertificate::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap().fingerprint().to_owned()
}

/// The two files of a pair.
pub struct Files(pub [PathBuf; 2]);

impl Files {
    pub fn of(folder: &Path, pair: &[String; 2]) -> Self {
        let files = Self(["apiclient_cert.pem", "apiclient_key.pem"].map(|name| folder.join(name)));
        files.write(pair);
        files
    }

    pub fn write(&self, pair: &[String; 2]) {
        for (file, text) in self.0.iter().zip(pair) {
            fs::write(file, text).unwrap();
            fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    /// As variables of `[wechat]`.
    pub fn variables(&self) -> [(&'static str, String); 2] {
        let [certificate, key] = &self.0;
        [("WECHAT__CLIENT_CERT_FILE", certificate.display().to_string()), ("WECHAT__CLIENT_KEY_FILE", key.display().to_string())]
    }
}
