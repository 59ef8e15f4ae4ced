//! The simulator's page and what it lives on: the control calls, and the log of what was said about each order.

use serde_json::{Value, json};
use wechat_pay::simulator::DEFAULT_MERCHANT;

use crate::support::database::Engine;
use crate::support::test_app::{Order, TestApp};

async fn app() -> (TestApp, Order) {
    let app = TestApp::open(Engine::Sqlite).await;
    let order = app.to_pay("19.90").await;
    (app, order)
}

async fn act(app: &TestApp, order: &Order, act: &str) -> u16 {
    app.phone().post_json(&format!("/_sim/orders/{}/{act}", order.id), &json!({})).await.status
}

async fn messages(app: &TestApp, order_id: &str) -> Vec<Value> {
    let answer = app.phone().get(&format!("/_sim/orders/{order_id}/messages")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json().as_array().unwrap().clone()
}

/// What, what was said, which fault.
fn gist(message: &Value) -> (&str, Option<&str>, Option<&str>) {
    (message["what"].as_str().unwrap(), message["says"].as_str(), message["fault"].as_str())
}

#[tokio::test]
async fn a_lost_notification_reads_as_a_story() {
    let (app, order) = app().await;
    assert_eq!(app.phone().send(app.phone().request("PUT", "/_sim/faults").body(r#"{"notify":"lost"}"#)).await.status, 200);
    assert_eq!(app.trade_state(&order.id).await, "NOTPAY");
    assert_eq!(act(&app, &order, "pay").await, 200);
    app.time_passes(6);
    app.sweep().await;
    let story = messages(&app, &order.id).await;
    let told: Vec<_> = story.iter().map(gist).collect();
    let expected = [
        ("unifiedorder", Some("SUCCESS"), None),
        ("orderquery", Some("NOTPAY"), None),
        ("pay", None, None),
        ("notification", None, Some("lost")),
        ("orderquery", Some("SUCCESS"), None),
    ];
    assert_eq!(told, expected);
    let (asked, said) = (story[0]["request"].as_str().unwrap(), story[0]["answer"].as_str().unwrap());
    assert!(asked.starts_with("<xml>") && asked.contains("<total_fee>1990</total_fee>") && asked.contains("<sign>"), "{asked}");
    assert!(said.contains(&order.code_url), "{said}");
    let everything = Value::from(story).to_string();
    assert!(!everything.contains(DEFAULT_MERCHANT.api_key));
}

#[tokio::test]
async fn a_notification_shows_its_answer_and_when_it_comes_again() {
    let (app, order) = app().await;
    app.phone().send(app.phone().request("PUT", "/_sim/faults").body(r#"{"notify":"forged"}"#)).await;
    act(&app, &order, "pay").await;
    app.notified(&order, 1).await;
    let known = app.phone().get("/_sim/orders?limit=1").await.json();
    assert_eq!(known[0]["next_attempt_at"], "2026-04-01T12:00:15+08:00");
    let story = messages(&app, &order.id).await;
    let forged = story.last().unwrap();
    assert_eq!(
        (gist(forged), forged["status"].as_u64(), forged["acknowledged"].as_bool()),
        (("notification", None, Some("forged")), Some(401), Some(false))
    );
    assert_eq!(forged["next_at"], "2026-04-01T12:00:15+08:00");
    assert!(forged["answer"].as_str().unwrap().contains("FAIL"), "{forged}");
    app.phone().send(app.phone().request("PUT", "/_sim/faults").body(r#"{"notify":"normal"}"#)).await;
    app.time_passes(15);
    app.notified(&order, 2).await;
    let story = messages(&app, &order.id).await;
    assert_eq!((story.last().unwrap()["acknowledged"].as_bool(), story.last().unwrap().get("next_at")), (Some(true), None));
    assert_eq!(app.phone().get("/_sim/orders").await.json()[0]["next_attempt_at"], Value::Null);
}

#[tokio::test]
async fn faults_of_calls_say_whether_wechat_did_it() {
    for (name, carried_out, says) in [("drop_reply", true, Some("NOTPAY")), ("reset", false, None), ("html", false, Some("HTML"))] {
        let (app, order) = app().await;
        app.phone().send(app.phone().request("PUT", "/_sim/faults").body(json!({name: 1.0}).to_string())).await;
        assert_eq!(app.query(&order.id).await.status, 502, "{name}");
        let story = messages(&app, &order.id).await;
        let last = story.last().unwrap();
        assert_eq!((gist(last), last["carried_out"].as_bool()), (("orderquery", says, Some(name)), Some(carried_out)));
    }
}

#[tokio::test]
async fn the_payer_scans_hesitates_and_pays() {
    let (app, order) = app().await;
    app.to_pay("5").await;
    let seen = app.phone().get(&format!("/_sim/orders?code_url={}", order.code_url.replace('?', "%3F").replace('=', "%3D"))).await.json();
    assert_eq!((seen.as_array().unwrap().len(), &seen[0]["out_trade_no"], &seen[0]["mch_id"]), (1, &json!(order.id), &json!("1900000001")));
    assert_eq!(app.phone().get("/_sim/orders?limit=1").await.json().as_array().unwrap().len(), 1);
    for (did, state) in [("enter-password", "USERPAYING"), ("walk-away", "NOTPAY"), ("fail", "PAYERROR"), ("pay", "SUCCESS")] {
        assert_eq!(act(&app, &order, did).await, 200, "{did}");
        assert_eq!(app.wechat().order(&order.id).unwrap().trade_state.as_str(), state);
    }
    assert_eq!(act(&app, &order, "walk-away").await, 409, "who has paid has paid");
    app.notified(&order, 1).await;
    let told: Vec<_> = messages(&app, &order.id).await.iter().map(|message| message["what"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told, ["unifiedorder", "enter-password", "walk-away", "fail", "pay", "notification"]);
    assert_eq!(app.phone().get("/_sim/orders/nobody/messages").await.status, 404);
}

/// What the address `/?order=…` finds.
#[tokio::test]
async fn an_order_is_found_by_its_number() {
    let (app, order) = app().await;
    let other = app.to_pay("5").await;
    let found = async |query: &str| {
        let known = app.phone().get(&format!("/_sim/orders?{query}")).await.json();
        known.as_array().unwrap().iter().map(|order| order["out_trade_no"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(&format!("out_trade_no={}", order.id)).await, [order.id.as_str()]);
    assert_eq!(found(&format!("out_trade_no={}&mch_id={}", other.id, DEFAULT_MERCHANT.mch_id)).await, [other.id.as_str()]);
    for nothing in ["out_trade_no=1".to_owned(), format!("out_trade_no={}&mch_id=1900000002", order.id)] {
        assert!(found(&nothing).await.is_empty(), "{nothing}");
    }
}

#[tokio::test]
async fn the_page_trusts_nobody_and_speaks_two_languages() {
    let app = TestApp::open(Engine::Sqlite).await;
    for (path, language, word) in [("/", "zh-CN", "模拟手机"), ("/?lang=en", "en", "The payer’s phone")] {
        let page = app.phone().get(path).await;
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert!(page.body.contains(&format!("<html lang=\"{language}\">")) && page.body.contains(word), "{}", page.body);
        assert!(!page.body.contains("{{"), "{}", page.body);
    }
    for asset in ["/phone/phone.css", "/phone/help.js", "/phone/told.js", "/phone/refunds.js", "/phone/phone.js"] {
        assert_eq!(app.phone().get(asset).await.status, 200);
    }
}
