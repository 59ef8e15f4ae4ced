//! Signed offers of version v2: what else a back end may sign, and a browser must not choose.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use wechat_pay::simulator::{DEFAULT_MERCHANT, Payer};

use crate::checkouts::made::try_checkout;
use crate::front_end::auth::{carry, offer_at};
use crate::support::database::Engine;
use crate::support::test_app::{TestApp, TestAppBuilder};

const SECRET: &str = "shop-secret-0123456789abcdef-0123456789";
const FURTHER: [&str; 7] = ["description", "reference", "return_url", "cancel_url", "trade_type", "openid", "account"];

async fn open() -> TestApp {
    let builder = TestAppBuilder::new(Engine::Sqlite).await.set("AUTH__MODE", "signed");
    builder
        .set("AUTH__SIGNING_SECRETS", format!("shop:{SECRET}"))
        .set("PAGE__RETURN_HOSTS", "shop.example.com")
        .set("WECHAT__TRADE_TYPES", "NATIVE,JSAPI")
        .open()
        .await
}

/// An offer of version v2 with these values beside the seven.
fn offer(app: &TestApp, nonce: &str, further: &Value) -> Value {
    let seconds = app.clock.now().timestamp();
    let mut offer = json!({
        "version": "v2", "merchant_id": "12", "product_id": "34", "price": "19.90", "timestamp": seconds.to_string(), "nonce": nonce,
    });
    let values = FURTHER.map(|name| further[name].as_str().unwrap_or_default());
    for (name, value) in further.as_object().unwrap() {
        offer[name] = value.clone();
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("v2\n12\n34\n19.90\n{seconds}\n{nonce}\n{}", values.join("\n")).as_bytes());
    offer["signature"] = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect::<String>().into();
    offer
}

fn full() -> Value {
    json!({
        "description": "红茶 2 盒", "reference": "A-2026/11 #7", "return_url": "https://shop.example.com/paid?order={order_id}",
        "cancel_url": "https://shop.example.com/cart", "trade_type": "JSAPI", "openid": Payer::First.openid(DEFAULT_MERCHANT.appid), "account": "default",
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_back_end_signed_is_what_is_sold() {
    let app = open().await;
    let told = carry(&app.till, &offer(&app, "nonce-0001", &full()), None).await.json();
    assert_eq!(
        (&told["code"], &told["description"], &told["reference"]),
        (&json!(0), &json!("红茶 2 盒"), &json!("A-2026/11 #7")),
        "{told}"
    );
    assert_eq!((told.get("ignored"), &told["pay_params"]["appId"]), (None, &json!(DEFAULT_MERCHANT.appid)), "{told}");
    let order_id = told["order_id"].as_str().unwrap();
    assert_eq!(
        app.wechat().order(order_id).unwrap().parameter("openid"),
        full()["openid"].as_str(),
        "the payer whom the back end has signed"
    );
    let told = carry(&app.till, &offer(&app, "nonce-0002", &json!({})), None).await.json();
    assert_eq!((&told["code"], told.get("description")), (&json!(0), None), "{told}");
    let unknown = offer(&app, "nonce-0003", &json!({"account": "shop2"}));
    carry(&app.till, &unknown, None).await.refused(400, "INVALID_PARAMETER", Some("account"), "signed, and not there");
    let elsewhere = offer(&app, "nonce-0004", &json!({"return_url": "https://elsewhere.example.com/"}));
    carry(&app.till, &elsewhere, None).await.refused(400, "INVALID_PARAMETER", Some("return_url"), "signed, and not one of the hosts");
    let two_lines = offer(&app, "nonce-0005", &json!({"description": "tea\nA-7"}));
    carry(&app.till, &two_lines, None).await.refused(401, "UNAUTHORIZED", None, "a line end would make two offers one text");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_signed_for_one_way_or_one_payer_makes_no_link_for_everybody() {
    let app = open().await;
    let openid = full()["openid"].clone();
    for (nonce, further, field) in [
        ("nonce-0001", full(), "trade_type"),
        ("nonce-0002", json!({"trade_type": "NATIVE"}), "trade_type"),
        ("nonce-0003", json!({"openid": openid}), "openid"),
    ] {
        let answer = try_checkout(&app.till, None, &offer(&app, nonce, &further)).await;
        answer.refused(400, "INVALID_PARAMETER", Some(field), &further.to_string());
    }
    assert!(app.look().await.texts("SELECT checkout_id FROM checkout").await.is_empty());
    let told = carry(&app.till, &offer(&app, "nonce-0001", &full()), None).await.json();
    assert_eq!(told["code"], 0, "it opens its deal all the same: {told}");

    let mut further = full();
    for name in ["trade_type", "openid"] {
        further.as_object_mut().unwrap().remove(name);
    }
    for (nonce, further) in [("nonce-0004", further), ("nonce-0005", json!({"trade_type": "", "openid": ""}))] {
        let told = try_checkout(&app.till, None, &offer(&app, nonce, &further)).await.json();
        assert_eq!((&told["code"], told.get("reference")), (&json!(0), further.get("reference")), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_changes_adds_and_leaves_out_nothing() {
    let app = open().await;
    for name in FURTHER {
        let (mut changed, mut shorter, mut longer) =
            (offer(&app, "nonce-0001", &full()), offer(&app, "nonce-0001", &full()), offer(&app, "nonce-0001", &json!({})));
        changed[name] = json!("x");
        shorter.as_object_mut().unwrap().remove(name);
        longer[name] = full()[name].clone();
        for forged in [changed, shorter, longer] {
            carry(&app.till, &forged, None).await.refused(401, "UNAUTHORIZED", None, name);
        }
    }
    for version in [json!("v1"), Value::Null] {
        let mut older = offer(&app, "nonce-0001", &json!({}));
        match version {
            Value::Null => _ = older.as_object_mut().unwrap().remove("version"),
            version => older["version"] = version,
        }
        carry(&app.till, &older, None).await.refused(401, "UNAUTHORIZED", None, "signed as v2 and sent as v1");
    }
    assert_eq!((app.look().await.count().await, app.all_calls()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_offer_is_taken_as_before_and_says_nothing_more() {
    let app = open().await;
    let older = |nonce: &str| offer_at(app.clock.now().timestamp(), "19.90", nonce, SECRET);
    for name in FURTHER {
        let mut unsigned = older("nonce-0001");
        unsigned[name] = full()[name].clone();
        carry(&app.till, &unsigned, None).await.refused(400, "INVALID_PARAMETER", Some(name), "the back end has not signed it");
    }
    let mut odd = older("nonce-0001");
    odd["version"] = json!("v3");
    carry(&app.till, &odd, None).await.refused(400, "INVALID_PARAMETER", Some("version"), "a version that there is not");
    assert_eq!(app.look().await.count().await, 0);
    let mut named = older("nonce-0001");
    named["version"] = json!("v1");
    assert_eq!(carry(&app.till, &named, None).await.json()["code"], 0, "its nonce was not used up");
    assert_eq!(carry(&app.till, &older("nonce-0002"), None).await.json()["code"], 0);
}
