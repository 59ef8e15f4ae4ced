//! Each fault that the simulator offers, and how it must end.

use std::time::{Duration, Instant};

use wechat_pay::simulator::{Faults, Notify};

use crate::support::database::Engine;
use crate::support::stub::{Reply, Stub};
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

/// An app whose WeChat has these faults, and a deal that was opened before they began.
async fn with(faults: Faults) -> (TestApp, Order) {
    let app = TestApp::open(Engine::Sqlite).await;
    let order = app.to_pay("19.90").await;
    app.wechat().faults = faults;
    (app, order)
}

/// The payer pays under the present faults, by the simulator's own rules for notifications.
fn pays(app: &TestApp, order: &Order) {
    let now = app.clock.now();
    app.wechat().pay(&order.id, None, None, now).unwrap();
}

#[tokio::test]
async fn slow_answers_are_waited_for() {
    let (app, order) = with(Faults { latency_ms: 400, ..Faults::default() }).await;
    let started = Instant::now();
    assert_eq!(app.trade_state(&order.id).await, "NOTPAY");
    assert!(started.elapsed() >= Duration::from_millis(400));
    assert_eq!(app.try_to_pay("1").await.json()["code"], 0);
}

#[tokio::test]
async fn an_answer_that_never_comes_is_a_504_within_eight_seconds() {
    let (app, order) = with(Faults { latency_ms: 60_000, ..Faults::default() }).await;
    app.time_passes(300);
    let started = Instant::now();
    let polling = async { (app.query(&order.id).await, started.elapsed()) };
    let (opened, closed, (queried, waited)) = tokio::join!(app.try_to_pay("1"), app.close(&order.id), polling);
    assert!(started.elapsed() < Duration::from_secs(8));
    for answer in [opened, closed] {
        assert_eq!((answer.status, answer.reason().as_str()), (504, "UPSTREAM"));
    }
    // A page that polls is told what is known after three seconds, and that it is only that.
    assert!((Duration::from_millis(2900)..Duration::from_millis(5500)).contains(&waited), "{waited:?}");
    assert_eq!(queried.json()["trade_state"], "NOTPAY");
    assert!(queried.json()["as_of"].is_string());
    assert_eq!(app.look().await.status(&order.id).await, 0);
}

#[tokio::test]
async fn a_dropped_reply_loses_neither_order_nor_close() {
    let (app, order) = with(Faults { drop_reply: 1.0, ..Faults::default() }).await;
    let lost = app.to_pay_once("k", "5").await;
    assert_eq!((lost.status, lost.reason().as_str()), (502, "UPSTREAM"));
    app.time_passes(300);
    assert_eq!(app.close(&order.id).await.status, 502);
    assert_eq!(app.look().await.status(&order.id).await, 0, "a close that nobody has confirmed is none");
    app.wechat().faults = Faults::default();
    assert_eq!(app.to_pay_once("k", "5").await.json()["order_id"], lost.json()["order_id"]);
    assert_eq!(app.close(&order.id).await.json()["code"], 0);
}

#[tokio::test]
async fn a_system_error_is_asked_again_with_the_same_request_and_never_believed() {
    for signed in [true, false] {
        let (app, order) = with(Faults { system_error: 1.0, system_error_signed: signed, ..Faults::default() }).await;
        let asked = app.calls("unifiedorder");
        let refused = app.to_pay_once("k", "5").await;
        assert_eq!((refused.status, refused.reason().as_str()), (502, "UPSTREAM"));
        assert_eq!(app.calls("unifiedorder"), asked + 3);
        assert_eq!(app.query(&order.id).await.status, 502);
        app.wechat().faults.system_error = 0.0;
        assert_eq!(app.to_pay_once("k", "5").await.json()["code"], 0);
        assert_eq!(app.wechat().orders().count(), 2, "one order, however often it was asked for");
    }
}

#[tokio::test]
async fn a_page_instead_of_an_answer_and_a_broken_connection_are_unknown_outcomes() {
    for faults in [Faults { html: 1.0, ..Faults::default() }, Faults { reset: 1.0, ..Faults::default() }] {
        let (app, order) = with(faults).await;
        assert_eq!((app.to_pay_once("k", "5").await.status, app.query(&order.id).await.status), (502, 502));
        app.wechat().faults = Faults::default();
        app.time_passes(2);
        assert_eq!(app.to_pay_once("k", "5").await.json()["code"], 0);
        assert_eq!(app.look().await.status(&order.id).await, 0);
    }
}

#[tokio::test]
async fn half_of_all_calls_failing_is_hardly_felt() {
    let (app, _) = with(Faults { html: 0.25, system_error: 0.15, drop_reply: 0.1, ..Faults::default() }).await;
    let mut opened = 0;
    for _ in 0..20 {
        opened += usize::from(app.try_to_pay("1").await.json()["code"] == 0);
    }
    assert!(opened >= 12, "{opened} of 20");
}

#[tokio::test]
async fn a_lost_notification_is_found_by_the_sweeper() {
    let (app, order) = with(Faults { notify: Notify::Lost, ..Faults::default() }).await;
    pays(&app, &order);
    app.time_passes(6);
    app.sweep().await;
    assert_eq!(app.look().await.status(&order.id).await, 1);
    assert!(app.wechat().order(&order.id).unwrap().attempts.is_empty());
}

#[tokio::test]
async fn a_late_notification_settles_when_it_comes() {
    let (app, order) = with(Faults { notify: Notify::Late, ..Faults::default() }).await;
    pays(&app, &order);
    assert_eq!(app.look().await.status(&order.id).await, 0);
    app.time_passes(20);
    app.notified(&order, 1).await;
    assert_eq!(app.look().await.status(&order.id).await, 1);
}

#[tokio::test]
async fn two_notifications_at_once_are_one_payment() {
    let (app, order) = with(Faults { notify: Notify::Twice, ..Faults::default() }).await;
    pays(&app, &order);
    app.notified(&order, 2).await;
    assert!(app.wechat().order(&order.id).unwrap().attempts.iter().all(|attempt| attempt.acknowledged));
    let look = app.look().await;
    assert_eq!(look.texts("SELECT kind FROM deal_event WHERE kind = 'settled'").await.len(), 1);
}

#[tokio::test]
async fn a_forged_notification_is_refused_and_the_true_one_settles() {
    let (app, order) = with(Faults { notify: Notify::Forged, ..Faults::default() }).await;
    pays(&app, &order);
    app.notified(&order, 1).await;
    assert_eq!(app.wechat().order(&order.id).unwrap().attempts[0].status, Some(401));
    assert_eq!(app.look().await.status(&order.id).await, 0);
    app.wechat().faults = Faults::default();
    app.time_passes(15);
    app.notified(&order, 2).await;
    assert_eq!(app.look().await.status(&order.id).await, 1);
}

#[tokio::test]
async fn a_notification_of_another_amount_is_refused_and_raised() {
    let (app, order) = with(Faults { notify: Notify::WrongAmount, ..Faults::default() }).await;
    pays(&app, &order);
    app.notified(&order, 1).await;
    assert_eq!(app.wechat().order(&order.id).unwrap().attempts[0].status, Some(409));
    assert_eq!((app.look().await.status(&order.id).await, app.alarms()), (0, (0, 1)));
    assert_eq!(app.trade_state(&order.id).await, "SUCCESS", "WeChat's own answer has the right amount");
}

#[tokio::test]
async fn who_pays_in_the_moment_of_the_close_has_paid() {
    let (app, order) = with(Faults { pay_at_close: true, ..Faults::default() }).await;
    app.time_passes(300);
    let closed = app.close(&order.id).await;
    assert_eq!((closed.status, closed.reason().as_str()), (200, "ORDER_PAID"));
    assert_eq!((app.calls("closeorder"), app.look().await.status(&order.id).await), (1, 1), "it was open when WeChat was asked first");
    assert_eq!(app.trade_state(&order.id).await, "SUCCESS");
    assert_eq!(app.alarms(), (0, 0));
}

#[tokio::test]
async fn who_pays_in_the_moment_in_which_the_time_is_over_has_paid() {
    let (app, order) = with(Faults { pay_at_close: true, notify: Notify::Lost, ..Faults::default() }).await;
    app.time_passes(7200);
    app.sweep().await;
    assert_eq!((app.calls("closeorder"), app.look().await.status(&order.id).await), (1, 1), "found by the query after the close");
    let (paid, other) = (app.to_pay("5").await, app.to_pay("6").await);
    app.payer_pays_silently(&paid);
    app.wechat().faults.pay_at_close = false;
    app.time_passes(7200);
    app.sweep().await;
    let look = app.look().await;
    assert_eq!((look.status(&paid.id).await, look.status(&other.id).await), (1, 2), "and who did not has not");
}

#[tokio::test]
async fn the_backup_host_is_used_while_the_first_cannot_be_reached() {
    let backup =
        Stub::start(|_, _| Reply::Body("<xml><return_code>FAIL</return_code><return_msg>from the backup</return_msg></xml>".into())).await;
    let builder = TestAppBuilder::new(Engine::Sqlite).await.with_wechat_at("127.0.0.1:1".parse().unwrap());
    let app = builder.set("WECHAT__BACKUP_BASE_URL", format!("http://{}", backup.address)).open().await;
    for calls in 1..=3 {
        let answer = app.try_to_pay("1").await;
        assert_eq!(answer.json()["detail"], "from the backup");
        assert_eq!(backup.requests.lock().unwrap().len(), calls);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_wechat_is_slow_most_are_told_so_at_once_and_notifications_pass() {
    let (app, order) = with(Faults { latency_ms: 60_000, ..Faults::default() }).await;
    let started = Instant::now();
    let crowd = futures_util::future::join_all((0..200).map(|_| async {
        let answer = app.try_to_pay("1").await;
        (answer.status, answer.reason(), answer.header("retry-after").is_some(), started.elapsed())
    }));
    let notified = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let begun = Instant::now();
        let answer = app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await;
        (answer.status, begun.elapsed())
    };
    let (crowd, (status, took)) = tokio::join!(crowd, notified);
    assert!(status == 200 && took < Duration::from_secs(3), "{status} after {took:?}");
    let refused: Vec<_> = crowd.iter().filter(|(status, ..)| *status == 503).collect();
    // On a slow disk some of the 64 are sent away by the store, which has one writer.
    assert!(refused.len() >= 200 - 64, "64 calls are under way, and no more: {}", refused.len());
    assert!(
        refused.iter().all(|(_, reason, retry, took)| reason == "UNAVAILABLE" && *retry && *took < Duration::from_secs(3)),
        "{refused:?}"
    );
    assert_eq!(app.look().await.count().await, 1 + 200 - refused.len(), "and nothing is stored for those who were refused");
}
