//! A report: what waits for an endpoint.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{EndpointName, Timestamp};
use crate::store::columns::{column, time};
use crate::store::engine::connection::Conn;
use crate::store::engine::index_hints::by_index;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

/// What waits for an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Deliveries that are not decided; 100,000 are taken for all, so that the question costs no more when it matters.
    pub waiting: i64,
    /// Since when the one is due that waits longest for its next try; `None`: none is due.
    pub due_since: Option<Timestamp>,
    /// Whether the endpoint has said that it wants no more events.
    pub is_paused: bool,
}

impl Store {
    /// What waits for an endpoint.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn backlog(&self, endpoint: &EndpointName, now: Timestamp) -> Result<Backlog, StoreError> {
        Ok(self.engine().report(Count { endpoint: endpoint.clone(), now }).await?)
    }
}

struct Count {
    endpoint: EndpointName,
    now: Timestamp,
}

fn select(is_mysql: bool) -> String {
    let of_endpoint = format!("FROM webhook_delivery {} WHERE endpoint = ?", by_index("webhook_delivery_due_at", is_mysql));
    format!(
        "SELECT (SELECT COUNT(*) FROM (SELECT id {of_endpoint} AND due_at > '1970-01-01 00:00:00' LIMIT 100000) waiting), \
         (SELECT CAST(due_at AS CHAR(19)) {of_endpoint} AND due_at <= ? ORDER BY due_at LIMIT 1), \
         (SELECT COUNT(*) FROM webhook_pause WHERE endpoint = ?)"
    )
}

impl Query for Count {
    type Answer = Backlog;
    const NAME: &'static str = "backlog";

    async fn run(&self, conn: &mut Conn) -> Result<Backlog, Error> {
        static MYSQL: LazyLock<String> = LazyLock::new(|| select(true));
        static SQLITE: LazyLock<String> = LazyLock::new(|| select(false));
        let sql = if matches!(conn, Conn::MySql(_)) { &MYSQL } else { &SQLITE };
        let endpoint = self.endpoint.as_str();
        let values = Values::of([endpoint.into(), endpoint.into(), column(self.now).into(), endpoint.into()]);
        let rows: Vec<(i64, Option<String>, i64)> = conn.rows(sql, values).await?;
        let (waiting, due_since, paused) = rows.into_iter().next().unwrap_or_default();
        Ok(Backlog { waiting, due_since: time(due_since), is_paused: paused > 0 })
    }
}
