//! An index of all refunds: by number, by order, by age, and by when those under way are decided.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::deal::Timestamp;

use super::super::merchants::Requester;
use super::super::orders::OrderKey;
use super::SimRefund;
use super::balance::Payee;

/// Where a refund stands in the book; it never moves.
pub type Place = usize;

/// All refunds of the simulated WeChat; none is ever taken out.
#[derive(Debug, Default)]
pub struct RefundBook {
    oldest_first: Vec<SimRefund>,
    by_number: HashMap<String, Vec<Place>>,
    by_order: HashMap<OrderKey, Vec<Place>>,
    under_way: BTreeSet<(Timestamp, Place)>,
    asked_for: HashSet<(Payee, String)>,
    /// Those that a restart left out.
    forgotten: usize,
}

impl RefundBook {
    /// Takes a new refund in, which comes to its end at `due` unless it is decided before. The caller has seen that its merchant has
    /// none of this number.
    pub fn insert(&mut self, refund: SimRefund, due: Timestamp) -> Place {
        let place = self.oldest_first.len();
        self.by_number.entry(refund.out_refund_no.clone()).or_default().push(place);
        self.by_order.entry(refund.order.clone()).or_default().push(place);
        self.under_way.insert((due, place));
        self.oldest_first.push(refund);
        place
    }

    /// Whether none was asked for under this number before; from now on it was.
    pub fn is_first_request(&mut self, requester: &Requester, out_refund_no: &str) -> bool {
        let payee = (requester.mch_id.clone(), requester.sub_mch_id.clone());
        self.asked_for.insert((payee, out_refund_no.to_owned()))
    }

    pub fn get(&self, place: Place) -> Option<&SimRefund> {
        self.oldest_first.get(place)
    }

    pub fn get_mut(&mut self, place: Place) -> Option<&mut SimRefund> {
        self.oldest_first.get_mut(place)
    }

    /// A refund that was decided before a restart.
    pub fn insert_decided(&mut self, refund: SimRefund) -> Place {
        let place = self.insert(refund, Timestamp::UNIX_EPOCH);
        self.end(place);
        place
    }

    /// How many there ever were: new ones are numbered by it.
    pub fn len(&self) -> usize {
        self.forgotten + self.oldest_first.len()
    }

    /// So many more there were before a restart.
    pub fn forget(&mut self, number: usize) {
        self.forgotten += number;
    }

    /// The refunds of one number, whosever they are.
    pub fn of_number(&self, out_refund_no: &str) -> impl Iterator<Item = (Place, &SimRefund)> {
        self.at(self.by_number.get(out_refund_no))
    }

    /// An order's refunds, oldest first.
    pub fn of_order(&self, order: &OrderKey) -> impl Iterator<Item = &SimRefund> {
        self.at(self.by_order.get(order)).map(|(_, refund)| refund)
    }

    fn at(&self, places: Option<&Vec<Place>>) -> impl Iterator<Item = (Place, &SimRefund)> {
        places.into_iter().flatten().filter_map(|place| Some((*place, self.get(*place)?)))
    }

    pub fn newest_first(&self) -> impl Iterator<Item = (Place, &SimRefund)> {
        self.oldest_first.iter().enumerate().rev()
    }

    /// A refund that is due to come to its end now, and when it was.
    pub fn due(&self, now: Timestamp) -> Option<(Timestamp, Place)> {
        self.under_way.first().copied().filter(|(due, _)| *due <= now)
    }

    /// Those under way, and when each is due to come to its end.
    pub fn under_way(&self) -> impl Iterator<Item = (Timestamp, Place)> {
        self.under_way.iter().copied()
    }

    /// When the next one is due to come to its end.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.under_way.first().map(|(due, _)| *due)
    }

    /// A refund is under way no longer.
    pub fn end(&mut self, place: Place) {
        self.under_way.retain(|(_, under_way)| *under_way != place);
    }
}
