//! Looks that are put off because the account of their deals is not configured: by one statement for all that were read.

use sqlx::Error;

use crate::deal::{AccountId, Deal, Timestamp};
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::{Change, Query};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

impl Store {
    /// Puts the looks at these deals off until then, if they are still due.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn postpone(&self, deals: &[Deal], now: Timestamp, until: Timestamp) -> Result<(), StoreError> {
        if !deals.is_empty() {
            self.engine().change(Postpone { ids: deals.iter().map(|deal| deal.id).collect(), now, until }).await?;
        }
        Ok(())
    }

    /// The accounts of the deals that are followed, with how many there are of each; those of the account `default` are not
    /// counted.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn followed_accounts(&self) -> Result<Vec<(AccountId, i64)>, StoreError> {
        let counted = self.engine().report(FollowedAccounts).await?;
        Ok(counted.into_iter().map(|(account, count)| (AccountId::from_column(Some(account)), count)).collect())
    }
}

struct Postpone {
    ids: Vec<i64>,
    now: Timestamp,
    until: Timestamp,
}

impl Change for Postpone {
    const NAME: &'static str = "postpone";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let mut affected = 0;
        for row in rows {
            let ids = row.ids.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
            let (now, until) = (column(row.now), column(row.until));
            affected += conn
                .change_once(format!(
                    "UPDATE deal SET due_at = '{until}', create_at = create_at, update_at = update_at \
                     WHERE id IN ({ids}) AND due_at <= '{now}' AND COALESCE(status, 0) = 0"
                ))
                .await?;
        }
        Ok(affected)
    }
}

struct FollowedAccounts;

impl Query for FollowedAccounts {
    type Answer = Vec<(String, i64)>;
    const NAME: &'static str = "followed accounts";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<(String, i64)>, Error> {
        const SELECT: &str = "SELECT account, COUNT(*) FROM deal \
                              WHERE due_at IS NOT NULL AND account IS NOT NULL AND COALESCE(status, 0) = 0 GROUP BY account";
        conn.rows(SELECT, Values::default()).await
    }
}
