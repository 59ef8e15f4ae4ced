//! Checkouts, and their deals, by what they are known by.

use std::sync::LazyLock;

use serde_json::json;
use sqlx::Error;

use crate::deal::{Checkout, CheckoutId, Deal, TradeType};
use crate::store::deals::row::{self as deals, DealRow};
use crate::store::engine::connection::{Conn, by_engine};
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::row::{CheckoutRow, select, select_from};

impl Store {
    /// The checkout of this number.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn find_checkout(&self, checkout_id: &CheckoutId) -> Result<Option<Checkout>, StoreError> {
        Ok(self.find_checkouts([checkout_id]).await?.pop())
    }

    /// Those of these checkouts that there are, in any order.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn find_checkouts<'a>(&self, checkout_ids: impl IntoIterator<Item = &'a CheckoutId>) -> Result<Vec<Checkout>, StoreError> {
        let numbers: Vec<_> = checkout_ids.into_iter().map(CheckoutId::as_str).collect();
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.engine().ask(FindCheckouts::of(&numbers)).await?;
        Ok(rows.into_iter().filter_map(CheckoutRow::into_checkout).collect())
    }

    /// The checkout that a seller made under an idempotency key.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn find_checkout_by_key(&self, merchant_id: i64, key: &str) -> Result<Option<Checkout>, StoreError> {
        let row = self.engine().ask(FindByKey { merchant_id, key: key.to_owned() }).await?;
        Ok(row.and_then(CheckoutRow::into_checkout))
    }

    /// Whether a checkout was made with this nonce of a seller's.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn is_nonce_used_for_checkout(&self, merchant_id: i64, nonce: &str) -> Result<bool, StoreError> {
        Ok(self.engine().ask(IsNonceUsed { merchant_id, nonce: nonce.to_owned() }).await?)
    }

    /// The deals of a checkout, oldest first.
    ///
    /// # Errors
    /// The database is not available, or a row is impossible.
    pub async fn find_attempts(&self, checkout_id: &CheckoutId) -> Result<Vec<Deal>, StoreError> {
        let rows = self.engine().ask(FindAttempts { checkout_id: checkout_id.clone() }).await?;
        rows.into_iter().map(|row| Ok(row.into_deal(self.foreign_clock())?)).collect()
    }

    /// The deal by which a checkout is paid in this way.
    ///
    /// # Errors
    /// The database is not available, or the row is impossible.
    pub async fn find_attempt(&self, checkout_id: &CheckoutId, trade_type: TradeType) -> Result<Option<Deal>, StoreError> {
        let attempts = self.find_attempts(checkout_id).await?;
        Ok(attempts.into_iter().find(|deal| deal.trade_type == trade_type))
    }
}

pub(super) struct FindCheckouts {
    /// As one JSON text: engines limit how many parameters there may be.
    numbers: String,
}

impl FindCheckouts {
    pub(super) fn of(numbers: &[&str]) -> Self {
        Self { numbers: json!(numbers).to_string() }
    }
}

impl Query for FindCheckouts {
    type Answer = Vec<CheckoutRow>;
    const NAME: &'static str = "find checkouts";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<CheckoutRow>, Error> {
        let sql = by_engine!(conn, String, listed);
        conn.rows(sql, Values::of([self.numbers.as_str().into()])).await
    }
}

/// Each is looked up in the unique index, whatever an optimizer thinks of lists.
fn listed(is_mysql: bool) -> String {
    if !is_mysql {
        return select("checkout_id IN (SELECT value FROM json_each(?))");
    }
    let tables = "JSON_TABLE(?, '$[*]' COLUMNS (number VARCHAR(45) PATH '$')) listed \
                  STRAIGHT_JOIN checkout ON checkout_id = CONVERT(number USING ascii) COLLATE ascii_bin";
    select_from(tables, "1 = 1")
}

struct FindByKey {
    merchant_id: i64,
    key: String,
}

impl Query for FindByKey {
    type Answer = Option<CheckoutRow>;
    const NAME: &'static str = "find checkout by key";

    async fn run(&self, conn: &mut Conn) -> Result<Option<CheckoutRow>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| select("merchant_id = ? AND idempotency_key = ?"));
        Ok(conn.rows(&SELECT, Values::of([self.merchant_id.into(), self.key.as_str().into()])).await?.pop())
    }
}

struct IsNonceUsed {
    merchant_id: i64,
    nonce: String,
}

impl Query for IsNonceUsed {
    type Answer = bool;
    const NAME: &'static str = "is nonce used for checkout";

    async fn run(&self, conn: &mut Conn) -> Result<bool, Error> {
        const COUNT: &str = "SELECT COUNT(*) FROM checkout WHERE merchant_id = ? AND signed_nonce = ?";
        let counted: Vec<(i64,)> = conn.rows(COUNT, Values::of([self.merchant_id.into(), self.nonce.as_str().into()])).await?;
        Ok(counted.iter().any(|(count,)| *count > 0))
    }
}

pub(super) struct FindAttempts {
    pub(super) checkout_id: CheckoutId,
}

impl Query for FindAttempts {
    type Answer = Vec<DealRow>;
    const NAME: &'static str = "find attempts";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<DealRow>, Error> {
        static SELECT: LazyLock<String> = LazyLock::new(|| deals::select("checkout_id = ? ORDER BY id"));
        conn.rows(&SELECT, Values::of([self.checkout_id.as_str().into()])).await
    }
}
