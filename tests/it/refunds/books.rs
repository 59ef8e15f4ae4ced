//! What is stored of refunds, what is told of them, and what the simulated WeChat has of them.

use chrono::NaiveDateTime;
use serde_json::json;
use wechat_pay::deal::{BeijingTime, Fen, Reach, RefundSource};
use wechat_pay::gateway::{RefundView, RefundWish};
use wechat_pay::simulator::{RefundNotify, RefundState};

use super::api::query_refund;
use crate::support::database::Engine;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};

/// An app that shows its numbers, and whose WeChat tells of no refund by itself.
pub async fn app(engine: Engine) -> TestApp {
    let app = TestAppBuilder::new(engine).await.set("METRICS__LISTEN", "127.0.0.1:0").open().await;
    app.wechat().faults.refund_notify = RefundNotify::Lost;
    app
}

/// One column of an order's refunds, oldest first. The column is an expression of SQL.
pub async fn stored(app: &TestApp, order: &Order, column: &str) -> Vec<Option<String>> {
    let sql = format!("SELECT CAST({column} AS CHAR(65535)) FROM refund WHERE order_id = '{}' ORDER BY id", order.id);
    app.look().await.texts(&sql).await
}

/// The states of an order's refunds, oldest first.
pub async fn states(app: &TestApp, order: &Order) -> Vec<String> {
    stored(app, order, "state").await.into_iter().flatten().collect()
}

/// In how many seconds by the database's clock the order's last refund is due; `None`: it is not.
pub async fn due_in(app: &TestApp, order: &Order) -> Option<i64> {
    let due = stored(app, order, "due_at").await.pop().expect("a refund")?;
    let due = NaiveDateTime::parse_from_str(&due, "%Y-%m-%d %H:%M:%S").unwrap();
    Some((due - BeijingTime::from(app.clock.now()).naive()).num_seconds())
}

/// What the journal tells of an order's refunds.
pub async fn events(app: &TestApp, order: &Order) -> Vec<String> {
    let sql = format!("SELECT kind FROM deal_event WHERE order_id = '{}' ORDER BY id", order.id);
    let told = app.look().await.column(&sql, "kind").await;
    told.into_iter().filter_map(|kind| kind.strip_prefix("refund_").map(str::to_owned)).collect()
}

/// `refunded` and `left` of an order, in yuan.
pub async fn sums(app: &TestApp, order: &Order) -> (String, String) {
    let told = query_refund(app, json!({"order_id": order.id})).await.json();
    let sum = |name: &str| told[name].as_str().unwrap_or_else(|| panic!("{told}")).to_owned();
    (sum("refunded"), sum("left"))
}

/// How often an alarm was raised.
pub async fn alarms(app: &TestApp, kind: &str) -> f64 {
    app.numbers().await.get(&format!("alarms_total{{kind=\"{kind}\"}}"))
}

/// How often WeChat was asked for a refund.
pub fn asked(app: &TestApp) -> u64 {
    app.wechat().calls("/secapi/pay/refund")
}

/// The refunds that WeChat has of an order, oldest first: their numbers, fen and states.
pub fn at_wechat(app: &TestApp, order: &Order) -> Vec<(String, i64, RefundState)> {
    let world = app.wechat();
    let of_order = world.refunds().filter(|refund| refund.order.out_trade_no == order.id);
    let mut refunds: Vec<_> = of_order.map(|refund| (refund.out_refund_no.clone(), refund.refund_fee.get(), refund.state)).collect();
    refunds.reverse();
    refunds
}

/// A refund of an order, asked for within this process.
pub async fn refund_directly(app: &TestApp, order: &Order, key: &str, fen: i64) -> RefundView {
    let wish = RefundWish {
        order_id: order.id.parse().unwrap(),
        fee: Fen::new(fen),
        reason: None,
        idempotency_key: key.to_owned(),
        source: RefundSource::Api,
        reach: Reach::default(),
        seen: None,
        by: None,
    };
    app.gateway().refund(wish).await.unwrap()
}
