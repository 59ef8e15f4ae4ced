//! A private certificate authority, and what it issues: a pair for the server, and one for each merchant (API证书). They are kept as
//! PEM files in one folder, so that a restart changes none.

use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Under which names this machine reaches the server.
const SERVER_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Why there are no certificates.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// A file holds something else.
    #[error("{0} is no certificate or key: delete the folder's files to have them made anew")]
    Content(PathBuf),
    /// None can be made.
    #[error("no certificate can be made: {0}")]
    Making(#[from] rcgen::Error),
}

/// A certificate with its key.
type Pair = (CertificateDer<'static>, PrivateKeyDer<'static>);

/// The server's pair, and whose each client's certificate is.
#[derive(Debug)]
pub struct Certificates {
    pub(super) server: Pair,
    clients: Vec<(CertificateDer<'static>, String)>,
}

impl Certificates {
    /// Those in a folder; what is missing is made: `ca.pem` with `ca-key.pem`, `server.pem` with its key, and a pair for each merchant,
    /// `<mch_id>.pem` with `<mch_id>-key.pem`.
    ///
    /// # Errors
    /// When a file cannot be read or written, or holds something else.
    pub fn in_folder<'a>(folder: &Path, mch_ids: impl IntoIterator<Item = &'a str>) -> Result<Self, CertificateError> {
        fs::create_dir_all(folder).map_err(|error| CertificateError::File(folder.to_owned(), error))?;
        let authority = Authority::in_folder(folder)?;
        let server = authority.pair("server", &SERVER_NAMES, ExtendedKeyUsagePurpose::ServerAuth)?;
        let clients = mch_ids.into_iter().map(|mch_id| {
            let (certificate, _) = authority.pair(mch_id, &[], ExtendedKeyUsagePurpose::ClientAuth)?;
            Ok((certificate, mch_id.to_owned()))
        });
        Ok(Self { server, clients: clients.collect::<Result<_, CertificateError>>()? })
    }

    /// The `mch_id` of the merchant that a certificate was issued to.
    pub(super) fn owner(&self, certificate: &CertificateDer<'_>) -> Option<&str> {
        self.clients.iter().find(|(known, _)| known == certificate).map(|(_, mch_id)| mch_id.as_str())
    }
}

struct Authority<'a> {
    folder: &'a Path,
    issuer: Issuer<'static, KeyPair>,
    /// Then what is left of a former one is worth nothing.
    is_new: bool,
}

impl<'a> Authority<'a> {
    fn in_folder(folder: &'a Path) -> Result<Self, CertificateError> {
        let mut params = named("WeChat Pay simulator CA", &[])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let known = read(&folder.join("ca-key.pem"))?;
        let is_new = known.is_none();
        let key = match known {
            Some(pem) => KeyPair::from_pem(&pem).map_err(|_| CertificateError::Content(folder.join("ca-key.pem")))?,
            None => KeyPair::generate()?,
        };
        if is_new || read(&folder.join("ca.pem"))?.is_none() {
            write(&folder.join("ca.pem"), 0o644, &params.self_signed(&key)?.pem())?;
            write(&folder.join("ca-key.pem"), 0o600, &key.serialize_pem())?;
        }
        Ok(Self { folder, issuer: Issuer::new(params, key), is_new })
    }

    /// The pair of this name, read or issued.
    fn pair(&self, name: &str, hosts: &[&str], usage: ExtendedKeyUsagePurpose) -> Result<Pair, CertificateError> {
        let files = [format!("{name}.pem"), format!("{name}-key.pem")].map(|file| self.folder.join(file));
        let [certificate, key] = match (read(&files[0])?, read(&files[1])?) {
            (Some(certificate), Some(key)) if !self.is_new => [certificate, key],
            _ => {
                let pair = self.issue(name, hosts, usage)?;
                write(&files[0], 0o644, &pair[0])?;
                write(&files[1], 0o600, &pair[1])?;
                pair
            }
        };
        let [certificate_file, key_file] = files;
        Ok((
            CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(|_| CertificateError::Content(certificate_file))?,
            PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| CertificateError::Content(key_file))?,
        ))
    }

    /// A new certificate and its key, as PEM.
    fn issue(&self, name: &str, hosts: &[&str], usage: ExtendedKeyUsagePurpose) -> Result<[String; 2], rcgen::Error> {
        let mut params = named(name, hosts)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        Ok([params.signed_by(&key, &self.issuer)?.pem(), key.serialize_pem()])
    }
}

/// A certificate's content, issued to a name (CN).
fn named(name: &str, hosts: &[&str]) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>())?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

fn read(path: &Path) -> Result<Option<String>, CertificateError> {
    match fs::read_to_string(path) {
        Ok(pem) => Ok(Some(pem)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CertificateError::File(path.to_owned(), error)),
    }
}

fn write(path: &Path, mode: u32, pem: &str) -> Result<(), CertificateError> {
    let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path);
    file.and_then(|mut file| file.write_all(pem.as_bytes())).map_err(|error| CertificateError::File(path.to_owned(), error))
}
