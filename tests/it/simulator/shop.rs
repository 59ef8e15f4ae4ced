//! The demo shop: there while the simulator is WeChat, and nowhere else.

use serde_json::json;

use crate::support::database::Engine;
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

#[tokio::test]
async fn with_real_credentials_there_is_none() {
    let wechat = Stub::start(|_, _| Reply::Body(String::new())).await;
    let app = TestAppBuilder::new(Engine::Sqlite).await.with_wechat_at(wechat.address).open().await;
    for path in ["/", "/shop/shop.css", "/shop/shop.js"] {
        app.till.get(path).await.refused(404, "NOT_FOUND", None, path);
    }
}
