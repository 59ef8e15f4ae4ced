//! Front ends, which call the service, and the simulator's control calls.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::RequestBuilder;
use serde::Deserialize;
use serde_json::Value;

use super::refunds::TrueRefund;
use crate::support::http::{Answer, Caller, try_send};

/// The key of the merchant's back end, which alone may ask for refunds and read what has happened, and its SHA-256.
const BACK_END: &str = "simulation-back-end-key-0000000000000001";
pub const BACK_END_HASH: &str = "4131e0fd2996e18680fa86ca0e4d84d004f0fd803b052d7a70d62ed6e83c5f13";

/// A front end that knows all instances and calls them in turn.
#[derive(Debug, Clone)]
pub struct Till {
    instances: Vec<Caller>,
    turn: Arc<AtomicUsize>,
}

impl Till {
    pub fn new(instances: Vec<SocketAddr>) -> Self {
        Self { instances: instances.into_iter().map(Caller::new).collect(), turn: Arc::default() }
    }

    fn at(&self, turn: usize) -> &Caller {
        &self.instances[turn % self.instances.len()]
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.at(self.turn.fetch_add(1, Ordering::Relaxed)).request(method, path)
    }

    pub async fn get(&self, path: &str) -> reqwest::Result<Answer> {
        try_send(self.request("GET", path)).await
    }

    /// Posts JSON to an endpoint, under an idempotency key if there is one.
    pub async fn post(&self, path: &str, body: &Value, key: Option<&str>) -> reqwest::Result<Answer> {
        try_send(filled(self.request("POST", path), path, body, key)).await
    }

    /// The same to two instances at once, as a proxy that repeats what was slow does.
    pub async fn post_twice(&self, path: &str, body: &Value, key: Option<&str>) -> [reqwest::Result<Answer>; 2] {
        let turn = self.turn.fetch_add(2, Ordering::Relaxed);
        let [one, other] = [turn, turn + 1].map(|turn| filled(self.at(turn).request("POST", path), path, body, key));
        tokio::join!(try_send(one), try_send(other)).into()
    }

    /// All that the feed tells: the events' ids, in its order.
    pub async fn changes(&self) -> Vec<String> {
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        loop {
            let request = self.request("GET", &format!("/wxPay/changes?limit=37&after={cursor}")).bearer_auth(BACK_END);
            let answer = try_send(request).await.expect("the feed answers");
            let page: Value = serde_json::from_str(&answer.body).expect("a page of the feed");
            let changes = page["changes"].as_array().unwrap_or_else(|| panic!("no page of the feed: {}", answer.body));
            if changes.is_empty() {
                return ids;
            }
            ids.extend(changes.iter().map(|change| change["id"].as_str().unwrap_or_default().to_owned()));
            cursor = page["next"].as_str().unwrap_or_default().to_owned();
        }
    }

    /// Posts a notification, as WeChat or a stranger does.
    pub async fn notify(&self, body: String) -> reqwest::Result<Answer> {
        try_send(self.request("POST", "/wxPay/notify").header("content-type", "text/xml").body(body)).await
    }
}

fn filled(request: RequestBuilder, path: &str, body: &Value, key: Option<&str>) -> RequestBuilder {
    let mut request = request.header("content-type", "application/json").body(body.to_string());
    if path == "/wxPay/refund" {
        request = request.bearer_auth(BACK_END);
    }
    match key {
        Some(key) => request.header("idempotency-key", key),
        None => request,
    }
}

/// An order as WeChat knows it.
#[derive(Debug, Clone, Deserialize)]
pub struct Truth {
    pub mch_id: String,
    pub out_trade_no: String,
    pub total_fee: i64,
    pub trade_state: String,
    pub transaction_id: Option<String>,
    pub attempts: Vec<Attempt>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Attempt {
    /// Beijing time, RFC 3339.
    pub at: String,
    pub acknowledged: bool,
}

impl Truth {
    pub fn is_paid(&self) -> bool {
        // One of which something was given back is paid all the same.
        self.trade_state == "SUCCESS" || self.trade_state == "REFUND"
    }

    pub fn is_closed(&self) -> bool {
        self.trade_state == "CLOSED"
    }

    pub fn first_acknowledged(&self) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.acknowledged)
    }
}

/// The simulator's control calls: what payers do, and what goes wrong.
#[derive(Debug, Clone)]
pub struct Phone(Caller);

impl Phone {
    pub fn new(simulator: SocketAddr) -> Self {
        Self(Caller::new(simulator))
    }

    /// Pays; `false` when WeChat does not let it be paid.
    pub async fn pay(&self, order_id: &str, notify: &str) -> bool {
        self.0.send(self.0.request("POST", &format!("/_sim/orders/{order_id}/pay?notify={notify}"))).await.status == 200
    }

    pub async fn set_faults(&self, faults: &Value) {
        let request = self.0.request("PUT", "/_sim/faults").header("content-type", "application/json");
        assert_eq!(self.0.send(request.body(faults.to_string())).await.status, 200);
    }

    /// All that WeChat knows.
    pub async fn orders(&self) -> Vec<Truth> {
        self.try_orders().await.expect("the simulator answers")
    }

    /// All refunds that WeChat knows.
    pub async fn refunds(&self) -> Vec<TrueRefund> {
        let answer = try_send(self.0.request("GET", "/_sim/refunds")).await.expect("the simulator answers");
        serde_json::from_str(&answer.body).expect("the simulator's refunds")
    }

    pub async fn try_orders(&self) -> Option<Vec<Truth>> {
        let answer = try_send(self.0.request("GET", "/_sim/orders")).await.ok()?;
        serde_json::from_str(&answer.body).ok()
    }
}
