//! The feed, waited at.

use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use serde_json::json;
use tokio::time::sleep;

use super::told::{alarm, beside, neighbour, next, publish, read, tell};
use crate::support::database::Engine;
use crate::support::http::Caller;
use crate::support::on_both_engines;
use crate::support::test_app::{TestApp, TestAppBuilder};
use crate::support::wire::Wire;

/// Until a reader is certainly waiting.
const MOMENT: Duration = Duration::from_millis(400);

on_both_engines! {
    async fn who_waits_is_told_as_soon_as_it_is_in_the_outbox(engine) {
        let app = TestApp::open(engine).await;
        let store = beside(&app).await;
        let mut late = Vec::new();
        for number in 0..9 {
            let order_id = format!("o{number}");
            let told = async {
                sleep(MOMENT).await;
                tell(&app, &store, &[&order_id]).await;
                Instant::now()
            };
            let (answer, told) = join(async { (read(&app, &format!("after={number}&wait=10")).await, Instant::now()) }, told).await;
            let (answer, heard) = answer;
            assert_eq!((answer.json()["changes"].as_array().unwrap().len(), next(&answer)), (1, (number + 1).to_string()));
            late.push(heard.saturating_duration_since(told));
        }
        late.sort();
        // A look is taken each second, so that waiting for it takes half a second in the middle of many.
        assert!(late[4] < Duration::from_millis(200), "{late:?}");
    }

    async fn what_another_instance_publishes_is_told_within_two_seconds(engine) {
        let app = TestApp::open(engine).await;
        let other = neighbour(&app).await;
        let store = beside(&app).await;
        let reading = async { (read(&app, "wait=10").await, Instant::now()) };
        let telling = async {
            sleep(MOMENT).await;
            tell(&other, &store, &["o1"]).await;
            Instant::now()
        };
        let ((answer, heard), told) = join(reading, telling).await;
        assert_eq!(next(&answer), "1");
        assert!(heard.saturating_duration_since(told) < Duration::from_secs(2), "{:?}", heard.saturating_duration_since(told));
        // What was read here is known there, at once and without a refusal.
        let (answer, asked) = (read(&other, "after=1&wait=1").await, read(&other, "after=0&wait=9").await);
        assert_eq!((answer.json(), next(&asked)), (json!({"changes": [], "next": "1"}), "1".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_in_vain_keeps_the_cursor() {
    let app = TestApp::open(Engine::Sqlite).await;
    tell(&app, &beside(&app).await, &["o1"]).await;
    let answer = read(&app, "after=1&wait=2").await;
    assert_eq!(answer.json(), json!({"changes": [], "next": "1"}));
    assert!((Duration::from_millis(1900)..Duration::from_secs(4)).contains(&answer.took), "{:?}", answer.took);
    assert_eq!((answer.header("content-type"), answer.header("cache-control")), (Some("application/json"), Some("no-store")));
}

/// Slow because longer than eight seconds are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_wait_is_kept_alive_by_line_feeds_and_cut_by_no_deadline() {
    let app = TestApp::open(Engine::Sqlite).await;
    let answer = read(&app, "wait=11").await;
    assert_eq!(answer.body, "\n\n{\"changes\":[],\"next\":\"0\"}");
    assert_eq!(answer.json()["next"], "0", "readers of JSON pass over them");
    assert!(answer.took >= Duration::from_millis(10_900), "{:?}", answer.took);
}

/// Slow because two line feeds take ten seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_has_gone_gives_its_place_back() {
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("SERVER__MAX_CONNECTIONS", 24).open().await;
    let mut readers = Vec::new();
    for _ in 0..10 {
        readers.push(Wire::saying(app.till.address, "GET /wxPay/changes?wait=30 HTTP/1.1\r\nhost: pay\r\n\r\n").await);
        assert_eq!(readers.last_mut().unwrap().answer().await.unwrap().status, 200);
    }
    read(&app, "wait=1").await.refused(503, "UNAVAILABLE", None, "readers have their share, and it is taken");
    assert_eq!(read(&app, "").await.status, 200, "who does not wait needs none");
    assert_eq!(app.to_pay_at_once(1).await.len(), 1);
    drop(readers);
    sleep(Duration::from_secs(12)).await;
    assert_eq!(read(&app, "wait=1").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_stops_answers_those_that_wait_at_once() {
    let app = TestApp::open(Engine::Sqlite).await;
    tell(&app, &beside(&app).await, &["o1"]).await;
    let till: Caller = app.till.clone();
    let waiting = join_all((0..32).map(|_| till.get("/wxPay/changes?after=1&wait=30")));
    let stopping = async {
        sleep(MOMENT).await;
        let stopped = Instant::now();
        (app.stop().await, stopped)
    };
    let (answers, (database, stopped)) = join(waiting, stopping).await;
    assert!(stopped.elapsed() < Duration::from_secs(3), "{:?}", stopped.elapsed());
    for answer in answers {
        assert_eq!(answer.json(), json!({"changes": [], "next": "1"}));
    }
    drop(database);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_lags_behind_reads_on_from_the_table() {
    let app = TestApp::open(Engine::Sqlite).await;
    let store = beside(&app).await;
    let waiting = read(&app, "wait=10");
    let telling = async {
        sleep(MOMENT).await;
        let names: Vec<_> = (0..1500).map(|number| format!("o{number}")).collect();
        for name in &names {
            store.record(alarm(&app, name)).await.unwrap();
        }
        publish(&app).await;
        // Somebody waits, so that it is looked at.
        read(&app, "after=1500&wait=1").await
    };
    let (first, last) = join(waiting, telling).await;
    assert!(!first.json()["changes"].as_array().unwrap().is_empty());
    assert_eq!(next(&last), "1500");
    let (mut cursor, mut told) = ("0".to_owned(), 0);
    loop {
        let page = read(&app, &format!("after={cursor}&limit=400&wait=1")).await;
        let changes = page.json()["changes"].as_array().unwrap().len();
        (cursor, told) = (next(&page), told + changes);
        if changes == 0 {
            break;
        }
    }
    assert_eq!((told, cursor.as_str()), (1500, "1500"));
}
