//! The hands that move the simulated world: `/_sim/…`. Not part of WeChat.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use crate::deal::Fen;

use super::orders::OrderJson;
use super::switches::{Notify, replaced};
use super::{CannotPay, Simulator, World};

pub fn routes() -> Router<Simulator> {
    Router::new()
        .route("/_sim/orders", get(orders))
        .route("/_sim/orders/{out_trade_no}/pay", post(pay))
        .route("/_sim/orders/{out_trade_no}/fail", post(|state, path| act(state, path, World::fail)))
        .route("/_sim/orders/{out_trade_no}/enter-password", post(|state, path| act(state, path, World::enter_password)))
        .route("/_sim/orders/{out_trade_no}/refund", post(|state, path| act(state, path, World::refund)))
        .route("/_sim/faults", get(faults).put(set_faults))
        .route("/_sim/habits", get(habits).put(set_habits))
        .route("/_sim/stats", get(stats))
}

async fn orders(State(simulator): State<Simulator>) -> Response {
    let world = simulator.world();
    Json(world.orders().map(OrderJson::from).collect::<Vec<_>>()).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payment {
    notify: Option<Notify>,
    /// Fen paid by a coupon.
    coupon: Option<i64>,
}

async fn pay(State(simulator): State<Simulator>, Path(number): Path<String>, Query(payment): Query<Payment>) -> Response {
    let now = simulator.clock.now();
    let mut world = simulator.world();
    let outcome = world.pay(&number, payment.coupon.and_then(Fen::new), payment.notify, now);
    moved(&world, &number, outcome)
}

async fn act(
    State(simulator): State<Simulator>,
    Path(number): Path<String>,
    act: fn(&mut World, &str) -> Result<(), CannotPay>,
) -> Response {
    let mut world = simulator.world();
    let outcome = act(&mut world, &number);
    moved(&world, &number, outcome)
}

fn moved(world: &World, number: &str, outcome: Result<(), CannotPay>) -> Response {
    match (outcome, world.order(number)) {
        (Ok(()), Some(order)) => Json(OrderJson::from(order)).into_response(),
        (Err(error @ CannotPay::NoSuchOrder), _) | (Err(error), None) => refused(StatusCode::NOT_FOUND, error.to_string()),
        (Err(error), _) => refused(StatusCode::CONFLICT, error.to_string()),
        (Ok(()), None) => refused(StatusCode::NOT_FOUND, CannotPay::NoSuchOrder.to_string()),
    }
}

fn refused(status: StatusCode, error: String) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

async fn faults(State(simulator): State<Simulator>) -> Response {
    Json(&simulator.world().faults).into_response()
}

async fn set_faults(State(simulator): State<Simulator>, named: Bytes) -> Response {
    let mut world = simulator.world();
    match serde_json::from_slice(&named).and_then(|named| replaced(&world.faults, named)) {
        Ok(faults) if faults.shares_are_probabilities() => world.faults = faults,
        Ok(_) => return refused(StatusCode::BAD_REQUEST, "shares are from 0 to 1".to_owned()),
        Err(error) => return refused(StatusCode::BAD_REQUEST, error.to_string()),
    }
    Json(&world.faults).into_response()
}

async fn habits(State(simulator): State<Simulator>) -> Response {
    Json(&simulator.world().habits).into_response()
}

async fn set_habits(State(simulator): State<Simulator>, named: Bytes) -> Response {
    let mut world = simulator.world();
    match serde_json::from_slice(&named).and_then(|named| replaced(&world.habits, named)) {
        Ok(habits) => world.habits = habits,
        Err(error) => return refused(StatusCode::BAD_REQUEST, error.to_string()),
    }
    Json(&world.habits).into_response()
}

async fn stats(State(simulator): State<Simulator>) -> Response {
    Json(&simulator.world().stats).into_response()
}
