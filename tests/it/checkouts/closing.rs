//! doCloseOrder with a checkout_id: nobody begins to pay it from then on, and its deals are closed, unless one was paid.

use serde_json::json;

use super::made::{Checkout, checkout, paid_at, try_checkout};
use crate::support::on_both_engines;
use crate::support::test_app::TestApp;

on_both_engines! {
    async fn one_that_nobody_has_begun_to_pay_is_closed_at_once(engine) {
        let app = TestApp::open(engine).await;
        let id = try_checkout(&app.till, Some("cart-7"), &json!({"reference": "A-7"})).await.json()["checkout_id"].as_str().unwrap().to_owned();
        let bought = Checkout { id };
        for _ in 0..2 {
            let answer = bought.close(&app).await;
            assert_eq!((answer.status, answer.json()), (200, json!({"code": 0, "msg": "关单成功", "reference": "A-7"})));
        }
        assert_eq!((app.all_calls(), bought.column(&app, "given_up_at").await.as_deref()), (0, Some("2026-04-01 12:00:00")));
        let told = try_checkout(&app.till, Some("cart-7"), &json!({"reference": "A-7"})).await.refused(200, "ORDER_CLOSED", None, "it is over");
        assert_eq!(told["checkout_id"], bought.id);
    }

    async fn too_early_counts_from_the_youngest_deal(engine) {
        let app = TestApp::open(engine).await;
        let bought = checkout(&app).await;
        bought.at_a_desk(&app).await;
        app.time_passes(100);
        bought.on_a_phone(&app).await;
        app.time_passes(250);
        let told = bought.close(&app).await.refused(200, "TOO_EARLY", None, "the phone's is 250 s old");
        assert_eq!((told["msg"].as_str(), told["retry_after"].as_i64()), (Some("关单失败"), Some(50)));
        assert_eq!((app.all_calls(), bought.column(&app, "given_up_at").await), (2, None), "nothing was begun");
        app.time_passes(50);
        assert_eq!(bought.close(&app).await.json(), json!({"code": 0, "msg": "关单成功"}));
        assert_eq!((bought.deals(&app).await, app.calls("closeorder")), (vec!["MWEB 2".to_owned(), "NATIVE 2".to_owned()], 2));
        for way in ["MWEB", "NATIVE"] {
            let (order, now) = (bought.order(&app, way).await, app.clock.now());
            assert!(app.wechat().pay(&order.id, None, None, now).is_err());
        }
        assert_eq!(bought.at_a_desk(&app).await.state(), "closed");
    }

    async fn one_that_is_paid_is_not_closed(engine) {
        let app = TestApp::open(engine).await;
        let (told, untold) = (checkout(&app).await, checkout(&app).await);
        for bought in [&told, &untold] {
            bought.at_a_desk(&app).await;
            bought.on_a_phone(&app).await;
        }
        let (order, lost) = (told.order(&app, "NATIVE").await, untold.order(&app, "MWEB").await);
        app.notify(paid_at(&app, &order)).await.acknowledged("paid");
        paid_at(&app, &lost);
        app.time_passes(300);
        for (bought, order) in [(&told, &order), (&untold, &lost)] {
            let refused = bought.close(&app).await.refused(200, "ORDER_PAID", None, "paid");
            assert_eq!((refused["msg"].as_str(), refused["order_id"].as_str()), (Some("关单失败"), Some(&*order.id)));
        }
        assert_eq!(untold.query(&app).await["trade_state"], "SUCCESS");
    }

    async fn while_wechat_is_away_it_is_given_up_and_closed_later(engine) {
        let app = TestApp::open(engine).await;
        let bought = checkout(&app).await;
        bought.at_a_desk(&app).await;
        app.time_passes(300);
        app.wechat().faults.reset = 1.0;
        bought.close(&app).await.refused(502, "UPSTREAM", None, "whether it can be paid is not known");
        assert_eq!(bought.deals(&app).await, ["NATIVE 0"]);
        assert_eq!(bought.on_a_phone(&app).await.state(), "closed", "but nobody begins to pay it");
        app.wechat().faults.reset = 0.0;
        app.sweep().await;
        assert_eq!((bought.deals(&app).await, bought.query(&app).await["trade_state"].as_str()), (vec!["NATIVE 2".to_owned()], Some("CLOSED")));
    }
}
