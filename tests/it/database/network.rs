//! What the network between service and database may do, and that no payment is lost by it.

use std::future::Future;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use crate::support::database::{Database, Engine};
use crate::support::http::Answer;
use crate::support::proxy::{Proxy, Reserved};
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::{ACKNOWLEDGED, WeChatMessage};

/// The contract's limits.
const NOTIFY: Duration = Duration::from_millis(4500);
const FRONT_END: Duration = Duration::from_secs(8);
/// After a fault ends, so long at most until all is well again.
const RECOVERY: Duration = Duration::from_secs(5);

async fn behind_a_proxy() -> (TestApp, Proxy) {
    let database = Database::fresh(Engine::MySql).await;
    let proxy = Proxy::to(database.server_address());
    let url = database.url_through(proxy.address);
    (TestAppBuilder::on(database).set("DATABASE__URL", url).open().await, proxy)
}

/// The notification of an order's payment, with a transaction of its own.
fn message(order_id: &str) -> String {
    let (_, tail) = order_id.split_at(order_id.len() - 18);
    WeChatMessage::notification(order_id, 1990).with("transaction_id", &format!("4200000260{tail}")).signed()
}

/// Opens a deal, and again if the database was too slow just then: machines that run tests are busy.
async fn open(app: &TestApp) -> Order {
    loop {
        let answer = app.try_to_pay("19.90").await;
        if answer.status != 200 {
            is_unavailable(&answer);
            continue;
        }
        let json = answer.json();
        return Order { id: json["order_id"].as_str().unwrap().to_owned(), code_url: json["code_url"][0].as_str().unwrap().to_owned() };
    }
}

async fn orders(app: &TestApp, number: usize) -> Vec<Order> {
    join_all((0..number).map(|_| open(app))).await
}

async fn timed<T>(work: impl Future<Output = T>) -> (Duration, T) {
    let started = Instant::now();
    let outcome = work.await;
    (started.elapsed(), outcome)
}

/// SUCCESS, or FAIL with 503: the truth, or "repeat it".
fn acknowledged(answer: &Answer) -> bool {
    let acknowledged = answer.body == ACKNOWLEDGED;
    assert!(acknowledged || (answer.status == 503 && answer.body.contains("FAIL")), "{} {}", answer.status, answer.body);
    acknowledged
}

fn is_unavailable(answer: &Answer) {
    assert_eq!((answer.status, answer.reason().as_str()), (503, "UNAVAILABLE"), "{}", answer.body);
    assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok_and(|seconds| seconds > 0)));
}

/// Repeats each order's notification, as WeChat does, until it is acknowledged.
async fn settle(app: &TestApp, orders: &[Order]) {
    join_all(orders.iter().map(|order| async {
        while !acknowledged(&app.notify(message(&order.id)).await) {
            sleep(Duration::from_millis(20)).await;
        }
    }))
    .await;
}

/// As another connection to the database sees it.
async fn all_paid(app: &TestApp, orders: &[Order]) {
    let look = app.look().await;
    for order in orders {
        assert_eq!(look.status(&order.id).await, 1, "{} was acknowledged and is not paid", order.id);
    }
}

/// No connection of the service's is inside a forgotten transaction: whatever it does next would be in there
/// too, acknowledged and never committed.
async fn nothing_is_left_open(app: &TestApp) {
    const UNTOLD: &str = "SELECT CAST(COUNT(*) AS CHAR) FROM deal_event WHERE untold = 1";
    const OPEN: &str = "SELECT CONCAT_WS(' ', t.trx_started, t.trx_rows_modified, p.command, p.time_ms, p.info) FROM information_schema.innodb_trx t \
        JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id WHERE p.db = DATABASE() AND p.id <> CONNECTION_ID()";
    // More than there are workers, so that each of them has written once.
    settle(app, &orders(app, 24).await).await;
    let look = app.look().await;
    // The publisher's transactions are no forgotten ones.
    let told = async {
        while look.texts(UNTOLD).await != [Some("0".to_owned())] {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(6 * RECOVERY, told).await.expect("what was paid is told of");
    // What InnoDB shows may be a tenth of a second old.
    sleep(Duration::from_millis(150)).await;
    assert_eq!(look.texts(OPEN).await, [], "open transactions");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_is_left_open_would_be_seen() {
    let app = TestApp::open(Engine::MySql).await;
    let order = app.to_pay("19.90").await;
    nothing_is_left_open(&app).await;
    let look = app.look().await;
    look.run(&format!("BEGIN; UPDATE deal SET merchant_id = 13 WHERE order_key = '{}'", order.id)).await;
    let judged = tokio::spawn(async move { nothing_is_left_open(&app).await });
    assert!(judged.await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_hang_up_at_any_moment_lose_nothing_that_was_acknowledged() {
    let (app, proxy) = behind_a_proxy().await;
    proxy.delay_replies(Duration::from_millis(5));
    let mut paid = Vec::new();
    let mut opened = Vec::new();
    for round in 0..25u64 {
        let trials = join_all((0..8u64).map(|trial| {
            let app = &app;
            async move {
                // Every moment of a request that takes some ten milliseconds, in steps of 120 µs.
                let patience = Duration::from_micros(120 * (round * 8 + trial));
                let impatient = timeout(patience, app.try_to_pay("19.90")).await.ok();
                let order = open(app).await;
                let impatient_notify = timeout(patience, app.notify(message(&order.id))).await.is_ok_and(|answer| acknowledged(&answer));
                let query = timeout(patience, app.query(&order.id)).await;
                let told_paid = query.is_ok_and(|answer| answer.status == 200 && answer.json()["trade_state"] == "SUCCESS");
                // A half of them is not repeated, so that nothing hides what the first one did.
                let acknowledged = impatient_notify || told_paid || (trial % 2 == 0 && acknowledged(&app.notify(message(&order.id)).await));
                (impatient, order, acknowledged)
            }
        }));
        for (impatient, order, acknowledged) in trials.await {
            if let Some(answer) = impatient.filter(|answer| answer.status == 200) {
                opened.push(answer.json()["order_id"].as_str().unwrap().to_owned());
            }
            opened.push(order.id.clone());
            if acknowledged {
                paid.push(order);
            }
        }
        if round % 5 == 4 {
            proxy.cut();
            proxy.delay_replies(Duration::ZERO);
            all_paid(&app, &paid).await;
            // The connections that were cut are found out, at the cost of a repeat.
            settle(&app, &paid).await;
            proxy.delay_replies(Duration::from_millis(5));
        }
    }
    assert!(paid.len() >= 100, "{} acknowledged", paid.len());
    nothing_is_left_open(&app).await;
    proxy.cut();
    all_paid(&app, &paid).await;
    let look = app.look().await;
    for order_id in &opened {
        assert!(look.value(order_id, "code_url").await.is_some(), "{order_id} was given to a till");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_go_silent_are_replaced_within_seconds() {
    let (app, proxy) = behind_a_proxy().await;
    let orders = orders(&app, 30).await;
    join_all(orders.iter().map(|order| app.query(&order.id))).await;

    // Few requests are in flight, so most of the connections have not been found out when these have failed.
    proxy.black_hole();
    let fallen = Instant::now();
    let (notified, queried, opened) = tokio::join!(
        join_all(orders[..2].iter().map(|order| timed(app.notify(message(&order.id))))),
        timed(app.query(&orders[2].id)),
        timed(app.try_to_pay("19.90")),
    );
    for (took, answer) in &notified {
        acknowledged(answer);
        assert!(*took < NOTIFY, "{took:?}");
    }
    for (took, answer) in [&queried, &opened] {
        is_unavailable(answer);
        assert!(*took < FRONT_END, "{took:?}");
    }
    timeout(RECOVERY, async {
        for order in &orders[..12] {
            settle(&app, std::slice::from_ref(order)).await;
        }
    })
    .await
    .expect("new connections work, so the service does");
    assert_eq!(app.to_pay("19.90").await.id.len(), 32);
    assert_eq!(app.trade_state(&orders[2].id).await, "SUCCESS");
    assert!(fallen.elapsed() < FRONT_END + RECOVERY);
    all_paid(&app, &orders[..12]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_swallows_everything_is_told_in_time_and_comes_back() {
    let (app, proxy) = behind_a_proxy().await;
    let orders = orders(&app, 40).await;
    proxy.swallow_new(true);
    proxy.black_hole();
    // More than there are workers, so some have to wait for others that wait in vain.
    let (notified, front_end, ready) = tokio::join!(
        join_all(orders[..24].iter().map(|order| timed(app.notify(message(&order.id))))),
        join_all((24..40).map(|n| {
            let (app, orders) = (&app, &orders);
            timed(async move { if n % 2 == 0 { app.try_to_pay("19.90").await } else { app.query(&orders[n].id).await } })
        })),
        timed(app.till.get("/readyz")),
    );
    for (took, answer) in &notified {
        assert!(!acknowledged(answer));
        assert!(*took < NOTIFY, "{took:?}");
    }
    for (took, answer) in front_end.iter().chain([&ready]) {
        is_unavailable(answer);
        assert!(*took < FRONT_END, "{took:?}");
    }
    assert_eq!(app.till.get("/healthz").await.status, 200);

    proxy.swallow_new(false);
    timeout(RECOVERY, settle(&app, &orders)).await.expect("it is back, so the service is");
    assert_eq!(app.till.get("/readyz").await.status, 200);
    assert_eq!(app.to_pay("19.90").await.id.len(), 32);
    all_paid(&app, &orders).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_break_all_the_time_lose_nothing_and_everything_settles() {
    let (app, proxy) = behind_a_proxy().await;
    let orders = orders(&app, 60).await;
    proxy.delay_replies(Duration::from_millis(2));
    let before = proxy.connections();
    let breaking = async {
        // A new connection and one transaction over it are some fifteen replies; often there is time for them, and often not.
        for pause in (0..80).map(|n| 15 + n * 7 % 59) {
            sleep(Duration::from_millis(pause)).await;
            proxy.cut();
        }
    };
    // Two rounds at once of every notification: WeChat repeats, and not one after the other.
    let notifying = join_all(orders.iter().chain(&orders).map(|order| async {
        let mut acknowledgements = 0;
        for _ in 0..6 {
            acknowledgements += u32::from(acknowledged(&app.notify(message(&order.id)).await));
        }
        (order.clone(), acknowledgements)
    }));
    let opening = async {
        let mut opened = Vec::new();
        for n in 0..40 {
            let body = json!({"merchant_id": 12, "product_id": 34, "price": "19.90"}).to_string();
            let request = app.till.request("POST", "/wxPay/toPay").header("content-type", "application/json");
            let answer = app.till.send(request.header("idempotency-key", format!("cart-{n}")).body(body)).await;
            match answer.status {
                200 => opened.push(answer.json()["order_id"].as_str().unwrap().to_owned()),
                _ => is_unavailable(&answer),
            }
        }
        opened
    };
    let (told, opened, ()) = tokio::join!(notifying, opening, breaking);
    assert!(proxy.connections() > before + 20, "many connections were broken");
    let paid: Vec<_> = told.into_iter().filter(|(_, acknowledgements)| *acknowledgements > 0).map(|(order, _)| order).collect();
    // How many depends on the machine.
    assert!(paid.len() > orders.len() / 4, "{} acknowledged", paid.len());
    all_paid(&app, &paid).await;
    let look = app.look().await;
    for order_id in &opened {
        assert_eq!(look.value(order_id, "order_key").await.as_ref(), Some(order_id));
    }
    timeout(RECOVERY, settle(&app, &orders)).await.expect("repeated notifications settle in the end");
    all_paid(&app, &orders).await;
    nothing_is_left_open(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_down_is_said_and_its_return_needs_no_restart() {
    let (app, proxy) = behind_a_proxy().await;
    let orders = orders(&app, 20).await;
    for _ in 0..2 {
        proxy.down();
        let asked = app.calls("unifiedorder");
        for _ in 0..12 {
            let (took, answer) = timed(app.try_to_pay("19.90")).await;
            is_unavailable(&answer);
            assert!(took < FRONT_END);
            let (took, answer) = timed(app.notify(message(&orders[0].id))).await;
            assert!(!acknowledged(&answer));
            assert!(took < NOTIFY);
        }
        assert_eq!(app.calls("unifiedorder"), asked, "no link without a row");
        is_unavailable(&app.query(&orders[0].id).await);
        is_unavailable(&app.close(&orders[0].id).await);
        let unready = app.till.get("/readyz").await;
        is_unavailable(&unready);
        assert!(unready.json()["detail"].as_str().unwrap().contains("database"), "{}", unready.body);

        proxy.up();
        assert_eq!(app.till.get("/readyz").await.status, 200);
        for _ in 0..10 {
            assert_eq!(app.to_pay("19.90").await.id.len(), 32, "at once");
        }
    }
    timeout(RECOVERY, settle(&app, &orders)).await.unwrap();
    all_paid(&app, &orders).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_swallows_everything_does_not_keep_the_service_from_stopping() {
    let (app, proxy) = behind_a_proxy().await;
    let order = app.to_pay("19.90").await;
    proxy.swallow_new(true);
    proxy.black_hole();
    let (till, notification) = (app.till.clone(), message(&order.id));
    let in_hand = tokio::spawn(async move { till.post("/wxPay/notify", "text/xml", notification).await });
    sleep(Duration::from_millis(300)).await;
    let (took, database) = timed(app.stop()).await;
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(!acknowledged(&in_hand.await.unwrap()), "it was answered all the same");
    assert_eq!(database.look().await.status(&order.id).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_restarts_between_two_callers_is_not_noticed_by_them() {
    let (app, proxy) = behind_a_proxy().await;
    for _ in 0..3 {
        let orders = orders(&app, 20).await;
        // Every connection is gone, and the service has not noticed yet.
        proxy.cut();
        for order in &orders {
            assert_eq!(app.to_pay("19.90").await.id.len(), 32);
            assert_eq!(app.notify(message(&order.id)).await.body, ACKNOWLEDGED);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_cannot_be_reached_yet_is_waited_for() {
    let database = Database::fresh(Engine::MySql).await;
    let reserved = Reserved::new();
    let (target, url) = (database.server_address(), database.url_through(reserved.address));
    let mut opening = tokio::spawn(TestAppBuilder::on(database).set("DATABASE__URL", url).open());
    assert!(timeout(Duration::from_millis(1500), &mut opening).await.is_err(), "it waits");
    let _proxy = reserved.open(target);
    // It makes its tables yet, on a disk that others may be using.
    let app = timeout(6 * RECOVERY, opening).await.expect("the database is there").unwrap();
    assert_eq!(app.to_pay("19.90").await.id.len(), 32);
}
