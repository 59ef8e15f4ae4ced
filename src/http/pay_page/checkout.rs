//! The page of a checkout: by the payer's device it is paid inside WeChat, from a phone's browser, or by scanning.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};

use crate::deal::{Checkout, CheckoutId, Openid, Reach, TradeType};
use crate::gateway::{GatewayError, PayPage, PayerOf};
use crate::http::edge::Begun;
use crate::http::{App, NoOutcome};

use super::login::{lead_to, payer_of};
use super::message::Message;
use super::words::Place;

/// Who asks for a checkout's page.
pub struct Visitor<'a> {
    pub place: Place,
    pub address: IpAddr,
    pub uri: &'a Uri,
    pub headers: &'a HeaderMap,
}

/// What is shown, or where the browser is led.
pub async fn page_of(app: &Arc<App>, begun: Begun, checkout_id: CheckoutId, visitor: Visitor<'_>) -> Result<(PayPage, Place), Response> {
    let refused = |error: &GatewayError| Message::of(error).into_response();
    let checkout = app.gateway.find_checkout(&checkout_id, &Reach::default()).await.map_err(|error| refused(&error))?;
    let openid = payer_of(&app.gateway, &checkout, visitor.headers);
    // Who has a token of this page's is where tokens are given.
    let place = if openid.is_some() { Place::WeChat } else { visitor.place };
    let way = way(app, &checkout, place, openid.as_ref()).map_err(|error| refused(&error))?;
    if way == TradeType::Jsapi
        && openid.is_none()
        && app.gateway.is_open(&checkout)
        && let Some(led) = lead_to(app, &checkout, visitor.uri, 0).map_err(|error| refused(&error))?
    {
        return Err(led);
    }
    let (gateway, payer) = (Arc::clone(&app.gateway), PayerOf { trade_type: way, openid, address: visitor.address });
    match app.serve(begun, async move { gateway.checkout_page(&checkout_id, payer).await }).await {
        Ok(Ok(page)) => Ok((page, place)),
        Ok(Err(error)) => Err(refused(&error)),
        Err(no_outcome @ (NoOutcome::NoRoom | NoOutcome::TooSlow | NoOutcome::Panicked)) => Err(Message::from(no_outcome).into_response()),
    }
}

/// How a payer at this place pays: a code is for every device that has another way not.
fn way(app: &App, checkout: &Checkout, place: Place, openid: Option<&Openid>) -> Result<TradeType, GatewayError> {
    let ways = app.gateway.ways(checkout)?;
    Ok(match place {
        Place::WeChat if ways.jsapi || openid.is_some() => TradeType::Jsapi,
        Place::Phone if ways.mweb => TradeType::Mweb,
        _ => TradeType::Native,
    })
}
