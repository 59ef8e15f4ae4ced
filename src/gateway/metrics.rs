//! What the gateway counts: what became of deals, of payments and of notifications, and how the sweeper does.

use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use crate::channel::{ProvenPayment, ProvenRefund};
use crate::deal::{AccountId, AlarmKind, RefundState, Timestamp};
use crate::metrics::{ByAccount, Labelled, OfAccount, Registry, lag};
use crate::store::{Origin, RefundCounts, StoreError, Undecided};

use super::database_metrics::DatabaseMetrics;
use super::labels::{Alarm, Answered, Disbelief, Healer, Outcome, Pass, RefundStep, Wrong};
use super::reconcile::BillMetrics;
use super::throttle::Throttle;
use super::{Gateway, MissingAccount, RefundSettleError, RefundSettled, SettleError, Settled, Swept};

/// The undecided deals are counted at most so often, however many ask.
const COUNTED_EVERY: TimeDelta = TimeDelta::seconds(15);

/// The numbers of one instance.
#[derive(Debug)]
pub struct GatewayMetrics {
    deals: ByAccount<Outcome>,
    healed: ByAccount<Healer>,
    refunds: ByAccount<RefundStep>,
    refunded_fen: Family<OfAccount, Counter>,
    lag: Labelled<Origin, Histogram>,
    alarms: Labelled<Alarm, Counter>,
    open_alarms: Gauge,
    wrong_fen: Labelled<Wrong, Counter>,
    notifications: ByAccount<Answered>,
    disbelieved: ByAccount<Disbelief>,
    passes: Labelled<Pass, Counter>,
    untidy_passes: Counter,
    last_pass: Gauge,
    due: Gauge,
    looks: Counter,
    budget: Gauge,
    budget_spent: Family<OfAccount, Counter>,
    undecided: Gauge,
    oldest_age: Gauge,
    undecided_refunds: Gauge,
    oldest_refund_age: Gauge,
    unaccepted_refunds: Gauge,
    oldest_unaccepted_age: Gauge,
    without_account: Family<OfAccount, Gauge>,
    certificate_expiry: Family<OfAccount, Gauge>,
    certificate_not_taken: Family<OfAccount, Gauge>,
    skew: Gauge,
    /// What is counted of bills.
    pub(super) bills: BillMetrics,
    /// What is shown of the database's servers.
    pub(super) database: DatabaseMetrics,
    console_logins_failed: Counter,
    count: Throttle,
    /// When the oldest undecided deal was opened, as of the last count.
    oldest: Mutex<Option<Timestamp>>,
    /// When the oldest undecided refund that is followed was asked for, likewise.
    oldest_refund: Mutex<Option<Timestamp>>,
    /// When the oldest refund that WeChat has not accepted was asked for, likewise.
    oldest_unaccepted: Mutex<Option<Timestamp>>,
}

impl Default for GatewayMetrics {
    fn default() -> Self {
        Self {
            deals: ByAccount::counters(),
            healed: ByAccount::counters(),
            refunds: ByAccount::counters(),
            refunded_fen: Family::default(),
            lag: Labelled::histograms(lag),
            alarms: Labelled::counters(),
            open_alarms: Gauge::default(),
            wrong_fen: Labelled::counters(),
            notifications: ByAccount::counters(),
            disbelieved: ByAccount::counters(),
            passes: Labelled::counters(),
            untidy_passes: Counter::default(),
            last_pass: Gauge::default(),
            due: Gauge::default(),
            looks: Counter::default(),
            budget: Gauge::default(),
            budget_spent: Family::default(),
            undecided: Gauge::default(),
            oldest_age: Gauge::default(),
            undecided_refunds: Gauge::default(),
            oldest_refund_age: Gauge::default(),
            unaccepted_refunds: Gauge::default(),
            oldest_unaccepted_age: Gauge::default(),
            without_account: Family::default(),
            certificate_expiry: Family::default(),
            certificate_not_taken: Family::default(),
            skew: Gauge::default(),
            bills: BillMetrics::default(),
            database: DatabaseMetrics::default(),
            console_logins_failed: Counter::default(),
            count: Throttle::once_in(COUNTED_EVERY),
            oldest: Mutex::default(),
            oldest_refund: Mutex::default(),
            oldest_unaccepted: Mutex::default(),
        }
    }
}

impl GatewayMetrics {
    /// Payments of deals that had expired.
    pub fn paid_late(&self) -> u64 {
        self.alarms.get(Alarm::PaidLate)
    }

    /// Signed payments that fit no deal: unknown order, amount, currency, second or spent transaction.
    pub fn mismatch(&self) -> u64 {
        self.alarms.get(Alarm::Money)
    }

    /// Notifications for an account that were not believed.
    pub fn disbelieved(&self, account: &AccountId) -> u64 {
        self.disbelieved.sum(account)
    }

    /// Counts what WeChat was answered to a notification.
    pub(super) fn answered(&self, account: &AccountId, answer: Answered) {
        self.notifications.inc(account, answer);
    }

    /// Counts why a notification was not believed. A stranger's post is never kept.
    pub(super) fn disbelieved_for(&self, account: &AccountId, reason: Disbelief) {
        self.disbelieved.inc(account, reason);
    }

    pub(super) fn opened(&self, account: &AccountId) {
        self.deals.inc(account, Outcome::Opened);
    }

    pub(super) fn not_opened(&self) {
        self.alarms.inc(Alarm::NotOpened);
    }

    /// Deals were found whose account the configuration lacks.
    pub(super) fn no_account(&self) {
        self.alarms.inc(Alarm::NoAccount);
    }

    /// So many deals and refunds go through an account that is missing.
    pub(super) fn without_account(&self, MissingAccount { account, undecided }: &MissingAccount) {
        self.without_account.get_or_create(&OfAccount(account.clone())).set(*undecided);
    }

    /// None goes through it any more, so it is shown no more.
    pub(super) fn none_without_account(&self, account: &AccountId) {
        self.without_account.remove(&OfAccount(account.clone()));
    }

    /// Refunds through an account are asked for with a client certificate that is good until then.
    pub(super) fn certified(&self, account: &AccountId, not_after: Timestamp) {
        let account = OfAccount(account.clone());
        self.certificate_expiry.get_or_create(&account).set(not_after.timestamp());
        self.certificate_not_taken.get_or_create(&account).set(0);
    }

    /// Another one was read, and cannot be used.
    pub(super) fn certificate_not_taken(&self, account: &AccountId) {
        self.certificate_not_taken.get_or_create(&OfAccount(account.clone())).set(1);
    }

    /// Whether another client certificate than the one in use was read last, and cannot be used.
    pub(super) fn another_certificate_is_not_taken(&self, account: &AccountId) -> bool {
        self.certificate_not_taken.get(&OfAccount(account.clone())).is_some_and(|not_taken| not_taken.get() > 0)
    }

    pub(super) fn expired(&self, account: &AccountId) {
        self.deals.inc(account, Outcome::Expired);
    }

    /// An alarm about an order, which the merchant's back ends are told as well.
    pub(super) fn raised(&self, alarm: AlarmKind) {
        self.alarms.inc(alarm.into());
    }

    pub(super) fn refund_requested(&self, account: &AccountId) {
        self.refunds.inc(account, RefundStep::Requested);
    }

    pub(super) fn refund_failed(&self, account: &AccountId) {
        self.refunds.inc(account, RefundStep::Failed);
    }

    pub(super) fn refund_settled(&self, outcome: &Result<RefundSettled, RefundSettleError>, proof: &ProvenRefund) {
        let (account, state) = (proof.account(), proof.state());
        match outcome {
            Ok(RefundSettled::Already) | Err(_) => return,
            Ok(RefundSettled::Now(_)) => {}
            Ok(RefundSettled::Booked(_)) => self.refunds.inc(account, RefundStep::Booked),
        }
        match state {
            RefundState::Processing if matches!(outcome, Ok(RefundSettled::Now(_))) => self.refunds.inc(account, RefundStep::Accepted),
            RefundState::Processing => {}
            RefundState::Success => {
                self.refunds.inc(account, RefundStep::Succeeded);
                self.refunded_fen.get_or_create(&OfAccount(account.clone())).inc_by(proof.fee().get().unsigned_abs());
            }
            RefundState::Closed => self.refunds.inc(account, RefundStep::Closed),
            RefundState::Abnormal => {
                self.refunds.inc(account, RefundStep::Abnormal);
                self.alarms.inc(Alarm::RefundAbnormal);
            }
            RefundState::Failed => {}
        }
    }

    pub(super) fn settled(&self, outcome: &Result<Settled, SettleError>, trade: &ProvenPayment, origin: Origin, now: Timestamp) {
        match outcome {
            Ok(Settled::Now) => self.deals.inc(trade.account(), Outcome::Paid),
            Ok(Settled::Late) => {
                self.deals.inc(trade.account(), Outcome::PaidLate);
                self.alarms.inc(Alarm::PaidLate);
            }
            Ok(Settled::LateGoesBack) => self.deals.inc(trade.account(), Outcome::PaidLate),
            Ok(Settled::Already | Settled::Identified { .. } | Settled::GivenBack) => return,
            Err(error) => {
                if let Some(wrong) = Wrong::of(error) {
                    self.wrong_fen.add(wrong, trade.total_fee().get().unsigned_abs());
                }
                return;
            }
        }
        if let Some(healer) = Healer::of(origin) {
            self.healed.inc(trade.account(), healer);
        }
        // What is no time of the past says nothing.
        if let Some(late) = trade.time_end().and_then(|paid| (now - paid).to_std().ok()) {
            self.lag.observe(origin, late);
        }
    }

    pub(super) fn swept(&self, outcome: &Result<Swept, StoreError>, budget: u32, now: Timestamp) {
        self.budget.set(budget.into());
        let Ok(swept) = outcome else { return self.passes.inc(Pass::Failed) };
        self.passes.inc(Pass::Done);
        self.last_pass.set(now.timestamp());
        self.due.set(i64::try_from(swept.due).unwrap_or(i64::MAX));
        self.looks.inc_by(swept.looked.into());
    }

    /// Rows of another program could not be claimed, or be forgotten: the pass goes on without.
    pub(super) fn line_left_untidy(&self) {
        self.untidy_passes.inc();
    }

    /// A look has cost so many calls.
    pub(super) fn looked(&self, account: &AccountId, calls: u32) {
        self.budget_spent.get_or_create(&OfAccount(account.clone())).inc_by(calls.into());
    }

    pub(super) fn webhook_given_up(&self) {
        self.alarms.inc(Alarm::WebhookGivenUp);
    }

    pub(super) fn webhook_gone(&self) {
        self.alarms.inc(Alarm::WebhookGone);
    }

    pub(super) fn console_login_failed(&self) {
        self.console_logins_failed.inc();
    }

    pub(super) fn skewed(&self, skew: TimeDelta) {
        self.skew.set(skew.num_seconds());
    }

    fn note_count(&self, undecided: Undecided) {
        self.undecided.set(undecided.count);
        *self.oldest.lock().unwrap_or_else(PoisonError::into_inner) = undecided.oldest;
    }

    fn note_refund_counts(&self, counts: RefundCounts) {
        self.undecided_refunds.set(counts.undecided);
        self.unaccepted_refunds.set(counts.unaccepted);
        *self.oldest_refund.lock().unwrap_or_else(PoisonError::into_inner) = counts.oldest_followed;
        *self.oldest_unaccepted.lock().unwrap_or_else(PoisonError::into_inner) = counts.oldest_unaccepted;
    }

    fn register(&self, registry: &mut Registry) {
        self.deals.register(registry, "deals", "What became of deals, at the moment it did, by account");
        self.healed.register(registry, "deals_healed", "Payments found without their notification, by account");
        self.refunds.register(registry, "refunds", "What became of refunds, at the moment it did, by account");
        registry.register("refunded_fen", "Fen that payers have had back, by account", self.refunded_fen.clone());
        self.lag.register(registry, "settle_lag_seconds", "From the payment, by WeChat's clock, until it was stored");
        self.alarms.register(registry, "alarms", "What an operator should look at; the log has the same word in its field alarm");
        registry.register(
            "alarms_open",
            "Alarms that nobody has answered and that are not over, counted up to 100000",
            self.open_alarms.clone(),
        );
        self.wrong_fen.register(registry, "mismatched_fen", "Fen of signed payments that fit no deal, each time that WeChat tells of one");
        self.notifications.register(registry, "notifications", "What WeChat was answered to its notifications, by account");
        self.disbelieved.register(registry, "notifications_disbelieved", "Why notifications were not believed, by account");
        self.passes.register(registry, "sweep_passes", "Passes of the sweeper");
        registry.register(
            "sweep_untidy_passes",
            "Passes at which rows of another program could not be claimed or forgotten",
            self.untidy_passes.clone(),
        );
        registry.register(
            "sweep_last_pass_timestamp_seconds",
            "When the last pass was done, in seconds since 1970",
            self.last_pass.clone(),
        );
        registry.register("sweep_due_deals", "Deals read by the last pass because their look was due", self.due.clone());
        registry.register("sweep_looks", "Deals looked at", self.looks.clone());
        registry.register("sweep_budget_calls", "Calls to WeChat that one pass may make through each account", self.budget.clone());
        registry.register("sweep_budget_spent_calls", "Calls to WeChat that looks have cost, by account", self.budget_spent.clone());
        registry.register("undecided_deals", "Deals that are neither paid nor expired, counted up to 100000", self.undecided.clone());
        registry.register("oldest_undecided_deal_age_seconds", "Since the oldest of them was opened", self.oldest_age.clone());
        let logins = self.console_logins_failed.clone();
        registry.register(
            "console_logins_failed",
            "Logins to the console, and confirmations in it, whose password or code was wrong",
            logins,
        );
        registry.register("undecided_refunds", "Refunds that WeChat has not decided, counted up to 100000", self.undecided_refunds.clone());
        registry.register(
            "oldest_undecided_refund_age_seconds",
            "Since the oldest of them that is followed was asked for",
            self.oldest_refund_age.clone(),
        );
        registry.register("unaccepted_refunds", "Those of them that WeChat has not accepted", self.unaccepted_refunds.clone());
        registry.register(
            "oldest_unaccepted_refund_age_seconds",
            "Since the oldest of these was asked for",
            self.oldest_unaccepted_age.clone(),
        );
        registry.register(
            "deals_without_account",
            "Undecided deals and refunds of accounts that the configuration lacks",
            self.without_account.clone(),
        );
        registry.register(
            "client_certificate_expiry_timestamp_seconds",
            "Until when the client certificate in use is good, in seconds since 1970, by account",
            self.certificate_expiry.clone(),
        );
        registry.register(
            "client_certificate_not_taken",
            "Whether the client certificate that was read last cannot be used, by account: 0 or 1",
            self.certificate_not_taken.clone(),
        );
        registry.register(
            "database_clock_ahead_seconds",
            "How far the database's clock is ahead of this instance's (behind, if negative)",
            self.skew.clone(),
        );
        self.bills.register(registry);
        self.database.register(registry);
    }
}

impl Gateway {
    /// Shows what it counts, and what the store and the client count.
    pub fn register_metrics(&self, registry: &mut Registry) {
        self.metrics.register(registry);
        self.lines.metrics.register(registry);
        self.store.metrics().register(registry);
        self.accounts.register_metrics(registry);
    }

    /// Brings up to date what must be looked up. A database that is away leaves what was known: the age of the oldest
    /// undecided deal goes on growing.
    pub async fn refresh_metrics(&self) {
        let now = self.clock.now();
        if self.metrics.count.admits(now) {
            if let Ok(undecided) = self.store.undecided().await {
                self.metrics.note_count(undecided);
            }
            if let Ok(counts) = self.store.undecided_refunds().await {
                self.metrics.note_refund_counts(counts);
            }
            if let Ok(open) = self.store.count_open_alarms().await {
                self.metrics.open_alarms.set(open);
            }
            self.count_deliveries().await;
            self.count_bills().await;
            self.look_at_database().await;
        }
        let metrics = &self.metrics;
        for (oldest, age) in [
            (&metrics.oldest, &metrics.oldest_age),
            (&metrics.oldest_refund, &metrics.oldest_refund_age),
            (&metrics.oldest_unaccepted, &metrics.oldest_unaccepted_age),
        ] {
            let since = *oldest.lock().unwrap_or_else(PoisonError::into_inner);
            age.set(since.map_or(0, |since| (now - since).num_seconds().max(0)));
        }
        self.show_delivery_ages();
    }
}
