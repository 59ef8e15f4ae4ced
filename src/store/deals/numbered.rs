//! Lists of the deals that have a number, ours or another's: there is one, or hardly more. Of the merchant's own, and of a number's
//! beginning, there may be many: so many are looked through, and no more.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{CheckoutId, ListedBy, Listing, OrderId, Place, Reference};
use crate::store::engine::connection::Conn;
use crate::store::engine::index_hints::by_index;
use crate::store::engine::values::{Value, Values};

use super::listed::{Bounds, ListedRow, filter, place_time};
use super::row::COLUMNS;

/// The rows with the numbers that a listing names, the newest first; `None`: it names none.
pub async fn numbered(listing: &Listing, after: Option<&Place>, limit: u32, conn: &mut Conn) -> Result<Option<Vec<ListedRow>>, Error> {
    let Some(number) = Number::of(listing) else { return Ok(None) };
    let bounds = Bounds::of(listing);
    let after = after.filter(|after| after.time < bounds.until);
    let (until, id) = after.map_or((bounds.until.as_str(), 0), |after| (after.time.as_str(), after.id));
    let mut values = number.values();
    values.extend([bounds.from.as_str().into(), until.into(), until.into(), id.into()]);
    bounds.filter(&mut values);
    values.add(limit);
    let mut rows: Vec<ListedRow> = conn.rows(number.texts().of(listing.by, conn), values).await?;
    // Collations of old tables find too much.
    let transaction_id = listing.transaction_id.as_deref();
    rows.retain(|listed| transaction_id.is_none_or(|id| listed.row.transaction_id.as_deref() == Some(id)));
    rows.sort_by_key(|row| std::cmp::Reverse(row.place()));
    Ok(Some(rows))
}

/// Which number a listing names.
enum Number<'l> {
    Order(&'l OrderId),
    Transaction(&'l str),
    Checkout(&'l CheckoutId),
    Reference(&'l Reference),
    Beginning(&'l OrderId),
}

impl<'l> Number<'l> {
    fn of(listing: &'l Listing) -> Option<Self> {
        let Listing { order_id, transaction_id, checkout_id, reference, beginning, .. } = listing;
        let numbers = [
            order_id.as_ref().map(Self::Order),
            transaction_id.as_deref().map(Self::Transaction),
            checkout_id.as_ref().map(Self::Checkout),
            reference.as_ref().map(Self::Reference),
            beginning.as_ref().map(Self::Beginning),
        ];
        numbers.into_iter().flatten().next()
    }

    fn texts(&self) -> &'static Texts {
        match self {
            Self::Order(_) => &BY_ORDER,
            Self::Transaction(_) => &BY_TRANSACTION,
            Self::Checkout(_) => &BY_CHECKOUT,
            Self::Reference(_) => &BY_REFERENCE,
            Self::Beginning(_) => &BY_BEGINNING,
        }
    }

    fn values(&self) -> Values<'l> {
        match self {
            Self::Order(order_id) => Values::of([order_id.as_str().into()]),
            Self::Transaction(id) => Values::of([(*id).into()]),
            Self::Checkout(checkout_id) => Values::of([checkout_id.as_str().into()]),
            Self::Reference(reference) => Values::of([reference.as_str().into(), reference.as_str().into()]),
            // Behind every character that a number may have.
            Self::Beginning(beginning) => Values::of([beginning.as_str().into(), Value::Text(Some(format!("{beginning}~").into()))]),
        }
    }
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

macro_rules! texts {
    ($of:path) => {
        Texts([
            [LazyLock::new(|| $of(true, ListedBy::Created)), LazyLock::new(|| $of(true, ListedBy::Paid))],
            [LazyLock::new(|| $of(false, ListedBy::Created)), LazyLock::new(|| $of(false, ListedBy::Paid))],
        ])
    };
}

static BY_ORDER: Texts = texts!(by_order);
static BY_TRANSACTION: Texts = texts!(by_transaction);
static BY_CHECKOUT: Texts = texts!(by_checkout);
static BY_REFERENCE: Texts = texts!(by_reference);
static BY_BEGINNING: Texts = texts!(by_beginning);

/// Of our number.
pub fn by_order(is_mysql: bool, by: ListedBy) -> String {
    text("deal_order_key", "order_key = ? AND ", is_mysql, by)
}

/// Of WeChat's.
pub fn by_transaction(is_mysql: bool, by: ListedBy) -> String {
    text("deal_transaction_id", "transaction_id = ? AND ", is_mysql, by)
}

/// Of their checkout's: one for each way to pay it.
pub fn by_checkout(is_mysql: bool, by: ListedBy) -> String {
    text("deal_checkout_way", "checkout_id = ? AND ", is_mysql, by)
}

/// Of the merchant's. Collations take 'A ' for 'A', so the lengths are compared too.
pub fn by_reference(is_mysql: bool, by: ListedBy) -> String {
    looked_through("deal_reference", "reference = ? AND LENGTH(reference) = LENGTH(?)", "id", is_mysql, by)
}

/// Of the beginning of ours.
pub fn by_beginning(is_mysql: bool, by: ListedBy) -> String {
    looked_through("deal_order_key", "order_key >= ? AND order_key < ?", "order_key", is_mysql, by)
}

/// Of the last rows of a range of an index, whatever else is true of them. They are put in order by their times and numbers alone: with
/// whole rows a server would do that on its disk.
fn looked_through(index: &str, range: &str, last: &str, is_mysql: bool, by: ListedBy) -> String {
    const EXAMINED: u32 = 1000;
    let (of_index, time) = (format!("deal {}", by_index(index, is_mysql)), time(by));
    let looked = format!("SELECT id AS looked_id FROM {of_index} WHERE {range} ORDER BY {last} DESC LIMIT {EXAMINED}");
    let fits = fits("", is_mysql, by);
    let chosen = format!(
        "SELECT deal.id AS chosen_id FROM ({looked}) looked JOIN deal ON deal.id = looked.looked_id WHERE {fits} \
         ORDER BY deal.{time} DESC, deal.id DESC LIMIT ?"
    );
    let place = place_time(time);
    format!("SELECT {place}, {COLUMNS} FROM ({chosen}) chosen JOIN deal ON deal.id = chosen.chosen_id")
}

fn time(by: ListedBy) -> &'static str {
    match by {
        ListedBy::Created => "create_at",
        ListedBy::Paid => "update_at",
    }
}

fn text(index: &str, number: &str, is_mysql: bool, by: ListedBy) -> String {
    let (place, fits) = (place_time(time(by)), fits(number, is_mysql, by));
    format!("SELECT {place}, {COLUMNS} FROM deal {} WHERE {fits} LIMIT ?", by_index(index, is_mysql))
}

/// What must be true of a row: its number, its time, and the rest.
fn fits(number: &str, is_mysql: bool, by: ListedBy) -> String {
    let (time, status, filter) = (time(by), if by == ListedBy::Paid { " AND status = 1" } else { "" }, filter(is_mysql));
    format!("{number}{time} >= ? AND {time} <= ? AND ({time} < ? OR id < ?){status} AND {filter}")
}
