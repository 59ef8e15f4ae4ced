//! What answers about checkouts must be worth, at the moment at which they are given.

use serde_json::Value;

use super::checkout_workload::AskedOfCheckout;
use super::history::History;
use super::network::Posted;
use super::requests::not_payable;

/// What only a page has from which can be paid, at a desk and on a phone: a code, and a link to WeChat's page; and which deals it is by.
const PAYABLE: [(&str, &str); 2] = [("<svg id=\"qr\"", "NATIVE"), ("data-do=\"go\" href=\"", "MWEB")];

impl History<'_> {
    /// Holds an answer about a checkout against the truth of this moment.
    pub fn hear_of_checkout(&mut self, asked: &AskedOfCheckout, (status, body): (u16, &str)) {
        assert_ne!(status, 500, "a fault of ours: {body}");
        if let AskedOfCheckout::Open { checkout_id, is_on_a_phone, was_settled } = asked {
            self.see_page(checkout_id, *was_settled, status, body);
            return self.see_way(checkout_id, *is_on_a_phone, body);
        }
        let json: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("no JSON: {status} {body}"));
        let said_yes = status == 200 && json["code"] == 0;
        match asked {
            AskedOfCheckout::Make { seller, key, fen } => {
                let Some(checkout_id) = json["checkout_id"].as_str() else { return assert!(!said_yes, "a yes without a number: {body}") };
                let row = self.invariants.checkout(checkout_id);
                assert_eq!((row.merchant_id, row.total_fee), (*seller, *fen), "another checkout than was asked for: {body}");
                if let Some(key) = key {
                    let known = self.front_ends.checkout_keys.entry((*seller, key.clone())).or_default();
                    assert_eq!(known.get_or_insert(checkout_id.to_owned()), checkout_id, "one key, two checkouts");
                }
                if !self.front_ends.checkouts.iter().any(|known| known == checkout_id) {
                    self.front_ends.checkouts.push(checkout_id.to_owned());
                }
            }
            AskedOfCheckout::Query(checkout_id) if said_yes => self.hear_state(checkout_id, &json),
            AskedOfCheckout::Close(checkout_id) if said_yes => {
                let row = self.invariants.checkout(checkout_id);
                assert!(row.given_up_at.is_some() && row.paid_by.is_none(), "invariant 5: closed was said, and is not stored: {row:?}");
                self.cannot_be_paid(checkout_id);
            }
            _ => {}
        }
    }

    /// Whether a notification is about a payment whose checkout another order has paid.
    pub fn is_of_second_way(&self, posted: &Posted) -> bool {
        let row = self.invariants.rows.get(&posted.notification.delivery.order.out_trade_no);
        row.is_some_and(|row| self.invariants.is_paid_otherwise(row))
    }

    fn hear_state(&mut self, checkout_id: &str, json: &Value) {
        let row = self.invariants.checkout(checkout_id);
        let state = json["trade_state"].as_str().expect("a state");
        match state {
            "SUCCESS" | "REFUND" => {
                let told = json["order_id"].as_str();
                assert!(told.is_some() && told == row.paid_by.as_deref(), "invariant 3: paid was said, and is not stored: {json}: {row:?}");
            }
            "CLOSED" | "REVOKED" => self.cannot_be_paid(checkout_id),
            _ => assert!(json.get("order_id").is_none(), "not paid, and by an order: {json}"),
        }
    }

    /// Invariant 5 for all ways to pay a checkout, also for those that could still be opened.
    fn cannot_be_paid(&mut self, checkout_id: &str) {
        for row in self.invariants.attempts(checkout_id) {
            not_payable(row, &self.network, self.invariants.is_paid_otherwise(row));
            let is_to_be_ordered = row.status == 0 && self.network.order(row).is_none();
            assert!(!is_to_be_ordered, "invariant 5: closed was said, and WeChat may be asked for it yet: {row:?}");
        }
        let now = self.now();
        self.invariants.wants_no_payment(checkout_id, now);
    }

    /// A page of a checkout that was paid or given up before it was asked for cannot be paid from.
    fn see_page(&mut self, checkout_id: &str, was_settled: bool, status: u16, body: &str) {
        assert!([200, 502, 503].contains(&status), "a page was answered {status} {body}");
        let says = |state: &str| body.contains(&format!("data-state=\"{state}\""));
        let row = self.invariants.checkout(checkout_id);
        assert!(row.paid_by.is_some() || !says("paid") && !says("refunded"), "invariant 3: a page says that it is paid: {row:?}");
        let is_payable = says("waiting") || PAYABLE.iter().any(|(mark, _)| body.contains(mark));
        assert!(!was_settled || !is_payable, "invariant 16: a page shows how to pay what wants no payment: {row:?}");
        self.count("pages of settled checkouts", u64::from(was_settled && status == 200));
        self.count("pages to pay a checkout by", u64::from(is_payable));
        // Whose deals they are a back end knows, too.
        for order_id in self.invariants.attempts(checkout_id).map(|row| row.order_id.clone()).collect::<Vec<_>>() {
            self.front_ends.learn(&order_id);
        }
    }

    /// A way to pay fits the device, and there is a deal for it.
    fn see_way(&self, checkout_id: &str, is_on_a_phone: bool, body: &str) {
        for (way, (mark, trade_type)) in PAYABLE.into_iter().enumerate().filter(|(_, (mark, _))| body.contains(mark)) {
            // A phone whose way is refused shows a code, for another phone to scan.
            assert!(way == 0 || is_on_a_phone, "a page for another device: {mark}");
            let has_deal = self.invariants.attempts(checkout_id).any(|row| row.trade_type.as_deref() == Some(trade_type));
            assert!(has_deal, "invariant 1: payable, and there is no deal: {mark} of {checkout_id}");
        }
    }
}
