//! What came of a bill, and all that differs: stored together or not at all, by the instance whose lease it is.

use sqlx::Error;

use crate::deal::{BillSums, EventType, Finding, Found, Timestamp};
use crate::store::columns::{column, short};
use crate::store::engine::connection::Conn;
use crate::store::engine::sizes::{Rows, Texts, parts};
use crate::store::engine::statement::{Change, Purpose};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::difference::{number, plain_number, subject};
use super::row::{BillOutcome, StoredBill};

/// What came of a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedBill {
    /// In a word.
    pub outcome: BillOutcome,
    /// What its lines come to.
    pub sums: BillSums,
    /// All differences that were found.
    pub differences: i64,
    /// How many of them have no row and are open.
    pub unlisted: i64,
    /// Those to be written: new ones, and those that have changed.
    pub found: Vec<Found>,
    /// Those that an operator has explained, and that differ otherwise now: they are open again.
    pub reopened: Vec<Found>,
    /// Why it is missing, or what else there is to say.
    pub detail: Option<String>,
    /// Now.
    pub at: Timestamp,
    /// When it is asked for again; `None`: it is not.
    pub due_at: Option<Timestamp>,
    /// Whether there is something to tell.
    pub announces: bool,
}

impl Store {
    /// Stores what came of a bill that was taken until `until`, if it still is; `false`: the lease was lost, and nothing is changed.
    ///
    /// A difference that is known by its kind and subject is brought up to date, unless an operator has explained it: then it stays as it
    /// is, but for those that are opened again. One that is not among those that were found stays too: who holds a bill against the books again says what became of each.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn finish_bill(&self, bill: &StoredBill, until: Timestamp, finished: FinishedBill) -> Result<bool, StoreError> {
        let announces = finished.announces && self.tells_of(EventType::BillReconciled);
        let is_stored = self.engine().change(FinishBill { id: bill.id, until, finished, announces }).await? > 0;
        if announces && is_stored {
            self.has_news();
        }
        Ok(is_stored)
    }
}

struct FinishBill {
    id: i64,
    until: Timestamp,
    finished: FinishedBill,
    announces: bool,
}

impl FinishBill {
    async fn apply_one(&self, conn: &mut Conn) -> Result<u64, Error> {
        // What was to be told before is told with it.
        const UPDATE: &str = "UPDATE bill SET due_at = ?, outcome = ?, payments = ?, paid_fee = ?, refunds = ?, refunded_fee = ?, fee = ?, \
                              differences = ?, unlisted = ?, detail = ?, at = ?, untold = COALESCE(?, untold) WHERE id = ? AND due_at = ?";
        let finished = &self.finished;
        let mut values = Values::of([finished.due_at.map(column).into(), finished.outcome.as_str().into()]);
        let BillSums { payments, paid_fee, refunds, refunded_fee, fee } = finished.sums;
        for number in [payments, paid_fee, refunds, refunded_fee, fee, finished.differences, finished.unlisted] {
            values.add(number);
        }
        values.extend([finished.detail.as_deref().map(short).into(), column(finished.at).into(), self.announces.then_some(1).into()]);
        values.extend([self.id.into(), column(self.until).into()]);
        if conn.change(UPDATE, values).await? != 1 {
            return Ok(0);
        }
        for part in parts(&finished.found) {
            self.store(part, false, conn).await?;
        }
        for part in parts(&finished.reopened) {
            self.store(part, true, conn).await?;
        }
        Ok(1)
    }

    async fn store(&self, found: &[Found], reopens: bool, conn: &mut Conn) -> Result<u64, Error> {
        static STORE: Texts = Texts::new(|rows| insert_or_renew(rows, false));
        static REOPEN: Texts = Texts::new(|rows| insert_or_renew(rows, true));
        let mut values = Values::default();
        for one in found {
            values.extend([self.id.into(), one.kind.as_str().into(), subject(&one.subject).into(), one.state.as_str().into()]);
            values.extend([one.finding.map(Finding::as_str).into(), one.order_id.as_deref().map(number).into()]);
            values.extend([one.transaction_id.as_deref().map(plain_number).into(), one.refund_id.as_deref().map(number).into()]);
            values.extend([one.ours_fee.into(), one.theirs_fee.into(), one.detail.as_deref().map(short).into()]);
            values.add(column(self.finished.at));
        }
        conn.change(if reopens { &REOPEN } else { &STORE }.of(found.len(), conn), values).await
    }
}

/// What is brought up to date of a difference that is known; MySQL does so from left to right, so what says whether comes last.
const RENEWED: [&str; 8] = ["state", "order_id", "transaction_id", "refund_id", "ours_fee", "theirs_fee", "detail", "finding"];

/// One that an operator has explained stays as it is, unless it is opened again.
fn insert_or_renew(rows: Rows, reopens: bool) -> String {
    let values = rows.list("(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    let renewed = |value: fn(&str) -> String| RENEWED.map(|column| format!("{column} = {}", value(column))).join(", ");
    let again = match (rows.is_mysql(), reopens) {
        (true, true) => format!("DUPLICATE KEY UPDATE {}", renewed(|column| format!("VALUES({column})"))),
        (true, false) => {
            let unless = |column: &str| format!("CASE WHEN finding = 'noted' THEN {column} ELSE VALUES({column}) END");
            format!("DUPLICATE KEY UPDATE {}", renewed(unless))
        }
        (false, _) => {
            let unless = if reopens { "" } else { " WHERE COALESCE(finding, '') <> 'noted'" };
            format!("CONFLICT (bill_id, kind, subject) DO UPDATE SET {}{unless}", renewed(|column| format!("excluded.{column}")))
        }
    };
    format!(
        "INSERT INTO bill_difference (bill_id, kind, subject, state, finding, order_id, transaction_id, refund_id, ours_fee, theirs_fee, \
         detail, at) VALUES {values} ON {again}"
    )
}

impl Change for FinishBill {
    const NAME: &'static str = "finish bill";
    const PURPOSE: Purpose = Purpose::Finishes;
    const YIELDS: bool = true;

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let mut affected = 0;
        for row in rows {
            affected += row.apply_one(conn).await?;
        }
        Ok(affected)
    }
}
