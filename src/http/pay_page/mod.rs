//! `GET /pay/{order_id}`: the payer's page. Everything of it is in one answer (style and script inline, allowed by
//! their hashes and nothing else), so a browser that gets the page has it whole, also under a proxy's path of its own: addresses
//! in it are relative. It shows the code without JavaScript too.

mod links;
mod look;
mod message;
mod palette;
mod place;
mod qr;
mod reader;
mod receipt;
mod signs;
mod way;
mod words;

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri, header};
use axum::response::{Html, Response};

use crate::deal::OrderId;
use crate::gateway::GatewayError;
use crate::page::Language;

use super::App;
use super::edge::Begun;
pub use look::Look;
use message::Message;
use place::Place;
use reader::Reader;

pub async fn pay_page(
    State(app): State<Arc<App>>,
    Extension(begun): Extension<Begun>,
    Extension(look): Extension<Arc<Look>>,
    order_id: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Some(order_id) = order_id.ok().and_then(|Path(text)| text.parse::<OrderId>().ok()) else {
        return Message::of(&GatewayError::NotFound).page(&look);
    };
    let gateway = app.gateway.clone();
    let page = match app.serve(begun, async move { gateway.pay_page(order_id).await }).await {
        Ok(Ok(page)) => page,
        Ok(Err(error)) => return Message::of(&error).page(&look),
        Err(no_outcome) => return Message::from(no_outcome).page(&look),
    };
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let played = Place::played(&uri).filter(|_| app.is_demonstration());
    let reader = Reader {
        language: Language::of(&uri, &headers),
        place: played.unwrap_or(Place::of(agent)),
        comes_back: uri.query().is_some_and(|query| query.split('&').any(|pair| pair == "back=h5")),
        now: app.gateway.now(),
        phone: app.phone.as_deref(),
    };
    let (page, has_bridge) = reader.page(&page, &app.page, &look);
    look.dress(Html(page), has_bridge)
}
