//! Control calls of the simulated world, `/_sim/…`: a test's or a page's hands in it. They are no part of WeChat.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use crate::deal::{BeijingTime, Fen};

use super::acts::Act;
use super::orders::{OrderJson, OrderKey, SimOrder};
use super::payers::Payer;
use super::switches::{Notify, replaced};
use super::{CannotPay, Payment, Simulator, World};

pub fn routes() -> Router<Simulator> {
    Router::new()
        .route("/_sim/orders", get(orders))
        .route("/_sim/orders/{out_trade_no}/messages", get(messages))
        .route("/_sim/orders/{out_trade_no}/pay", post(pay))
        .route("/_sim/orders/{out_trade_no}/fail", post(|state, path, whose| act(state, path, whose, Act::Fail)))
        .route("/_sim/orders/{out_trade_no}/enter-password", post(|state, path, whose| act(state, path, whose, Act::EnterPassword)))
        .route("/_sim/orders/{out_trade_no}/walk-away", post(|state, path, whose| act(state, path, whose, Act::WalkAway)))
        .route("/_sim/faults", get(faults).put(set_faults))
        .route("/_sim/habits", get(habits).put(set_habits))
        .route("/_sim/stats", get(stats))
        .route("/_sim/day/next", post(next_day))
}

/// Which orders are wanted; all of them without a word.
#[derive(Deserialize)]
struct Wanted {
    /// At most so many.
    limit: Option<usize>,
    /// Those with this link: what a payer's camera sees.
    code_url: Option<String>,
    /// Those of this number, which several merchants may have.
    out_trade_no: Option<String>,
    mch_id: Option<String>,
    sub_mch_id: Option<String>,
}

async fn orders(State(simulator): State<Simulator>, Query(wanted): Query<Wanted>) -> Response {
    let world = simulator.world();
    let next = world.next_attempts();
    let is_wanted = |order: &&SimOrder| {
        let number = wanted.out_trade_no.as_deref().unwrap_or(&order.out_trade_no);
        (wanted.code_url.is_none() || order.code_url == wanted.code_url)
            && order.key().is_meant(number, wanted.mch_id.as_deref(), wanted.sub_mch_id.as_deref())
    };
    let orders = world.orders().filter(is_wanted);
    let orders = orders.take(wanted.limit.unwrap_or(usize::MAX));
    Json(orders.map(|order| OrderJson::new(order, world.payee(order), next.get(&order.key()))).collect::<Vec<_>>()).into_response()
}

/// Whose order is meant, where its number repeats.
#[derive(Deserialize)]
pub(super) struct Whose {
    pub mch_id: Option<String>,
    pub sub_mch_id: Option<String>,
}

impl Whose {
    pub fn choose(&self, world: &World, number: &str) -> Result<OrderKey, CannotPay> {
        world.choose(number, self.mch_id.as_deref(), self.sub_mch_id.as_deref())
    }
}

/// The messages of one order. There is one also of a number that was asked about and never ordered.
async fn messages(State(simulator): State<Simulator>, Path(number): Path<String>, Query(whose): Query<Whose>) -> Response {
    let world = simulator.world();
    let asked_about = || world.log.spoken_of(&number, whose.mch_id.as_deref(), whose.sub_mch_id.as_deref());
    match whose.choose(&world, &number) {
        Ok(order) => Json(world.log.messages(&order).cloned().unwrap_or_default()).into_response(),
        Err(error @ CannotPay::NoSuchOrder) => match asked_about().and_then(|order| world.log.messages(order)) {
            Some(messages) => Json(messages).into_response(),
            None => cannot(error),
        },
        Err(error) => cannot(error),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PayQuery {
    mch_id: Option<String>,
    sub_mch_id: Option<String>,
    payer: Option<Payer>,
    notify: Option<Notify>,
    /// Fen paid by a coupon.
    coupon: Option<i64>,
    transaction_id: Option<String>,
    signed_by: Option<String>,
}

async fn pay(State(simulator): State<Simulator>, Path(number): Path<String>, Query(query): Query<PayQuery>) -> Response {
    let PayQuery { mch_id, sub_mch_id, payer, notify, coupon, transaction_id, signed_by } = query;
    let is_number = |id: &String| (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
    if !transaction_id.as_ref().is_none_or(is_number) {
        return refused(StatusCode::BAD_REQUEST, "transaction_id has 1 to 32 letters and digits".to_owned());
    }
    let payment = Payment { payer, coupon: coupon.and_then(Fen::new), notify, transaction_id, signed_by };
    let now = simulator.now();
    let mut world = simulator.world();
    let paid = Whose { mch_id, sub_mch_id }.choose(&world, &number).and_then(|order| {
        world.pay_order(&order, payment, now)?;
        Ok(order)
    });
    moved(&world, paid)
}

#[derive(Deserialize)]
struct ActQuery {
    mch_id: Option<String>,
    sub_mch_id: Option<String>,
    payer: Option<Payer>,
}

async fn act(State(simulator): State<Simulator>, Path(number): Path<String>, Query(query): Query<ActQuery>, act: Act) -> Response {
    let ActQuery { mch_id, sub_mch_id, payer } = query;
    let now = simulator.now();
    let mut world = simulator.world();
    let acted = Whose { mch_id, sub_mch_id }.choose(&world, &number).and_then(|order| {
        world.act(&order, act, payer, now)?;
        Ok(order)
    });
    moved(&world, acted)
}

pub(super) fn moved(world: &World, outcome: Result<OrderKey, CannotPay>) -> Response {
    match outcome.and_then(|key| Ok((world.order_by_key(&key).ok_or(CannotPay::NoSuchOrder)?, key))) {
        Ok((order, key)) => Json(OrderJson::new(order, world.payee(order), world.next_attempts().get(&key))).into_response(),
        Err(error) => cannot(error),
    }
}

pub(super) fn cannot(error: CannotPay) -> Response {
    let status = match error {
        CannotPay::NoSuchOrder => StatusCode::NOT_FOUND,
        CannotPay::NoSuchMerchant => StatusCode::BAD_REQUEST,
        CannotPay::Closed | CannotPay::Paid | CannotPay::Expired | CannotPay::TakenUp | CannotPay::AnotherPayer | CannotPay::Ambiguous => {
            StatusCode::CONFLICT
        }
    };
    refused(status, error.to_string())
}

pub(super) fn refused(status: StatusCode, error: String) -> Response {
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

/// A day passes, in the whole world; the clock of its merchants stays as it is.
async fn next_day(State(simulator): State<Simulator>) -> Response {
    let clock = simulator.clock.now();
    simulator.world().day_passes(clock);
    Json(json!({ "now": BeijingTime::from(simulator.now()).to_string() })).into_response()
}

async fn stats(State(simulator): State<Simulator>) -> Response {
    Json(&simulator.world().stats).into_response()
}
