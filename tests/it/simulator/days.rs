//! Days that pass at the simulated WeChat by a tester's hand, and its bills over HTTP.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use wechat_pay::channel::wechat::v2::bill::FundFlowReader;
use wechat_pay::channel::wechat::v2::{SignType, xml};
use wechat_pay::deal::{BeijingTime, Timestamp};

use super::bills::{DAY, is_paid, on, read};
use super::merchants::{FIRST, Served, gist, now};
use crate::support::database::Engine;
use crate::support::ports::free_address;
use crate::support::test_app::TestAppBuilder;

async fn day_passes(served: &Served) -> String {
    let answer = served.phone.post_json("/_sim/day/next", &json!({})).await;
    assert_eq!(answer.status, 200);
    answer.json()["now"].as_str().unwrap().to_owned()
}

/// What the call for a bill is answered: its content, and its digest.
async fn asked(served: &Served, path: &str, request: String) -> (Vec<u8>, Option<String>) {
    let answer = served.phone.request("POST", path).body(request).send().await.unwrap();
    assert_eq!((answer.status(), answer.headers()["content-type"].as_bytes()), (reqwest::StatusCode::OK, &b"text/plain"[..]));
    assert!(!answer.headers().contains_key("content-encoding"), "the gzip is the content");
    let digest = answer.headers().get("digest").map(|digest| digest.to_str().unwrap().to_owned());
    (answer.bytes().await.unwrap().to_vec(), digest)
}

#[tokio::test]
async fn what_was_today_s_bill_can_be_had_at_once() {
    let served = Served::new().await;
    is_paid(&mut served.simulator.world(), FIRST, "A", "8800", now());
    let request = FIRST.request(SignType::Md5, &[("bill_date", DAY), ("bill_type", "ALL")]);
    let (today, _) = asked(&served, "/pay/downloadbill", request.clone()).await;
    assert!(String::from_utf8(today).unwrap().contains("invalid bill_date"));
    assert_eq!(day_passes(&served).await, "2026-04-02T12:00:00+08:00");
    let (bill, digest) = asked(&served, "/pay/downloadbill", request).await;
    assert_eq!((read(&bill).2.sums.payments, read(&bill).2.agrees, digest), (1, true, None));
    let own = [("bill_date", DAY), ("account_type", "Basic"), ("tar_type", "GZIP")];
    let (flow, digest) = asked(&served, "/pay/downloadfundflow", FIRST.request(SignType::HmacSha256, &own)).await;
    assert!(flow.starts_with(&[0x1f, 0x8b]) && digest.unwrap().starts_with("SHA="));
    let mut rows = FundFlowReader::new(std::io::BufReader::new(flate2::bufread::GzDecoder::new(&flow[..]))).unwrap();
    assert_eq!(rows.by_ref().count(), 2);
    assert_eq!(served.simulator.world().calls("/pay/downloadbill"), 2);
}

#[tokio::test]
async fn bills_meet_the_faults_of_other_calls() {
    let served = Served::new().await;
    is_paid(&mut served.simulator.world(), FIRST, "A", "8800", now());
    day_passes(&served).await;
    let request = || FIRST.request(SignType::Md5, &[("bill_date", DAY), ("tar_type", "GZIP")]);
    served.simulator.world().faults.system_error = 1.0;
    let (trouble, _) = asked(&served, "/pay/downloadbill", request()).await;
    assert!(
        String::from_utf8(trouble)
            .unwrap()
            .ends_with("<return_msg><![CDATA[SYSTEMERROR]]></return_msg><error_code>20003</error_code></xml>")
    );
    let (trouble, _) = asked(&served, "/pay/downloadfundflow", request()).await;
    assert!(String::from_utf8(trouble).unwrap().contains("<err_code><![CDATA[SYSTEMERROR]]></err_code>"));
    served.simulator.world().faults.system_error = 0.0;
    served.simulator.world().faults.drop_reply = 1.0;
    assert!(served.phone.request("POST", "/pay/downloadbill").body(request()).send().await.is_err());
    served.simulator.world().faults.drop_reply = 0.0;
    let read = served.phone.request("GET", "/pay/downloadbill").send().await.unwrap().text().await.unwrap();
    assert!(read.contains("<return_msg><![CDATA[require POST method]]></return_msg><error_code>20001</error_code>"), "{read}");
    let (sandbox, _) = asked(&served, "/sandboxnew/pay/downloadbill", request()).await;
    assert!(String::from_utf8(sandbox).unwrap().contains("sign error"), "the sandbox has a key of its own");
}

#[tokio::test]
async fn a_day_that_passes_early_is_over_at_half_past_ten() {
    let served = Served::new().await;
    served.clock.advance(on("20260402030000") - now());
    assert_eq!(day_passes(&served).await, "2026-04-03T10:30:00+08:00");
    assert_eq!(day_passes(&served).await, "2026-04-04T10:30:00+08:00");
    served.clock.advance(TimeDelta::minutes(5));
    assert_eq!(BeijingTime::from(served.simulator.now()).to_string(), "2026-04-04T10:35:00+08:00", "time goes on there as here");
}

#[tokio::test]
async fn orders_payments_and_their_ends_are_a_day_later_from_then_on() {
    let served = Served::new().await;
    let ask = async |path: &str, request: String| xml::parse(served.phone.post(path, "text/xml", request).await.body.as_bytes()).unwrap();
    ask("/pay/unifiedorder", FIRST.unified_order("OLD", "100")).await;
    day_passes(&served).await;
    let pay = async |number: &str| served.phone.post_json(&format!("/_sim/orders/{number}/pay?notify=lost"), &json!({})).await;
    assert_eq!(pay("OLD").await.json()["error"], "the link has expired");
    // A merchant's clock has not moved: what it says of times is still taken.
    let expires = |minutes| BeijingTime::from(now() + TimeDelta::minutes(minutes)).compact();
    let order = |number: &str, expires: &str| {
        let own = [
            ("body", "x"),
            ("out_trade_no", number),
            ("total_fee", "100"),
            ("spbill_create_ip", "127.0.0.1"),
            ("notify_url", "http://127.0.0.1:9/"),
            ("trade_type", "NATIVE"),
            ("time_expire", expires),
        ];
        FIRST.request(SignType::Md5, &own)
    };
    assert!(ask("/pay/unifiedorder", order("SHORT", &expires(4))).await.get("return_msg").unwrap().starts_with("time_expire时间过短"));
    for number in ["NEW", "LATE"] {
        assert_eq!(gist(&ask("/pay/unifiedorder", order(number, &expires(10))).await), "SUCCESS");
    }
    let paid = pay("NEW").await.json();
    assert_eq!((&paid["created_at"], &paid["paid_at"]), (&json!("2026-04-02T12:00:00+08:00"), &json!("2026-04-02T12:00:00+08:00")));
    assert_eq!(ask("/pay/orderquery", FIRST.about("out_trade_no", "NEW")).await.get("time_end"), Some("20260402120000"));
    served.clock.advance(TimeDelta::minutes(10));
    assert_eq!(pay("LATE").await.status, 409);
    served.phone.post_json("/_sim/orders/NEW/refund-by-hand", &json!({})).await;
    for _ in 0..7 {
        day_passes(&served).await;
    }
    let refunds = served.phone.get("/_sim/refunds").await.json();
    assert_eq!((&refunds[0]["refund_status"], &refunds[0]["decided_at"]), (&json!("SUCCESS"), &json!("2026-04-02T12:10:02+08:00")));
    assert_eq!(gist(&ask("/pay/orderquery", FIRST.about("out_trade_no", "LATE")).await), "CLOSED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_days_that_passed_outlive_a_restart() {
    let listen = free_address();
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("SERVER__LISTEN", listen).demonstrate().await;
    let order = app.to_pay("19.90").await;
    assert_eq!(app.phone().post_json("/_sim/day/next", &json!({})).await.json()["now"], "2026-04-02T12:00:00+08:00");
    tokio::time::sleep(Duration::from_millis(10)).await;
    let clock = app.clock.clone();
    let app = TestAppBuilder::on(app.stop().await).by(clock).set("SERVER__LISTEN", listen).demonstrate().await;
    let listed = app.phone().get("/_sim/orders").await.json();
    assert_eq!((&listed[0]["out_trade_no"], &listed[0]["created_at"]), (&json!(order.id), &json!("2026-04-01T12:00:00+08:00")));
    let passed = app.phone().post_json("/_sim/day/next", &json!({})).await.json();
    assert_eq!(passed["now"], "2026-04-03T12:00:00+08:00", "the second day, by a service whose clock stands where it stood");
    let told: Timestamp = app.clock.now();
    assert_eq!(told, now());
}
