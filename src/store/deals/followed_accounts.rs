//! The accounts that undecided deals and refunds go through.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::AccountId;
use crate::store::engine::connection::Conn;
use crate::store::engine::index_hints::by_index;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::accounts::ACCOUNT;

impl Store {
    /// The accounts of the deals and refunds that are followed, with how many there are of each; those of the account `default` are
    /// not counted.
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

struct FollowedAccounts;

fn count(table: &str) -> String {
    format!(
        "SELECT account, COUNT(*) FROM {table} \
         WHERE due_at > '1970-01-01 00:00:00' AND COALESCE(status, 0) = 0 AND {ACCOUNT} <> 'default' GROUP BY account \
         UNION ALL SELECT account, COUNT(*) FROM refund WHERE state = 'PROCESSING' AND {ACCOUNT} <> 'default' GROUP BY account"
    )
}

impl Query for FollowedAccounts {
    type Answer = Vec<(AccountId, i64)>;
    const NAME: &'static str = "followed accounts";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<(AccountId, i64)>, Error> {
        // Few are on the line, and an optimizer that would not know it would go through all the others.
        static MYSQL: LazyLock<String> = LazyLock::new(|| count(&format!("deal {}", by_index("deal_due_at", true))));
        static SQLITE: LazyLock<String> = LazyLock::new(|| count("deal"));
        let sql = match conn {
            Conn::MySql(_) => &MYSQL,
            Conn::Sqlite(_) => &SQLITE,
        };
        let counted: Vec<(String, i64)> = conn.rows(sql, Values::default()).await?;
        let mut followed = BTreeMap::new();
        for (account, count) in counted {
            *followed.entry(AccountId::from_column(Some(account))).or_default() += count;
        }
        Ok(followed.into_iter().collect())
    }
}
