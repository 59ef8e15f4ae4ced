//! What answers about refunds must be worth, at the moment at which they are given.

use serde_json::Value;
use wechat_pay::channel::wechat::v2::RefundCipher;
use wechat_pay::deal::{RefundState, Timestamp};

use super::history::History;
use super::invariants::Invariants;
use super::merchants::Merchants;
use super::network::Posted;
use super::refund_calls::LAG;
use super::refund_invariants::state;
use super::refund_rows::RefundRow;
use super::refund_workload::AskedRefund;

impl Invariants {
    fn refund_of_key(&self, asked: &AskedRefund) -> Option<&RefundRow> {
        self.refunds.values().find(|row| row.order_id == asked.order_id && row.key.as_ref() == Some(&asked.key))
    }

    /// One key is one refund, as it was asked for first.
    pub fn check_refund_answer(&self, asked: &AskedRefund, status: u16, body: &str, json: &Value) {
        let row = self.refund_of_key(asked);
        let is_the_same = row.map(|row| row.asked == asked.fee && row.reason.as_deref() == asked.reason);
        match (status, json["code"].as_i64()) {
            (409, _) => assert_eq!(is_the_same, Some(false), "a conflict with nothing, or with the same: {asked:?}: {body}"),
            (200, Some(0)) => {
                assert_eq!(is_the_same, Some(true), "invariant 12: another refund than was asked for: {asked:?}: {body}: {row:?}");
                self.check_told(json);
                assert_eq!(json["refund_id"].as_str(), row.map(|row| row.refund_id.as_str()), "one key, two refunds: {body}");
            }
            (200, Some(1)) if json["reason"] == "WECHAT_REFUSED" => {
                assert_eq!(row.map(|row| row.state), Some(RefundState::Failed), "refused, and not stored so: {asked:?}: {body}");
            }
            (200, Some(1)) => {
                let reasons = ["ORDER_NOT_PAID", "REFUND_TOO_MUCH", "REFUND_TOO_SOON"];
                assert!(reasons.iter().any(|reason| json["reason"] == *reason), "{asked:?}: {body}");
                assert!(row.is_none(), "refused, and stored: {asked:?}: {body}: {row:?}");
            }
            // Nothing is known, or its account is not there.
            (501..=504, _) => {}
            _ => panic!("{asked:?}: {status} {body}"),
        }
    }

    /// What is told of a refund is stored: a state that is final, to the letter.
    pub fn check_told(&self, told: &Value) {
        let row = told["refund_id"].as_str().and_then(|number| self.refunds.get(number));
        let row = row.unwrap_or_else(|| panic!("invariant 12: a refund was told of and there is no row: {told}"));
        let word = told["refund_state"].as_str().and_then(RefundState::from_word).expect("a state");
        let is_stored = word == row.state || word == RefundState::Processing || (word == RefundState::Failed && word.may_become(row.state));
        assert!(is_stored, "invariant 13: told and not stored: {told}: {row:?}");
    }
}

impl History<'_> {
    /// Whatever an encrypted notification says, SUCCESS means that WeChat was asked and its answer is stored. Gives whether WeChat is
    /// content.
    pub fn check_refund_notice(&self, posted: &Posted, (status, body): (u16, &str), since: Timestamp, configured: &Merchants) -> bool {
        let is_known = [200, 400, 401, 409, 503].contains(&status);
        assert!(is_known, "a notification of a refund was answered {status} {body}");
        if status != 200 {
            assert!(body.contains("FAIL"), "{status} {body}");
            return false;
        }
        let opened = opened(&posted.notification.body, configured).expect("believed without a key that opens it");
        let row = self.invariants.refunds.values().find(|row| opened.contains(&format!("<![CDATA[{}]]>", row.refund_id)));
        let mut of_second_ways = self.invariants.rows.values().filter(|deal| self.invariants.is_paid_otherwise(deal));
        if row.is_none() && of_second_ways.any(|deal| opened.contains(&deal.order_id)) {
            // What others give back of a payment that is not the merchant's is in no book.
            return true;
        }
        let row = row.unwrap_or_else(|| panic!("invariant 13: acknowledged, and not booked: {opened}"));
        assert!(opened.contains(&row.order_id), "invariant 13: acknowledged, and another order's: {opened}: {row:?}");
        let refund = self.network.refunds().find(|refund| refund.out_refund_no == row.refund_id).expect("a refund at WeChat");
        // A query that lags behind does not find it yet, and that is WeChat's answer too.
        let was_decided = refund.decided_at.is_some_and(|at| at < since) && refund.accepted_at + LAG <= since;
        assert!(!was_decided || row.state == state(refund), "invariant 13: acknowledged, and not stored: {row:?}");
        true
    }

    /// A second payment changes nothing; where that is chosen, and of a checkout always, it is given back, once WeChat is answered.
    pub fn check_second_payment(&self, posted: &Posted, (status, body): (u16, &str), since: Timestamp, undisturbed: bool) {
        assert!([401, 409, 503].contains(&status), "a second payment was answered {status} {body}");
        let order = &posted.notification.delivery.order;
        if status != 409 || !undisturbed || self.locks.stood_in_the_way_of(&order.out_trade_no, since) {
            return;
        }
        let is_given_back = self.invariants.refunds.values().any(|row| row.order_id == order.out_trade_no && row.is_of_second_payment);
        // What is gone already need not go back.
        if self.network.is_given_back_by_hand(order) {
            return;
        }
        let is_of_checkout = self.invariants.rows[&order.out_trade_no].checkout_id.is_some();
        assert_eq!(is_given_back, self.settings.terms.refund.automatic.second || is_of_checkout, "a second payment: {order:?}");
    }
}

/// What one of the merchants' keys makes of it.
fn opened(body: &str, configured: &Merchants) -> Option<String> {
    let (_, rest) = body.split_once("<req_info><![CDATA[")?;
    let (req_info, _) = rest.split_once("]]>")?;
    let keys = configured.iter().flat_map(|merchant| configured.keys(&merchant.account));
    keys.filter_map(|key| RefundCipher::new(key).decrypt(req_info)).find(|plain| plain.contains("<root>"))
}
