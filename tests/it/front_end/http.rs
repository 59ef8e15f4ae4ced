//! What surrounds a front end's call: paths, methods, proxies, keys, and a database that is away.

use std::collections::HashSet;
use std::time::Instant;

use serde_json::json;
use wechat_pay::channel::wechat::v2::xml;

use crate::support::database::{Engine, Look};
use crate::support::http::Answer;
use crate::support::on_both_engines;
use crate::support::test_app::{TestApp, TestAppBuilder};
use crate::support::wechat_message::{ACKNOWLEDGED, WeChatMessage};

const DOCUMENT: &str = r#"{"merchant_id":12,"product_id":34,"price":"19.90"}"#;

/// toPay with headers.
pub async fn to_pay_with(app: &TestApp, headers: &[(&str, &[u8])]) -> Answer {
    let mut request = app.till.request("POST", "/wxPay/toPay").header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, reqwest::header::HeaderValue::from_bytes(value).unwrap());
    }
    app.till.send(request.body(DOCUMENT)).await
}

/// The address that WeChat was told for an order that was opened with this answer.
async fn told_address(look: &Look, answer: &Answer) -> String {
    let order_id = answer.json()["order_id"].as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned();
    let request = look.value(&order_id, "prepay_request").await.unwrap();
    xml::parse(request.as_bytes()).unwrap().get("spbill_create_ip").unwrap().to_owned()
}

/// Keeps the service from writing, until the other half is run.
fn block(engine: Engine) -> (&'static str, &'static str) {
    match engine {
        Engine::Sqlite => ("BEGIN IMMEDIATE", "ROLLBACK"),
        Engine::MySql => ("LOCK TABLES deal WRITE", "UNLOCK TABLES"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_methods_are_told_which_one_is_right() {
    let app = TestApp::open(Engine::Sqlite).await;
    let posts = [
        "/wxPay/toPay",
        "/wxPay/queryOrder",
        "/wxPay/wxPay/queryOrder",
        "/wxPay/doCloseOrder",
        "/wxPay/notify",
        "/wxPay/notify/shop2",
        "/wxPay/callback",
        "/wxPay/callback/shop2",
    ];
    for path in posts {
        for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
            let request = app.till.request(method, path).header("content-type", "application/json");
            let answer = app.till.send(request.body(DOCUMENT)).await;
            assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method} {path}");
            if method != "HEAD" {
                answer.refused(405, "METHOD_NOT_ALLOWED", None, method);
            }
        }
    }
    for path in ["/healthz", "/readyz"] {
        let answer = app.till.post(path, "text/plain", "").await;
        answer.refused(405, "METHOD_NOT_ALLOWED", None, path);
        assert_eq!(answer.header("allow"), Some("GET,HEAD"));
        assert_eq!(app.till.get(path).await.status, 200);
    }
    assert_eq!((app.look().await.count().await, app.all_calls()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_paths_are_not_found() {
    let app = TestApp::open(Engine::Sqlite).await;
    let paths = [
        "/wxPay",
        "/wxPay/",
        "/wxpay/topay",
        "/toPay",
        "/wxPay/toPay.htm",
        "/wxPay/toPay/1",
        "//healthz",
        "/healthz/",
        "/wxPay/static/",
        "/wxPay/refunds",
        "/wxPay/notify/a/b",
        "/wxPay/callback/a/b",
        "/wxPay/%00",
        "/static/index.js",
        "/wxPay/..%2f..%2fetc/passwd",
        "/<script>",
        "/metrics",
        "/debug",
    ];
    for path in paths {
        let answer = app.till.post(path, "application/json", DOCUMENT).await;
        answer.refused(404, "NOT_FOUND", None, path);
        assert!(!answer.body.contains("passwd") && !answer.body.contains("script"), "no echo");
        app.till.get(path).await.refused(404, "NOT_FOUND", None, path);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paths_may_be_spelt_as_the_original_let_them_be() {
    let app = TestApp::open(Engine::Sqlite).await;
    for (path, notify) in [
        ("/wxPay/toPay/", "/wxPay/notify/"),
        ("//wxPay/toPay", "/wxPay//callback"),
        ("//wxPay//toPay", "//wxPay/callback.html"),
        ("/wxPay/toPay.html", "/wxPay/notify.html"),
        ("/wxPay/toPay", "//wxPay/notify//default.html"),
    ] {
        let opened = app.till.post(path, "application/json", DOCUMENT).await.json();
        let order_id = opened["order_id"].as_str().unwrap_or_else(|| panic!("{path}: {opened}")).to_owned();
        let message = WeChatMessage::notification(&order_id, 1990).with("transaction_id", &order_id).signed();
        app.till.post(notify, "text/xml", message).await.acknowledged(notify);
        let query = format!("{}?x=//y/", path.replace("toPay", "wxPay//queryOrder"));
        assert_eq!(app.till.post_json(&query, &json!({"order_id": order_id})).await.json()["trade_state"], "SUCCESS", "{query}");
    }
    let elsewhere = app.till.get("/wxPay/toPay/").await;
    assert_eq!((elsewhere.status, elsewhere.header("allow")), (405, Some("POST")));
    let page = app.till.get("/wxPay/events/?order_id=nobody").await;
    page.refused(404, "ORDER_NOT_FOUND", None, "the events too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_has_its_own_request_id() {
    let app = TestApp::open(Engine::Sqlite).await;
    let mut ids = HashSet::new();
    for path in ["/healthz", "/readyz", "/nowhere", "/wxPay/toPay", "/wxPay/notify", "/healthz"] {
        assert!(ids.insert(app.till.get(path).await.header("x-request-id").unwrap().to_owned()), "{path}");
    }
    let with_id = async |id: &str| {
        let answer = app.till.send(app.till.request("GET", "/healthz").header("x-request-id", id)).await;
        answer.header("x-request-id").unwrap().to_owned()
    };
    assert_eq!(with_id("proxy-1.2_3").await, "proxy-1.2_3", "a proxy's plain id is kept");
    for strange in ["", "a b", "<script>", "a\"b", "{}", "\u{e9}", &"x".repeat(65)] {
        let id = with_id(strange).await;
        assert!(id != strange && !id.is_empty() && id.bytes().all(|b| b.is_ascii_hexdigit()), "{strange:?} became {id:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wechat_is_told_the_address_that_the_own_proxy_added() {
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("SERVER__TRUSTED_PROXIES", "127.0.0.0/8,::1,10.0.0.0/8").open().await;
    let look = app.look().await;
    let cases: [(&[u8], &str); 12] = [
        (b"203.0.113.7", "203.0.113.7"),
        (b"6.6.6.6, 203.0.113.7", "203.0.113.7"),
        (b"<script>, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
        (b"2001:db8::7", "2001:db8::7"),
        (b"::ffff:203.0.113.7", "203.0.113.7"),
        (b"203.0.113.7:4711", "203.0.113.7"),
        (b"1.2.3.4, <script>", "127.0.0.1"),
        (b"unknown", "127.0.0.1"),
        (b"]]></spbill_create_ip><total_fee>1</total_fee>", "127.0.0.1"),
        (b"203.0.113.7,", "127.0.0.1"),
        (b"\xe9\xe9", "127.0.0.1"),
        (b"", "127.0.0.1"),
    ];
    for (forwarded, expected) in cases {
        let answer = to_pay_with(&app, &[("x-forwarded-for", forwarded)]).await;
        assert_eq!(told_address(&look, &answer).await, expected, "{}", String::from_utf8_lossy(forwarded));
    }
    let several = to_pay_with(&app, &[("x-forwarded-for", b"6.6.6.6"), ("x-forwarded-for", b"203.0.113.8")]).await;
    assert_eq!(told_address(&look, &several).await, "203.0.113.8");
    let others = to_pay_with(&app, &[("x-real-ip", b"6.6.6.6"), ("forwarded", b"for=6.6.6.6"), ("client-ip", b"6.6.6.6")]).await;
    assert_eq!(told_address(&look, &others).await, "127.0.0.1");

    let other_header = TestAppBuilder::new(Engine::Sqlite).await.set("SERVER__CLIENT_IP_HEADER", "X-Real-IP").open().await;
    let answer = to_pay_with(&other_header, &[("x-real-ip", b"203.0.113.9"), ("x-forwarded-for", b"6.6.6.6")]).await;
    assert_eq!(told_address(&other_header.look().await, &answer).await, "203.0.113.9", "the one that the proxy sends");

    let stranger = TestAppBuilder::new(Engine::Sqlite).await.set("SERVER__TRUSTED_PROXIES", "").open().await;
    let answer = to_pay_with(&stranger, &[("x-forwarded-for", b"203.0.113.7")]).await;
    assert_eq!(told_address(&stranger.look().await, &answer).await, "127.0.0.1", "who is no proxy of ours is not believed");
}

on_both_engines! {
    async fn a_key_is_one_of_1_to_64_printable_characters(engine) {
        let app = TestApp::open(engine).await;
        let look = app.look().await;
        let name = "idempotency-key";
        let too_long = "x".repeat(65);
        let bad: [&[(&str, &[u8])]; 7] = [
            &[(name, b"")], &[(name, too_long.as_bytes())], &[(name, "訂單".as_bytes())], &[(name, b"caf\xe9")], &[(name, b"a\tb")],
            &[(name, b"one"), (name, b"two")], &[(name, b"same"), (name, b"same")],
        ];
        for headers in bad {
            to_pay_with(&app, headers).await.refused(400, "INVALID_PARAMETER", Some("Idempotency-Key"), &format!("{headers:?}"));
        }
        assert_eq!((look.count().await, app.all_calls()), (0, 0));

        let longest = "y".repeat(64);
        let good: [&[u8]; 8] = [b"1", b"cart-7", b"CART-7", b"Cart-7", longest.as_bytes(), b"'; DROP TABLE deal; --", b"a b~!@#$%^&*()", b"%"];
        let mut orders = HashSet::new();
        for key in good {
            let first = to_pay_with(&app, &[(name, key)]).await.json();
            let again = to_pay_with(&app, &[(name, key)]).await.json();
            assert_eq!((&first["code"], &first["order_id"], &first["code_url"]), (&json!(0), &again["order_id"], &again["code_url"]));
            assert!(orders.insert(first["order_id"].to_string()), "{}: another key is another deal", String::from_utf8_lossy(key));
        }
        assert_eq!((look.count().await, app.calls("unifiedorder")), (8, 8));
    }

    async fn without_a_key_each_call_is_a_deal(engine) {
        let app = TestApp::open(engine).await;
        let (first, second) = (app.to_pay("19.90").await, app.to_pay("19.90").await);
        assert_ne!(first.id, second.id);
        assert_ne!(first.code_url, second.code_url);
    }

    async fn a_database_that_is_away_is_said_so_and_nothing_is_lost(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        let (look, asked) = (app.look().await, app.all_calls());
        let (lock, unlock) = block(engine);
        look.run(lock).await;
        let started = Instant::now();
        let message = WeChatMessage::notification(&order.id, 1990).signed();
        let opening = async { (app.try_to_pay("5.00").await, started.elapsed().as_secs_f32()) };
        let notifying = async { (app.notify(message.clone()).await, started.elapsed().as_secs_f32()) };
        let ((opened, opened_in), (notified, notified_in)) = tokio::join!(opening, notifying);
        look.run(unlock).await;
        opened.refused(503, "UNAVAILABLE", None, "toPay");
        assert!(opened.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok_and(|seconds| seconds > 0)));
        notified.not_believed(503, "notify");
        assert!(notified_in < 4.5 && opened_in < 8.0, "answered after {notified_in} s and {opened_in} s");
        assert_eq!(app.calls("unifiedorder"), asked, "no link without a row");

        assert_eq!(app.notify(message).await.body, ACKNOWLEDGED, "WeChat comes again");
        assert_eq!(look.status(&order.id).await, 1);
        app.to_pay("5.00").await;
    }

    async fn a_fault_of_ours_shows_nothing_of_the_inside(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        let look = app.look().await;
        look.run("DROP TABLE deal").await;
        let message = app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await;
        let answers = [app.try_to_pay("1.00").await, app.query(&order.id).await, app.close(&order.id).await, message];
        for answer in answers {
            assert!(answer.status >= 500, "{}", answer.body);
            let body = answer.body.to_lowercase();
            for inside in ["sql", "select", "insert", "table", "deal", "no such", "doesn't exist", "src/", ".rs", "panic", "stack", "127.0.0.1", "/tmp"] {
                assert!(!body.contains(inside), "{inside} in {body}");
            }
        }
        assert_eq!(app.till.get("/healthz").await.status, 200, "the process lives on");
    }
}
