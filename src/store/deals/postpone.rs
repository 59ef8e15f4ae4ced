//! Looks that are put off because the account of their deals is not configured: by one statement for all that were read.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{AccountId, Deal, Timestamp};
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::{Change, Query};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::row::ACCOUNT;

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
        Ok(self.engine().report(FollowedAccounts).await?)
    }
}

/// [`Store::followed_accounts`], asked on this connection.
pub async fn followed_accounts(conn: &mut Conn) -> Result<Vec<(AccountId, i64)>, Error> {
    FollowedAccounts.run(conn).await
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

fn count(table: &str) -> String {
    format!(
        "SELECT account, COUNT(*) FROM {table} \
         WHERE due_at > '1970-01-01 00:00:00' AND COALESCE(status, 0) = 0 AND {ACCOUNT} <> 'default' GROUP BY account"
    )
}

impl Query for FollowedAccounts {
    type Answer = Vec<(AccountId, i64)>;
    const NAME: &'static str = "followed accounts";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<(AccountId, i64)>, Error> {
        // Few are on the line, and an optimizer that would not know it would go through all the others.
        static MYSQL: LazyLock<String> = LazyLock::new(|| count("deal FORCE INDEX (deal_due_at)"));
        static SQLITE: LazyLock<String> = LazyLock::new(|| count("deal"));
        let sql = match conn {
            Conn::MySql(_) => &MYSQL,
            Conn::Sqlite(_) => &SQLITE,
        };
        let counted: Vec<(String, i64)> = conn.rows(sql, Values::default()).await?;
        Ok(counted.into_iter().map(|(account, count)| (AccountId::from_column(Some(account)), count)).collect())
    }
}
