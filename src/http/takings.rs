//! `GET /wxPay/takings`: what was paid and what went back, by days, sellers, products or accounts.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use tokio::time::timeout;

use crate::auth::Scope;
use crate::deal::{Day, InvalidDay, Reach, TakingsBy, TakingsWish, Timestamp};
use crate::told::ToldTakings;

use super::App;
use super::body::Params;
use super::refusal::Refusal;

/// A year and a day of it.
const MOST_DAYS: u32 = 366;
/// A year of ten million payments takes half of this.
const PATIENCE: Duration = Duration::from_secs(60);

/// The query, not looked at yet: of a caller without a key nothing is.
pub struct TakingsQuery(Params);

impl<S: Send + Sync> FromRequestParts<S> for TakingsQuery {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        Params::read_form(parts.uri.query().unwrap_or_default().as_bytes()).map(Self)
    }
}

impl TakingsQuery {
    fn within(&self, reach: Reach, now: Timestamp) -> Result<TakingsWish, Refusal> {
        let Self(params) = self;
        params.only(&["from", "to", "by"])?;
        let day = |field| {
            let read = |text: &str| text.parse().map_err(|error: InvalidDay| Refusal::invalid_field(field, error.to_string()));
            params.text_if_sent(field)?.map(read).transpose()
        };
        let (from, to): (Option<Day>, Option<Day>) = (day("from")?, day("to")?);
        let to = to.unwrap_or_else(|| Day::of(now));
        let from = from.unwrap_or(to);
        let by = match params.text_if_sent("by")? {
            None | Some("day") => TakingsBy::Day,
            Some("seller") => TakingsBy::Seller,
            Some("product") => TakingsBy::Product,
            Some("account") => TakingsBy::Account,
            Some(_) => return Err(Refusal::invalid_field("by", "day, seller, product or account is expected")),
        };
        match from.days_to(to) {
            0 => Err(Refusal::invalid_field("from", "it is after the last day")),
            days if days > MOST_DAYS => Err(Refusal::invalid_field("from", format!("at most {MOST_DAYS} days are summed up"))),
            _ => Ok(TakingsWish { from, to, by, reach }),
        }
    }
}

/// Not detached: nothing is changed, so for a client that has gone nothing more is asked.
pub async fn takings(State(app): State<Arc<App>>, headers: HeaderMap, query: TakingsQuery) -> Result<Json<ToldTakings>, Refusal> {
    let caller = app.back_end(&headers, Scope::Read)?;
    let wish = query.within(caller.reach().clone(), app.gateway.now())?;
    let _place = app.shares.export(caller.name()).ok_or_else(Refusal::unavailable)?;
    let takings = timeout(PATIENCE, app.gateway.takings(&wish)).await.map_err(|_| Refusal::unavailable())??;
    let takings = takings.ok_or_else(|| Refusal::invalid_field("by", "there are too many for one answer: take fewer days"))?;
    Ok(Json(ToldTakings::from(&takings)))
}
