//! The main path, and what a payer, a till and a forgetful WeChat make of it.

use serde_json::json;

use crate::support::on_both_engines;
use crate::support::test_app::{TestApp, TestAppBuilder};
use crate::support::wechat_message::{ACKNOWLEDGED, WeChatMessage};

on_both_engines! {
    async fn a_payer_pays_and_the_till_sees_it(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        assert!(order.code_url.starts_with("weixin://wxpay/bizpayurl"));
        assert_eq!(app.trade_state(&order.id).await, "NOTPAY");

        app.payer_pays(&order).await;
        assert!(app.wechat().order(&order.id).unwrap().attempts[0].acknowledged);
        let asked = app.calls("orderquery");
        let answer = app.query(&order.id).await.json();
        assert_eq!((answer["trade_state"].as_str(), answer["trade_state_desc"].as_str()), (Some("SUCCESS"), Some("支付成功")));
        assert_eq!(answer["paid_at"], "2026-04-01T12:00:00+08:00");
        assert_eq!(app.calls("orderquery"), asked, "a paid deal is answered without asking anybody");

        let look = app.look().await;
        assert_eq!(look.status(&order.id).await, 1);
        assert_eq!(look.value(&order.id, "transaction_id").await, app.wechat().order(&order.id).unwrap().transaction_id);
        assert_eq!(look.value(&order.id, "update_at").await.unwrap(), "2026-04-01 12:00:00");
        assert!(look.value(&order.id, "payBack").await.unwrap().contains("<transaction_id>"));
    }

    async fn the_row_has_every_column_of_the_original(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("0.29").await;
        let look = app.look().await;
        let expected = [
            ("order_id", order.id.as_str()), ("product_id", "34"), ("merchant_id", "12"), ("price", "0.29"), ("price_last", "0.29"),
            ("status", "0"), ("mode", "0"), ("create_at", "2026-04-01 12:00:00"), ("update_at", "2026-04-01 12:00:00"),
            ("total_fee", "29"), ("code_url", order.code_url.as_str()), ("expires_at", "2026-04-01 14:00:00"),
        ];
        for (column, value) in expected {
            assert_eq!(look.value(&order.id, column).await.as_deref(), Some(value), "{column}");
        }
        assert!(look.value(&order.id, "prepayBack").await.unwrap().contains("<code_url>"));
        for column in ["transaction_id", "payBack", "queryBack"] {
            assert_eq!(look.value(&order.id, column).await, None, "{column}");
        }
    }

    async fn a_lost_notification_is_made_good_by_the_next_poll(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        app.payer_pays_silently(&order);
        assert_eq!(app.trade_state(&order.id).await, "SUCCESS");
        let look = app.look().await;
        assert_eq!(look.status(&order.id).await, 1);
        assert!(look.value(&order.id, "queryBack").await.unwrap().contains("<trade_state>"));
        assert_eq!(look.value(&order.id, "payBack").await, None);
    }

    async fn a_repeated_notification_changes_nothing_and_is_acknowledged(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        let message = WeChatMessage::notification(&order.id, 1990).signed();
        assert_eq!(app.notify(message.clone()).await.body, ACKNOWLEDGED);
        let look = app.look().await;
        let stored = look.everything().await;
        assert_eq!(look.value(&order.id, "payBack").await.as_deref(), Some(message.as_str()), "the evidence as received");
        app.time_passes(3600);
        for path in ["/wxPay/notify", "/wxPay/callback", "/wxPay/notify"] {
            let answer = app.till.post(path, "text/xml", message.clone()).await;
            assert_eq!((answer.status, answer.body.as_str()), (200, ACKNOWLEDGED));
        }
        assert_eq!(look.everything().await, stored);
    }

    async fn many_notifications_at_once_settle_once(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        let message = WeChatMessage::notification(&order.id, 1990).signed();
        let answers = futures_util::future::join_all((0..20).map(|_| app.notify(message.clone()))).await;
        assert!(answers.iter().all(|answer| answer.body == ACKNOWLEDGED));
        assert_eq!(app.look().await.status(&order.id).await, 1);
    }

    async fn a_second_transaction_never_overwrites_the_first(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await;
        let look = app.look().await;
        let stored = look.everything().await;
        let answer = app.notify(WeChatMessage::notification(&order.id, 1990).with("transaction_id", "4200000260202604019999999999").signed()).await;
        assert_eq!(answer.status, 409);
        assert!(answer.body.contains("FAIL"));
        assert_eq!(look.everything().await, stored);
    }

    async fn an_order_is_closed_and_stays_so(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        app.time_passes(88);
        let early = app.close(&order.id).await;
        assert_eq!(early.status, 200);
        let json = early.json();
        assert_eq!((json["code"].as_i64(), json["msg"].as_str(), json["reason"].as_str(), json["retry_after"].as_i64()),
            (Some(1), Some("关单失败"), Some("TOO_EARLY"), Some(212)));

        app.time_passes(212);
        for _ in 0..2 {
            let closed = app.close(&order.id).await;
            assert_eq!((closed.status, closed.json()), (200, json!({"code": 0, "msg": "关单成功"})));
        }
        assert_eq!(app.calls("closeorder"), 1, "closing twice asks once");
        assert_eq!(app.trade_state(&order.id).await, "CLOSED");
        assert_eq!(app.look().await.status(&order.id).await, 2);
        let now = app.clock.now();
        assert!(app.wechat().pay(&order.id, None, None, now).is_err(), "nobody can pay it any more");
    }

    async fn a_paid_order_is_not_closed(engine) {
        let app = TestApp::open(engine).await;
        let (told, untold) = (app.to_pay("19.90").await, app.to_pay("19.90").await);
        app.time_passes(300);
        app.payer_pays(&told).await;
        app.payer_pays_silently(&untold);
        for order in [told, untold] {
            let answer = app.close(&order.id).await;
            assert_eq!((answer.status, answer.reason().as_str(), answer.json()["msg"].as_str()), (200, "ORDER_PAID", Some("关单失败")));
            assert_eq!(app.look().await.status(&order.id).await, 1, "and what was learned is stored");
        }
    }

    async fn money_that_comes_after_the_close_is_taken(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        app.time_passes(300);
        assert_eq!(app.close(&order.id).await.json()["code"], 0);
        let answer = app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await;
        assert_eq!(answer.body, ACKNOWLEDGED);
        assert_eq!(app.look().await.status(&order.id).await, 1);
        assert_eq!(app.trade_state(&order.id).await, "SUCCESS");
    }

    async fn the_same_key_gives_the_same_order_and_link(engine) {
        let app = TestApp::open(engine).await;
        let first = app.to_pay_once("cart-7", "19.90").await.json();
        let again = app.to_pay_once("cart-7", "19.9").await.json();
        assert_eq!((&first["order_id"], &first["code_url"]), (&again["order_id"], &again["code_url"]));
        assert_eq!(app.calls("unifiedorder"), 1);

        let other_price = app.to_pay_once("cart-7", "19.91").await;
        assert_eq!((other_price.status, other_price.reason().as_str(), other_price.json()["field"].as_str()), (409, "IDEMPOTENCY_CONFLICT", Some("price")));
        let body = json!({"merchant_id": 12, "product_id": 35, "price": 19.9}).to_string();
        let request = app.till.request("POST", "/wxPay/toPay").header("content-type", "application/json").header("idempotency-key", "cart-7");
        let other_product = app.till.send(request.body(body)).await;
        assert_eq!((other_product.status, other_product.json()["field"].as_str()), (409, Some("product_id")));
        let body = json!({"merchant_id": 13, "product_id": 34, "price": 19.9}).to_string();
        let request = app.till.request("POST", "/wxPay/toPay").header("content-type", "application/json").header("idempotency-key", "cart-7");
        let other_merchant = app.till.send(request.body(body)).await;
        assert_ne!(other_merchant.json()["order_id"], first["order_id"], "a key belongs to one merchant");

        let now = app.clock.now();
        app.wechat().pay(first["order_id"].as_str().unwrap(), None, Some(wechat_pay::simulator::Notify::Lost), now).unwrap();
        app.query(first["order_id"].as_str().unwrap()).await;
        let paid = app.to_pay_once("cart-7", "19.90").await;
        assert_eq!((paid.status, paid.reason().as_str(), &paid.json()["order_id"]), (200, "ORDER_PAID", &first["order_id"]));
    }

    async fn simultaneous_calls_with_one_key_share_one_request(engine) {
        let app = TestApp::open(engine).await;
        app.wechat().faults.latency_ms = 300;
        let answers = futures_util::future::join_all((0..10).map(|_| app.to_pay_once("double-click", "19.90"))).await;
        let links: std::collections::HashSet<_> = answers.iter().map(|answer| (answer.json()["order_id"].to_string(), answer.json()["code_url"].to_string())).collect();
        assert_eq!(links.len(), 1, "{answers:?}");
        assert!(answers.iter().all(|answer| answer.json()["code"] == 0));
        assert_eq!(app.calls("unifiedorder"), 1);
        assert_eq!(app.look().await.count().await, 1);
    }

    async fn a_lost_reply_is_made_good_by_the_identical_request(engine) {
        let app = TestApp::open(engine).await;
        app.wechat().faults.drop_reply = 1.0;
        let lost = app.to_pay_once("cart-8", "19.90").await;
        assert_eq!((lost.status, lost.reason().as_str()), (502, "UPSTREAM"));
        let order_id = lost.json()["order_id"].as_str().unwrap().to_owned();
        assert_eq!(app.look().await.status(&order_id).await, 0, "an unknown outcome leaves the deal unpaid");

        app.wechat().faults.drop_reply = 0.0;
        app.time_passes(3);
        let found = app.to_pay_once("cart-8", "19.90").await.json();
        assert_eq!((found["code"].as_i64(), found["order_id"].as_str()), (Some(0), Some(order_id.as_str())));
        assert_eq!(app.wechat().orders().count(), 1, "WeChat took it for the same order, so it was the same request");
    }

    async fn a_refusal_is_told_and_kept(engine) {
        let app = TestAppBuilder::new(engine).await.set("WECHAT__NOTIFY_URL", "http://127.0.0.1:1/wxPay/notify").open().await;
        app.wechat().habits.min_time_expire = 8000;
        let refused = app.to_pay_once("cart-9", "19.90").await;
        assert_eq!((refused.status, refused.reason().as_str()), (200, "WECHAT_REFUSED"));
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("time_expire时间过短"), "{detail}");
        let order_id = refused.json()["order_id"].as_str().unwrap().to_owned();
        let look = app.look().await;
        assert_eq!(look.value(&order_id, "refusal").await, Some(detail));
        assert_eq!(look.status(&order_id).await, 0);

        app.wechat().habits.min_time_expire = 300;
        assert_eq!(app.to_pay_once("cart-9", "19.90").await.json()["order_id"], order_id.as_str(), "and may be asked again");
    }
}
