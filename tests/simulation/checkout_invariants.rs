//! What must always hold of checkouts beside their own rows (invariants 15 to 17): of the deals that did not pay one, and of payments
//! by a second way.

use chrono::TimeDelta;
use wechat_pay::deal::Timestamp;

use super::checkout_rows::CheckoutRow;
use super::history::History;
use super::invariants::{Invariants, KNOWN_WITHIN, Row};
use super::network::Network;

/// At the age at which WeChat closes an order (`close.min_age`).
const CLOSABLE: TimeDelta = TimeDelta::minutes(5);

impl Invariants {
    pub fn checkout(&self, checkout_id: &str) -> &CheckoutRow {
        let row = self.checkouts.as_ref().and_then(|checkouts| checkouts.rows.get(checkout_id));
        row.unwrap_or_else(|| panic!("invariant 15: a checkout was told of and there is no row: {checkout_id}"))
    }

    /// The deals of a checkout.
    pub fn attempts<'i>(&'i self, checkout_id: &'i str) -> impl Iterator<Item = &'i Row> {
        self.rows.values().filter(move |row| row.checkout_id.as_deref() == Some(checkout_id))
    }

    /// Whether another deal has paid the checkout that this one is a way of.
    pub fn is_paid_otherwise(&self, row: &Row) -> bool {
        self.checkouts.as_ref().is_some_and(|checkouts| checkouts.is_paid_otherwise(row))
    }

    /// Whether the checkout that a deal is a way of is paid, or given up.
    pub fn is_unwanted(&self, row: &Row) -> bool {
        row.checkout_id.as_ref().is_some_and(|checkout_id| self.checkout(checkout_id).is_settled())
    }

    /// When that was first seen.
    pub fn unwanted_since(&self, row: &Row) -> Option<Timestamp> {
        Some(self.checkouts.as_ref()?.settled.get(row.checkout_id.as_ref()?)?.since)
    }

    pub fn wants_no_payment(&mut self, checkout_id: &str, now: Timestamp) {
        if let Some(checkouts) = &mut self.checkouts {
            checkouts.wants_no_payment(checkout_id, &self.rows, now);
        }
    }

    /// Invariant 17: after the faults have ended at `since`, an order that nobody is to pay is closed as soon as WeChat closes it.
    pub fn check_closed_in_time(&self, row: &Row, since: Timestamp, now: Timestamp) {
        let Some((checkouts, unwanted_since)) = self.checkouts.as_ref().zip(self.unwanted_since(row)) else { return };
        let closable = (checkouts.opened_at[&row.order_id] + CLOSABLE).max(unwanted_since).max(since);
        assert!(now <= closable + KNOWN_WITHIN, "invariant 17: still open at {now}, {since} the faults ended: {row:?}");
    }

    /// In the end a checkout is paid if one of its orders is, and what was paid by another way goes back once, all of it; or an alarm
    /// was raised, because others had given it back.
    pub async fn check_end_of_checkouts(&mut self, network: &Network) {
        const ALARMS: &str = "SELECT COUNT(*) FROM deal_event WHERE order_id = ? AND kind = 'mismatch' AND detail LIKE 'the order was paid by another transaction:%'";
        let Some(checkouts) = &self.checkouts else { return };
        for row in self.rows.values().filter(|row| row.checkout_id.is_some()) {
            let Some(order) = network.order(row).filter(|order| order.trade_state.is_paid()) else { continue };
            let paid_by = checkouts.rows[row.checkout_id.as_ref().unwrap()].paid_by.as_ref();
            assert!(paid_by.is_some(), "invariant 6: paid at WeChat, and its checkout is not: {row:?}");
            if !checkouts.is_paid_otherwise(row) {
                continue;
            }
            let alarms: i64 = sqlx::query_scalar(ALARMS).bind(&row.order_id).fetch_one(&mut self.conn).await.unwrap();
            let given_back = self.refunds.values().filter(|refund| refund.transaction_id == order.transaction_id);
            let given_back: Vec<_> = given_back.filter(|refund| refund.order_id == row.order_id && !refund.is_by_others()).collect();
            let is_by_hand = network.is_given_back_by_hand(&order.key());
            match given_back[..] {
                [] => assert!(is_by_hand && alarms > 0, "invariant 17: paid in a second way, and nothing was done: {row:?}"),
                [refund] => {
                    let is_right = refund.fee == row.total_fee && refund.is_of_second_payment && refund.source == "automatic";
                    assert!(is_right, "invariant 17: not what was paid in a second way: {refund:?}: {row:?}");
                    assert!(is_by_hand || alarms == 0, "invariant 17: an alarm of a payment that goes back: {row:?}");
                }
                _ => panic!("invariant 17: given back twice: {given_back:?}"),
            }
        }
    }
}

impl History<'_> {
    pub fn count_checkouts(&mut self) {
        let Some(checkouts) = &self.invariants.checkouts else { return };
        let of_rows = |is_one: &dyn Fn(&CheckoutRow) -> bool| checkouts.rows.values().filter(|row| is_one(row)).count() as u64;
        let losers = || self.invariants.rows.values().filter(|row| checkouts.is_paid_otherwise(row));
        let paid = losers().filter(|row| self.network.order(row).is_some_and(|order| order.trade_state.is_paid())).count() as u64;
        let counts = [
            ("checkouts", of_rows(&|_| true)),
            ("checkouts paid", of_rows(&|row| row.paid_by.is_some())),
            ("checkouts given up", of_rows(&|row| row.given_up_at.is_some())),
            ("checkouts paid in two ways", paid),
            ("orders of paid checkouts closed", losers().count() as u64 - paid),
        ];
        for (what, times) in counts {
            self.count(what, times);
        }
    }
}
