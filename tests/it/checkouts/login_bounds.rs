//! The way back from WeChat's login, when there is nothing (more) to ask WeChat: it ends on the checkout's page.

use futures_util::future::join_all;
use wechat_pay::simulator::{OauthFault, Payer};

use super::browser::Browser;
use super::login::{exchanges, led_back, payer_cookie, query, tells_nothing, with};
use super::made::{checkout, paid_at};
use crate::support::database::Engine;
use crate::support::test_app::TestApp;

/// So many codes of one checkout are exchanged in a while.
const MOST: u64 = 32;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_known_is_led_to_the_page_whatever_comes_back() {
    let app = TestApp::open(Engine::Sqlite).await;
    let bought = checkout(&app).await;
    let mut browser = Browser::in_wechat(&app, Payer::First);
    let back = led_back(&mut browser, &bought, &app).await;
    assert_eq!(browser.ask(&back).await.status, 302);
    payer_cookie(&mut browser);
    // Its cookie of ten minutes is gone, or is a second tab's.
    browser.cookies.retain(|(name, ..)| name != "wechat_pay_state");
    let plain = back.split_once('?').unwrap().0.to_owned();
    for url in [back.clone(), with(&back, "state", "x"), with(&back, "code", "x"), plain, format!("{back}&lang=en")] {
        let answer = browser.ask(&url).await;
        let language = if url.ends_with("lang=en") { "?lang=en" } else { "" };
        assert_eq!((answer.status, answer.header("location")), (302, Some(&*format!("../{}{language}", bought.id))), "{url}");
        assert_eq!((answer.header("set-cookie"), answer.header("cache-control")), (None, Some("no-store")));
        tells_nothing(&answer);
    }
    assert_eq!(browser.open(&back).await.state(), "waiting");
    assert_eq!(exchanges(&app), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_back_when_it_is_paid_closed_or_over_need_not_be_known() {
    let app = TestApp::open(Engine::Sqlite).await;
    let (paid, closed, over) = (checkout(&app).await, checkout(&app).await, checkout(&app).await);
    let mut waiting = Vec::new();
    for (bought, state) in [(paid, "paid"), (closed, "closed"), (over, "expired")] {
        let mut browser = Browser::in_wechat(&app, Payer::First);
        let back = led_back(&mut browser, &bought, &app).await;
        match state {
            "paid" => {
                bought.at_a_desk(&app).await;
                app.notify(paid_at(&app, &bought.order(&app, "NATIVE").await)).await.acknowledged("paid");
            }
            "closed" => assert_eq!(bought.close(&app).await.json()["code"], 0),
            _ => {}
        }
        waiting.push((browser, back, state));
    }
    app.time_passes(7200);
    for (mut browser, back, state) in waiting {
        assert_eq!(browser.open(&back).await.state(), state);
        let mut stranger = Browser::in_wechat(&app, Payer::Second);
        assert_eq!(stranger.open(&with(&back, "code", "invented")).await.state(), state);
    }
    assert_eq!(exchanges(&app), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_that_somebody_invents_are_exchanged_within_a_bound() {
    let app = TestApp::open(Engine::Sqlite).await;
    let (bought, other) = (checkout(&app).await, checkout(&app).await);
    let mut payer = Browser::in_wechat(&app, Payer::Second);
    let real = led_back(&mut payer, &bought, &app).await;
    assert_eq!(payer.ask(&real).await.status, 302);
    // With a state of this service's own; and WeChat is busy for some of them.
    let mut stranger = Browser::in_wechat(&app, Payer::First);
    let back = led_back(&mut stranger, &bought, &app).await;
    assert_ne!(query(&back, "state"), "");
    let bring = async |codes: std::ops::Range<u64>| {
        let brought = codes.map(|n| {
            let (mut browser, url) = (stranger.clone(), with(&back, "code", &format!("invented{n}")));
            async move { browser.ask(&url).await.status }
        });
        join_all(brought).await
    };
    app.wechat().faults.oauth = OauthFault::Error;
    assert_eq!(bring(0..10).await, [502; 10]);
    app.wechat().faults.oauth = OauthFault::Normal;
    let answered = bring(10..60).await;
    assert_eq!((answered.iter().filter(|status| **status == 302).count(), exchanges(&app)), (21, MOST), "{answered:?}");
    assert_eq!(stranger.ask(&back).await.status, 502, "not even a real one");
    assert_eq!(exchanges(&app), MOST);
    // Those who are known, and other checkouts, are as they were.
    assert_eq!(payer.open(&bought.page(&app)).await.state(), "waiting");
    assert_eq!(Browser::in_wechat(&app, Payer::First).open(&other.page(&app)).await.state(), "waiting");
    assert_eq!(bought.at_a_desk(&app).await.state(), "waiting");
}
