//! What must always hold of money that goes back: our refunds against WeChat's books (invariants 12 and 13).

use std::collections::BTreeMap;

use chrono::TimeDelta;
use wechat_pay::channel::wechat::v2::{Fields, SignType, xml};
use wechat_pay::deal::{RefundState, Timestamp};
use wechat_pay::simulator::{self, SimRefund};

use super::invariants::{Invariants, Row};
use super::merchants::is_named;
use super::network::Network;
use super::refund_rows::RefundRow;

/// A refund is accepted within this time after it was due and the last fault is over: the longest pause, and a lease that a killed
/// instance held. Of one order WeChat takes them one by one.
const SENT_WITHIN: TimeDelta = TimeDelta::minutes(12);
/// The ages, in minutes, at which one that WeChat has accepted is asked about.
const ASKED_AT: [i64; 12] = [1, 5, 20, 60, 360, 1440, 2 * 1440, 3 * 1440, 4 * 1440, 5 * 1440, 6 * 1440, 7 * 1440];
/// From being due until a pass has looked.
const LOOKED_WITHIN: TimeDelta = TimeDelta::minutes(2);

impl Invariants {
    /// Holds the refunds that are stored against WeChat's books, in every moment.
    pub fn check_refunds(&mut self, network: &Network) {
        let at_wechat: BTreeMap<_, _> = network.refunds().map(|refund| (refund.out_refund_no.as_str(), refund)).collect();
        for refund in at_wechat.values() {
            self.check_known(refund, network);
        }
        for row in self.rows.values() {
            self.check_sums(row);
        }
        for row in self.refunds.values() {
            check_against_wechat(row, at_wechat.get(row.refund_id.as_str()).copied(), network);
        }
        let unseen = |row: &&RefundRow| row.evidence.as_ref().is_some_and(|message| !self.proven.contains(&proof(row, message)));
        let unseen: Vec<_> = self.refunds.values().filter(unseen).cloned().collect();
        for row in unseen {
            let message = row.evidence.as_deref().unwrap_or_default();
            self.check_evidence(&row, message);
            self.proven.insert(proof(&row, message));
        }
    }

    /// What WeChat has accepted of ours is a row, of the same order, amount and account.
    fn check_known(&self, refund: &SimRefund, network: &Network) {
        let Some(row) = self.refunds.get(&refund.out_refund_no) else {
            let is_by_hand = refund.source == simulator::RefundSource::VendorPlatform;
            assert!(is_by_hand, "invariant 12: WeChat gives back under a number that no row has: {refund:?}");
            return;
        };
        let account = network.merchants.account_of(&refund.order);
        let (ours, theirs) = ((&row.order_id, &row.account, row.fee), (&refund.order.out_trade_no, account, refund.refund_fee.get()));
        assert_eq!(ours, theirs, "invariant 13: another refund than WeChat's: {row:?}");
        assert_eq!(row.is_by_others(), refund.source == simulator::RefundSource::VendorPlatform, "invariant 13: who made it: {row:?}");
    }

    /// The amount that is held on the deal is that of its refunds, and callers can ask for no more than was paid.
    fn check_sums(&self, row: &Row) {
        let own = || self.refunds.values().filter(|refund| refund.order_id == row.order_id);
        let held: i64 = own().map(RefundRow::held).sum();
        assert_eq!(row.refunded_fee, held, "invariant 12: {row:?}: {:?}", own().collect::<Vec<_>>());
        let asked: i64 = own().filter(|refund| !refund.is_by_others()).map(RefundRow::held).sum();
        assert!(asked <= row.total_fee, "invariant 12: more back than was paid: {row:?}: {:?}", own().collect::<Vec<_>>());
        for refund in own() {
            assert_eq!(refund.account, row.account, "invariant 11: a refund of another account than its deal's: {refund:?}");
            if self.is_paid_otherwise(row) {
                assert!(refund.is_of_second_payment, "invariant 17: of a payment that is the merchant's: {refund:?}: {row:?}");
                continue;
            }
            assert_eq!(row.status, 1, "invariant 12: a refund of what is not paid: {refund:?}");
            let is_its_payment =
                refund.transaction_id.is_none() || row.transaction_id.is_none() || refund.transaction_id == row.transaction_id;
            let is_by_itself = refund.source == "automatic" && is_its_payment;
            assert!(!is_by_itself || row.expired == 1, "a payment in time is given back by itself: {refund:?}: {row:?}");
            assert_eq!(is_its_payment, !refund.is_of_second_payment, "invariant 12: of which payment: {refund:?}: {row:?}");
        }
    }

    /// What is stored was signed with a key of its account, and says so.
    fn check_evidence(&self, row: &RefundRow, message: &str) {
        let fields = xml::parse(message.as_bytes()).expect("invariant 13: evidence that can be read");
        let is_signed = SignType::ALL.into_iter().any(|by| self.merchants.have_signed(&row.account, &fields, by));
        assert!(is_signed, "invariant 13: evidence that its account's keys have not signed: {row:?}");
        let says = says(&fields, row);
        let is_about = is_named(self.merchants.of_account(&row.account), &fields) && fields.get("out_trade_no") == Some(&row.order_id);
        assert!(is_about && says == Some(row.state), "invariant 13: {says:?} is proven: {row:?}");
    }

    /// When each refund is due that is not decided.
    pub fn planned_refunds(&self) -> BTreeMap<String, Timestamp> {
        self.refunds.values().filter_map(|row| Some((row.refund_id.clone(), row.due_at?))).collect()
    }

    /// After the faults have ended at `since`, when refunds were `planned` for then, nothing waits for longer than the schedule says.
    pub fn check_refunds_in_time(&self, network: &Network, planned: &BTreeMap<String, Timestamp>, since: Timestamp, now: Timestamp) {
        for row in self.refunds.values().filter(|row| row.is_undecided()) {
            if !row.is_accepted() {
                let of_order = self.refunds.values().filter(|other| other.order_id == row.order_id).count();
                let due = planned.get(&row.refund_id).copied().unwrap_or(since).max(since);
                let until = due + SENT_WITHIN * i32::try_from(of_order).unwrap();
                assert!(now <= until, "a refund is not sent at {now}, {since} the faults ended: {row:?}");
                continue;
            }
            let decided_at = network.refunds().find(|refund| refund.out_refund_no == row.refund_id).and_then(|refund| refund.decided_at);
            let accepted_at = row.accepted_at.expect("when WeChat accepted it");
            let looks = ASKED_AT.map(|age| accepted_at + TimeDelta::minutes(age));
            let Some(decided_at) = decided_at else { continue };
            let look = looks.into_iter().find(|look| *look > decided_at.max(since));
            assert!(
                look.is_none_or(|look| now <= look + LOOKED_WITHIN),
                "WeChat decided a refund at {decided_at}, and it is not known at {now}, {since} the faults ended: {row:?}"
            );
        }
    }

    /// When a refund, or what WeChat has told of one, is next due.
    pub fn next_refund_step(&self) -> Option<Timestamp> {
        let refunds = self.refunds.values().filter(|row| row.is_undecided()).map(|row| row.due_at.unwrap_or(Timestamp::MAX_UTC));
        refunds.chain(self.rows.values().filter_map(|row| row.refunds_due_at)).min()
    }

    /// In the end every refund is decided as WeChat has it, and what WeChat has told of is booked.
    pub fn check_end_of_refunds(&self, network: &Network) {
        for row in self.refunds.values() {
            assert!(!row.is_undecided(), "a refund is undecided: {row:?}");
        }
        for refund in network.refunds() {
            let row = self.refunds.get(&refund.out_refund_no);
            if let Some(row) = row {
                assert_eq!(row.state, state(refund), "invariant 13: not as WeChat has it: {row:?}");
            }
            let is_told = refund.attempts.iter().any(|attempt| attempt.acknowledged);
            let is_of_second_way = self.rows.get(&refund.order.out_trade_no).is_some_and(|deal| self.is_paid_otherwise(deal));
            assert!(row.is_some() || !is_told || is_of_second_way, "acknowledged, and not booked: {refund:?}");
        }
        for row in self.rows.values() {
            assert_eq!(row.refunds_due_at, None, "WeChat is not asked for what others gave back: {row:?}");
            let is_booked = self.refunds.values().any(|refund| refund.order_id == row.order_id && refund.is_by_others());
            assert!(row.refunded_at.is_none() || is_booked, "others gave back, and nothing is booked: {row:?}");
        }
    }
}

/// A refund here is one there, in the state in which it was when it was last heard of.
fn check_against_wechat(row: &RefundRow, refund: Option<&SimRefund>, network: &Network) {
    let Some(refund) = refund else {
        let is_unknown = !row.is_accepted() && matches!(row.state, RefundState::Processing | RefundState::Failed);
        return assert!(is_unknown, "invariant 13: WeChat does not know it: {row:?}");
    };
    assert_ne!(row.state, RefundState::Failed, "invariant 13: WeChat gives it back: {row:?}: {refund:?}");
    assert!(row.is_undecided() || row.state == state(refund), "invariant 13: WeChat has it as {:?}: {row:?}", refund.state);
    assert!(!row.is_accepted() || row.wechat_refund_id.as_ref() == Some(&refund.refund_id), "invariant 13: another number: {row:?}");
    if let Some(paid_by) = network.transaction_of(refund) {
        assert!(row.transaction_id.as_ref().is_none_or(|id| id == paid_by), "invariant 13: another payment's: {row:?}: {paid_by}");
    }
}

/// What WeChat has it as, in our words.
pub fn state(refund: &SimRefund) -> RefundState {
    match refund.state {
        simulator::RefundState::Processing => RefundState::Processing,
        simulator::RefundState::Success => RefundState::Success,
        simulator::RefundState::RefundClose => RefundState::Closed,
        simulator::RefundState::Change => RefundState::Abnormal,
    }
}

/// A row's state with the message that is said to prove it.
fn proof(row: &RefundRow, message: &str) -> String {
    format!("{} {} {message}", row.refund_id, row.state.as_str())
}

/// As what a message says that this very refund stands, by its amount and both numbers.
fn says(fields: &Fields, row: &RefundRow) -> Option<RefundState> {
    let suffix = fields
        .iter()
        .find(|(name, value)| name.starts_with("out_refund_no") && *value == row.refund_id)?
        .0
        .strip_prefix("out_refund_no")?;
    let value = |name: &str| fields.get(&format!("{name}{suffix}"));
    let is_it = value("refund_fee") == Some(&row.fee.to_string()) && value("refund_id") == row.wechat_refund_id.as_deref();
    match value("refund_status").filter(|_| is_it) {
        None => (is_it && suffix.is_empty()).then_some(RefundState::Processing),
        Some("SUCCESS") => Some(RefundState::Success),
        Some("REFUNDCLOSE") => Some(RefundState::Closed),
        Some("CHANGE") => Some(RefundState::Abnormal),
        Some(_) => Some(RefundState::Processing),
    }
}
