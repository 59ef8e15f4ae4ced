//! WeChat Pay's API v2 for a direct merchant (普通商户): the client's side of it.
//!
//! `Fields` are signed, sent and verified; `xml` is their wire form; `merchant` knows who we are; `reply` is the one
//! gate through which every answer comes; `notification` reads what WeChat posts to us; `client` makes the calls.
//! The simulator shares `Fields`, `xml` and `sign`, so a mistake in them would cancel out unseen: the vectors of
//! WeChat's own documents pin them (`vectors.rs`).

mod algorithm;
mod client;
mod fields;
mod merchant;
mod metrics;
mod notification;
mod proxy;
pub mod reply;
mod rotation;
mod sign;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod vectors;
pub mod xml;

pub use algorithm::Unconfirmed;
pub use client::{CONNECT, Client, Endpoints, Wire, http_client};
pub use fields::Fields;
pub use merchant::{Merchant, Order, is_sendable};
pub use metrics::CallMetrics;
pub use notification::{Notification, NotificationError, Reading};
pub use proxy::{InvalidProxy, Proxy};
pub use reply::{CloseAnswer, Prepaid, QueryAnswer};
pub use rotation::PreviousKey;
pub use sign::{ApiKey, InvalidApiKey, SignType, SignatureError, Signer};
