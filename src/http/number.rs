//! Extractors for what doCloseOrder and events are about: an order, or a checkout.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;

use crate::deal::{CheckoutId, InvalidCheckoutId, OrderId};

use super::body::Params;
use super::order_id;
use super::refusal::Refusal;

/// By `order_id` or by `checkout_id`, one of the two: strings and never numbers.
#[derive(Debug, Clone)]
pub enum Number {
    Order(OrderId),
    Checkout(CheckoutId),
}

impl Number {
    /// As text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Order(order_id) => order_id.as_str(),
            Self::Checkout(checkout_id) => checkout_id.as_str(),
        }
    }

    fn read(params: &Params) -> Result<Self, Refusal> {
        let has = |name| params.names().any(|sent| sent == name);
        match (has("order_id"), has("checkout_id")) {
            (true, true) => Err(Refusal::invalid_field("checkout_id", "either an order_id or a checkout_id is expected, not both")),
            (false, true) => read_checkout_id(params).map(Self::Checkout),
            _ => order_id::read(params).map(Self::Order),
        }
    }
}

/// The value of `checkout_id`.
pub fn read_checkout_id(params: &Params) -> Result<CheckoutId, Refusal> {
    params.text("checkout_id")?.parse().map_err(|error: InvalidCheckoutId| Refusal::invalid_field("checkout_id", error.to_string()))
}

/// In a body.
pub struct NumberParam(pub Number);

impl<S: Send + Sync> FromRequest<S> for NumberParam {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        Number::read(&Params::from_request(request, state).await?).map(Self)
    }
}

/// In a query.
pub struct NumberQuery(pub Number);

impl<S: Send + Sync> FromRequestParts<S> for NumberQuery {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        Number::read(&Params::read_form(parts.uri.query().unwrap_or_default().as_bytes())?).map(Self)
    }
}

/// `{"checkout_id":"…"}`
pub struct CheckoutIdParam(pub CheckoutId);

impl<S: Send + Sync> FromRequest<S> for CheckoutIdParam {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        read_checkout_id(&Params::from_request(request, state).await?).map(Self)
    }
}
