//! A checkout is made: stored, and nothing is asked of WeChat. The same wish again is the same checkout.

use futures_util::future::join_all;
use serde_json::{Value, json};
use wechat_pay::auth::Key;
use wechat_pay::chance::Chance;

use super::browser::SITE;
use super::made::{Checkout, checkout, try_checkout};
use crate::front_end::auth::{carry, offer_at};
use crate::support::database::Engine;
use crate::support::on_both_engines;
use crate::support::test_app::{TestApp, TestAppBuilder};

const SECRET: &str = "shop-secret-0123456789abcdef-0123456789";

async fn rows(app: &TestApp) -> usize {
    app.look().await.texts("SELECT checkout_id FROM checkout").await.len()
}

on_both_engines! {
    async fn it_is_stored_and_wechat_hears_of_nothing(engine) {
        let app = TestApp::open(engine).await;
        let more = json!({"description": "红茶 2 盒", "reference": "A-7", "trade_type": "NATIVE", "openid": "o1", "colour": "red"});
        let answer = try_checkout(&app.till, None, &more).await;
        let told = answer.json();
        let id = told["checkout_id"].as_str().unwrap();
        assert_eq!(told, json!({
            "code": 0, "msg": "", "checkout_id": id, "pay_page": format!("/pay/{id}"), "expires_at": "2026-04-01T14:00:00+08:00",
            "server_time": "2026-04-01T12:00:00+08:00", "description": "红茶 2 盒", "reference": "A-7", "ignored": ["colour", "openid", "trade_type"],
        }));
        assert!(id.len() == 33 && id.starts_with("C20260401120000"), "{id}");
        assert_eq!((app.all_calls(), app.look().await.count().await), (0, 0));
        let asked = app.till.post_json("/wxPay/queryCheckout", &json!({"checkout_id": id})).await.json();
        assert_eq!(asked, json!({
            "code": 0, "msg": "", "trade_state": "NOTPAY", "trade_state_desc": "订单未支付", "checkout_id": id, "expires_at": "2026-04-01T14:00:00+08:00",
            "server_time": "2026-04-01T12:00:00+08:00", "description": "红茶 2 盒", "reference": "A-7",
        }));
        assert_eq!(app.all_calls(), 0, "nobody has begun to pay, so nobody is asked");
    }

    async fn the_same_key_is_the_same_checkout_and_other_words_are_named(engine) {
        let app = TestApp::open(engine).await;
        let make = async |_| try_checkout(&app.till, Some("cart-7"), &json!({})).await;
        let made = join_all((0..10).map(make)).await;
        let ids: std::collections::HashSet<_> = made.iter().map(|answer| answer.json()["checkout_id"].as_str().unwrap().to_owned()).collect();
        assert_eq!((ids.len(), rows(&app).await), (1, 1));
        for (more, field) in [
            (json!({"product_id": 35}), "product_id"),
            (json!({"price": "19.91"}), "price"),
            (json!({"description": "tea"}), "description"),
            (json!({"reference": "A-8"}), "reference"),
        ] {
            let told = try_checkout(&app.till, Some("cart-7"), &more).await.refused(409, "IDEMPOTENCY_CONFLICT", Some(field), field);
            assert_eq!(told.get("checkout_id"), None);
        }
        let of = async |more: Value| try_checkout(&app.till, Some("cart-7"), &more).await.json()["checkout_id"].clone();
        assert_eq!(of(json!({"price": 19.9})).await, of(json!({})).await, "by value");
        assert_ne!(of(json!({"merchant_id": 13})).await, of(json!({})).await, "a key belongs to one seller");
        assert_eq!(app.to_pay_once("cart-7", "1.00").await.json()["code"], 0, "and to one call: toPay's are its own");
    }

    async fn a_signed_offer_makes_one_checkout(engine) {
        let builder = TestAppBuilder::new(engine).await.set("AUTH__MODE", "signed").set("AUTH__SIGNING_SECRETS", format!("shop:{SECRET}"));
        let app = builder.open().await;
        let offer = |nonce: &str| offer_at(app.clock.now().timestamp(), "19.90", nonce, SECRET);
        try_checkout(&app.till, None, &json!({})).await.refused(401, "UNAUTHORIZED", None, "unsigned");
        let mut cheaper = offer("nonce-0001");
        cheaper["price"] = json!("0.01");
        try_checkout(&app.till, None, &cheaper).await.refused(401, "UNAUTHORIZED", None, "another price");
        let made = try_checkout(&app.till, Some("cart-7"), &offer("nonce-0001")).await.json();
        assert_eq!(made["code"], 0, "{made}");
        assert_eq!(try_checkout(&app.till, Some("cart-7"), &offer("nonce-0001")).await.json()["checkout_id"], made["checkout_id"], "a repeat");
        for key in [None, Some("cart-8")] {
            try_checkout(&app.till, key, &offer("nonce-0001")).await.refused(401, "UNAUTHORIZED", None, "it is used");
        }
        let make = async |_| try_checkout(&app.till, None, &offer("nonce-0002")).await;
        let at_once = join_all((0..5).map(make)).await;
        assert_eq!(at_once.iter().filter(|answer| answer.json()["code"] == 0).count(), 1, "{at_once:?}");
        assert_eq!(rows(&app).await, 2);

        carry(&app.till, &offer("nonce-0001"), None).await.refused(401, "UNAUTHORIZED", None, "it has made a checkout");
        assert_eq!(carry(&app.till, &offer("nonce-0003"), None).await.json()["code"], 0);
        try_checkout(&app.till, None, &offer("nonce-0003")).await.refused(401, "UNAUTHORIZED", None, "it has opened a deal");
        assert_eq!((rows(&app).await, app.look().await.count().await), (2, 1));
    }

    async fn one_that_is_paid_or_over_is_told_so_under_its_key(engine) {
        let app = TestApp::open(engine).await;
        let id = try_checkout(&app.till, Some("paid"), &json!({})).await.json()["checkout_id"].as_str().unwrap().to_owned();
        let paid = Checkout { id };
        paid.at_a_desk(&app).await;
        let order = paid.order(&app, "NATIVE").await;
        app.payer_pays(&order).await;
        let told = try_checkout(&app.till, Some("paid"), &json!({})).await.refused(200, "ORDER_PAID", None, "paid");
        assert_eq!((&told["order_id"], &told["checkout_id"]), (&json!(order.id), &json!(paid.id)));

        let id = try_checkout(&app.till, Some("over"), &json!({})).await.json()["checkout_id"].clone();
        app.time_passes(7200);
        let told = try_checkout(&app.till, Some("over"), &json!({})).await.refused(200, "ORDER_CLOSED", None, "over");
        assert_eq!(told["checkout_id"], id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_nobody_could_pay_is_not_made() {
    let wechat = TestApp::open(Engine::Sqlite).await;
    let app_only = TestAppBuilder::new(Engine::Sqlite).await.set("WECHAT__TRADE_TYPES", "APP").open().await;
    // By a page inside WeChat alone, where no payer can be known.
    let builder = TestAppBuilder::new(Engine::Sqlite).await.on_wechat_of(&wechat).set("PAGE__BASE_URL", SITE);
    let without_login = builder.set("WECHAT__TRADE_TYPES", "JSAPI").open().await;
    for app in [&app_only, &without_login] {
        let told = try_checkout(&app.till, None, &json!({})).await.refused(501, "NOT_CONFIGURED", None, "no way to pay");
        assert_eq!((&told["detail"], rows(app).await), (&json!("wechat.trade_types"), 0));
    }
    let builder = TestAppBuilder::new(Engine::Sqlite).await.set("WECHAT__TRADE_TYPES", "JSAPI");
    checkout(&builder.open().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_checkout_is_refused() {
    let app = TestApp::open(Engine::Sqlite).await;
    for (more, field) in [
        (json!({"price": "0"}), "price"),
        (json!({"merchant_id": "x"}), "merchant_id"),
        (json!({"product_id": null}), "product_id"),
        (json!({"return_url": "https://elsewhere.example.com/"}), "return_url"),
    ] {
        try_checkout(&app.till, None, &more).await.refused(400, "INVALID_PARAMETER", Some(field), field);
    }
    try_checkout(&app.till, Some(&"x".repeat(65)), &json!({})).await.refused(400, "INVALID_PARAMETER", Some("Idempotency-Key"), "too long");
    app.till.get("/wxPay/checkout").await.refused(405, "METHOD_NOT_ALLOWED", None, "GET");
    assert_eq!(rows(&app).await, 0);

    let known = checkout(&app).await.id;
    for path in ["/wxPay/queryCheckout", "/wxPay/doCloseOrder"] {
        for wrong in [
            json!("20260401120000123456789012345678"),
            json!(""),
            json!("C1"),
            json!(7),
            json!(format!("{known}0")),
            json!(known.to_lowercase()),
        ] {
            let answer = app.till.post_json(path, &json!({"checkout_id": wrong})).await;
            answer.refused(400, "INVALID_PARAMETER", Some("checkout_id"), &wrong.to_string());
        }
        let unknown = json!({"checkout_id": "C20260401120000000000000000000000"});
        app.till.post_json(path, &unknown).await.refused(404, "ORDER_NOT_FOUND", None, path);
    }
    app.till.post_json("/wxPay/queryCheckout", &json!({})).await.refused(400, "INVALID_PARAMETER", Some("checkout_id"), "none");
    app.query(&known).await.refused(404, "ORDER_NOT_FOUND", None, "a checkout is no order");
    assert_eq!(app.till.get("/pay/C20260401120000000000000000000000").await.status, 404);
    app.till.get("/wxPay/events?checkout_id=C1").await.refused(400, "INVALID_PARAMETER", Some("checkout_id"), "events");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_open_a_deal_may_make_a_checkout_and_nobody_else() {
    let (key, hash) = Key::draw(&Chance::System);
    let builder = TestAppBuilder::new(Engine::Sqlite).await.set("AUTH__MODE", "api_key").set("AUTH__KEYS__SHOP__HASH", hash);
    let app = builder.set("AUTH__KEYS__SHOP__SCOPES", "pay").set("AUTH__KEYS__SHOP__SELLERS", "12").open().await;
    try_checkout(&app.till, None, &json!({})).await.refused(401, "UNAUTHORIZED", None, "no key");
    let ask = async |more: Value| {
        let mut body = json!({"merchant_id": 12, "product_id": 34, "price": "19.90"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let request =
            app.till.request("POST", "/wxPay/checkout").header("content-type", "application/json").header("idempotency-key", "cart-7");
        app.till.send(request.header("authorization", format!("Bearer {key}")).body(body.to_string())).await
    };
    ask(json!({"merchant_id": 13})).await.refused(403, "FORBIDDEN", None, "not its seller");
    ask(json!({"account": "shop2"})).await.refused(400, "INVALID_PARAMETER", Some("account"), "there is none");
    assert_eq!(ask(json!({})).await.json()["code"], 0);
    ask(json!({"account": "default"})).await.refused(409, "IDEMPOTENCY_CONFLICT", Some("account"), "it was not named before");
}
