//! Endpoints in the tables: how their deliveries stand, and events that are sent once more.

use chrono::TimeDelta;
use wechat_pay::deal::{AccountId, Announcement, Audience, EndpointName, EventId, Timestamp};
use wechat_pay::store::{
    Delivery, EndpointStanding, Event, EventKind, LARGEST_BATCH, LastFailure, NewEvent, NextTry, Source, Store, TriedDelivery,
};

use super::accounts::{event, now};
use crate::support::database::{Database, Engine};
use crate::support::on_both_engines;

async fn telling(database: &Database) -> Store {
    Store::open(&database.url.parse().unwrap(), "i1", LARGEST_BATCH, now()).await.unwrap().telling(Audience::of_all())
}

fn name(name: &str) -> EndpointName {
    name.parse().unwrap()
}

fn at(minutes: i64) -> Timestamp {
    now() + TimeDelta::minutes(minutes)
}

/// So many events, one a minute, each about an order of its own, for these endpoints.
async fn happen(store: &Store, events: u32, endpoints: &[EndpointName]) {
    for number in 0..events {
        let paid = Announcement::DealPaid { late: false };
        let event = event(&format!("o{number}"), EventKind::Settled);
        store.record(Event { announces: vec![paid], at: at(number.into()), ..event }).await.unwrap();
    }
    let new = |untold: &wechat_pay::store::Untold| NewEvent {
        source: Source::Entry(untold.entry),
        event_id: EventId::draw(untold.entry.unsigned_abs().into()),
        event_type: untold.announces[0].event_type(),
        order_id: Some(untold.order_id.clone()),
        merchant_id: Some(12),
        account: AccountId::default(),
        data: "{}".to_owned(),
        at: untold.at,
        alarm: None,
        is_told: true,
        endpoints: endpoints.to_vec(),
    };
    let events = store.untold(0, events).await.unwrap().entries.iter().map(new).collect();
    assert!(store.publish(events, now()).await.unwrap());
}

/// Tries a delivery, which has this end.
async fn tried(store: &Store, delivery: &Delivery, at: Timestamp, status: Option<u16>, next: NextTry) {
    let until = at + TimeDelta::seconds(30);
    assert!(store.take_delivery(delivery, until).await.unwrap());
    let answer = status.is_none_or(|status| status >= 300).then(|| "坏了".to_owned());
    assert!(store.note_delivery(delivery, until, TriedDelivery { at, status, answer, next }).await.unwrap());
}

async fn standing(database: &Database, endpoint: &str) -> EndpointStanding {
    let mut standings = Store::endpoints(&database.url.parse().unwrap(), &[name(endpoint)]).await.unwrap();
    standings.remove(0)
}

on_both_engines! {
    async fn how_the_deliveries_to_an_endpoint_stand(engine) {
        let database = Database::fresh(engine).await;
        let store = telling(&database).await;
        assert_eq!(standing(&database, "shop").await, EndpointStanding::default());
        happen(&store, 5, &[name("shop"), name("books")]).await;
        let due = store.due_deliveries(&name("shop"), now(), 10).await.unwrap();
        tried(&store, &due[0], at(1), Some(200), NextTry::Delivered).await;
        tried(&store, &due[1], at(2), None, NextTry::At(at(9))).await;
        tried(&store, &due[2], at(3), Some(503), NextTry::At(at(8))).await;
        tried(&store, &due[3], at(1), Some(404), NextTry::GivenUp).await;
        store.pause_endpoint(&name("shop"), at(4)).await.unwrap();
        let failure = |minutes, status| Some(LastFailure { at: at(minutes), status, answer: Some("坏了".to_owned()) });
        let expected = EndpointStanding {
            paused_at: Some(at(4)), waiting: 3, failing: 2, waiting_since: Some(now()), given_up: 1, last_failure: failure(3, Some(503)),
        };
        assert_eq!(standing(&database, "shop").await, expected);
        let again = store.due_deliveries(&name("shop"), at(10), 10).await.unwrap();
        assert!(again.is_empty(), "it is paused");
        assert!(store.resume_endpoint(&name("shop")).await.unwrap());
        for delivery in store.due_deliveries(&name("shop"), at(10), 10).await.unwrap() {
            tried(&store, &delivery, at(11), Some(200), NextTry::Delivered).await;
        }
        let expected = EndpointStanding { given_up: 1, last_failure: failure(1, Some(404)), ..EndpointStanding::default() };
        assert_eq!(standing(&database, "shop").await, expected);
        assert_eq!(standing(&database, "books").await.waiting, 5);
    }

    async fn events_are_read_from_a_time_on_in_pages(engine) {
        let database = Database::fresh(engine).await;
        let store = telling(&database).await;
        happen(&store, 7, &[]).await;
        let mut read = store.outbox_since(at(2), None, 2).await.unwrap();
        while let Some(last) = read.last().cloned() {
            let page = store.outbox_since(at(2), Some(&last), 2).await.unwrap();
            if page.is_empty() {
                break;
            }
            read.extend(page);
        }
        assert_eq!(read.iter().map(|event| event.position).collect::<Vec<_>>(), [3, 4, 5, 6, 7]);
        assert_eq!(store.outbox_event(&read[1].event_id).await.unwrap().as_ref(), Some(&read[1]));
        assert_eq!(store.outbox_event(&EventId::draw(u128::MAX)).await.unwrap(), None);
    }

    async fn what_was_delivered_or_given_up_comes_due_once_more(engine) {
        let database = Database::fresh(engine).await;
        let store = telling(&database).await;
        happen(&store, 5, &[name("shop")]).await;
        let due = store.due_deliveries(&name("shop"), now(), 10).await.unwrap();
        tried(&store, &due[0], at(1), Some(200), NextTry::Delivered).await;
        tried(&store, &due[1], at(1), Some(500), NextTry::GivenUp).await;
        tried(&store, &due[2], at(1), Some(500), NextTry::At(at(60))).await;
        let all = |positions: std::ops::RangeInclusive<i64>| positions.collect::<Vec<_>>();
        assert_eq!(store.resend(&name("shop"), all(1..=5), at(2)).await.unwrap(), 3, "two wait for their first try");
        assert_eq!(store.resend(&name("shop"), all(1..=5), at(2)).await.unwrap(), 0);
        let due = store.due_deliveries(&name("shop"), at(2), 10).await.unwrap();
        assert!(due.len() == 5 && due.iter().all(|delivery| delivery.tries == 0), "{due:?}");
        let expected = EndpointStanding { waiting: 5, waiting_since: Some(now()), ..EndpointStanding::default() };
        assert_eq!(standing(&database, "shop").await, expected);

        assert_eq!(store.resend(&name("later"), all(2..=9), at(2)).await.unwrap(), 4, "it had no deliveries, and there are five events");
        let due = store.due_deliveries(&name("later"), at(2), 10).await.unwrap();
        let mut positions: Vec<_> = due.iter().map(|delivery| delivery.event.position).collect();
        positions.sort_unstable();
        assert!(positions == [2, 3, 4, 5] && due.iter().all(|delivery| delivery.order_id.is_some()));
    }

    async fn a_try_that_is_under_way_does_not_undo_a_resend(engine) {
        let database = Database::fresh(engine).await;
        let store = telling(&database).await;
        happen(&store, 1, &[name("shop")]).await;
        let due = store.due_deliveries(&name("shop"), now(), 10).await.unwrap();
        tried(&store, &due[0], now(), None, NextTry::At(at(1))).await;
        let due = store.due_deliveries(&name("shop"), at(1), 10).await.unwrap();
        assert!(store.take_delivery(&due[0], at(2)).await.unwrap());
        assert_eq!(store.resend(&name("shop"), vec![1], at(1)).await.unwrap(), 1);
        let delivered = TriedDelivery { at: at(1), status: Some(200), answer: None, next: NextTry::Delivered };
        assert!(!store.note_delivery(&due[0], at(2), delivered).await.unwrap(), "it is no longer its delivery");
        assert_eq!(store.due_deliveries(&name("shop"), at(1), 10).await.unwrap().len(), 1);
    }

    async fn reports_about_endpoints_read_their_ranges_only(engine) {
        let database = Database::fresh(engine).await;
        let store = telling(&database).await;
        happen(&store, 300, &[name("shop"), name("books")]).await;
        let look = database.look().await;
        for (sql, index) in [
            ("SELECT COUNT(*) FROM webhook_delivery WHERE endpoint = 'shop' AND due_at >= '2026-01-01 00:00:00'", "webhook_delivery_due_at"),
            ("SELECT COUNT(*) FROM webhook_delivery WHERE endpoint = 'shop' AND given_up_at >= '1970-01-01 08:00:00'", "webhook_delivery_given_up_at"),
            (
                if engine == Engine::Sqlite {
                    "SELECT * FROM outbox WHERE at >= '2026-01-01 00:00:00' AND (at > '2026-01-01 00:00:00' OR position > 3) ORDER BY at, position LIMIT 64"
                } else {
                    "SELECT * FROM outbox FORCE INDEX (outbox_at) WHERE at >= '2026-01-01 00:00:00' AND (at > '2026-01-01 00:00:00' OR position > 3) ORDER BY at, position LIMIT 64"
                },
                "outbox_at",
            ),
        ] {
            match engine {
                Engine::Sqlite => {
                    let plan = look.column(&format!("EXPLAIN QUERY PLAN {sql}"), "detail").await.concat();
                    assert!(plan.contains(index) && !plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{sql}: {plan}");
                }
                Engine::MySql => {
                    assert_eq!(look.column(&format!("EXPLAIN {sql}"), "key").await, [index], "{sql}");
                    assert!(!look.column(&format!("EXPLAIN {sql}"), "Extra").await.concat().contains("filesort"), "{sql}");
                }
            }
        }
    }
}
