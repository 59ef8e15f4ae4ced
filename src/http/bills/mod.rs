//! `GET /wxPay/bills`: how the books stand to WeChat's bills, by day and account; and the calls below it.

pub mod differences;
pub mod explain;
pub mod file;
mod unpacking;

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::{Extension, Json};
use chrono::TimeDelta;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Caller, Scope};
use crate::deal::{AccountId, Day, InvalidAccountId, InvalidDay, Reach, Timestamp};
use crate::told::ToldBill;

use super::App;
use super::body::Params;
use super::edge::Begun;
use super::query::Query;
use super::refusal::Refusal;

/// A year and a day of it.
const MOST_DAYS: u32 = 366;
/// So many days before the last one the first is, unless it is said.
const USUAL_DAYS: i64 = 7;

/// Bills by day and account, the latest first.
#[derive(Serialize, ToSchema)]
pub struct BillsAnswer {
    /// A day that was never asked for is not there.
    bills: Vec<ToldBill>,
}

/// The first and the last day that are asked for.
fn days(params: &Params, now: Timestamp) -> Result<(Day, Day), Refusal> {
    let day = |field| {
        let read = |text: &str| text.parse().map_err(|error: InvalidDay| Refusal::invalid_field(field, error.to_string()));
        params.text_if_sent(field)?.map(read).transpose()
    };
    let (from, to): (Option<Day>, Option<Day>) = (day("from")?, day("to")?);
    let to = to.unwrap_or_else(|| Day::of(now));
    let from = from.unwrap_or_else(|| Day::of(to.begins() - TimeDelta::days(USUAL_DAYS)));
    match from.days_to(to) {
        0 => Err(Refusal::invalid_field("from", "it is after the last day")),
        days if days > MOST_DAYS => Err(Refusal::invalid_field("from", format!("at most {MOST_DAYS} days are told of"))),
        _ => Ok((from, to)),
    }
}

pub async fn bills(
    State(app): State<Arc<App>>,
    Extension(begun): Extension<Begun>,
    headers: HeaderMap,
    query: Query,
) -> Result<Json<BillsAnswer>, Refusal> {
    let caller = caller(&app, &headers, Scope::Read)?;
    let params = query.of(&["from", "to", "account"])?;
    let (from, to) = days(&params, app.gateway.now())?;
    let reach = narrowed(caller.reach(), account(&params)?);
    let gateway = Arc::clone(&app.gateway);
    let bills = app.serve(begun, async move { gateway.bills(from, to, &reach).await }).await??;
    Ok(Json(BillsAnswer { bills: bills.iter().map(ToldBill::from).collect() }))
}

/// The caller of a call about bills, which tell of all sellers of an account.
fn caller(app: &App, headers: &HeaderMap, scope: Scope) -> Result<Arc<Caller>, Refusal> {
    let caller = app.back_end(headers, scope)?;
    match caller.reach().sellers {
        Some(_) => Err(Refusal::forbidden("a bill tells of all sellers of an account, and the key is limited to some")),
        None => Ok(caller),
    }
}

/// The account that is named, if one is.
fn account(params: &Params) -> Result<Option<AccountId>, Refusal> {
    let account = params.text_if_sent("account")?.map(str::parse).transpose();
    account.map_err(|error: InvalidAccountId| Refusal::invalid_field("account", error.to_string()))
}

/// What a caller may see of the account that it names. One beyond its key is as one that has no bills.
fn narrowed(reach: &Reach, account: Option<AccountId>) -> Reach {
    let Some(account) = account else { return reach.clone() };
    let accounts = if reach.covers_all_of(&account) { vec![account] } else { Vec::new() };
    Reach { accounts: Some(accounts), sellers: reach.sellers.clone() }
}

/// The day that the path names.
fn day_of(date: Result<Path<String>, PathRejection>) -> Result<Day, Refusal> {
    let day = date.map_err(|_| InvalidDay).and_then(|Path(text)| text.parse());
    day.map_err(|error| Refusal::invalid_field("date", error.to_string()))
}
