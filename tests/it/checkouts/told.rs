//! Whoever waits is told of a checkout at once: pages by events, back ends once.

use std::time::{Duration, Instant};

use serde_json::json;
use wechat_pay::simulator::Payer;

use super::browser::Browser;
use super::made::{Checkout, checkout, instance, paid_at};
use crate::support::database::{Database, Engine};
use crate::support::listener::{Heard, Listener};
use crate::support::on_both_engines;
use crate::support::test_app::{TestApp, TestAppBuilder};
use crate::telling::told::{telling, told};

const SOON: Duration = Duration::from_secs(4);

async fn listen(app: &TestApp, bought: &Checkout) -> Listener {
    let mut listener = Listener::to_events(&app.till, &format!("checkout_id={}", bought.id)).await;
    assert_eq!(listener.next(SOON).await.word(), "NOTPAY");
    listener
}

/// The time until it is told as paid by this order, and no more.
async fn told_paid(listener: &mut Listener, bought: &Checkout, order_id: &str) -> Duration {
    let started = Instant::now();
    let Heard::State(told) = listener.next(Duration::from_secs(10)).await else { panic!("no state") };
    let waited = started.elapsed();
    let words = ["trade_state", "checkout_id", "order_id"].map(|name| told[name].as_str());
    assert_eq!(words, [Some("SUCCESS"), Some(&*bought.id), Some(order_id)], "{told}");
    assert_eq!(listener.next(SOON).await, Heard::End, "nothing comes after that");
    waited
}

on_both_engines! {
    async fn a_page_hears_of_its_own_instance_s_payment_at_once(engine) {
        let app = TestApp::open(engine).await;
        let mut waits = Vec::new();
        for _ in 0..5 {
            let bought = checkout(&app).await;
            bought.at_a_desk(&app).await;
            let order = bought.order(&app, "NATIVE").await;
            let mut listener = listen(&app, &bought).await;
            app.notify(paid_at(&app, &order)).await.acknowledged("paid");
            waits.push(told_paid(&mut listener, &bought, &order.id).await);
        }
        waits.sort();
        assert!(waits[2] < Duration::from_secs(1), "{waits:?}");
        let bought = checkout(&app).await;
        bought.at_a_desk(&app).await;
        let order = bought.order(&app, "NATIVE").await;
        app.notify(paid_at(&app, &order)).await.acknowledged("paid");
        told_paid(&mut Listener::to_events(&app.till, &format!("checkout_id={}", bought.id)).await, &bought, &order.id).await;
    }

    async fn a_page_hears_of_another_device_s_payment_on_another_instance(engine) {
        let wechat = TestApp::open(Engine::Sqlite).await;
        let app = instance(TestAppBuilder::on(Database::fresh(engine).await), &wechat).open().await;
        let other = instance(TestAppBuilder::new(Engine::Sqlite).await, &wechat).set("DATABASE__URL", &app.database.url).open().await;
        let mut waits = Vec::new();
        for _ in 0..3 {
            let bought = checkout(&app).await;
            bought.at_a_desk(&app).await;
            let mut listener = listen(&app, &bought).await;
            Browser::on_a_phone(&other).open(&bought.site()).await;
            // No payer is faster.
            tokio::time::sleep(Duration::from_millis(3500)).await;
            let order = bought.order(&app, "MWEB").await;
            other.notify(paid_at(&wechat, &order)).await.acknowledged("paid");
            waits.push(told_paid(&mut listener, &bought, &order.id).await);
        }
        waits.sort();
        assert!(waits[1] < Duration::from_millis(1500), "a look at the database is taken each second: {waits:?}");
    }

    async fn a_page_hears_of_a_payer_who_enters_the_password_and_of_a_lost_notification(engine) {
        let app = TestApp::open(engine).await;
        let bought = checkout(&app).await;
        bought.at_a_desk(&app).await;
        let order = bought.order(&app, "NATIVE").await;
        let mut listener = listen(&app, &bought).await;
        app.wechat().enter_password(&order.id).unwrap();
        assert_eq!(listener.next(SOON).await.word(), "USERPAYING");
        assert_eq!(bought.query(&app).await["trade_state"], "USERPAYING");
        paid_at(&app, &order);
        assert!(told_paid(&mut listener, &bought, &order.id).await < SOON);
        assert_eq!(bought.deals(&app).await, ["NATIVE 1"]);
    }

    async fn a_page_hears_that_it_was_given_up(engine) {
        let app = TestApp::open(engine).await;
        let (unopened, opened) = (checkout(&app).await, checkout(&app).await);
        opened.at_a_desk(&app).await;
        app.time_passes(300);
        for bought in [unopened, opened] {
            let mut listener = listen(&app, &bought).await;
            assert_eq!(bought.close(&app).await.json()["code"], 0);
            assert_eq!(listener.next(Duration::from_secs(5)).await.word(), "CLOSED");
            assert_eq!(bought.query(&app).await["trade_state"], "CLOSED");
        }
    }

    async fn back_ends_are_told_of_the_payment_once_and_of_no_loser(engine) {
        let app = telling(TestAppBuilder::new(engine).await).open().await;
        let bought = checkout(&app).await;
        bought.at_a_desk(&app).await;
        bought.on_a_phone(&app).await;
        Browser::in_wechat(&app, Payer::First).open(&bought.page(&app)).await;
        let order = bought.order(&app, "JSAPI").await;
        let notification = paid_at(&app, &order);
        for _ in 0..3 {
            app.notify(notification.clone()).await.acknowledged("however often");
        }
        for _ in 0..4 {
            app.time_passes(301);
            app.sweep().await;
        }
        assert_eq!(bought.deals(&app).await, ["JSAPI 1", "MWEB 2", "NATIVE 2"]);
        let [(event_type, data)] = told(&app).await.try_into().unwrap();
        let deal = &data["deal"];
        assert_eq!((&*event_type, &data["late"], &deal["order_id"], &deal["trade_type"], &deal["checkout_id"]),
            ("deal.paid", &json!(false), &json!(order.id), &json!("JSAPI"), &json!(bought.id)));
        let takings = app.till.get("/wxPay/takings?from=2026-04-01&to=2026-04-01&by=seller").await;
        assert_eq!(takings.status, 200, "{}", takings.body);
        assert_eq!((&takings.json()["total"]["paid_count"], &takings.json()["total"]["paid_fee"]), (&json!(1), &json!(1990)), "one purchase is one taking");
    }
}
