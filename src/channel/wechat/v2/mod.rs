//! WeChat Pay's API v2 for a direct merchant (普通商户), or a service provider's sub-merchant (特约商户): the client's side of it (PROTOCOL.md).
//!
//! `calls` is the table of the calls; `Fields` are signed, sent and verified; `xml` is their wire form; `merchant` knows who we
//! are; `reply` is the one gate through which every answer comes, `payment` and `refund` what it proves; `notification` reads what WeChat
//! posts to us; `bill` reads the bills, and `download` is one on its way; `client` makes the calls over a `transport`, by TLS as `crate::trust` and the merchant's `certificate` have it.
//! The simulator shares `calls`, `Fields`, `xml`, `sign` and `refund_cipher`, so a mistake in them would cancel out unseen: the vectors of
//! WeChat's own documents pin them (`vectors.rs`).

mod algorithm;
pub mod bill;
pub mod calls;
mod certificate;
mod client;
mod download;
mod fields;
mod identity;
mod invoke;
mod merchant;
mod metrics;
mod notification;
mod payment;
mod proxy;
mod refund;
mod refund_cipher;
mod refusal;
pub mod reply;
mod rotation;
mod shown;
mod sign;
#[cfg(test)]
mod testing;
mod transport;
#[cfg(test)]
mod vectors;
pub mod xml;

pub(in crate::channel) use algorithm::confirm;
pub use certificate::{ClientCertificate, DECRYPTED, FROM_PKCS12, InvalidClientCertificate, PairPart};
pub use client::Client;
pub use download::Download;
pub use fields::Fields;
pub use merchant::{Merchant, is_sendable, is_signed_with, numbers_in};
pub(in crate::channel) use merchant::{is_for_address, is_for_payer, is_request_for};
pub use notification::UnverifiedNotice;
pub(in crate::channel) use notification::acknowledgement;
pub use proxy::{InvalidProxy, Proxy};
pub use refund_cipher::RefundCipher;
pub use rotation::PreviousKey;
pub use shown::{ShownField, shown};
pub use sign::{ApiKey, InvalidApiKey, SignType, Signer};
pub use transport::{CONNECT, Endpoints, Http, NoClient, Wire, http_client};
