//! Mutual TLS: the simulated WeChat behind certificates of its own, as its gateway is behind nginx.
//!
//! `certificates` makes and keeps them in a folder, `listener` serves the same API, and `demand` says of which calls a client
//! must show one.

mod certificates;
mod demand;
mod listener;

pub use certificates::{CertificateError, Certificates};
pub use demand::RequireClientCert;
pub(super) use listener::serve;
