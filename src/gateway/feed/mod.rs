//! The feed (long polling over a log): what the outbox holds behind a reader's position, and waiting for more.
//!
//! A reader that does not wait reads the table. Those that wait read at the end of it: all of them together cost one statement a
//! second, and one for each publication by this instance, however many they are; without readers there is none. What the looks find stays
//! in memory for a while ([`window`]), so that a thousand readers that are told of an event, and come again, are served from there. Only
//! a reader that lags behind that reads the table, in the lane of reports, where it keeps no payer waiting.

mod hub;
mod window;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use crate::deal::{EventType, Reach};
use crate::store::{OutboxEvent, StoreError};

use super::Gateway;
pub use hub::Hub;
use window::Behind;

/// Events that one statement reads.
const READ: u32 = 500;
/// So many are read for one answer to a reader that may not see most of them.
const READS: u32 = 10;
/// When the looks are further behind than this, they go on at the head.
const LOOKS: u32 = 4;
/// A look is not waited for longer than this.
const NEXT_LOOK: Duration = Duration::from_secs(2);

/// Why a reader gets nothing.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// Nothing was ever told at the reader's position: it is another database's. To wait there would look like silence for ever.
    #[error("nothing was told at this position yet: it is another database's")]
    Beyond,
    /// The store could not tell.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// What a reader is told.
#[derive(Debug, PartialEq, Eq)]
pub struct FeedPage {
    /// The events that it may see, in their order.
    pub events: Vec<Arc<OutboxEvent>>,
    /// Its position from now on, behind those too that it may not see.
    pub next: i64,
    /// Whether events right behind its former position are there no more, since they were too old.
    pub is_pruned: bool,
}

impl FeedPage {
    /// Nothing, for a reader at this position.
    pub fn behind(position: i64) -> Self {
        Self { events: Vec::new(), next: position, is_pruned: false }
    }

    /// Goes on over these until it is full.
    fn take(&mut self, events: impl IntoIterator<Item = Arc<OutboxEvent>>, limit: usize, reach: &Reach) {
        for event in events {
            if self.events.len() >= limit {
                break;
            }
            self.is_pruned |= self.events.is_empty() && event.position > self.next + 1;
            self.next = event.position;
            if reach.covers_event(EventType::from_word(&event.event_type), event.merchant_id, &event.account) {
                self.events.push(event);
            }
        }
    }
}

impl Gateway {
    /// The first so many events behind a position that a reader with this reach may see, as they are in the table now.
    ///
    /// # Errors
    /// [`FeedError`].
    pub async fn changes(&self, position: i64, limit: usize, reach: &Reach) -> Result<FeedPage, FeedError> {
        let mut page = FeedPage::behind(position);
        let read = if reach.is_everything() { u32::try_from(limit).unwrap_or(READ).min(READ) } else { READ };
        for _ in 0..READS {
            let events = self.store.outbox_behind(page.next, read).await?;
            let is_last = events.len() < read as usize;
            page.take(events.into_iter().map(Arc::new), limit, reach);
            if is_last || page.events.len() >= limit {
                break;
            }
        }
        if page.next == position && self.feed.head().is_none_or(|head| head < position) && self.store.outbox_head().await? < position {
            return Err(FeedError::Beyond);
        }
        Ok(page)
    }

    /// The same; while there is nothing for the reader, it waits for so long.
    ///
    /// # Errors
    /// [`FeedError`].
    pub async fn changes_within(&self, position: i64, limit: usize, reach: &Reach, patience: Duration) -> Result<FeedPage, FeedError> {
        let until = Instant::now() + patience;
        let _place = self.feed.join();
        let mut page = FeedPage::behind(position);
        loop {
            match self.feed.behind(page.next, limit) {
                Behind::Events(events) => page.take(events, limit, reach),
                Behind::Older => return self.changes(page.next, limit, reach).await,
                // It has read at another instance, or this instance has not looked yet: the table knows.
                Behind::Beyond => {
                    let _ = timeout(NEXT_LOOK, self.feed.next_look()).await;
                    if self.feed.behind(page.next, limit) == Behind::Beyond {
                        return self.changes(page.next, limit, reach).await;
                    }
                    continue;
                }
            }
            if !page.events.is_empty() || timeout_at(until, self.feed.head_beyond(page.next)).await.is_err() {
                return Ok(page);
            }
        }
    }

    /// Waits until a reader of the feed cannot wait for the next look.
    pub async fn hurried_by_readers(&self) {
        self.feed.hurried().await;
    }

    /// Looks what there is for the readers that wait, if there are any.
    ///
    /// # Errors
    /// The store could not say; it is asked at the next look.
    pub async fn look_for_changes(&self) -> Result<(), StoreError> {
        if !self.feed.has_readers() {
            return Ok(());
        }
        for _ in 0..LOOKS {
            let Some(head) = self.feed.head() else { break };
            let events = self.store.outbox_news(head, READ).await?;
            let is_last = events.len() < READ as usize;
            self.feed.note(events);
            if is_last {
                return Ok(());
            }
        }
        self.feed.begin_at(self.store.outbox_head().await?);
        Ok(())
    }
}
