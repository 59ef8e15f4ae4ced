//! The places of a listener: a limit of connections, at which the one that has kept us waiting longest makes room (LRU
//! eviction). So no client takes all places by doing nothing: not by silence, not by half a request, not by an answer that is
//! not taken.
//!
//! Only a connection that waits for its client can be sent away. Where the client waits for us, its request is in hand and
//! is answered, if need be as the connection's last one; how many those may be is a limit of the HTTP side's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tracing::warn;

/// How often the log is told that it is full.
const TOLD: Duration = Duration::from_secs(60);

pub struct Room {
    places: Arc<Semaphore>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// The connections that wait for their clients: since when, and how to wake them.
    queue: BTreeMap<(Instant, u64), Waker>,
    /// Places that were wanted when no connection waited: so many connections go as soon as they wait.
    wanted: usize,
    /// So many have come.
    seats: u64,
    told: Option<Instant>,
}

impl Room {
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { places: Arc::new(Semaphore::new(limit)), waiting: Mutex::default() })
    }

    /// A place at once, if one is free.
    pub fn free_seat(self: &Arc<Self>) -> Option<Seat> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(self.take(place))
    }

    /// A place, if need be that of the connection that has waited longest. `None`: there will be none any more.
    pub async fn seat(self: &Arc<Self>) -> Option<Seat> {
        if let Some(seat) = self.free_seat() {
            return Some(seat);
        }
        self.tell();
        self.send_one_away();
        let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
        self.lock().wanted = 0;
        Some(self.take(place))
    }

    /// Whether a connection waits for a place, and no other waits for its client, so that none can be given.
    pub fn is_wanted(&self) -> bool {
        self.lock().wanted > 0
    }

    fn take(self: &Arc<Self>, place: OwnedSemaphorePermit) -> Seat {
        let mut waiting = self.lock();
        waiting.seats += 1;
        Seat { room: Arc::clone(self), number: waiting.seats, since: None, leaves: false, _place: place }
    }

    fn send_one_away(&self) {
        let mut waiting = self.lock();
        match waiting.queue.pop_first() {
            Some((_, waker)) => {
                drop(waiting);
                waker.wake();
            }
            None => waiting.wanted += 1,
        }
    }

    fn tell(&self) {
        let mut waiting = self.lock();
        if waiting.told.is_none_or(|told| told.elapsed() > TOLD) {
            waiting.told = Some(Instant::now());
            warn!("all connections that may be open are: those that wait longest for their client make room");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's place.
pub struct Seat {
    room: Arc<Room>,
    number: u64,
    /// Since when it waits for its client: its key in the queue.
    since: Option<(Instant, u64)>,
    /// Whether it was told to go: what it still says on its way out does not change that.
    leaves: bool,
    _place: OwnedSemaphorePermit,
}

impl Seat {
    /// The client keeps us waiting. `false`: the place is wanted.
    pub fn waits(&mut self, waker: &Waker) -> bool {
        let mut waiting = self.room.lock();
        match self.since {
            _ if self.leaves => {}
            Some(since) => match waiting.queue.get_mut(&since) {
                Some(known) => known.clone_from(waker),
                None => self.leaves = true,
            },
            None if waiting.wanted > 0 => {
                waiting.wanted -= 1;
                self.leaves = true;
            }
            None => {
                let since = (Instant::now(), self.number);
                waiting.queue.insert(since, waker.clone());
                self.since = Some(since);
            }
        }
        !self.leaves
    }

    /// The client has done its part. If the place was wanted meanwhile, another one goes.
    pub fn goes_on(&mut self) {
        let Some(since) = self.since.take() else { return };
        let was_wanted = self.room.lock().queue.remove(&since).is_none();
        if was_wanted && !self.leaves {
            self.room.send_one_away();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(since) = self.since {
            self.room.lock().queue.remove(&since);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn the_longest_waiting_goes_first_and_the_served_stays() {
        let room = Room::new(3);
        let mut seats = [room.seat().await.unwrap(), room.seat().await.unwrap(), room.seat().await.unwrap()];
        assert!(room.free_seat().is_none());
        // The first is served; the third waits longer than the second.
        for number in [2, 1] {
            assert!(seats[number].waits(Waker::noop()));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let mut newcomer = Box::pin(room.seat());
        assert!((&mut newcomer).now_or_never().is_none());
        assert!(seats[1].waits(Waker::noop()) && !seats[2].waits(Waker::noop()));
        let [first, second, third] = seats;
        drop(third);
        assert!(newcomer.now_or_never().is_some(), "its place is taken at once");
        drop((first, second));
    }

    #[tokio::test]
    async fn when_no_connection_waits_the_first_that_does_goes() {
        let room = Room::new(2);
        let (mut one, mut other) = (room.seat().await.unwrap(), room.seat().await.unwrap());
        let mut newcomer = Box::pin(room.seat());
        assert!((&mut newcomer).now_or_never().is_none());
        assert!(!one.waits(Waker::noop()));
        assert!(other.waits(Waker::noop()), "one is enough");
        drop(one);
        assert!(newcomer.now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_connection_that_was_told_to_go_goes_whatever_it_says() {
        let room = Room::new(1);
        let mut seat = room.seat().await.unwrap();
        let mut newcomer = Box::pin(room.seat());
        assert!((&mut newcomer).now_or_never().is_none());
        for _ in 0..3 {
            assert!(!seat.waits(Waker::noop()));
            seat.goes_on();
        }
        drop(seat);
        assert!(newcomer.now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_client_that_speaks_at_the_last_moment_stays_and_another_goes() {
        let room = Room::new(2);
        let (mut one, mut other) = (room.seat().await.unwrap(), room.seat().await.unwrap());
        assert!(one.waits(Waker::noop()));
        let mut newcomer = Box::pin(room.seat());
        assert!((&mut newcomer).now_or_never().is_none());
        one.goes_on();
        assert!(!other.waits(Waker::noop()));
        assert!(one.waits(Waker::noop()));
    }
}
