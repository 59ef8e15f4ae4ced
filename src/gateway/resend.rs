//! Resend: an endpoint that has lost events, or that came later, is told of them once more.

use crate::deal::{EventId, EventType, Timestamp};
use crate::store::{OutboxEvent, StoreError};
use crate::webhook::Endpoint;

use super::Gateway;

/// Events that one transaction has sent again.
const BITE: u32 = 64;

/// What has come due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resent {
    /// Events that the endpoint wants, of those that were asked for.
    pub wanted: u64,
    /// Those of them that are delivered from now on; the others wait for their first try.
    pub due: u64,
}

impl Gateway {
    /// Has what happened since then, as far as an endpoint wants it, delivered to it from now on. It can be stopped at any point and
    /// begun again.
    ///
    /// # Errors
    /// The database is not available, or another program does the same; some of it is done then.
    pub async fn resend_since(&self, endpoint: &Endpoint, since: Timestamp) -> Result<Resent, StoreError> {
        let (mut resent, mut last) = (Resent::default(), None);
        loop {
            let events = self.store.outbox_since(since, last.as_ref(), BITE).await?;
            let Some(end) = events.last().cloned() else { return Ok(resent) };
            last = Some(end);
            let Resent { wanted, due } = self.resend(endpoint, &events).await?;
            resent = Resent { wanted: resent.wanted + wanted, due: resent.due + due };
        }
    }

    /// The same of one event; `None`: there is none, or it is no longer kept.
    ///
    /// # Errors
    /// As [`Gateway::resend_since`].
    pub async fn resend_event(&self, endpoint: &Endpoint, event_id: &EventId) -> Result<Option<Resent>, StoreError> {
        match self.store.outbox_event(event_id).await? {
            Some(event) => self.resend(endpoint, &[event]).await.map(Some),
            None => Ok(None),
        }
    }

    async fn resend(&self, endpoint: &Endpoint, events: &[OutboxEvent]) -> Result<Resent, StoreError> {
        let positions: Vec<_> = events.iter().filter(|event| wants(endpoint, event)).map(|event| event.position).collect();
        if positions.is_empty() {
            return Ok(Resent::default());
        }
        let wanted = u64::try_from(positions.len()).unwrap_or(u64::MAX);
        Ok(Resent { wanted, due: self.store.resend(&endpoint.name, positions, self.now_by_database()).await? })
    }
}

/// Whether an endpoint wants an event of the outbox.
pub(super) fn wants(endpoint: &Endpoint, event: &OutboxEvent) -> bool {
    let event_type = EventType::from_word(&event.event_type);
    event_type.is_some_and(|event_type| endpoint.wanted.has(event_type, event.merchant_id, &event.account))
}
