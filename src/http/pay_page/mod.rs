//! `GET /pay/{order_id}` and `GET /pay/{checkout_id}`: the payer's page. Everything of it is in one answer (style and script inline, allowed by
//! their hashes and nothing else), so a browser that gets the page has it whole, also under a proxy's path of its own: addresses
//! in it are relative. It shows the code without JavaScript too.

mod checkout;
pub mod login;
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

use crate::deal::{CheckoutId, OrderId};
use crate::gateway::{GatewayError, PayPage};
use crate::listener::Peer;
use crate::page::{self, Language};

use super::App;
use super::edge::Begun;
use checkout::Visitor;
use message::Message;
use reader::Reader;
use words::Place;

/// With the look that all pages have in common ([`crate::page::BASE_CSS`]).
const STYLE: &str = concat!(include_str!("../../page/base.css"), include_str!("page.css"));
const SCRIPT: &str = include_str!("page.js");

pub async fn pay_page(
    State(app): State<Arc<App>>,
    Extension(begun): Extension<Begun>,
    Extension(Peer(peer)): Extension<Peer>,
    number: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let simulated = app.simulator.as_ref().and_then(|_| Place::simulated(&uri));
    let place = simulated.unwrap_or_else(|| Place::of(agent));
    let Ok(Path(number)) = number else { return Message::of(&GatewayError::NotFound).into_response() };
    let shown = match (number.parse::<CheckoutId>(), number.parse::<OrderId>()) {
        (Ok(checkout_id), _) => {
            let address = app.proxies.client(peer.ip(), &headers);
            checkout::page_of(&app, begun, checkout_id, Visitor { place, address, uri: &uri, headers: &headers }).await
        }
        (Err(_), Ok(order_id)) => order_page(&app, begun, order_id).await.map(|page| (page, place)),
        (Err(_), Err(_)) => Err(Message::of(&GatewayError::NotFound).into_response()),
    };
    match shown {
        Ok((page, place)) => {
            let reader = Reader { language: Language::of(&uri, &headers), place, now: app.gateway.now() };
            secured(Html(reader.page(&page, &app.page)))
        }
        Err(response) => response,
    }
}

async fn order_page(app: &App, begun: Begun, order_id: OrderId) -> Result<PayPage, Response> {
    let gateway = app.gateway.clone();
    match app.serve(begun, async move { gateway.pay_page(order_id).await }).await {
        Ok(Ok(page)) => Ok(page),
        Ok(Err(error)) => Err(Message::of(&error).into_response()),
        Err(no_outcome) => Err(Message::from(no_outcome).into_response()),
    }
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
