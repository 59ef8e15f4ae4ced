//! Races: several callers or instances at once, and clocks that are wrong.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};
use wechat_pay::app::Service;
use wechat_pay::chance::Chance;
use wechat_pay::clock::Clock;
use wechat_pay::deal::Timestamp;

use crate::support::database::Engine;
use crate::support::http::Caller;
use crate::support::on_both_engines;
use crate::support::test_app::{OPENING_TIME, TestApp, TestAppBuilder};
use crate::support::wechat_message::{WeChatMessage, transaction_id};

on_both_engines! {
    async fn one_notification_at_three_instances_in_the_same_moment_is_one_payment(engine) {
        let builder = TestAppBuilder::new(engine).await;
        let (settings, clock) = (builder.settings(), Clock::manual(OPENING_TIME.parse().unwrap()));
        let app = builder.open().await;
        let mut others = Vec::new();
        for _ in 0..2 {
            others.push(Service::start(settings.clone(), clock.clone(), Chance::System).await.unwrap());
        }
        let tills: Vec<_> = [app.till.address].into_iter().chain(others.iter().map(|one| one.address)).map(Caller::new).collect();
        let look = app.look().await;
        for round in 0..10 {
            let order = app.to_pay("19.90").await;
            let message = WeChatMessage::notification(&order.id, 1990).signed();
            let posts = tills.iter().chain(&tills).map(|till| till.post("/wxPay/notify", "text/xml", message.clone()));
            for answer in join_all(posts).await {
                answer.acknowledged(&format!("round {round}"));
            }
            let settled = format!("SELECT kind FROM deal_event WHERE order_id = '{}' AND kind = 'settled'", order.id);
            assert_eq!(look.column(&settled, "kind").await.len(), 1, "round {round}: once");
        }
        for one in others {
            one.stop().await;
        }
    }

    async fn two_payments_of_one_order_at_two_instances_are_one_payment_and_an_alarm(engine) {
        let builder = TestAppBuilder::new(engine).await;
        let (settings, clock) = (builder.settings(), Clock::manual(OPENING_TIME.parse().unwrap()));
        let app = builder.open().await;
        let other = Service::start(settings, clock, Chance::System).await.unwrap();
        let till = Caller::new(other.address);
        for round in 0..10 {
            let order = app.to_pay("19.90").await;
            let first = WeChatMessage::notification(&order.id, 1990);
            let second = first.clone().with("transaction_id", &transaction_id(&order.id).replacen("42", "43", 1));
            let (one, two) = tokio::join!(app.notify(first.signed()), till.post("/wxPay/notify", "text/xml", second.signed()));
            let mut statuses = [one.status, two.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409], "round {round}: {} {}", one.body, two.body);
        }
        assert_eq!(app.alarms().1 + other.gateway.metrics().mismatch(), 10, "each is raised");
        other.stop().await;
    }

    async fn a_wall_clock_that_jumps_loses_and_doubles_nothing(engine) {
        let app = TestApp::open(engine).await;
        let mut orders = vec![app.to_pay("19.90").await];
        for jump in [-3600, 0, 24 * 3600, -24 * 3600, 1] {
            app.time_passes(jump);
            orders.push(app.to_pay("19.90").await);
            app.sweep().await;
        }
        let ids: std::collections::HashSet<_> = orders.iter().map(|order| &order.id).collect();
        assert_eq!(ids.len(), orders.len(), "no number twice");
        let look = app.look().await;
        for order in &orders {
            app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("whatever the clock says");
            assert_eq!(look.status(&order.id).await, 1);
        }
        // A day ahead for a moment, one deal was taken for expired by the clock: WeChat had to confirm it first.
        assert!(app.alarms().0 <= orders.len() as u64 && app.alarms().1 == 0, "{:?}", app.alarms());
    }

    async fn a_service_that_stops_while_its_sweeper_asks_leaves_no_lease(engine) {
        let builder = TestAppBuilder::new(engine).await.set("SWEEP__CALLS_PER_SECOND", 100);
        let app = builder.open().await;
        let order = app.to_pay("19.90").await;
        app.wechat().faults.latency_ms = 1000;
        app.time_passes(6);
        let begun = Instant::now();
        while app.calls("orderquery") == 0 {
            assert!(begun.elapsed() < Duration::from_secs(10), "the sweeper never asked");
            sleep(Duration::from_millis(10)).await;
        }
        let (asked_at, stopping): (Timestamp, _) = (app.clock.now(), Instant::now());
        let database = app.stop().await;
        assert!(stopping.elapsed() < Duration::from_secs(10), "{:?}", stopping.elapsed());
        let look = database.look().await;
        let kinds = look.column(&format!("SELECT kind FROM deal_event WHERE order_id = '{}' ORDER BY id", order.id), "kind").await;
        assert_eq!(kinds, ["opened", "link_given", "looked"], "what it had begun it finished");
        // The lease would end 26 s after the opening; the configuration says 30 s, or up to two earlier.
        let due = look.value(&order.id, "due_at").await.unwrap();
        let lease = wechat_pay::deal::BeijingTime::from(asked_at + chrono::TimeDelta::seconds(20)).naive().to_string();
        assert_ne!(due, lease);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_close_and_a_payment_in_the_same_moment_end_as_wechat_has_it() {
    let app = TestApp::open(Engine::Sqlite).await;
    let mut ends = [0, 0];
    for round in 0..20 {
        let order = app.to_pay("19.90").await;
        app.time_passes(301);
        let (closed, paid) = tokio::join!(app.close(&order.id), async {
            sleep(Duration::from_micros(round * 400)).await;
            let now = app.clock.now();
            app.wechat().pay(&order.id, None, None, now).is_ok()
        });
        if paid {
            app.notified(&order, 1).await;
            assert_eq!(closed.reason(), "ORDER_PAID", "{}", closed.body);
        } else {
            assert_eq!(closed.json()["code"], 0, "{}", closed.body);
        }
        assert_eq!(app.look().await.status(&order.id).await, if paid { 1 } else { 2 }, "round {round}");
        ends[usize::from(paid)] += 1;
    }
    assert!(ends[1] > 0, "some were paid: {ends:?}");
}
