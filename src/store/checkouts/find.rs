//! Checkouts, and their deals, by what they are known by.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{Checkout, CheckoutId, Deal, TradeType};
use crate::store::deals::row::{self as deals, DealRow};
use crate::store::engine::connection::{Conn, by_engine};
use crate::store::engine::index_hints::by_index;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::lists::ListTexts;

use super::row::{CheckoutRow, select_from};

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
        let numbers: Vec<_> = checkout_ids.into_iter().map(ToString::to_string).collect();
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.engine().ask(FindCheckouts(numbers)).await?;
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

pub(super) struct FindCheckouts(pub(super) Vec<String>);

impl Query for FindCheckouts {
    type Answer = Vec<CheckoutRow>;
    const NAME: &'static str = "find checkouts";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<CheckoutRow>, Error> {
        static SELECT: ListTexts = ListTexts::new(listed);
        SELECT.rows(&self.0, conn).await
    }
}

/// Each is looked up in the unique index, whatever an optimizer thinks of lists.
pub fn listed(list: &str, is_mysql: bool) -> String {
    select_from(&format!("checkout {}", by_index("checkout_checkout_id", is_mysql)), &format!("checkout_id IN ({list})"))
}

/// Told the index, for to an optimizer a seller's checkouts without a key may look like those with one.
pub fn by_key(is_mysql: bool) -> String {
    let checkout = format!("checkout {}", by_index("checkout_idempotency_key", is_mysql));
    select_from(&checkout, "merchant_id = ? AND idempotency_key = ?")
}

pub fn by_nonce(is_mysql: bool) -> String {
    let index = by_index("checkout_signed_nonce", is_mysql);
    format!("SELECT COUNT(*) FROM checkout {index} WHERE merchant_id = ? AND signed_nonce = ?")
}

struct FindByKey {
    merchant_id: i64,
    key: String,
}

impl Query for FindByKey {
    type Answer = Option<CheckoutRow>;
    const NAME: &'static str = "find checkout by key";

    async fn run(&self, conn: &mut Conn) -> Result<Option<CheckoutRow>, Error> {
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
    const NAME: &'static str = "is nonce used for checkout";

    async fn run(&self, conn: &mut Conn) -> Result<bool, Error> {
        let sql = by_engine!(conn, String, by_nonce);
        let counted: Vec<(i64,)> = conn.rows(sql, Values::of([self.merchant_id.into(), self.nonce.as_str().into()])).await?;
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
