//! Brute force, and that a stranger locks out nobody but the stranger.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::support::console::{Browser, OPERATOR, PASSWORD, VIEWER};
use crate::support::database::Engine;
use crate::support::on_both_engines;
use crate::support::test_app::{TestApp, TestAppBuilder};

async fn app() -> TestApp {
    TestAppBuilder::new(Engine::Sqlite).await.with_console().set("METRICS__LISTEN", "127.0.0.1:0").open().await
}

on_both_engines! {
    async fn five_wrong_passwords_are_followed_by_a_wait_for_that_name_and_address_alone(engine) {
        let app = TestAppBuilder::new(engine).await.with_console().open().await;
        let mut stranger = Browser::on("127.0.0.77", &app);
        for _ in 0..5 {
            assert_eq!(stranger.log_in(OPERATOR, "wrong").await.status, 401);
        }
        for password in ["wrong", PASSWORD] {
            let answer = stranger.log_in(OPERATOR, password).await;
            assert_eq!((answer.status, answer.header("retry-after"), stranger.token.as_ref()), (429, Some("300"), None));
            assert!(answer.body.contains("Try again in 300 s"), "{}", answer.body);
        }
        assert_eq!(Browser::at(&app).log_in(OPERATOR, PASSWORD).await.status, 303, "the operator, who is elsewhere");
        assert_eq!(stranger.log_in(VIEWER, PASSWORD).await.status, 303, "a colleague at the stranger's address");
        app.time_passes(299);
        assert_eq!(stranger.log_in(OPERATOR, PASSWORD).await.header("retry-after"), Some("1"));
        app.time_passes(1);
        assert_eq!(stranger.log_in(OPERATOR, PASSWORD).await.status, 303);
        for _ in 0..4 {
            assert_eq!(stranger.log_in(OPERATOR, "wrong").await.status, 401, "what failed before the right one is forgotten");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tries_at_once_are_no_more_than_tries_one_after_the_other() {
    let app = app().await;
    let stranger = Browser::at(&app);
    let tries = (0..30).map(|number| {
        let mut stranger = stranger.clone();
        async move { stranger.log_in(OPERATOR, &format!("guess {number}")).await.status }
    });
    let statuses = join_all(tries).await;
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(401), count(429)), (5, 25), "{statuses:?}");
    assert_eq!(app.numbers().await.get("console_logins_failed_total"), 5.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_behind_a_proxy_is_told_apart_by_the_address_that_the_proxy_names() {
    let builder = TestAppBuilder::new(Engine::Sqlite).await.with_console();
    let app = builder.set("SERVER__TRUSTED_PROXIES", "127.0.0.0/8").open().await;
    let try_from = async |address: &str, password: &str| {
        let browser = Browser::at(&app);
        let request = browser.request("POST", "/login").header("content-type", "application/x-www-form-urlencoded");
        let body = form_urlencoded::Serializer::new(String::new()).append_pair("name", OPERATOR).append_pair("password", password).finish();
        browser.send(request.header("x-forwarded-for", address).body(body)).await.status
    };
    for _ in 0..5 {
        assert_eq!(try_from("203.0.113.1", "wrong").await, 401);
    }
    assert_eq!(try_from("203.0.113.1", PASSWORD).await, 429);
    assert_eq!(try_from("203.0.113.1, 203.0.113.2", PASSWORD).await, 303, "whatever a stranger writes further left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_logins_keeps_no_payer_waiting() {
    let app = app().await;
    let crowd = (1..=120).map(|number| {
        let mut stranger = Browser::on(&format!("127.0.2.{number}"), &app);
        tokio::spawn(async move { stranger.log_in(OPERATOR, "wrong").await.status })
    });
    let crowd: Vec<_> = crowd.collect();
    let begun = Instant::now();
    let answer = app.try_to_pay("19.90").await;
    assert_eq!(answer.json()["code"], 0, "{}", answer.body);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    let statuses: Vec<_> = join_all(crowd).await.into_iter().map(Result::unwrap).collect();
    assert!(statuses.iter().all(|status| matches!(status, 401 | 503)), "tried, or sent away at once: {statuses:?}");
    assert_eq!(Browser::at(&app).log_in(OPERATOR, PASSWORD).await.status, 303, "and then it is quiet");
}
