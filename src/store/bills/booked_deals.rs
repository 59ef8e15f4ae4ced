//! Deals that a bill is held against, by their numbers: of each no more than that takes.

use sqlx::Error;
use tracing::warn;

use crate::deal::{AccountId, DealStatus, Fen, Mode, OrderId, Timestamp};
use crate::store::columns::time;
use crate::store::deals::row::charged;
use crate::store::engine::connection::Conn;
use crate::store::engine::sizes::{Texts, parts};
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::line::Numbered;

/// A deal, as a bill is held against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedDeal {
    /// The row's number.
    pub id: i64,
    /// Our number for it.
    pub order_id: OrderId,
    /// Through which account it goes.
    pub account: AccountId,
    /// Our verdict on it.
    pub status: DealStatus,
    /// Whether WeChat can be asked about it.
    pub is_wechats: bool,
    /// What is charged.
    pub charged: Option<Fen>,
    /// WeChat's number of the payment, once paid. Other programs write it too.
    pub transaction_id: Option<String>,
    /// The [`transaction_key()`](crate::deal::transaction_key()) of the payment, once WeChat's signed word is stored.
    pub transaction_key: Option<String>,
    /// When it was paid, once paid.
    pub paid_at: Option<Timestamp>,
}

impl Store {
    /// Those of these deals that there are, a few hundred at most.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn booked_deals(&self, order_ids: Vec<OrderId>) -> Result<Vec<BookedDeal>, StoreError> {
        Ok(readable(self.engine().report(BookedDeals { order_ids }).await?))
    }
}

/// The columns of a [`BookedDealRow`].
pub const COLUMNS: &str = "\
    CAST(id AS SIGNED) AS id, order_id, account, CAST(status AS SIGNED) AS status, CAST(mode AS SIGNED) AS mode, total_fee, \
    price + 0e0 AS price, price_last + 0e0 AS price_last, transaction_id, transaction_key, CAST(update_at AS CHAR(19)) AS paid_at";

/// One row as both engines give it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct BookedDealRow {
    id: i64,
    order_id: String,
    account: Option<String>,
    status: Option<i64>,
    mode: Option<i64>,
    total_fee: Option<i64>,
    price: f64,
    price_last: f64,
    transaction_id: Option<String>,
    transaction_key: Option<String>,
    paid_at: Option<String>,
}

impl Numbered for BookedDealRow {
    fn number(&self) -> i64 {
        self.id
    }
}

impl BookedDealRow {
    /// `None`: no program should have written it.
    fn read(self) -> Option<BookedDeal> {
        let status = DealStatus::from_code(self.status).ok()?;
        Some(BookedDeal {
            id: self.id,
            order_id: self.order_id.parse().ok()?,
            account: AccountId::from_column(self.account),
            status,
            is_wechats: Mode::from_code(self.mode).is_wechat(),
            charged: charged(self.total_fee, self.price, self.price_last),
            transaction_id: self.transaction_id.filter(|id| !id.is_empty()),
            transaction_key: self.transaction_key,
            paid_at: if status == DealStatus::Paid { time(self.paid_at) } else { None },
        })
    }
}

/// The deals of these rows. One that no program should have written hides no other.
pub fn readable(rows: Vec<BookedDealRow>) -> Vec<BookedDeal> {
    let read = |row: BookedDealRow| {
        let (id, deal) = (row.id, row.read());
        if deal.is_none() {
            warn!(row = id, "a deal cannot be read, so no bill is held against it");
        }
        deal
    };
    rows.into_iter().filter_map(read).collect()
}

struct BookedDeals {
    order_ids: Vec<OrderId>,
}

/// Rows of record by their numbers, in lists that are bound: MariaDB takes a JSON text of some hundred apart in a tenth of a second.
pub static SELECT: Texts = Texts::new(|rows| {
    let (table, are_listed) = (rows.table("deal", "deal_order_key"), rows.are("order_key"));
    format!("SELECT {COLUMNS} FROM {table} WHERE {are_listed}")
});

impl Query for BookedDeals {
    type Answer = Vec<BookedDealRow>;
    const NAME: &'static str = "booked deals";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<BookedDealRow>, Error> {
        let mut found = Vec::new();
        for part in parts(&self.order_ids) {
            let mut values = Values::default();
            part.iter().for_each(|order_id| values.add(order_id.as_str()));
            found.extend(conn.rows::<BookedDealRow>(SELECT.of(part.len(), conn), values).await?);
        }
        Ok(found)
    }
}
