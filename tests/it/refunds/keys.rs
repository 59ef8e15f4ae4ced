//! Which keys may give money back, and of whose orders.

use serde_json::{Value, json};
use wechat_pay::auth::Key;
use wechat_pay::chance::Chance;

use super::api::paid;
use crate::front_end::keys::with_keys;
use crate::support::database::Engine;
use crate::support::http::Answer;
use crate::support::on_both_engines;
use crate::support::test_app::{TestApp, TestAppBuilder};

async fn call(app: &TestApp, name: &str, key: Option<&str>, body: &Value) -> Answer {
    let request = app.till.request("POST", &format!("/wxPay/{name}")).header("content-type", "application/json");
    let request = if let Some(key) = key { request.header("authorization", format!("Bearer {key}")) } else { request };
    app.till.send(request.header("idempotency-key", "first").body(body.to_string())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_give_back_takes_the_scope_refund_and_to_see_it_that_or_read() {
    let keys = [
        ("TILL", &[("SCOPES", "pay")][..]),
        ("BOOKS", &[("SCOPES", "read")][..]),
        ("DESK", &[("SCOPES", "refund")][..]),
        ("BOSS", &[("SCOPES", "manage")][..]),
    ];
    let (app, [till, books, desk, boss]) = with_keys(Engine::Sqlite, "open", keys).await;
    let order = paid(&app).await;
    let asked = json!({"order_id": order.id, "refund": "5"});
    for key in [&till, &books, &boss] {
        let refused = call(&app, "refund", Some(key), &asked).await.refused(403, "FORBIDDEN", None, "refund");
        assert_eq!(refused["detail"], "the key has not the scope refund");
    }
    let unknown = call(&app, "refund", Some(&till), &json!({"order_id": "nobody"})).await;
    unknown.refused(403, "FORBIDDEN", None, "before it is looked whether there is such an order");
    let told = call(&app, "refund", Some(&desk), &asked).await.json();
    assert_eq!(told["code"], 0, "{told}");
    for about in [json!({"order_id": order.id}), json!({"refund_id": told["refund_id"]})] {
        for key in [&desk, &books] {
            assert_eq!(call(&app, "queryRefund", Some(key), &about).await.json()["refunded"], "5.00");
        }
        for key in [&till, &boss] {
            call(&app, "queryRefund", Some(key), &about).await.refused(403, "FORBIDDEN", None, "queryRefund");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_key_nothing_goes_back_unless_it_is_a_demonstration() {
    let wrong = format!("wpk_{}", "0".repeat(64));
    let real = TestAppBuilder::new(Engine::Sqlite).await.with_wechat_at("127.0.0.1:1".parse().unwrap());
    let secret = "0123456789abcdef0123456789abcdef";
    let modes = [
        TestAppBuilder::new(Engine::Sqlite).await.set("AUTH__MODE", "api_key").set("AUTH__API_KEYS", crate::support::configured::SHOPS_KEY),
        TestAppBuilder::new(Engine::Sqlite).await.set("AUTH__MODE", "signed").set("AUTH__SIGNING_SECRETS", format!("shop:{secret}")),
        real.set("AUTH__MODE", "open"),
    ];
    for mode in modes {
        let app = mode.open().await;
        for (name, body) in
            [("refund", json!({"order_id": "1"})), ("queryRefund", json!({"refund_id": "1"})), ("queryRefund", json!({"order_id": "1"}))]
        {
            for key in [None, Some(&*wrong)] {
                call(&app, name, key, &body).await.refused(401, "UNAUTHORIZED", None, name);
            }
        }
    }
    let app = TestApp::open(Engine::Sqlite).await;
    let order = paid(&app).await;
    assert_eq!(call(&app, "refund", None, &json!({"order_id": order.id})).await.json()["left"], "0.00");
}

on_both_engines! {
    async fn what_is_beyond_a_key_is_neither_given_back_nor_shown(engine) {
        let keys = [
            ("DESK", &[("SCOPES", "refund"), ("SELLERS", "13")][..]),
            ("WECHAT", &[("SCOPES", "refund,read"), ("ACCOUNTS", "default")][..]),
            ("ALL", &[("SCOPES", "refund")][..]),
        ];
        let (app, [others_desk, of_default, all]) = with_keys(engine, "open", keys).await;
        let order = paid(&app).await;
        let told = call(&app, "refund", Some(&all), &json!({"order_id": order.id, "refund": "5"})).await.json();
        app.look().await.run(&format!("UPDATE deal SET account = 'shop2' WHERE order_id = '{}'", order.id)).await;
        for key in [&others_desk, &of_default] {
            for (name, body, unknown, reason) in [
                ("refund", json!({"order_id": order.id, "refund": "5"}), json!({"order_id": "nobody", "refund": "5"}), "ORDER_NOT_FOUND"),
                ("queryRefund", json!({"order_id": order.id}), json!({"order_id": "nobody"}), "ORDER_NOT_FOUND"),
                ("queryRefund", json!({"refund_id": told["refund_id"]}), json!({"refund_id": "nobody"}), "REFUND_NOT_FOUND"),
            ] {
                let beyond = call(&app, name, Some(key), &body).await;
                beyond.refused(404, reason, None, name);
                assert_eq!(beyond.body, call(&app, name, Some(key), &unknown).await.body, "as if it were not there");
            }
        }
        assert_eq!(app.wechat().calls("/secapi/pay/refund"), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_client_certificate_it_is_said_what_to_set_before_the_order_is_looked_at() {
    let (key, hash) = Key::draw(&Chance::System);
    let app = TestAppBuilder::new(Engine::Sqlite).await.with_wechat_at("127.0.0.1:1".parse().unwrap());
    let app = app.set("WECHAT__BASE_URL", "https://127.0.0.1:1").set("AUTH__KEYS__DESK__HASH", hash);
    let app = app.set("AUTH__KEYS__DESK__SCOPES", "refund").open().await;
    let unpaid = app.try_to_pay("19.90").await.refused(502, "UPSTREAM", None, "WeChat is not there");
    let refund = async |order_id: &Value| call(&app, "refund", Some(&key), &json!({"order_id": order_id})).await;
    let refused = refund(&unpaid["order_id"]).await.refused(501, "NOT_CONFIGURED", None, "before it is not paid");
    assert_eq!(refused["detail"], "wechat.client_cert, wechat.client_key");
    refund(&json!("nobody")).await.refused(404, "ORDER_NOT_FOUND", None, "before that");
}
