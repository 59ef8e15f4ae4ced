//! A sliding window: the last events of the outbox, in memory, for readers that are near its head.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::store::OutboxEvent;

/// So many events are kept at most,
const EVENTS: usize = 1024;
/// and so many bytes of what they tell.
const BYTES: usize = 4 * 1024 * 1024;

/// All events behind a position, up to the head.
#[derive(Debug, Default)]
pub struct Window {
    events: VecDeque<Arc<OutboxEvent>>,
    bytes: usize,
    /// Behind it nothing is missing.
    floor: i64,
    /// The last position that was seen; `None`: none was looked for yet.
    head: Option<i64>,
}

/// What a window has behind a position.
#[derive(Debug, PartialEq, Eq)]
pub enum Behind {
    /// These, and no others before them; none at the head.
    Events(Vec<Arc<OutboxEvent>>),
    /// Events that the window does not have any more.
    Older,
    /// The position lies beyond the head, as far as that is known.
    Beyond,
}

impl Window {
    /// The last position that was seen.
    pub fn head(&self) -> Option<i64> {
        self.head
    }

    /// The first so many events behind a position.
    pub fn behind(&self, position: i64, limit: usize) -> Behind {
        if self.head.is_none_or(|head| head < position) {
            return Behind::Beyond;
        }
        if position < self.floor {
            return Behind::Older;
        }
        let first = self.events.partition_point(|event| event.position <= position);
        Behind::Events(self.events.range(first..).take(limit).cloned().collect())
    }

    /// Takes up the events behind the head, all of them in their order; those of two looks at once are taken up once.
    pub fn add(&mut self, events: Vec<OutboxEvent>) {
        for event in events {
            if self.head.is_some_and(|head| head >= event.position) {
                continue;
            }
            self.head = Some(event.position);
            self.bytes += event.data.len();
            self.events.push_back(Arc::new(event));
        }
        while self.events.len() > EVENTS || self.bytes > BYTES {
            let Some(oldest) = self.events.pop_front() else { break };
            self.bytes -= oldest.data.len();
            self.floor = oldest.position;
        }
    }

    /// Begins anew at the head, without an event.
    pub fn begin_at(&mut self, head: i64) {
        *self = Self { floor: head, head: Some(head), ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deal::{AccountId, EventId, Timestamp};

    fn events(positions: impl IntoIterator<Item = i64>, bytes: usize) -> Vec<OutboxEvent> {
        let event = |position| OutboxEvent {
            position,
            event_id: EventId::draw(7),
            event_type: "deal.paid".to_owned(),
            merchant_id: None,
            account: AccountId::default(),
            data: "x".repeat(bytes),
            at: Timestamp::UNIX_EPOCH,
        };
        positions.into_iter().map(event).collect()
    }

    fn positions(window: &Window, position: i64, limit: usize) -> Option<Vec<i64>> {
        match window.behind(position, limit) {
            Behind::Events(events) => Some(events.iter().map(|event| event.position).collect()),
            Behind::Older | Behind::Beyond => None,
        }
    }

    #[test]
    fn a_reader_gets_what_is_behind_its_position_and_nothing_twice() {
        let mut window = Window::default();
        assert_eq!(window.behind(0, 10), Behind::Beyond, "nothing is known yet");
        window.begin_at(7);
        window.add(events(8..=9, 1));
        window.add(events(8..=10, 1));
        assert_eq!(window.behind(6, 10), Behind::Older);
        assert_eq!(positions(&window, 7, 2), Some(vec![8, 9]));
        assert_eq!(positions(&window, 9, 2), Some(vec![10]));
        assert_eq!(positions(&window, 10, 2), Some(vec![]));
        assert_eq!(window.behind(11, 2), Behind::Beyond);
    }

    #[test]
    fn what_it_holds_is_bounded_by_number_and_by_size() {
        let mut window = Window::default();
        window.begin_at(0);
        window.add(events(1..=2000, 1));
        assert_eq!((window.events.len(), window.behind(975, 1)), (EVENTS, Behind::Older));
        assert_eq!(positions(&window, 976, 1), Some(vec![977]));
        window.add(events(2001..=2009, BYTES / 8));
        assert!(window.bytes <= BYTES && window.events.len() < 9, "{} bytes", window.bytes);
        assert_eq!(window.head(), Some(2009));
        window.add(events([2010], BYTES + 1));
        assert_eq!((window.bytes, window.behind(2009, 1)), (0, Behind::Older), "the table has it");
    }
}
