//! Publication: what the journal says there is to tell becomes events of the outbox, each as it is told, with a delivery for every
//! endpoint that wants it.
//!
//! The deal is told as it stands when the event comes into the outbox, a moment after the change: never older than what it tells of.

use std::collections::{HashMap, HashSet};

use serde_json::json;
use tokio::sync::watch;
use tracing::debug;

use crate::deal::{AccountId, Announcement, Deal, EventId};
use crate::store::{NewEvent, StoreError, Untold};
use crate::told::{ToldAlarm, ToldDeal, ToldRefund};

use super::Gateway;
use super::deliver::deaf_endpoint;

/// Entries of the journal that one transaction tells of.
const BATCH: u32 = 128;

impl Gateway {
    /// Publishes what there is to tell, at most a batch of it; `true`: there may be more.
    ///
    /// # Errors
    /// The database is not available; then all of it is told later.
    pub async fn publish_once(&self) -> Result<bool, StoreError> {
        let untold = self.store.untold(BATCH).await?;
        let is_full = untold.len() >= BATCH as usize;
        if untold.is_empty() {
            return Ok(false);
        }
        let order_ids: Vec<_> = untold.iter().map(|entry| entry.order_id.clone()).collect();
        let deals = self.store.find_all(&order_ids).await?;
        let deals: HashMap<_, _> = deals.iter().map(|deal| (&deal.order_id, deal)).collect();
        let mut events = Vec::with_capacity(untold.len());
        for entry in &untold {
            let deal = deals.get(&entry.order_id).copied();
            for announcement in &entry.announces {
                events.push(self.event_to_tell(entry, announcement, deal).await?);
            }
        }
        let count = events.len();
        let planned: HashSet<_> = events.iter().flat_map(|event| event.endpoints.clone()).collect();
        match self.store.publish(events, self.now_by_database()).await {
            Ok(true) => {
                self.lines.metrics.published(count);
                planned.iter().for_each(|endpoint| self.lines.planned(endpoint).notify_one());
                self.published.send_modify(|published| *published += 1);
                Ok(is_full)
            }
            // Another instance is at it.
            Ok(false) | Err(StoreError::Conflict) => {
                debug!("another instance has told of the same");
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    /// Hears of each publication by this instance.
    pub fn published(&self) -> watch::Receiver<u64> {
        self.published.subscribe()
    }

    async fn event_to_tell(&self, entry: &Untold, announcement: &Announcement, deal: Option<&Deal>) -> Result<NewEvent, StoreError> {
        let told_deal = deal.map(ToldDeal::from);
        let data = match announcement {
            Announcement::DealPaid { late } => json!({ "deal": told_deal, "late": late }),
            Announcement::DealExpired => json!({ "deal": told_deal }),
            Announcement::RefundSucceeded(refund_id) | Announcement::RefundFailed(refund_id) => {
                let refund = self.store.find_refund(refund_id).await?;
                json!({ "refund": refund.as_ref().map(ToldRefund::from), "deal": told_deal })
            }
            Announcement::AlarmRaised(kind) => json!(ToldAlarm::new(*kind, Some(&entry.order_id))),
        };
        let event_type = announcement.event_type();
        let merchant_id = deal.map(|deal| deal.merchant_id);
        let account = deal.map_or_else(AccountId::default, |deal| deal.account.clone());
        let deaf = deaf_endpoint(entry, announcement);
        let others = self.endpoints.iter().filter(|endpoint| Some(&endpoint.name) != deaf.as_ref());
        let wants = others.filter(|endpoint| endpoint.wanted.has(event_type, merchant_id, &account));
        Ok(NewEvent {
            entry: entry.entry,
            event_id: EventId::draw(self.chance.draw()),
            event_type,
            order_id: entry.order_id.clone(),
            merchant_id,
            endpoints: wants.map(|endpoint| endpoint.name.clone()).collect(),
            account,
            data: data.to_string(),
            at: entry.at,
        })
    }
}
