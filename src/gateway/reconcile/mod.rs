//! Reconciliation (对账): the bill of one account's day is fetched and held against the books; WeChat is asked about each difference, and
//! what it then signs is stored through the doors to Paid and Refunded. The bill itself is unsigned and proves nothing.
//!
//! A bill is worked on by whoever has moved its due time, which is the lease; whatever is killed on the way is done again when that is
//! over, and to do any of it again changes nothing. Only the last step keeps what was found, all of it or nothing.

mod ask;
mod ask_about_refunds;
mod comparison;
mod error;
mod fetch;
mod found;
mod fund_flow;
mod here_only;
mod kept;
mod lease;
mod look_through;
mod met;
mod metrics;
mod missed;
mod payments;
mod pieces;
mod plan;
mod refunds;
mod rehearse;

use chrono::TimeDelta;
use tracing::{Instrument, info, info_span, warn};

use crate::channel::BillError;
use crate::deal::{AccountId, Bill, Day, Timestamp};
use crate::store::{BillOutcome, FinishedBill, StoredBill};

use super::Gateway;

use comparison::Compared;
pub use error::ReconcileError;
use lease::Lease;
pub use metrics::BillMetrics;
pub use rehearse::Rehearsal;

/// What was not to be had is asked for again after this time,
const AGAIN: TimeDelta = TimeDelta::hours(1);
/// until so many days after its own. WeChat keeps bills for three months, and an operator may ask for one at any time.
const DAYS: u32 = 7;
/// A file that was begun so long ago is finished by nobody.
const UNFINISHED: TimeDelta = TimeDelta::days(1);

/// Whether WeChat is asked for a bill that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetch {
    /// Not if a whole one is kept.
    IfMissing,
    /// In any case.
    Again,
}

impl Gateway {
    /// Reconciles one bill that is due; `false`: none is.
    ///
    /// # Errors
    /// The database is not available, or another instance is faster. The bill is due again when its lease is over.
    pub async fn reconcile_due(&self) -> Result<bool, ReconcileError> {
        let now = self.database_now().await?;
        for bill in self.store.due_bills(now, self.accounts.count().saturating_mul(DAYS)).await? {
            // One of an account that the configuration lacks waits until it has it.
            if self.has_account(&bill.account) && self.reconcile_bill(bill, Fetch::IfMissing).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reconciles the bill of this day, whether or not it is due.
    ///
    /// # Errors
    /// There is no such account, the bill that is asked for again is not to be had, or the database is not available.
    pub async fn reconcile(&self, account: &AccountId, day: Day, fetch: Fetch) -> Result<Bill, ReconcileError> {
        self.accounts.get(account)?;
        self.store.plan_bills(vec![(account.clone(), day, self.due_first(day))]).await?;
        let bill = self.store.find_bill(account, day).await?.ok_or(ReconcileError::TakenOver)?;
        self.reconcile_bill(bill, fetch).await?.ok_or(ReconcileError::TakenOver)?;
        let bills = self.store.bills_between(day, day).await?;
        bills.into_iter().find(|bill| bill.account == *account).ok_or(ReconcileError::TakenOver)
    }

    /// `None`: another instance is at it.
    async fn reconcile_bill(&self, bill: StoredBill, fetch: Fetch) -> Result<Option<()>, ReconcileError> {
        let span = info_span!("bill", account = bill.account.column(), day = %bill.day);
        let work = async {
            let Some(mut lease) = Lease::take(self, bill).await? else { return Ok(None) };
            self.work_on(&mut lease, fetch).await.map(Some)
        };
        work.instrument(span).await
    }

    async fn work_on(&self, lease: &mut Lease<'_>, fetch: Fetch) -> Result<(), ReconcileError> {
        let account = self.accounts.get(&lease.bill.account)?;
        let is_known = lease.is_known();
        let compared = match self.fetch(account, lease, fetch).await {
            Ok(note) => self.compare_kept(account, lease, note).await,
            Err(error) => Err(error),
        };
        match compared {
            Ok(compared) => self.finish(lease, compared).await,
            Err(ReconcileError::Bill(BillError::NoBillExists)) if self.has_no_trades(lease).await? => self.note_no_trades(lease).await,
            // What is known of it stays.
            Err(error @ ReconcileError::Bill(_)) if is_known => {
                lease.give_back().await?;
                Err(error)
            }
            Err(ReconcileError::Bill(error)) => self.note_missing(lease, &error).await,
            Err(error) => Err(error),
        }
    }

    /// Whether our books have nothing on the day of which WeChat has no bill.
    async fn has_no_trades(&self, lease: &Lease<'_>) -> Result<bool, ReconcileError> {
        let StoredBill { account, day, .. } = &lease.bill;
        let (from, until) = (day.begins(), day.next().begins());
        let has_payment = !self.store.paid_on(account, from, until, None, 1).await?.is_empty();
        Ok(!has_payment && self.store.accepted_on(account, from, until, None, 1).await?.is_empty())
    }

    async fn note_no_trades(&self, lease: &mut Lease<'_>) -> Result<(), ReconcileError> {
        info!("WeChat has no bill, and the books have no trades");
        lease.finish(FinishedBill { announces: true, ..self.ended(BillOutcome::NoTrades, None) }).await
    }

    async fn note_missing(&self, lease: &mut Lease<'_>, error: &BillError) -> Result<(), ReconcileError> {
        let detail = match error {
            BillError::NoBillExists => "WeChat says that there is no bill, and the books have payments or refunds".to_owned(),
            error => error.to_string(),
        };
        let due_at = self.due_again(lease.bill.day);
        match due_at {
            Some(_) => info!(%error, "the bill is not to be had yet; it is asked for again in an hour"),
            None => warn!(%error, "the bill was not to be had for a week, and is not asked for any more: `wechat-pay reconcile` does"),
        }
        let ended = self.ended(BillOutcome::Missing, Some(detail));
        lease.finish(FinishedBill { due_at, announces: due_at.is_none(), ..ended }).await
    }

    /// Keeps what was found.
    async fn finish(&self, lease: &mut Lease<'_>, compared: Compared) -> Result<(), ReconcileError> {
        let due_at = if compared.is_complete { None } else { self.due_again(lease.bill.day) };
        let open = compared.found.open();
        match open {
            0 => info!(differences = compared.found.count(), "the books agree with the bill"),
            _ => warn!(open, differences = compared.found.count(), "the books differ from the bill: `wechat-pay reconcile` lists how"),
        }
        let outcome = if compared.is_whole { BillOutcome::Compared } else { BillOutcome::Missing };
        lease
            .finish(FinishedBill {
                sums: compared.sums,
                differences: compared.found.count(),
                unlisted: compared.found.unlisted_open(),
                found: compared.found.into_listed(),
                due_at,
                // While questions are open it is told of at the first look, and at the last.
                announces: due_at.is_none() || lease.bill.outcome.is_none(),
                ..self.ended(outcome, compared.detail)
            })
            .await
    }

    /// A bill without lines of which nothing more is to be done.
    fn ended(&self, outcome: BillOutcome, detail: Option<String>) -> FinishedBill {
        let at = self.clock.now_seconds();
        let (sums, found, announces) = Default::default();
        FinishedBill { outcome, sums, differences: 0, unlisted: 0, found, detail, at, due_at: None, announces }
    }

    /// When a bill is asked for first, by the database's clock.
    fn due_first(&self, day: Day) -> Timestamp {
        day.next().begins() + self.terms.bill.at + self.skew()
    }

    /// When it is asked for again; `None`: it is not.
    fn due_again(&self, day: Day) -> Option<Timestamp> {
        let now = self.clock.now_seconds();
        (now < day.begins() + TimeDelta::days(i64::from(DAYS) + 1)).then(|| now + AGAIN + self.skew())
    }

    /// Deletes some of what was received of bills and not finished, by an instance that died.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn prune_bill_files(&self) -> Result<bool, ReconcileError> {
        Ok(self.store.delete_old_bill_files(self.clock.now_seconds() - UNFINISHED).await?)
    }
}
