//! Codes that are good once: the step of time of the last one that a user has used, which only ever grows.

use sqlx::Error;

use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Change;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

impl Store {
    /// Uses the code of this step of time; `false`: the user has used it, or a later one.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn use_totp_step(&self, user: &str, step: i64) -> Result<bool, StoreError> {
        match self.engine().change(UseStep { user: user.to_owned(), step }).await.map_err(StoreError::from) {
            Ok(changed) => Ok(changed == 1),
            // There is a row, and its step is not an earlier one.
            Err(StoreError::Conflict) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

struct UseStep {
    user: String,
    step: i64,
}

impl UseStep {
    async fn apply_one(&self, conn: &mut Conn) -> Result<u64, Error> {
        const UPDATE: &str = "UPDATE console_totp SET step = ? WHERE user = ? AND step < ?";
        const INSERT: &str = "INSERT INTO console_totp (user, step) VALUES (?, ?)";
        let (user, step) = (self.user.as_str(), self.step);
        match conn.change(UPDATE, Values::of([step.into(), user.into(), step.into()])).await? {
            0 => conn.change(INSERT, Values::of([user.into(), step.into()])).await,
            changed => Ok(changed),
        }
    }
}

impl Change for UseStep {
    const NAME: &'static str = "use totp step";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let mut used = 0;
        for row in rows {
            used += row.apply_one(conn).await?;
        }
        Ok(used)
    }
}
