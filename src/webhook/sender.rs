//! The way to endpoints: HTTP, or in a simulation a network of its own.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::Url;

use crate::clock::Clock;
use crate::deal::EndpointName;
use crate::resolver::Resolver;
use crate::trust::Trust;

use super::answer::{Answer, Unanswered};
use super::guard::Guard;
use super::http::Http;

/// How long an answer is waited for, from the first look-up of the name to the last byte that is read.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// A message on its way to an endpoint.
#[derive(Clone)]
pub struct Request {
    /// To which.
    pub endpoint: EndpointName,
    /// Where that is.
    pub url: Url,
    /// The headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

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

/// Without what is in it.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}
