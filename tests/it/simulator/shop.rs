//! The demo shop: there while the simulator is WeChat, and nowhere else.

use std::time::Duration;

use serde_json::json;

use crate::support::database::Engine;
use crate::support::http::Caller;
use crate::support::on_both_engines;
use crate::support::stub::{Reply, Stub};
use crate::support::test_app::{TestApp, TestAppBuilder};

/// The deals that the page lists, in its order: number, state.
fn listed(page: &str) -> Vec<(String, String)> {
    let rows = page.split("<li><a class=\"number\" href=\"/pay/").skip(1);
    let upto = |text: &str, end: &str| text.split(end).next().unwrap().to_owned();
    rows.map(|row| (upto(row, "\""), upto(row.split("<span class=\"state ").nth(1).unwrap(), "\""))).collect()
}

on_both_engines! {
    async fn the_last_deals_are_shown_the_newest_first(engine) {
        let app = TestApp::open(engine).await;
        assert!(listed(&app.till.get("/").await.body).is_empty());
        let mut orders = Vec::new();
        for price in 1..=12 {
            orders.push(app.to_pay(&price.to_string()).await);
        }
        app.payer_pays(&orders[11]).await;
        app.time_passes(300);
        assert_eq!(app.close(&orders[10].id).await.json()["code"], 0);
        let page = app.till.get("/").await.body;
        let states = ["paid", "expired"].into_iter().chain(["unpaid"; 8]);
        let expected: Vec<_> = orders.iter().rev().zip(states).map(|(order, state)| (order.id.clone(), state.to_owned())).collect();
        assert_eq!(listed(&page), expected);
        assert!(page.contains("¥12.00") && page.contains("已支付"), "{page}");
    }
}

#[tokio::test]
async fn what_was_sold_stands_in_the_list() {
    let app = TestApp::open(Engine::Sqlite).await;
    let wish = json!({"merchant_id": 1, "product_id": 1, "price": "9.90", "description": "<b>龙井茶</b>", "reference": "SHOP-7"});
    assert_eq!(app.till.post_json("/wxPay/toPay", &wish).await.json()["code"], 0);
    let page = app.till.get("/").await.body;
    assert!(page.contains("&lt;b&gt;龙井茶&lt;/b&gt; · SHOP-7"), "{page}");
}

#[tokio::test]
async fn it_trusts_nobody_and_speaks_two_languages() {
    let app = TestApp::open(Engine::Sqlite).await;
    let page = app.till.get("/?lang=en").await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(
        (page.status, page.header("x-content-type-options"), page.header("referrer-policy")),
        (200, Some("nosniff"), Some("no-referrer"))
    );
    assert!(page.header("x-request-id").is_some());
    assert!(page.body.contains("lang=\"en\"") && page.body.contains("Demo shop") && !page.body.contains("演示商店"), "{}", page.body);
    assert!(page.body.contains(&format!("http://{}/", app.phone().address)), "where the phone is");
    let chinese = app.till.get("/").await.body;
    assert!(chinese.contains("演示商店") && !chinese.contains("{{") && !chinese.contains("Demo shop"), "{chinese}");
    for (asset, kind) in [("/shop/shop.css", "text/css; charset=utf-8"), ("/shop/shop.js", "text/javascript; charset=utf-8")] {
        let asset = app.till.get(asset).await;
        assert_eq!((asset.status, asset.header("content-type")), (200, Some(kind)));
    }
    app.till.post("/", "application/json", "{}").await.refused(405, "METHOD_NOT_ALLOWED", None, "POST /");
}

/// What the shop's page asks for again and again.
#[tokio::test]
async fn the_list_alone_is_the_list_of_the_page() {
    let app = TestApp::open(Engine::Sqlite).await;
    assert_eq!(app.till.get("/shop/deals").await.body, "");
    let orders = [app.to_pay("1").await, app.to_pay("2").await];
    app.payer_pays(&orders[0]).await;
    for language in ["zh", "en"] {
        let list = app.till.get(&format!("/shop/deals?lang={language}")).await;
        assert_eq!((list.status, list.header("cache-control")), (200, Some("no-store")));
        assert!(app.till.get(&format!("/?lang={language}")).await.body.contains(&list.body), "{}", list.body);
        // The phone is offered for what can be paid.
        let phones: Vec<_> = list.body.split("class=\"phone\" href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(phones, [format!("http://{}/?order={}", app.phone().address, orders[1].id)]);
    }
}

#[tokio::test]
async fn with_real_credentials_there_is_none() {
    let wechat = Stub::start(|_, _| Reply::Body(String::new())).await;
    let app = TestAppBuilder::new(Engine::Sqlite).await.with_wechat_at(wechat.address).open().await;
    for path in ["/", "/shop/shop.css", "/shop/shop.js", "/shop/deals"] {
        app.till.get(path).await.refused(404, "NOT_FOUND", None, path);
    }
}

/// The shop's list once it has this.
async fn shows(app: &TestApp, path: &str, words: &str) {
    for _ in 0..300 {
        if app.till.get(path).await.body.contains(words) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{words:?} is not in {}", app.till.get(path).await.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_own_back_end_is_told_of_payments_and_of_nothing_that_is_not_signed() {
    let app = TestAppBuilder::new(Engine::Sqlite).await.demonstrate().await;
    let (order, forged) = (app.to_pay("19.90").await, app.to_pay("9.90").await);
    app.payer_pays(&order).await;
    shows(&app, "/", "<span class=\"told\">店铺已收到通知 12:00:00</span>").await;
    shows(&app, "/?lang=en", "<span class=\"told\">the shop was told 12:00:00</span>").await;
    let endpoint = app.gateway().endpoints()[0].clone();
    assert_eq!((endpoint.name.as_str(), endpoint.url.host_str()), ("demo-shop", Some("127.0.0.1")));
    let body =
        json!({"type": "deal.paid", "timestamp": "2026-04-01T12:00:00+08:00", "data": {"deal": {"order_id": forged.id}}}).to_string();
    let back_end = Caller::new(endpoint.url.socket_addrs(|| None).unwrap()[0]);
    let post = |signature: String| {
        let request = back_end.request("POST", "/events").header("content-type", "application/json").header("webhook-id", "evt_1");
        back_end.send(request.header("webhook-timestamp", "1775016000").header("webhook-signature", signature).body(body.clone()))
    };
    assert_eq!(post("v1,AAAA".to_owned()).await.status, 401);
    assert_eq!(back_end.get("/events").await.status, 405);
    assert_eq!(app.till.get("/").await.body.matches("店铺已收到通知").count(), 1, "it believes no stranger");
    assert_eq!(post(endpoint.secrets.sign("evt_1", 1_775_016_000, &body)).await.status, 204);
    assert_eq!(app.till.get("/").await.body.matches("店铺已收到通知").count(), 2);
}

#[tokio::test]
async fn an_endpoint_of_its_name_takes_the_place_of_its_back_end() {
    let stub = Stub::start(|_, _| Reply::Body(String::new())).await;
    let builder = TestAppBuilder::new(Engine::Sqlite).await.set("WEBHOOKS__DEMO-SHOP__URL", format!("http://{}/", stub.address));
    let app = builder.set("WEBHOOKS__DEMO-SHOP__SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").demonstrate().await;
    let [endpoint] = app.gateway().endpoints() else { panic!("one endpoint") };
    assert_eq!(endpoint.url.port(), Some(stub.address.port()));
    let wechat = Stub::start(|_, _| Reply::Body(String::new())).await;
    let real = TestAppBuilder::new(Engine::Sqlite).await.with_wechat_at(wechat.address).demonstrate().await;
    assert!(real.gateway().endpoints().is_empty(), "with real credentials there is no shop");
}
