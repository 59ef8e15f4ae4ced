//! The outbox in the tables: what is told of a change, in which order, and to whom it is delivered.

use chrono::TimeDelta;
use futures_util::future::join_all;
use wechat_pay::deal::{AccountId, AlarmKind, Announcement, Audience, Details, EndpointName, EventId};
use wechat_pay::store::{Event, EventKind, LARGEST_BATCH, NewEvent, NextTry, Source, Store, StoreError, TriedDelivery, Untold};

use super::accounts::{deal, event, now, number};
use crate::support::database::{Database, Engine, Look};
use crate::support::on_both_engines;

async fn telling(database: &Database) -> Store {
    Store::open(&database.url.parse().unwrap(), "i1", LARGEST_BATCH, now()).await.unwrap().telling(Audience::of_all())
}

fn paid(order_id: &str) -> Event {
    Event { announces: vec![Announcement::DealPaid { late: false }], ..event(order_id, EventKind::Settled) }
}

fn endpoint() -> EndpointName {
    "shop".parse().unwrap()
}

/// What a publisher makes of it, for the endpoint.
fn published(untold: &Untold, entropy: u128) -> NewEvent {
    NewEvent {
        source: Source::Entry(untold.entry),
        event_id: EventId::draw(entropy),
        event_type: untold.announces[0].event_type(),
        order_id: Some(untold.order_id.clone()),
        merchant_id: Some(12),
        account: AccountId::default(),
        data: "{}".to_owned(),
        at: untold.at,
        alarm: None,
        is_told: true,
        endpoints: vec![endpoint()],
    }
}

on_both_engines! {
    async fn what_is_announced_is_told_once_and_in_order(engine) {
        let database = Database::fresh(engine).await;
        let store = telling(&database).await;
        deal(&store, "o1", "default", Details::default()).await;
        for order_id in ["o1", "o2", "o1"] {
            store.record(paid(order_id)).await.unwrap();
        }
        store.record(event("o3", EventKind::Looked)).await.unwrap();
        let untold = store.untold(0, 10).await.unwrap().entries;
        assert_eq!(untold.iter().map(|untold| untold.order_id.as_str()).collect::<Vec<_>>(), ["o1", "o2", "o1"]);
        let events: Vec<_> = untold.iter().zip(1..).map(|(untold, entropy)| published(untold, entropy)).collect();
        assert!(store.publish(events.clone(), now()).await.unwrap());
        assert!(store.untold(0, 10).await.unwrap().entries.is_empty());
        assert!(!store.publish(events.clone(), now()).await.unwrap(), "told before");
        let told = store.outbox_behind(0, 10).await.unwrap();
        assert_eq!(told.iter().map(|event| event.position).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(told.iter().map(|event| &event.event_id).collect::<Vec<_>>(), events.iter().map(|event| &event.event_id).collect::<Vec<_>>());
        assert_eq!(store.outbox_behind(2, 10).await.unwrap().len(), 1);
        assert_eq!(store.outbox_head().await.unwrap(), 3);
    }

    async fn what_is_written_once_is_announced_once_whichever_callers_tell_of_it_at_once(engine) {
        let database = Database::fresh(engine).await;
        let store = telling(&database).await;
        let mismatch = || Event {
            detail: Some("the amount is not the order's".to_owned()),
            announces: vec![Announcement::AlarmRaised(AlarmKind::Money)],
            ..event("o1", EventKind::Mismatch)
        };
        let told = join_all((0..8).map(|_| store.record_once(mismatch()))).await;
        assert_eq!(told.into_iter().filter(|is_new| *is_new.as_ref().unwrap()).count(), 1);
        assert_eq!(store.untold(0, 10).await.unwrap().entries.len(), 1);
    }

    async fn a_delivery_without_its_event_holds_up_no_other(engine) {
        let database = Database::fresh(engine).await;
        let store = telling(&database).await;
        let look = database.look().await;
        look.run(
            "INSERT INTO webhook_delivery (endpoint, position, tries, created_at) VALUES ('shop', 7, 1, '2026-04-01 12:00:00')",
        )
        .await;
        store.record(paid("o1")).await.unwrap();
        let untold = store.untold(0, 10).await.unwrap().entries;
        assert!(store.publish(vec![published(&untold[0], 1)], now()).await.unwrap());
        assert_eq!(store.outbox_behind(0, 10).await.unwrap()[0].position, 8);
    }

    async fn of_publishers_at_once_one_is_let_through_at_a_time(engine) {
        let database = Database::fresh(engine).await;
        let (store, count) = (telling(&database).await, 40);
        for number in 0..count {
            store.record(paid(&format!("o{number}"))).await.unwrap();
        }
        let untold = store.untold(0, 100).await.unwrap().entries;
        let events = untold.iter().zip(1..).map(|(untold, entropy)| published(untold, entropy));
        let publishing = events.map(|event| async {
            let event = event;
            loop {
                match store.publish(vec![event.clone()], now()).await {
                    Ok(published) => return published,
                    Err(StoreError::Conflict | StoreError::Unavailable(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
        assert!(join_all(publishing.collect::<Vec<_>>()).await.into_iter().all(|published| published));
        let positions: Vec<_> = store.outbox_behind(0, 100).await.unwrap().iter().map(|event| event.position).collect();
        assert_eq!(positions, (1..=count).collect::<Vec<i64>>());
    }

    async fn a_delivery_is_tried_by_one_and_later_ones_of_its_order_wait_for_that(engine) {
        let database = Database::fresh(engine).await;
        let store = telling(&database).await;
        for order_id in ["o1", "o1", "o2"] {
            store.record(paid(order_id)).await.unwrap();
        }
        let events = store.untold(0, 10).await.unwrap().entries.iter().zip(1..).map(|(untold, entropy)| published(untold, entropy)).collect();
        store.publish(events, now()).await.unwrap();
        let due = store.due_deliveries(&endpoint(), now(), 10).await.unwrap();
        let positions = |due: &[wechat_pay::store::Delivery]| due.iter().map(|delivery| delivery.event.position).collect::<Vec<_>>();
        assert_eq!(positions(&due), [3, 1], "the latest first, and the second of o1 waits");
        let until = now() + TimeDelta::seconds(30);
        let taken = join_all(due.iter().flat_map(|delivery| [store.take_delivery(delivery, until), store.take_delivery(delivery, until)]));
        assert_eq!(taken.await.into_iter().filter(|taken| *taken.as_ref().unwrap()).count(), 2, "each once");
        assert!(store.due_deliveries(&endpoint(), now(), 10).await.unwrap().is_empty());
        let tried = |next| TriedDelivery { at: now(), status: Some(200), answer: Some("好".to_owned()), next };
        let noted = join_all([
            store.note_delivery(&due[0], until, tried(NextTry::Delivered)),
            store.note_delivery(&due[1], until, tried(NextTry::At(now() + TimeDelta::seconds(5)))),
        ]);
        assert!(noted.await.into_iter().all(Result::unwrap));
        assert!(!store.note_delivery(&due[0], until, tried(NextTry::Delivered)).await.unwrap(), "it has moved on");
        assert_eq!(positions(&store.due_deliveries(&endpoint(), now(), 10).await.unwrap()), [2]);
        store.pause_endpoint(&endpoint(), now()).await.unwrap();
        assert!(store.due_deliveries(&endpoint(), until, 10).await.unwrap().is_empty());
        assert!(store.resume_endpoint(&endpoint()).await.unwrap());
        assert_eq!(positions(&store.due_deliveries(&endpoint(), until, 10).await.unwrap()), [1, 2]);
        assert_eq!(store.find(&number("o1")).await.unwrap(), None);
    }
}

/// Numbers are drawn before the commit, so a lower one may be committed later: a reader that kept the highest would miss it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lower_number_that_is_committed_later_is_told_as_well() {
    const ENTRY: &str = "INSERT INTO deal_event (order_id, kind, source, instance, at, untold, announces) \
        VALUES ('o1', 'settled', 'sweeper', 'i2', '2026-04-01 12:00:00', 1, 'deal.paid')";
    let database = Database::fresh(Engine::MySql).await;
    let store = telling(&database).await;
    let Look::MySql(pool) = database.look().await else { panic!("another engine") };
    let mut held = pool.begin().await.unwrap();
    sqlx::query(ENTRY).execute(&mut *held).await.unwrap();
    store.record(paid("o2")).await.unwrap();
    let first = store.untold(0, 10).await.unwrap().entries;
    assert_eq!(first.iter().map(|untold| untold.order_id.as_str()).collect::<Vec<_>>(), ["o2"]);
    assert!(store.publish(vec![published(&first[0], 1)], now()).await.unwrap());
    let read = store.outbox_behind(0, 10).await.unwrap();
    held.commit().await.unwrap();
    let second = store.untold(0, 10).await.unwrap().entries;
    assert!(second[0].entry < first[0].entry, "it was drawn before");
    assert!(store.publish(vec![published(&second[0], 2)], now()).await.unwrap());
    let news = store.outbox_behind(read[0].position, 10).await.unwrap();
    assert_eq!(news.iter().map(|event| &event.event_id).collect::<Vec<_>>(), [&EventId::draw(2)]);
    pool.close().await;
}
