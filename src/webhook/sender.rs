//! The way to endpoints: HTTP, or in a simulation a network of its own.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::{Client, Url};

use crate::deal::EndpointName;

use super::answer::{Answer, Unanswered};

/// How long an answer is waited for, from the first look-up of the name to the last byte that is read.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);
/// So much of a refusal is kept.
const KEPT: usize = 1024;

/// A message on its way to an endpoint.
#[derive(Debug, Clone)]
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
    Http(Client),
    /// What carries messages in a simulation.
    Wired(Arc<dyn Fn(Request) -> BoxFuture<'static, Answer> + Send + Sync>),
}

impl Sender {
    /// Sends a message.
    pub async fn send(&self, request: Request) -> Answer {
        match self {
            Self::Wired(carry) => carry(request).await,
            Self::Http(client) => match tokio::time::timeout(PATIENCE, post(client, request)).await {
                Ok(answer) => answer,
                Err(_) => Answer::Unanswered(Unanswered::TooSlow),
            },
        }
    }
}

async fn post(client: &Client, Request { url, headers, body, .. }: Request) -> Answer {
    let mut request = client.post(url).body(body);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    match request.send().await {
        Err(_) => Answer::Unanswered(Unanswered::Unreachable),
        Ok(response) if response.status().is_success() => Answer::Taken(response.status().as_u16()),
        Ok(response) => {
            let status = response.status().as_u16();
            let words = beginning(response).await;
            if status == 410 { Answer::Gone(words) } else { Answer::Refused { status, words, retry_after: None } }
        }
    }
}

/// The first KiB of a body, as far as it comes.
async fn beginning(mut response: reqwest::Response) -> String {
    let mut kept = Vec::new();
    while kept.len() < KEPT
        && let Ok(Some(chunk)) = response.chunk().await
    {
        kept.extend_from_slice(&chunk[..chunk.len().min(KEPT - kept.len())]);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}
