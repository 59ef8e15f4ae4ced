//! Lists of the deals that have a number, ours or WeChat's: there is one, or hardly more.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{ListedBy, Listing};
use crate::store::engine::connection::Conn;
use crate::store::engine::values::Values;
use crate::store::index_hints::by_index;

use super::listed::{Bounds, ListedRow, filter, place_time};
use super::row::COLUMNS;

/// The rows with the numbers that a listing names, the newest first; `None`: it names none.
pub async fn numbered(listing: &Listing, limit: u32, conn: &mut Conn) -> Result<Option<Vec<ListedRow>>, Error> {
    let (order_id, transaction_id) = (listing.order_id.as_ref().map(|id| id.as_str()), listing.transaction_id.as_deref());
    let (texts, number) = match (order_id, transaction_id) {
        (Some(order_id), _) => (&BY_ORDER, order_id),
        (None, Some(transaction_id)) => (&BY_TRANSACTION, transaction_id),
        (None, None) => return Ok(None),
    };
    let bounds = Bounds::of(listing);
    let mut values = Values::of([number.into(), bounds.from.as_str().into(), bounds.until.as_str().into()]);
    bounds.filter(&mut values);
    values.add(limit);
    let mut rows: Vec<ListedRow> = conn.rows(texts.of(listing.by, conn), values).await?;
    // Collations of old tables find too much.
    rows.retain(|listed| transaction_id.is_none_or(|id| listed.row.transaction_id.as_deref() == Some(id)));
    rows.sort_by_key(|row| std::cmp::Reverse(row.place()));
    Ok(Some(rows))
}

/// A text for each engine and either time.
struct Texts([[LazyLock<String>; 2]; 2]);

impl Texts {
    fn of(&self, by: ListedBy, conn: &Conn) -> &str {
        let Self([mysql, sqlite]) = self;
        let [created, paid] = if let Conn::MySql(_) = conn { mysql } else { sqlite };
        match by {
            ListedBy::Created => created,
            ListedBy::Paid => paid,
        }
    }
}

static BY_ORDER: Texts = Texts([
    [LazyLock::new(|| by_order(true, ListedBy::Created)), LazyLock::new(|| by_order(true, ListedBy::Paid))],
    [LazyLock::new(|| by_order(false, ListedBy::Created)), LazyLock::new(|| by_order(false, ListedBy::Paid))],
]);

static BY_TRANSACTION: Texts = Texts([
    [LazyLock::new(|| by_transaction(true, ListedBy::Created)), LazyLock::new(|| by_transaction(true, ListedBy::Paid))],
    [LazyLock::new(|| by_transaction(false, ListedBy::Created)), LazyLock::new(|| by_transaction(false, ListedBy::Paid))],
]);

/// Of our number.
pub fn by_order(is_mysql: bool, by: ListedBy) -> String {
    text(is_mysql, by, "order_key", "deal_order_key")
}

/// Of WeChat's.
pub fn by_transaction(is_mysql: bool, by: ListedBy) -> String {
    text(is_mysql, by, "transaction_id", "deal_transaction_id")
}

fn text(is_mysql: bool, by: ListedBy, number: &str, index: &str) -> String {
    let table = format!("deal {}", by_index(index, is_mysql));
    let (time, status) = match by {
        ListedBy::Created => ("create_at", ""),
        ListedBy::Paid => ("update_at", " AND status = 1"),
    };
    let (place, filter) = (place_time(time), filter(is_mysql));
    format!("SELECT {place}, {COLUMNS} FROM {table} WHERE {number} = ? AND {time} >= ? AND {time} < ?{status} AND {filter} LIMIT ?")
}
