//! The books of one day: what of them stands in a requester's bill. A service provider's has all its sub-merchants', unless it names one.

use crate::deal::{Day, Timestamp};

use super::super::World;
use super::super::merchants::Requester;
use super::super::orders::{OrderKey, SimOrder};
use super::super::refunds::SimRefund;
use super::form::BillType;
use super::line::Line;

impl World {
    /// The lines of a day's trade bill, in no order, and the same whenever it is asked for.
    pub(super) fn lines(&self, requester: &Requester, day: Day, bill_type: BillType) -> Vec<Line> {
        let payments = self.payments(requester).filter(|(_, at)| Day::of(*at) == day).map(|(order, at)| Line::of_payment(order, at));
        let refunds = self.given_back(requester).filter(|(refund, _)| Day::of(refund.accepted_at) == day);
        let refunds = refunds.map(|(refund, order)| Line::of_refund(refund, order));
        let mut lines: Vec<_> = payments.chain(refunds).filter(|line| bill_type.has(line)).collect();
        lines.sort_by_cached_key(|line| line.number().chars().rev().collect::<String>());
        lines
    }

    /// All paid orders, and when each was.
    pub(super) fn payments(&self, requester: &Requester) -> impl Iterator<Item = (&SimOrder, Timestamp)> {
        let of_bill = self.orders.newest_first().filter(move |order| is_in_bill(requester, &order.mch_id, order.sub_mch_id.as_deref()));
        of_bill.filter_map(|order| Some((order, order.paid_at?)))
    }

    /// All refunds, and the order of each.
    pub(super) fn given_back(&self, requester: &Requester) -> impl Iterator<Item = (&SimRefund, &SimOrder)> {
        let is_in = move |OrderKey { mch_id, sub_mch_id, .. }: &OrderKey| is_in_bill(requester, mch_id, sub_mch_id.as_deref());
        let of_bill = self.refunds().filter(move |refund| is_in(&refund.order));
        of_bill.filter_map(|refund| Some((refund, self.orders.get(&refund.order)?)))
    }
}

fn is_in_bill(requester: &Requester, mch_id: &str, sub_mch_id: Option<&str>) -> bool {
    requester.mch_id == mch_id && requester.sub_mch_id.as_deref().is_none_or(|named| sub_mch_id == Some(named))
}
