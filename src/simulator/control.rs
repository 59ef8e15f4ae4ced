//! Control calls of the simulated world, `/_sim/…`: a test's or a page's hands in it. They are no part of WeChat.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use crate::deal::Fen;

use super::message_log::Message;
use super::orders::OrderJson;
use super::switches::{Notify, replaced};
use super::{CannotPay, Simulator, World};

pub fn routes() -> Router<Simulator> {
    Router::new()
        .route("/_sim/orders", get(orders))
        .route("/_sim/orders/{out_trade_no}/messages", get(messages))
        .route("/_sim/orders/{out_trade_no}/pay", post(pay))
        .route("/_sim/orders/{out_trade_no}/fail", post(|state, path| act(state, path, "fail", World::fail)))
        .route("/_sim/orders/{out_trade_no}/enter-password", post(|state, path| act(state, path, "enter-password", World::enter_password)))
        .route("/_sim/orders/{out_trade_no}/walk-away", post(|state, path| act(state, path, "walk-away", World::walk_away)))
        .route("/_sim/orders/{out_trade_no}/refund", post(|state, path| act(state, path, "refund", World::refund)))
        .route("/_sim/faults", get(faults).put(set_faults))
        .route("/_sim/habits", get(habits).put(set_habits))
        .route("/_sim/stats", get(stats))
}

/// Which orders are wanted; all of them without a word.
#[derive(Deserialize)]
struct Wanted {
    /// At most so many.
    limit: Option<usize>,
    /// Those with this link: what a payer's camera sees.
    code_url: Option<String>,
}

async fn orders(State(simulator): State<Simulator>, Query(wanted): Query<Wanted>) -> Response {
    let world = simulator.world();
    let next = world.next_attempts();
    let orders = world.orders().filter(|order| wanted.code_url.as_ref().is_none_or(|link| order.code_url == *link));
    let orders = orders.take(wanted.limit.unwrap_or(usize::MAX));
    Json(orders.map(|order| OrderJson::new(order, next.get(order.out_trade_no.as_str()))).collect::<Vec<_>>()).into_response()
}

/// The messages of one order. There is one also of a number that was asked about and never ordered.
async fn messages(State(simulator): State<Simulator>, Path(number): Path<String>) -> Response {
    let world = simulator.world();
    match (world.log.messages(&number), world.order(&number)) {
        (Some(messages), _) => Json(messages).into_response(),
        (None, Some(_)) => Json(json!([])).into_response(),
        (None, None) => refused(StatusCode::NOT_FOUND, CannotPay::NoSuchOrder.to_string()),
    }
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
    name: &'static str,
    act: fn(&mut World, &str) -> Result<(), CannotPay>,
) -> Response {
    let now = simulator.clock.now();
    let mut world = simulator.world();
    let outcome = act(&mut world, &number);
    if outcome.is_ok() {
        world.log.note(&number, Message::new(name, now));
    }
    moved(&world, &number, outcome)
}

fn moved(world: &World, number: &str, outcome: Result<(), CannotPay>) -> Response {
    match (outcome, world.order(number)) {
        (Ok(()), Some(order)) => Json(OrderJson::new(order, world.next_attempts().get(number))).into_response(),
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
