//! Publication: what the journal says there is to tell becomes events of the outbox, each as it is told, with a delivery for every
//! endpoint that wants it. Of an alarm a row is kept besides, for the operator, and nothing else where nobody wants to be told of alarms.
//!
//! The deal is told as it stands when the event comes into the outbox, a moment after the change: never older than what it tells of.
//! An entry that cannot be told of (a later version has written it, or another program has deleted its deal) is left, and hides no
//! other.

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use serde_json::json;
use tokio::sync::watch;
use tracing::{debug, error};

use crate::deal::{AccountId, Announcement, Deal, EventId, EventType, OrderId, Refund, RefundId};
use crate::store::{NewAlarm, NewEvent, Source, StoreError, StoredBill, Untold};
use crate::told::{ToldAlarm, ToldBill, ToldDeal, ToldRefund};

use super::Gateway;
use super::deliver::deaf_endpoint;
use super::throttle::Throttle;

/// Entries of the journal that one transaction tells of, and deliveries that it plans, roughly.
const BATCH: u32 = 128;
const PLANNED: usize = 1000;
/// Of what is left the log tells at most so often.
const TOLD_OF_EVERY: TimeDelta = TimeDelta::minutes(10);

/// What this instance knows of publication.
#[derive(Debug)]
pub struct Publication {
    /// How often something was published.
    count: watch::Sender<u64>,
    throttle: Throttle,
}

impl Default for Publication {
    fn default() -> Self {
        Self { count: watch::Sender::new(0), throttle: Throttle::once_in(TOLD_OF_EVERY) }
    }
}

/// How far a publication got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// All that there was to tell.
    All,
    /// A batch of it.
    Batch,
    /// Nothing: another instance has told of the same, or has taken the same positions.
    Contended,
}

impl Gateway {
    /// Publishes what there is to tell, at most a batch of it.
    ///
    /// # Errors
    /// The database is not available; then all of it is told later.
    pub async fn publish_once(&self) -> Result<Published, StoreError> {
        let mut behind = 0;
        loop {
            let untold = self.store.untold(behind, BATCH).await?;
            let events = self.events_of(&untold.entries, untold.strange).await?;
            match untold.more_behind {
                Some(last) if events.is_empty() => behind = last,
                Some(_) => return self.publish(events, true).await,
                None => return self.publish_last(events).await,
            }
        }
    }

    /// What comes behind the last entries of the journal: bills.
    async fn publish_last(&self, mut events: Vec<NewEvent>) -> Result<Published, StoreError> {
        let bills = self.store.untold_bills(BATCH).await?;
        let may_be_more = bills.len() >= BATCH as usize;
        for bill in &bills {
            events.extend(self.event_of_bill(bill).await?);
        }
        if events.is_empty() { Ok(Published::All) } else { self.publish(events, may_be_more).await }
    }

    /// The bill is told as it stands now, under the time at which it was held against the books.
    async fn event_of_bill(&self, stored: &StoredBill) -> Result<Option<NewEvent>, StoreError> {
        let Some((bill, at)) = self.store.bill(stored.id).await?.zip(stored.at) else { return Ok(None) };
        let event_type = EventType::BillReconciled;
        let wants = self.endpoints.iter().filter(|endpoint| endpoint.wanted.has(event_type, None, &bill.account));
        Ok(Some(NewEvent {
            source: Source::Bill(bill.id),
            event_id: EventId::draw(self.chance.draw()),
            event_type,
            order_id: None,
            merchant_id: None,
            alarm: None,
            is_told: true,
            endpoints: wants.map(|endpoint| endpoint.name.clone()).collect(),
            data: json!({ "bill": ToldBill::from(&bill) }).to_string(),
            account: bill.account,
            at,
        }))
    }

    /// Hears of each publication by this instance.
    pub fn published(&self) -> watch::Receiver<u64> {
        self.publication.count.subscribe()
    }

    async fn publish(&self, mut events: Vec<NewEvent>, may_be_more: bool) -> Result<Published, StoreError> {
        let (all, count) = (events.len(), in_one_transaction(&events));
        events.truncate(count);
        let told = events.iter().filter(|event| event.is_told).count();
        let planned: HashSet<_> = events.iter().flat_map(|event| event.endpoints.clone()).collect();
        match self.store.publish(events, self.now_by_database()).await {
            Ok(true) => {
                self.lines.metrics.published(told);
                planned.iter().for_each(|endpoint| self.lines.planned(endpoint).notify_one());
                self.publication.count.send_modify(|published| *published += 1);
                Ok(if may_be_more || count < all { Published::Batch } else { Published::All })
            }
            // Another instance is at it.
            Ok(false) | Err(StoreError::Conflict) => {
                debug!("another instance has told of the same");
                Ok(Published::Contended)
            }
            Err(error) => Err(error),
        }
    }

    /// The events of those entries that can be told of.
    async fn events_of(&self, entries: &[Untold], strange: usize) -> Result<Vec<NewEvent>, StoreError> {
        let order_ids: Vec<_> = entries.iter().map(|entry| entry.order_id.clone()).collect();
        let deals = if order_ids.is_empty() { Vec::new() } else { self.store.find_all(&order_ids).await? };
        let deals: HashMap<_, _> = deals.iter().map(|deal| (&deal.order_id, deal)).collect();
        let (mut events, mut left) = (Vec::with_capacity(entries.len()), strange);
        for entry in entries {
            match self.events_of_entry(entry, deals.get(&entry.order_id).copied()).await? {
                Some(told) => events.extend(told),
                None => left += 1,
            }
        }
        if left > 0 && self.publication.throttle.admits(self.clock.now()) {
            error!(
                left,
                "entries of the journal cannot be told of: a later version has written them, or their deals or refunds cannot be read"
            );
        }
        Ok(events)
    }

    /// `None`: it cannot be told of.
    async fn events_of_entry(&self, entry: &Untold, deal: Option<&Deal>) -> Result<Option<Vec<NewEvent>>, StoreError> {
        let mut events = Vec::with_capacity(entry.announces.len());
        for announcement in &entry.announces {
            let Some(data) = self.data_of(announcement, &entry.order_id, deal).await? else { return Ok(None) };
            events.push(self.event_to_tell(entry, announcement, deal, &data));
        }
        Ok(Some(events))
    }

    /// What is told. An alarm may be about an order that is not known here; what tells of a deal or a refund shows it.
    async fn data_of(
        &self,
        announcement: &Announcement,
        order_id: &OrderId,
        deal: Option<&Deal>,
    ) -> Result<Option<serde_json::Value>, StoreError> {
        let told_deal = deal.map(ToldDeal::from);
        Ok(match (announcement, told_deal) {
            (Announcement::AlarmRaised(kind), _) => Some(json!(ToldAlarm::new(*kind, Some(order_id)))),
            (_, None) => None,
            (Announcement::DealPaid { late }, Some(deal)) => Some(json!({ "deal": deal, "late": late })),
            (Announcement::DealExpired, Some(deal)) => Some(json!({ "deal": deal })),
            (Announcement::RefundSucceeded(refund_id), Some(deal)) => {
                let refund = self.refund_to_tell(refund_id).await?;
                refund.map(|refund| json!({ "refund": ToldRefund::from(&refund), "deal": deal }))
            }
            (Announcement::RefundFailed(refund_id, state), Some(deal)) => {
                // It may have arrived since, which is told next.
                let refund = self.refund_to_tell(refund_id).await?.map(|refund| Refund { state: *state, ..refund });
                refund.map(|refund| json!({ "refund": ToldRefund::from(&refund), "deal": deal }))
            }
        })
    }

    async fn refund_to_tell(&self, refund_id: &RefundId) -> Result<Option<Refund>, StoreError> {
        match self.store.find_refund(refund_id).await {
            Err(StoreError::ImpossibleRefund(_)) => Ok(None),
            found => found,
        }
    }

    fn event_to_tell(&self, entry: &Untold, announcement: &Announcement, deal: Option<&Deal>, data: &serde_json::Value) -> NewEvent {
        let event_type = announcement.event_type();
        let alarm = match announcement {
            Announcement::AlarmRaised(kind) => Some(NewAlarm { kind: *kind, detail: entry.detail.clone() }),
            _ => None,
        };
        let merchant_id = deal.map(|deal| deal.merchant_id);
        let account = deal.map_or_else(AccountId::default, |deal| deal.account.clone());
        let deaf = deaf_endpoint(entry, announcement);
        let others = self.endpoints.iter().filter(|endpoint| Some(&endpoint.name) != deaf.as_ref());
        let wants = others.filter(|endpoint| endpoint.wanted.has(event_type, merchant_id, &account));
        NewEvent {
            source: Source::Entry(entry.entry),
            event_id: EventId::draw(self.chance.draw()),
            event_type,
            order_id: Some(entry.order_id.clone()),
            merchant_id,
            // Of what else is announced somebody wants to be told, or did when it happened.
            is_told: alarm.is_none() || self.store.tells_of(event_type),
            alarm,
            endpoints: wants.map(|endpoint| endpoint.name.clone()).collect(),
            account,
            data: data.to_string(),
            at: entry.at,
        }
    }
}

/// How many of these events one transaction takes, which is cut off after two seconds: each endpoint that wants one costs a row. All
/// events of an entry are told together.
fn in_one_transaction(events: &[NewEvent]) -> usize {
    let (mut rows, mut taken) = (0, 0);
    for entry in events.chunk_by(|one, other| one.source == other.source) {
        rows += entry.iter().map(|event| event.endpoints.len()).sum::<usize>();
        if taken > 0 && rows > PLANNED {
            break;
        }
        taken += entry.len();
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deal::Timestamp;

    fn event(entry: i64, endpoints: usize) -> NewEvent {
        NewEvent {
            source: Source::Entry(entry),
            event_id: EventId::draw(1),
            event_type: EventType::DealPaid,
            order_id: Some("o1".parse().unwrap()),
            merchant_id: None,
            account: AccountId::default(),
            data: String::new(),
            at: Timestamp::UNIX_EPOCH,
            alarm: None,
            is_told: true,
            endpoints: vec!["shop".parse().unwrap(); endpoints],
        }
    }

    #[test]
    fn a_transaction_has_whole_entries_and_a_bounded_number_of_deliveries() {
        let of = |events: &[(i64, usize)]| {
            let events: Vec<_> = events.iter().map(|(entry, endpoints)| event(*entry, *endpoints)).collect();
            in_one_transaction(&events)
        };
        assert_eq!(of(&[]), 0);
        assert_eq!(of(&[(1, 0), (2, 1), (3, 2)]), 3);
        assert_eq!(of(&[(1, 600), (2, 300), (2, 300), (3, 0)]), 1, "both of an entry, or none");
        assert_eq!(of(&[(1, 5000), (1, 5000), (2, 1)]), 2, "one entry at least");
    }
}
