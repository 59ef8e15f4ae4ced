//! Exactly one event a change, in the order of a deal's changes: whatever is repeated, whoever is at it at the same time, and whatever
//! cannot be told.

use std::collections::HashSet;

use futures_util::future::join_all;
use wechat_pay::app::Service;
use wechat_pay::chance::Chance;
use wechat_pay::clock::Clock;
use wechat_pay::deal::{Announcement, Audience, EventType};
use wechat_pay::store::{Event, EventKind, LARGEST_BATCH, Store};

use super::told::{app, outbox, telling, told, told_of};
use crate::database::accounts::{deal, event, now, number};
use crate::support::database::{Database, Engine};
use crate::support::http::Caller;
use crate::support::on_both_engines;
use crate::support::test_app::{OPENING_TIME, TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

/// Entries of the journal, all of which there is to tell of.
async fn journal(app: &TestApp) -> Vec<Option<String>> {
    app.look().await.texts("SELECT CONCAT(order_id, ' ', kind) FROM deal_event WHERE untold = 1 ORDER BY id").await
}

on_both_engines! {
    async fn of_repeats_at_three_instances_each_payment_is_told_once(engine) {
        let builder = telling(TestAppBuilder::new(engine).await);
        let (settings, clock) = (builder.settings(), Clock::manual(OPENING_TIME.parse().unwrap()));
        let app = builder.open().await;
        let mut others = Vec::new();
        for _ in 0..2 {
            others.push(Service::start(settings.clone(), clock.clone(), Chance::System).await.unwrap());
        }
        let tills: Vec<_> = [app.till.address].into_iter().chain(others.iter().map(|one| one.address)).map(Caller::new).collect();
        let orders = app.to_pay_at_once(20).await;
        let message = |id: &str| WeChatMessage::notification(id, 1990).signed();
        let posts = orders.iter().flat_map(|order| tills.iter().chain(&tills).map(move |till| (till, message(&order.id))));
        join_all(posts.map(|(till, message)| async move {
            while till.post("/wxPay/notify", "text/xml", message.clone()).await.status == 503 {}
        })).await;
        for order in &orders {
            assert_eq!(told_of(&app, order).await, ["deal.paid"]);
        }
        let events = outbox(app.gateway()).await;
        assert_eq!(events.iter().map(|event| &event.event_id).collect::<HashSet<_>>().len(), orders.len(), "each has a number of its own");
        assert_eq!(events.iter().map(|event| event.position).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
        for one in others {
            one.stop().await;
        }
    }

    async fn what_nobody_wants_is_not_even_stored_but_for_alarms(engine) {
        let wechat = TestApp::open(Engine::Sqlite).await;
        let app = TestAppBuilder::new(engine).await.on_wechat_of(&wechat).open().await;
        let order = app.to_pay("19.90").await;
        app.notify(WeChatMessage::notification(&order.id, 1).signed()).await.not_believed(409, "another amount");
        app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("paid");
        assert_eq!(outbox(app.gateway()).await.len(), 0);
        assert_eq!(journal(&app).await.len(), 0);
        let kept = app.look().await.texts("SELECT CONCAT(kind, ' ', order_id) FROM alarm").await;
        assert_eq!(kept, [Some(format!("money {}", order.id))], "the operator wants it, whoever else does not");

        let database = Database::fresh(engine).await;
        let store = Store::open(&database.url.parse().unwrap(), "i1", LARGEST_BATCH, now()).await.unwrap();
        let store = store.telling([EventType::DealPaid].into_iter().collect());
        let both = [Announcement::DealPaid { late: true }, Announcement::AlarmRaised(wechat_pay::deal::AlarmKind::PaidLate)];
        store.record(Event { announces: both.to_vec(), ..event("o1", EventKind::SettledLate) }).await.unwrap();
        store.record(Event { announces: vec![Announcement::DealExpired], ..event("o1", EventKind::Expired) }).await.unwrap();
        let untold = store.untold(0, 10).await.unwrap().entries;
        assert_eq!(untold.iter().map(|entry| &*entry.announces).collect::<Vec<_>>(), [both]);
    }

    async fn a_change_that_does_not_take_place_is_not_told(engine) {
        let database = Database::fresh(engine).await;
        let store = Store::open(&database.url.parse().unwrap(), "i1", LARGEST_BATCH, now()).await.unwrap().telling(Audience::of_all());
        deal(&store, "o1", "default", Default::default()).await;
        database.look().await.run("UPDATE deal SET status = 1, asking_until = NULL").await;
        let expired = Event { announces: vec![Announcement::DealExpired], ..event("o1", EventKind::Expired) };
        assert!(!store.mark_never_ordered(&number("o1"), now(), expired).await.unwrap());
        assert!(store.untold(0, 10).await.unwrap().entries.is_empty());
    }

    async fn what_cannot_be_told_hides_nothing_else(engine) {
        let app = app(engine).await;
        let (deleted, order) = (app.to_pay("19.90").await, app.to_pay("19.90").await);
        let look = app.look().await;
        // More than a batch of a later version's.
        let strange = (0..300).map(|_| "('o1', 'x', 'x', 'x', '2026-04-01 12:00:00', 1, 'deal.eaten')").collect::<Vec<_>>().join(",");
        look.run(&format!("INSERT INTO deal_event (order_id, kind, source, instance, at, untold, announces) VALUES {strange}")).await;
        look.run(&format!(
            "INSERT INTO deal_event (order_id, kind, source, instance, at, untold, announces) VALUES \
             ('{}', 'settled', 'x', 'x', '2026-04-01 12:00:00', 1, 'deal.paid'); DELETE FROM deal WHERE order_id = '{}'", deleted.id, deleted.id
        )).await;
        app.payer_pays(&order).await;
        assert_eq!(told_of(&app, &order).await, ["deal.paid"]);
        assert_eq!(told(&app).await.len(), 1, "no event tells of a deal that it cannot show");
        assert_eq!(journal(&app).await.len(), 301, "they are left");
        app.notify(WeChatMessage::notification(&deleted.id, 1990).signed()).await.not_believed(409, "no such order");
        assert_eq!(told_of(&app, &deleted).await, ["alarm money"], "an alarm needs no deal");
    }

    async fn a_crash_between_commit_and_publication_loses_nothing(engine) {
        let wechat = TestApp::open(Engine::Sqlite).await;
        let app = TestAppBuilder::new(engine).await.on_wechat_of(&wechat).open().await;
        let order = app.to_pay("19.90").await;
        app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("paid");
        // As it stands when the process dies right after the commit.
        app.look().await.run("UPDATE deal_event SET untold = 1, announces = 'deal.paid' WHERE kind = 'settled'").await;
        let app = telling(TestAppBuilder::on(app.stop().await).on_wechat_of(&wechat)).open().await;
        for _ in 0..500 {
            if app.gateway().store().outbox_head().await.unwrap() == 1 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert_eq!(app.gateway().store().outbox_head().await.unwrap(), 1, "the next instance tells of it by itself");
        assert_eq!(told_of(&app, &order).await, ["deal.paid"]);
    }
}
