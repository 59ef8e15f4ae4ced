//! Exhaustion: strangers hold all that they can reach of connections, streams and answers in the making, and payers and
//! WeChat do not wait for them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

use crate::support::database::Engine;
use crate::support::http::{Answer, Caller};
use crate::support::listener::Listener;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;
use crate::support::wire::Wire;

const HEALTHZ: &str = "GET /healthz HTTP/1.1\r\nhost: pay\r\n\r\n";
/// Twenty may be streams, and twenty-two in hand.
const CONNECTIONS: usize = 24;
const STREAMS: usize = 20;

async fn app_for(connections: usize) -> TestApp {
    TestAppBuilder::new(Engine::Sqlite).await.set("SERVER__MAX_CONNECTIONS", connections).open().await
}

/// A second; without optimisation, beside strangers who keep the same two processors busy, some more.
const AT_ONCE: Duration = Duration::from_secs(if cfg!(debug_assertions) { 3 } else { 1 });

/// On a connection of its own, as WeChat comes.
async fn at_once(what: &str, work: impl Future<Output = Answer>) -> Answer {
    let started = Instant::now();
    let answer = work.await;
    assert!(started.elapsed() < AT_ONCE, "{what}: {:?}", started.elapsed());
    answer
}

async fn notified_at_once(app: &TestApp, order: &Order, what: &str) {
    let message = WeChatMessage::notification(&order.id, 1990).with("transaction_id", &order.id).signed();
    let wechat = Caller::new(app.till.address);
    at_once(what, async { wechat.post("/wxPay/notify", "text/xml", message).await }).await.acknowledged(what);
}

/// Listens, unless it is told that there is no room.
async fn try_to_listen(till: &Caller, order: &Order, payer: &str) -> Option<Listener> {
    let request = till.request("GET", &format!("/wxPay/events?order_id={}", order.id)).header("x-forwarded-for", payer);
    let response = request.timeout(Duration::from_secs(60)).send().await.unwrap();
    if response.status() == 200 {
        return Some(Listener::of(response));
    }
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    assert_eq!((response.status().as_u16(), header("retry-after").is_some()), (503, true));
    let json: serde_json::Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(json["reason"], "UNAVAILABLE");
    None
}

/// A listener that has gone leaves a place, soon.
async fn eventually_listens(app: &TestApp, order: &Order, payer: &str) -> Listener {
    for _ in 0..100 {
        if let Some(listener) = try_to_listen(&app.till, order, payer).await {
            return listener;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("no stream has come to its end");
}

async fn orders(app: &TestApp, number: usize) -> Vec<Order> {
    let mut orders = Vec::new();
    for _ in 0..number {
        orders.push(app.to_pay("19.90").await);
    }
    orders
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_leave_room_for_everybody_else() {
    let app = app_for(CONNECTIONS).await;
    let orders = orders(&app, 30).await;
    let mut listeners = Vec::new();
    for order in &orders {
        listeners.extend(try_to_listen(&app.till, order, "127.0.0.1").await);
    }
    assert_eq!(listeners.len(), STREAMS);
    let others = Caller::new(app.till.address);
    for order in &orders[..5] {
        assert_eq!(at_once("healthz", others.get("/healthz")).await.status, 200);
        assert_eq!(at_once("a till", app.try_to_pay("1.00")).await.status, 200);
        assert_eq!(at_once("a page that asks", app.query(&order.id)).await.status, 200);
        notified_at_once(&app, order, "WeChat").await;
    }
    // Five streams have come to their end.
    for order in &orders[25..] {
        listeners.push(eventually_listens(&app, order, "127.0.0.1").await);
    }
    assert!(try_to_listen(&app.till, &orders[24], "127.0.0.1").await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_takes_all_streams_for_one_order_or_one_address() {
    let app = TestApp::open(Engine::Sqlite).await;
    let orders = orders(&app, 110).await;
    let listen = |number: usize, payer: &'static str| try_to_listen(&app.till, &orders[number], payer);
    let of_one_order: Vec<_> = join_all((0..40).map(|_| listen(0, "127.0.0.1"))).await.into_iter().flatten().collect();
    assert_eq!(of_one_order.len(), 32);
    let of_one_address: Vec<_> = join_all((1..109).map(|number| listen(number, "198.51.100.1"))).await.into_iter().flatten().collect();
    assert_eq!(of_one_address.len(), 100);
    assert!(listen(0, "198.51.100.2").await.is_none());
    assert!(listen(109, "198.51.100.1").await.is_none());
    assert!(listen(109, "198.51.100.2").await.is_some(), "another payer of another order");
    drop(of_one_order);
    app.payer_pays(&orders[0]).await;
    eventually_listens(&app, &orders[0], "198.51.100.2").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_limit_the_connection_that_waits_longest_makes_room() {
    let app = app_for(4).await;
    let mut guests = Vec::new();
    for _ in 0..4 {
        let mut wire = Wire::saying(app.till.address, HEALTHZ).await;
        assert_eq!(wire.answer().await.unwrap().status, 200);
        sleep(Duration::from_millis(20)).await;
        guests.push(wire);
    }
    // The first speaks again, so the second has waited longest.
    guests[0].say(HEALTHZ).await;
    assert_eq!(guests[0].answer().await.unwrap().status, 200);
    let mut fifth = Wire::saying(app.till.address, HEALTHZ).await;
    assert_eq!(fifth.answer().await.unwrap().status, 200);
    // An idle connection stays for more than a minute otherwise.
    assert!(guests.remove(1).end().await.0 < Duration::from_secs(8));
    for guest in guests.iter_mut().chain([&mut fifth]) {
        guest.say(HEALTHZ).await;
        assert_eq!(guest.answer().await.unwrap().status, 200, "the others are served on");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_hand_is_not_sent_away() {
    let app = app_for(CONNECTIONS).await;
    let order = app.to_pay("19.90").await;
    app.wechat().faults.latency_ms = 1500;
    let till = Caller::new(app.till.address);
    let in_hand =
        tokio::spawn(
            async move { till.post("/wxPay/toPay", "application/json", "{\"merchant_id\":12,\"product_id\":34,\"price\":1}").await },
        );
    while app.calls("unifiedorder") < 2 {
        sleep(Duration::from_millis(5)).await;
    }
    for _ in 0..5 * CONNECTIONS {
        let mut wire = Wire::saying(app.till.address, HEALTHZ).await;
        assert_eq!(wire.answer().await.unwrap().status, 200);
        std::mem::forget(wire);
    }
    notified_at_once(&app, &order, "among idle ones").await;
    assert_eq!(in_hand.await.unwrap().json()["code"], 0);
}

/// Everything at once that keeps a connection, over and over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notification_is_answered_within_a_second_whatever_strangers_hold() {
    let app = app_for(20 * CONNECTIONS).await;
    let orders = orders(&app, 60).await;
    let mut listeners = Vec::new();
    for number in 0..20 * STREAMS {
        listeners.push(eventually_listens(&app, &orders[30 + number % 30], "127.0.0.1").await);
    }
    assert!(try_to_listen(&app.till, &orders[0], "127.0.0.1").await.is_none(), "every stream is a stranger's");
    app.wechat().faults.latency_ms = 60_000;
    let address = app.till.address;
    let over = Arc::new(AtomicBool::new(false));
    let body = |length: usize| format!("POST /wxPay/notify HTTP/1.1\r\nhost: pay\r\ncontent-length: {length}\r\n\r\n<xml>");
    let query = |order: &Order| {
        let body = format!("{{\"order_id\":\"{}\"}}", order.id);
        let length = body.len();
        format!("POST /wxPay/queryOrder HTTP/1.1\r\nhost: pay\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
    };
    let events = |order: &Order| format!("GET /wxPay/events?order_id={} HTTP/1.1\r\nhost: pay\r\n\r\n", order.id);
    let mut said = vec![
        String::new(),
        HEALTHZ.to_owned(),
        HEALTHZ[..20].to_owned(),
        body(100),
        body(70_000),
        "GET /openapi.json HTTP/1.1\r\nhost: pay\r\n\r\n".repeat(100),
        HEALTHZ.repeat(100),
    ];
    said.extend(orders[30..].iter().map(query));
    said.extend(orders[30..].iter().map(events));
    let strangers = said.into_iter().zip(0..).map(|(said, number)| tokio::spawn(hold(address, number, said, Arc::clone(&over))));
    let strangers: Vec<_> = strangers.collect();
    sleep(Duration::from_secs(2)).await;
    for order in &orders[..30] {
        notified_at_once(&app, order, "WeChat").await;
        assert_eq!(at_once("healthz", Caller::new(address).get("/healthz")).await.status, 200);
    }
    over.store(true, Ordering::Relaxed);
    join_all(strangers).await;
}

/// Two connections at a time that say this and listen to nothing; where one is closed another is opened.
async fn hold(address: SocketAddr, number: u64, said: String, over: Arc<AtomicBool>) {
    // Not all in the same moment: this process has two processors for both sides.
    sleep(Duration::from_millis(20 * number)).await;
    join_all((0..2).map(|_| async {
        while !over.load(Ordering::Relaxed) {
            let mut wire = Wire::narrow(address).await;
            let _ = timeout(Duration::from_millis(200), wire.try_say(&said)).await;
            let _ = timeout(Duration::from_millis(1500), wire.is_closed()).await;
        }
    }))
    .await;
}
