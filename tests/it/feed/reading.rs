//! The feed, read at once: pages, cursors, and what a key may see.

use serde_json::json;
use wechat_pay::deal::Announcement;

use super::told::{announced, beside, next, orders, publish, read, read_with, tell};
use crate::front_end::keys::with_keys;
use crate::support::database::Engine;
use crate::support::on_both_engines;
use crate::support::test_app::{Order, TestApp};

on_both_engines! {
    async fn everything_is_told_once_in_its_order_page_by_page(engine) {
        let app = TestApp::open(engine).await;
        let store = beside(&app).await;
        let first = read(&app, "").await;
        assert_eq!(first.json(), json!({"changes": [], "next": "0"}), "nothing has happened");
        let opened = app.to_pay_at_once(5).await;
        let paid: Vec<_> = opened.iter().map(|order| order.id.as_str()).collect();
        tell(&app, &store, &paid).await;
        let (mut told, mut cursor) = (Vec::new(), next(&first));
        for expected in [2, 2, 1, 0] {
            let page = read(&app, &format!("after={cursor}&limit=2")).await;
            assert_eq!(page.json().get("pruned"), None);
            let page_orders = orders(&page);
            assert_eq!(page_orders.len(), expected);
            told.extend(page_orders);
            cursor = next(&page);
        }
        assert_eq!(told, paid);
        assert_eq!(next(&read(&app, &format!("after={cursor}")).await), cursor, "the cursor stays");
        let again = read(&app, "after=").await;
        assert_eq!(orders(&again), paid, "an empty cursor is the beginning");
        store.record(announced(&app, paid[0], vec![Announcement::DealPaid { late: false }])).await.unwrap();
        publish(&app).await;
        let change = read(&app, &format!("after={cursor}")).await.json()["changes"][0].clone();
        assert!(change["id"].as_str().unwrap().starts_with("evt_"), "{change}");
        assert_eq!((&change["type"], &change["data"]["late"]), (&json!("deal.paid"), &json!(false)));
        assert_eq!((&change["timestamp"], &change["data"]["deal"]["order_id"]), (&json!("2026-04-01T12:00:00+08:00"), &json!(paid[0])));
    }

    async fn a_cursor_of_another_database_is_refused(engine) {
        let app = TestApp::open(engine).await;
        tell(&app, &beside(&app).await, &["o1"]).await;
        for wait in ["", "&wait=1"] {
            assert_eq!(read(&app, &format!("after=1{wait}")).await.json(), json!({"changes": [], "next": "1"}));
            let answer = read(&app, &format!("after=2{wait}")).await;
            answer.refused(400, "INVALID_PARAMETER", Some("after"), "waiting there would look like silence");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_asked_is_refused_by_its_field() {
    let app = TestApp::open(Engine::Sqlite).await;
    for (query, field) in [
        ("after=-1", "after"),
        ("after=07", "after"),
        ("after=x", "after"),
        ("after=99999999999999999999", "after"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=", "limit"),
        ("limit=%2B5", "limit"),
        ("wait=31", "wait"),
        ("wait=-1", "wait"),
        ("wait=1.5", "wait"),
        ("since=7", "since"),
    ] {
        read(&app, query).await.refused(400, "INVALID_PARAMETER", Some(field), query);
    }
    read(&app, "wait=1&wait=2").await.refused(400, "INVALID_PARAMETER", None, "two waits");
    assert_eq!(read(&app, "limit=500&wait=0&after=").await.status, 200);
    let posted = app.till.post_json("/wxPay/changes", &json!({})).await;
    posted.refused(405, "METHOD_NOT_ALLOWED", None, "it is read");
}

async fn opened_for(app: &TestApp, seller: i64) -> Order {
    let told = app.till.post_json("/wxPay/toPay", &json!({"merchant_id": seller, "product_id": 1, "price": 1})).await.json();
    Order { id: told["order_id"].as_str().unwrap().to_owned(), code_url: String::new() }
}

on_both_engines! {
    async fn a_key_is_told_of_its_sellers_orders_and_its_cursor_moves_on_behind_others(engine) {
        let keys = [
            ("ALL", &[("SCOPES", "read")][..]),
            ("SHOP", &[("SCOPES", "read"), ("SELLERS", "12")][..]),
            ("BOOKS", &[("SCOPES", "read"), ("ACCOUNTS", "default")][..]),
            ("TILL", &[("SCOPES", "pay,refund")][..]),
        ];
        let (app, [all, shop, books, till]) = with_keys(engine, "open", keys).await;
        let (mine, others) = (opened_for(&app, 12).await, opened_for(&app, 13).await);
        let store = beside(&app).await;
        tell(&app, &store, &[&others.id, &mine.id, &others.id, "nobody-s"]).await;
        app.look().await.run("UPDATE outbox SET account = 'shop2' WHERE position = 2").await;

        for wait in ["", "&wait=1"] {
            assert_eq!(read_with(&app, &all, wait).await.json()["changes"].as_array().unwrap().len(), 4);
            let told = read_with(&app, &shop, &format!("limit=1{wait}")).await;
            assert_eq!((orders(&told), next(&told).as_str()), (vec![mine.id.clone()], "2"));
            let told = read_with(&app, &shop, &format!("after=2{wait}")).await;
            assert_eq!(told.json(), json!({"changes": [], "next": "4"}), "the order that nobody knows is not told of");
            let told = read_with(&app, &books, wait).await;
            assert_eq!((orders(&told), next(&told).as_str()), (vec![others.id.clone(); 2], "4"), "the other one goes through another account");
        }
        read_with(&app, &till, "").await.refused(403, "FORBIDDEN", None, "no scope read");
        let locked = with_keys(engine, "api_key", [("ALL", &[("SCOPES", "pay,read")][..])]).await.0;
        read(&locked, "").await.refused(401, "UNAUTHORIZED", None, "no key");
        read_with(&locked, &all, "wait=5").await.refused(401, "UNAUTHORIZED", None, "another service's key");
    }
}
