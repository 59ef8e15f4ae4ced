//! The way to endpoints: HTTP, or in a simulation a network of its own.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::Url;

use crate::clock::Clock;
use crate::resolver::Resolver;
use crate::trust::Trust;

use super::answer::{Answer, Unanswered};
use super::guard::Guard;
use super::http::Http;
use super::request::Request;

/// The way to endpoints.
#[derive(Clone)]
pub enum Sender {
    /// HTTP.
    Http(Http),
    /// What carries messages in a simulation.
    Wired(Arc<dyn Fn(Request) -> BoxFuture<'static, Answer> + Send + Sync>),
}

impl Sender {
    /// HTTP, to addresses that the guard allows, and with TLS to hosts that are trusted. It keeps connections open, so each endpoint
    /// has its own.
    ///
    /// # Errors
    /// Never, with the cryptography that there is.
    pub fn http(guard: Guard, trust: &Trust, resolver: Resolver) -> Result<Self, rustls::Error> {
        Http::new(guard, trust, resolver).map(Self::Http)
    }

    /// Sends a message, and waits for the answer for 15 s at most.
    pub async fn send(&self, request: Request, clock: &Clock) -> Answer {
        match self {
            Self::Wired(carry) => carry(request).await,
            Self::Http(http) => http.post(request, clock).await,
        }
    }

    /// Makes a connection, with TLS for https, and sends nothing.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn reach(&self, url: &Url) -> Result<(), Unanswered> {
        match self {
            Self::Wired(_) => Ok(()),
            Self::Http(http) => http.reach(url.as_str()).await,
        }
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}
