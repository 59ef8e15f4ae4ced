//! A deal that is asked for by the merchant's own number for it, which several may have.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{Deal, Reach, Reference};
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::find::read;
use super::row::{DealRow, select, select_from};

impl Store {
    /// The newest deal within reach that has this reference. One beyond it does not hide it.
    ///
    /// # Errors
    /// The database is not available, or the row is impossible.
    pub async fn find_by_reference(&self, reference: &Reference, reach: &Reach) -> Result<Option<Deal>, StoreError> {
        let accounts = reach.accounts.as_ref().map(|accounts| {
            // No name has a comma in it.
            accounts.iter().map(|account| account.as_str()).collect::<Vec<_>>().join(",")
        });
        let sellers = reach.sellers.as_ref().map(|sellers| {
            let ranges: Vec<_> = sellers.ranges().iter().map(|range| format!("[{},{}]", range.start(), range.end())).collect();
            format!("[{}]", ranges.join(","))
        });
        let row = self.engine().ask(FindByReference { reference: reference.clone(), accounts, sellers }).await?;
        Ok(read(row, self.foreign_clock())?)
    }
}

struct FindByReference {
    reference: Reference,
    /// Separated by commas.
    accounts: Option<String>,
    /// As a JSON text: pairs of the first and the last one of a range.
    sellers: Option<String>,
}

impl Query for FindByReference {
    type Answer = Option<DealRow>;
    const NAME: &'static str = "find by reference";

    async fn run(&self, conn: &mut Conn) -> Result<Option<DealRow>, Error> {
        // Collations take 'A ' for 'A', so the lengths are compared too.
        const NEWEST: &str = "reference = ? AND LENGTH(reference) = LENGTH(?) AND order_key IS NOT NULL";
        static MYSQL: LazyLock<String> = LazyLock::new(|| {
            let condition = format!(
                "{NEWEST} AND (? IS NULL OR FIND_IN_SET(COALESCE(account, 'default'), ?) > 0) \
                 AND (? IS NULL OR EXISTS (SELECT 1 FROM JSON_TABLE(?, '$[*]' COLUMNS (lowest BIGINT PATH '$[0]', highest BIGINT PATH '$[1]')) \
                 allowed WHERE deal.merchant_id BETWEEN lowest AND highest)) ORDER BY id DESC LIMIT 1"
            );
            // An optimizer that hopes for one of the newest rows would walk through them all.
            select_from("deal FORCE INDEX (deal_reference)", &condition)
        });
        static SQLITE: LazyLock<String> = LazyLock::new(|| {
            select(&format!(
                "{NEWEST} AND (? IS NULL OR INSTR(',' || ? || ',', ',' || COALESCE(account, 'default') || ',') > 0) \
                 AND (? IS NULL OR EXISTS (SELECT 1 FROM json_each(?) allowed \
                 WHERE deal.merchant_id BETWEEN json_extract(allowed.value, '$[0]') AND json_extract(allowed.value, '$[1]'))) \
                 ORDER BY id DESC LIMIT 1"
            ))
        });
        let sql = match conn {
            Conn::MySql(_) => &MYSQL,
            Conn::Sqlite(_) => &SQLITE,
        };
        let (reference, accounts, sellers) = (self.reference.as_str(), self.accounts.as_deref(), self.sellers.as_deref());
        let values = [reference.into(), reference.into(), accounts.into(), accounts.into(), sellers.into(), sellers.into()];
        Ok(conn.rows(sql, Values::of(values)).await?.pop())
    }
}
