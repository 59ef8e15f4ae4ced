//! Restoring a world from a snapshot.

use chrono::{DateTime, TimeDelta};

use crate::deal::Timestamp;

use super::super::World;
use super::super::message_log::Message;
use super::super::notifications::Delivery;
use super::super::refunds::Place;
use super::snapshot::{KeptDelivery, Snapshot};

impl World {
    /// Has a world without orders know those of a snapshot. Tells how many there are, and how many it cannot know: of merchants that are
    /// not there, whose refunds and notifications are left out with them.
    pub(super) fn restore(&mut self, snapshot: Snapshot, clock: Timestamp) -> (usize, usize) {
        self.ahead = TimeDelta::try_milliseconds(snapshot.ahead).unwrap_or_default();
        let now = self.time(clock);
        let all = snapshot.orders.len();
        let orders: Vec<_> = snapshot.orders.into_iter().filter_map(|order| order.into_order(self)).collect();
        let known = orders.len();
        for order in orders {
            self.log.note(&order.key(), Message::new("restart", now));
            self.orders.insert(order);
        }
        self.refunds.forget(snapshot.refunds_left_out);
        let places: Vec<Option<Place>> = snapshot
            .refunds
            .into_iter()
            .map(|refund| {
                let known = refund.into_refund().filter(|(refund, _)| self.orders.get(&refund.order).is_some());
                let Some((refund, due)) = known else {
                    self.refunds.forget(1);
                    return None;
                };
                Some(match due {
                    Some(due) => self.refunds.insert(refund, due),
                    None => self.refunds.insert_decided(refund),
                })
            })
            .collect();
        for (payee, fen) in snapshot.balances {
            self.balances.set(payee, fen);
        }
        self.deliveries.extend(snapshot.deliveries.into_iter().filter_map(|delivery| delivery.into_delivery(&places)));
        (known, all - known)
    }
}

impl KeptDelivery {
    /// The notification; none where its refund is not known. `places`: where each refund of the snapshot stands now.
    fn into_delivery(self, places: &[Option<Place>]) -> Option<Delivery> {
        let refund = match self.refund {
            Some(index) => Some((*places.get(index)?)?),
            None => None,
        };
        let due = DateTime::from_timestamp_millis(self.due)?;
        Some(Delivery { order: self.order, refund, due, number: self.number, signed_by: self.signed_by })
    }
}
