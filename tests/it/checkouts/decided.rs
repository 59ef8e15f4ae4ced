//! What becomes of a checkout's deals: when one pays it the others are closed, and when nobody does all of them are.

use serde_json::json;
use wechat_pay::simulator::{Notify, Payer};

use super::browser::Browser;
use super::made::{Checkout, checkout, instance, paid_at, try_checkout};
use crate::refunds::books::{alarms, states};
use crate::support::database::{Database, Engine};
use crate::support::on_both_engines;
use crate::support::test_app::{TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;
use crate::telling::told::{telling, told};

/// With three ways opened.
async fn opened(app: &TestApp) -> Checkout {
    let bought = checkout(app).await;
    bought.at_a_desk(app).await;
    bought.on_a_phone(app).await;
    let page = Browser::in_wechat(app, Payer::First).open(&bought.page(app)).await;
    assert!(page.pay_params().is_some(), "{}", page.answer.body);
    bought
}

/// The types of all that was told.
async fn types(app: &TestApp) -> Vec<String> {
    told(app).await.into_iter().map(|(event_type, _)| event_type).collect()
}

on_both_engines! {
    async fn the_others_are_closed_at_wechat_as_soon_as_it_allows_that(engine) {
        let app = TestApp::open(engine).await;
        let bought = opened(&app).await;
        app.time_passes(10);
        app.notify(paid_at(&app, &bought.order(&app, "NATIVE").await)).await.acknowledged("paid");
        app.sweep().await;
        assert_eq!((app.calls("closeorder"), bought.deals(&app).await), (0, vec!["JSAPI 0".to_owned(), "MWEB 0".to_owned(), "NATIVE 1".to_owned()]), "they are too young");
        app.time_passes(280);
        app.sweep().await;
        assert_eq!(app.calls("closeorder"), 0);
        app.time_passes(11);
        app.sweep().await;
        assert_eq!((app.calls("closeorder"), bought.deals(&app).await), (2, vec!["JSAPI 2".to_owned(), "MWEB 2".to_owned(), "NATIVE 1".to_owned()]));
        for way in ["JSAPI", "MWEB"] {
            let (order, now) = (bought.order(&app, way).await, app.clock.now());
            assert!(app.wechat().pay(&order.id, None, None, now).is_err(), "nobody can pay it any more");
        }
        let asked = app.all_calls();
        app.time_passes(7200);
        app.sweep().await;
        assert_eq!(app.all_calls(), asked, "and nobody asks");
    }

    async fn those_that_are_old_enough_are_closed_by_the_next_sweep(engine) {
        let app = TestApp::open(engine).await;
        let bought = opened(&app).await;
        app.time_passes(1000);
        app.sweep().await;
        app.notify(paid_at(&app, &bought.order(&app, "JSAPI").await)).await.acknowledged("paid");
        app.sweep().await;
        assert_eq!((app.calls("closeorder"), bought.deals(&app).await), (2, vec!["JSAPI 1".to_owned(), "MWEB 2".to_owned(), "NATIVE 2".to_owned()]));
    }

    async fn one_that_nobody_pays_ends_with_all_its_deals(engine) {
        let app = telling(TestAppBuilder::new(engine).await).open().await;
        let bought = opened(&app).await;
        app.time_passes(7199);
        app.sweep().await;
        assert_eq!((app.calls("closeorder"), bought.query(&app).await["trade_state"].as_str()), (0, Some("NOTPAY")));
        app.time_passes(2);
        for _ in 0..3 {
            app.sweep().await;
            app.time_passes(300);
        }
        assert_eq!(bought.deals(&app).await, ["JSAPI 2", "MWEB 2", "NATIVE 2"]);
        assert_eq!(bought.query(&app).await["trade_state"], "CLOSED");
        assert_eq!(types(&app).await, ["deal.expired"; 3], "each is a deal, and none was paid");
    }

    async fn a_payment_after_the_end_pays_it_late(engine) {
        let app = telling(TestAppBuilder::new(engine).await).open().await;
        let bought = opened(&app).await;
        let order = bought.order(&app, "NATIVE").await;
        app.time_passes(7300);
        for _ in 0..3 {
            app.sweep().await;
            app.time_passes(300);
        }
        assert_eq!(bought.deals(&app).await, ["JSAPI 2", "MWEB 2", "NATIVE 2"]);
        let late = WeChatMessage::notification(&order.id, 1990).signed();
        for _ in 0..2 {
            app.notify(late.clone()).await.acknowledged("money beats the timer");
        }
        assert_eq!((bought.deals(&app).await, bought.column(&app, "paid_by").await), (vec!["JSAPI 2".to_owned(), "MWEB 2".to_owned(), "NATIVE 1".to_owned()], Some(order.id.clone())));
        let told = bought.query(&app).await;
        assert_eq!((told["trade_state"].as_str(), told["order_id"].as_str()), (Some("SUCCESS"), Some(&*order.id)));
        assert_eq!(bought.at_a_desk(&app).await.state(), "paid");
        assert_eq!(alarms(&app, "paid_late").await, 1.0);
        assert_eq!(types(&app).await[3..], ["deal.paid", "alarm.raised"]);
        // Another one of the same checkout, later still, is a second payment.
        let other = bought.order(&app, "MWEB").await;
        app.notify(WeChatMessage::notification(&other.id, 1990).signed()).await.not_believed(409, "a second");
        assert_eq!((bought.deals(&app).await, states(&app, &other).await), (vec!["JSAPI 2".to_owned(), "MWEB 2".to_owned(), "NATIVE 1".to_owned()], vec!["PROCESSING".to_owned()]));
    }

    async fn asked_by_the_merchant_s_own_number_the_deal_that_paid_answers(engine) {
        let app = TestApp::open(engine).await;
        let made = try_checkout(&app.till, None, &json!({"reference": "A-7"})).await.json();
        let bought = Checkout { id: made["checkout_id"].as_str().unwrap().to_owned() };
        bought.at_a_desk(&app).await;
        app.time_passes(5);
        bought.on_a_phone(&app).await;
        let asked = async || app.till.post_json("/wxPay/queryOrder", &json!({"reference": "A-7"})).await.json();
        let (first, newest) = (bought.order(&app, "NATIVE").await, bought.order(&app, "MWEB").await);
        let told = asked().await;
        assert_eq!((&told["trade_state"], &told["order_id"]), (&json!("NOTPAY"), &json!(newest.id)), "{told}");
        app.notify(paid_at(&app, &first)).await.acknowledged("paid");
        app.time_passes(301);
        app.sweep().await;
        assert_eq!(bought.deals(&app).await, ["MWEB 2", "NATIVE 1"]);
        let told = asked().await;
        assert_eq!((&told["trade_state"], &told["order_id"]), (&json!("SUCCESS"), &json!(first.id)), "{told}");
    }

    async fn a_lost_notification_is_found_by_the_sweeper_and_the_others_are_closed(engine) {
        let app = TestApp::open(engine).await;
        let bought = opened(&app).await;
        app.time_passes(40);
        let (order, now) = (bought.order(&app, "MWEB").await, app.clock.now());
        app.wechat().pay(&order.id, None, Some(Notify::Lost), now).unwrap();
        let mut waited = 0;
        while bought.column(&app, "paid_by").await.is_none() {
            app.time_passes(5);
            waited += 5;
            assert!(waited <= 60, "not found within a minute");
            app.sweep().await;
        }
        app.time_passes(301);
        app.sweep().await;
        assert_eq!(bought.deals(&app).await, ["JSAPI 2", "MWEB 1", "NATIVE 2"]);
    }

    async fn a_restart_between_the_payment_and_the_closing_loses_neither(engine) {
        let wechat = TestApp::open(Engine::Sqlite).await;
        let database = Database::fresh(engine).await;
        let app = instance(TestAppBuilder::on(database), &wechat).open().await;
        let bought = checkout(&app).await;
        for mut browser in [Browser::at_a_desk(&app), Browser::on_a_phone(&app)] {
            browser.open(&bought.site()).await;
        }
        app.notify(paid_at(&wechat, &bought.order(&app, "NATIVE").await)).await.acknowledged("paid");
        let app = instance(TestAppBuilder::on(app.stop().await), &wechat).open().await;
        assert_eq!(bought.query(&app).await["trade_state"], "SUCCESS");
        app.time_passes(301);
        app.sweep().await;
        assert_eq!((bought.deals(&app).await, wechat.calls("closeorder")), (vec!["MWEB 2".to_owned(), "NATIVE 1".to_owned()], 1));
    }
}
