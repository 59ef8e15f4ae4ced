//! What a merchant says of a deal: what is sold, its own number for it, and where the payer's page leads. It is stored, told
//! again, and never changed.

use serde_json::{Value, json};

use crate::support::database::Engine;
use crate::support::http::Answer;
use crate::support::on_both_engines;
use crate::support::test_app::{TestApp, TestAppBuilder};

/// toPay for merchant 12 and product 34 with these parameters beside, under this key.
async fn to_pay(app: &TestApp, key: &str, more: &Value) -> Answer {
    let mut body = json!({"merchant_id": 12, "product_id": 34, "price": "19.90"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let request = app.till.request("POST", "/wxPay/toPay").header("content-type", "application/json").header("idempotency-key", key);
    app.till.send(request.body(body.to_string())).await
}

async fn open(engine: Engine) -> TestApp {
    TestAppBuilder::new(engine).await.set("PAGE__RETURN_HOSTS", "shop.example.com").open().await
}

fn notebook() -> Value {
    json!({
        "description": "线装笔记本 & \"pen\"",
        "reference": "A-2026/11 #7",
        "return_url": "https://shop.example.com/done?o={order_id}",
        "cancel_url": "https://SHOP.example.com:443/cart/{order_id}",
    })
}

on_both_engines! {
    async fn what_is_said_of_a_deal_is_stored_and_told_again(engine) {
        let app = open(engine).await;
        let opened = to_pay(&app, "k", &notebook()).await.json();
        let order_id = opened["order_id"].as_str().unwrap_or_else(|| panic!("{opened}"));
        let look = app.look().await;
        for (field, said) in notebook().as_object().unwrap() {
            assert_eq!(opened[field], *said, "told as it was sent");
            assert_eq!(look.value(order_id, field).await.as_deref(), said.as_str(), "{field}");
        }
        assert_eq!(app.wechat().order(order_id).unwrap().body, "线装笔记本 & \"pen\"", "the payer reads it in WeChat");
        let again = to_pay(&app, "k", &notebook()).await.json();
        assert_eq!(again, opened, "a repeat is told the same");
        app.time_passes(300);
        let closed = app.close(order_id).await.json();
        assert_eq!(closed["code"], 0, "{closed}");
        for (field, said) in notebook().as_object().unwrap() {
            assert_eq!(closed[field], *said, "also when it is closed");
        }
        let plain = app.to_pay("19.90").await;
        assert_eq!(app.wechat().order(&plain.id).unwrap().body, "12,34", "as the original wrote it");
        assert_eq!(look.value(&plain.id, "description").await, None);
    }

    async fn the_same_key_with_other_words_is_another_request(engine) {
        let app = open(engine).await;
        let opened = to_pay(&app, "k", &notebook()).await.json();
        for field in ["description", "reference", "return_url", "cancel_url"] {
            let mut other = notebook();
            other[field] = json!("https://shop.example.com/other");
            to_pay(&app, "k", &other).await.refused(409, "IDEMPOTENCY_CONFLICT", Some(field), "another one");
            other.as_object_mut().unwrap().remove(field);
            to_pay(&app, "k", &other).await.refused(409, "IDEMPOTENCY_CONFLICT", Some(field), "none");
        }
        to_pay(&app, "plain", &json!({})).await;
        to_pay(&app, "plain", &json!({"reference": "A-1"})).await.refused(409, "IDEMPOTENCY_CONFLICT", Some("reference"), "one more");
        assert_eq!(to_pay(&app, "k", &notebook()).await.json(), opened);
        assert_eq!((app.look().await.count().await, app.calls("unifiedorder")), (2, 2));
    }

    async fn what_breaks_a_rule_opens_nothing(engine) {
        let app = open(engine).await;
        let texts = |texts: &[&str]| texts.iter().map(|text| json!(text)).collect::<Vec<_>>();
        let strange = [json!(null), json!(7), json!(["a"]), json!({"a": 1}), json!(true), json!("")];
        for (field, wrong) in [
            ("description", texts(&["a\nb", "\u{0}", "\u{7f}", "\u{85}", &"茶".repeat(43), &"x".repeat(128)])),
            ("reference", texts(&["a\tb", "订单1", "caf\u{e9}", &"x".repeat(65)])),
            ("return_url", texts(&["http://shop.example.com/", "https://evil.example/", "https://shop.example.com@evil.example/", "https:shop.example.com/", "/done"])),
            ("cancel_url", texts(&["javascript:alert(1)", "https://{order_id}.example.com/", &format!("https://shop.example.com/{}", "x".repeat(1000))])),
            ("account", texts(&["Shop", "2", "a b", &"a".repeat(33)])),
            ("trade_type", texts(&["native", "MICROPAY"])),
        ] {
            for value in strange.iter().chain(&wrong) {
                to_pay(&app, "k", &json!({field: value})).await.refused(400, "INVALID_PARAMETER", Some(field), &value.to_string());
            }
        }
        assert_eq!((app.look().await.count().await, app.all_calls()), (0, 0));
        for (key, description) in [("short", "x"), ("Chinese", &"茶".repeat(42)), ("long", &"x".repeat(127))] {
            assert_eq!(to_pay(&app, key, &json!({"description": description})).await.json()["description"], description);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_listed_hosts_no_request_leads_a_payer_anywhere() {
    let app = TestApp::open(Engine::Sqlite).await;
    for field in ["return_url", "cancel_url"] {
        to_pay(&app, "k", &json!({field: "https://shop.example.com/"})).await.refused(400, "INVALID_PARAMETER", Some(field), field);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_way_to_pay_that_is_not_set_up_is_said_so() {
    let app = TestApp::open(Engine::Sqlite).await;
    for trade_type in ["JSAPI", "MWEB", "APP"] {
        let mut more = json!({"trade_type": trade_type});
        if trade_type == "JSAPI" {
            more["openid"] = json!("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o");
        }
        let refused = to_pay(&app, "k", &more).await.refused(501, "NOT_CONFIGURED", None, trade_type);
        assert_eq!(refused["detail"], "wechat.trade_types");
    }
    assert_eq!((app.look().await.count().await, app.all_calls()), (0, 0));
    let native = to_pay(&app, "k", &json!({"trade_type": "NATIVE"})).await.json();
    assert_eq!((&native["code"], &native["ignored"]), (&json!(0), &Value::Null));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_means_nothing_is_ignored_and_named() {
    let app = TestApp::open(Engine::Sqlite).await;
    let form = "body=tea&merchant_id=12&product_id=34&Price=1&price=19.90&version=v2&nonce=12345678";
    let opened = app.till.post("/wxPay/toPay", "application/x-www-form-urlencoded", form).await.json();
    assert_eq!(opened["ignored"], json!(["body", "Price", "version", "nonce"]), "in their order, without their values");
    let more = json!({"body": {"deep": 1}, "total_fee": 1});
    assert_eq!(to_pay(&app, "k", &more).await.json()["ignored"], json!(["body", "total_fee"]));
    assert_eq!(to_pay(&app, "k", &json!({})).await.json()["ignored"], Value::Null, "a repeat is told what it sent itself");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_every_caller_may_open_deals_none_may_name_an_account() {
    let app = TestApp::open(Engine::Sqlite).await;
    for account in ["default", "shop2"] {
        to_pay(&app, "k", &json!({"account": account})).await.refused(403, "FORBIDDEN", None, account);
    }
    assert_eq!((app.look().await.count().await, app.all_calls()), (0, 0));
}
