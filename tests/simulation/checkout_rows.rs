//! Checkouts as they are stored, and what may become of one (invariants 15 and 16).

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{FromRow, SqliteConnection};
use wechat_pay::deal::Timestamp;

use super::invariants::Row;

/// A checkout as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, FromRow)]
pub struct CheckoutRow {
    pub checkout_id: String,
    account: Option<String>,
    pub merchant_id: i64,
    pub total_fee: i64,
    expires_at: String,
    pub paid_by: Option<String>,
    pub given_up_at: Option<String>,
}

/// All of one history, as they were read last, and what has been seen of how they came about.
#[derive(Default)]
pub struct Checkouts {
    pub rows: BTreeMap<String, CheckoutRow>,
    /// When each was first seen to want no payment any more, and the deals that it had then.
    pub settled: BTreeMap<String, Settled>,
    /// When each deal of a checkout was first seen.
    pub opened_at: BTreeMap<String, Timestamp>,
    /// The deals that have expired when another one had paid their checkout before.
    pub silent: BTreeSet<String>,
}

/// A checkout that wants no payment any more.
pub struct Settled {
    pub since: Timestamp,
    attempts: BTreeSet<String>,
}

impl CheckoutRow {
    /// Whether it is paid, or given up.
    pub fn is_settled(&self) -> bool {
        self.paid_by.is_some() || self.given_up_at.is_some()
    }

    fn may_become(&self, after: &Self) {
        let fixed = |row: &Self| (row.account.clone(), row.merchant_id, row.total_fee, row.expires_at.clone());
        assert_eq!(fixed(self), fixed(after), "invariant 15: a checkout is another one");
        assert!(self.paid_by.is_none() || self.paid_by == after.paid_by, "invariant 15: {self:?} became {after:?}");
        assert!(self.given_up_at.is_none() || self.given_up_at == after.given_up_at, "invariant 15: {self:?} became {after:?}");
    }
}

impl Checkouts {
    /// Reads them, and holds them and their deals against what they were.
    pub async fn read(
        &mut self,
        conn: &mut SqliteConnection,
        before: &BTreeMap<String, Row>,
        deals: &BTreeMap<String, Row>,
        now: Timestamp,
    ) {
        const ROWS: &str = "SELECT checkout_id, account, merchant_id, total_fee, expires_at, paid_by, given_up_at FROM checkout";
        let stored: Vec<CheckoutRow> = sqlx::query_as(ROWS).fetch_all(&mut *conn).await.unwrap();
        let rows: BTreeMap<_, _> = stored.into_iter().map(|row| (row.checkout_id.clone(), row)).collect();
        for before in self.rows.values() {
            let after = rows.get(&before.checkout_id).unwrap_or_else(|| panic!("invariant 15: its row is gone: {before:?}"));
            before.may_become(after);
        }
        let attempts = || deals.values().filter(|deal| deal.checkout_id.is_some());
        for deal in attempts() {
            self.opened_at.entry(deal.order_id.clone()).or_insert(now);
            let has_expired = deal.status == 2 && before.get(&deal.order_id).is_some_and(|before| before.status == 0);
            if has_expired && self.is_paid_otherwise(deal) {
                self.silent.insert(deal.order_id.clone());
            }
        }
        self.rows = rows;
        let settled: Vec<_> = self.rows.values().filter(|row| row.is_settled()).map(|row| row.checkout_id.clone()).collect();
        for checkout_id in settled {
            self.wants_no_payment(&checkout_id, deals, now);
        }
        for row in self.rows.values() {
            check_attempts(row, deals);
            let of_it = attempts().filter(|deal| deal.checkout_id.as_ref() == Some(&row.checkout_id));
            if let Some(settled) = self.settled.get(&row.checkout_id) {
                let new = of_it.into_iter().find(|deal| !settled.attempts.contains(&deal.order_id));
                assert_eq!(new, None, "invariant 16: a new deal of a checkout that wants no payment: {row:?}");
            }
        }
    }

    /// From now on nobody begins to pay it.
    pub fn wants_no_payment(&mut self, checkout_id: &str, deals: &BTreeMap<String, Row>, now: Timestamp) {
        let attempts = || deals.values().filter(|deal| deal.checkout_id.as_deref() == Some(checkout_id)).map(|deal| deal.order_id.clone());
        self.settled.entry(checkout_id.to_owned()).or_insert_with(|| Settled { since: now, attempts: attempts().collect() });
    }

    /// Whether another deal has paid the checkout that this one is a way of.
    pub fn is_paid_otherwise(&self, deal: &Row) -> bool {
        let checkout = deal.checkout_id.as_ref().and_then(|checkout_id| self.rows.get(checkout_id));
        checkout.and_then(|checkout| checkout.paid_by.as_ref()).is_some_and(|paid_by| *paid_by != deal.order_id)
    }
}

/// Invariant 15: of a checkout's deals the one that is Paid is the one that it names, and there is one a way.
fn check_attempts(row: &CheckoutRow, deals: &BTreeMap<String, Row>) {
    let attempts: Vec<_> = deals.values().filter(|deal| deal.checkout_id.as_ref() == Some(&row.checkout_id)).collect();
    let paid: Vec<_> = attempts.iter().filter(|deal| deal.status == 1).map(|deal| &deal.order_id).collect();
    assert_eq!(paid, row.paid_by.iter().collect::<Vec<_>>(), "invariant 15: not the deal that is Paid: {row:?}: {attempts:?}");
    let ways: BTreeSet<_> = attempts.iter().map(|deal| &deal.trade_type).collect();
    assert_eq!(ways.len(), attempts.len(), "invariant 15: two deals of one way: {row:?}: {attempts:?}");
    for deal in attempts {
        assert_eq!(deal.total_fee, row.total_fee, "invariant 15: another price than its checkout's: {row:?}: {deal:?}");
    }
}
