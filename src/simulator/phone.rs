//! The page at `/`: what the payer's WeChat would show, a board of faults, and the story of each order. It lives on the
//! control calls below `/_sim/` and can do nothing that they cannot.

use axum::Router;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use axum::routing::{MethodRouter, get};

use crate::page::{self, BASE_CSS, CSS, JAVASCRIPT, Language, Value};

use super::Simulator;

pub fn routes() -> Router<Simulator> {
    Router::new()
        .route("/", get(phone))
        .route("/phone/phone.css", get(|| async { page::asset(CSS, [BASE_CSS, include_str!("phone/phone.css")].concat()) }))
        .route("/phone/help.js", script(include_str!("phone/help.js")))
        .route("/phone/told.js", script(include_str!("phone/told.js")))
        .route("/phone/refunds.js", script(include_str!("phone/refunds.js")))
        .route("/phone/phone.js", script(include_str!("phone/phone.js")))
}

fn script(text: &'static str) -> MethodRouter<Simulator> {
    get(move || async move { page::asset(JAVASCRIPT, text) })
}

async fn phone(uri: Uri, headers: HeaderMap) -> Response {
    let language = Language::of(&uri, &headers);
    let values = [("lang", Value::Text(language.tag())), ("ribbon", Value::Markup(page::ribbon(language)))];
    page::html(page::bilingual(include_str!("phone/phone.html"), language, &values))
}
