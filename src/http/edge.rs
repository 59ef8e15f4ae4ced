//! Middleware around every request: its id, its line in the access log, and an answer where a handler panics.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::{Duration, Instant};
use tracing::field::Empty;
use tracing::{Instrument, error_span, info};

use crate::chance::Chance;
use crate::listener::{Peer, caught};
use crate::trace::TraceContext;

use super::App;
use super::refusal::{Reason, Refusal};

/// The id of a request: taken from the proxy if it is a plain one, drawn otherwise, and in every answer.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Where the answer says to which trace it belongs.
const TRACE_RESPONSE: HeaderName = HeaderName::from_static("traceresponse");

/// Front ends are answered within 8 s, whatever happens behind us.
const FRONT_END: Duration = Duration::from_millis(7800);
/// WeChat waits for five seconds, its network's time included.
const WECHAT: Duration = Duration::from_millis(4300);

/// When a request's head had arrived; its deadlines count from here.
#[derive(Debug, Clone, Copy)]
pub struct Begun(Instant);

impl Begun {
    /// Until when a front end must be answered.
    pub fn front_end_due(self) -> Instant {
        self.0 + FRONT_END
    }

    /// Until when WeChat must be answered.
    pub fn wechat_due(self) -> Instant {
        self.0 + WECHAT
    }
}

/// Gives the request an id, and writes the access log. Paths are logged as routes: whatever a stranger writes into a
/// path stays out of the log.
pub async fn trace(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    request.extensions_mut().insert(Begun(started));
    let id = request.headers().get(&REQUEST_ID).filter(|id| is_plain(id)).cloned();
    let given = traceparent(request.headers());
    let context = given.unwrap_or_else(TraceContext::fresh);
    let id = id.unwrap_or_else(|| {
        // A trace of our own is this request's alone, so its number will do.
        let number = if given.is_some() { TraceContext::fresh() } else { context };
        HeaderValue::try_from(number.to_string()).unwrap_or(HeaderValue::from_static("-"))
    });
    let route = request.extensions().get::<MatchedPath>().cloned();
    let client = request.extensions().get::<Peer>().map(|peer| app.proxies.client(peer.0.ip(), request.headers()));
    let method = request.method().clone();
    // Of the highest level, so that a log of warnings alone says to which request they belong.
    let request_id = id.to_str().unwrap_or("-");
    let span = error_span!("request", request_id, trace_id = %context, caller = Empty, order_id = Empty, account = Empty);
    let work = async move {
        let mut response = next.run(request).await;
        response.headers_mut().insert(REQUEST_ID, id);
        if let Some(step) = given.and_then(|given| HeaderValue::from_str(&given.step(&Chance::System)).ok()) {
            response.headers_mut().insert(TRACE_RESPONSE, step);
        }
        let reason = response.extensions().get::<Reason>().map(|reason| reason.0);
        let elapsed = started.elapsed();
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let client = client.map(tracing::field::display);
        let path = route.as_ref().map_or("-", MatchedPath::as_str);
        info!(%method, route = path, status = response.status().as_u16(), reason, client, elapsed_ms, "served");
        app.metrics.served(route, response.status(), elapsed);
        response
    };
    context.scope(work.instrument(span)).await
}

/// The one that the caller sent, if it is valid and the only one.
fn traceparent(headers: &HeaderMap) -> Option<TraceContext> {
    let mut given = headers.get_all("traceparent").iter();
    let only = given.next().filter(|_| given.next().is_none())?;
    TraceContext::parse(only.to_str().ok()?)
}

fn is_plain(id: &HeaderValue) -> bool {
    (1..=64).contains(&id.len()) && id.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
}

/// A panic becomes an answer that says nothing; the process lives on.
pub async fn catch_panics(request: Request, next: Next) -> Response {
    caught(next.run(request)).await.unwrap_or_else(|| Refusal::internal().into_response())
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_handler_that_panics_is_answered_for_and_the_next_one_is_served() {
        let fault = || async {
            if true {
                panic!("the secret of a deal");
            }
        };
        let router: Router =
            Router::new().route("/fault", get(fault)).route("/fine", get(|| async { "fine" })).layer(from_fn(catch_panics));
        let ask = |path: &str| router.clone().oneshot(Request::get(path).body(axum::body::Body::empty()).unwrap());
        let answer = ask("/fault").await.unwrap();
        assert_eq!(answer.status(), 500);
        let body = axum::body::to_bytes(answer.into_body(), 1000).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains("\"reason\":\"INTERNAL\"") && !body.contains("secret"), "{body}");
        assert_eq!(ask("/fine").await.unwrap().status(), 200);
    }
}
