//! The plan: a row for each day of an account whose bill will be asked for.

use std::collections::HashSet;

use sqlx::Error;

use crate::deal::{AccountId, Day, Timestamp};
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::sizes::{LARGEST, Texts, parts};
use crate::store::engine::statement::{Change, Query};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

impl Store {
    /// Stores those of these bills that have no row yet, each due at its time; how many. Instances that plan at once store each once.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn plan_bills(&self, mut bills: Vec<(AccountId, Day, Timestamp)>) -> Result<u64, StoreError> {
        let days = bills.iter().map(|(_, day, _)| *day);
        let Some((first, last)) = days.clone().min().zip(days.max()) else { return Ok(0) };
        // Nearly always all of them are there, which costs no change.
        let planned = self.engine().ask(Planned { first, last }).await?;
        bills.retain(|(account, day, _)| !planned.contains(&(account.to_string(), day.to_string())));
        let mut stored = 0;
        for bills in bills.chunks(LARGEST) {
            stored += self.engine().change(PlanBills(bills.to_vec())).await?;
        }
        Ok(stored)
    }
}

/// Which bills of a range of days have a row.
struct Planned {
    first: Day,
    last: Day,
}

impl Query for Planned {
    type Answer = HashSet<(String, String)>;
    const NAME: &'static str = "planned bills";

    async fn run(&self, conn: &mut Conn) -> Result<Self::Answer, Error> {
        const SELECT: &str = "SELECT account, day FROM bill WHERE day >= ? AND day <= ?";
        let (first, last) = (self.first.to_string(), self.last.to_string());
        let rows: Vec<(String, String)> = conn.rows(SELECT, Values::of([first.as_str().into(), last.as_str().into()])).await?;
        Ok(rows.into_iter().collect())
    }
}

struct PlanBills(Vec<(AccountId, Day, Timestamp)>);

impl PlanBills {
    async fn insert(bills: &[(AccountId, Day, Timestamp)], conn: &mut Conn) -> Result<u64, Error> {
        // Another instance may have planned the same meanwhile.
        static INSERT: Texts = Texts::new(|rows| {
            let (ignore, values) = (if rows.is_mysql() { "IGNORE" } else { "OR IGNORE" }, rows.list("(?, ?, ?, 0, 0, 0, 0, 0, 0, 0)"));
            format!(
                "INSERT {ignore} INTO bill (account, day, due_at, payments, paid_fee, refunds, refunded_fee, fee, differences, unlisted) \
                 VALUES {values}"
            )
        });
        let days: Vec<_> = bills.iter().map(|(_, day, _)| day.to_string()).collect();
        let mut values = Values::default();
        for ((account, _, due_at), day) in bills.iter().zip(&days) {
            values.extend([account.as_str().into(), day.as_str().into(), column(*due_at).into()]);
        }
        conn.change(INSERT.of(bills.len(), conn), values).await
    }
}

impl Change for PlanBills {
    const NAME: &'static str = "plan bills";
    const YIELDS: bool = true;

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let mut affected = 0;
        for row in rows {
            for part in parts(&row.0) {
                affected += Self::insert(part, conn).await?;
            }
        }
        Ok(affected)
    }
}
