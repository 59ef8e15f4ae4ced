//! Control calls about refunds and balances, `/_sim/…`: what a tester decides in the place of WeChat, a bank or the merchant's staff.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::deal::{BeijingTime, Fen, Timestamp};

use super::super::control::{Whose, cannot, moved, refused};
use super::super::orders::Attempt;
use super::super::{CannotPay, Simulator, World};
use super::balance::Payee;
use super::{CannotRefund, RefundState, SimRefund};

pub fn routes() -> Router<Simulator> {
    Router::new()
        .route("/_sim/refunds", get(refunds))
        .route("/_sim/refunds/{out_refund_no}/finish", post(finish))
        .route("/_sim/orders/{out_trade_no}/refund-by-hand", post(refund_by_hand))
        .route("/_sim/balance", get(balance).put(set_balance))
}

/// A refund as `GET /_sim/refunds` shows it.
#[derive(Serialize)]
struct RefundJson<'a> {
    mch_id: &'a str,
    sub_mch_id: Option<&'a str>,
    out_trade_no: &'a str,
    out_refund_no: &'a str,
    refund_id: &'a str,
    refund_fee: i64,
    /// What the payer reads.
    refund_desc: Option<&'a str>,
    refund_status: &'static str,
    source: &'static str,
    notify_url: Option<&'a str>,
    accepted_at: String,
    decided_at: Option<String>,
    attempts: &'a [Attempt],
    next_attempt_at: Option<String>,
}

impl<'a> RefundJson<'a> {
    fn new(refund: &'a SimRefund, next_attempt: Option<&Timestamp>) -> Self {
        let show = |time: Timestamp| BeijingTime::from(time).to_string();
        Self {
            mch_id: &refund.order.mch_id,
            sub_mch_id: refund.order.sub_mch_id.as_deref(),
            out_trade_no: &refund.order.out_trade_no,
            out_refund_no: &refund.out_refund_no,
            refund_id: &refund.refund_id,
            refund_fee: refund.refund_fee.get(),
            refund_desc: refund.parameters.get("refund_desc"),
            refund_status: refund.state.as_str(),
            source: refund.source.as_str(),
            notify_url: refund.notify_url.as_deref(),
            accepted_at: show(refund.accepted_at),
            decided_at: refund.decided_at.map(show),
            attempts: &refund.attempts,
            next_attempt_at: next_attempt.copied().map(show),
        }
    }
}

/// Which refunds are wanted; all of them without a word.
#[derive(Deserialize)]
struct Wanted {
    out_trade_no: Option<String>,
    mch_id: Option<String>,
    sub_mch_id: Option<String>,
    /// At most so many.
    limit: Option<usize>,
}

async fn refunds(State(simulator): State<Simulator>, Query(wanted): Query<Wanted>) -> Response {
    let now = simulator.now();
    let mut world = simulator.world();
    world.decide_due_refunds(now);
    let next = world.next_refund_attempts();
    let is_wanted = |refund: &SimRefund| {
        let number = wanted.out_trade_no.as_deref().unwrap_or(&refund.order.out_trade_no);
        refund.order.is_meant(number, wanted.mch_id.as_deref(), wanted.sub_mch_id.as_deref())
    };
    let refunds = world.refunds.newest_first().filter(|(_, refund)| is_wanted(refund)).take(wanted.limit.unwrap_or(usize::MAX));
    Json(refunds.map(|(place, refund)| RefundJson::new(refund, next.get(&place))).collect::<Vec<_>>()).into_response()
}

#[derive(Deserialize)]
struct Finish {
    state: RefundState,
    mch_id: Option<String>,
    sub_mch_id: Option<String>,
}

async fn finish(State(simulator): State<Simulator>, Path(number): Path<String>, Query(query): Query<Finish>) -> Response {
    let now = simulator.now();
    let mut world = simulator.world();
    let finished = world.choose_refund(&number, query.mch_id.as_deref(), query.sub_mch_id.as_deref()).and_then(|place| {
        world.finish_refund_at(place, query.state, now)?;
        world.refunds.get(place).map(|refund| RefundJson::new(refund, None)).ok_or(CannotRefund::NoSuchRefund)
    });
    match finished {
        Ok(refund) => Json(refund).into_response(),
        Err(error) => cannot_refund(error),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByHand {
    /// Fen; all that is left without it.
    fee: Option<i64>,
    mch_id: Option<String>,
    sub_mch_id: Option<String>,
}

async fn refund_by_hand(State(simulator): State<Simulator>, Path(number): Path<String>, Query(query): Query<ByHand>) -> Response {
    let ByHand { fee, mch_id, sub_mch_id } = query;
    let fee = match fee.map(|fee| Fen::new(fee).ok_or(fee)).transpose() {
        Ok(fee) => fee,
        Err(fee) => return refused(StatusCode::BAD_REQUEST, format!("{fee} fen cannot go back")),
    };
    let now = simulator.now();
    let mut world = simulator.world();
    let order = match (Whose { mch_id, sub_mch_id }).choose(&world, &number) {
        Ok(order) => order,
        Err(error) => return cannot(error),
    };
    match world.refund_order_by_hand(&order, fee, now) {
        Ok(()) => moved(&world, Ok(order)),
        Err(error) => cannot_refund(error),
    }
}

fn cannot_refund(error: CannotRefund) -> Response {
    match error {
        CannotRefund::Which(error) => cannot(error),
        CannotRefund::NoSuchRefund => refused(StatusCode::NOT_FOUND, error.to_string()),
        CannotRefund::Refused(_) | CannotRefund::Decided => refused(StatusCode::CONFLICT, error.to_string()),
    }
}

async fn balance(State(simulator): State<Simulator>, Query(whose): Query<Whose>) -> Response {
    let world = simulator.world();
    match world.choose_payee(whose.mch_id.as_deref(), whose.sub_mch_id.as_deref()) {
        Ok(payee) => balance_of(&world, &payee),
        Err(error) => cannot(error),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewBalance {
    /// Fen.
    balance: i64,
}

async fn set_balance(State(simulator): State<Simulator>, Query(whose): Query<Whose>, new: Bytes) -> Response {
    let new: NewBalance = match serde_json::from_slice(&new) {
        Ok(new) => new,
        Err(error) => return refused(StatusCode::BAD_REQUEST, error.to_string()),
    };
    let mut world = simulator.world();
    match world.choose_payee(whose.mch_id.as_deref(), whose.sub_mch_id.as_deref()) {
        Ok(payee) => {
            world.balances.set(payee.clone(), new.balance);
            balance_of(&world, &payee)
        }
        Err(error) => cannot(error),
    }
}

fn balance_of(world: &World, payee: &Payee) -> Response {
    Json(json!({ "mch_id": payee.0, "sub_mch_id": payee.1, "balance": world.balances.of(payee) })).into_response()
}

impl World {
    /// The one payee that is meant, as far as that is said.
    fn choose_payee(&self, mch_id: Option<&str>, sub_mch_id: Option<&str>) -> Result<Payee, CannotPay> {
        let mut payees: Vec<Payee> = Vec::new();
        for merchant in &self.merchants {
            let own = |sub: Option<&str>| (merchant.mch_id.clone(), sub.map(str::to_owned));
            let subs = merchant.sub_merchants.iter().map(|sub| own(Some(&sub.mch_id)));
            payees.extend(subs.chain(merchant.sub_merchants.is_empty().then(|| own(None))));
        }
        payees.retain(|(mch, sub)| mch_id.is_none_or(|id| mch == id) && sub_mch_id.is_none_or(|id| sub.as_deref() == Some(id)));
        payees.dedup();
        match payees.len() {
            0 => Err(CannotPay::NoSuchMerchant),
            1 => Ok(payees.remove(0)),
            _ => Err(CannotPay::Ambiguous),
        }
    }
}
