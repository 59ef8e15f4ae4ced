//! What was opened, and what of it is paid by now: purchases by the times of their first deals.

use sqlx::Error;

use crate::deal::Hour;
use crate::store::books::Books;
use crate::store::deals::{accounts, sellers};
use crate::store::engine::connection::{Conn, by_engine};
use crate::store::engine::index_hints::by_index;
use crate::store::engine::statement::Query;
use crate::store::error::StoreError;

use super::slice::{Range, Summed, Texts};

/// Purchases that payers began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Purchases {
    /// All of them. The ways to pay one checkout are one, as far as they were begun in the same hour.
    pub opened: i64,
    /// Those that are paid by now.
    pub paid: i64,
}

impl Purchases {
    /// Adds others to them.
    pub fn add(&mut self, more: Self) {
        self.opened += more.opened;
        self.paid += more.paid;
    }
}

impl Books {
    /// What was opened in one hour, and is paid by now.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn purchases_of_hour(&mut self, hour: Hour) -> Result<Purchases, StoreError> {
        let (mut purchases, mut left) = (Purchases::default(), Some(Range::between(hour.begins(), hour.ends())));
        while let Some(range) = left.take() {
            let (slice, ended_at) = self.ask(Opened(range.clone())).await?;
            purchases.add(slice);
            left = ended_at.map(|time| range.behind(time));
        }
        Ok(purchases)
    }
}

/// The first slice of what is left of a range, and where it ended.
struct Opened(Range);

impl Query for Opened {
    type Answer = (Purchases, Option<String>);
    const NAME: &'static str = "purchases opened";

    async fn run(&self, conn: &mut Conn) -> Result<Self::Answer, Error> {
        let (sums, ended_at) = self.0.slice(by_engine!(conn, Texts, new), conn).await?;
        let mut purchases = Purchases::default();
        sums.into_iter().for_each(|(_, opened, paid)| purchases.add(Purchases { opened, paid }));
        Ok((purchases, ended_at))
    }
}

/// Rows of record that WeChat is to be paid by.
pub fn new(is_mysql: bool) -> Texts {
    let table = format!("deal {}", by_index("deal_create_at", is_mysql));
    let (of_accounts, of_sellers) = (accounts::is_in_set(is_mysql), sellers::is_in_set(is_mysql));
    let condition =
        format!("order_key IS NOT NULL AND COALESCE(mode, 0) = 0 AND (? IS NULL OR {of_accounts}) AND (? IS NULL OR {of_sellers})");
    Texts::new(Summed {
        table: &table,
        joined: "",
        kind: "",
        time: "create_at",
        key: "'all'",
        count: "COUNT(DISTINCT COALESCE(checkout_id, order_key))",
        fee: "CASE WHEN status = 1 THEN 1 ELSE 0 END",
        condition: &condition,
    })
}
