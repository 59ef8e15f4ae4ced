//! The one parameter of queryOrder and doCloseOrder.

use axum::extract::{FromRequest, Request};

use crate::deal::OrderId;

use super::body::Params;
use super::refusal::Refusal;

/// `{"order_id":"…"}`, a string and never a number: to MySQL the number 0 equals every text.
pub struct OrderIdParam(pub OrderId);

impl<S: Send + Sync> FromRequest<S> for OrderIdParam {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let params = Params::from_request(request, state).await?;
        let order_id = params.text("order_id")?.parse::<OrderId>();
        order_id.map(Self).map_err(|error| Refusal::invalid_field("order_id", error.to_string()))
    }
}
