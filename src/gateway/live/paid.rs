//! A cache of deals that are known to be paid: the poll that sees the payment, and those after it, cost the database
//! nothing. Nothing leaves Paid, whatever another program does to the database; but a payment may be given back, and another
//! instance may be the one that hears of it. So after a minute the row is looked at again.
//!
//! A payment itself does not say what a payer's page is told too: until when its deal could have been paid, and what the merchant
//! said of it. So that is remembered of every deal that is opened or polled here.

use std::collections::HashMap;
use std::mem;
use std::time::Duration;

use crate::deal::{OrderId, Timestamp};

use super::{Facts, OrderView};

/// Remembered before the oldest are forgotten, in each of two generations: together some megabytes.
const GENERATION: usize = 32_768;
/// For so long a payment is told of without a look at its row.
const FRESH: Duration = Duration::from_secs(60);

/// The deals that are remembered.
#[derive(Debug, Default)]
pub struct PaidDeals {
    young: HashMap<OrderId, Known>,
    /// As it stood when the young ones had become too many.
    old: HashMap<OrderId, Known>,
}

#[derive(Debug, Clone)]
struct Known {
    facts: Facts,
    /// `None`: it may be undecided, or not.
    payment: Option<Payment>,
}

#[derive(Debug, Clone, Copy)]
struct Payment {
    paid_at: Timestamp,
    is_refunded: bool,
    /// When the row was last known to say so, by the clock's ticks.
    as_of: Duration,
}

impl PaidDeals {
    /// How a deal stands that is known to be paid.
    pub fn view(&self, order_id: &OrderId, now: Duration) -> Option<OrderView> {
        let known = self.get(order_id)?;
        let payment = known.payment.filter(|payment| now < payment.as_of + FRESH)?;
        Some(OrderView::paid(payment.is_refunded, None, known.facts.clone(), Some(payment.paid_at)))
    }

    /// Remembers what never changes of a deal.
    pub fn note_facts(&mut self, order_id: &OrderId, facts: Facts) {
        if self.get(order_id).is_none() {
            self.put(order_id, Known { facts, payment: None });
        }
    }

    /// Remembers that the payment of a deal is stored. What was given back once stays so, whatever an older row says.
    pub fn note_payment(&mut self, order_id: &OrderId, paid_at: Timestamp, is_refunded: bool, now: Duration) {
        if let Some(Known { facts, payment }) = self.get(order_id).cloned() {
            let is_refunded = is_refunded || payment.is_some_and(|payment| payment.is_refunded);
            self.put(order_id, Known { facts, payment: Some(Payment { paid_at, is_refunded, as_of: now }) });
        }
    }

    /// The row is looked at again.
    pub fn forget_payment(&mut self, order_id: &OrderId) {
        if let Some(Known { facts, .. }) = self.get(order_id).cloned() {
            self.put(order_id, Known { facts, payment: None });
        }
    }

    fn get(&self, order_id: &OrderId) -> Option<&Known> {
        self.young.get(order_id).or_else(|| self.old.get(order_id))
    }

    fn put(&mut self, order_id: &OrderId, known: Known) {
        if self.young.len() >= GENERATION {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(order_id.clone(), known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::TradeState;
    use crate::deal::Details;

    const NOW: Duration = Duration::from_secs(7);

    fn order(number: usize) -> OrderId {
        number.to_string().parse().unwrap()
    }

    fn until(at: Timestamp) -> Facts {
        let reference = Some("A-7".parse().unwrap());
        Facts::new(Some(at), &Details { reference, ..Details::default() })
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_newest_stay() {
        let (mut paid, at) = (PaidDeals::default(), Timestamp::UNIX_EPOCH);
        for number in 0..3 * GENERATION {
            paid.note_facts(&order(number), until(at));
            paid.note_payment(&order(number), at, false, NOW);
        }
        assert!((2 * GENERATION..3 * GENERATION).all(|number| paid.view(&order(number), NOW).is_some()));
        assert!(paid.view(&order(0), NOW).is_none());
        assert!(paid.young.len() + paid.old.len() <= 2 * GENERATION);
    }

    #[test]
    fn only_a_payment_makes_paid() {
        let (mut paid, at) = (PaidDeals::default(), Timestamp::UNIX_EPOCH);
        paid.note_facts(&order(1), until(at));
        assert_eq!(paid.view(&order(1), NOW), None);
        paid.note_payment(&order(2), at, false, NOW);
        assert_eq!(paid.view(&order(2), NOW), None, "until when it could be paid is not known here");
        paid.note_payment(&order(1), at, false, NOW);
        paid.note_facts(&order(1), until(at));
        assert_eq!(paid.view(&order(1), NOW).map(|view| (view.facts, view.paid_at)), Some((until(at), Some(at))));
    }

    #[test]
    fn a_payment_is_told_for_a_minute_and_what_is_given_back_stays_so() {
        let (mut paid, at) = (PaidDeals::default(), Timestamp::UNIX_EPOCH);
        let told = |paid: &PaidDeals, seconds| paid.view(&order(1), NOW + Duration::from_secs(seconds)).map(|view| view.state);
        paid.note_facts(&order(1), until(at));
        paid.note_payment(&order(1), at, false, NOW);
        assert_eq!((told(&paid, 0), told(&paid, 59), told(&paid, 60)), (Some(TradeState::Success), Some(TradeState::Success), None));
        paid.note_payment(&order(1), at, true, NOW + Duration::from_secs(60));
        assert_eq!((told(&paid, 61), told(&paid, 119), told(&paid, 120)), (Some(TradeState::Refund), Some(TradeState::Refund), None));
        paid.note_payment(&order(1), at, false, NOW + Duration::from_secs(120));
        assert_eq!(told(&paid, 121), Some(TradeState::Refund), "an instance has read the row before it was given back");
    }
}
