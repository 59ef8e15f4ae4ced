//! Settlement: the changes that mark a deal as paid, on WeChat's signed word. `gateway::settle` decides which, and when.

use std::borrow::Cow;
use std::sync::LazyLock;

use sqlx::Error;

use crate::channel::{ProvenPayment, Source};
use crate::deal::{Deal, DealStatus, Timestamp, transaction_key};
use crate::store::checkouts::turn::Turn;
use crate::store::columns::{Charset, change_with_messages, column, is_kept_whole, text_in};
use crate::store::engine::connection::Conn;
use crate::store::engine::sizes::{Rows, Texts};
use crate::store::engine::statement::{Change, Purpose};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::journal::event::Event;

use super::accounts::ACCOUNT;

impl Store {
    /// Unpaid → Paid in one statement, if the deal of this number is unpaid and costs exactly this: the common case.
    /// `false` means that it must be looked at ([`Store::mark_paid_from`]).
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: this payment has paid another deal.
    pub async fn mark_paid(&self, payment: &ProvenPayment, paid_at: Timestamp, event: Event) -> Result<bool, StoreError> {
        let refunded_at = payment.is_refunded().then_some(event.at);
        let change = MarkPaid { payment: payment.clone(), paid_at, refunded_at };
        // What `payBack` keeps, and nothing of ours writes over, is not stored a second time: it is most of what a payment has the disk write.
        let is_in_deal = payment.source() == Source::Notification && is_kept_whole(payment.evidence());
        let event = if is_in_deal { Event { evidence: None, ..event } } else { event };
        Ok(self.change_and_tell(change, event).await? == 1)
    }

    /// Unpaid or Expired → Paid for a deal that has been read and judged, if it still has the status that was read.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] as above.
    pub async fn mark_paid_from(&self, deal: &Deal, payment: &ProvenPayment, paid_at: Timestamp, event: Event) -> Result<bool, StoreError> {
        let Some(change) = MarkPaidFrom::of(deal, payment, paid_at, event.at) else { return Ok(false) };
        Ok(self.change_and_tell(change, event).await? == 1)
    }

    /// Fills the transaction into a deal that another program has marked as paid without naming one, if it still has none. A checkout that
    /// it is one way of is paid by it from then on, unless another deal has paid that; its other deals are due at once, by the database's
    /// clock, `due_at`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] as above.
    pub async fn identify(&self, deal: &Deal, payment: &ProvenPayment, due_at: Timestamp, event: Event) -> Result<bool, StoreError> {
        // What this service gives back is no news.
        let refunded_at = (payment.is_refunded() && deal.refunded.is_nothing()).then_some(event.at);
        let change = Identify { id: deal.id, turn: Turn::of(deal, due_at), payment: payment.clone(), refunded_at };
        Ok(self.change_and_tell(change, event).await? == 1)
    }
}

/// A text for payments that are known by either way: a notification goes into `payBack`; a query goes into `queryBack`, and
/// only it says that money was given back (a notification leaves `refunded_at` as it is).
pub struct BySource {
    pub notification: Texts,
    pub query: Texts,
}

impl BySource {
    fn of(&'static self, source: Source, rows: usize, conn: &Conn) -> &'static str {
        match source {
            Source::Notification => self.notification.of(rows, conn),
            Source::Query => self.query.of(rows, conn),
        }
    }
}

pub static MARK_PAID: BySource = BySource {
    notification: Texts::new(|rows| MarkPaid::text(rows, Source::Notification)),
    query: Texts::new(|rows| MarkPaid::text(rows, Source::Query)),
};

/// Of several deals those that a payment would settle.
pub static PAYABLE: Texts = Texts::new(|rows| {
    let (deal, guard) = (rows.table("deal", "deal_order_key"), MarkPaid::guard(rows));
    format!("SELECT order_key FROM {deal} WHERE {guard}")
});

/// The common case: the payment of a deal that is unpaid, known by its number alone.
struct MarkPaid {
    payment: ProvenPayment,
    paid_at: Timestamp,
    refunded_at: Option<Timestamp>,
}

impl MarkPaid {
    fn order_id(&self) -> &str {
        self.payment.order_id().as_str()
    }

    fn transaction_key(&self) -> Cow<'_, str> {
        transaction_key(self.payment.account(), self.payment.transaction_id())
    }

    /// What a payment fills beside `update_at`.
    fn columns(rows: Rows, source: Source) -> String {
        let each = rows.each("order_key");
        match source {
            Source::Notification => format!("transaction_id = {each}, transaction_key = {each}, payBack = {each}"),
            Source::Query => format!(
                "transaction_id = {each}, transaction_key = {each}, queryBack = {each}, refunded_at = {each}, refunds_due_at = {each}"
            ),
        }
    }

    /// The values of [`MarkPaid::columns`] and `update_at`.
    fn values<'v>(rows: &[&'v Self], source: Source, charset: Charset) -> Values<'v> {
        let mut values = Values::default();
        values.each(rows, Self::order_id, |row| row.payment.transaction_id());
        values.each(rows, Self::order_id, Self::transaction_key);
        values.each(rows, Self::order_id, |row| text_in(row.payment.evidence(), charset));
        if source == Source::Query {
            for _ in ["refunded_at", "refunds_due_at"] {
                values.each(rows, Self::order_id, |row| row.refunded_at.map(column));
            }
        }
        values.each(rows, Self::order_id, |row| column(row.paid_at));
        values
    }

    fn text(rows: Rows, source: Source) -> String {
        let (deal, paid) = (rows.table("deal", "deal_order_key"), Self::columns(rows, source));
        let (each, guard) = (rows.each("order_key"), Self::guard(rows));
        format!("UPDATE {deal} SET status = 1, {paid}, create_at = create_at, update_at = {each}, due_at = NULL WHERE {guard}")
    }

    /// Which deals a payment settles: unpaid ones of its account and of exactly this price. An attempt of a checkout takes its turn at
    /// that ([`Store::mark_attempt_paid`]).
    fn guard(rows: Rows) -> String {
        let (are, each) = (rows.are("order_key"), rows.each("order_key"));
        format!("{are} AND COALESCE(status, 0) = 0 AND checkout_id IS NULL AND total_fee = {each} AND {ACCOUNT} = {each}")
    }

    /// The values of [`MarkPaid::guard`].
    fn guard_values<'v>(values: &mut Values<'v>, rows: &[&'v Self]) {
        values.keys(rows, Self::order_id);
        values.each(rows, Self::order_id, |row| row.payment.total_fee().get());
        values.each(rows, Self::order_id, |row| row.payment.account().as_str());
    }
}

impl Change for MarkPaid {
    const NAME: &'static str = "mark paid";
    const PURPOSE: Purpose = Purpose::Finishes;

    fn key(&self) -> Option<&str> {
        Some(self.order_id())
    }

    /// Those that a query found are few, and fill another column.
    fn may_travel(&self) -> bool {
        self.payment.source() == Source::Notification
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let source = rows.first().map_or(Source::Notification, |row| row.payment.source());
        let sql = MARK_PAID.of(source, rows.len(), conn);
        let values = |charset| {
            let mut values = Self::values(rows, source, charset);
            Self::guard_values(&mut values, rows);
            values
        };
        change_with_messages(conn, rows.len(), sql, values).await
    }

    async fn changeable(rows: &[&Self], conn: &mut Conn) -> Result<Option<Vec<String>>, Error> {
        let mut values = Values::default();
        Self::guard_values(&mut values, rows);
        let keys: Vec<(String,)> = conn.rows(PAYABLE.of(rows.len(), conn), values).await?;
        Ok(Some(keys.into_iter().map(|(key,)| key).collect()))
    }
}

/// The other cases, after a look at the row: an expired deal that was paid all the same. From the status and the payment that were
/// read.
pub struct MarkPaidFrom {
    id: i64,
    status: DealStatus,
    transaction_key: Option<String>,
    paid: MarkPaid,
}

impl MarkPaidFrom {
    /// Of a deal that has been read; `None`: it cannot become paid.
    pub fn of(deal: &Deal, payment: &ProvenPayment, paid_at: Timestamp, now: Timestamp) -> Option<Self> {
        let refunded_at = payment.is_refunded().then_some(now);
        let paid = MarkPaid { payment: payment.clone(), paid_at, refunded_at };
        let transaction_key = deal.transaction_key.clone();
        deal.status.may_become(DealStatus::Paid).then_some(Self { id: deal.id, status: deal.status, transaction_key, paid })
    }

    fn text(rows: Rows, source: Source) -> String {
        let paid = MarkPaid::columns(rows, source);
        format!(
            "UPDATE deal SET status = 1, {paid}, create_at = create_at, update_at = ?, due_at = NULL \
             WHERE id = ? AND order_key = ? AND COALESCE(status, 0) = ? AND COALESCE(transaction_key, '') = ? AND {ACCOUNT} = ?",
        )
    }
}

impl Change for MarkPaidFrom {
    const NAME: &'static str = "mark paid from";
    const PURPOSE: Purpose = Purpose::Finishes;

    fn key(&self) -> Option<&str> {
        Some(self.paid.order_id())
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        static UPDATE: BySource = BySource {
            notification: Texts::new(|rows| MarkPaidFrom::text(rows, Source::Notification)),
            query: Texts::new(|rows| MarkPaidFrom::text(rows, Source::Query)),
        };
        let mut affected = 0;
        for row in rows {
            let source = row.paid.payment.source();
            let values = |charset| {
                let mut values = MarkPaid::values(&[&row.paid], source, charset);
                let account = row.paid.payment.account().as_str();
                let key = row.transaction_key.as_deref().unwrap_or_default();
                values.extend([row.id.into(), row.paid.order_id().into(), row.status.code().into(), key.into(), account.into()]);
                values
            };
            affected += change_with_messages(conn, 1, UPDATE.of(source, 1, conn), values).await?;
        }
        Ok(affected)
    }
}

/// What the other program has written there stays.
struct Identify {
    id: i64,
    /// Of one way to pay a checkout.
    turn: Option<Turn>,
    payment: ProvenPayment,
    refunded_at: Option<Timestamp>,
}

impl Change for Identify {
    const NAME: &'static str = "identify";
    const PURPOSE: Purpose = Purpose::Finishes;

    fn key(&self) -> Option<&str> {
        Some(self.payment.order_id().as_str())
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        static UPDATE: LazyLock<String> = LazyLock::new(|| {
            format!(
                "UPDATE deal SET transaction_id = ?, transaction_key = ?, payBack = COALESCE(payBack, ?), \
                 queryBack = COALESCE(queryBack, ?), refunded_at = COALESCE(refunded_at, ?), refunds_due_at = ?, due_at = NULL, \
                 create_at = create_at, update_at = update_at WHERE id = ? AND order_key = ? AND status = 1 AND COALESCE(transaction_id, '') = '' \
                 AND {ACCOUNT} = ?"
            )
        });
        let mut affected = 0;
        for row in rows {
            if let Some(turn) = &row.turn {
                turn.take(conn).await?;
            }
            let values = |charset| {
                let message = text_in(row.payment.evidence(), charset);
                let (pay_back, query_back) = match row.payment.source() {
                    Source::Notification => (Some(message), None),
                    Source::Query => (None, Some(message)),
                };
                Values::of([
                    row.payment.transaction_id().into(),
                    transaction_key(row.payment.account(), row.payment.transaction_id()).into(),
                    pay_back.into(),
                    query_back.into(),
                    row.refunded_at.map(column).into(),
                    row.refunded_at.map(column).into(),
                    row.id.into(),
                    row.payment.order_id().as_str().into(),
                    row.payment.account().as_str().into(),
                ])
            };
            affected += change_with_messages(conn, 1, &UPDATE, values).await?;
        }
        Ok(affected)
    }
}
