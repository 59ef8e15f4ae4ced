//! `GET /pay.js`: a script for front ends on any origin, which opens the payer's page in a modal dialog or leads to it.

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use sha2::{Digest, Sha256};

use crate::page;

const SCRIPT: &str = include_str!("pay_js/pay.js");

/// What it is, for caches: a browser asks with it whether there is a new one.
static ETAG: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
    let hash = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Sha256::digest(SCRIPT));
    HeaderValue::from_str(&format!("\"{hash}\"")).ok()
});

pub async fn pay_js(headers: HeaderMap) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
    let is_known = |tag: &HeaderValue| known.split(',').any(|known| known.trim().trim_start_matches("W/").as_bytes() == tag);
    let mut response = page::asset(page::JAVASCRIPT, SCRIPT);
    if ETAG.as_ref().is_some_and(is_known) {
        response = StatusCode::NOT_MODIFIED.into_response();
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    let headers = response.headers_mut();
    ETAG.iter().for_each(|tag| drop(headers.insert(header::ETAG, tag.clone())));
    // It holds no secret, and is of use on other origins only if their browsers hand it over.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_small_and_holds_no_style_in_markup() {
        assert!(SCRIPT.len() <= 8 * 1024, "{} bytes", SCRIPT.len());
        for word in ["innerHTML", ".style.", "style=", "eval(", "import "] {
            assert!(!SCRIPT.contains(word), "{word}: a front end's Content-Security-Policy may forbid it");
        }
    }
}
