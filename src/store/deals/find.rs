//! Deals that are asked for by what they are known by.

use std::sync::LazyLock;

use sqlx::Error;
use tracing::warn;

use crate::deal::{Deal, OrderId};
use crate::store::engine::connection::{Conn, by_engine};
use crate::store::engine::index_hints::by_index;
use crate::store::engine::statement::{Purpose, Query};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::lists::ListTexts;
use crate::store::schema::foreign_clock::ForeignClock;

use super::row::{DealRow, ImpossibleRow, select, select_from};

impl Store {
    pub(super) async fn find_claimed(&self, purpose: Purpose, order_id: &OrderId) -> Result<Option<Deal>, StoreError> {
        let row = self.engine().ask_for(purpose, Find(order_id.clone())).await?;
        Ok(read(row, self.foreign_clock())?)
    }

    /// The deal that a merchant opened under an idempotency key.
    ///
    /// # Errors
    /// The database is not available, or the row is impossible.
    pub async fn find_by_key(&self, merchant_id: i64, key: &str) -> Result<Option<Deal>, StoreError> {
        let row = self.engine().ask(FindByKey { merchant_id, key: key.to_owned() }).await?;
        Ok(read(row, self.foreign_clock())?)
    }

    /// Those of these deals that are paid or expired, by one statement for hundreds.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn find_decided(&self, order_ids: &[OrderId]) -> Result<Vec<Deal>, StoreError> {
        let rows = self.engine().ask(FindDecided(numbers(order_ids))).await?;
        Ok(readable(rows, self.foreign_clock()))
    }

    /// Those of these deals that there are, by one statement for hundreds.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn find_all(&self, order_ids: &[OrderId]) -> Result<Vec<Deal>, StoreError> {
        let rows = self.engine().ask(FindAll(numbers(order_ids))).await?;
        Ok(readable(rows, self.foreign_clock()))
    }

    /// Whether a merchant's signed offer with this nonce has opened a deal.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn is_nonce_used(&self, merchant_id: i64, nonce: &str) -> Result<bool, StoreError> {
        Ok(self.engine().ask(IsNonceUsed { merchant_id, nonce: nonce.to_owned() }).await?)
    }
}

fn numbers(order_ids: &[OrderId]) -> Vec<String> {
    order_ids.iter().map(ToString::to_string).collect()
}

/// The deal of a row.
pub fn read(row: Option<DealRow>, clock: ForeignClock) -> Result<Option<Deal>, ImpossibleRow> {
    row.map(|row| row.into_deal(clock)).transpose()
}

/// The deals of these rows. One that no program should have written must not hide the others.
pub fn readable(rows: Vec<DealRow>, clock: ForeignClock) -> Vec<Deal> {
    let readable = |row: DealRow| row.into_deal(clock).inspect_err(|error| warn!(%error, "a deal cannot be read")).ok();
    rows.into_iter().filter_map(readable).collect()
}

/// The row of record of this number.
pub struct Find(pub OrderId);

impl Query for Find {
    type Answer = Option<DealRow>;
    const NAME: &'static str = "find";

    fn key(&self) -> Option<&str> {
        Some(self.0.as_str())
    }

    async fn run(&self, conn: &mut Conn) -> Result<Option<DealRow>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| select("order_key = ?"));
        Ok(conn.rows(&SELECT, Values::of([self.0.as_str().into()])).await?.pop())
    }
}

struct FindByKey {
    merchant_id: i64,
    key: String,
}

impl Query for FindByKey {
    type Answer = Option<DealRow>;
    const NAME: &'static str = "find by key";

    async fn run(&self, conn: &mut Conn) -> Result<Option<DealRow>, Error> {
        let sql = by_engine!(conn, String, by_key);
        Ok(conn.rows(sql, Values::of([self.merchant_id.into(), self.key.as_str().into()])).await?.pop())
    }
}

struct IsNonceUsed {
    merchant_id: i64,
    nonce: String,
}

impl Query for IsNonceUsed {
    type Answer = bool;
    const NAME: &'static str = "is nonce used";

    async fn run(&self, conn: &mut Conn) -> Result<bool, Error> {
        let sql = by_engine!(conn, String, by_nonce);
        let counted: Vec<(i64,)> = conn.rows(sql, Values::of([self.merchant_id.into(), self.nonce.as_str().into()])).await?;
        Ok(counted.iter().any(|(count,)| *count > 0))
    }
}

/// Told the index, for to an optimizer a seller's deals without a key may look like those with one.
pub fn by_key(is_mysql: bool) -> String {
    select_from(&format!("deal {}", by_index("deal_idempotency_key", is_mysql)), "merchant_id = ? AND idempotency_key = ?")
}

pub fn by_nonce(is_mysql: bool) -> String {
    format!("SELECT COUNT(*) FROM deal {} WHERE merchant_id = ? AND signed_nonce = ?", by_index("deal_signed_nonce", is_mysql))
}

/// Which of these are paid or expired.
struct FindDecided(Vec<String>);

impl Query for FindDecided {
    type Answer = Vec<DealRow>;
    const NAME: &'static str = "find decided";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<DealRow>, Error> {
        static SELECT: ListTexts = ListTexts::new(|list, is_mysql| listed(list, "COALESCE(status, 0) <> 0", is_mysql));
        SELECT.rows(&self.0, conn).await
    }
}

/// Which of these there are.
struct FindAll(Vec<String>);

impl Query for FindAll {
    type Answer = Vec<DealRow>;
    const NAME: &'static str = "find all";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<DealRow>, Error> {
        static SELECT: ListTexts = ListTexts::new(|list, is_mysql| listed(list, "1 = 1", is_mysql));
        SELECT.rows(&self.0, conn).await
    }
}

/// Deals of these numbers: each is looked up in the unique index, whatever an optimizer thinks of lists.
pub fn listed(list: &str, condition: &str, is_mysql: bool) -> String {
    let table = format!("deal {}", by_index("deal_order_key", is_mysql));
    select_from(&table, &format!("order_key IN ({list}) AND {condition}"))
}
