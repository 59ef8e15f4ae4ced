//! An index of all orders: by key, by number alone (which may repeat between merchants), and by age.

use std::collections::HashMap;

use super::orders::{OrderKey, SimOrder};

/// All orders of the simulated WeChat; none is ever taken out.
#[derive(Debug, Default)]
pub(super) struct OrderBook {
    orders: HashMap<OrderKey, SimOrder>,
    by_number: HashMap<String, Vec<OrderKey>>,
    newest_last: Vec<OrderKey>,
}

impl OrderBook {
    /// Takes a new order in. The caller has seen that there is none of its key.
    pub fn insert(&mut self, order: SimOrder) {
        let key = order.key();
        self.by_number.entry(order.out_trade_no.clone()).or_default().push(key.clone());
        self.newest_last.push(key.clone());
        self.orders.insert(key, order);
    }

    pub fn get(&self, key: &OrderKey) -> Option<&SimOrder> {
        self.orders.get(key)
    }

    pub fn get_mut(&mut self, key: &OrderKey) -> Option<&mut SimOrder> {
        self.orders.get_mut(key)
    }

    /// The orders of one number, whosever they are.
    pub fn of_number(&self, out_trade_no: &str) -> &[OrderKey] {
        self.by_number.get(out_trade_no).map_or(&[], Vec::as_slice)
    }

    pub fn newest_first(&self) -> impl Iterator<Item = &SimOrder> {
        self.newest_last.iter().rev().filter_map(|key| self.orders.get(key))
    }
}
