//! A report for operators: how the deliveries to endpoints stand, read through a connection on which nothing can be changed.

use sqlx::Error;

use crate::deal::{EndpointName, Timestamp};
use crate::store::columns::{column, time};
use crate::store::engine::connection::{Conn, by_engine};
use crate::store::engine::database_url::DatabaseUrl;
use crate::store::engine::index_hints::by_index;
use crate::store::engine::statement::Query;
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
            standings.push(read(&mut conn, name.as_str(), i64::MAX).await.map_err(|error| not_told(&error))?);
        }
        Ok(standings)
    }
}

/// What comes before all times: a range of an index that leaves out what has none.
const EVER: Timestamp = Timestamp::UNIX_EPOCH;
/// So many deliveries in each state are taken for all where the answer must not cost more when it matters.
const COUNTED: i64 = 1000;

impl Store {
    /// The same of one endpoint, of a service that runs. Deliveries are counted up to a thousand, and the last failure is one of those
    /// thousand that are due next, or of those given up.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn endpoint_standing(&self, endpoint: &EndpointName) -> Result<EndpointStanding, StoreError> {
        Ok(self.engine().report(Standing(endpoint.clone())).await?)
    }
}

struct Standing(EndpointName);

impl Query for Standing {
    type Answer = EndpointStanding;
    const NAME: &'static str = "endpoint standing";

    async fn run(&self, conn: &mut Conn) -> Result<EndpointStanding, Error> {
        read(conn, self.0.as_str(), COUNTED).await
    }
}

/// The questions about an endpoint's deliveries, each of a range of an index in its order.
pub fn texts(is_mysql: bool) -> [String; 4] {
    let of = |index: &str, time: &str, columns: &str, order: &str| {
        let index = by_index(index, is_mysql);
        format!("(SELECT {columns} FROM webhook_delivery {index} WHERE endpoint = ? AND {time} >= ? ORDER BY {time}{order} LIMIT ?)")
    };
    let waiting = |columns: &str| of("webhook_delivery_due_at", "due_at", columns, "");
    let given_up = |columns: &str| of("webhook_delivery_given_up_at", "given_up_at", columns, " DESC");
    [
        format!(
            "SELECT COUNT(*), COUNT(CASE WHEN tries > 0 THEN 1 END), CAST(MIN(created_at) AS CHAR(19)) FROM {} waiting",
            waiting("tries, created_at")
        ),
        format!("SELECT COUNT(*) FROM {} given_up", given_up("id")),
        format!(
            "SELECT CAST(tried_at AS CHAR(19)), status, answer FROM {} waiting WHERE tries > 0 ORDER BY tried_at DESC LIMIT 1",
            waiting("tries, tried_at, status, answer")
        ),
        format!(
            "SELECT CAST(given_up_at AS CHAR(19)), status, answer FROM {} given_up ORDER BY given_up_at DESC LIMIT 1",
            given_up("given_up_at, status, answer")
        ),
    ]
}

/// How an endpoint's deliveries stand, of which so many in each state are counted.
async fn read(conn: &mut Conn, endpoint: &str, counted: i64) -> Result<EndpointStanding, Error> {
    const PAUSED: &str = "SELECT CAST(paused_at AS CHAR(19)) FROM webhook_pause WHERE endpoint = ?";
    let [count_waiting, count_given_up, last_waiting, last_given_up] = by_engine!(conn, [String; 4], texts);
    let of_it = |counted: i64| Values::of([endpoint.into(), column(EVER).into(), counted.into()]);
    let paused: Vec<(String,)> = conn.rows(PAUSED, Values::of([endpoint.into()])).await?;
    let waiting: Vec<(i64, i64, Option<String>)> = conn.rows(count_waiting, of_it(counted)).await?;
    let given_up: Vec<(i64,)> = conn.rows(count_given_up, of_it(counted)).await?;
    let mut failures = Vec::new();
    for (sql, among) in [(last_waiting, counted), (last_given_up, 1)] {
        let rows: Vec<(Option<String>, Option<i64>, Option<String>)> = conn.rows(sql, of_it(among)).await?;
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
