//! Checkouts as a till makes them, and what is stored of them.

use serde_json::{Value, json};
use wechat_pay::simulator::{DEFAULT_APP_SECRET, Notify};

use super::browser::{Browser, Page, SITE};
use crate::support::http::{Answer, Caller};
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

/// Where checkouts are made, by their number, and the page of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    pub id: String,
}

impl Checkout {
    /// Where its page is at this instance.
    pub fn page(&self, app: &TestApp) -> String {
        format!("http://{}/pay/{}", app.till.address, self.id)
    }

    /// Where an instance with credentials says that it is.
    pub fn site(&self) -> String {
        format!("{SITE}/pay/{}", self.id)
    }

    pub async fn at_a_desk(&self, app: &TestApp) -> Page {
        Browser::at_a_desk(app).open(&self.page(app)).await
    }

    pub async fn on_a_phone(&self, app: &TestApp) -> Page {
        Browser::on_a_phone(app).open(&self.page(app)).await
    }

    /// Its deal of this way.
    pub async fn order(&self, app: &TestApp, trade_type: &str) -> Order {
        let sql = format!("SELECT order_id FROM deal WHERE checkout_id = '{}' AND trade_type = '{trade_type}'", self.id);
        let [id] = app.look().await.column(&sql, "order_id").await.try_into().expect("one deal of this way");
        Order { id, code_url: String::new() }
    }

    /// Ways and statuses of its deals, by the ways.
    pub async fn deals(&self, app: &TestApp) -> Vec<String> {
        let sql = format!("SELECT CONCAT(trade_type, ' ', status) AS deal FROM deal WHERE checkout_id = '{}' ORDER BY trade_type", self.id);
        app.look().await.column(&sql, "deal").await
    }

    /// A column of its own row, as text.
    pub async fn column(&self, app: &TestApp, column: &str) -> Option<String> {
        let sql = format!("SELECT CAST({column} AS CHAR(65535)) FROM checkout WHERE checkout_id = '{}'", self.id);
        let [value] = app.look().await.texts(&sql).await.try_into().expect("one row");
        value
    }

    pub async fn query(&self, app: &TestApp) -> Value {
        let answer = app.till.post_json("/wxPay/queryCheckout", &json!({"checkout_id": self.id})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    pub async fn close(&self, app: &TestApp) -> Answer {
        app.till.post_json("/wxPay/doCloseOrder", &json!({"checkout_id": self.id})).await
    }
}

/// One of 19.90 yuan.
pub async fn checkout(app: &TestApp) -> Checkout {
    let answer = try_checkout(&app.till, None, &json!({})).await;
    assert_eq!((answer.status, &answer.json()["code"]), (200, &json!(0)), "{}", answer.body);
    Checkout { id: answer.json()["checkout_id"].as_str().unwrap().to_owned() }
}

/// Asks for one, with these parameters beside or in place of the usual.
pub async fn try_checkout(till: &Caller, key: Option<&str>, more: &Value) -> Answer {
    let mut body = json!({"merchant_id": 12, "product_id": 34, "price": "19.90"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let request = till.request("POST", "/wxPay/checkout").header("content-type", "application/json");
    let request = if let Some(key) = key { request.header("idempotency-key", key) } else { request };
    till.send(request.body(body.to_string())).await
}

/// Builds an instance with credentials on the simulated WeChat of another app, for every way to pay.
pub fn instance(builder: TestAppBuilder, wechat: &TestApp) -> TestAppBuilder {
    let browser = format!("http://{}/_wechat", wechat.phone().address);
    [
        ("WECHAT__TRADE_TYPES", "NATIVE,JSAPI,MWEB,APP"),
        ("WECHAT__APP_SECRET", DEFAULT_APP_SECRET),
        ("WECHAT__OAUTH_BASE_URL", &browser),
        ("WECHAT__OAUTH_API_BASE_URL", &browser),
        ("PAGE__BASE_URL", SITE),
        ("METRICS__LISTEN", "127.0.0.1:0"),
    ]
    .into_iter()
    .fold(builder.on_wechat_of(wechat), |builder, (key, value)| builder.set(key, value))
}

/// The order is paid at WeChat, which tells nobody: the notification that it would send.
pub fn paid_at(wechat: &TestApp, order: &Order) -> String {
    let now = wechat.clock.now();
    let mut world = wechat.wechat();
    world.pay(&order.id, None, Some(Notify::Lost), now).unwrap();
    let paid = world.order(&order.id).unwrap();
    WeChatMessage::notification(&order.id, paid.total_fee.get())
        .with("transaction_id", paid.transaction_id.as_deref().unwrap())
        .with("trade_type", paid.trade_type.as_str())
        .signed()
}
