//! The parameter `order_id`.

use crate::deal::{InvalidOrderId, OrderId};

use super::body::Params;
use super::refusal::Refusal;

/// Its value: a string and never a number, for to MySQL the number 0 equals every text.
pub fn read(params: &Params) -> Result<OrderId, Refusal> {
    params.text("order_id")?.parse().map_err(|error: InvalidOrderId| Refusal::invalid_field("order_id", error.to_string()))
}
