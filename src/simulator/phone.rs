//! The page at `/`: what the payer's WeChat would show, a board of faults, and the story of each order. It lives on the
//! control calls below `/_sim/` and can do nothing that they cannot.

use axum::Router;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use axum::routing::get;

use crate::page::{self, BASE_CSS, CSS, JAVASCRIPT, Language, Value};

use super::Simulator;

pub fn routes() -> Router<Simulator> {
    Router::new()
        .route("/", get(phone))
        .route("/phone/phone.css", get(|| async { page::asset(CSS, [BASE_CSS, include_str!("phone/phone.css")].concat()) }))
        .route("/phone/phone.js", get(|| async { page::asset(JAVASCRIPT, include_str!("phone/phone.js")) }))
}

async fn phone(uri: Uri, headers: HeaderMap) -> Response {
    let language = Language::of(&uri, &headers);
    page::html(page::bilingual(include_str!("phone/phone.html"), language, &[("lang", Value::Text(language.tag()))]))
}
