//! Differences on the way into their bill: stored part by part under the bill's number below 0, where nobody looks. What a writer that
//! died has left there goes before the next one of that bill begins.

use sqlx::Error;
use tracing::debug;

use crate::deal::{Finding, Found, Timestamp};
use crate::store::columns::{column, short};
use crate::store::engine::connection::Conn;
use crate::store::engine::sizes::{LARGEST, Rows, Texts, parts};
use crate::store::engine::statement::Change;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::difference::{number, plain_number, subject};
use super::finish::FinishedBill;

/// Differences of one transaction.
const TOGETHER: usize = 4 * LARGEST;

impl Store {
    /// Stages what differs from a bill that was taken until `until`; `false`: the lease was lost.
    pub(super) async fn stage(&self, id: i64, until: Timestamp, finished: &FinishedBill) -> Result<bool, StoreError> {
        self.engine().change(ClearStage { id }).await?;
        for found in finished.found.chunks(TOGETHER) {
            let part = Stage { id, until, found: found.to_vec(), at: finished.at };
            if self.engine().change(part).await? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What is left there now does no harm.
    pub(super) async fn clear_stage(&self, id: i64) {
        if let Err(error) = self.engine().change(ClearStage { id }).await {
            debug!(%error, "differences on the way into a bill are left behind");
        }
    }
}

struct ClearStage {
    id: i64,
}

impl Change for ClearStage {
    const NAME: &'static str = "clear stage";
    const YIELDS: bool = true;

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        const DELETE: &str = "DELETE FROM bill_difference WHERE bill_id = ?";
        conn.change_each(DELETE, rows, |row| Values::of([(-row.id).into()])).await
    }
}

struct Stage {
    id: i64,
    until: Timestamp,
    found: Vec<Found>,
    at: Timestamp,
}

impl Stage {
    async fn apply_one(&self, conn: &mut Conn) -> Result<u64, Error> {
        // It changes nothing, and holds whoever would take the bill meanwhile.
        const LEASE: &str = "UPDATE bill SET due_at = due_at WHERE id = ? AND due_at = ?";
        static INSERT: Texts = Texts::new(insert);
        if conn.change(LEASE, Values::of([self.id.into(), column(self.until).into()])).await? == 0 {
            return Ok(0);
        }
        let mut affected = 0;
        for part in parts(&self.found) {
            affected += conn.change(INSERT.of(part.len(), conn), self.values(part)).await?;
        }
        Ok(affected)
    }

    fn values<'v>(&self, found: &'v [Found]) -> Values<'v> {
        let mut values = Values::default();
        for one in found {
            values.extend([(-self.id).into(), one.kind.as_str().into(), subject(&one.subject).into(), one.state.as_str().into()]);
            values.extend([one.finding.map(Finding::as_str).into(), one.order_id.as_deref().map(number).into()]);
            values.extend([one.transaction_id.as_deref().map(plain_number).into(), one.refund_id.as_deref().map(number).into()]);
            values.extend([one.ours_fee.into(), one.theirs_fee.into(), one.detail.as_deref().map(short).into()]);
            values.add(column(self.at));
        }
        values
    }
}

impl Change for Stage {
    const NAME: &'static str = "stage differences";
    const YIELDS: bool = true;

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let mut affected = 0;
        for row in rows {
            affected += row.apply_one(conn).await?;
        }
        Ok(affected)
    }
}

/// What is brought up to date of a difference that is known. MySQL does so from left to right, so what says whether comes last.
const RENEWED: [&str; 8] = ["state", "order_id", "transaction_id", "refund_id", "ours_fee", "theirs_fee", "detail", "finding"];
/// What else a new one has.
const KEPT: &str = "kind, subject, state, finding, order_id, transaction_id, refund_id, ours_fee, theirs_fee, detail, at";

/// Of two that a table takes for the same the later one stays.
fn insert(rows: Rows) -> String {
    let values = rows.list("(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    format!("INSERT INTO bill_difference (bill_id, {KEPT}) VALUES {values} {}", or_renew(rows.is_mysql()))
}

/// Makes what is staged the bill's: its number, and the same below 0.
pub fn adopt_staged(is_mysql: bool) -> String {
    let staged = KEPT.split(", ").map(|column| format!("staged.{column}")).collect::<Vec<_>>().join(", ");
    format!(
        "INSERT INTO bill_difference (bill_id, {KEPT}) SELECT ?, {staged} FROM bill_difference staged WHERE staged.bill_id = ? \
         ORDER BY staged.id {}",
        or_renew(is_mysql)
    )
}

/// One that an operator has explained stays as it is.
fn or_renew(is_mysql: bool) -> String {
    if is_mysql {
        let renewed = RENEWED.map(|column| {
            format!("bill_difference.{column} = CASE WHEN bill_difference.finding = 'noted' THEN bill_difference.{column} ELSE VALUES({column}) END")
        });
        return format!("ON DUPLICATE KEY UPDATE {}", renewed.join(", "));
    }
    let renewed = RENEWED.map(|column| format!("{column} = excluded.{column}")).join(", ");
    format!("ON CONFLICT (bill_id, kind, subject) DO UPDATE SET {renewed} WHERE COALESCE(bill_difference.finding, '') <> 'noted'")
}
