//! Server-sent events: the payer's page is told of each change at once.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::Value;
use wechat_pay::simulator::Faults;

use crate::support::database::{Database, Engine};
use crate::support::listener::{Heard, Listener};
use crate::support::mariadb::MariaDb;
use crate::support::on_both_engines;
use crate::support::proxy::Proxy;
use crate::support::scripted_wechat::ScriptedWeChat;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::{ACKNOWLEDGED, WeChatMessage};

/// For what comes by itself.
const SOON: Duration = Duration::from_secs(3);
/// For what another instance has decided.
const ELSEWHERE: Duration = Duration::from_secs(2);

async fn listen(app: &TestApp, order: &Order) -> Listener {
    let mut listener = Listener::to(&app.till, &order.id).await;
    assert_eq!(listener.next(SOON).await.word(), "NOTPAY");
    listener
}

/// The time until the state of this name is told as the last one.
async fn told(listener: &mut Listener, word: &str) -> Duration {
    let started = Instant::now();
    assert_eq!(listener.next(Duration::from_secs(10)).await.word(), word);
    let waited = started.elapsed();
    assert_eq!(listener.next(SOON).await, Heard::End, "nothing comes after {word}");
    waited
}

/// An answer without what tells when it was given.
fn told_at_whatever_time(mut answer: Value) -> Value {
    let words = answer.as_object_mut().unwrap();
    assert!(words.remove("server_time").is_some());
    words.remove("as_of");
    answer
}

/// Another instance on the same database.
async fn neighbour(app: &TestApp) -> TestApp {
    TestAppBuilder::new(Engine::Sqlite).await.set("DATABASE__URL", &app.database.url).open().await
}

on_both_engines! {
    async fn the_present_state_comes_first_and_then_each_change(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        let mut listener = Listener::to(&app.till, &order.id).await;
        let header = |name| listener.response.headers().get(name).unwrap().to_str().unwrap();
        assert_eq!(header("content-type"), "text/event-stream");
        assert_eq!((header("x-accel-buffering"), header("cache-control")), ("no", "no-store"));
        assert!(!header("x-request-id").is_empty());
        let Heard::State(first) = listener.next(SOON).await else { panic!("no first state") };
        assert_eq!(told_at_whatever_time(first), told_at_whatever_time(app.query(&order.id).await.json()), "as queryOrder answers");

        app.wechat().enter_password(&order.id).unwrap();
        assert_eq!(listener.next(SOON).await.word(), "USERPAYING");
        app.payer_pays(&order).await;
        let Heard::State(last) = listener.next(SOON).await else { panic!("no last state") };
        assert_eq!(last["trade_state"], "SUCCESS");
        assert_eq!(told_at_whatever_time(last), told_at_whatever_time(app.query(&order.id).await.json()));
        assert_eq!(listener.next(SOON).await, Heard::End);
    }

    async fn a_payment_is_told_at_once_and_not_at_the_next_look(engine) {
        let app = TestApp::open(engine).await;
        let mut waits = Vec::new();
        for _ in 0..9 {
            let order = app.to_pay("19.90").await;
            let mut listener = listen(&app, &order).await;
            app.payer_pays(&order).await;
            waits.push(told(&mut listener, "SUCCESS").await);
        }
        waits.sort();
        // A look is taken each second, so that waiting for it takes half a second in the middle of many.
        assert!(waits[4] < Duration::from_millis(300), "{waits:?}");
    }

    async fn a_decided_order_has_one_event(engine) {
        let app = TestApp::open(engine).await;
        let (paid, closed) = (app.to_pay("19.90").await, app.to_pay("19.90").await);
        app.payer_pays(&paid).await;
        app.time_passes(300);
        assert_eq!(app.close(&closed.id).await.json()["code"], 0);
        for (order, word) in [(paid, "SUCCESS"), (closed, "CLOSED")] {
            told(&mut Listener::to(&app.till, &order.id).await, word).await;
        }
    }

    async fn an_order_that_is_given_up_is_told_as_closed(engine) {
        let app = TestApp::open(engine).await;
        let (closed, expired) = (app.to_pay("19.90").await, app.to_pay("19.90").await);
        let (mut first, mut second) = (listen(&app, &closed).await, listen(&app, &expired).await);
        app.time_passes(300);
        app.close(&closed.id).await;
        told(&mut first, "CLOSED").await;
        app.time_passes(7200);
        app.sweep().await;
        told(&mut second, "CLOSED").await;
    }

    async fn what_another_instance_settles_is_told_within_two_seconds(engine) {
        let app = TestApp::open(engine).await;
        let other = neighbour(&app).await;
        let orders = [app.to_pay("19.90").await, app.to_pay("19.90").await];
        let mut listeners = join_all(orders.iter().map(|order| listen(&app, order))).await;
        assert_eq!(other.notify(WeChatMessage::notification(&orders[0].id, 1990).signed()).await.body, ACKNOWLEDGED);
        let waited = told(&mut listeners[0], "SUCCESS").await;
        assert!(waited < ELSEWHERE, "{waited:?}");
        assert_eq!(listeners[1].next(Duration::from_millis(300)).await, Heard::Silence, "the other order is not paid");
        // The service that this one replaces marks a row, and tells no journal of it.
        app.look().await.run(&format!("UPDATE deal SET status = 1, due_at = NULL WHERE order_id = '{}'", orders[1].id)).await;
        let waited = told(&mut listeners[1], "SUCCESS").await;
        assert!(waited < ELSEWHERE, "{waited:?}");
    }

    async fn a_payment_whose_notification_was_lost_is_told_within_three_seconds(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        let mut listener = listen(&app, &order).await;
        app.payer_pays_silently(&order);
        let waited = told(&mut listener, "SUCCESS").await;
        assert!(waited < SOON, "{waited:?}");
        assert_eq!(app.look().await.status(&order.id).await, 1, "and it is settled");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_for_no_order_is_refused_as_by_query_order() {
    let app = TestApp::open(Engine::Sqlite).await;
    for (query, status, reason, field) in [
        ("", 400, "INVALID_PARAMETER", Some("order_id")),
        ("?order_id=", 400, "INVALID_PARAMETER", Some("order_id")),
        ("?order_id=a%20b", 400, "INVALID_PARAMETER", Some("order_id")),
        ("?order_id=1&order_id=2", 400, "INVALID_PARAMETER", None),
        ("?order_id=20260401120000000000000000000000", 404, "ORDER_NOT_FOUND", None),
    ] {
        app.till.get(&format!("/wxPay/events{query}")).await.refused(status, reason, field, query);
    }
    let posted = app.till.post("/wxPay/events?order_id=1", "text/plain", "").await;
    posted.refused(405, "METHOD_NOT_ALLOWED", None, "POST");
    assert!(posted.header("allow").is_some_and(|allowed| allowed.contains("GET")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_the_configured_origins_may_listen() {
    let shop = "https://shop.example.com";
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("SERVER__CORS_ORIGINS", shop).open().await;
    let order = app.to_pay("1").await;
    app.payer_pays(&order).await;
    for (origin, allowed) in [(shop, Some(shop)), ("https://evil.example.com", None)] {
        let request = app.till.request("GET", &format!("/wxPay/events?order_id={}", order.id)).header("origin", origin);
        assert_eq!(app.till.send(request).await.header("access-control-allow-origin"), allowed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_wechat_keeps_nobody_from_the_first_state() {
    let app = TestApp::open(Engine::Sqlite).await;
    let order = app.to_pay("1").await;
    app.wechat().faults = Faults { latency_ms: 60_000, ..Faults::default() };
    let started = Instant::now();
    let mut listener = Listener::to(&app.till, &order.id).await;
    let Heard::State(first) = listener.next(SOON).await else { panic!("no first state") };
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    assert_eq!((first["trade_state"].as_str(), first["as_of"].is_string()), (Some("NOTPAY"), true), "the stored state, and said so");
    // What is settled meanwhile is told although WeChat does not answer.
    app.notify(WeChatMessage::notification(&order.id, 100).signed()).await;
    assert!(told(&mut listener, "SUCCESS").await < SOON);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wechat_is_asked_once_however_many_listen_and_ask() {
    let app = TestApp::open(Engine::Sqlite).await;
    let order = app.to_pay("1").await;
    let _listeners = join_all((0..20).map(|_| listen(&app, &order))).await;
    let (before, started) = (app.calls("orderquery"), Instant::now());
    while started.elapsed() < Duration::from_secs(4) {
        assert_eq!(app.trade_state(&order.id).await, "NOTPAY");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (asked, seconds) = (app.calls("orderquery") - before, started.elapsed().as_secs() + 1);
    assert!((2..=seconds + 1).contains(&asked), "at most once a second: {asked} times in {seconds} s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_listeners_than_the_budget_bears_take_turns() {
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("WECHAT__QUERY_BUDGET", 5).open().await;
    let mut orders = Vec::new();
    for _ in 0..20 {
        orders.push(app.to_pay("1").await);
    }
    let mut listeners = join_all(orders.iter().map(|order| listen(&app, order))).await;
    let (before, started) = (app.calls("orderquery"), Instant::now());
    orders.iter().for_each(|order| app.payer_pays_silently(order));
    join_all(listeners.iter_mut().map(|listener| told(listener, "SUCCESS"))).await;
    let asked = app.calls("orderquery") - before;
    let allowed = 5 * (started.elapsed().as_secs() + 2);
    assert!((20..=allowed).contains(&asked), "{asked} times in {:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_stops_ends_its_streams_at_once() {
    let app = TestApp::open(Engine::Sqlite).await;
    let order = app.to_pay("1").await;
    let mut listeners = join_all((0..32).map(|_| listen(&app, &order))).await;
    let started = Instant::now();
    let (database, ends) = tokio::join!(app.stop(), join_all(listeners.iter_mut().map(|listener| listener.next(SOON))));
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    assert!(ends.iter().all(|end| *end == Heard::End), "as a stream ends, not as a connection breaks: {ends:?}");
    drop(database);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_outlives_its_database_s_absence() {
    let database = Database::fresh(Engine::MySql).await;
    let proxy = Proxy::to(database.server_address());
    let url = database.url_through(proxy.address);
    let app = TestAppBuilder::on(database).set("DATABASE__URL", url).open().await;
    let order = app.to_pay("19.90").await;
    let mut listener = listen(&app, &order).await;
    proxy.down();
    app.till.get(&format!("/wxPay/events?order_id={}", order.id)).await.refused(503, "UNAVAILABLE", None, "no database");
    assert_eq!(listener.next(Duration::from_secs(2)).await, Heard::Silence);
    proxy.up();
    app.payer_pays_silently(&order);
    told(&mut listener, "SUCCESS").await;
}

/// Slow because fifteen seconds are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiet_stream_has_a_comment_every_fifteen_seconds_and_who_has_gone_is_forgotten() {
    let wechat = ScriptedWeChat::new().await;
    let app = TestAppBuilder::new(Engine::Sqlite).await.with_wechat_at(wechat.stub.address).open().await;
    let (kept, left) = (app.to_pay("1").await, app.to_pay("1").await);
    let mut listener = listen(&app, &kept).await;
    drop(listen(&app, &left).await);
    let started = Instant::now();
    for comment in 1..=2 {
        assert_eq!(listener.next_of_all(Duration::from_secs(20)).await, Heard::Comment);
        let seconds = started.elapsed().as_secs();
        assert!((14 * comment..=16 * comment + 2).contains(&seconds), "comment {comment} after {seconds} s");
    }
    // Two comments have gone to a closed connection by now, so WeChat is not asked for its payer any more.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let asked = |order: &Order| wechat.asked("orderquery").iter().filter(|request| request.contains(&order.id)).count();
    let before = (asked(&kept), asked(&left));
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(before.1 > 5 && asked(&kept) > before.0, "both had somebody who waited");
    assert_eq!(asked(&left), before.1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_streams_together_cost_one_statement_a_second_and_none_costs_none() {
    let server = MariaDb::start(&["--event-scheduler=OFF", "--innodb-stats-auto-recalc=OFF"]).await;
    let wechat = TestApp::open(Engine::Sqlite).await;
    let app = TestAppBuilder::on(Database::on_server(&server.url()).await).on_wechat_of(&wechat).open().await;
    let look = app.look().await;
    let mut orders = Vec::new();
    for _ in 0..40 {
        orders.push(app.to_pay("19.90").await);
    }
    let selects = async || look.column("SHOW GLOBAL STATUS LIKE 'Com_select'", "Value").await.remove(0).parse::<u64>().unwrap();
    let in_five_seconds = async || {
        let before = selects().await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        selects().await - before
    };
    // The look counts too, by its own statements if at all.
    let nobody = in_five_seconds().await;
    let listeners = join_all(orders.iter().cycle().take(60).map(|order| listen(&app, order))).await;
    let sixty = in_five_seconds().await;
    assert_eq!(nobody, 0, "nobody listens, nobody asks");
    assert!((3..=7).contains(&sixty), "sixty listen to forty orders: {sixty} statements in five seconds");
    assert!(wechat.calls("orderquery") > 100, "while WeChat is asked for them");
    drop(listeners);
}
