//! Who is told: which events an endpoint, or a reader of the feed, can want.

use std::collections::BTreeSet;

use super::EventType;

/// The types of events that an endpoint or a reader can want. What none can want is not stored,
/// but for alarms.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audience(BTreeSet<EventType>);

impl Audience {
    /// All types.
    pub fn of_all() -> Self {
        EventType::ALL.into_iter().collect()
    }

    /// Whether an endpoint or a reader can want these.
    pub fn wants(&self, event_type: EventType) -> bool {
        self.0.contains(&event_type)
    }
}

impl FromIterator<EventType> for Audience {
    fn from_iter<I: IntoIterator<Item = EventType>>(types: I) -> Self {
        Self(types.into_iter().collect())
    }
}

impl Extend<EventType> for Audience {
    fn extend<I: IntoIterator<Item = EventType>>(&mut self, types: I) {
        self.0.extend(types);
    }
}
