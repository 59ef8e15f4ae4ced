//! The books as a merchant's back end reads them over HTTP.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::rows::{Row, insert, insert_many};
use crate::front_end::keys::with_keys;
use crate::refunds::api::{paid, refund};
use crate::support::database::Engine;
use crate::support::description::Description;
use crate::support::http::Answer;
use crate::support::on_both_engines;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::telling::told::outbox;

async fn get(app: &TestApp, key: Option<&str>, path: &str) -> Answer {
    let request = app.till.request("GET", path);
    app.till.send(if let Some(key) = key { request.header("authorization", format!("Bearer {key}")) } else { request }).await
}

async fn told(app: &TestApp, path: &str) -> Value {
    let answer = get(app, None, path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}

fn numbers(told: &Value) -> Vec<&str> {
    told["deals"].as_array().unwrap().iter().map(|deal| deal["order_id"].as_str().unwrap()).collect()
}

on_both_engines! {
    async fn a_purchase_and_its_refund_stand_in_the_books(engine) {
        let app = TestApp::open(engine).await;
        let mut description = Description::new(app.till.get("/openapi.json").await.json());
        let order = paid(&app).await;
        app.time_passes(60);
        let unpaid = app.to_pay("0.29").await;
        refund(&app, &order, "once", json!({"refund": "5"})).await;
        app.time_passes(60);
        crate::refunds::api::query_refund(&app, json!({"order_id": order.id})).await;

        let listed = description.holds("get", "/wxPay/deals", &get(&app, None, "/wxPay/deals").await);
        assert_eq!((numbers(&listed), &listed["next"]), (vec![&*unpaid.id, &*order.id], &Value::Null));
        let deal = &listed["deals"][1];
        description.fits("ToldDeal", deal);
        assert_eq!(["price", "status", "paid_at", "refunded"].map(|field| deal[field].as_str().unwrap()), ["19.90", "PAID", "2026-04-01T12:00:00+08:00", "5.00"]);
        let first = told(&app, "/wxPay/deals?limit=1&from=2026-04-01&to=2026-04-01").await;
        let next = first["next"].as_str().unwrap();
        let second = told(&app, &format!("/wxPay/deals?limit=1&after={next}")).await;
        assert_eq!((numbers(&first), numbers(&second), &second["next"]), (vec![&*unpaid.id], vec![&*order.id], &Value::Null));
        assert_eq!(numbers(&told(&app, "/wxPay/deals?by=paid").await), [&order.id]);
        let transaction = deal["transaction_id"].as_str().unwrap();
        assert_eq!(numbers(&told(&app, &format!("/wxPay/deals?transaction_id={transaction}")).await), [&order.id]);
        assert_eq!(numbers(&told(&app, "/wxPay/deals?to=2026-03-31").await), Vec::<&str>::new());
        for plus in ["+", "%2B", "%20"] {
            let range = format!("from=2026-04-01T12:01:00{plus}08:00&to=2026-04-01T12:02:00{plus}08:00");
            assert_eq!(numbers(&told(&app, &format!("/wxPay/deals?{range}")).await), [&unpaid.id], "{plus}");
        }

        let takings = description.holds("get", "/wxPay/takings", &get(&app, None, "/wxPay/takings").await);
        let sums = json!({"paid_count": 1, "paid_fee": 1990, "refunded_count": 1, "refunded_fee": 500, "net_fee": 1490, "paid": "19.90", "refunded": "5.00", "net": "14.90"});
        let mut of_the_day = sums.clone();
        of_the_day["key"] = json!("2026-04-01");
        assert_eq!(takings, json!({"takings": [of_the_day], "total": sums}));
        assert_eq!(told(&app, "/wxPay/takings?from=2026-03-31&by=seller").await["takings"][0]["key"], "12");
    }

    async fn one_deal_is_told_with_its_story_its_refunds_and_its_deliveries(engine) {
        let app = TestApp::open(engine).await;
        let mut description = Description::new(app.till.get("/openapi.json").await.json());
        let (order, other) = (paid(&app).await, paid(&app).await);
        refund(&app, &order, "once", json!({"refund": "5"})).await;
        let events = outbox(app.gateway()).await;
        let told_of = |order: &Order| events.iter().find(|event| event.data.contains(&order.id)).unwrap();
        let (event, of_other) = (told_of(&order), told_of(&other));
        app.look().await.run(&format!(
            "INSERT INTO webhook_delivery (endpoint, position, order_id, tries, due_at, created_at, tried_at, delivered_at, status, answer) VALUES \
             ('shop', {0}, '{1}', 2, NULL, '2026-04-01 12:00:00', '2026-04-01 12:00:05', '2026-04-01 12:00:05', 204, NULL), \
             ('till', {0}, '{1}', 1, '2026-04-01 12:01:00', '2026-04-01 12:00:00', '2026-04-01 12:00:01', NULL, 500, '坏了'), \
             ('shop', {2}, '{3}', 0, '2026-04-01 12:01:00', '2026-04-01 12:00:00', NULL, NULL, NULL, NULL)",
            event.position, order.id, of_other.position, other.id
        ))
        .await;
        let path = format!("/wxPay/deals/{}", order.id);
        let whole = description.holds("get", "/wxPay/deals/{order_id}", &get(&app, None, &path).await);
        let kinds: Vec<_> = whole["story"].as_array().unwrap().iter().map(|line| (line["kind"].as_str().unwrap(), line["source"].as_str().unwrap())).collect();
        assert_eq!(kinds, [("opened", "front_end"), ("link_given", "front_end"), ("settled", "notification"), ("refund_requested", "front_end"), ("refund_accepted", "front_end")]);
        assert!(whole["story"][2]["sentence"].as_str().unwrap().starts_with("微信签名的支付结果已入账"), "{whole}");
        whole["story"].as_array().unwrap().iter().for_each(|line| description.fits("ToldLine", line));
        assert!(whole["outlook"].as_str().unwrap().starts_with("已支付"), "{whole}");
        assert_eq!((&whole["status"], &whole["refunds"][0]["refund"]), (&json!("PAID"), &json!("5.00")));
        assert_eq!(whole["deliveries"], json!([
            {"endpoint": "shop", "event_id": event.event_id.to_string(), "type": "deal.paid", "tries": 2, "state": "DELIVERED",
                "tried_at": "2026-04-01T12:00:05+08:00", "status": 204, "due_at": null, "answer": null},
            {"endpoint": "till", "event_id": event.event_id.to_string(), "type": "deal.paid", "tries": 1, "state": "WAITING",
                "tried_at": "2026-04-01T12:00:01+08:00", "status": 500, "due_at": "2026-04-01T12:01:00+08:00", "answer": "坏了"},
        ]));
        let english = app.till.send(app.till.request("GET", &path).header("accept-language", "en")).await.json();
        assert!(english["story"][2]["sentence"].as_str().unwrap().starts_with("WeChat's signed word was stored: paid"), "{english}");
        for secret in ["openid", "<xml>", "sign"] {
            assert!(!whole.to_string().contains(secret), "{secret}: {whole}");
        }
        let in_english = get(&app, None, &format!("{path}?lang=en")).await.json();
        assert_eq!(in_english["story"], english["story"]);
        for (path, status, reason, field) in [
            ("/wxPay/deals/nobody", 404, "ORDER_NOT_FOUND", None),
            ("/wxPay/deals/%3C", 400, "INVALID_PARAMETER", Some("order_id")),
            ("/wxPay/deals/%00", 400, "INVALID_PARAMETER", Some("order_id")),
            ("/wxPay/deals/%FF", 400, "INVALID_PARAMETER", Some("order_id")),
            ("/wxPay/deals/nobody?limit=1", 400, "INVALID_PARAMETER", Some("limit")),
        ] {
            let answer = get(&app, None, path).await;
            description.holds("get", "/wxPay/deals/{order_id}", &answer);
            answer.refused(status, reason, field, path);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_scope_read_sees_what_is_within_its_reach() {
    let keys = [
        ("TILL", &[("SCOPES", "pay")][..]),
        ("BOOKS", &[("SCOPES", "read")][..]),
        ("SHOP", &[("SCOPES", "read"), ("SELLERS", "13")][..]),
        ("BRANCH", &[("SCOPES", "read"), ("ACCOUNTS", "default")][..]),
    ];
    let (app, [till, books, shop, branch]) = with_keys(Engine::Sqlite, "api_key", keys).await;
    let noon = "2026-04-01 12:00:00";
    let rows = [
        Row::unpaid("a1", noon).paid(noon),
        Row::unpaid("a2", noon).of(13, "default").paid(noon),
        Row::unpaid("a3", noon).of(14, "shop2").paid(noon),
    ];
    insert(&app.look().await, &rows).await;
    let paths = [
        "/wxPay/deals",
        "/wxPay/deals/a2",
        "/wxPay/takings",
        "/wxPay/deals?format=csv",
        "/wxPay/deals?limit=0",
        "/wxPay/deals?by=paid&by=paid",
        "/wxPay/deals/%00",
        "/wxPay/takings?by=hour",
        "/wxPay/changes?limit=0",
        "/wxPay/changes?wait=1&wait=1",
    ];
    for path in paths {
        get(&app, None, path).await.refused(401, "UNAUTHORIZED", None, path);
        get(&app, Some(&till), path).await.refused(403, "FORBIDDEN", None, path);
    }
    for (key, seen, takings) in [(&books, "a3 a2 a1", 3), (&shop, "a2", 1), (&branch, "a2 a1", 2)] {
        assert_eq!(numbers(&get(&app, Some(key), "/wxPay/deals").await.json()).join(" "), seen);
        assert_eq!(get(&app, Some(key), "/wxPay/takings").await.json()["total"]["paid_count"], takings);
        let csv = get(&app, Some(key), "/wxPay/deals?format=csv").await.body;
        assert_eq!(csv.lines().skip(1).map(|line| &line[..2]).collect::<Vec<_>>().join(" "), seen);
        for number in ["a1", "a2", "a3"] {
            let status = get(&app, Some(key), &format!("/wxPay/deals/{number}")).await.status;
            assert_eq!(status, if seen.contains(number) { 200 } else { 404 }, "{number} {seen}");
        }
    }
    assert_eq!(numbers(&get(&app, Some(&shop), "/wxPay/deals?merchant_id=12").await.json()), Vec::<&str>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_with_limits_is_not_told_what_an_endpoint_answered() {
    let keys = [("BOOKS", &[("SCOPES", "pay,read")][..]), ("SHOP", &[("SCOPES", "read"), ("SELLERS", "12")][..])];
    let (app, [books, shop]) = with_keys(Engine::Sqlite, "api_key", keys).await;
    let look = app.look().await;
    insert(&look, &[Row::unpaid("a1", "2026-04-01 12:00:00")]).await;
    look.run(
        "INSERT INTO outbox (position, event_id, type, order_id, data, at) VALUES \
         (1, 'evt_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'deal.expired', 'a1', '{}', '2026-04-01 12:00:00'); \
         INSERT INTO webhook_delivery (endpoint, position, order_id, tries, due_at, created_at, tried_at, delivered_at, status, answer) VALUES \
         ('till', 1, 'a1', 1, '2026-04-01 12:01:00', '2026-04-01 12:00:00', '2026-04-01 12:00:01', NULL, 500, 'no room for order b7 of seller 13')",
    )
    .await;
    for (key, answered) in [(&books, json!("no room for order b7 of seller 13")), (&shop, json!(null))] {
        let delivery = get(&app, Some(key), "/wxPay/deals/a1").await.json()["deliveries"][0].clone();
        assert_eq!((&delivery["endpoint"], &delivery["status"], &delivery["answer"]), (&json!("till"), &json!(500), &answered));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_refused_by_its_name() {
    let app = TestApp::open(Engine::Sqlite).await;
    let mut description = Description::new(app.till.get("/openapi.json").await.json());
    for (query, field) in [
        ("from=yesterday", "from"),
        ("to=2026-02-30", "to"),
        ("from=2026-04-02&to=2026-04-01", "from"),
        ("from=2026-04-01T12:00:01Z&to=2026-04-01T12:00:00Z", "from"),
        ("by=price", "by"),
        ("by=paid&status=UNPAID", "status"),
        ("status=paid", "status"),
        ("merchant_id=0", "merchant_id"),
        ("merchant_id=2147483648", "merchant_id"),
        ("merchant_id=a", "merchant_id"),
        ("account=Shop", "account"),
        ("transaction_id=", "transaction_id"),
        ("order_id=%3C", "order_id"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=%2B1", "limit"),
        ("after=x", "after"),
        ("after=Ojo6Ojo6Ojo6Ojo6Ojo6Ojo6OiA1", "after"),
        ("format=xls", "format"),
        ("format=csv&limit=5", "limit"),
        ("seller=12", "seller"),
        ("from=", "from"),
        ("from=%B2", "from"),
    ] {
        let answer = get(&app, None, &format!("/wxPay/deals?{query}")).await;
        description.holds("get", "/wxPay/deals", &answer);
        answer.refused(400, "INVALID_PARAMETER", Some(field), query);
    }
    for (query, field) in [
        ("from=2026-04-02&to=2026-04-01", "from"),
        ("from=2025-03-31&to=2026-04-01", "from"),
        ("to=today", "to"),
        ("by=hour", "by"),
        ("day=2026-04-01", "day"),
    ] {
        let answer = get(&app, None, &format!("/wxPay/takings?{query}")).await;
        description.holds("get", "/wxPay/takings", &answer);
        answer.refused(400, "INVALID_PARAMETER", Some(field), query);
    }
    assert_eq!(get(&app, None, "/wxPay/takings?from=2025-04-01&to=2026-04-01").await.json()["takings"].as_array().unwrap().len(), 366);
    for accepted in ["after=", "account=nobody", "from=2026-04-01&to=2026-04-01", "by=paid&status=PAID"] {
        assert_eq!(told(&app, &format!("/wxPay/deals?{accepted}")).await, json!({"deals": [], "next": null}), "{accepted}");
    }
    get(&app, None, "/wxPay/deals?limit=1&limit=2").await.refused(400, "INVALID_PARAMETER", None, "twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_asks_for_many_reports_keeps_no_other_waiting() {
    let keys = [("BOOKS", &[("SCOPES", "pay,read")][..]), ("SHOP", &[("SCOPES", "read"), ("SELLERS", "12")][..])];
    let (app, [books, shop]) = with_keys(Engine::Sqlite, "api_key", keys).await;
    insert_many(&app.look().await, 1, 60_000, 1).await;
    let mut unread = Vec::new();
    for _ in 0..2 {
        let request = app.till.request("GET", "/wxPay/deals?format=csv").header("authorization", format!("Bearer {shop}"));
        unread.push(request.send().await.unwrap());
    }
    for path in ["/wxPay/deals?format=csv&to=2026-04-01T00:10:00%2B08:00", "/wxPay/takings"] {
        get(&app, Some(&shop), path).await.refused(503, "UNAVAILABLE", None, path);
        assert_eq!(get(&app, Some(&books), path).await.status, 200, "{path}");
    }
    assert!(unread.iter().all(|answer| answer.status() == 200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn takings_of_too_many_sellers_are_refused_whatever_the_days() {
    let app = TestApp::open(Engine::Sqlite).await;
    let look = app.look().await;
    insert_many(&look, 1, 10_001, 1).await;
    look.run("UPDATE deal SET merchant_id = id").await;
    let day = "/wxPay/takings?from=2026-04-01&to=2026-04-01";
    let answer = get(&app, None, &format!("{day}&by=seller")).await;
    answer.refused(400, "INVALID_PARAMETER", Some("by"), "one seller too many");
    assert!(answer.json()["detail"].as_str().unwrap().contains("sum up by day"), "{}", answer.body);
    assert_eq!(told(&app, day).await["total"]["paid_count"], 10_001);
}

on_both_engines! {
    async fn the_csv_is_what_a_spreadsheet_reads(engine) {
        let app = TestApp::open(engine).await;
        let mut description = Description::new(app.till.get("/openapi.json").await.json());
        for (description, reference) in [("=HYPERLINK(\"http://x\",\"点我\")", "007"), ("红茶, 2 盒", "A-7")] {
            let wish = json!({"merchant_id": 12, "product_id": 34, "price": "19.90", "description": description, "reference": reference});
            assert_eq!(app.till.post_json("/wxPay/toPay", &wish).await.json()["code"], 0);
            app.time_passes(1);
        }
        let answer = get(&app, None, "/wxPay/deals?format=csv").await;
        description.holds("get", "/wxPay/deals", &answer);
        assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
        assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"deals.csv\""));
        let lines: Vec<_> = answer.body.split("\r\n").collect();
        assert!(lines.len() == 4 && lines[0].starts_with("\u{feff}订单号 order_id,商户编号 merchant_id,") && lines[3].is_empty(), "{lines:?}");
        let (latest, first) = (lines[1].split_once('\t').unwrap(), lines[2].split_once('\t').unwrap());
        assert!([latest.0, first.0].iter().all(|number| number.len() == 32 && number.bytes().all(|b| b.is_ascii_digit())), "texts, and not 2.02604E+31");
        assert_eq!(latest.1, ",12,34,19.90,1990,UNPAID,,,2026-04-01 12:00:01,2026-04-01 14:00:01,default,NATIVE,\"红茶, 2 盒\t\",A-7\t,0.00");
        assert_eq!(first.1, ",12,34,19.90,1990,UNPAID,,,2026-04-01 12:00:00,2026-04-01 14:00:00,default,NATIVE,\"'=HYPERLINK(\"\"http://x\"\",\"\"点我\"\")\",007\t,0.00");
    }

    async fn the_csv_says_how_each_deal_is_paid(engine) {
        let app = TestAppBuilder::new(engine).await.set("WECHAT__TRADE_TYPES", "NATIVE,APP").open().await;
        for trade_type in ["NATIVE", "APP"] {
            let wish = json!({"merchant_id": 12, "product_id": 34, "price": "19.90", "trade_type": trade_type});
            assert_eq!(app.till.post_json("/wxPay/toPay", &wish).await.json()["code"], 0);
            app.time_passes(1);
        }
        let csv = get(&app, None, "/wxPay/deals?format=csv").await.body;
        let ways: Vec<_> = csv.lines().skip(1).map(|line| line.split(',').nth(11).unwrap()).collect();
        assert_eq!(ways, ["APP", "NATIVE"], "{csv}");
    }

    async fn a_csv_has_all_deals_and_ends_with_its_client(engine) {
        let app = TestApp::open(engine).await;
        insert_many(&app.look().await, 1, 60_000, 1).await;
        let whole = get(&app, None, "/wxPay/deals?format=csv&to=2026-04-01T03:00:00%2B08:00").await;
        assert_eq!((whole.status, whole.body.lines().count()), (200, 1 + 10_799));
        let mut clients = Vec::new();
        for _ in 0..2 {
            // Each takes the head and then nothing more: megabytes wait for it.
            clients.push(app.till.request("GET", "/wxPay/deals?format=csv").send().await.unwrap());
        }
        get(&app, None, "/wxPay/deals?format=csv").await.refused(503, "UNAVAILABLE", None, "a demonstration's callers count as one");
        assert_eq!(get(&app, None, "/wxPay/deals?limit=5").await.status, 200, "others are answered meanwhile");
        drop(clients);
        for tries in 0.. {
            match get(&app, None, "/wxPay/takings").await.status {
                200 => break,
                status => assert!(tries < 50, "{status}: a client that has gone still has its place"),
            }
            sleep(Duration::from_millis(100)).await;
        }
    }
}
