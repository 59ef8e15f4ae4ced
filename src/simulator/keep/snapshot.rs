//! Serialization: what of a simulated WeChat stands in the file. No API key does: an order is signed for by its merchant's key, which is
//! configured.

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::super::World;
use super::super::notifications::Delivery;
use super::super::orders::{OrderKey, SimOrder};
use super::super::refunds::{Balances, Payee, Place};
use super::order::KeptOrder;
use super::refund::KeptRefund;

/// Of the file's form.
pub const VERSION: u32 = 1;
/// The newest so many orders are kept, and beside them those of which something is still to come.
const ORDERS: usize = 2000;

/// What the file holds; not to be shown, for it names payers. Times are milliseconds since 1970, amounts fen.
#[derive(PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub version: u32,
    /// Oldest first.
    pub orders: Vec<KeptOrder>,
    /// The refunds of these orders, oldest first.
    pub refunds: Vec<KeptRefund>,
    /// How many refunds there were of other orders.
    pub refunds_left_out: usize,
    pub balances: Vec<(Payee, i64)>,
    /// How much later it is in this world than by the clock, in milliseconds.
    #[serde(default)]
    pub ahead: i64,
    pub deliveries: Vec<KeptDelivery>,
}

/// A notification that is still to come.
#[derive(PartialEq, Serialize, Deserialize)]
pub struct KeptDelivery {
    pub order: OrderKey,
    /// The place of its refund among `refunds`.
    pub refund: Option<usize>,
    pub due: i64,
    pub number: usize,
    pub signed_by: Option<String>,
}

/// By which it is seen that something may have changed.
#[derive(Debug, PartialEq, Eq)]
pub struct Revision(u64, Balances, TimeDelta);

impl World {
    /// As it stands now. Whatever happens to an order is noted; a balance may be set by hand, and a day may pass.
    pub(super) fn revision(&self) -> Revision {
        Revision(self.log.noted(), self.balances.clone(), self.ahead)
    }

    /// Notifications that come, or whose answer is not known yet.
    fn to_come(&self) -> impl Iterator<Item = &Delivery> {
        self.under_way.iter().chain(&self.deliveries)
    }

    /// The orders to be kept, oldest first.
    fn orders_to_keep(&self) -> Vec<&SimOrder> {
        let mut orders: Vec<_> = self.orders.newest_first().take(ORDERS).collect();
        let mut kept: HashSet<_> = orders.iter().map(|order| order.key()).collect();
        let refunded = self.refunds.under_way().filter_map(|(_, place)| Some(&self.refunds.get(place)?.order));
        let open = self.to_come().map(|delivery| &delivery.order).chain(refunded);
        let mut older: Vec<_> = open.filter(|key| kept.insert((*key).clone())).filter_map(|key| self.orders.get(key)).collect();
        older.sort_by_key(|order| order.created_at);
        older.extend(orders.drain(..).rev());
        older
    }
}

impl Snapshot {
    /// What there is to keep of this world.
    pub fn of(world: &World) -> Self {
        let orders = world.orders_to_keep();
        let kept: HashSet<_> = orders.iter().map(|order| order.key()).collect();
        let due: HashMap<_, _> = world.refunds.under_way().map(|(due, place)| (place, due)).collect();
        let mut refunds: Vec<_> = world.refunds.newest_first().filter(|(_, refund)| kept.contains(&refund.order)).collect();
        refunds.reverse();
        let places: HashMap<Place, usize> = refunds.iter().enumerate().map(|(index, (place, _))| (*place, index)).collect();
        let mut balances: Vec<_> = world.balances.all().map(|(payee, fen)| (payee.clone(), fen)).collect();
        balances.sort();
        Self {
            version: VERSION,
            orders: orders.iter().map(|order| KeptOrder::of(order, world)).collect(),
            refunds_left_out: world.refunds.len() - refunds.len(),
            refunds: refunds.into_iter().map(|(place, refund)| KeptRefund::of(refund, due.get(&place))).collect(),
            balances,
            ahead: world.ahead.num_milliseconds(),
            deliveries: world.to_come().map(|delivery| KeptDelivery::of(delivery, &places)).collect(),
        }
    }
}

impl KeptDelivery {
    fn of(delivery: &Delivery, places: &HashMap<Place, usize>) -> Self {
        Self {
            order: delivery.order.clone(),
            refund: delivery.refund.and_then(|place| places.get(&place).copied()),
            due: delivery.due.timestamp_millis(),
            number: delivery.number,
            signed_by: delivery.signed_by.clone(),
        }
    }
}
