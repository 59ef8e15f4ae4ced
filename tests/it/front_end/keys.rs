//! What a key's scopes, sellers and accounts let its holder do and see; and what callers without one see as before.

use std::time::Duration;

use serde_json::{Value, json};
use wechat_pay::auth::Key;
use wechat_pay::chance::Chance;

use crate::support::database::Engine;
use crate::support::http::Answer;
use crate::support::listener::{Heard, Listener};
use crate::support::on_both_engines;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};

/// For what comes by itself.
const SOON: Duration = Duration::from_secs(3);

/// An app in this mode, and keys by their names and what is configured of each.
pub async fn with_keys<const N: usize>(engine: Engine, mode: &str, keys: [(&str, &[(&str, &str)]); N]) -> (TestApp, [String; N]) {
    let mut builder = TestAppBuilder::new(engine).await.set("AUTH__MODE", mode);
    let drawn = keys.map(|(name, values)| (name, values, Key::draw(&Chance::System)));
    for (name, values, (_, hash)) in &drawn {
        let place = format!("AUTH__KEYS__{name}");
        builder = builder.set(&format!("{place}__HASH"), hash);
        for (key, value) in *values {
            builder = builder.set(&format!("{place}__{key}"), value);
        }
    }
    (builder.open().await, drawn.map(|(_, _, (key, _))| key))
}

async fn call(app: &TestApp, name: &str, key: Option<&str>, body: &Value) -> Answer {
    let request = app.till.request("POST", &format!("/wxPay/{name}")).header("content-type", "application/json");
    let request = if let Some(key) = key { request.header("authorization", format!("Bearer {key}")) } else { request };
    app.till.send(request.body(body.to_string())).await
}

async fn query(app: &TestApp, key: &str, body: Value) -> Answer {
    call(app, "queryOrder", Some(key), &body).await
}

fn deal(seller: i64, reference: &str) -> Value {
    json!({"merchant_id": seller, "product_id": 34, "price": "19.90", "description": "红茶 2 盒", "reference": reference})
}

async fn opened(app: &TestApp, key: Option<&str>, body: &Value) -> Order {
    let told = call(app, "toPay", key, body).await.json();
    assert_eq!(told["code"], 0, "{told}");
    Order { id: told["order_id"].as_str().unwrap().to_owned(), code_url: told["code_url"][0].as_str().unwrap().to_owned() }
}

/// Without what tells when it was given.
fn at_whatever_time(answer: &Answer) -> Value {
    let mut told = answer.json();
    let members = told.as_object_mut().unwrap();
    members.remove("server_time");
    members.remove("as_of");
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_opens_deals_for_its_sellers_through_its_accounts_only() {
    let keys = [
        ("TILL", &[("SCOPES", "pay")][..]),
        ("BOOKS", &[("SCOPES", "read,refund,manage")][..]),
        ("SHOP", &[("SCOPES", "pay,read"), ("SELLERS", "12,20-29"), ("ACCOUNTS", "default")][..]),
    ];
    let (app, [till, books, shop]) = with_keys(Engine::Sqlite, "api_key", keys).await;
    let with_account = |seller, account: &str| {
        let mut deal = deal(seller, "A-7");
        deal["account"] = json!(account);
        deal
    };
    for (key, body, status, reason, field) in [
        (None, deal(12, "A-7"), 401, "UNAUTHORIZED", None),
        (Some(&books), deal(12, "A-7"), 403, "FORBIDDEN", None),
        (Some(&shop), deal(13, "A-7"), 403, "FORBIDDEN", None),
        (Some(&shop), deal(30, "A-7"), 403, "FORBIDDEN", None),
        (Some(&shop), with_account(12, "shop2"), 403, "FORBIDDEN", None),
        (Some(&shop), with_account(12, "Shop"), 400, "INVALID_PARAMETER", Some("account")),
        (Some(&till), with_account(12, "shop2"), 400, "INVALID_PARAMETER", Some("account")),
    ] {
        let answer = call(&app, "toPay", key.map(String::as_str), &body).await;
        answer.refused(status, reason, field, &format!("{body}"));
    }
    assert_eq!((app.look().await.count().await, app.all_calls()), (0, 0), "nothing was done for them");
    for (key, body) in
        [(&till, deal(99, "A-7")), (&till, with_account(99, "default")), (&shop, deal(29, "A-7")), (&shop, with_account(12, "default"))]
    {
        opened(&app, Some(key), &body).await;
    }
}

on_both_engines! {
    async fn a_deal_beyond_a_key_is_not_read_by_its_idempotency_key(engine) {
        let keys = [("TILL", &[("SCOPES", "pay")][..]), ("SHOP", &[("SCOPES", "pay"), ("ACCOUNTS", "default")][..])];
        let (app, [till, shop]) = with_keys(engine, "api_key", keys).await;
        let once = async |key: &str, body: &Value| {
            let request = app.till.request("POST", "/wxPay/toPay").header("content-type", "application/json");
            let request = request.header("idempotency-key", "cart-7").header("authorization", format!("Bearer {key}"));
            app.till.send(request.body(body.to_string())).await
        };
        let told = once(&till, &deal(12, "A-8")).await.json();
        let order = Order { id: told["order_id"].as_str().unwrap().to_owned(), code_url: told["code_url"][0].as_str().unwrap().to_owned() };
        assert_eq!(once(&shop, &deal(12, "A-8")).await.json()["order_id"], told["order_id"], "while it is within reach");
        app.look().await.run(&format!("UPDATE deal SET account = 'shop2' WHERE order_id = '{}'", order.id)).await;
        let mut told = Vec::new();
        for is_paid in [false, true] {
            if is_paid {
                app.look().await.run(&format!("UPDATE deal SET status = 1 WHERE order_id = '{}'", order.id)).await;
            }
            for (field, value) in [
                ("reference", json!("A-8")), ("reference", json!("A-9")), ("product_id", json!(35)), ("price", json!("19.91")),
                ("description", json!("绿茶 1 盒")), ("account", json!("default")),
            ] {
                let mut wish = deal(12, "A-8");
                wish[field] = value;
                let answer = once(&shop, &wish).await;
                answer.refused(409, "IDEMPOTENCY_CONFLICT", Some("account"), &format!("{wish}, paid: {is_paid}"));
                told.push(answer.body);
            }
        }
        told.dedup();
        assert_eq!(told.len(), 1, "one and the same refusal: {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_the_seller_s_or_one_that_a_key_may_name() {
    let (till, till_hash) = Key::draw(&Chance::System);
    let (shop2, shop2_hash) = Key::draw(&Chance::System);
    let builder = TestAppBuilder::new(Engine::Sqlite).await.set("AUTH__MODE", "api_key").set("AUTH__API_KEYS", format!("till:{till_hash}"));
    let builder = builder.set("ACCOUNTS__SHOP2__SELLERS", "100-199").set("AUTH__KEYS__SHOP2__ACCOUNTS", "shop2");
    let app = builder.set("AUTH__KEYS__SHOP2__HASH", shop2_hash).set("AUTH__KEYS__SHOP2__SCOPES", "pay,read").open().await;
    let named = |seller, account: &str| {
        let mut deal = deal(seller, "A-7");
        deal["account"] = json!(account);
        deal
    };
    for (body, account) in
        [(deal(12, "A-7"), "default"), (deal(100, "A-7"), "shop2"), (named(12, "shop2"), "shop2"), (named(100, "default"), "default")]
    {
        let order = opened(&app, Some(&till), &body).await;
        assert_eq!(app.look().await.value(&order.id, "account").await.as_deref().unwrap_or("default"), account, "{body}");
        let seen = query(&app, &shop2, json!({"order_id": order.id})).await;
        assert_eq!(seen.status, if account == "shop2" { 200 } else { 404 }, "{}", seen.body);
        let by_shop2 = call(&app, "toPay", Some(&shop2), &body).await;
        assert_eq!(by_shop2.status, if account == "shop2" { 200 } else { 403 }, "{}", by_shop2.body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_may_not_open_a_seller_s_deals_uses_up_none_of_its_limit() {
    let (key, hash) = Key::draw(&Chance::System);
    let (till, till_hash) = Key::draw(&Chance::System);
    let builder = TestAppBuilder::new(Engine::Sqlite).await.set("AUTH__MODE", "api_key").set("LIMITS__PER_MERCHANT", 1);
    let builder = builder.set("AUTH__API_KEYS", format!("till:{till_hash}")).set("AUTH__KEYS__SHOP__SELLERS", "13");
    let app = builder.set("AUTH__KEYS__SHOP__HASH", hash).set("AUTH__KEYS__SHOP__SCOPES", "pay").open().await;
    for _ in 0..3 {
        call(&app, "toPay", Some(&key), &deal(12, "A-7")).await.refused(403, "FORBIDDEN", None, "another seller's");
    }
    opened(&app, Some(&till), &deal(12, "A-7")).await;
    assert_eq!(call(&app, "toPay", Some(&till), &deal(12, "A-7")).await.status, 429);
}

async fn opened_once(app: &TestApp, key: &str, once: &str, body: &Value) -> Answer {
    let request = app.till.request("POST", "/wxPay/toPay").header("content-type", "application/json").header("idempotency-key", once);
    app.till.send(request.header("authorization", format!("Bearer {key}")).body(body.to_string())).await
}

on_both_engines! {
    async fn a_repeat_says_of_the_account_what_the_first_call_said(engine) {
        let ((till, till_hash), (shop2, shop2_hash)) = (Key::draw(&Chance::System), Key::draw(&Chance::System));
        let configured = |builder: TestAppBuilder| {
            let builder = builder.set("AUTH__MODE", "api_key").set("AUTH__API_KEYS", format!("till:{till_hash}"));
            let builder = builder.set("AUTH__KEYS__SHOP2__HASH", &shop2_hash).set("AUTH__KEYS__SHOP2__SCOPES", "pay");
            builder.set("AUTH__KEYS__SHOP2__ACCOUNTS", "shop2")
        };
        let app = configured(TestAppBuilder::new(engine).await).set("ACCOUNTS__SHOP2__SELLERS", "100").open().await;
        let mut through_shop2 = deal(12, "A-7");
        through_shop2["account"] = json!("shop2");
        let mut through_default = deal(12, "A-7");
        through_default["account"] = json!("default");
        let order = opened_once(&app, &shop2, "named", &through_shop2).await.json()["order_id"].clone();
        assert_eq!(opened_once(&app, &till, "named", &through_shop2).await.json()["order_id"], order, "the same again");
        let plain = opened_once(&app, &till, "plain", &deal(12, "A-7")).await.json()["order_id"].clone();
        for (once, body, why) in [
            ("named", &deal(12, "A-7"), "the seller's own till never gets a code of another account"),
            ("named", &through_default, "another account"),
            ("plain", &through_default, "the seller's account, which was not named"),
            ("plain", &through_shop2, "another account than the seller's"),
        ] {
            opened_once(&app, &till, once, body).await.refused(409, "IDEMPOTENCY_CONFLICT", Some("account"), why);
        }
        let app = configured(TestAppBuilder::on(app.stop().await)).set("ACCOUNTS__SHOP2__SELLERS", "12").open().await;
        let again = opened_once(&app, &till, "plain", &deal(12, "A-7")).await.json();
        assert_eq!(again["order_id"], plain, "whichever account is the seller's by now");
    }

    async fn a_key_to_read_shows_what_the_merchant_alone_may_know(engine) {
        let (app, [books, till]) = with_keys(engine, "open", [("BOOKS", &[("SCOPES", "read")][..]), ("TILL", &[("SCOPES", "pay")][..])]).await;
        let order = opened(&app, None, &deal(12, "A-7")).await;
        let unpaid = query(&app, &books, json!({"order_id": order.id})).await.json();
        for (field, value) in [
            ("trade_state", json!("NOTPAY")), ("order_id", json!(order.id)), ("merchant_id", json!(12)), ("product_id", json!(34)),
            ("price", json!("19.90")), ("total_fee", json!(1990)), ("account", json!("default")), ("refunded", json!("0.00")),
            ("reference", json!("A-7")), ("description", json!("红茶 2 盒")),
        ] {
            assert_eq!(unpaid[field], value, "{field}");
        }
        assert!(unpaid.get("transaction_id").is_none());

        let order = opened(&app, None, &deal(12, "A-8")).await;
        app.payer_pays_silently(&order);
        let paid = query(&app, &books, json!({"order_id": order.id})).await.json();
        let transaction = app.wechat().order(&order.id).unwrap().transaction_id.clone().unwrap();
        let told = (&paid["trade_state"], &paid["transaction_id"]);
        assert_eq!(told, (&json!("SUCCESS"), &json!(transaction)), "by the query that found the payment");

        let front_end = app.query(&order.id).await;
        let wrong = format!("wpk_{}", "0".repeat(64));
        for (key, why) in [(&till, "of another scope"), (&wrong, "no key of ours")] {
            assert_eq!(at_whatever_time(&query(&app, key, json!({"order_id": order.id})).await), at_whatever_time(&front_end), "{why}");
        }
        let told = front_end.json();
        assert_eq!((&told["description"], &told["reference"]), (&json!("红茶 2 盒"), &json!("A-8")), "each answer says what the merchant said");
        for hidden in ["price", "total_fee", "transaction_id", "product_id", "merchant_id", "account", "refunded", "order_id"] {
            assert!(told.get(hidden).is_none(), "{hidden} is the merchant's");
        }

        app.look().await.run(&format!("UPDATE deal SET refunded_at = update_at WHERE order_id = '{}'", order.id)).await;
        let given_back = query(&app, &books, json!({"order_id": order.id})).await.json();
        assert_eq!((&given_back["trade_state"], given_back.get("refunded")), (&json!("REFUND"), None), "how much is not known");
    }

    async fn what_is_beyond_a_key_is_to_it_as_if_it_were_not_there(engine) {
        let keys = [
            ("SHOP", &[("SCOPES", "read"), ("SELLERS", "12")][..]),
            ("TILL", &[("SCOPES", "pay"), ("SELLERS", "12")][..]),
            ("WECHAT", &[("SCOPES", "read"), ("ACCOUNTS", "default")][..]),
        ];
        let (app, [shop, till, of_default]) = with_keys(engine, "open", keys).await;
        let (own, others, elsewhere) =
            (opened(&app, None, &deal(12, "A-7")).await, opened(&app, None, &deal(13, "A-7")).await, opened(&app, None, &deal(12, "A-7")).await);
        app.payer_pays(&others).await;
        assert_eq!(app.trade_state(&others.id).await, "SUCCESS", "now it is remembered");
        app.look().await.run(&format!("UPDATE deal SET account = 'shop2' WHERE order_id = '{}'", elsewhere.id)).await;
        app.time_passes(301);
        for (key, order) in [(&shop, &others), (&till, &others), (&of_default, &elsewhere)] {
            for name in ["queryOrder", "doCloseOrder"] {
                let unknown = call(&app, name, Some(key), &json!({"order_id": "nobody"})).await;
                let beyond = call(&app, name, Some(key), &json!({"order_id": order.id})).await;
                beyond.refused(404, "ORDER_NOT_FOUND", None, name);
                assert_eq!(beyond.body, unknown.body);
            }
            let events = app.till.request("GET", &format!("/wxPay/events?order_id={}", order.id));
            let answer = app.till.send(events.header("authorization", format!("Bearer {key}"))).await;
            answer.refused(404, "ORDER_NOT_FOUND", None, "events");
        }
        assert_eq!(query(&app, &shop, json!({"order_id": own.id})).await.json()["trade_state"], "NOTPAY");
        assert_eq!(call(&app, "doCloseOrder", Some(&till), &json!({"order_id": own.id})).await.json()["code"], 0);
        assert_eq!(query(&app, &of_default, json!({"order_id": others.id})).await.json()["merchant_id"], 13);
        assert_eq!(query(&app, &shop, json!({"order_id": elsewhere.id})).await.json()["account"], "shop2");
    }

    async fn a_deal_is_found_by_the_merchant_s_own_number(engine) {
        let keys = [
            ("SHOP", &[("SCOPES", "read"), ("SELLERS", "10-12,50"), ("ACCOUNTS", "default")][..]),
            ("BOOKS", &[("SCOPES", "read")][..]),
            ("TILL", &[("SCOPES", "pay")][..]),
        ];
        let (app, [shop, books, till]) = with_keys(engine, "api_key", keys).await;
        let asked = json!({"reference": "A-7"});
        query(&app, &books, asked.clone()).await.refused(404, "ORDER_NOT_FOUND", None, "before there is one");
        let mut orders = Vec::new();
        for (seller, reference) in [(12, "A-7"), (50, "A-7"), (12, "A-7 "), (50, "a-7"), (12, "A-7"), (13, "A-7")] {
            orders.push(opened(&app, Some(&till), &deal(seller, reference)).await.id);
        }
        app.look().await.run(&format!("UPDATE deal SET account = 'shop2' WHERE order_id = '{}'", orders[4])).await;
        let found = async |key: &str| query(&app, key, asked.clone()).await.json()["order_id"].as_str().unwrap().to_owned();
        assert_eq!(found(&books).await, orders[5], "the newest");
        assert_eq!(found(&shop).await, orders[1], "no newer one of another seller, account or spelling hides it");
        // The index over all deals of a reference is not walked through, for others may have given it to very many.
        app.look().await.run(match engine { Engine::MySql => "DROP INDEX deal_reference ON deal", Engine::Sqlite => "DROP INDEX deal_reference" }).await;
        let newest = opened(&app, Some(&till), &deal(12, "A-7")).await.id;
        assert_eq!(found(&shop).await, newest, "of all ranges of sellers");

        call(&app, "queryOrder", None, &asked).await.refused(401, "UNAUTHORIZED", None, "without a key");
        query(&app, "wpk_0", asked.clone()).await.refused(401, "UNAUTHORIZED", None, "with none of ours");
        query(&app, &till, asked.clone()).await.refused(403, "FORBIDDEN", None, "with one of another scope");
        for (body, field) in [
            (json!({"reference": "A-7", "order_id": null}), "order_id"),
            (json!({"reference": ""}), "reference"),
            (json!({"reference": 7}), "reference"),
            (json!({"reference": "x".repeat(65)}), "reference"),
            (json!({}), "order_id"),
        ] {
            query(&app, &books, body.clone()).await.refused(400, "INVALID_PARAMETER", Some(field), &body.to_string());
        }
        for beside in [json!("A-7"), json!(null), json!(7)] {
            let by_number = json!({"order_id": orders[0], "reference": beside});
            assert_eq!(query(&app, &books, by_number.clone()).await.json()["order_id"], json!(orders[0]), "{by_number}");
            assert_eq!(call(&app, "queryOrder", None, &by_number).await.json()["trade_state"], "NOTPAY", "{by_number}, as the original took it");
        }
        let unchanged = call(&app, "doCloseOrder", Some(&till), &asked).await;
        unchanged.refused(400, "INVALID_PARAMETER", Some("order_id"), "only a query takes it");
    }

    async fn what_the_merchant_said_stands_in_each_answer_and_event(engine) {
        let app = TestAppBuilder::new(engine).await.set("PAGE__RETURN_HOSTS", "shop.example.com").open().await;
        let mut wish = deal(12, "A-7");
        wish["return_url"] = json!("https://shop.example.com/done?o={order_id}");
        wish["cancel_url"] = json!("https://shop.example.com/cart");
        let (order, plain) = (opened(&app, None, &wish).await, app.to_pay("1.00").await);
        let mut listener = Listener::to(&app.till, &order.id).await;
        let says = |told: &Value, word: &str| {
            assert_eq!(told["trade_state"], word);
            for field in ["description", "reference", "return_url", "cancel_url"] {
                assert_eq!(told[field], wish[field], "{field}");
            }
        };
        let Heard::State(first) = listener.next(SOON).await else { panic!("no first state") };
        says(&first, "NOTPAY");
        says(&app.query(&order.id).await.json(), "NOTPAY");
        app.payer_pays(&order).await;
        let Heard::State(last) = listener.next(SOON).await else { panic!("no last state") };
        says(&last, "SUCCESS");
        let from_memory = app.query(&order.id).await;
        app.time_passes(61);
        let from_store = app.query(&order.id).await;
        says(&from_memory.json(), "SUCCESS");
        assert_eq!(at_whatever_time(&from_memory), at_whatever_time(&from_store));
        for nothing in ["description", "reference", "return_url", "cancel_url"] {
            assert!(app.query(&plain.id).await.json().get(nothing).is_none(), "{nothing} was not said");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demonstration_asks_by_the_merchant_s_own_number_without_a_key() {
    let app = TestApp::open(Engine::Sqlite).await;
    let order = opened(&app, None, &deal(12, "A-7")).await;
    let told = call(&app, "queryOrder", None, &json!({"reference": "A-7"})).await.json();
    assert_eq!((&told["order_id"], &told["price"]), (&json!(order.id), &json!("19.90")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_real_credentials_no_mode_lets_a_caller_without_a_key_ask_by_the_merchant_s_own_number() {
    let builder = TestAppBuilder::new(Engine::Sqlite).await.with_wechat_at("127.0.0.1:1".parse().unwrap());
    let app = builder.set("AUTH__MODE", "open").open().await;
    call(&app, "queryOrder", None, &json!({"reference": "A-7"})).await.refused(401, "UNAUTHORIZED", None, "open is for opening deals");
}
