//! Reconciliation (对账): the bill of one account's day is fetched and held against the books; WeChat is asked about each difference, and
//! what it then signs is stored through the doors to Paid and Refunded. The bill itself is unsigned and proves nothing.
//!
//! A bill is worked on by whoever has moved its due time, which is the lease; whatever is killed on the way is done again when that is
//! over, and to do any of it again changes nothing. Only the last step keeps what was found, all of it or nothing.

mod ask;
mod ask_about_refunds;
mod belonging;
mod comparison;
mod error;
mod fetch;
mod fingerprints;
mod first_look;
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
use crate::deal::{AccountId, Bill, BillSums, Day, DifferenceKind, RefundId, Timestamp};
use crate::store::{BillOutcome, FinishedBill, StoredBill};

use super::{Account, Gateway};

use comparison::Compared;
pub use error::ReconcileError;
use found::ToStore;
use lease::Lease;
pub use metrics::BillMetrics;
pub use rehearse::Rehearsal;

/// What was not to be had is asked for again after this time,
const AGAIN: TimeDelta = TimeDelta::hours(1);
/// until so many days after its own. WeChat keeps bills for three months, and an operator may ask for one at any time.
const DAYS: u32 = 7;
/// Bills that are looked at together.
const AT_ONCE: u32 = 100;
/// After that time of the day behind it WeChat makes no bill any more.
const EVENING: TimeDelta = TimeDelta::hours(18);
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
        // Those of an account that the configuration lacks wait until it has it.
        let accounts: Vec<_> = self.accounts.iter().map(|account| account.id().clone()).collect();
        for bill in self.store.due_bills(now, &accounts, AT_ONCE).await? {
            if self.reconcile_bill(bill, Fetch::IfMissing).await?.is_some() {
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
        // That there were no lines is known as long as the books have no payments.
        let had_lines = lease.bill.sums != BillSums::default();
        let is_known = lease.is_known() && (had_lines || !self.has_payments(lease).await?);
        let compared = match self.fetch(account, lease, fetch).await {
            Ok(note) => self.compare_kept(account, lease, note).await,
            Err(error) => Err(error),
        };
        match compared {
            Ok(compared) => self.finish(lease, compared).await,
            Err(ReconcileError::Bill(BillError::NoBillExists)) if !lease.has_bill() && !self.has_payments(lease).await? => {
                self.take_for_no_trades(account, lease, fetch).await
            }
            // What is known of it stays.
            Err(error @ ReconcileError::Bill(_)) if is_known => {
                lease.give_back(self.due_again(lease.bill.day)).await?;
                Err(error)
            }
            Err(ReconcileError::Bill(error)) => self.note_missing(lease, &error).await,
            Err(error) => Err(error),
        }
    }

    /// Whether our books have payments on the day of a bill.
    async fn has_payments(&self, lease: &Lease<'_>) -> Result<bool, ReconcileError> {
        let StoredBill { account, day, .. } = &lease.bill;
        Ok(!self.store.paid_on(account, day.begins(), day.next().begins(), None, 1).await?.is_empty())
    }

    /// Whether a refund that the books have of this day is of it: it may have been heard of later.
    async fn has_refunds_of(&self, day: Day, compared: &Compared) -> Result<bool, ReconcileError> {
        let missed = compared.found.all().filter(|found| found.kind == DifferenceKind::RefundHereOnly);
        for refund_id in missed.filter_map(|found| found.refund_id.as_ref()?.parse::<RefundId>().ok()) {
            let Some(refund) = self.store.find_refund(&refund_id).await? else { continue };
            if Day::of(refund.created_at) == day && refund.refunded_at.is_none_or(|at| Day::of(at) >= day) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// WeChat has no bill, and the books have no payments. It may come until the evening, and a refund that WeChat has accepted on that day
    /// would be in it: one that was heard of later is explained by WeChat's answer about it.
    async fn take_for_no_trades(&self, account: &Account, lease: &mut Lease<'_>, fetch: Fetch) -> Result<(), ReconcileError> {
        let note = self.fetch_fund_flow(account, lease, fetch == Fetch::Again).await?;
        let compared = self.compare_with_nothing(account, lease, note).await?;
        let is_evening = self.clock.now_seconds() >= lease.bill.day.next().begins() + EVENING;
        let is_explained = compared.found.open() == 0 && !self.has_refunds_of(lease.bill.day, &compared).await?;
        let is_complete = compared.is_complete;
        let due_at = if is_evening && is_complete && is_explained { None } else { self.due_again(lease.bill.day) };
        let (outcome, detail) = match is_explained {
            true => (BillOutcome::NoTrades, compared.detail.clone()),
            false => (BillOutcome::Missing, Some("WeChat says that there is no bill, and something is open".to_owned())),
        };
        info!(is_explained, "WeChat has no bill, and the books have no payments");
        self.store_finished(lease, compared, FinishedBill { due_at, ..self.ended(outcome, detail) }).await
    }

    async fn note_missing(&self, lease: &mut Lease<'_>, error: &BillError) -> Result<(), ReconcileError> {
        let detail = match error {
            BillError::NoBillExists => "WeChat says that there is no bill, and the books have payments".to_owned(),
            error => error.to_string(),
        };
        let due_at = self.due_again(lease.bill.day);
        match due_at {
            Some(_) => info!(%error, "the bill is not to be had yet; it is asked for again in an hour"),
            None => warn!(%error, "the bill was not to be had for a week, and is not asked for any more: `wechat-pay reconcile` does"),
        }
        // What an earlier, broken file has shown stays listed.
        let (differences, unlisted) = (lease.bill.differences, lease.bill.unlisted);
        let ended = self.ended(BillOutcome::Missing, Some(detail));
        lease.finish(FinishedBill { due_at, differences, unlisted, announces: due_at.is_none(), ..ended }).await
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
        let ended = self.ended(outcome, compared.detail.clone());
        self.store_finished(lease, compared, FinishedBill { due_at, ..ended }).await
    }

    async fn store_finished(&self, lease: &mut Lease<'_>, compared: Compared, ended: FinishedBill) -> Result<(), ReconcileError> {
        let (sums, differences, unlisted) = (compared.sums, compared.found.count(), compared.found.unlisted_open());
        let ToStore { found, reopened } = compared.found.into_stored();
        // While questions are open it is told of when it is first held against the books, and at the last look.
        let announces =
            ended.due_at.is_none() || (ended.outcome == BillOutcome::Compared && lease.bill.outcome != Some(BillOutcome::Compared));
        lease.finish(FinishedBill { sums, differences, unlisted, found, reopened, announces, ..ended }).await
    }

    /// A bill without lines of which nothing more is to be done.
    fn ended(&self, outcome: BillOutcome, detail: Option<String>) -> FinishedBill {
        let at = self.clock.now_seconds();
        let (sums, found, reopened, announces) = Default::default();
        FinishedBill { outcome, sums, differences: 0, unlisted: 0, found, reopened, detail, at, due_at: None, announces }
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
