//! Fan-out: readers at the head wait here, and one look at the table serves all of them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use crate::store::OutboxEvent;

use super::window::{Behind, Window};

/// What one instance knows of the outbox's end, and who waits for more. It makes no call by itself.
#[derive(Debug)]
pub struct Hub {
    state: Mutex<State>,
    /// The window's head, for those that wait for another one.
    head: watch::Sender<i64>,
    /// A reader cannot wait for the next look.
    hurry: Notify,
    looked: Notify,
}

#[derive(Debug, Default)]
struct State {
    window: Window,
    readers: usize,
}

impl Default for Hub {
    fn default() -> Self {
        Self { state: Mutex::default(), head: watch::Sender::new(0), hurry: Notify::new(), looked: Notify::new() }
    }
}

impl Hub {
    /// A reader comes, and is one until its place is dropped. For the first one the table is looked at now: while nobody read, nobody
    /// looked.
    pub fn join(&self) -> ReaderPlace<'_> {
        let mut state = self.lock();
        state.readers += 1;
        if state.readers == 1 {
            self.hurry.notify_one();
        }
        ReaderPlace(self)
    }

    /// Whether there is a reader.
    pub fn has_readers(&self) -> bool {
        self.lock().readers > 0
    }

    /// The first so many events behind a position, as far as they are here.
    pub fn behind(&self, position: i64, limit: usize) -> Behind {
        self.lock().window.behind(position, limit)
    }

    /// The last position that was seen.
    pub fn head(&self) -> Option<i64> {
        self.lock().window.head()
    }

    /// Waits until the head lies beyond a position.
    pub async fn head_beyond(&self, position: i64) {
        // The sender is ours, so it is not gone.
        let _ = self.head.subscribe().wait_for(|head| *head > position).await;
    }

    /// Has the table looked at now, and waits for that.
    pub async fn next_look(&self) {
        let looked = self.looked.notified();
        self.hurry.notify_one();
        looked.await;
    }

    /// Waits until a reader cannot wait for the next look.
    pub async fn hurried(&self) {
        self.hurry.notified().await;
    }

    /// Takes up what a look at the table has found behind the head.
    pub fn note(&self, events: Vec<OutboxEvent>) {
        self.change(|window| window.add(events));
    }

    /// Begins anew at the table's head: too much has happened behind the one that was known.
    pub fn begin_at(&self, head: i64) {
        self.change(|window| window.begin_at(head));
    }

    fn change(&self, change: impl FnOnce(&mut Window)) {
        let head = {
            let mut state = self.lock();
            change(&mut state.window);
            state.window.head().unwrap_or_default()
        };
        self.head.send_if_modified(|known| std::mem::replace(known, head) != head);
        self.looked.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reader's place.
#[derive(Debug)]
pub struct ReaderPlace<'h>(&'h Hub);

impl Drop for ReaderPlace<'_> {
    fn drop(&mut self) {
        self.0.lock().readers -= 1;
    }
}
