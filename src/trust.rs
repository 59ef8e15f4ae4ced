//! TLS of the clients: whose word is taken for a host, and what a client shows of itself.

use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, Error, RootCertStore};
use rustls_platform_verifier::Verifier;

/// Certificates of authorities beside the system's, as a simulator behind TLS has one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ExtraRoots(Arc<[CertificateDer<'static>]>);

/// The text is no list of certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("PEM certificates of authorities, at least one")]
pub struct InvalidRoots;

impl ExtraRoots {
    /// Those of a PEM text.
    ///
    /// # Errors
    /// There is none in it, or one that cannot be read.
    pub fn from_pem(text: &[u8]) -> Result<Self, InvalidRoots> {
        let roots: Vec<_> = CertificateDer::pem_slice_iter(text).collect::<Result<_, _>>().map_err(|_| InvalidRoots)?;
        let mut store = RootCertStore::empty();
        roots.iter().cloned().try_for_each(|root| store.add(root)).map_err(|_| InvalidRoots)?;
        if roots.is_empty() { Err(InvalidRoots) } else { Ok(Self(roots.into())) }
    }
}

/// Who is believed: the system's authorities vouch for a host, or one of the extra ones. To read the system's takes time and memory,
/// so clients share it.
#[derive(Debug, Clone)]
pub struct Trust(Arc<Verifier>);

impl Trust {
    /// The system's authorities and these.
    ///
    /// # Errors
    /// There is not one of them.
    pub fn new(ExtraRoots(extra): &ExtraRoots) -> Result<Self, Error> {
        Verifier::new_with_extra_roots(extra.iter().cloned(), Arc::new(ring::default_provider())).map(|verifier| Self(Arc::new(verifier)))
    }

    /// For a client that shows this certificate where it is asked for one.
    ///
    /// # Errors
    /// Never, with the cryptography that there is.
    pub fn tls(&self, shown: Option<Arc<dyn ResolvesClientCert>>) -> Result<ClientConfig, Error> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions()?;
        // Dangerous would be a verifier of another kind: this is the one that the client has by itself.
        let config = config.dangerous().with_custom_certificate_verifier(Arc::clone(&self.0) as Arc<_>);
        let mut config = match shown {
            Some(certificate) => config.with_client_cert_resolver(certificate),
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    #[test]
    fn roots_are_one_certificate_at_least_and_all_of_them_can_be_read() {
        let root = || CertificateParams::new(Vec::new()).unwrap().self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
        let two = ExtraRoots::from_pem((root() + &root()).as_bytes()).unwrap();
        assert_eq!(two.0.len(), 2);
        assert!(Trust::new(&two).is_ok());
        let broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".to_owned();
        for text in ["", "ca.pem", &KeyPair::generate().unwrap().serialize_pem(), &broken, &(root() + &broken)] {
            assert_eq!(ExtraRoots::from_pem(text.as_bytes()), Err(InvalidRoots), "{text}");
        }
    }
}
