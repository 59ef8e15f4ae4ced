//! The page at `/`: what the payer's WeChat would show, a board of faults, and the story of each order. It lives on the
//! control calls below `/_sim/` and can do nothing that they cannot.

use axum::Router;
use axum::extract::RawQuery;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;

use crate::page::{self, BASE_CSS, CSS, JAVASCRIPT, Language};

use super::Simulator;

pub fn routes() -> Router<Simulator> {
    Router::new()
        .route("/", get(phone))
        .route("/phone/phone.css", get(|| async { page::asset(CSS, [BASE_CSS, include_str!("phone/phone.css")].concat()) }))
        .route("/phone/phone.js", get(|| async { page::asset(JAVASCRIPT, include_str!("phone/phone.js")) }))
}

async fn phone(RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let language = Language::wanted(query.as_deref(), &headers);
    page::html(page::fill(include_str!("phone/phone.html"), language, &[("lang", language.tag())]))
}
