//! What was told, as it stands in the outbox.

use serde_json::{Value, json};
use wechat_pay::auth::Key;
use wechat_pay::chance::Chance;
use wechat_pay::gateway::{Gateway, Published};
use wechat_pay::simulator::RefundNotify;
use wechat_pay::store::OutboxEvent;

use crate::support::database::Engine;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};

/// What must never be told, in lower case.
const NEVER: [&str; 6] = ["openid", "sign", "<xml", "nonce", "weixin:", "canary"];

/// With a reader of the feed, who wants everything.
pub fn telling(builder: TestAppBuilder) -> TestAppBuilder {
    let (_, hash) = Key::draw(&Chance::System);
    builder.set("AUTH__KEYS__BOOKS__HASH", hash).set("AUTH__KEYS__BOOKS__SCOPES", "read").set("METRICS__LISTEN", "127.0.0.1:0")
}

/// The same, on a WeChat that tells of no refund by itself.
pub async fn app(engine: Engine) -> TestApp {
    let app = telling(TestAppBuilder::new(engine).await).open().await;
    app.wechat().faults.refund_notify = RefundNotify::Lost;
    app
}

/// All that was told so far, once there is nothing more to tell.
pub async fn outbox(gateway: &Gateway) -> Vec<OutboxEvent> {
    while gateway.publish_once().await.unwrap() != Published::All {}
    let events = gateway.store().outbox_behind(0, 10_000).await.unwrap();
    for event in &events {
        let data = event.data.to_lowercase();
        assert!(NEVER.iter().all(|word| !data.contains(word)), "{}", event.data);
    }
    events
}

/// The same: types and data.
pub async fn told(app: &TestApp) -> Vec<(String, Value)> {
    let events = outbox(app.gateway()).await;
    events.into_iter().map(|event| (event.event_type, serde_json::from_str(&event.data).unwrap())).collect()
}

/// What was told of an order, in words: the types, and what else tells them apart.
pub async fn told_of(app: &TestApp, order: &Order) -> Vec<String> {
    let is_of = |data: &Value| data["order_id"] == order.id.as_str() || data["deal"]["order_id"] == order.id.as_str();
    let of_order = told(app).await.into_iter().filter(|(_, data)| is_of(data));
    of_order.map(|(event_type, data)| in_words(event_type, &data)).collect()
}

fn in_words(event_type: String, data: &Value) -> String {
    match &*event_type {
        "alarm.raised" => format!("alarm {}", data["kind"].as_str().unwrap()),
        "deal.paid" if data["late"] == true => "deal.paid late".to_owned(),
        "refund.failed" => format!("refund.failed {}", data["refund"]["refund_state"].as_str().unwrap()),
        _ => event_type,
    }
}

/// A deal that the till opened at noon, as it is told; `changed`: what is not as it was then.
pub fn deal(order: &Order, changed: &Value) -> Value {
    let mut deal = json!({
        "order_id": order.id, "merchant_id": 12, "product_id": 34, "price": "19.90", "total_fee": 1990, "status": "UNPAID",
        "transaction_id": null, "paid_at": null, "created_at": "2026-04-01T12:00:00+08:00", "expires_at": "2026-04-01T14:00:00+08:00",
        "account": "default", "trade_type": "NATIVE", "description": null, "reference": null, "return_url": null, "cancel_url": null,
        "checkout_id": null, "refunded": "0.00",
    });
    deal.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
    deal
}
