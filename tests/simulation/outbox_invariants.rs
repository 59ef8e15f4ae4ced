//! What must always hold of what the merchant's back ends are told:
//!
//! 1. No change without its event, no event without its change: what the journal has announced, told or not, is exactly what has
//!    become of deals and refunds, each once, and the alarms are those of the journal's entries.
//! 2. Positions have no hole at any time, and what stands at one never changes: a reader by its cursor misses nothing and reads nothing
//!    twice.
//! 3. An endpoint gets what it wants and nothing else, in each try the same bytes under the same id, signed; each try by a lease of its
//!    own; nothing of an order before each earlier event of it was tried; nothing while it is paused.
//! 4. Delivered is what the endpoint has said 2xx to. What was given up was tried eleven times, and raised its alarm.
//! 5. Once the faults are over, everything is told and delivered within its bound, or given up because the endpoint is dead for good.
//! 6. Of each alarm that is told exactly one row is kept, and no other, from the same moment on.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use wechat_pay::deal::{RefundState, Timestamp};
use wechat_pay::webhook::Request;

use super::endpoints::{Endpoints, secrets};
use super::invariants::{Invariants, Row};
use super::outbox_rows::{BILL, EntryRow, EventRow, Outbox};

/// A lease that a killed instance held, the minute that a dead endpoint is left alone for, and the passes of a history's end.
const DELIVERED_WITHIN: TimeDelta = TimeDelta::minutes(5);
/// Of a second payment that goes back by itself no alarm is raised.
const GOES_BACK: &str = "is given back";
/// Alarms about what may pass by itself.
const MAY_PASS: [&str; 5] = ["refund_not_enough", "refund_certificate", "refund_not_allowed", "refund_overdue", "left_open"];
/// What never leaves the service.
const SECRETS: [&str; 4] = ["openid", "\"sign", "<xml", "whsec_"];

impl Invariants {
    /// Holds what is told against what is so.
    pub fn check_outbox(&mut self, endpoints: &Endpoints) {
        let Some(mut outbox) = self.outbox.take() else { return };
        self.check_announced(&outbox);
        for event in &outbox.events {
            self.check_event(event);
        }
        check_planned(&outbox, endpoints);
        check_alarms(&outbox);
        for row in std::mem::take(&mut outbox.noted) {
            let event = &outbox.events[usize::try_from(row.position - 1).unwrap()];
            let heard = endpoints.named(&row.endpoint).got.get(&event.event_id).map(|got| &got.heard[..]).unwrap_or_default();
            row.follows_from(heard);
            row.waits_as_planned(heard);
        }
        self.outbox = Some(outbox);
    }

    /// 1. What was announced is what has happened.
    fn check_announced(&self, outbox: &Outbox) {
        let mut announced = outbox.announced();
        let mut once = |order_id: &str, what: &str, expected: usize| {
            let count = announced.remove(&(order_id.to_owned(), what.to_owned())).unwrap_or_default();
            assert_eq!(count, expected, "no change without its event, no event without its change: {what} of {order_id}");
        };
        for row in self.rows.values() {
            let is_late = row.expired == 1;
            let is_known = self.is_known_to_be_paid(row);
            once(&row.order_id, "deal.paid", usize::from(is_known && !is_late));
            once(&row.order_id, "deal.paid late", usize::from(is_known && is_late));
            let is_silent = self.checkouts.as_ref().is_some_and(|checkouts| checkouts.silent.contains(&row.order_id));
            once(&row.order_id, "deal.expired", usize::from(row.expired == 1 && !is_silent));
        }
        for ((order_id, what), ends) in &outbox.ends {
            once(order_id, what, *ends);
        }
        let of_announced = announced.keys().map(|(order_id, _)| order_id.clone());
        let orders: BTreeSet<_> = outbox.entries.iter().map(|entry| entry.order_id.clone()).chain(of_announced).collect();
        for order_id in orders {
            for (kind, (least, most)) in self.alarms(outbox, &order_id) {
                let count = announced.remove(&(order_id.clone(), format!("alarm.raised {kind}"))).unwrap_or_default();
                assert!((least..=most).contains(&count), "{count} alarms {kind} of {order_id}, and not {least} to {most}");
            }
        }
        // Others tell why something waits, which does not stand in the rows for long.
        announced.retain(|(_, what), _| !MAY_PASS.iter().any(|kind| what.strip_prefix("alarm.raised ") == Some(kind)));
        assert!(announced.is_empty(), "no event without its change: {announced:?}");
    }

    /// Of one that another program has marked as paid that is known once its transaction is.
    fn is_known_to_be_paid(&self, row: &Row) -> bool {
        row.status == 1 && (!self.decided_elsewhere.contains(&row.order_id) || row.transaction_id.is_some())
    }

    /// How many alarms of each kind an order has raised, at least and at most, by what the journal says of it.
    fn alarms(&self, outbox: &Outbox, order_id: &str) -> BTreeMap<&'static str, (usize, usize)> {
        let entries = |is_one: &dyn Fn(&EntryRow) -> bool| {
            outbox.entries.iter().filter(|entry| entry.order_id == order_id).filter(|entry| is_one(entry)).count()
        };
        let of_kind = |kind: &str| entries(&|entry: &EntryRow| entry.kind == kind);
        let own = || self.refunds.values().filter(|refund| refund.order_id == order_id);
        let not_arrived = outbox.ends.iter().filter(|((order, what), _)| order == order_id && what.starts_with("refund.failed"));
        let not_arrived: usize = not_arrived.map(|(_, ends)| ends).sum();
        let abnormal = own().filter(|refund| refund.state == RefundState::Abnormal).count();
        let mismatches = entries(&|entry| entry.kind == "mismatch" && !entry.detail.as_deref().unwrap_or_default().contains(GOES_BACK));
        let late = of_kind("settled_late");
        let late_and_kept = if own().any(|refund| refund.source == "automatic" && !refund.is_of_second_payment) { 0 } else { late };
        let given_back = of_kind("refunded") + of_kind("refund_booked");
        let told_with_payment = entries(&|entry| entry.kind.starts_with("settled") || entry.kind == "identified");
        let mismatched = of_kind("refund_mismatch");
        let given_up = of_kind("webhook_given_up");
        BTreeMap::from([
            ("money", (mismatches, mismatches + not_arrived)),
            ("paid_late", (late_and_kept, late + not_arrived)),
            ("refunded", (of_kind("refunded"), given_back + told_with_payment)),
            ("refund_mismatch", (mismatched, usize::MAX)),
            ("refund_abnormal", (abnormal, not_arrived)),
            ("webhook_given_up", (given_up, given_up)),
        ])
    }

    /// An event is about its deal, as this was then, and tells no secret.
    fn check_event(&self, event: &EventRow) {
        for secret in SECRETS {
            assert!(!event.data.contains(secret), "an event tells a secret: {event:?}");
        }
        let row = event.order_id.as_ref().and_then(|order_id| self.rows.get(order_id));
        if let (Some(row), Some((_, account))) = (row, event.deal()) {
            assert_eq!(row.account, account, "told as another account's: {event:?}");
        }
        let is_about_none = ["alarm.raised", BILL].contains(&event.event_type.as_str());
        assert!(row.is_some() || is_about_none, "it is about no deal: {event:?}");
        let told = |field: &str| event.data.contains(field);
        let is_so = match event.event_type.as_str() {
            "deal.paid" => told(r#""status":"PAID""#),
            "deal.expired" => told(r#""status":"EXPIRED""#) || told(r#""status":"PAID""#),
            "refund.succeeded" => told(r#""refund_state":"SUCCESS""#),
            "refund.failed" => !told(r#""refund_state":"PROCESSING""#) || row.is_some_and(|row| self.was_refused(row, event)),
            _ => true,
        };
        assert!(is_so, "it is told otherwise than it is: {event:?}: {row:?}");
    }

    /// A refund that was taken for refused may go on after all, by the time at which that is told.
    fn was_refused(&self, row: &Row, event: &EventRow) -> bool {
        let of_order = self.refunds.values().filter(|refund| refund.order_id == row.order_id);
        of_order.filter(|refund| event.data.contains(&refund.refund_id)).any(|refund| refund.state != RefundState::Failed)
    }

    /// 3. A message of an instance's is on its way to an endpoint.
    pub fn check_post(&self, endpoints: &Endpoints, request: &Request) {
        let outbox = self.outbox.as_ref().expect("a history in which endpoints are told");
        let endpoint = endpoints.named(request.endpoint.as_str());
        let header = |name: &str| request.headers.iter().find(|(header, _)| *header == name).map(|(_, value)| value.as_str());
        let id = header("webhook-id").expect("an event's id");
        let row = outbox.delivery(endpoint.name, id).unwrap_or_else(|| panic!("{} does not want {id}", endpoint.name));
        let event = &outbox.events[usize::try_from(row.position - 1).unwrap()];
        let timestamp = header("webhook-timestamp").and_then(|text| text.parse().ok()).expect("a time in seconds");
        assert_eq!(header("webhook-signature"), Some(&*secrets().sign(id, timestamp, &request.body)), "it is not signed: {request:?}");
        let (begins, ends) = (format!(r#"{{"type":"{}","timestamp":""#, event.event_type), format!(r#","data":{}}}"#, event.data));
        assert!(request.body.starts_with(&begins) && request.body.ends_with(&ends), "another body than the event's: {request:?}");
        let (posts, takes) = (endpoint.got.get(id).map_or(0, |got| got.posts), outbox.takes.get(&row.id).copied().unwrap_or_default());
        assert!(posts < takes, "{} posts by {takes} leases: {row:?}", posts + 1);
        let untried = outbox.earlier(row).find(|earlier| earlier.tries == 0 && !earlier.is_decided());
        assert_eq!(untried, None, "an earlier event of its order was not tried: {row:?}");
    }

    /// 5. Deliveries that were `planned` when the faults ended at `since`, and those since, do not wait for longer than the schedule says.
    pub fn check_told_in_time(&self, endpoints: &Endpoints, planned: &BTreeMap<i64, Timestamp>, since: Timestamp, now: Timestamp) {
        let Some(outbox) = &self.outbox else { return };
        for row in outbox.deliveries.values().filter(|row| !row.is_decided() && !endpoints.named(&row.endpoint).is_dead) {
            let due = planned.get(&row.id).copied().unwrap_or(row.created_at).max(since);
            assert!(now <= due + DELIVERED_WITHIN, "not delivered at {now}, {since} the faults ended: {row:?}");
        }
    }

    /// Whether there is something to tell.
    pub fn has_untold(&self) -> bool {
        let has_untold = |outbox: &Outbox| outbox.entries.iter().any(|entry| entry.announces.is_some()) || self.bills.has_untold();
        self.outbox.as_ref().is_some_and(has_untold)
    }

    /// Whether there is, or was.
    pub fn has_told(&self) -> bool {
        self.has_untold() || self.outbox.as_ref().is_some_and(|outbox| !outbox.events.is_empty())
    }

    /// When each delivery that is not decided is due.
    pub fn planned_deliveries(&self) -> BTreeMap<i64, Timestamp> {
        let rows = self.outbox.iter().flat_map(|outbox| outbox.deliveries.values());
        rows.filter_map(|row| Some((row.id, row.due_at?))).collect()
    }

    /// In the end all is told, and each endpoint has all that it wants, unless it is dead.
    pub fn check_end_of_telling(&self, endpoints: &Endpoints) {
        let Some(outbox) = &self.outbox else { return };
        assert!(!self.has_untold(), "it is never told: {:?}", outbox.entries);
        for row in outbox.deliveries.values() {
            let (endpoint, event) = (endpoints.named(&row.endpoint), &outbox.events[usize::try_from(row.position - 1).unwrap()]);
            let got = endpoint.got.get(&event.event_id);
            if row.given_up_at.is_some() {
                assert!(endpoint.is_dead, "given up, though the endpoint is mended: {row:?}");
                assert!(got.is_some_and(|got| i64::from(got.posts) >= row.tries), "fewer posts than tries: {row:?}");
            } else {
                assert!(row.delivered_at.is_some(), "never delivered: {row:?}");
                assert!(got.is_some_and(|got| got.is_taken), "delivered, and its endpoint has it not: {row:?}");
            }
        }
        let of_alarms = |position: i64| outbox.events[usize::try_from(position - 1).unwrap()].event_type == "alarm.raised";
        let given_up = outbox.deliveries.values().filter(|row| row.given_up_at.is_some() && !of_alarms(row.position)).count();
        let alarms = outbox.entries.iter().filter(|entry| entry.kind == "webhook_given_up").count();
        assert_eq!(given_up, alarms, "each that was given up has raised its alarm");
    }
}

/// 6. What is told is kept, each once, by the entry of the journal that has announced it.
fn check_alarms(outbox: &Outbox) {
    for ((order_id, kind), (told, kept)) in outbox.told_and_kept_alarms() {
        assert_eq!(told, kept, "an alarm {kind} of {order_id} is told, and not kept once");
    }
    let of_entries: BTreeSet<_> = outbox.alarms.iter().map(|row| (row.entry, &row.kind)).collect();
    assert_eq!(of_entries.len(), outbox.alarms.len(), "an alarm is kept twice: {:?}", outbox.alarms);
    for row in &outbox.alarms {
        assert!(row.order_id.is_some() && row.order_id == row.entry_order_id, "an alarm of no entry of the journal: {row:?}");
    }
}

/// Each endpoint's deliveries are those of the events that it wants.
fn check_planned(outbox: &Outbox, endpoints: &Endpoints) {
    let planned: BTreeSet<_> = outbox.deliveries.values().map(|row| (row.endpoint.as_str(), row.position)).collect();
    assert_eq!(planned.len(), outbox.deliveries.len(), "one delivery of an event for an endpoint");
    for event in &outbox.events {
        let deal = event.deal();
        let seller = event.order_id.as_ref().and_then(|order_id| outbox.sellers.get(order_id)).copied();
        assert_eq!(deal.as_ref().map(|(seller, _)| *seller), seller, "told as another seller's: {event:?}");
        for endpoint in &endpoints.0 {
            // One that does not listen is not told that it does not.
            let is_deaf = endpoint.is_dead && event.announcement() == "alarm.raised webhook_given_up";
            let wants = !is_deaf && endpoint.wants(event, deal.as_ref().map(|(seller, account)| (*seller, account)));
            assert_eq!(planned.contains(&(endpoint.name, event.position)), wants, "whether {} wants it: {event:?}", endpoint.name);
        }
    }
}
