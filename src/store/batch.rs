//! Statements of one kind that waited at the same time, carried out as one: a multi-row change and a multi-row insert of
//! its events, in one transaction. A commit costs the same whether it holds one row or sixty-four.
//!
//! A batch is all or nothing: unless every row of it changes, it is rolled back. Payments that would change nothing (most
//! are repeats) are then left out, once; if that does not help, or a unique index refuses a row, the batch is taken apart
//! and each goes by itself, so that only the bad one fails. No row changes without its event, and none of it is told
//! before the commit that holds it.
//!
//! The values of an UPDATE hang on `CASE order_key`, its rows on `order_key IN`: a join with a derived table, JSON_TABLE,
//! and single updates in one transaction were all slower when measured. The texts are made for some numbers of rows, so
//! that each is prepared once; other numbers are put together from these.

use std::sync::LazyLock;

use sqlx::Error;

use crate::channel::ProvenPayment;
use crate::deal::Timestamp;

use super::PrepayNote;
use super::connection::{Conn, on_conn};
use super::statement::{BatchKind, Statement};
use super::values::{EVENT_COLUMNS, Letters, bind_event, column, text};

/// Rows of the largest batch: beyond it the statement grows faster than the commit is shared.
pub const LARGEST: usize = 64;
/// The numbers of rows that there are statements for.
const SIZES: [usize; 12] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, LARGEST];

/// The largest of them that so many rows fill.
pub fn size_for(rows: usize) -> usize {
    SIZES[place_of(rows)]
}

fn place_of(rows: usize) -> usize {
    SIZES.iter().rposition(|size| *size <= rows).unwrap_or_default()
}

/// The rows that a statement changes, with everything bound that the block binds.
macro_rules! affected {
    ($conn:expr, $text:expr, $query:ident => $bind:block) => {
        Ok(on_conn!($conn, c => {
            let mut $query = sqlx::query($text.as_str());
            $bind
            $query.execute(&mut *c).await?.rows_affected()
        }))
    };
}

/// Binds one `CASE order_key`: the order id and the value of each row.
macro_rules! bind_cases {
    ($query:ident, $rows:ident, $pair:expr) => {
        for (order_id, value) in $rows.iter().map($pair) {
            $query = $query.bind(order_id).bind(value);
        }
    };
}

/// What came of a batch.
#[derive(Debug)]
pub enum Batched {
    /// Committed: the rows that each of its statements changed.
    Done(Vec<u64>),
    /// Nothing was changed; each must go by itself.
    Apart,
}

/// Carries out statements of one kind about different orders.
pub async fn execute(kind: BatchKind, batch: &[&Statement], conn: &mut Conn, instance: &str) -> Result<Batched, Error> {
    if change_all(kind, batch, conn, instance).await? {
        return Ok(Batched::Done(vec![1; batch.len()]));
    }
    if kind != BatchKind::Payments {
        return Ok(Batched::Apart);
    }
    let unpaid = unpaid(batch, conn).await?;
    let is_unpaid = |statement: &&Statement| {
        statement.journaled_event().is_some_and(|event| unpaid.iter().any(|unpaid| unpaid == event.order_id.as_str()))
    };
    let left: Vec<_> = batch.iter().copied().filter(is_unpaid).collect();
    if left.len() == batch.len() || !(left.is_empty() || change_all(kind, &left, conn, instance).await?) {
        return Ok(Batched::Apart);
    }
    Ok(Batched::Done(batch.iter().map(|statement| u64::from(is_unpaid(statement))).collect()))
}

/// `false`: not every row would have changed, so none has.
async fn change_all(kind: BatchKind, batch: &[&Statement], conn: &mut Conn, instance: &str) -> Result<bool, Error> {
    conn.begin().await?;
    let outcome = async {
        for part in parts(batch) {
            if change(kind, part, conn).await? != part.len() as u64 {
                return Ok((false, false));
            }
        }
        for part in parts(batch) {
            insert_events(part, conn, instance).await?;
        }
        Ok((true, true))
    };
    let outcome = outcome.await;
    conn.end(outcome).await
}

/// Parts that there are statements for, the largest first.
fn parts<'a, 's>(mut batch: &'a [&'s Statement]) -> impl Iterator<Item = &'a [&'s Statement]> {
    std::iter::from_fn(move || {
        let (part, rest) = batch.split_at_checked(size_for(batch.len()))?;
        batch = rest;
        Some(part)
    })
}

async fn change(kind: BatchKind, part: &[&Statement], conn: &mut Conn) -> Result<u64, Error> {
    let texts = Texts::of(part.len(), conn);
    let changes = part.iter().filter_map(|statement| statement.journaled_change());
    match kind {
        BatchKind::Deals => {
            let deals = changes.filter_map(|change| match change {
                Statement::Insert(deal) => Some(&**deal),
                _ => None,
            });
            affected!(conn, &texts.deals, query => {
                for deal in deals {
                    query = query
                        .bind(deal.order_id.as_str())
                        .bind(deal.order_id.as_str())
                        .bind(deal.product_id)
                        .bind(deal.merchant_id)
                        .bind(deal.price.to_price())
                        .bind(deal.price.to_price())
                        .bind(deal.price.get())
                        .bind(deal.idempotency_key.as_deref())
                        .bind(deal.signed_nonce.as_deref())
                        .bind(deal.prepay_request.as_str())
                        .bind(column(deal.asking_until))
                        .bind(column(deal.created_at))
                        .bind(column(deal.created_at))
                        .bind(column(deal.expires_at))
                        .bind(column(deal.due_at));
                }
            })
        }
        BatchKind::Links => {
            let links: Vec<_> = changes
                .filter_map(|change| match change {
                    Statement::NotePrepay { order_id, note: PrepayNote::Link(prepaid), until, now } => {
                        Some((order_id.as_str(), prepaid, *until, *now))
                    }
                    _ => None,
                })
                .collect();
            affected!(conn, &texts.links, query => {
                bind_cases!(query, links, |(order_id, prepaid, ..)| (*order_id, prepaid.code_url.as_str()));
                bind_cases!(query, links, |(order_id, prepaid, ..)| (*order_id, text(&prepaid.evidence, Letters::All)));
                bind_cases!(query, links, |(order_id, .., now)| (*order_id, column(*now)));
                for (order_id, ..) in &links {
                    query = query.bind(*order_id);
                }
                bind_cases!(query, links, |(order_id, _, until, _)| (*order_id, column(*until)));
            })
        }
        BatchKind::Payments => {
            let payments = payments(part);
            affected!(conn, &texts.payments, query => {
                bind_cases!(query, payments, |(trade, _)| (trade.order_id().as_str(), trade.transaction_id()));
                bind_cases!(query, payments, |(trade, _)| (trade.order_id().as_str(), trade.transaction_id()));
                bind_cases!(query, payments, |(trade, _)| (trade.order_id().as_str(), text(trade.evidence(), Letters::All)));
                bind_cases!(query, payments, |(trade, paid_at)| (trade.order_id().as_str(), column(*paid_at)));
                for (trade, _) in &payments {
                    query = query.bind(trade.order_id().as_str());
                }
                bind_cases!(query, payments, |(trade, _)| (trade.order_id().as_str(), trade.total_fee().get()));
            })
        }
    }
}

fn payments<'a>(part: &[&'a Statement]) -> Vec<(&'a ProvenPayment, Timestamp)> {
    let payment = |statement: &&'a Statement| match statement.journaled_change() {
        Some(Statement::MarkPaid { trade, paid_at, .. }) => Some((&**trade, *paid_at)),
        _ => None,
    };
    part.iter().filter_map(payment).collect()
}

/// Which of the orders could be marked as paid.
async fn unpaid(batch: &[&Statement], conn: &mut Conn) -> Result<Vec<String>, Error> {
    conn.begin().await?;
    let outcome = async {
        let mut found = Vec::with_capacity(batch.len());
        for part in parts(batch) {
            let (texts, payments) = (Texts::of(part.len(), conn), payments(part));
            found.extend(on_conn!(conn, c => {
                let mut query = sqlx::query_scalar(texts.unpaid.as_str());
                for (trade, _) in &payments {
                    query = query.bind(trade.order_id().as_str());
                }
                bind_cases!(query, payments, |(trade, _)| (trade.order_id().as_str(), trade.total_fee().get()));
                query.fetch_all(&mut *c).await?
            }));
        }
        Ok((false, found))
    };
    let outcome = outcome.await;
    conn.end(outcome).await
}

async fn insert_events(part: &[&Statement], conn: &mut Conn, instance: &str) -> Result<u64, Error> {
    let texts = Texts::of(part.len(), conn);
    affected!(conn, &texts.events, query => {
        for event in part.iter().filter_map(|statement| statement.journaled_event()) {
            query = bind_event!(query, event, instance);
        }
    })
}

/// The SQL for so many rows.
struct Texts {
    deals: String,
    links: String,
    payments: String,
    unpaid: String,
    events: String,
}

impl Texts {
    /// `rows` is one of [`SIZES`].
    fn of(rows: usize, conn: &Conn) -> &'static Self {
        type All = [Texts; SIZES.len()];
        // Over a small table an optimizer would rather read, and lock, all of it.
        static MYSQL: LazyLock<All> = LazyLock::new(|| SIZES.map(|rows| Texts::new(rows, "deal FORCE INDEX (deal_order_key)")));
        static SQLITE: LazyLock<All> = LazyLock::new(|| SIZES.map(|rows| Texts::new(rows, "deal")));
        let texts = match conn {
            Conn::MySql(_) => &MYSQL,
            Conn::Sqlite(_) => &SQLITE,
        };
        &texts[place_of(rows)]
    }

    fn new(rows: usize, deal: &str) -> Self {
        let list = |row: &str| vec![row; rows].join(", ");
        let keys = list("?");
        let case = format!("CASE order_key {} END", vec!["WHEN ? THEN ?"; rows].join(" "));
        let unpaid = format!("order_key IN ({keys}) AND COALESCE(status, 0) = 0 AND total_fee = {case}");
        Self {
            deals: format!(
                "INSERT INTO deal (order_id, order_key, product_id, merchant_id, price, price_last, total_fee, status, mode, \
                 idempotency_key, signed_nonce, prepay_request, asking_until, create_at, update_at, expires_at, due_at) VALUES {}",
                list("(?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?)")
            ),
            links: format!(
                "UPDATE {deal} SET code_url = {case}, prepayBack = {case}, refusal = NULL, asking_until = {case}, \
                 create_at = create_at, update_at = update_at \
                 WHERE order_key IN ({keys}) AND asking_until = {case} AND COALESCE(status, 0) = 0"
            ),
            payments: format!(
                "UPDATE {deal} SET status = 1, transaction_id = {case}, transaction_key = {case}, payBack = {case}, \
                 create_at = create_at, update_at = {case}, due_at = NULL WHERE order_key IN ({keys}) AND COALESCE(status, 0) = 0 AND total_fee = {case}",
            ),
            unpaid: format!("SELECT order_key FROM {deal} WHERE {unpaid}"),
            events: format!("INSERT INTO deal_event ({EVENT_COLUMNS}) VALUES {}", list("(?, ?, ?, ?, ?, ?, ?)")),
        }
    }
}
