//! What a sweep is bound by: its budget, other programs that decide rows, clocks that differ, a WeChat that is slow or knows nothing.

use std::time::{Duration, Instant};

use chrono::TimeDelta;

use crate::support::database::Engine;
use crate::support::on_both_engines;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};

async fn open(app: &TestApp, deals: usize) -> Vec<Order> {
    let mut orders = Vec::new();
    for _ in 0..deals {
        orders.push(app.to_pay("1").await);
    }
    orders
}

on_both_engines! {
    async fn rows_that_another_program_decided_cost_no_calls(engine) {
        let app = TestAppBuilder::new(engine).await.set("METRICS__LISTEN", "127.0.0.1:0").open().await;
        let lost = app.to_pay("19.90").await;
        app.payer_pays_silently(&lost);
        app.time_passes(1);
        open(&app, 30).await;
        app.time_passes(60);
        let look = app.look().await;
        look.run(&format!("UPDATE deal SET status = 1 WHERE order_id <> '{}'", lost.id)).await;
        assert_eq!(app.numbers().await.get("undecided_deals"), 1.0, "the others are decided");
        let first = app.sweep_for(2).await;
        assert_eq!((first.looked, first.calls), (1, 1), "only the undecided one is looked at, and only that costs");
        assert_eq!(look.status(&lost.id).await, 1, "the lost payment is found although most rows are another program's");
        assert_eq!(app.calls("orderquery"), 1);
        let due = look.texts("SELECT CAST(COUNT(*) AS CHAR(20)) FROM deal WHERE due_at IS NOT NULL").await;
        assert_eq!(due[0].as_deref(), Some("0"), "decided rows are off the line");
    }

    async fn a_row_that_cannot_be_read_takes_no_place(engine) {
        let app = TestApp::open(engine).await;
        let lost = app.to_pay("19.90").await;
        app.payer_pays_silently(&lost);
        app.time_passes(1);
        for odd in open(&app, 6).await {
            app.look().await.run(&format!("UPDATE deal SET order_id = 'no order number!' WHERE order_id = '{}'", odd.id)).await;
        }
        app.time_passes(60);
        for _ in 0..4 {
            app.sweep_for(1).await;
        }
        assert_eq!(app.look().await.status(&lost.id).await, 1);
        let calls = app.calls("orderquery");
        app.time_passes(3600);
        app.sweep().await;
        assert_eq!(app.calls("orderquery"), calls, "and nobody is asked about rows that are none");
    }

    async fn the_oldest_is_found_while_more_comes_due_than_the_budget(engine) {
        const LOST: usize = 5;
        let app = TestApp::open(engine).await;
        let lost = open(&app, LOST).await;
        for order in &lost {
            app.payer_pays_silently(order);
        }
        app.time_passes(31);
        // Two calls a second, and in each second three deals come due for the first time.
        let mut seconds = 0;
        let look = app.look().await;
        let mut left = lost;
        while !left.is_empty() {
            open(&app, 3).await;
            app.time_passes(6);
            app.sweep_for(2).await;
            seconds += 1;
            let mut unknown = Vec::new();
            for order in left {
                if look.status(&order.id).await == 0 {
                    unknown.push(order);
                }
            }
            left = unknown;
            assert!(seconds <= LOST, "{} of {LOST} are unknown after {seconds} passes of two calls: half of them is the oldest's", left.len());
        }
    }

    async fn a_clock_that_is_ahead_gives_nothing_up(engine) {
        let app = TestAppBuilder::new(engine).await.set("METRICS__LISTEN", "127.0.0.1:0").open().await;
        let order = app.to_pay("19.90").await;
        app.time_passes(7500);
        app.clock.set_database_ahead(TimeDelta::seconds(-7500));
        for _ in 0..3 {
            app.sweep().await;
        }
        assert_eq!((app.calls("closeorder"), app.look().await.status(&order.id).await), (0, 0));
        let ready = app.till.get("/readyz").await;
        assert_eq!(ready.status, 503);
        assert!(ready.json()["detail"].as_str().unwrap().contains("clock is -7500 s ahead"), "{}", ready.body);
        assert_eq!(app.numbers().await.get("database_clock_ahead_seconds"), -7500.0);
        app.clock.set_database_ahead(TimeDelta::zero());
        assert_eq!(app.till.get("/readyz").await.status, 200);
        app.sweep().await;
        assert_eq!(app.look().await.status(&order.id).await, 2);
    }

    async fn both_clocks_must_say_that_the_time_is_over(engine) {
        for ahead in [-30, 30] {
            let app = TestApp::open(engine).await;
            let order = app.to_pay("19.90").await;
            app.clock.set_database_ahead(TimeDelta::seconds(ahead));
            // The faster of the two clocks says that it is over, and then the slower one too.
            app.time_passes(7200 - ahead.max(0));
            app.sweep().await;
            assert_eq!(app.calls("closeorder"), 0, "{ahead}");
            app.time_passes(700);
            app.sweep().await;
            assert_eq!(app.look().await.status(&order.id).await, 2, "{ahead}");
        }
    }

    async fn a_clock_that_is_ahead_does_not_shorten_the_five_minutes(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        app.time_passes(310);
        app.clock.set_database_ahead(TimeDelta::seconds(-30));
        app.sweep().await;
        let early = app.close(&order.id).await.json();
        assert_eq!((early["reason"].as_str(), early["retry_after"].as_u64()), (Some("TOO_EARLY"), Some(20)), "{early}");
        assert_eq!(app.calls("closeorder"), 0);
        app.time_passes(20);
        assert_eq!(app.close(&order.id).await.json()["code"], 0);
    }

    async fn a_server_that_tells_whole_seconds_makes_no_caller_wait(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        app.time_passes(300);
        app.clock.set_database_ahead(TimeDelta::milliseconds(-900));
        app.sweep().await;
        assert_eq!(app.close(&order.id).await.json()["code"], 0, "the five minutes are over");
    }

    async fn what_wechat_does_not_know_is_asked_ever_more_seldom(engine) {
        let app = TestApp::open(engine).await;
        app.to_pay("19.90").await;
        let look = app.look().await;
        // A row of another merchant's, or of a restored copy: WeChat has never heard of it.
        look.run("UPDATE deal SET order_id = 'elsewhere', order_key = 'elsewhere'").await;
        app.time_passes(7300);
        let (mut passed, mut passes) = (7300, 0);
        while look.value("elsewhere", "due_at").await.is_some() {
            app.sweep().await;
            app.time_passes(3600);
            (passed, passes) = (passed + 3600, passes + 1);
            assert!(passed < 20 * 24 * 3600, "it is asked about for ever");
        }
        assert!(passed >= 15 * 24 * 3600, "given up after {passed} s");
        let looks = look.texts("SELECT CAST(COUNT(*) AS CHAR(20)) FROM deal_event WHERE kind = 'looked'").await;
        let looks: usize = looks[0].as_ref().unwrap().parse().unwrap();
        assert!(looks < 80, "{looks} looks in {passes} hours");
        assert_eq!(look.status("elsewhere").await, 0, "and nothing is concluded from it");
        assert_eq!(app.trade_state("elsewhere").await, "NOTPAY", "on demand it is still asked about");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_wechat_is_asked_as_often_as_the_budget_allows() {
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("SWEEP__CALLS_PER_SECOND", 100).open().await;
    open(&app, 300).await;
    app.wechat().faults.latency_ms = 1000;
    app.time_passes(6);
    let started = Instant::now();
    while app.calls("orderquery") < 250 {
        assert!(started.elapsed() < Duration::from_secs(8), "{} calls in {:?}", app.calls("orderquery"), started.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
