//! Which callers may open a deal: holders of a key, holders of an offer that the merchant's back end signed, and no other caller.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use wechat_pay::app::Service;
use wechat_pay::auth::Key;
use wechat_pay::chance::Chance;

use crate::support::database::Engine;
use crate::support::http::{Answer, Caller};
use crate::support::on_both_engines;
use crate::support::scripted_wechat::{ScriptedWeChat, right, says};
use crate::support::test_app::{TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

const SECRET: &str = "shop-secret-0123456789abcdef-0123456789";
const FRESH_SECRET: &str = "shop-secret-fedcba9876543210-9876543210";
const FORM: &str = "application/x-www-form-urlencoded";

async fn with_keys(entries: &str) -> TestApp {
    TestAppBuilder::new(Engine::Sqlite).await.set("AUTH__MODE", "api_key").set("AUTH__API_KEYS", entries).open().await
}

/// A key, and its entry for `auth.api_keys`.
pub fn drawn(name: &str) -> (String, String) {
    let (key, hash) = Key::draw(&Chance::System);
    (key, format!("{name}:{hash}"))
}

/// toPay with these Authorization headers.
pub async fn with_headers(till: &Caller, headers: &[&str]) -> Answer {
    let mut request = till.request("POST", "/wxPay/toPay").header("content-type", "application/json");
    for header in headers {
        request = request.header("authorization", *header);
    }
    till.send(request.body(r#"{"merchant_id":12,"product_id":34,"price":"19.90"}"#)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_opens_deals_and_whatever_is_none_is_answered_alike() {
    let (key, entry) = drawn("shop");
    let app = with_keys(&entry).await;
    let hash = entry.split_once(':').unwrap().1;
    let (bearer, of_nobody) = (format!("Bearer {key}"), format!("Bearer wpk_{}", "0".repeat(64)));
    let refused: Vec<Vec<String>> = vec![
        vec![],
        vec![of_nobody.clone()],
        vec![format!("Bearer {}", &key[..67])],
        vec![format!("Bearer {key}0")],
        vec![format!("Bearer {}", key.to_uppercase())],
        vec![format!("Bearer {hash}")],
        vec![format!("Bearer shop:{key}")],
        vec![format!("Basic {key}")],
        vec![key.clone()],
        vec!["Bearer".to_owned()],
        vec!["Bearer ".to_owned()],
        vec![bearer.clone(), bearer.clone()],
        vec![bearer.clone(), of_nobody],
    ];
    let mut bodies = Vec::new();
    for headers in &refused {
        let answer = with_headers(&app.till, &headers.iter().map(String::as_str).collect::<Vec<_>>()).await;
        answer.refused(401, "UNAUTHORIZED", None, &format!("{headers:?}"));
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        bodies.push(answer.body);
    }
    let elsewhere =
        json!({"merchant_id": 12, "product_id": 34, "price": "1", "authorization": bearer, "api_key": key, "access_token": key});
    bodies.push(app.till.post_json("/wxPay/toPay", &elsewhere).await.body);
    bodies.push(app.till.post(&format!("/wxPay/toPay?access_token={key}"), FORM, "merchant_id=12&product_id=34&price=1").await.body);
    bodies.push(app.till.post("/wxPay/toPay", "text/plain", "who asks is looked at before what is asked").await.body);
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "one answer for all: {bodies:?}");
    assert_eq!((app.look().await.count().await, app.all_calls()), (0, 0), "and nothing was done for them");

    for scheme in ["Bearer", "bearer", "BEARER", "Bearer "] {
        let opened = with_headers(&app.till, &[&format!("{scheme} {key}")]).await;
        assert_eq!((opened.status, &opened.json()["code"]), (200, &json!(0)), "{scheme}");
    }
    let form = app.till.request("POST", "/wxPay/toPay").header("authorization", &bearer).header("content-type", FORM);
    let opened = app.till.send(form.body("merchant_id=12&product_id=34&price=19.90")).await.json();
    let order_id = opened["order_id"].as_str().unwrap();
    assert_eq!(app.trade_state(order_id).await, "NOTPAY", "to know an order's number is enough to ask about it");
    app.time_passes(300);
    assert_eq!(app.close(order_id).await.json()["code"], 0, "and to give it up");
    assert_eq!(app.try_to_pay("19.90").await.status, 401);
    for (path, status) in [("/healthz", 200), ("/readyz", 200), (&*format!("/pay/{order_id}"), 200), ("/", 404)] {
        assert_eq!(app.till.get(path).await.status, status, "{path}: the demo shop is for everybody, so it is closed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_replaced_while_callers_still_use_it() {
    let ((old, old_entry), (new, new_entry)) = (drawn("shop-2026"), drawn("shop-2027"));
    let (old, new) = (format!("Bearer {old}"), format!("Bearer {new}"));
    let statuses = async |app: &TestApp| {
        let mut statuses = Vec::new();
        for key in [&old, &new] {
            statuses.push(with_headers(&app.till, &[key]).await.status);
        }
        statuses
    };
    let app = with_keys(&old_entry).await;
    assert_eq!(statuses(&app).await, [200, 401]);
    let both = format!("{old_entry}, {new_entry}");
    let app = TestAppBuilder::on(app.stop().await).set("AUTH__MODE", "api_key").set("AUTH__API_KEYS", both).open().await;
    assert_eq!(statuses(&app).await, [200, 200]);
    let app = TestAppBuilder::on(app.stop().await).set("AUTH__MODE", "api_key").set("AUTH__API_KEYS", new_entry).open().await;
    assert_eq!(statuses(&app).await, [401, 200]);
}

async fn with_secrets(engine: Engine, secrets: &str) -> TestAppBuilder {
    TestAppBuilder::new(engine).await.set("AUTH__MODE", "signed").set("AUTH__SIGNING_SECRETS", secrets)
}

fn shop() -> String {
    format!("shop:{SECRET}")
}

/// What the back end hands to the browser, signed at this time.
pub fn offer_at(seconds: i64, price: &str, nonce: &str, secret: &str) -> Value {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("v1\n12\n34\n{price}\n{seconds}\n{nonce}").as_bytes());
    let signature: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
    json!({"merchant_id": "12", "product_id": "34", "price": price, "timestamp": seconds, "nonce": nonce, "signature": signature})
}

fn offer(app: &TestApp, nonce: &str) -> Value {
    offer_at(app.clock.now().timestamp(), "19.90", nonce, SECRET)
}

/// The browser carries it here.
pub async fn carry(till: &Caller, offer: &Value, key: Option<&str>) -> Answer {
    let request = till.request("POST", "/wxPay/toPay").header("content-type", "application/json");
    let request = if let Some(key) = key { request.header("idempotency-key", key) } else { request };
    till.send(request.body(offer.to_string())).await
}

fn opened(answer: &Answer) -> String {
    assert_eq!((answer.status, &answer.json()["code"]), (200, &json!(0)), "{}", answer.body);
    answer.json()["order_id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_carries_an_offer_and_changes_nothing_in_it() {
    let app = with_secrets(Engine::Sqlite, &shop()).await.open().await;
    let mut bodies = vec![app.try_to_pay("19.90").await.body];
    for (name, value) in [
        ("price", json!("0.01")),
        ("price", json!("19.9")),
        ("product_id", json!("35")),
        ("merchant_id", json!(13)),
        ("timestamp", json!(app.clock.now().timestamp() + 1)),
        ("nonce", json!("another-nonce")),
        ("nonce", json!(12_345_678)),
        ("signature", json!("0".repeat(64))),
        ("signature", json!("")),
        ("signature", Value::Null),
    ] {
        let mut forged = offer(&app, "nonce-0001");
        forged[name] = value.clone();
        let answer = carry(&app.till, &forged, None).await;
        answer.refused(401, "UNAUTHORIZED", None, &format!("{name} {value}"));
        bodies.push(answer.body);
    }
    for name in ["timestamp", "nonce", "signature"] {
        let mut incomplete = offer(&app, "nonce-0001");
        incomplete.as_object_mut().unwrap().remove(name);
        bodies.push(carry(&app.till, &incomplete, None).await.body);
    }
    let stranger = offer_at(app.clock.now().timestamp(), "19.90", "nonce-0001", FRESH_SECRET);
    bodies.push(carry(&app.till, &stranger, None).await.body);
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "one answer for all: {bodies:?}");
    assert_eq!((app.look().await.count().await, app.all_calls()), (0, 0));

    opened(&carry(&app.till, &offer(&app, "nonce-0001"), None).await);
    let form = offer(&app, "nonce-0002");
    let form: Vec<String> =
        form.as_object().unwrap().iter().map(|(name, value)| format!("{name}={}", value.to_string().trim_matches('"'))).collect();
    opened(&app.till.post("/wxPay/toPay", FORM, form.join("&")).await);
    let malformed = offer_at(app.clock.now().timestamp(), "1e3", "nonce-0003", SECRET);
    carry(&app.till, &malformed, None).await.refused(400, "INVALID_PARAMETER", Some("price"), "signed nonsense");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_is_good_for_five_minutes_by_the_service_s_clock() {
    let app = with_secrets(Engine::Sqlite, &shop()).await.open().await;
    let now = app.clock.now().timestamp();
    for (seconds, status) in [(-301, 401), (-300, 200), (300, 200), (301, 401)] {
        let answer = carry(&app.till, &offer_at(now + seconds, "19.90", &format!("nonce{}", seconds + 1000), SECRET), None).await;
        assert_eq!(answer.status, status, "{seconds}: {}", answer.body);
        if status == 401 {
            assert!(answer.refused(401, "UNAUTHORIZED", None, "stale")["detail"].as_str().unwrap().contains("too old"));
        }
    }
    let early = offer(&app, "nonce-early");
    app.time_passes(301);
    assert_eq!(carry(&app.till, &early, None).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_replaced_while_offers_are_under_way() {
    let app = with_secrets(Engine::Sqlite, &format!("old:{SECRET},new:{FRESH_SECRET}")).await.open().await;
    let now = app.clock.now().timestamp();
    opened(&carry(&app.till, &offer_at(now, "19.90", "nonce-of-old", SECRET), None).await);
    opened(&carry(&app.till, &offer_at(now, "19.90", "nonce-of-new", FRESH_SECRET), None).await);
}

on_both_engines! {
    async fn an_offer_opens_one_deal_on_whichever_instance(engine) {
        let builder = with_secrets(engine, &shop()).await;
        let settings = builder.settings();
        let app = builder.open().await;
        let other = Service::start(settings.clone(), app.clock.clone(), Chance::System).await.unwrap();
        let elsewhere = Caller::new(other.address);

        let first = offer(&app, "nonce-0001");
        opened(&carry(&app.till, &first, None).await);
        for till in [&app.till, &elsewhere] {
            for key in [None, Some("a-key-of-its-own")] {
                let told = carry(till, &first, key).await.refused(401, "UNAUTHORIZED", None, "a second time");
                assert_eq!(told["detail"], "this signature has been used");
            }
        }
        let again = offer_at(app.clock.now().timestamp() - 1, "5.00", "nonce-0001", SECRET);
        carry(&elsewhere, &again, None).await.refused(401, "UNAUTHORIZED", None, "the nonce counts, whatever it is signed with");

        let second = offer(&app, "nonce-0002");
        let order = opened(&carry(&app.till, &second, Some("cart-7")).await);
        for till in [&elsewhere, &app.till] {
            assert_eq!(opened(&carry(till, &second, Some("cart-7")).await), order, "who did not hear the answer asks again");
        }
        carry(&elsewhere, &second, None).await.refused(401, "UNAUTHORIZED", None, "without the key it is another attempt");
        let signed_again = offer(&app, "nonce-0003");
        assert_eq!(opened(&carry(&elsewhere, &signed_again, Some("cart-7")).await), order, "a page that was loaded again");

        let third = offer(&app, "nonce-0004");
        let everybody = (0..12).map(|n| carry(if n % 2 == 0 { &app.till } else { &elsewhere }, &third, None));
        let mut statuses: Vec<u16> = futures_util::future::join_all(everybody).await.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!((statuses[0], &statuses[1..]), (200, &[401; 11][..]));
        assert_eq!(app.look().await.count().await, 3);

        other.stop().await;
        let app = TestAppBuilder::on(app.stop().await).set("AUTH__MODE", "signed").set("AUTH__SIGNING_SECRETS", shop()).open().await;
        for used in [first, second, third] {
            carry(&app.till, &used, None).await.refused(401, "UNAUTHORIZED", None, "after a restart");
        }
    }

    async fn a_number_that_wechat_would_not_take_costs_no_offer(engine) {
        let wechat = ScriptedWeChat::new().await;
        let mut taken = 1;
        wechat.answers_by(move |api, request| match (api, taken) {
            ("unifiedorder", 1) => { taken = 0; says(&WeChatMessage::no("INVALID_REQUEST", "201 商户订单号重复")) }
            _ => says(&right(api, request)),
        });
        let builder = with_secrets(engine, &shop()).await.with_wechat_at(wechat.stub.address).set("AUTH__MODE", "signed");
        let app = builder.open().await;
        let first = offer(&app, "nonce-0001");
        let order = opened(&carry(&app.till, &first, Some("cart-7")).await);
        assert_eq!(opened(&carry(&app.till, &first, Some("cart-7")).await), order);
        carry(&app.till, &first, None).await.refused(401, "UNAUTHORIZED", None, "used");
        let look = app.look().await;
        assert_eq!((look.count().await, look.value(&order, "signed_nonce").await.as_deref()), (2, Some("nonce-0001")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_let_in_uses_up_nobody_s_limit() {
    let (key, entry) = drawn("shop");
    let key = format!("Bearer {key}");
    let limited = |builder: TestAppBuilder| builder.set("LIMITS__PER_MERCHANT", 2);
    let app = limited(TestAppBuilder::new(Engine::Sqlite).await.set("AUTH__MODE", "api_key").set("AUTH__API_KEYS", entry)).open().await;
    for (headers, status) in [(&[][..], 401), (&[], 401), (&[], 401), (&[&*key], 200), (&[&*key], 200), (&[&*key], 429), (&[], 401)] {
        assert_eq!(with_headers(&app.till, headers).await.status, status);
    }
    let app = limited(with_secrets(Engine::Sqlite, &shop()).await).open().await;
    let mut forged = offer(&app, "nonce-0000");
    forged["price"] = json!("0.01");
    let offers = ["nonce-0001", "nonce-0002", "nonce-0003"].map(|nonce| offer(&app, nonce));
    for (offer, status) in [(&forged, 401), (&forged, 401), (&offers[0], 200), (&offers[1], 200), (&offers[2], 429), (&forged, 401)] {
        let answer = carry(&app.till, offer, None).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        if status == 429 {
            assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok_and(|seconds| seconds > 0)));
        }
    }
    assert_eq!(app.look().await.count().await, 2);
}
