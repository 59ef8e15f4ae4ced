//! `GET /wxPay/events?order_id=…` or `?checkout_id=…`: server-sent events with the state of an order or a checkout, as soon as it
//! changes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};

use crate::gateway::{CheckoutEvents, Events, Gateway, GatewayError};
use crate::listener::Peer;

use super::App;
use super::caller::reach_of;
use super::edge::Begun;
use super::number::{Number, NumberQuery};
use super::query_checkout::QueryCheckoutAnswer;
use super::query_order::QueryOrderAnswer;
use super::refusal::Refusal;

/// A comment so often keeps proxies from closing a quiet stream, and shows us which clients have gone: at the second one to a closed
/// connection the stream ends.
const COMMENT: Duration = Duration::from_secs(15);
/// nginx would keep the events in its buffer.
const UNBUFFERED: [(HeaderName, &str); 2] = [(header::CACHE_CONTROL, "no-store"), (HeaderName::from_static("x-accel-buffering"), "no")];

/// What a page listens to.
enum Watched {
    Order(Events),
    Checkout(CheckoutEvents),
}

impl Watched {
    async fn next(&mut self, gateway: &Gateway) -> Option<Event> {
        let event = Event::default().event("state");
        match self {
            Self::Order(events) => event.json_data(QueryOrderAnswer::new(events.next().await?, gateway.now())),
            Self::Checkout(events) => event.json_data(QueryCheckoutAnswer::new(events.next().await?, gateway.now())),
        }
        .ok()
    }
}

pub async fn events(
    State(app): State<Arc<App>>,
    Extension(begun): Extension<Begun>,
    Extension(Peer(peer)): Extension<Peer>,
    headers: HeaderMap,
    NumberQuery(number): NumberQuery,
) -> Result<Response, Refusal> {
    let payer = app.proxies.client(peer.ip(), &headers);
    // A trusted proxy that names no client tells nothing of the payer.
    let payer = Some(payer).filter(|payer| !app.proxies.is_trusted(*payer));
    let place = app.shares.stream(number.as_str(), payer).ok_or_else(Refusal::unavailable)?;
    let (gateway, reach) = (app.gateway.clone(), reach_of(app.caller(&headers)));
    let watched = async move {
        Ok::<_, Arc<GatewayError>>(match number {
            Number::Order(order_id) => Watched::Order(gateway.events(order_id, &reach).await?),
            Number::Checkout(checkout_id) => Watched::Checkout(gateway.checkout_events(checkout_id, &reach).await?),
        })
    };
    let watched = app.detached(begun.front_end_due(), watched).await??;
    let stopping = app.stopping.clone().cancelled_owned();
    let states = stream::unfold((Arc::clone(&app.gateway), watched, place), |(gateway, mut watched, place)| async {
        let event = watched.next(&gateway).await?;
        Some((Ok::<_, Infallible>(event), (gateway, watched, place)))
    });
    // A stopping service does not wait for payers; their pages ask another instance, or this one when it is back.
    let stream = Sse::new(states.take_until(stopping)).keep_alive(KeepAlive::new().interval(COMMENT));
    Ok((UNBUFFERED, stream).into_response())
}
