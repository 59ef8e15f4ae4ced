//! The tester's hand in refunds: the calls that list and decide them, make them by hand, and set a merchant's balance.

use serde_json::{Value, json};
use wechat_pay::channel::wechat::v2::{SignType, xml};
use wechat_pay::simulator::Payment;

use super::merchants::{FIRST, Served, WITH_APPID, gist, now};
use super::refunds::{HOOK, NUMBER, asked};

async fn refunds(served: &Served, query: &str) -> Vec<Value> {
    served.phone.get(&format!("/_sim/refunds{query}")).await.json().as_array().unwrap().clone()
}

#[tokio::test]
async fn the_tester_sees_and_decides_every_refund() {
    let served = Served::new().await;
    for merchant in [FIRST, WITH_APPID] {
        let mut world = served.simulator.world();
        world.call("unifiedorder", merchant.unified_order(NUMBER, "88").as_bytes(), now()).unwrap();
        world.pay_order(&merchant.order(NUMBER), Payment::default(), now()).unwrap();
    }
    let mut own = asked("R1", "30");
    own.push(("refund_desc", "商品已售完"));
    let request = FIRST.request(SignType::HmacSha256, &own);
    assert!(served.phone.post("/secapi/pay/refund", "text/xml", request).await.body.contains("50300000002026040100000000001"));
    let act = async |path: String| served.phone.post_json(&path, &json!({})).await.status;
    assert_eq!(act(format!("/_sim/orders/{NUMBER}/refund-by-hand")).await, 409, "whose?");
    for (query, status) in [("&fee=0", 400), ("&fee=x", 400), ("&fee=89", 409), ("&fee=30", 200), ("", 200), ("", 409)] {
        assert_eq!(act(format!("/_sim/orders/{NUMBER}/refund-by-hand?mch_id={}{query}", WITH_APPID.mch_id)).await, status, "{query}");
    }
    let listed = refunds(&served, "").await;
    let told: Vec<_> = listed.iter().map(|refund| (refund["mch_id"].as_str().unwrap(), refund["refund_fee"].as_i64().unwrap())).collect();
    assert_eq!(told, [("1900000009", 58), ("1900000009", 30), ("1900000001", 30)]);
    assert_eq!((&listed[0]["source"], &listed[0]["notify_url"]), (&json!("VENDOR_PLATFORM"), &Value::Null));
    assert_eq!((&listed[2]["source"], &listed[2]["notify_url"]), (&json!("API"), &json!(HOOK)));
    assert_eq!((&listed[0]["refund_desc"], &listed[2]["refund_desc"]), (&Value::Null, &json!("商品已售完")));
    for (query, count) in [
        ("?mch_id=1900000009", 2),
        ("?mch_id=1900000009&limit=1", 1),
        ("?sub_mch_id=1900000110", 0),
        ("?out_trade_no=20150806125346&mch_id=1900000001", 1),
    ] {
        assert_eq!(refunds(&served, query).await.len(), count, "{query}");
    }
    for (path, status) in [
        ("R1/finish", 400),
        ("R1/finish?state=PROCESSING", 400),
        ("R2/finish?state=CHANGE", 404),
        ("R1/finish?state=CHANGE&mch_id=1900000009", 404),
        ("R1/finish?state=REFUNDCLOSE&mch_id=1900000001", 200),
        ("R1/finish?state=SUCCESS", 409),
    ] {
        assert_eq!(act(format!("/_sim/refunds/{path}")).await, status, "{path}");
    }
    let closed = &refunds(&served, "?mch_id=1900000001").await[0];
    assert_eq!((&closed["refund_status"], closed["decided_at"].is_string()), (&json!("REFUNDCLOSE"), true));
}

#[tokio::test]
async fn a_balance_is_whose_it_is_and_too_low_a_one_gives_nothing_back() {
    let served = Served::new().await;
    let balance = async |query: &str| {
        let answer = served.phone.get(&format!("/_sim/balance{query}")).await;
        (answer.status, answer.json()["balance"].as_i64())
    };
    let set = async |query: &str, body: &'static str| {
        let request = served.phone.request("PUT", &format!("/_sim/balance{query}")).body(body);
        served.phone.send(request).await.status
    };
    {
        let mut world = served.simulator.world();
        world.call("unifiedorder", FIRST.unified_order(NUMBER, "88").as_bytes(), now()).unwrap();
        world.pay_order(&FIRST.order(NUMBER), Payment::default(), now()).unwrap();
    }
    assert_eq!(balance("").await, (409, None));
    assert_eq!(balance("?mch_id=1900000003").await, (400, None));
    assert_eq!(balance("?mch_id=1900000001").await, (200, Some(88)));
    assert_eq!(balance("?sub_mch_id=1900000110").await, (200, Some(0)));
    assert_eq!(set("?mch_id=1900000001", r#"{"balance":"29"}"#).await, 400);
    assert_eq!(set("?mch_id=1900000001", r#"{"balance":29}"#).await, 200);
    let refund = async || {
        let answer = served.phone.post("/secapi/pay/refund", "text/xml", FIRST.request(SignType::Md5, &asked("R1", "30"))).await.body;
        gist(&xml::parse(answer.as_bytes()).unwrap()).to_owned()
    };
    assert_eq!(refund().await, "NOTENOUGH");
    assert_eq!(set("?mch_id=1900000001", r#"{"balance":30}"#).await, 200);
    assert_eq!(refund().await, "SUCCESS", "the same number, once there is enough");
    assert_eq!(balance("?mch_id=1900000001").await, (200, Some(0)));
    served.phone.post_json("/_sim/refunds/R1/finish?state=CHANGE", &json!({})).await;
    assert_eq!(balance("?mch_id=1900000001").await, (200, Some(30)), "the bank sent it back");
}
