//! A report for operators: how the deliveries to endpoints stand, read through a connection on which nothing can be changed.

use sqlx::Error;

use crate::deal::{EndpointName, Timestamp};
use crate::store::columns::{column, time};
use crate::store::engine::connection::Conn;
use crate::store::engine::database_url::DatabaseUrl;
use crate::store::engine::values::Values;
use crate::store::error::{StoreError, not_told};
use crate::store::handle::Store;
use crate::store::open::open_up_to_date;

/// How the deliveries to an endpoint stand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EndpointStanding {
    /// Since when it has wanted no events (410); `None`: it is not paused.
    pub paused_at: Option<Timestamp>,
    /// Deliveries that are not decided.
    pub waiting: i64,
    /// Those of them that have failed.
    pub failing: i64,
    /// Since when the one waits that waits longest.
    pub waiting_since: Option<Timestamp>,
    /// Deliveries that were given up, of events that are kept.
    pub given_up: i64,
    /// What came of the last try of all deliveries that have failed and have not come through since.
    pub last_failure: Option<LastFailure>,
}

/// A try that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastFailure {
    /// When.
    pub at: Timestamp,
    /// The HTTP status; `None`: there was no answer.
    pub status: Option<i64>,
    /// The beginning of a refusal, or why there was no answer.
    pub answer: Option<String>,
}

impl Store {
    /// How the deliveries to these endpoints stand. Nothing is changed, and nothing of a database that is not up to date is told.
    ///
    /// # Errors
    /// The database cannot be opened, or is not up to date.
    pub async fn endpoints(url: &DatabaseUrl, names: &[EndpointName]) -> Result<Vec<EndpointStanding>, StoreError> {
        let mut conn = open_up_to_date(url).await?;
        let mut standings = Vec::with_capacity(names.len());
        for name in names {
            standings.push(read(&mut conn, name.as_str()).await.map_err(|error| not_told(&error))?);
        }
        Ok(standings)
    }
}

/// What comes before all times: a range of an index that leaves out what has none.
const EVER: Timestamp = Timestamp::UNIX_EPOCH;

async fn read(conn: &mut Conn, endpoint: &str) -> Result<EndpointStanding, Error> {
    const PAUSED: &str = "SELECT CAST(paused_at AS CHAR(19)) FROM webhook_pause WHERE endpoint = ?";
    const WAITING: &str = "SELECT COUNT(*), COUNT(CASE WHEN tries > 0 THEN 1 END), CAST(MIN(created_at) AS CHAR(19)) \
                           FROM webhook_delivery WHERE endpoint = ? AND due_at >= ?";
    const GIVEN_UP: &str = "SELECT COUNT(*) FROM webhook_delivery WHERE endpoint = ? AND given_up_at >= ?";
    const LAST_WAITING: &str = "SELECT CAST(tried_at AS CHAR(19)), status, answer FROM webhook_delivery \
                                WHERE endpoint = ? AND due_at >= ? AND tries > 0 ORDER BY tried_at DESC LIMIT 1";
    const LAST_GIVEN_UP: &str = "SELECT CAST(given_up_at AS CHAR(19)), status, answer FROM webhook_delivery \
                                 WHERE endpoint = ? AND given_up_at >= ? ORDER BY given_up_at DESC LIMIT 1";
    let of_it = || Values::of([endpoint.into(), column(EVER).into()]);
    let paused: Vec<(String,)> = conn.rows(PAUSED, Values::of([endpoint.into()])).await?;
    let waiting: Vec<(i64, i64, Option<String>)> = conn.rows(WAITING, of_it()).await?;
    let given_up: Vec<(i64,)> = conn.rows(GIVEN_UP, of_it()).await?;
    let mut failures = Vec::new();
    for sql in [LAST_WAITING, LAST_GIVEN_UP] {
        let rows: Vec<(Option<String>, Option<i64>, Option<String>)> = conn.rows(sql, of_it()).await?;
        failures.extend(rows.into_iter().filter_map(|(at, status, answer)| Some(LastFailure { at: time(at)?, status, answer })));
    }
    let (waiting, failing, since) = waiting.into_iter().next().unwrap_or_default();
    Ok(EndpointStanding {
        paused_at: paused.into_iter().next().and_then(|(at,)| time(Some(at))),
        waiting,
        failing,
        waiting_since: time(since),
        given_up: given_up.first().map_or(0, |(count,)| *count),
        last_failure: failures.into_iter().max_by_key(|failure| failure.at),
    })
}
