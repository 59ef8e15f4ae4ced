//! Deals that are known to be paid. Nothing leaves Paid, whoever else works on the database, so what is remembered here is
//! true for ever: the poll that sees the payment, and those after it, cost the database nothing.
//!
//! A payment itself does not say until when its deal could have been paid, which a payer's page is told too; so that is
//! remembered of every deal that is opened or polled here.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::deal::{OrderId, Timestamp};
use crate::wechat::TradeState;

use super::OrderView;

/// Remembered before the oldest are forgotten, in each of two generations: together some megabytes.
const GENERATION: usize = 32_768;

#[derive(Debug, Default)]
pub struct Paid(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<OrderId, Known>,
    /// As it stood when the young ones had become too many.
    old: HashMap<OrderId, Known>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    expires_at: Option<Timestamp>,
    /// `None`: it may be undecided, or not.
    paid_at: Option<Timestamp>,
}

impl Paid {
    /// How a deal stands that is known to be paid.
    pub fn view(&self, order_id: &OrderId) -> Option<OrderView> {
        let known = self.lock().get(order_id)?;
        known.paid_at.map(|paid_at| OrderView::new(TradeState::Success, known.expires_at, Some(paid_at)))
    }

    /// Remembers until when a deal can be paid.
    pub fn note_expiry(&self, order_id: &OrderId, expires_at: Option<Timestamp>) {
        let mut generations = self.lock();
        if generations.get(order_id).is_none() {
            generations.put(order_id, Known { expires_at, paid_at: None });
        }
    }

    /// Remembers that the payment of a deal was stored.
    pub fn note_payment(&self, order_id: &OrderId, paid_at: Timestamp) {
        let mut generations = self.lock();
        if let Some(known) = generations.get(order_id) {
            generations.put(order_id, Known { paid_at: Some(paid_at), ..known });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn get(&self, order_id: &OrderId) -> Option<Known> {
        self.young.get(order_id).or_else(|| self.old.get(order_id)).copied()
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

    fn order(number: usize) -> OrderId {
        number.to_string().parse().unwrap()
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_newest_stay() {
        let (paid, at) = (Paid::default(), Timestamp::UNIX_EPOCH);
        for number in 0..3 * GENERATION {
            paid.note_expiry(&order(number), Some(at));
            paid.note_payment(&order(number), at);
        }
        assert!((2 * GENERATION..3 * GENERATION).all(|number| paid.view(&order(number)).is_some()));
        assert!(paid.view(&order(0)).is_none());
        let generations = paid.lock();
        assert!(generations.young.len() + generations.old.len() <= 2 * GENERATION);
    }

    #[test]
    fn only_a_payment_makes_paid() {
        let (paid, at) = (Paid::default(), Timestamp::UNIX_EPOCH);
        paid.note_expiry(&order(1), Some(at));
        assert_eq!(paid.view(&order(1)), None);
        paid.note_payment(&order(2), at);
        assert_eq!(paid.view(&order(2)), None, "until when it could be paid is not known here");
        paid.note_payment(&order(1), at);
        paid.note_expiry(&order(1), Some(at));
        assert_eq!(paid.view(&order(1)).map(|view| (view.expires_at, view.paid_at)), Some((Some(at), Some(at))));
    }
}
