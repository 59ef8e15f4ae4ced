//! What must always hold, held against the rows behind the service's back. The numbers are those of the crate page
//! (`src/lib.rs`, "What must always hold").

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDateTime, TimeDelta};
use sqlx::{Connection, Row as _, SqliteConnection};
use wechat_pay::channel::TradeState;
use wechat_pay::channel::wechat::v2::{SignType, xml};
use wechat_pay::deal::{AccountId, BeijingTime, Timestamp};
use wechat_pay::simulator::SimOrder;

use super::bill_rows::Bills;
use super::checkout_rows::Checkouts;
use super::merchants::{Merchants, is_named, sign_type};
use super::network::Network;
use super::outbox_rows::Outbox;
use super::refund_rows::RefundRow;

/// A payment is known within this time after the last fault, and after its account is back: the longest pause, and a lease that
/// a killed instance held.
pub const KNOWN_WITHIN: TimeDelta = TimeDelta::minutes(11);
/// A deal is decided within this time after its end and the last fault.
pub const DECIDED_WITHIN: TimeDelta = TimeDelta::minutes(15);

/// A deal as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Row {
    pub order_id: String,
    pub account: AccountId,
    pub status: i64,
    pub transaction_id: Option<String>,
    pub total_fee: i64,
    pub checkout_id: Option<String>,
    /// How it is paid, if not by a code.
    pub trade_type: Option<String>,
    /// When it was paid, if it is.
    pub paid_at: Option<Timestamp>,
    pub code_url: Option<String>,
    pub expires_at: Timestamp,
    pub due_at: Option<Timestamp>,
    pub refunded_at: Option<Timestamp>,
    /// What has been given back or is on its way, in fen.
    pub refunded_fee: i64,
    /// When WeChat is to be asked which refunds there are.
    pub refunds_due_at: Option<Timestamp>,
    /// What WeChat was asked with for its link.
    pub request: String,
    pay_back: Option<String>,
    query_back: Option<String>,
    opened: i64,
    settled: i64,
    pub expired: i64,
    failed: i64,
}

impl Row {
    /// The algorithm that its order was sent by, and that WeChat tells of it by.
    pub fn sign_type(&self) -> SignType {
        sign_type(&xml::parse(self.request.as_bytes()).expect("a request that can be read"))
    }
}

const ROWS: &str = "SELECT deal.order_id, COALESCE(status, 0), transaction_id, total_fee, code_url, expires_at, due_at, payBack, \
    queryBack, refunded_at, account, opened, settled, expired, failed, prepay_request, COALESCE(refunded_fee, 0), refunds_due_at, checkout_id, trade_type, update_at FROM deal LEFT JOIN (SELECT order_id, SUM(kind = 'opened') AS opened, \
    SUM(kind IN ('settled', 'settled_late')) AS settled, SUM(kind IN ('expired', 'paid_otherwise')) AS expired, SUM(kind = 'payment_failed') AS failed \
    FROM deal_event GROUP BY order_id) told ON told.order_id = deal.order_id ORDER BY id";

pub struct Invariants {
    pub(super) conn: SqliteConnection,
    pub(super) merchants: Merchants,
    /// Which state of the database has been read.
    version: Option<i64>,
    pub rows: BTreeMap<String, Row>,
    /// By number.
    pub refunds: BTreeMap<String, RefundRow>,
    /// Messages of which it has been seen that they prove what is stored.
    pub(super) proven: BTreeSet<String>,
    /// The rows that another program has marked as paid, without any evidence.
    pub decided_elsewhere: BTreeSet<String>,
    /// What is told, in a history in which somebody is.
    pub outbox: Option<Outbox>,
    /// In a history in which there are any.
    pub checkouts: Option<Checkouts>,
    pub bills: Bills,
}

impl Invariants {
    pub async fn open(url: &str, merchants: &Merchants) -> Self {
        Self {
            conn: SqliteConnection::connect(url).await.unwrap(),
            merchants: merchants.clone(),
            version: None,
            rows: BTreeMap::new(),
            refunds: BTreeMap::new(),
            proven: BTreeSet::new(),
            decided_elsewhere: BTreeSet::new(),
            outbox: None,
            checkouts: None,
            bills: Bills::default(),
        }
    }

    /// Another program on the same table marks a row as paid, as the service that was here before does.
    pub async fn decide_elsewhere(&mut self, order_id: &str) {
        let update = sqlx::query("UPDATE deal SET status = 1 WHERE order_id = ? AND COALESCE(status, 0) = 0").bind(order_id);
        if update.execute(&mut self.conn).await.unwrap().rows_affected() == 1 {
            self.decided_elsewhere.insert(order_id.to_owned());
            self.version = None;
        }
    }

    /// Reads what is stored, and holds it against what was.
    pub async fn read(&mut self, now: Timestamp) {
        let version: i64 = sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut self.conn).await.unwrap();
        if self.version.replace(version) == Some(version) {
            return;
        }
        let read = sqlx::query(ROWS).fetch_all(&mut self.conn).await.unwrap();
        let mut rows = BTreeMap::new();
        for row in read {
            let row = Row {
                order_id: row.get(0),
                status: row.get(1),
                transaction_id: row.get(2),
                total_fee: row.get(3),
                code_url: row.get(4),
                expires_at: time(row.get(5)),
                due_at: row.get::<Option<String>, _>(6).map(time),
                pay_back: row.get(7),
                query_back: row.get(8),
                refunded_at: row.get::<Option<String>, _>(9).map(time),
                account: AccountId::from_column(row.get(10)),
                opened: row.get(11),
                settled: row.get(12),
                expired: row.get(13),
                failed: row.get(14),
                request: row.get(15),
                refunded_fee: row.get(16),
                refunds_due_at: row.get::<Option<String>, _>(17).map(time),
                checkout_id: row.get(18),
                trade_type: row.get(19),
                paid_at: row.get::<Option<String>, _>(20).map(time),
            };
            if let Some(before) = self.rows.get(&row.order_id) {
                follows(before, &row);
            }
            let twice = rows.insert(row.order_id.clone(), row);
            assert!(twice.is_none(), "invariant 9: two rows of one order: {twice:?}");
        }
        let gone = self.rows.keys().find(|order_id| !rows.contains_key(*order_id));
        assert_eq!(gone, None, "invariant 9: its row is gone");
        if let Some(checkouts) = &mut self.checkouts {
            checkouts.read(&mut self.conn, &self.rows, &rows, now).await;
        }
        self.rows = rows;
        let refunds = RefundRow::read(&mut self.conn).await;
        for before in self.refunds.values() {
            let after = refunds.get(&before.refund_id).unwrap_or_else(|| panic!("invariant 12: its row is gone: {before:?}"));
            before.may_become(after, now);
        }
        if let Some(outbox) = &mut self.outbox {
            outbox.note_ends(&self.refunds, &refunds);
            outbox.read(&mut self.conn, now).await;
        }
        self.bills.read(&mut self.conn, (&self.rows, &refunds), self.outbox.as_ref(), now).await;
        self.refunds = refunds;
    }

    /// Holds what is stored against WeChat's world.
    pub fn check(&mut self, network: &Network) {
        self.check_refunds(network);
        for order in network.world.orders().map(SimOrder::key) {
            let row = self.rows.get(&order.out_trade_no);
            let account = network.merchants.account_of(&order);
            assert_eq!(
                row.map(|row| &row.account),
                Some(account),
                "invariant 1: WeChat has an order that no row of this account has: {order:?}"
            );
        }
        for row in self.rows.values() {
            let order = network.order(row);
            let may_have_failed = network.failures.contains(&row.order_id);
            assert!(
                row.failed == 0 || may_have_failed,
                "a payment is said to have failed of which its merchant's key said nothing: {row:?}"
            );
            assert_eq!(row.opened, 1, "invariant 10: one opening: {row:?}");
            assert!(row.status == 1 || row.refunded_at.is_none(), "given back, and not paid: {row:?}");
            match row.status {
                0 => assert_eq!((row.settled, row.expired), (0, 0), "invariant 10: {row:?}"),
                1 => self.check_paid(row, order, network),
                2 => {
                    assert_eq!((row.settled, row.expired), (0, 1), "invariant 10: {row:?}");
                    let is_spent = |state: TradeState| state.is_dead() || self.is_paid_otherwise(row) && state.is_paid();
                    let payable = order.map_or(network.is_awaited(&row.order_id), |order| !is_spent(order.trade_state));
                    assert!(!payable, "invariant 5: Expired, and WeChat has it as {:?}: {row:?}", order.map(|order| order.trade_state));
                }
                _ => panic!("invariant 4: an unknown status: {row:?}"),
            }
        }
    }

    /// Invariant 2: what was paid, and the evidence for it, verified once more.
    fn check_paid(&self, row: &Row, order: Option<&SimOrder>, network: &Network) {
        let paid = order.filter(|order| order.trade_state.is_paid());
        let order = paid.unwrap_or_else(|| panic!("invariant 2: Paid, and not paid at WeChat: {row:?}"));
        if self.decided_elsewhere.contains(&row.order_id) {
            assert!(row.transaction_id.is_none() || row.transaction_id == order.transaction_id, "invariant 2: another payment: {row:?}");
            return;
        }
        assert_eq!(row.settled, 1, "invariant 10: one settlement: {row:?}");
        assert!(row.expired <= 1, "invariant 10: {row:?}");
        assert_eq!(row.transaction_id, order.transaction_id, "invariant 2: another payment: {row:?}");
        assert_eq!(row.total_fee, order.total_fee.get(), "invariant 2: another amount: {row:?}");
        assert_eq!(row.due_at, None, "a decided deal is looked at no more: {row:?}");
        let (messages, merchant) = ([&row.pay_back, &row.query_back], self.merchants.of_account(&row.account));
        let proven = messages.into_iter().flatten().any(|message| {
            let fields = xml::parse(message.as_bytes()).expect("invariant 2: evidence that can be read");
            let is_signed = SignType::ALL.into_iter().any(|by| self.merchants.have_signed(&row.account, &fields, by));
            assert!(is_signed, "invariant 2: evidence that its account's keys have not signed: {row:?}");
            fields.get("transaction_id").is_some()
                && fields.get("transaction_id") == row.transaction_id.as_deref()
                && fields.get("out_trade_no") == Some(&row.order_id)
                && fields.get("total_fee") == Some(&row.total_fee.to_string())
                && is_named(merchant, &fields)
        });
        assert!(proven, "invariant 2: no evidence: {row:?}");
        // The last that WeChat said of it when it was asked is what is told, and what is known of others' refunds.
        let said = row.query_back.as_ref().and_then(|said| Some(xml::parse(said.as_bytes()).ok()?.get("trade_state")?.to_owned()));
        let by_others = || self.refunds.values().filter(|refund| refund.order_id == row.order_id && refund.is_by_others());
        let is_said = said.as_deref() == Some("REFUND");
        assert!(row.refunded_at.is_none() || is_said || by_others().next().is_some(), "told otherwise than WeChat said: {row:?}");
        assert!(row.refunded_at.is_some() || !is_said && by_others().all(|refund| refund.held() == 0), "REFUND is not told: {row:?}");
        assert!(row.refunded_at.is_none() || network.is_given_back_by_hand(&order.key()), "no others have given it back: {row:?}");
    }

    /// How many stored links are not WeChat's last, and so cannot be paid, though no other is asked for. Counted and not
    /// forbidden: two calls one after the other may be noted the other way round. A new deal helps; no money is lost.
    pub fn dead_links(&self, network: &Network) -> u64 {
        let mut dead = 0;
        for row in self.undecided() {
            let Some(order) = network.order(row) else { continue };
            if row.code_url.is_some() && !network.may_have_an_unknown_link(&row.order_id) {
                dead += u64::from(row.code_url != order.code_url);
            }
        }
        dead
    }

    /// Invariant 6: after the faults have ended at `since`, nothing stays open for longer than promised.
    /// Nothing can be known of the deals of an account that is `absent` from the configuration.
    pub fn check_in_time(&self, network: &Network, absent: Option<&AccountId>, since: Timestamp, now: Timestamp) {
        for row in self.undecided_but(absent) {
            assert!(
                now <= row.expires_at.max(since) + DECIDED_WITHIN,
                "invariant 6: still undecided at {now}, {since} the faults ended: {row:?}"
            );
            self.check_closed_in_time(row, since, now);
            let paid_at = network.order(row).and_then(|order| order.paid_at);
            let known = paid_at.is_none_or(|paid_at| now <= paid_at.max(since) + KNOWN_WITHIN);
            assert!(known, "invariant 6: paid at {paid_at:?} and still unknown at {now}, {since} the faults ended: {row:?}");
        }
    }

    /// After a pass of each instance nothing is due any more that was so when the first of them had `begun`, but for the deals of an
    /// account that is `absent` everywhere, and those of which that has become known meanwhile that nobody is to pay them.
    pub fn check_looked_at(&self, absent: Option<&AccountId>, begun: Timestamp) {
        for row in self.undecided_but(absent) {
            let is_unwanted_since = self.unwanted_since(row).is_some_and(|since| since >= begun);
            assert!(row.due_at.is_none_or(|due| due > begun) || is_unwanted_since, "invariant 6: due, and not looked at: {row:?}");
        }
    }

    /// Invariant 6 under more load than the budget bears.
    pub fn check_found(&self, network: &Network, account: &AccountId, within: TimeDelta, now: Timestamp) {
        for row in self.undecided().filter(|row| row.account == *account) {
            let paid_at = network.order(row).and_then(|order| order.paid_at);
            assert!(
                paid_at.is_none_or(|paid_at| now <= paid_at + within),
                "invariant 6: paid at {paid_at:?} and unknown at {now}: {row:?}"
            );
        }
    }

    /// In the end every deal is decided as WeChat has it, and no decided one stands in line.
    pub fn check_end(&self, network: &Network) {
        for row in self.rows.values() {
            let state = network.order(row).map(|order| order.trade_state);
            let paid = state.is_some_and(TradeState::is_paid) && !self.is_paid_otherwise(row);
            assert_eq!(row.status, if paid { 1 } else { 2 }, "invariant 6: WeChat has it as {state:?}: {row:?}");
            assert_eq!(row.due_at, None, "a decided deal is looked at no more: {row:?}");
        }
    }

    pub fn undecided(&self) -> impl Iterator<Item = &Row> {
        self.rows.values().filter(|row| row.status == 0)
    }

    /// Those of all accounts but one, perhaps.
    pub fn undecided_but(&self, account: Option<&AccountId>) -> impl Iterator<Item = &Row> {
        self.undecided().filter(move |row| Some(&row.account) != account)
    }
}

/// Invariant 4: what may become of a row.
fn follows(before: &Row, after: &Row) {
    assert_eq!(before.account, after.account, "invariant 11: a deal stays with its account: {before:?} became {after:?}");
    let lawful = matches!((before.status, after.status), (0, _) | (1, 1) | (2, 1 | 2));
    assert!(lawful, "invariant 4: {before:?} became {after:?}");
    assert!(before.refunded_at.is_none() || before.refunded_at == after.refunded_at, "REFUND is final: {before:?} became {after:?}");
    assert!(before.transaction_id.is_none() || before.transaction_id == after.transaction_id, "invariant 4: {before:?} became {after:?}");
    let fixed = |row: &Row| (row.total_fee, row.expires_at, row.checkout_id.clone(), row.trade_type.clone());
    assert_eq!(fixed(before), fixed(after), "invariant 4: {before:?} became {after:?}");
}

pub fn time(column: String) -> Timestamp {
    BeijingTime::from(NaiveDateTime::parse_from_str(&column, "%Y-%m-%d %H:%M:%S").unwrap()).timestamp()
}
