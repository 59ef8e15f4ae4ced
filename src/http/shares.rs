//! Concurrency limits: how much of the service its callers may hold at once, so that no number of them keeps WeChat's
//! notifications and the health checks waiting.
//!
//! The listener makes room where a connection waits for its client. Where the client waits for us it cannot: an answer in
//! the making, an open stream of events. Of all connections that may be open, a twelfth is never taken by either, and
//! another twelfth never by streams, and of what these may take readers of the feed that wait never take more than a half. Of
//! the few places for reports one caller takes no more than a half. What is beyond is told at once to come again; a page
//! that may not listen asks instead.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use crate::listener::household;

/// Of so many connections one is kept free, twice.
const PART: usize = 12;
/// A payer may have the page open in some places, and each time that it is loaded anew the former stream goes on for half
/// a minute.
const STREAMS_OF_AN_ORDER: usize = 32;
/// An office's payers share one.
const STREAMS_OF_AN_ADDRESS: usize = 100;

/// Reports that take many questions, at once: they take turns in the one lane that there is for them.
const EXPORTS: usize = 4;
/// One that asks for many, or does not read what it is sent, leaves the others theirs.
const EXPORTS_OF_A_CALLER: usize = 2;

/// What of the service is in hand.
#[derive(Debug)]
pub struct Shares {
    in_hand: Arc<Semaphore>,
    exports: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    readers: Arc<Semaphore>,
    holders: Holders,
}

type Holders = Arc<Mutex<HashMap<Holder, usize>>>;

/// For whom places are counted, beside all places of their kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Holder {
    /// Streams of this order's events.
    Order(String),
    /// Streams to this payer's address.
    Address(IpAddr),
    /// Reports for the caller of this name.
    Caller(String),
}

impl Holder {
    fn most(&self) -> usize {
        match self {
            Self::Order(_) => STREAMS_OF_AN_ORDER,
            Self::Address(_) => STREAMS_OF_AN_ADDRESS,
            Self::Caller(_) => EXPORTS_OF_A_CALLER,
        }
    }
}

impl Shares {
    /// Of a service with so many connections, at least four.
    pub fn new(max_connections: usize) -> Self {
        let part = (max_connections / PART).max(1);
        let in_hand = max_connections.saturating_sub(part);
        let streams = in_hand.saturating_sub(part);
        let [in_hand, exports, streams, readers] =
            [in_hand, EXPORTS, streams, streams.div_ceil(2)].map(|places| Arc::new(Semaphore::new(places)));
        Self { in_hand, exports, streams, readers, holders: Arc::default() }
    }

    /// Room for one answer in the making.
    pub(super) fn call(&self) -> Option<SemaphorePermit<'_>> {
        self.in_hand.try_acquire().ok()
    }

    /// Room for one reader of the feed that waits.
    pub(super) fn reader(&self) -> Option<[OwnedSemaphorePermit; 3]> {
        let place = |share: &Arc<Semaphore>| Arc::clone(share).try_acquire_owned().ok();
        Some([place(&self.readers)?, place(&self.streams)?, place(&self.in_hand)?])
    }

    /// Room for one report that takes many questions, for the caller of this name.
    pub(super) fn export(&self, caller: &str) -> Option<Place> {
        self.place(&self.exports, vec![Holder::Caller(caller.to_owned())])
    }

    /// Room for one stream of the events of an order or a checkout, for a payer at this address if it is known.
    pub(super) fn stream(&self, number: &str, payer: Option<IpAddr>) -> Option<Place> {
        let address = payer.map(|payer| Holder::Address(household(payer)));
        self.place(&self.streams, [Holder::Order(number.to_owned())].into_iter().chain(address).collect())
    }

    fn place(&self, share: &Arc<Semaphore>, counted: Vec<Holder>) -> Option<Place> {
        let places = [share, &self.in_hand].map(|share| Arc::clone(share).try_acquire_owned().ok());
        let [Some(place), Some(in_hand)] = places else { return None };
        let mut holders = lock(&self.holders);
        if counted.iter().any(|holder| holders.get(holder).is_some_and(|held| *held >= holder.most())) {
            return None;
        }
        for holder in &counted {
            *holders.entry(holder.clone()).or_default() += 1;
        }
        Some(Place { holders: Arc::clone(&self.holders), counted, _places: [place, in_hand] })
    }
}

/// The place of a report or a stream, as long as it goes on.
#[derive(Debug)]
pub struct Place {
    holders: Holders,
    counted: Vec<Holder>,
    _places: [OwnedSemaphorePermit; 2],
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut holders = lock(&self.holders);
        for holder in &self.counted {
            match holders.get_mut(holder) {
                Some(held) if *held > 1 => *held -= 1,
                _ => drop(holders.remove(holder)),
            }
        }
    }
}

fn lock(holders: &Mutex<HashMap<Holder, usize>>) -> MutexGuard<'_, HashMap<Holder, usize>> {
    holders.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(number: usize) -> String {
        number.to_string()
    }

    #[test]
    fn streams_and_calls_leave_a_part_free() {
        let shares = Shares::new(24);
        let streams: Vec<_> = (0..40).filter_map(|number| shares.stream(&order(number), None)).collect();
        let calls: Vec<_> = (0..40).filter_map(|_| shares.call()).collect();
        assert_eq!((streams.len(), calls.len()), (20, 2));
        drop(streams);
        assert_eq!((0..40).map_while(|_| shares.call()).map(std::mem::forget).count(), 20, "calls may take what streams leave");
    }

    #[test]
    fn readers_that_wait_leave_half_of_the_streams_to_payers() {
        let shares = Shares::new(24);
        let readers: Vec<_> = (0..40).map_while(|_| shares.reader()).collect();
        let streams: Vec<_> = (0..40).filter_map(|number| shares.stream(&order(number), None)).collect();
        assert_eq!((readers.len(), streams.len()), (10, 10));
        drop(readers);
        assert_eq!((0..40).filter_map(|_| shares.reader().map(std::mem::forget)).count(), 10, "they are given back");
    }

    #[test]
    fn one_caller_s_reports_leave_half_of_the_places_to_others() {
        let shares = Shares::new(12_000);
        let reports = |caller| (0..10).map_while(|_| shares.export(caller)).collect::<Vec<_>>();
        let (books, shop, branch) = (reports("books"), reports("shop"), reports("branch"));
        assert_eq!((books.len(), shop.len(), branch.len()), (2, 2, 0), "four are all that there are");
        drop(books);
        assert!(shares.export("shop").is_none(), "a place that another has given back is not for a caller that has its own");
        assert_eq!(reports("branch").len(), 2);
        drop(shop);
        assert!(lock(&shares.holders).is_empty(), "nobody is remembered who has gone");
    }

    #[test]
    fn an_order_and_an_address_have_limits_that_are_given_back() {
        let shares = Shares::new(12_000);
        let address = |text: &str| Some(text.parse().unwrap());
        let of_one_order: Vec<_> = (0..100).filter_map(|_| shares.stream(&order(1), None)).collect();
        let of_one_address: Vec<_> = (2..200).filter_map(|number| shares.stream(&order(number), address("192.0.2.1"))).collect();
        assert_eq!((of_one_order.len(), of_one_address.len()), (32, 100));
        assert!(shares.stream(&order(1), address("192.0.2.2")).is_none());
        let in_one_network: Vec<_> =
            (200..400).filter_map(|number| shares.stream(&order(number), address(&format!("2001:db8::{number}")))).collect();
        assert_eq!(in_one_network.len(), 100, "who has one IPv6 address has 2^64 of them");
        drop((of_one_order, of_one_address, in_one_network));
        assert!(shares.stream(&order(1), address("192.0.2.1")).is_some());
        assert!(lock(&shares.holders).is_empty(), "nobody is remembered who has gone");
    }
}
