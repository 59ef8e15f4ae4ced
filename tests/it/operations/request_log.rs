//! What a request leaves in the log, under which numbers, and that no request waits for the log.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::database::{Database, Engine};
use crate::support::http::{Answer, Caller};
use crate::support::program::{Program, environment};
use crate::support::proxy::Reserved;
use crate::support::scrape::Scrape;
use crate::support::scripted_wechat::ScriptedWeChat;
use crate::support::test_app::TestAppBuilder;
use crate::support::wechat_message::WeChatMessage;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

async fn to_pay(till: &Caller, headers: &[(&str, &str)]) -> Answer {
    let body = json!({"merchant_id": 12, "product_id": 34, "price": "19.90"}).to_string();
    let request = till.request("POST", "/wxPay/toPay").header("content-type", "application/json").body(body);
    till.send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

/// The lines about this request.
fn lines(written: &str, request_id: &str) -> Vec<Value> {
    let events = written.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["request_id"] == request_id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_line_of_the_log_says_to_which_request_trace_and_order_it_belongs() {
    let database = Database::fresh(Engine::Sqlite).await;
    let program = Program::start("serve", database.directory().unwrap(), &environment(&database.url, "127.0.0.1:0"));
    let till = Caller::new(program.address().await);
    let traced = [("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01")), ("x-request-id", "till-7".to_owned())];
    let answer = to_pay(&till, &traced.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
    let order_id = answer.json()["order_id"].as_str().unwrap().to_owned();
    assert_eq!(answer.header("x-request-id"), Some("till-7"));
    let step = answer.header("traceresponse").unwrap();
    assert!(step.starts_with(&format!("00-{TRACE}-")) && step.ends_with("-01") && !step.contains("00f067aa0ba902b7"), "{step}");

    let asked = till.request("POST", "/wxPay/queryOrder").header("content-type", "application/json").header("x-request-id", "till-8");
    till.send(asked.body(json!({"order_id": order_id}).to_string())).await;
    let notified = till.request("POST", "/wxPay/notify").header("x-request-id", "wechat-9");
    assert_eq!(till.send(notified.body(WeChatMessage::notification(&order_id, 1990).signed())).await.status, 200);
    let stranger = till.request("POST", "/wxPay/queryOrder").header("content-type", "application/json").header("x-request-id", "typed");
    till.send(stranger.body(json!({"order_id": "TYPED-BY-A-STRANGER"}).to_string())).await;
    program.terminate();
    let (_, written) = program.end(Duration::from_secs(10)).await;

    let opening = lines(&written, "till-7");
    assert!(opening.len() >= 2 && opening.iter().all(|line| line["trace_id"] == TRACE && line["order_id"] == order_id), "{opening:?}");
    assert!(opening.iter().any(|line| line["message"] == "WeChat answered" && line["api"] == "unifiedorder"), "{opening:?}");
    for (request_id, message) in [("till-8", "WeChat answered"), ("wechat-9", "settled")] {
        let about = lines(&written, request_id);
        assert!(about.iter().any(|line| line["message"] == message), "{about:?}");
        assert!(about.iter().any(|line| line["message"] == "served"), "{about:?}");
        assert!(about.iter().all(|line| line["order_id"] == order_id && line["trace_id"].as_str().unwrap().len() == 32), "{about:?}");
    }
    assert!(lines(&written, "typed").iter().all(|line| line.get("order_id").is_none()), "only numbers that we know are logged");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_line_about_another_account_than_the_default_names_it() {
    let database = Database::fresh(Engine::Sqlite).await;
    let mut variables = environment(&database.url, "127.0.0.1:0");
    variables.push(("ACCOUNTS__SHOP2__SELLERS", "12".to_owned()));
    let program = Program::start("serve", database.directory().unwrap(), &variables);
    let till = Caller::new(program.address().await);
    assert_eq!(to_pay(&till, &[("x-request-id", "till-7")]).await.status, 200);
    for (path, request_id) in [("shop2", "forged"), ("default", "of-default"), ("typed-by-a-stranger", "typed")] {
        let notified = till.request("POST", &format!("/wxPay/notify/{path}")).header("x-request-id", request_id);
        let message = WeChatMessage::notification("an-order", 1990).with("appid", "wx9").with("sign", "0");
        assert_eq!(till.send(notified.body(message.unsigned())).await.status, 401, "{path}");
    }
    program.terminate();
    let (_, written) = program.end(Duration::from_secs(10)).await;
    for (request_id, message) in [("till-7", "WeChat answered"), ("forged", "a notification is not believed")] {
        let about = lines(&written, request_id);
        assert!(about.iter().any(|line| line["message"] == message) && about.iter().any(|line| line["message"] == "served"), "{about:?}");
        assert!(about.iter().all(|line| line["account"] == "shop2"), "{about:?}");
    }
    for request_id in ["of-default", "typed"] {
        assert!(lines(&written, request_id).iter().all(|line| line.get("account").is_none()), "{request_id}");
    }
    assert!(!written.contains("typed-by-a-stranger"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wechat_gets_the_trace_with_a_step_of_ours_and_nothing_else_of_it() {
    let wechat = ScriptedWeChat::new().await;
    let app = TestAppBuilder::new(Engine::Sqlite).await.with_wechat_at(wechat.stub.address).open().await;
    let given = format!("00-{TRACE}-00f067aa0ba902b7-00");
    to_pay(&app.till, &[("traceparent", &given), ("tracestate", "vendor=a-users-name")]).await;
    to_pay(&app.till, &[("traceparent", &given.to_uppercase())]).await;
    let order_id = to_pay(&app.till, &[]).await.json()["order_id"].as_str().unwrap().to_owned();
    app.query(&order_id).await;
    let heads = wechat.stub.heads.lock().unwrap().clone();
    let sent: Vec<_> = heads.iter().filter_map(|head| head.lines().find_map(|line| line.strip_prefix("traceparent: "))).collect();
    assert_eq!(sent.len(), 4, "{heads:?}");
    assert!(sent[0].starts_with(&format!("00-{TRACE}-")) && sent[0].ends_with("-00") && sent[0] != given, "{}", sent[0]);
    assert!(sent[1..].iter().all(|step| step.len() == 55 && !step.contains(TRACE)), "an invalid one is replaced: {sent:?}");
    assert!(!heads.iter().any(|head| head.contains("tracestate") || head.contains("vendor")), "{heads:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_nobody_reads_stops_no_payment_and_what_is_lost_is_counted() {
    let database = Database::fresh(Engine::Sqlite).await;
    // Neither can it say where it listens: what is written goes into a pipe whose reader sleeps.
    let (main, metrics) = (Reserved::new(), Reserved::new());
    let mut variables = environment(&database.url, &main.address.to_string());
    variables.extend([("METRICS__LISTEN", metrics.address.to_string()), ("RUST_LOG", "trace".to_owned())]);
    let asleep = ["bash", "-c", "exec \"$0\" \"$@\" 2> >(exec sleep 30 >/dev/null 2>&1)"];
    let mut program = Program::start_under(&asleep, "serve", database.directory().unwrap(), &variables);
    let begun = Instant::now();
    while tokio::net::TcpStream::connect(metrics.address).await.is_err() {
        assert!(program.lives() && begun.elapsed() < Duration::from_secs(10), "it does not start");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (till, watcher) = (Caller::new(main.address), Caller::new(metrics.address));
    let begun = Instant::now();
    loop {
        let answer = to_pay(&till, &[]).await;
        // A busy machine's database may be too slow just then; the log is no reason to wait.
        assert!(answer.status == 503 || answer.json()["code"] == 0, "{}", answer.body);
        let lost = Scrape::read(&watcher.get("/metrics").await.body).get("log_lines_lost_total");
        if lost > 0.0 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is ever lost, so nothing was shown");
    }
    let answer = to_pay(&till, &[]).await;
    assert!(answer.status == 200 && answer.took < Duration::from_secs(4), "{answer:?}");
    program.terminate();
    let (status, _) = program.end(Duration::from_secs(10)).await;
    assert!(status.is_some_and(|status| status.success()), "{status:?}");
}
