//! The sweeper: every deal is decided without a caller.

use std::time::Duration;

use tokio::time::timeout;
use wechat_pay::simulator::CloseUnknown;

use crate::support::database::{Engine, Look};
use crate::support::on_both_engines;
use crate::support::test_app::TestApp;
use crate::support::wechat_message::{ACKNOWLEDGED, WeChatMessage};

/// The kinds of a deal's events, oldest first.
async fn journal(look: &Look, order_id: &str) -> Vec<String> {
    let kinds = look.texts(&format!("SELECT kind FROM deal_event WHERE order_id = '{order_id}' ORDER BY id")).await;
    kinds.into_iter().map(Option::unwrap).collect()
}

on_both_engines! {
    async fn a_payment_whose_notification_was_lost_is_found_within_a_minute(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        app.time_passes(40);
        app.payer_pays_silently(&order);
        let look = app.look().await;
        let mut waited = 0;
        while look.status(&order.id).await == 0 {
            app.time_passes(5);
            waited += 5;
            assert!(waited <= 60, "not found within a minute");
            app.sweep().await;
        }
        assert_eq!(journal(&look, &order.id).await, ["opened", "link_given", "settled"]);
        assert!(look.value(&order.id, "queryBack").await.unwrap().contains("<trade_state>"));
        assert_eq!(look.value(&order.id, "due_at").await, None, "a decided deal is looked at no more");
    }

    async fn a_deal_that_nobody_pays_expires_after_wechat_has_said_so(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        let look = app.look().await;
        app.time_passes(7199);
        app.sweep().await;
        assert_eq!(look.status(&order.id).await, 0, "not by the clock alone");
        assert_eq!(app.calls("closeorder"), 0);
        app.time_passes(600);
        app.sweep().await;
        assert_eq!(look.status(&order.id).await, 2);
        assert_eq!(app.calls("closeorder"), 1);
        assert_eq!(journal(&look, &order.id).await, ["opened", "link_given", "looked", "closed", "expired"]);
        app.time_passes(7200);
        let asked = app.calls("orderquery");
        assert_eq!(app.sweep().await.due, 0);
        assert_eq!(app.calls("orderquery"), asked, "and then nobody asks any more");
    }

    async fn a_payment_in_the_last_second_beats_the_expiry(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        app.time_passes(7199);
        app.payer_pays_silently(&order);
        app.time_passes(1);
        app.sweep().await;
        assert_eq!(app.look().await.status(&order.id).await, 1);
        assert_eq!(app.calls("closeorder"), 0);
    }

    async fn while_wechat_is_away_nothing_expires(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        let look = app.look().await;
        app.wechat().faults.reset = 1.0;
        app.time_passes(7300);
        for _ in 0..5 {
            app.sweep().await;
            app.time_passes(700);
        }
        assert_eq!(look.status(&order.id).await, 0);
        app.wechat().faults.reset = 0.0;
        app.sweep().await;
        assert_eq!(look.status(&order.id).await, 2);
    }

    async fn a_deal_with_a_link_never_expires_because_wechat_does_not_know_it(engine) {
        let app = TestApp::open(engine).await;
        app.wechat().habits.close_unknown = CloseUnknown::OrderNotExist;
        let order = app.to_pay("19.90").await;
        let look = app.look().await;
        // The same row under a number that WeChat has never heard of.
        look.run("UPDATE deal SET order_id = 'elsewhere', order_key = 'elsewhere'").await;
        app.time_passes(7300);
        app.sweep().await;
        assert_eq!(look.status("elsewhere").await, 0, "{}", order.id);
    }

    async fn a_deal_that_never_reached_wechat_expires_when_its_time_is_over(engine) {
        let app = TestApp::open(engine).await;
        app.wechat().faults.reset = 1.0;
        let lost = app.to_pay_once("k", "19.90").await;
        let order_id = lost.json()["order_id"].as_str().unwrap().to_owned();
        app.wechat().faults.reset = 0.0;
        app.time_passes(7300);
        app.sweep().await;
        let look = app.look().await;
        assert_eq!(look.status(&order_id).await, 2);
        assert_eq!(app.to_pay_once("k", "19.90").await.reason(), "ORDER_CLOSED");
        assert_eq!(journal(&look, &order_id).await, ["opened", "link_unknown", "closed", "expired"]);
    }

    async fn two_sweepers_share_the_looks(engine) {
        let app = TestApp::open(engine).await;
        for _ in 0..20 {
            app.to_pay("1").await;
        }
        app.time_passes(10);
        let (one, other) = tokio::join!(app.sweep(), app.sweep());
        assert_eq!(one.looked + other.looked, 20, "each deal is looked at once: {one:?} {other:?}");
        assert_eq!(app.calls("orderquery"), 20);
        assert_eq!(app.sweep().await.due, 0);
    }

    async fn what_a_sweeper_died_over_is_taken_up_within_twenty_seconds(engine) {
        let app = TestApp::open(engine).await;
        app.to_pay("1").await;
        app.time_passes(10);
        app.wechat().faults.latency_ms = 3000;
        let died = timeout(Duration::from_secs(1), app.sweep()).await;
        assert!(died.is_err(), "it dies while WeChat thinks");
        app.wechat().faults.latency_ms = 0;
        app.time_passes(19);
        assert_eq!(app.sweep().await.due, 0, "nobody knows yet that it is dead");
        app.time_passes(1);
        assert_eq!(app.sweep().await.looked, 1);
    }

    async fn a_pass_keeps_to_its_budget_and_serves_the_latest_and_the_oldest(engine) {
        let app = TestApp::open(engine).await;
        let mut orders = Vec::new();
        for _ in 0..12 {
            orders.push(app.to_pay("1").await);
            app.time_passes(1);
        }
        app.time_passes(60);
        app.sweep_for(5).await;
        assert_eq!(app.calls("orderquery"), 5);
        let look = app.look().await;
        for (number, order) in orders.iter().enumerate() {
            let looked = journal(&look, &order.id).await.contains(&"looked".to_owned());
            assert_eq!(looked, [0, 1, 9, 10, 11].contains(&number), "{number}");
        }
    }

    async fn late_and_double_money_is_raised(engine) {
        let app = TestApp::open(engine).await;
        let (late, paid) = (app.to_pay("19.90").await, app.to_pay("5").await);
        let look = app.look().await;
        app.time_passes(7300);
        app.sweep().await;
        assert_eq!(app.notify(WeChatMessage::notification(&late.id, 1990).signed()).await.body, ACKNOWLEDGED);
        assert_eq!(app.alarms(), (1, 0));
        assert_eq!(journal(&look, &late.id).await.last().unwrap(), "settled_late");

        app.notify(WeChatMessage::notification(&paid.id, 500).signed()).await;
        let wrong = [
            WeChatMessage::notification(&paid.id, 500).with("transaction_id", "4200000260202604010000000009"),
            WeChatMessage::notification("nobody-knows-it", 500),
        ];
        for (number, message) in wrong.into_iter().enumerate() {
            assert_eq!(app.notify(message.signed()).await.status, 409);
            assert_eq!(app.alarms().1, number as u64 + 1);
        }
        assert_eq!(journal(&look, &paid.id).await.last().unwrap(), "mismatch");
        assert_eq!(journal(&look, "nobody-knows-it").await, ["mismatch"], "money that belongs to no deal is kept in the journal");
        assert_eq!(app.notify(WeChatMessage::notification(&paid.id, 500).with("sign", "0").unsigned()).await.status, 401);
        assert_eq!(app.disbelieved(), 1);
        assert_eq!(look.texts("SELECT kind FROM deal_event WHERE kind = 'mismatch'").await.len(), 2, "a stranger's post is not kept");
    }

    async fn the_story_of_an_order_can_be_told(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        let told = app.explain(&order.id).await;
        assert!(told.contains("19.90 yuan") && told.contains("WeChat opened it"), "{told}");
        assert!(told.contains("looks at it again 2026-04-01T12:00:05+08:00"), "{told}");
        app.payer_pays(&order).await;
        let told = app.explain(&order.id).await;
        assert!(told.contains("WeChat's signed word was stored: paid"), "{told}");
        assert!(told.contains("That is final; nothing of it went back."), "{told}");
        assert!(!told.contains("oSIMULATED"), "it does not name the payer");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_running_service_sweeps_by_itself() {
    let app = crate::support::test_app::TestAppBuilder::new(Engine::Sqlite).await.set("SWEEP__CALLS_PER_SECOND", 50).open().await;
    let order = app.to_pay("19.90").await;
    app.payer_pays_silently(&order);
    app.time_passes(6);
    let look = app.look().await;
    for _ in 0..40 {
        if look.status(&order.id).await == 1 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the sweeper did not find it");
}
