//! The service itself, one file a use case. It knows no HTTP framework and no SQL: it decides, the store keeps,
//! WeChat is asked. No database transaction and no lock is ever held across a call to WeChat.

mod accounts;
mod attempts;
mod bill_terms;
mod bills;
mod books;
mod checkout;
mod checkout_events;
mod checkout_page;
mod clocks;
mod close_checkout;
mod close_order;
mod console;
mod database_metrics;
mod deliver;
mod error;
mod events;
mod expire;
mod export;
mod feed;
mod follow;
mod give_back;
mod inquire;
mod inquire_refund;
mod labels;
mod link;
mod live;
mod login;
mod metrics;
mod missing;
mod pay_page;
mod plan_refund;
mod poll;
mod prune;
mod publish;
mod query_checkout;
mod query_order;
mod query_refund;
mod readiness;
mod reconcile;
mod refund;
mod refund_schedule;
mod refund_terms;
mod renew_certificate;
mod resend;
mod send_refund;
mod settle;
mod settle_refund;
mod sweep;
mod sweep_refunds;
mod take_notice;
mod take_wake;
mod throttle;
mod to_pay;
mod view;

use std::sync::Arc;

use chrono::TimeDelta;

use crate::chance::Chance;
use crate::channel::Evidence;
use crate::clock::Clock;
use crate::deal::{AccountId, Deal, OrderId, Schedule, Timestamp};
use crate::store::{Event, EventKind, Origin, Store};
use crate::webhook::Endpoint;

pub use crate::channel::ShownField;
pub use crate::store::{Backlog, BillFile, BillWish, EndpointStanding, NodeState, Purchases, RefundCounts, Undecided};
pub use accounts::{Account, AccountTerms, Accounts, NoAccount};
pub use bill_terms::BillTerms;
pub use books::WholeDeal;
pub use checkout_events::CheckoutEvents;
pub use checkout_page::{Payer, Ways};
pub use close_order::Closed;
pub use console::{
    AccountStanding, Board, CertificateStanding, Doable, Dossier, EndpointLine, Found, Heard, LastCount, SecondLook, StandingEndpoint,
    is_attempt,
};
pub use deliver::TakenDelivery;
pub use error::GatewayError;
pub use events::Events;
pub use export::EXPORT_PAGE;
pub use feed::{FeedError, FeedPage};
pub use follow::{Swept, most_under_way};
pub use labels::{Disbelief, Wrong};
pub use link::{Link, Opened, Payable};
pub use live::{Facts, OrderView};
pub use login::{LoggedIn, LoginFailed};
pub use metrics::GatewayMetrics;
pub use missing::MissingAccount;
pub use pay_page::{Bought, GivenBack, PayPage, Standing};
pub use publish::Published;
pub use query_checkout::CheckoutView;
pub use query_order::Subject;
pub use readiness::NotReady;
pub use reconcile::{Fetch, ReconcileError, Rehearsal};
pub use refund::{RefundView, RefundWish};
pub use refund_terms::{AutomaticRefunds, RefundTerms};
pub use resend::Resent;
pub use settle::{SettleError, Settled};
pub use settle_refund::{RefundSettleError, RefundSettled};
pub use take_notice::{Taken, TakenNotice};
pub use to_pay::{Purchase, ToPay};

use clocks::Skew;
use console::{AlarmLook, Boards};
use deliver::Lines;
use feed::Hub;
use follow::Follower;
use live::Live;
use login::Logins;
use missing::MissingAccounts;
use publish::Publication;
use sweep::Claimed;

/// What an operator may choose about deals.
#[derive(Debug, Clone)]
pub struct Terms {
    /// How long a deal can be paid.
    pub expire_after: TimeDelta,
    /// How old a deal must be to be closed; WeChat asks for five minutes.
    pub close_min_age: TimeDelta,
    /// When undecided deals are looked at without a caller asking.
    pub schedule: Schedule,
    /// What is said of the shop to payers' browsers that are led to WeChat.
    pub site: Site,
    /// What is given back, and how soon after another refund.
    pub refund: RefundTerms,
    /// When WeChat's bills are held against the books, and whose orders are none of ours.
    pub bill: BillTerms,
}

/// The shop, as WeChat shows it to a payer that comes from a phone's browser.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// This service's public address, whose host is registered at WeChat; empty: unknown.
    pub url: String,
    /// What it is called.
    pub name: String,
}

/// Opens, watches, settles and closes deals.
#[derive(Debug)]
pub struct Gateway {
    store: Store,
    accounts: Accounts,
    endpoints: Vec<Endpoint>,
    clock: Clock,
    chance: Chance,
    terms: Terms,
    live: Live<Arc<GatewayError>>,
    metrics: GatewayMetrics,
    follower: Follower,
    claimed: Claimed,
    missing: MissingAccounts,
    skew: Skew,
    lines: Lines,
    logins: Logins,
    publication: Publication,
    feed: Hub,
    boards: Boards,
    alarm_look: AlarmLook,
}

impl Gateway {
    /// Puts the parts together.
    pub fn new(store: Store, accounts: Accounts, endpoints: Vec<Endpoint>, clock: Clock, chance: Chance, terms: Terms) -> Self {
        let live = Live::new(accounts.iter().map(|account| (account.id().clone(), account.terms().query_budget)));
        let (metrics, follower, claimed, missing, skew, logins, publication, feed, boards, alarm_look) = Default::default();
        let lines = Lines::of(&endpoints);
        Self {
            store,
            accounts,
            endpoints,
            clock,
            chance,
            terms,
            live,
            metrics,
            follower,
            claimed,
            missing,
            skew,
            lines,
            logins,
            publication,
            feed,
            boards,
            alarm_look,
        }
    }

    /// What was counted since the start.
    pub fn metrics(&self) -> &GatewayMetrics {
        &self.metrics
    }

    /// From here on the log says which order the request at hand is about, and its account unless that is `default`. Said of
    /// orders that are known here, never of what a caller typed.
    fn is_about(order_id: &OrderId, account: &AccountId) {
        let span = tracing::Span::current();
        span.record("order_id", tracing::field::display(order_id));
        span.record("account", account.column());
    }

    /// An event that happens now.
    fn event(&self, order_id: &OrderId, kind: EventKind, origin: Origin) -> Event {
        Event {
            order_id: order_id.clone(),
            kind,
            origin,
            detail: None,
            evidence: None,
            announces: Vec::new(),
            at: self.clock.now_seconds(),
        }
    }

    /// Writes an event that tells of no change. That it cannot be written stops nothing.
    async fn record(&self, event: Event, evidence: Option<&Evidence>) {
        let event = Event { evidence: evidence.cloned(), ..event };
        if let Err(error) = self.store.record(event).await {
            tracing::warn!(%error, "an event could not be written");
        }
    }

    /// What is said of the shop to payers' browsers.
    pub fn site(&self) -> &Site {
        &self.terms.site
    }

    /// Now, by the service's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The deals opened last, the newest first.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn newest_deals(&self, limit: u32) -> Result<Vec<Deal>, GatewayError> {
        Ok(self.store.newest(limit).await?)
    }

    /// Where deals are kept.
    pub fn store(&self) -> &Store {
        &self.store
    }
}
