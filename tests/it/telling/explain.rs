//! What `wechat-pay explain` tells of the events that endpoints were told of an order.

use std::time::Duration;

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
