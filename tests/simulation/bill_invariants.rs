//! What must always hold of bills, whatever they say (that what they say alone neither pays nor gives back anything, the invariants 2 and
//! 13 see to):
//!
//! 1. A file that is kept is byte for byte one that WeChat has sent for that account and day.
//! 2. Whenever a bill was held against the books, each line of its file is what the books say, or a difference of the right kind; so is
//!    what the books had when it began and the file has not; and none of them counts as healed while that is so. A file that was cut,
//!    or most of which is of another day or merchant number, was held against nothing: its bill is missing.
//! 3. What an operator has explained stays as long as the amounts do, no difference is ever gone, and each is counted.
//! 4. In the end the bill of each day says what WeChat's books say, and open is exactly what has its cause in the history.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use wechat_pay::deal::{AccountId, Day, Reach, RefundState, TakingsBy, TakingsWish, Timestamp};
use wechat_pay::simulator::{SimOrder, SimRefund};

use super::bill_lines::{PaymentLine, RefundLine, Text};
use super::bill_rows::{BillRow, DifferenceRow, Snapshot};
use super::history::History;
use super::invariants::{Invariants, Row};
use super::network::Network;

/// How another system's orders begin that has its rule.
pub const FOREIGN: &str = "ERP-";

/// From then on, on the day behind it, WeChat makes no bill any more.
const EVENING: TimeDelta = TimeDelta::hours(18);

/// A kind of difference and its subject.
type Name = (&'static str, String);

impl Invariants {
    /// Holds the bills that were finished, and the files that were kept, against WeChat and the books.
    pub fn check_bills(&mut self, network: &Network) {
        for file in std::mem::take(&mut self.bills.named) {
            let kept = &self.bills.files[&file];
            let bill = &self.bills.rows[&kept.bill_id];
            assert!(kept.is_as_stated(), "1: another file than was received is kept: {bill:?}");
            let sent = network.sent_files.get(&kept.sha256).unwrap_or_else(|| panic!("1: a file that WeChat has not sent: {bill:?}"));
            assert_eq!((sent.account.as_str(), sent.day.to_string()), (bill.account.as_str(), bill.day.clone()), "1: another bill's file");
            assert_eq!(sent.bytes, kept.bytes, "1: another file than WeChat has sent: {bill:?}");
            assert_eq!(bill.file_id == Some(file), sent.api == "downloadbill", "1: a file of the other kind: {bill:?}");
        }
        for id in std::mem::take(&mut self.bills.finished) {
            self.check_finished(&self.bills.rows[&id], network);
        }
    }

    fn check_finished(&self, bill: &BillRow, network: &Network) {
        let listed = i64::try_from(self.bills.of_bill(bill.id).count()).unwrap();
        if bill.outcome.as_deref() != Some("compared") {
            return;
        }
        assert_eq!(bill.differences, listed, "3: each difference is counted: {bill:?}");
        let file = bill.file_id.and_then(|file| self.bills.files.get(&file)).unwrap_or_else(|| panic!("2: held against no file: {bill:?}"));
        let text = Text::received(&file.bytes).unwrap_or_else(|| panic!("2: held against a file that is not whole: {bill:?}"));
        let (lines, before) = (text.lines(), &self.bills.snapshots[&bill.id]);
        let of_lines = |finding: &str| {
            let rows = self.bills.of_bill(bill.id).filter(|row| row.kind == "SUMMARY" && row.subject.starts_with("line "));
            rows.filter(|row| row.is_noted() || row.finding.as_deref() == Some(finding)).count()
        };
        assert!(of_lines("unreadable") >= lines.unreadable, "2: a line that cannot be read is skipped silently: {bill:?}");
        let mch_id = &network.merchants.of_account(&bill.account.parse().unwrap()).mch_id;
        let (here, elsewhere): (Vec<_>, Vec<_>) = lines.payments.iter().partition(|line| line.day == bill.day && line.mch_id == *mch_id);
        assert!(of_lines("elsewhere") >= elsewhere.len(), "2: a line of another day or merchant is skipped silently: {bill:?}");
        assert!(here.len() >= elsewhere.len(), "2: held against another day's or merchant's file: {bill:?}");
        let (mut met_deals, mut met_refunds) = (BTreeSet::new(), BTreeSet::new());
        for line in here {
            match self.expected_of_payment(bill, line, before) {
                None => drop(met_deals.insert(&line.order_id)),
                Some(kinds) => {
                    self.check_listed(bill, &kinds, &line.transaction_id);
                    // Whatever is wrong with it, the order is there, unless another payment of it is.
                    if kinds != ["SECOND_TRANSACTION"] {
                        met_deals.insert(&line.order_id);
                    }
                }
            }
        }
        for line in &lines.refunds {
            match self.expected_of_refund(bill, line, before) {
                None => drop(met_refunds.insert(&line.refund_id)),
                Some(kinds) => {
                    self.check_listed(bill, &kinds, &line.wechat_refund_id);
                    // With another amount it is there all the same.
                    if kinds.contains(&"REFUND_AMOUNT") {
                        met_refunds.insert(&line.refund_id);
                    }
                }
            }
        }
        let is_of_bill = |account: &AccountId, at: Option<Timestamp>| {
            account.as_str() == bill.account && at.is_some_and(|at| Day::of(at).to_string() == bill.day)
        };
        for row in before.deals.values().filter(|row| row.status == 1 && is_of_bill(&row.account, row.paid_at)) {
            if !met_deals.contains(&row.order_id) {
                self.check_listed(bill, &["PAID_HERE_ONLY"], &row.order_id);
            }
        }
        let own = before.refunds.values().filter(|row| row.is_accepted() && !row.is_by_others());
        for row in own.filter(|row| is_of_bill(&row.account, row.accepted_at)) {
            if !met_refunds.contains(&row.refund_id) {
                self.check_listed(bill, &["REFUND_HERE_ONLY"], &row.refund_id);
            }
        }
    }

    /// It is a difference of one of these kinds, which has not healed.
    fn check_listed(&self, bill: &BillRow, kinds: &[&str], subject: &str) {
        let is_it = |row: &&DifferenceRow| row.subject == subject && kinds.contains(&row.kind.as_str());
        let found: Vec<_> = self.bills.of_bill(bill.id).filter(is_it).collect();
        assert!(!found.is_empty(), "2: a difference is lost, {kinds:?} of {subject}: {bill:?}");
        let is_gone = |kind: &str| kind != "PAID_HERE_ONLY" && kind != "REFUND_HERE_ONLY";
        let is_healed = found.iter().all(|row| row.state == "HEALED" && is_gone(&row.kind));
        assert!(!is_healed, "2: it differs, and is called healed: {found:?}: {bill:?}");
    }

    /// The kinds of which a payment in a bill may be a difference by what the books say now; none: they say the same.
    fn expected_of_payment(&self, bill: &BillRow, line: &PaymentLine, before: &Snapshot) -> Option<Vec<&'static str>> {
        let Some(row) = self.rows.get(&line.order_id).filter(|row| row.account.as_str() == bill.account) else {
            return Some(vec!["UNKNOWN_ORDER"]);
        };
        let is_paid_by = |row: &Row| row.status == 1 && row.transaction_id.as_ref() == Some(&line.transaction_id);
        let was_paid = before.deals.get(&line.order_id).is_some_and(|row| row.status == 1 && row.transaction_id.is_some());
        let differs = if !is_paid_by(row) {
            if row.status == 1 && row.transaction_id.is_some() { "SECOND_TRANSACTION" } else { "PAID_THERE_ONLY" }
        } else if row.total_fee != line.fee {
            "AMOUNT"
        } else {
            return None;
        };
        // It may have been paid here while the bill was held against the books.
        Some(if was_paid { vec![differs] } else { vec![differs, "PAID_THERE_ONLY"] })
    }

    fn expected_of_refund(&self, bill: &BillRow, line: &RefundLine, before: &Snapshot) -> Option<Vec<&'static str>> {
        let refund = self.refunds.get(&line.refund_id).filter(|row| row.account.as_str() == bill.account);
        let Some(row) = refund else {
            let deal = self.rows.get(&line.order_id).filter(|row| row.account.as_str() == bill.account);
            return Some(vec![if deal.is_some() { "REFUND_THERE_ONLY" } else { "UNKNOWN_ORDER" }]);
        };
        let is_it = row.order_id == line.order_id
            && row.wechat_refund_id.as_ref() == Some(&line.wechat_refund_id)
            && row.transaction_id.as_ref().is_none_or(|id| *id == line.transaction_id);
        let was_accepted = before.refunds.get(&line.refund_id).is_some_and(|row| row.is_accepted());
        match (is_it, row.fee == line.fee) {
            (true, true) => None,
            (true, false) if was_accepted => Some(vec!["REFUND_AMOUNT"]),
            (true, false) => Some(vec!["REFUND_AMOUNT", "REFUND_THERE_ONLY"]),
            (false, _) => Some(vec!["REFUND_THERE_ONLY"]),
        }
    }

    /// Whether a payment that is not its order's goes back by a refund of ours.
    fn goes_back(&self, order_id: &str, transaction_id: &str) -> bool {
        let is_of_it = |id: &Option<String>| id.as_deref() == Some(transaction_id);
        self.refunds
            .values()
            .any(|row| row.order_id == order_id && row.is_of_second_payment && row.state.holds_amount() && is_of_it(&row.transaction_id))
    }

    /// 4. What each bill comes to, and what is open of it.
    fn check_closed(&self, books: &Books, account: &AccountId, day: Day, now: Timestamp) {
        let bill = self.bills.of_day(account.as_str(), &day.to_string());
        let bill = bill.unwrap_or_else(|| panic!("4: a day without a bill: {account} {day}"));
        let (payments, refunds) = (books.payments(account, day), books.refunds(account, day));
        if payments.is_empty() && refunds.is_empty() {
            // Where our books have payments of that day, WeChat's word that there is no bill is not believed. A refund that was heard of too
            // late stands on that day here, and WeChat's answer about it explains it. Until the evening there may be a bill.
            // Nor is it while a fund flow that WeChat gave before, and now knows nothing of, shows what nobody has explained.
            let is_of_fund_flow = |row: &DifferenceRow| row.state == "OPEN" && row.subject.starts_with("fund flow");
            let is_shown_more = bill.fund_flow_id.is_some() && self.bills.of_bill(bill.id).any(is_of_fund_flow);
            let is_believed = !self.has_payments(account, day) && !is_shown_more;
            let expected = (Some(if is_believed { "no_trades" } else { "missing" }), !is_believed || now < day.next().begins() + EVENING);
            let differences: Vec<_> = self.bills.of_bill(bill.id).collect();
            return assert_eq!((bill.outcome.as_deref(), bill.due_at().is_some()), expected, "4: {bill:?}: {differences:?}");
        }
        assert_eq!((bill.outcome.as_deref(), bill.due_at()), (Some("compared"), None), "4: {bill:?}");
        let fees = |fees: &mut dyn Iterator<Item = i64>| fees.map(|fee| (fee * 6 + 500) / 1000 * 1000).sum::<i64>();
        let [paid, back] = [payments.iter().map(|line| line.fee).sum::<i64>(), refunds.iter().map(|line| line.fee).sum()];
        let counts = [payments.len(), refunds.len()].map(|count| i64::try_from(count).unwrap());
        let fee = fees(&mut payments.iter().map(|line| line.fee)) - fees(&mut refunds.iter().map(|line| line.fee));
        let sums = (bill.payments, bill.paid_fee, bill.refunds, bill.refunded_fee, bill.fee);
        assert_eq!(sums, (counts[0], paid, counts[1], back, fee), "4: other sums than WeChat's books: {bill:?}");
        let noted: BTreeSet<_> =
            self.bills.of_bill(bill.id).filter(|row| row.is_noted()).map(|row| (row.kind.clone(), row.subject.clone())).collect();
        let open = self.bills.of_bill(bill.id).filter(|row| row.state == "OPEN").map(|row| (row.kind.clone(), row.subject.clone()));
        let caused =
            payments.iter().filter_map(|line| self.stays_open(line)).chain(refunds.iter().filter_map(|line| self.refund_stays_open(line)));
        let caused: BTreeSet<_> = caused.map(|(kind, subject)| (kind.to_owned(), subject)).filter(|name| !noted.contains(name)).collect();
        assert_eq!(
            open.collect::<BTreeSet<_>>(),
            caused,
            "4: open otherwise than the history has caused: {bill:?}: {:?}",
            self.bills.of_bill(bill.id).collect::<Vec<_>>()
        );
    }

    /// Whether our books have payments on that day.
    fn has_payments(&self, account: &AccountId, day: Day) -> bool {
        let is_of_day = |at: Timestamp| Day::of(at) == day;
        self.rows.values().any(|row| row.status == 1 && row.account == *account && row.paid_at.is_some_and(is_of_day))
    }

    fn stays_open(&self, line: &PaymentLine) -> Option<Name> {
        let name = |kind| Some((kind, line.transaction_id.clone()));
        match self.rows.get(&line.order_id) {
            None if line.order_id.starts_with(FOREIGN) => None,
            None => name("UNKNOWN_ORDER"),
            Some(row) if row.transaction_id.as_ref() == Some(&line.transaction_id) && row.status == 1 => None,
            Some(_) if self.goes_back(&line.order_id, &line.transaction_id) => None,
            Some(row) => name(if row.status == 1 { "SECOND_TRANSACTION" } else { "PAID_THERE_ONLY" }),
        }
    }

    fn refund_stays_open(&self, line: &RefundLine) -> Option<Name> {
        let name = |kind| Some((kind, line.wechat_refund_id.clone()));
        match self.rows.get(&line.order_id) {
            None if line.order_id.starts_with(FOREIGN) => None,
            None => name("UNKNOWN_ORDER"),
            Some(_) if self.refunds.contains_key(&line.refund_id) => None,
            // What others give back of a payment that is not the merchant's is in no book.
            Some(_) => name("REFUND_THERE_ONLY"),
        }
    }
}

/// WeChat's own books.
struct Books<'n>(&'n Network);

impl Books<'_> {
    fn payments(&self, account: &AccountId, day: Day) -> Vec<PaymentLine> {
        let line = |order: &SimOrder| {
            let is_of_day = order.paid_at.is_some_and(|at| Day::of(at) == day) && self.0.merchants.account_of(&order.key()) == account;
            is_of_day.then(|| PaymentLine {
                day: day.to_string(),
                mch_id: order.key().mch_id,
                order_id: order.out_trade_no.clone(),
                transaction_id: order.transaction_id.clone().unwrap_or_default(),
                fee: order.total_fee.get(),
            })
        };
        self.0.world.orders().chain(self.0.second.orders()).filter_map(line).collect()
    }

    fn refunds(&self, account: &AccountId, day: Day) -> Vec<RefundLine> {
        let is_of_day = |refund: &&SimRefund| Day::of(refund.accepted_at) == day && self.0.merchants.account_of(&refund.order) == account;
        let line = |refund: &SimRefund| RefundLine {
            order_id: refund.order.out_trade_no.clone(),
            transaction_id: self.0.transaction_of(refund).cloned().unwrap_or_default(),
            refund_id: refund.out_refund_no.clone(),
            wechat_refund_id: refund.refund_id.clone(),
            fee: refund.refund_fee.get(),
        };
        self.0.refunds().filter(is_of_day).map(line).collect()
    }
}

impl History<'_> {
    /// 4. All bills of these days, and the takings of the deals, which are what the bills say.
    pub async fn check_closed_books(&mut self, days: &[Day]) {
        let (books, accounts) = (Books(&self.network), self.network.merchants.iter().map(|merchant| merchant.account.clone()));
        let (accounts, now): (Vec<_>, _) = (accounts.collect(), self.now());
        let mut expected: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for account in &accounts {
            for day in days {
                self.invariants.check_closed(&books, account, *day, now);
                let bill = self.invariants.bills.of_day(account.as_str(), &day.to_string()).expect("checked above");
                let sums = expected.entry(account.to_string()).or_default();
                *sums = (sums.0 + bill.paid_fee, sums.1 + bill.refunded_fee);
                // What is in no deal, or has not arrived.
                let rows = &self.invariants.rows;
                let is_deals = |line: &PaymentLine| {
                    rows.get(&line.order_id).is_some_and(|row| row.status == 1 && row.transaction_id.as_ref() == Some(&line.transaction_id))
                };
                sums.0 -= books.payments(account, *day).iter().filter(|line| !is_deals(line)).map(|line| line.fee).sum::<i64>();
                let has_arrived = |line: &RefundLine| {
                    let row = self.invariants.refunds.get(&line.refund_id);
                    row.is_some_and(|row| row.state == RefundState::Success && !row.is_of_second_payment)
                };
                sums.1 -= books.refunds(account, *day).iter().filter(|line| !has_arrived(line)).map(|line| line.fee).sum::<i64>();
            }
        }
        expected.retain(|_, sums| *sums != (0, 0));
        let wish = TakingsWish { from: days[0], to: Day::of(self.now()), by: TakingsBy::Account, reach: Reach::default() };
        let takings = self.undisturbed_takings(&wish).await;
        let takings: BTreeMap<_, _> = takings.iter().map(|(account, sums)| (account, (sums.paid_fee, sums.refunded_fee))).collect();
        assert_eq!(takings, expected, "4: the takings of the deals are not what the bills say");
    }
}
