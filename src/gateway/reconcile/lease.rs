//! A lease on one bill: its due time, moved ahead while the work goes on. Who finds that another has moved it stops.

use chrono::TimeDelta;

use crate::deal::{BillKind, Timestamp};
use crate::store::{BillOutcome, FinishedBill, StoredBill};

use super::super::Gateway;
use super::ReconcileError;

/// How long another instance waits for one that has died.
const LEASE: TimeDelta = TimeDelta::minutes(5);
/// When so much of it has passed, it is renewed.
const RENEWED_AFTER: TimeDelta = TimeDelta::minutes(1);

/// A bill that is this instance's to work on.
pub struct Lease<'g> {
    gateway: &'g Gateway,
    /// As it was when it was taken.
    pub bill: StoredBill,
    until: Timestamp,
}

impl<'g> Lease<'g> {
    /// Takes a bill as it was read. `None`: another instance has it.
    pub async fn take(gateway: &'g Gateway, bill: StoredBill) -> Result<Option<Self>, ReconcileError> {
        let mut until = gateway.now_by_database() + LEASE;
        // An operator may take what another has taken in this very second: who has it by the former value must lose it.
        if let Some(due) = bill.due_at.filter(|due| *due < until + RENEWED_AFTER) {
            until = until.max(due + TimeDelta::seconds(1));
        }
        Ok(gateway.store.take_bill(&bill, until).await?.then_some(Self { gateway, bill, until }))
    }

    /// Keeps the lease, from time to time.
    pub async fn keep(&mut self) -> Result<(), ReconcileError> {
        let until = self.gateway.now_by_database() + LEASE;
        if until < self.until + RENEWED_AFTER {
            return Ok(());
        }
        if !self.gateway.store.take_bill(&self.taken(), until).await? {
            return Err(ReconcileError::TakenOver);
        }
        self.until = until;
        Ok(())
    }

    /// As it stands while it is this instance's.
    pub fn taken(&self) -> StoredBill {
        StoredBill { due_at: Some(self.until), ..self.bill.clone() }
    }

    /// Whether a whole file of it is kept.
    pub fn has_bill(&self) -> bool {
        self.bill.file.is_some() && matches!(self.bill.outcome, None | Some(BillOutcome::Compared))
    }

    /// Takes note of a file that is the bill's now.
    pub fn has_file(&mut self, kind: BillKind, id: i64) {
        match kind {
            BillKind::Trade => self.bill.file = Some(id),
            BillKind::FundFlow => self.bill.fund_flow = Some(id),
        }
    }

    /// Keeps what was found, and ends the lease.
    pub async fn finish(&mut self, finished: FinishedBill) -> Result<(), ReconcileError> {
        let is_mine = self.gateway.store.finish_bill(&self.bill, self.until, finished).await?;
        if is_mine { Ok(()) } else { Err(ReconcileError::TakenOver) }
    }

    /// Whether it was come by before, so that one which is not to be had now replaces nothing.
    pub fn is_known(&self) -> bool {
        matches!(self.bill.outcome, Some(BillOutcome::Compared | BillOutcome::NoTrades))
    }

    /// Ends the lease on a bill that is known, and leaves it as it was. If it was due, it is due again then.
    pub async fn give_back(&mut self, again: Option<Timestamp>) -> Result<(), ReconcileError> {
        let StoredBill { sums, differences, unlisted, detail, at, .. } = self.bill.clone();
        let now = self.gateway.now_by_database();
        let due_at = if self.bill.due_at.is_some_and(|due| due <= now) { again } else { self.bill.due_at };
        let outcome = self.bill.outcome.unwrap_or(BillOutcome::Missing);
        let (at, found, reopened) = (at.unwrap_or(now), Vec::new(), Vec::new());
        self.finish(FinishedBill { outcome, sums, differences, unlisted, found, reopened, detail, at, due_at, announces: false }).await
    }
}
