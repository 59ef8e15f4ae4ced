//! Extractors for the one parameter of doCloseOrder and events.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;

use crate::deal::{InvalidOrderId, OrderId};

use super::body::Params;
use super::refusal::Refusal;

/// `{"order_id":"…"}`, a string and never a number: to MySQL the number 0 equals every text.
pub struct OrderIdParam(pub OrderId);

impl<S: Send + Sync> FromRequest<S> for OrderIdParam {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        read(&Params::from_request(request, state).await?).map(Self)
    }
}

/// `?order_id=…`
pub struct OrderIdQuery(pub OrderId);

impl<S: Send + Sync> FromRequestParts<S> for OrderIdQuery {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        read(&Params::read_form(parts.uri.query().unwrap_or_default().as_bytes())?).map(Self)
    }
}

/// Its value.
pub fn read(params: &Params) -> Result<OrderId, Refusal> {
    params.text("order_id")?.parse().map_err(|error: InvalidOrderId| Refusal::invalid_field("order_id", error.to_string()))
}
