//! The HTTP client for endpoints. It knows no redirects, no cookies, no proxies and no compression, and of an answer it reads no more
//! than is kept: what an endpoint says can lead it nowhere and fill nothing.

use std::error::Error;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::task::yield_now;
use tokio::time::{Instant, timeout_at};

use crate::clock::Clock;
use crate::language::is_obeyed;
use crate::resolver::Resolver;
use crate::trust::Trust;

use super::answer::{Answer, Unanswered};
use super::connector::{Connector, NoConnection};
use super::guard::Guard;
use super::request::{PATIENCE, Request};
use super::retry_after::retry_after;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("wechat-pay/", env!("CARGO_PKG_VERSION")));
/// Shorter than the keep-alive of most servers, so that a message seldom meets a connection that is being closed; and a name is looked
/// up anew after it.
const IDLE: Duration = Duration::from_secs(4);
/// So much of a refusal is kept, in bytes.
const KEPT: usize = 1024;
/// So large may the head of an answer be, in bytes, and so many headers it may have.
const LARGEST_HEAD: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;
/// How long the rest of an answer, which is not read, is waited for, so that its connection can be used again.
const LINGER: Duration = Duration::from_millis(100);

/// The HTTP client for an endpoint.
#[derive(Clone)]
pub struct Http {
    connector: Connector,
    client: Client<Connector, Full<Bytes>>,
}

impl Http {
    pub(super) fn new(guard: Guard, trust: &Trust, resolver: Resolver) -> Result<Self, rustls::Error> {
        let connector = Connector::new(guard, trust, resolver)?;
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(16)
            .http1_max_buf_size(LARGEST_HEAD)
            .http1_max_headers(MOST_HEADERS)
            .build(connector.clone());
        Ok(Self { connector, client })
    }

    pub(super) async fn reach(&self, url: &str) -> Result<(), Unanswered> {
        let uri: Uri = url.parse().map_err(|_| Unanswered::Unresolved)?;
        let connecting = self.connector.connect(&uri);
        timeout_at(Instant::now() + PATIENCE, connecting).await.map_or(Err(Unanswered::TooSlow), |reached| reached.map(drop))
    }

    pub(super) async fn post(&self, request: Request, clock: &Clock) -> Answer {
        let deadline = Instant::now() + PATIENCE;
        let Ok(request) = prepared(request) else { return Answer::Unanswered(Unanswered::Unresolved) };
        // One turn of the runtime, in which it hears of idle connections that the endpoint has closed meanwhile.
        yield_now().await;
        match timeout_at(deadline, self.client.request(request)).await {
            Err(_) => Answer::Unanswered(Unanswered::TooSlow),
            Ok(Err(error)) => Answer::Unanswered(cause(&error)),
            Ok(Ok(response)) => read(response, deadline, clock).await,
        }
    }
}

fn prepared(Request { url, headers, body, .. }: Request) -> Result<hyper::Request<Full<Bytes>>, hyper::http::Error> {
    let mut request = hyper::Request::builder().method(Method::POST).uri(url.as_str()).header(USER_AGENT, AGENT);
    for (name, value) in headers {
        let mut value = HeaderValue::try_from(value)?;
        value.set_sensitive(name == "webhook-signature");
        request = request.header(name, value);
    }
    request.body(Full::from(body))
}

/// The status decides, whatever becomes of the body.
async fn read(response: Response<Incoming>, deadline: Instant, clock: &Clock) -> Answer {
    let status = response.status();
    if status.is_success() {
        beginning(response.into_body(), deadline.min(Instant::now() + LINGER)).await;
        return Answer::Taken(status.as_u16());
    }
    let wish = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = wish.and_then(|value| retry_after(value, clock.now()));
    let words = harmless(&beginning(response.into_body(), deadline).await);
    match status.as_u16() {
        410 => Answer::Gone(words),
        status => Answer::Refused { status, words, retry_after },
    }
}

/// The first KiB of a body, as far as it comes.
async fn beginning<B: Body<Data = Bytes> + Unpin>(mut body: B, deadline: Instant) -> Vec<u8> {
    let mut kept = Vec::new();
    while let Ok(Some(Ok(frame))) = timeout_at(deadline, body.frame()).await {
        let chunk = frame.into_data().unwrap_or_default();
        kept.extend_from_slice(&chunk[..chunk.len().min(KEPT - kept.len())]);
        if kept.len() == KEPT {
            break;
        }
    }
    kept
}

/// Text that can be shown in a terminal and in a line of a table.
fn harmless(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut words = String::with_capacity(text.len());
    for c in text.chars().map(|c| if is_obeyed(c) { ' ' } else { c }) {
        if words.len() + c.len_utf8() > KEPT {
            break;
        }
        words.push(c);
    }
    words.truncate(words.trim_end().len());
    words
}

/// What an error comes from.
fn cause(error: &(dyn Error + 'static)) -> Unanswered {
    if let Some(NoConnection(why)) = error.downcast_ref() {
        return *why;
    }
    // What an I/O error wraps is not its source: its source is that one's.
    let within = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    if error.is::<rustls::Error>() || within.is_some_and(|within| within.is::<rustls::Error>()) {
        return Unanswered::Tls;
    }
    error.source().map_or(Unanswered::Broken, cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_an_endpoint_move_no_cursor_and_are_no_longer_than_a_kib() {
        assert_eq!(harmless("茶 sold out\r\n\u{1b}[2J\0\u{202e}!\n\n".as_bytes()), "茶 sold out   [2J  !");
        assert_eq!(harmless(b"\xff\xfeok"), "\u{fffd}\u{fffd}ok");
        for bytes in [vec![b'x'; 2000], vec![0xff; 2000], "茶".repeat(700).into_bytes()] {
            let words = harmless(&bytes);
            assert!((KEPT - 3..=KEPT).contains(&words.len()), "{}", words.len());
        }
    }
}
