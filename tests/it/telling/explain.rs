//! What `wechat-pay explain` tells of the events that endpoints were told of an order.

use std::time::Duration;

use serde_json::json;

use crate::support::on_both_engines;
use crate::support::stub::{Reply, Stub};
use crate::support::test_app::{Order, TestApp, TestAppBuilder};

const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 7\r\nconnection: close\r\n\r\nCANARY!";

/// Waits until the story has this sentence.
async fn tells(app: &TestApp, order: &Order, sentence: &str) {
    for _ in 0..300 {
        if app.explain(&order.id).await.contains(sentence) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{sentence:?} is not in {}", app.explain(&order.id).await);
}

on_both_engines! {
    async fn each_event_is_told_with_its_endpoint_and_what_comes_next(engine) {
        let mut tries = 0;
        let endpoint = Stub::start(move |_, _| {
            tries += 1;
            if tries == 1 { Reply::Raw(BUSY.to_vec()) } else { Reply::Body(String::new()) }
        })
        .await;
        let builder = TestAppBuilder::new(engine).await.set("WEBHOOKS__SHOP__URL", format!("http://{}/", endpoint.address));
        let app = builder.set("WEBHOOKS__SHOP__SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").open().await;
        let order = app.to_pay("19.90").await;
        app.payer_pays(&order).await;
        tells(&app, &order, "The endpoint shop has not taken deal.paid (evt_").await;
        let story = app.explain(&order.id).await;
        assert!(story.contains("tries: 1, the last 2026-04-01T12:00:00+08:00 (HTTP 503). It is sent again 2026-04-01T12:00:0"), "{story}");
        assert!(story.contains("That is final; nothing of it went back."), "no end is promised while it is on its way: {story}");
        assert!(!story.contains("CANARY"), "an endpoint's own words are not an operator's: {story}");
        app.time_passes(10);
        tells(&app, &order, "The endpoint shop took deal.paid (evt_").await;
        assert!(app.explain(&order.id).await.contains(") 2026-04-01T12:00:10+08:00, tries: 2."));
        app.look().await.run("UPDATE webhook_delivery SET delivered_at = NULL, given_up_at = '2026-04-01 13:00:00', status = 500").await;
        let story = app.explain(&order.id).await;
        assert!(story.contains("ALARM: the endpoint shop did not take deal.paid (evt_"), "{story}");
        assert!(story.contains("(HTTP 500), tries: 2; it was given up 2026-04-01T13:00:00+08:00. Mend the endpoint, then `wechat-pay webhooks resend shop --event evt_"), "{story}");
        app.look().await.run("UPDATE webhook_delivery SET given_up_at = NULL, tries = 0, due_at = '2026-04-01 14:00:00'").await;
        let story = app.explain(&order.id).await;
        assert!(story.contains(") is sent to the endpoint shop once more 2026-04-01T14:00:00+08:00; the last try before that was 2026-04-01T12:00:10+08:00 (HTTP 500)."), "{story}");
        app.look().await.run("UPDATE webhook_delivery SET tried_at = NULL, status = NULL").await;
        assert!(app.explain(&order.id).await.contains(") is sent to the endpoint shop 2026-04-01T14:00:00+08:00."));
    }
}

on_both_engines! {
    async fn a_checkout_is_told_with_its_deals_and_with_what_goes_back(engine) {
        let app = TestApp::open(engine).await;
        let wish = json!({"merchant_id": 12, "product_id": 34, "price": "19.90"});
        let number = app.till.post_json("/wxPay/checkout", &wish).await.json()["checkout_id"].as_str().unwrap().to_owned();
        let story = app.explain_checkout(&number).await;
        assert!(story.starts_with(&format!("Checkout {number}: product 34 of seller 12, 19.90 yuan, account default, made 2026-04-01T12:00:00+08:00")), "{story}");
        assert!(story.ends_with("No payer has come yet, and WeChat knows nothing of it.\n"), "{story}");

        let opened_by = async |agent: &str| {
            let page = app.till.send(app.till.request("GET", &format!("/pay/{number}")).header("user-agent", agent)).await;
            assert_eq!(page.status, 200, "{}", page.body);
            let id = app.look().await.texts("SELECT order_id FROM deal ORDER BY id DESC").await[0].clone().unwrap();
            Order { id, code_url: String::new() }
        };
        let (desk, phone) = (opened_by("Mozilla/5.0 (X11; Linux)").await, opened_by("Mozilla/5.0 (iPhone) Mobile").await);
        assert!(app.explain_checkout(&number).await.contains("\nIt can be paid.\n"));
        app.payer_pays(&desk).await;
        app.payer_pays(&phone).await;
        let story = app.explain_checkout(&number).await;
        for told in [
            format!("  Order {}, by scanning a code (NATIVE): paid it.\n", desk.id),
            format!("  Order {}, from a phone's browser (MWEB): cannot be paid any more.\n", phone.id),
            "    A second payment by MWEB, 19.90 yuan, is going back (refund ".to_owned(),
            format!("It is paid, by order {}. That is final", desk.id),
            format!("\n\nOrder {}: product 34 of seller 12, 19.90 yuan, opened", phone.id),
            format!("  It is one way to pay the checkout {number}: from a phone's browser (MWEB).\n"),
        ] {
            assert!(story.contains(&told), "{told:?} is not in\n{story}");
        }
        app.time_passes(3);
        app.sweep().await;
        app.time_passes(120);
        app.sweep().await;
        let story = app.explain_checkout(&number).await;
        assert!(story.contains("A second payment by MWEB, 19.90 yuan, has gone back to its payer (refund "), "{story}");
        assert!(!story.contains("oSIMULATED"), "no payer is named: {story}");
    }
}
