//! `/webhooks`: how endpoints stand, what they were sent, and what their operator does about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::sleep;

use crate::feed::told::publish;
use crate::support::console::{ADMIN, Browser, OPERATOR, VIEWER, done};
use crate::support::database::Engine;
use crate::support::on_both_engines;
use crate::support::stub::{Reply, Stub};
use crate::support::test_app::{Order, TestApp, TestAppBuilder};

/// An app with one endpoint, which takes nothing before it is mended.
async fn app(engine: Engine) -> (TestApp, Stub, Arc<AtomicBool>) {
    let mended = Arc::new(AtomicBool::new(false));
    let is_mended = Arc::clone(&mended);
    let shop = Stub::start(move |_, _| {
        if is_mended.load(Ordering::SeqCst) {
            return Reply::Body(String::new());
        }
        let words = "<script>alert(1)</script>";
        Reply::Raw(format!("HTTP/1.1 500 No\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{words}", words.len()).into_bytes())
    })
    .await;
    let builder = TestAppBuilder::new(engine).await.with_console();
    let builder = builder.set("WEBHOOKS__SHOP__URL", format!("http://{}/hook?secret=canary", shop.address));
    let app = builder.set("WEBHOOKS__SHOP__SECRET", "whsec_TmV2ZXIgdXNlIHRoaXMgc2VjcmV0IGFueXdoZXJl").open().await;
    (app, shop, mended)
}

/// A paid order whose event the endpoint has refused.
async fn refused(app: &TestApp) -> Order {
    let order = app.to_pay("19.90").await;
    app.payer_pays(&order).await;
    publish(app).await;
    let sql = format!("SELECT order_id FROM webhook_delivery WHERE order_id = '{}' AND tries > 0 AND status IS NOT NULL", order.id);
    until(async || !app.look().await.texts(&sql).await.is_empty()).await;
    order
}

/// Waits until it is so.
async fn until(is_so: impl AsyncFn() -> bool) {
    for _ in 0..500 {
        if is_so().await {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("it does not come to be so");
}

/// The number of an order's first event.
async fn event_of(app: &TestApp, order: &Order) -> String {
    let sql = format!("SELECT event_id FROM outbox WHERE order_id = '{}' ORDER BY position", order.id);
    app.look().await.texts(&sql).await.remove(0).unwrap()
}

async fn trail(app: &TestApp) -> Vec<Option<String>> {
    let sql = "SELECT CONCAT(user, ' ', action, ' ', subject, ' ', COALESCE(detail, '-'), ' ', COALESCE(order_id, '-')) FROM audit \
               WHERE action <> 'login' ORDER BY id";
    app.look().await.texts(sql).await
}

on_both_engines! {
    async fn that_an_endpoint_refused_is_shown_and_neither_its_words_nor_its_secrets(engine) {
        let (app, _shop, _) = app(engine).await;
        let order = refused(&app).await;
        let viewer = Browser::of_user(VIEWER, &app).await;
        let page = viewer.page("/webhooks").await;
        for shown in ["some tries have failed", "127.0.0.1", "HTTP 500", "deal.paid", &order.id, "tried again later"] {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        for hidden in ["canary", "whsec", "alert(1)", "/resend", "/resume"] {
            assert!(!page.contains(hidden), "{hidden}: {page}");
        }
        assert!(viewer.page("/webhooks?endpoint=shop&show=waiting").await.contains(&order.id));
        assert!(viewer.page("/webhooks?endpoint=shop&show=given_up").await.contains("Nothing was given up."));
        assert!(viewer.page("/webhooks?show=waiting&lang=zh").await.contains("稍后重试"));
        assert_eq!(viewer.get("/webhooks?endpoint=nobody").await.status, 404);
    }

    async fn an_event_that_was_given_up_is_sent_again_and_its_alarm_is_over(engine) {
        let (app, shop, mended) = app(engine).await;
        let order = refused(&app).await;
        let event_id = event_of(&app, &order).await;
        // Its last try is the next.
        app.look().await.run("UPDATE webhook_delivery SET tries = 10").await;
        app.time_passes(86_400);
        let operator = Browser::of_user(OPERATOR, &app).await;
        until(async || operator.page("/alarms").await.contains("An event was given up")).await;
        let alarms = operator.page("/alarms").await;
        assert!(alarms.contains(&format!("{event_id} to shop")), "{alarms}");
        let page = operator.page("/webhooks?show=given_up").await;
        assert!(page.contains(&format!("action=\"/deliveries/{event_id}/resend\"")), "{page}");
        app.gateway().resolve_alarms().await.unwrap();
        assert!(operator.page("/alarms").await.contains(&event_id), "it is not delivered");

        mended.store(true, Ordering::SeqCst);
        let path = format!("/deliveries/{event_id}/resend");
        let answer = operator.post(&path, &[("endpoint", "shop")]).await;
        assert_eq!((answer.status, done(&answer)), (303, ("/webhooks?endpoint=shop".to_owned(), "resend".to_owned())), "{}", answer.body);
        assert_eq!(trail(&app).await, [Some(format!("{OPERATOR} resend shop {event_id} {}", order.id))]);
        let came = || shop.requests.lock().unwrap().iter().filter(|(_, body)| body.contains(&order.id)).count();
        until(async || {
            app.gateway().resolve_alarms().await.unwrap();
            !operator.page("/alarms").await.contains(&event_id)
        })
        .await;
        assert!(came() >= 2, "it was posted again");
        assert!(operator.page("/alarms?show=all").await.contains("the endpoint has the event now"));
        let from_the_order = operator.post(&path, &[("endpoint", "shop"), ("order_id", &order.id)]).await;
        assert_eq!(done(&from_the_order), (format!("/deals/{}", order.id), "resend".to_owned()));
        let elsewhere = operator.post(&path, &[("endpoint", "shop"), ("order_id", "//evil.example")]).await;
        assert_eq!(done(&elsewhere).0, "/webhooks?endpoint=shop", "{elsewhere:?}");
    }

    async fn an_endpoint_that_is_gone_is_resumed_by_an_admin_alone(engine) {
        let (app, _shop, _) = app(engine).await;
        app.look().await.run("INSERT INTO webhook_pause (endpoint, paused_at) VALUES ('shop', '2026-04-01 12:00:00')").await;
        let (operator, admin) = (Browser::of_user(OPERATOR, &app).await, Browser::of_user(ADMIN, &app).await);
        let page = operator.page("/webhooks").await;
        assert!(page.contains("it has said 410 Gone") && !page.contains("/webhooks/shop/resume"), "{page}");
        assert_eq!(operator.post("/webhooks/shop/resume", &[]).await.status, 403);
        assert_eq!(admin.post("/webhooks/nobody/resume", &[]).await.status, 404);
        assert!(admin.page("/webhooks").await.contains("action=\"/webhooks/shop/resume\""));
        for word in ["resume", "nothing"] {
            let answer = admin.post("/webhooks/shop/resume", &[]).await;
            assert_eq!((answer.status, done(&answer)), (303, ("/webhooks".to_owned(), word.to_owned())));
        }
        assert_eq!(trail(&app).await, [Some(format!("{ADMIN} resume_endpoint shop - -"))], "what changes nothing leaves no row");
        assert!(admin.page("/webhooks").await.contains("takes what it is sent"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_kept_or_not_wanted_is_not_sent() {
    let (app, _shop, _) = app(Engine::Sqlite).await;
    let order = refused(&app).await;
    let event_id = event_of(&app, &order).await;
    let (viewer, operator) = (Browser::of_user(VIEWER, &app).await, Browser::of_user(OPERATOR, &app).await);
    let path = format!("/deliveries/{event_id}/resend");
    assert_eq!(viewer.post(&path, &[("endpoint", "shop")]).await.status, 403);
    for (path, fields, status) in [
        (&*path, &[][..], 404),
        (&path, &[("endpoint", "nobody")], 409),
        ("/deliveries/evt_00000000000000000000000000/resend", &[("endpoint", "shop")], 409),
        ("/deliveries/x/resend", &[("endpoint", "shop")], 404),
    ] {
        let answer = operator.post(path, fields).await;
        assert_eq!(answer.status, status, "{path} {fields:?}");
    }
    assert!(trail(&app).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_deliveries_are_pages_that_stay_small() {
    let (app, _shop, _) = app(Engine::Sqlite).await;
    let look = app.look().await;
    let words = "x&lt;".repeat(250);
    look.run(
        "INSERT INTO outbox (position, event_id, type, order_id, data, at) WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number \
         WHERE n < 3000) SELECT n, 'evt_' || printf('%026d', n), 'deal.paid', 'o' || n, '{}', '2026-04-01 12:00:00' FROM number",
    )
    .await;
    look.run(&format!(
        "INSERT INTO webhook_delivery (endpoint, position, order_id, tries, created_at, tried_at, given_up_at, status, answer) \
         SELECT 'shop', position, order_id, 11, at, at, at, 500, '{words}' FROM outbox"
    ))
    .await;
    let operator = Browser::of_user(OPERATOR, &app).await;
    for path in ["/webhooks", "/webhooks?show=given_up", "/webhooks?show=latest&before=40"] {
        let page = operator.page(path).await;
        assert!(page.len() < 100 * 1024, "{path}: {} bytes", page.len());
        assert!(page.contains("1000+"), "{path}");
    }
}
