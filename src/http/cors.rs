//! CORS: which pages of other origins may call the front-end API. Never with credentials: no cookie means anything here.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower::{Layer, ServiceExt};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::config::ServerSettings;

use super::{edge, to_pay};

/// Whose pages may call, and with what.
#[derive(Debug)]
pub struct Pages {
    origins: Vec<HeaderValue>,
    with_loopback: bool,
    layer: CorsLayer,
}

impl Pages {
    /// Those of the configured origins; in a demonstration those of this machine too, so that a page which is being written can be
    /// tried.
    pub fn new(server: &ServerSettings, is_demonstration: bool) -> Self {
        let layer = CorsLayer::new()
            // Whoever is not let in does not come here.
            .allow_origin(AllowOrigin::mirror_request())
            .allow_methods([Method::GET, Method::POST])
            .allow_headers([&[header::CONTENT_TYPE, to_pay::IDEMPOTENCY_KEY], &*server.cors_headers].concat())
            .expose_headers([edge::REQUEST_ID, header::RETRY_AFTER])
            .max_age(Duration::from_secs(600));
        Self { origins: server.cors_origins.clone(), with_loopback: is_demonstration, layer }
    }

    fn let_in(&self, origin: &HeaderValue) -> bool {
        self.origins.contains(origin) || (self.with_loopback && is_loopback(origin))
    }
}

/// Answers preflights, and lets pages read answers. For any other origin, and for whoever is no page, there is no CORS at all.
pub async fn cors(State(pages): State<Arc<Pages>>, request: Request, next: Next) -> Response {
    if request.headers().get(header::ORIGIN).is_some_and(|origin| pages.let_in(origin)) {
        pages.layer.layer(next).oneshot(request).await.into_response()
    } else {
        next.run(request).await
    }
}

/// `http://localhost:5173`, `https://127.0.0.1`, `http://[::1]:8000` …, exactly as browsers write an origin.
fn is_loopback(origin: &HeaderValue) -> bool {
    let Ok(origin) = origin.to_str() else { return false };
    let Some(place) = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) else { return false };
    let rest = ["localhost", "127.0.0.1", "[::1]"].iter().find_map(|host| place.strip_prefix(host));
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|number| number.to_string() == port);
    rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for origin in ["http://localhost", "http://localhost:5173", "https://127.0.0.1:8443", "http://[::1]:3000", "http://127.0.0.1:65535"]
        {
            assert!(is_loopback(&HeaderValue::from_static(origin)), "{origin}");
        }
        for origin in [
            "null",
            "http://localhost.evil.example",
            "http://localhost:5173.evil.example",
            "http://evil.example:8360",
            "http://127.0.0.1.evil.example",
            "http://127.0.0.1@evil.example",
            "http://localhost:",
            "http://localhost:+1",
            "http://localhost:99999",
            "http://localhost/",
            "ftp://localhost",
            "http://[::1",
            "http://[::11]",
            "http://192.168.1.2",
        ] {
            assert!(!is_loopback(&HeaderValue::from_static(origin)), "{origin}");
        }
    }
}
