//! The listener, spoken to byte by byte: the silent, the slow, the ambiguous and the many.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::support::database::Engine;
use crate::support::test_app::TestApp;
use crate::support::wechat_message::{ACKNOWLEDGED, WeChatMessage};
use crate::support::wire::Wire;

const HEALTHZ: &str = "GET /healthz HTTP/1.1\r\nhost: pay\r\n\r\n";

fn post(path: &str, headers: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: pay\r\ncontent-type: application/json\r\n{headers}\r\n")
}

/// A loaded machine is so much late.
const LATE: Duration = Duration::from_secs(2);

fn seconds(range: std::ops::RangeInclusive<u64>, elapsed: Duration, what: &str) {
    let range = Duration::from_secs(*range.start())..=Duration::from_secs(*range.end()) + LATE;
    assert!(range.contains(&elapsed), "{what}: {elapsed:?}");
}

/// Everything that takes its time, at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_slow_are_sent_away_and_the_patient_are_kept() {
    let app = TestApp::open(Engine::Sqlite).await;
    let order = app.to_pay("19.90").await;
    let look = app.look().await;
    let stored = look.everything().await;
    let address = app.till.address;
    tokio::join!(
        silence(address),
        half_a_head(address, "POST /wxPay/notify HT"),
        half_a_head(address, "POST /wxPay/notify HTTP/1.1\r\nhost: pay\r\nx-slow: "),
        a_trickled_head(address),
        a_second_head_in_halves(address),
        a_second_head_that_begins_early(address),
        who_takes_nothing(address),
        a_trickled_second_head(address),
        half_a_body(address, "/wxPay/notify"),
        half_a_body(address, "/wxPay/toPay"),
        half_a_body(address, "/wxPay/queryOrder"),
        an_expected_body_that_never_comes(address),
        a_trickled_body(address, "/wxPay/notify"),
        a_trickled_body(address, "/wxPay/doCloseOrder"),
        an_idle_connection(address, HEALTHZ.to_owned(), 200),
        an_idle_connection(address, "GET /nowhere HTTP/1.1\r\nhost: pay\r\n\r\n".to_owned(), 404),
        an_idle_connection(address, post("/wxPay/toPay", "content-length: 2\r\n") + "{}", 400),
        an_idle_connection(address, query(&order.id), 200),
        a_good_client(&app, &order.id),
    );
    assert_eq!(look.everything().await, stored);
}

async fn silence(address: SocketAddr) {
    let (elapsed, last_words) = Wire::to(address).await.end().await;
    seconds(4..=6, elapsed, "a silent connection");
    assert!(last_words.is_empty());
}

async fn half_a_head(address: SocketAddr, head: &str) {
    let (elapsed, last_words) = Wire::saying(address, head).await.end().await;
    seconds(4..=6, elapsed, head);
    assert!(!last_words.starts_with(b"HTTP/1.1 2"));
}

/// A byte of a head now and then keeps no connection open.
async fn a_trickled_head(address: SocketAddr) {
    let started = Instant::now();
    let mut wire = Wire::saying(address, "GET /healthz HTTP/1.1\r\nx-slow: ").await;
    while wire.try_say("x").await.is_ok() {
        seconds(0..=6, started.elapsed(), "a trickled head");
        sleep(Duration::from_millis(200)).await;
    }
}

/// The deadline of a head holds for each, also on a connection that has served.
async fn a_second_head_in_halves(address: SocketAddr) {
    let mut wire = Wire::saying(address, HEALTHZ).await;
    assert_eq!(wire.answer().await.unwrap().status, 200);
    sleep(Duration::from_millis(500)).await;
    wire.say("GET /healthz HT").await;
    let (elapsed, _) = wire.end().await;
    seconds(4..=6, elapsed, "half a second head");
}

/// Half of it came with the request before, and the rest much later.
async fn a_second_head_that_begins_early(address: SocketAddr) {
    let mut wire = Wire::saying(address, format!("{HEALTHZ}GET /healthz HT")).await;
    assert_eq!(wire.answer().await.unwrap().status, 200);
    assert!(wire.is_quiet_for(Duration::from_millis(700)).await);
    wire.say(HEALTHZ.strip_prefix("GET /healthz HT").unwrap()).await;
    assert_eq!(wire.answer().await.unwrap().status, 200);
}

async fn a_trickled_second_head(address: SocketAddr) {
    let mut wire = Wire::saying(address, HEALTHZ).await;
    assert_eq!(wire.answer().await.unwrap().status, 200);
    sleep(Duration::from_millis(500)).await;
    let started = Instant::now();
    wire.say("GET /healthz HTTP/1.1\r\nx-slow: ").await;
    while wire.try_say("x").await.is_ok() {
        seconds(0..=6, started.elapsed(), "a trickled second head");
        sleep(Duration::from_millis(200)).await;
    }
}

async fn half_a_body(address: SocketAddr, path: &str) {
    let started = Instant::now();
    let answer = Wire::saying(address, post(path, "content-length: 100\r\n") + "{\"merchant_id\":").await.answer().await.unwrap();
    assert_eq!(answer.status, 408, "{path}");
    seconds(3..=4, started.elapsed(), path);
}

async fn an_expected_body_that_never_comes(address: SocketAddr) {
    let mut wire = Wire::saying(address, post("/wxPay/notify", "content-length: 100\r\nexpect: 100-continue\r\n")).await;
    assert_eq!(wire.answer().await.unwrap().status, 100);
    let started = Instant::now();
    assert_eq!(wire.answer().await.unwrap().status, 408);
    seconds(3..=4, started.elapsed(), "after 100 Continue");
}

async fn a_trickled_body(address: SocketAddr, path: &str) {
    let started = Instant::now();
    let mut wire = Wire::saying(address, post(path, "transfer-encoding: chunked\r\n")).await;
    // Until the answer comes; what is said after it may be lost.
    while wire.try_say("1\r\nx\r\n").await.is_ok() && wire.is_quiet_for(Duration::from_millis(10)).await {
        seconds(0..=5, started.elapsed(), "a trickled body");
    }
    seconds(3..=4, started.elapsed(), path);
}

/// A proxy keeps connections for its next caller.
async fn an_idle_connection(address: SocketAddr, request: String, status: u16) {
    let mut wire = Wire::saying(address, &request).await;
    assert_eq!(wire.answer().await.unwrap().status, status);
    assert!(wire.is_quiet_for(Duration::from_millis(6500)).await, "an idle connection is kept after {request}");
    for _ in 0..2 {
        wire.say(&request).await;
        assert_eq!(wire.answer().await.unwrap_or_else(|| panic!("closed after {request}")).status, status);
    }
}

/// Asks and asks, and reads no answer.
async fn who_takes_nothing(address: SocketAddr) {
    let mut wire = Wire::narrow(address).await;
    let row = "GET /openapi.json HTTP/1.1\r\nhost: pay\r\n\r\n".repeat(100);
    let mut last = Instant::now();
    while timeout(Duration::from_secs(60), wire.try_say(&row)).await.expect("the connection stays open").is_ok() {
        last = Instant::now();
    }
    seconds(25..=35, last.elapsed(), "nothing was taken");
}

fn query(order_id: &str) -> String {
    let body = json!({"order_id": order_id}).to_string();
    post("/wxPay/queryOrder", &format!("content-length: {}\r\n", body.len())) + &body
}

/// Among 300 that say nothing.
async fn a_good_client(app: &TestApp, order_id: &str) {
    let silent: Vec<_> = futures_util::future::join_all((0..300).map(|_| TcpStream::connect(app.till.address))).await;
    assert!(silent.iter().all(Result::is_ok));
    let started = Instant::now();
    for _ in 0..20 {
        assert_eq!(app.trade_state(order_id).await, "NOTPAY");
    }
    seconds(0..=2, started.elapsed(), "twenty answers among 300 silent connections");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_in_one_way_is_not_read() {
    let app = TestApp::open(Engine::Sqlite).await;
    let address = app.till.address;
    let message = WeChatMessage::notification("1", 1).unsigned();
    let many_headers: String = (0..200).map(|i| format!("x-{i}: 1\r\n")).collect();
    let cases = [
        ("2 GiB announced", 413, post("/wxPay/notify", "content-length: 2147483648\r\n")),
        ("2 GiB announced", 413, post("/wxPay/toPay", "content-length: 2147483648\r\n")),
        ("two lengths", 400, post("/wxPay/notify", "content-length: 5\r\ncontent-length: 6\r\n") + "hello!"),
        ("a signed length", 400, post("/wxPay/notify", "content-length: +5\r\n") + "hello"),
        ("no length", 400, post("/wxPay/notify", "content-length: x\r\n")),
        ("an unknown coding", 400, post("/wxPay/notify", "transfer-encoding: xchunked\r\n") + "0\r\n\r\n"),
        ("200 headers", 431, post("/wxPay/notify", &many_headers)),
        ("64 KiB of header", 431, post("/wxPay/notify", &format!("x-large: {}\r\n", "x".repeat(64 * 1024)))),
        ("a space in a name", 400, post("/wxPay/notify", "content-length : 5\r\n") + "hello"),
        ("no version", 400, "GET /healthz\r\n\r\n".to_owned()),
        ("not HTTP", 400, "\u{16}\u{3}\u{1}\u{2}\r\n\r\n".to_owned()),
        ("a tab", 400, "GET\t/healthz HTTP/1.1\r\n\r\n".to_owned()),
        ("a space within a path", 400, "GET /heal thz HTTP/1.1\r\n\r\n".to_owned()),
        ("a space behind the version", 400, "GET /healthz HTTP/1.1 \r\n\r\n".to_owned()),
        ("a form feed", 400, "GET\u{c}/healthz HTTP/1.1\r\n\r\n".to_owned()),
    ];
    for (what, status, request) in cases {
        let started = Instant::now();
        let mut wire = Wire::to(address).await;
        // The answer may come before everything has been said.
        let _ = wire.try_say(&request).await;
        let answer = wire.answer().await.unwrap_or_else(|| panic!("{what}: no answer"));
        assert_eq!(answer.status, status, "{what}: {}", answer.head);
        assert!(!answer.body.contains("hello"), "no echo");
        wire.end().await;
        seconds(0..=2, started.elapsed(), what);
    }
    // A chunked body with a length beside it: the chunks count, and nothing is left over to be a second request.
    let smuggled = format!("{:x}\r\n{message}\r\n0\r\n\r\n", message.len());
    let both = post("/wxPay/notify", "content-length: 4\r\ntransfer-encoding: chunked\r\n") + &smuggled;
    let mut wire = Wire::saying(address, both).await;
    let answer = wire.answer().await.unwrap();
    assert!([400, 401].contains(&answer.status), "{}", answer.head);

    for preface in ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", "GET /healthz HTTP/2.0\r\n\r\n"] {
        let (_, last_words) = Wire::saying(address, preface).await.end().await;
        assert!(!last_words.starts_with(b"HTTP/1.1 2"), "HTTP/2 is not spoken here");
    }
    let answer = Wire::saying(address, "CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n").await.answer().await.unwrap();
    assert!([400, 404, 405].contains(&answer.status), "{}", answer.head);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_in_a_row_are_answered_in_their_order() {
    let app = TestApp::open(Engine::Sqlite).await;
    let (first, second) = (app.to_pay("19.90").await, app.to_pay("29.90").await);
    let notify = |id: &str, fee| {
        let message = WeChatMessage::notification(id, fee).with("transaction_id", &format!("42{fee}")).signed();
        post("/wxPay/notify", &format!("content-length: {}\r\n", message.len())) + &message
    };
    let row = [notify(&first.id, 1990), HEALTHZ.to_owned(), query(&first.id), notify(&second.id, 1), query(&second.id)].concat();
    let mut wire = Wire::saying(app.till.address, row).await;
    let mut bodies = Vec::new();
    for _ in 0..5 {
        let answer = wire.answer().await.unwrap();
        bodies.push((answer.status, answer.body));
    }
    assert_eq!(bodies[0], (200, ACKNOWLEDGED.to_owned()));
    assert!(bodies[1].1.contains("ok") && bodies[2].1.contains("SUCCESS") && bodies[4].1.contains("NOTPAY"), "{bodies:?}");
    assert_eq!(bodies[3].0, 409);

    // The existing nginx block asks for an upgrade with every request.
    let mut wire = Wire::to(app.till.address).await;
    for _ in 0..3 {
        wire.say(HEALTHZ.replace("host: pay", "host: pay\r\nconnection: upgrade\r\nupgrade: websocket")).await;
        assert_eq!(wire.answer().await.unwrap().status, 200);
        wire.say(query(&first.id).replace("host: pay", "host: pay\r\nconnection: upgrade")).await;
        assert!(wire.answer().await.unwrap().body.contains("SUCCESS"));
    }
    // WeChat has sent such a line.
    for line in ["GET  /healthz HTTP/1.1", "GET /healthz  HTTP/1.1", "GET   /healthz   HTTP/1.1"] {
        let mut wire = Wire::to(app.till.address).await;
        for _ in 0..2 {
            wire.say(HEALTHZ.replace("GET /healthz HTTP/1.1", line)).await;
            assert_eq!(wire.answer().await.unwrap().status, 200, "{line}");
        }
    }
    let old = Wire::saying(app.till.address, "GET /healthz HTTP/1.0\r\n\r\n").await.answer().await.unwrap();
    assert_eq!(old.status, 200);
    let last = Wire::saying(app.till.address, HEALTHZ.replace("host: pay", "host: pay\r\nconnection: close")).await.answer().await.unwrap();
    assert!(last.closes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopping_service_answers_what_it_has_in_hand_and_takes_nothing_more() {
    let app = TestApp::open(Engine::Sqlite).await;
    app.wechat().faults.latency_ms = 1500;
    let till = app.till.clone();
    let mut idle = Wire::saying(till.address, HEALTHZ).await;
    assert_eq!(idle.answer().await.unwrap().status, 200);
    let body = json!({"merchant_id": 12, "product_id": 34, "price": "19.90"});
    let in_hand = tokio::spawn({
        let till = till.clone();
        async move { till.post_json("/wxPay/toPay", &body).await }
    });
    while app.calls("unifiedorder") == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    let mut half = Wire::saying(till.address, "GET /readyz HTTP/1.1\r\nhost: pay\r\n").await;
    // The connection is known to be accepted when one behind it has been answered.
    assert_eq!(till.get("/readyz").await.status, 200);
    let started = Instant::now();
    let stopping = tokio::spawn(app.stop());
    let refused = async {
        while timeout(Duration::from_secs(1), TcpStream::connect(till.address)).await.is_ok_and(|stream| stream.is_ok()) {
            seconds(0..=1, started.elapsed(), "new connections are refused");
            sleep(Duration::from_millis(10)).await;
        }
    };
    let last_one = async {
        sleep(Duration::from_millis(200)).await;
        half.say("\r\n").await;
        half.answer().await
    };
    let ((), (idle_for, _), last_one) = tokio::join!(refused, idle.end(), last_one);
    seconds(0..=1, idle_for, "an idle connection does not hold the stop");
    if let Some(answer) = last_one {
        assert_eq!(answer.status, 503, "not ready any more: {}", answer.body);
        assert!(answer.head.contains("retry-after") && answer.closes());
    }
    let answer = in_hand.await.unwrap();
    assert_eq!((answer.status, answer.json()["code"].as_i64()), (200, Some(0)), "{}", answer.body);
    let database = stopping.await.unwrap();
    seconds(1..=4, started.elapsed(), "the stop");
    assert_eq!(
        database.look().await.value(answer.json()["order_id"].as_str().unwrap(), "code_url").await.as_deref(),
        answer.json()["code_url"][0].as_str()
    );
}
