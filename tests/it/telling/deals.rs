//! What back ends are told of deals: that they are paid, or cannot be any more.

use serde_json::json;

use super::told::{app, deal, outbox, told, told_of};
use crate::support::on_both_engines;
use crate::support::wechat_message::{WeChatMessage, transaction_id};

on_both_engines! {
    async fn a_payment_is_told_with_its_deal(engine) {
        let app = app(engine).await;
        let order = app.to_pay("19.90").await;
        assert!(told(&app).await.is_empty(), "that a deal is opened is no news for the back end that opened it");
        app.time_passes(300);
        app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("paid");
        let paid = json!({"status": "PAID", "transaction_id": transaction_id(&order.id), "paid_at": "2026-04-01T12:05:00+08:00"});
        assert_eq!(told(&app).await, [("deal.paid".to_owned(), json!({"deal": deal(&order, &paid), "late": false}))]);
        let [event] = outbox(app.gateway()).await.try_into().unwrap();
        assert_eq!((event.merchant_id, event.account.is_default(), event.at), (Some(12), true, app.clock.now()));
        assert!(event.event_id.as_str().starts_with("evt_"));
    }

    async fn what_its_back_end_said_of_a_deal_is_told_back(engine) {
        let app = app(engine).await;
        let wish = json!({"merchant_id": 12, "product_id": 34, "price": "19.90", "description": "红茶 2 盒", "reference": "SHOP-7"});
        let opened = app.till.post_json("/wxPay/toPay", &wish).await.json();
        app.notify(WeChatMessage::notification(opened["order_id"].as_str().unwrap(), 1990).signed()).await.acknowledged("paid");
        let [(_, data)] = told(&app).await.try_into().unwrap();
        assert_eq!((&data["deal"]["description"], &data["deal"]["reference"]), (&json!("红茶 2 盒"), &json!("SHOP-7")));
    }

    async fn a_payment_is_told_however_it_became_known(engine) {
        let app = app(engine).await;
        let (polled, looked_at, closed) = (app.to_pay("19.90").await, app.to_pay("19.90").await, app.to_pay("19.90").await);
        app.time_passes(300);
        for order in [&polled, &looked_at, &closed] {
            app.payer_pays_silently(order);
        }
        assert_eq!(app.trade_state(&polled.id).await, "SUCCESS");
        app.close(&closed.id).await.refused(200, "ORDER_PAID", None, "the close learns of it");
        app.sweep().await;
        for order in [&polled, &looked_at, &closed] {
            assert_eq!(told_of(&app, order).await, ["deal.paid"]);
        }
    }

    async fn what_cannot_be_paid_any_more_is_told_whoever_gave_it_up(engine) {
        let app = app(engine).await;
        let (given_up, forgotten) = (app.to_pay("19.90").await, app.to_pay("19.90").await);
        app.time_passes(300);
        assert_eq!(app.close(&given_up.id).await.json()["code"], 0);
        let expired = json!({"status": "EXPIRED"});
        assert_eq!(told(&app).await, [("deal.expired".to_owned(), json!({"deal": deal(&given_up, &expired)}))]);
        app.time_passes(7200);
        app.sweep().await;
        let dead = app.to_pay("19.90").await;
        app.wechat().habits.auto_close_days = 0;
        assert_eq!(app.trade_state(&dead.id).await, "CLOSED");
        for order in [&given_up, &forgotten, &dead] {
            assert_eq!(told_of(&app, order).await, ["deal.expired"]);
        }
    }

    async fn a_deal_that_wechat_never_knew_is_told_as_expired(engine) {
        let app = app(engine).await;
        app.wechat().faults.reset = 1.0;
        app.try_to_pay("19.90").await.refused(502, "UPSTREAM", None, "the connection broke");
        app.wechat().faults.reset = 0.0;
        app.time_passes(7200);
        for _ in 0..3 {
            app.sweep().await;
            app.time_passes(600);
        }
        let [(event_type, data)] = told(&app).await.try_into().unwrap();
        assert_eq!((&*event_type, &data["deal"]["status"]), ("deal.expired", &json!("EXPIRED")));
    }

    async fn a_payment_after_expiry_is_told_as_late_and_as_an_alarm(engine) {
        let app = app(engine).await;
        let order = app.to_pay("19.90").await;
        app.time_passes(7800);
        app.sweep().await;
        for _ in 0..3 {
            app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("however often");
        }
        assert_eq!(told_of(&app, &order).await, ["deal.expired", "deal.paid late", "alarm paid_late"], "in their order, each once");
    }

    async fn one_that_another_program_marked_as_paid_is_told_once_it_is_known_by_what(engine) {
        let app = app(engine).await;
        let order = app.to_pay("19.90").await;
        app.look().await.run("UPDATE deal SET status = 1").await;
        assert!(told(&app).await.is_empty(), "it is another program's word");
        for _ in 0..2 {
            app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("identified");
        }
        let [(event_type, data)] = told(&app).await.try_into().unwrap();
        assert_eq!((&*event_type, &data["deal"]["transaction_id"]), ("deal.paid", &json!(transaction_id(&order.id))));
    }

    async fn a_failed_payment_and_a_look_are_no_news(engine) {
        let app = app(engine).await;
        let order = app.to_pay("19.90").await;
        app.wechat().fail(&order.id).unwrap();
        assert_eq!(app.trade_state(&order.id).await, "PAYERROR");
        app.time_passes(60);
        app.sweep().await;
        assert!(told_of(&app, &order).await.is_empty());
    }
}
