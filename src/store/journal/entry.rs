//! An entry of the journal that is about to be written.

use std::sync::Arc;

use super::event::Event;

/// An event, and which instance writes it.
pub struct Entry {
    /// What happened. It announces what an endpoint or a reader can want, and alarms.
    pub event: Event,
    /// This instance's name.
    pub instance: Arc<str>,
}
