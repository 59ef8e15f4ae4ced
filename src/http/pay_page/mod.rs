//! `GET /pay/{order_id}`: the payer's page. Everything of it is in one answer (style and script inline, allowed by
//! their hashes and nothing else), so a browser that gets the page has it whole, also under a proxy's path of its own: addresses
//! in it are relative. It shows the code without JavaScript too.

mod message;
mod qr;
mod reader;
mod ways;
mod words;

use std::sync::Arc;
use std::sync::LazyLock;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{Html, IntoResponse, Response};

use crate::deal::OrderId;
use crate::gateway::GatewayError;
use crate::page::{self, Language};

use super::App;
use super::edge::Begun;
use message::Message;
use reader::Reader;
use words::Place;

/// With the look that all pages have in common ([`crate::page::BASE_CSS`]).
const STYLE: &str = concat!(include_str!("../../page/base.css"), include_str!("page.css"));
const SCRIPT: &str = include_str!("page.js");

pub async fn pay_page(
    State(app): State<Arc<App>>,
    Extension(begun): Extension<Begun>,
    order_id: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Some(order_id) = order_id.ok().and_then(|Path(text)| text.parse::<OrderId>().ok()) else {
        return Message::of(&GatewayError::NotFound).into_response();
    };
    let gateway = app.gateway.clone();
    let page = match app.serve(begun, async move { gateway.pay_page(order_id).await }).await {
        Ok(Ok(page)) => page,
        Ok(Err(error)) => return Message::of(&error).into_response(),
        Err(no_outcome) => return Message::from(no_outcome).into_response(),
    };
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let reader = Reader { language: Language::of(&uri, &headers), place: Place::of(agent), now: app.gateway.now() };
    secured(Html(reader.page(&page, &app.page)))
}

/// It runs and loads nothing but its own.
fn secured(page: impl IntoResponse) -> Response {
    static POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
        let policy = format!(
            "default-src 'none'; style-src {}; script-src {}; connect-src 'self'; img-src data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            page::source_hash(STYLE),
            page::source_hash(SCRIPT)
        );
        HeaderValue::from_str(&policy).ok()
    });
    page::secured(page, POLICY.clone().unwrap_or(HeaderValue::from_static("default-src 'none'")))
}
