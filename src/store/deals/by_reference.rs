//! A deal that is asked for by the merchant's own number for it, which several may have.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{Deal, Reach, Reference, Sellers};
use crate::store::engine::connection::Conn;
use crate::store::engine::index_hints::by_index;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::accounts;
use super::find::read;
use super::row::{DealRow, select_from};

impl Store {
    /// The newest deal within reach that has this reference. One beyond it does not hide it.
    ///
    /// # Errors
    /// The database is not available, or the row is impossible.
    pub async fn find_by_reference(&self, reference: &Reference, reach: &Reach) -> Result<Option<Deal>, StoreError> {
        let accounts = reach.accounts.as_ref().map(accounts::set);
        let row = self.engine().ask(FindByReference { reference: reference.clone(), accounts, sellers: reach.sellers.clone() }).await?;
        Ok(read(row, self.foreign_clock())?)
    }
}

struct FindByReference {
    reference: Reference,
    /// An [`accounts::set`].
    accounts: Option<String>,
    sellers: Option<Sellers>,
}

impl Query for FindByReference {
    type Answer = Option<DealRow>;
    const NAME: &'static str = "find by reference";

    /// Each range of sellers is a question of its own: an index answers it, however many deals of others have the reference.
    async fn run(&self, conn: &mut Conn) -> Result<Option<DealRow>, Error> {
        let (reference, accounts) = (self.reference.as_str(), self.accounts.as_deref());
        let values = || Values::of([reference.into(), reference.into(), accounts.into(), accounts.into()]);
        let Some(sellers) = &self.sellers else { return Ok(conn.rows(newest_of_all(conn), values()).await?.pop()) };
        let mut newest: Option<DealRow> = None;
        for range in sellers.ranges() {
            let mut values = values();
            values.extend([(*range.start()).into(), (*range.end()).into()]);
            let found: Vec<DealRow> = conn.rows(newest_of_sellers(conn), values).await?;
            newest = found.into_iter().chain(newest).max_by_key(|row| row.id);
        }
        Ok(newest)
    }
}

fn newest_of_all(conn: &Conn) -> &'static str {
    static MYSQL: LazyLock<String> = LazyLock::new(|| newest(true, "deal_reference", ""));
    static SQLITE: LazyLock<String> = LazyLock::new(|| newest(false, "deal_reference", ""));
    if let Conn::MySql(_) = conn { &MYSQL } else { &SQLITE }
}

fn newest_of_sellers(conn: &Conn) -> &'static str {
    const INDEX: &str = "deal_reference_of_seller";
    const SELLERS: &str = "AND merchant_id BETWEEN ? AND ?";
    static MYSQL: LazyLock<String> = LazyLock::new(|| newest(true, INDEX, SELLERS));
    static SQLITE: LazyLock<String> = LazyLock::new(|| newest(false, INDEX, SELLERS));
    if let Conn::MySql(_) = conn { &MYSQL } else { &SQLITE }
}

/// An optimizer that hopes for one of the newest rows would walk through them all, so it is told the index.
fn newest(is_mysql: bool, index: &str, sellers: &str) -> String {
    let table = format!("deal {}", by_index(index, is_mysql));
    let of_accounts = accounts::is_in_set(is_mysql);
    // Collations take 'A ' for 'A', so the lengths are compared too.
    let condition = format!("reference = ? AND LENGTH(reference) = LENGTH(?) AND order_key IS NOT NULL AND (? IS NULL OR {of_accounts})");
    select_from(&table, &format!("{condition} {sellers} ORDER BY id DESC LIMIT 1"))
}
