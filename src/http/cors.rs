//! CORS: which pages of other origins may call the front-end API. Never with credentials: no cookie means anything here.

use std::time::Duration;

use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::config::ServerSettings;

use super::{edge, to_pay};

/// The configured origins; in a demonstration those of this machine too, so that a page which is being written can be tried.
/// `None` where no page of another origin may call at all.
pub fn layer(server: &ServerSettings, is_demonstration: bool) -> Option<CorsLayer> {
    let allowed = match (&*server.cors_origins, is_demonstration) {
        ([], false) => return None,
        (origins, false) => AllowOrigin::list(origins.to_vec()),
        (origins, true) => {
            let origins = origins.to_vec();
            AllowOrigin::predicate(move |origin: &HeaderValue, _: &Parts| origins.contains(origin) || is_loopback(origin))
        }
    };
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([&[header::CONTENT_TYPE, to_pay::IDEMPOTENCY_KEY], &*server.cors_headers].concat())
        .expose_headers([edge::REQUEST_ID, header::RETRY_AFTER])
        .max_age(Duration::from_secs(600));
    Some(layer)
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
