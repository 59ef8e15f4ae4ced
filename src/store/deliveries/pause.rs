//! Endpoints that want nothing any more: one that has said 410 Gone is paused, for all instances.

use sqlx::Error;

use crate::deal::{EndpointName, NewAudit, Timestamp};
use crate::store::audit::audited::Audited;
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Change;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

impl Store {
    /// Pauses an endpoint; `false` when it is paused.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn pause_endpoint(&self, endpoint: &EndpointName, now: Timestamp) -> Result<bool, StoreError> {
        match self.engine().change(Pause { endpoint: endpoint.clone(), now }).await.map_err(StoreError::from) {
            Err(StoreError::Conflict) => Ok(false),
            other => Ok(other? == 1),
        }
    }

    /// Lets an endpoint that was paused be delivered to again; `false` when it was not paused.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn resume_endpoint(&self, endpoint: &EndpointName) -> Result<bool, StoreError> {
        Ok(self.engine().change(Resume { endpoint: endpoint.clone() }).await? == 1)
    }

    /// The same, by a user of the console.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn resume_endpoint_by(&self, endpoint: &EndpointName, by: NewAudit) -> Result<bool, StoreError> {
        let change = Resume { endpoint: endpoint.clone() };
        Ok(self.engine().change(Audited { change, entry: Some(by) }).await? == 1)
    }
}

struct Pause {
    endpoint: EndpointName,
    now: Timestamp,
}

impl Change for Pause {
    const NAME: &'static str = "pause endpoint";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        const INSERT: &str = "INSERT INTO webhook_pause (endpoint, paused_at) VALUES (?, ?)";
        conn.change_each(INSERT, rows, |row| Values::of([row.endpoint.as_str().into(), column(row.now).into()])).await
    }
}

struct Resume {
    endpoint: EndpointName,
}

impl Change for Resume {
    const NAME: &'static str = "resume endpoint";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        conn.change_each("DELETE FROM webhook_pause WHERE endpoint = ?", rows, |row| Values::of([row.endpoint.as_str().into()])).await
    }
}
