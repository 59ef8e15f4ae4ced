//! Those who call: front ends call the service, payers' phones (and this test) the simulator.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Client, Method, RequestBuilder};
use serde::Deserialize;
use serde_json::Value;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub retry_after: bool,
    pub body: String,
    pub took: Duration,
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().timeout(Duration::from_secs(15)).build().unwrap()
}

/// A front end that knows all instances and calls them in turn.
#[derive(Debug, Clone)]
pub struct Till {
    instances: Vec<SocketAddr>,
    turn: Arc<AtomicUsize>,
    client: Client,
}

impl Till {
    pub fn new(instances: Vec<SocketAddr>) -> Self {
        Self { instances, turn: Arc::default(), client: client() }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        self.client.request(method, format!("http://{}{path}", self.instances[turn % self.instances.len()]))
    }

    pub async fn get(&self, path: &str) -> reqwest::Result<Answer> {
        answer(self.request(Method::GET, path)).await
    }

    /// Posts JSON to an endpoint, under an idempotency key if there is one.
    pub async fn post(&self, path: &str, body: &Value, key: Option<&str>) -> reqwest::Result<Answer> {
        let request = self.request(Method::POST, path).header("content-type", "application/json").body(body.to_string());
        answer(match key {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        })
        .await
    }

    /// Posts a notification, as WeChat or somebody else.
    pub async fn notify(&self, body: String) -> reqwest::Result<Answer> {
        answer(self.request(Method::POST, "/wxPay/notify").header("content-type", "text/xml").body(body)).await
    }
}

async fn answer(request: RequestBuilder) -> reqwest::Result<Answer> {
    let start = Instant::now();
    let response = request.send().await?;
    let (status, retry_after) = (response.status().as_u16(), response.headers().contains_key("retry-after"));
    Ok(Answer { status, retry_after, body: response.text().await?, took: start.elapsed() })
}

/// An order as WeChat knows it.
#[derive(Debug, Clone, Deserialize)]
pub struct Truth {
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
        self.trade_state == "SUCCESS"
    }

    pub fn is_closed(&self) -> bool {
        self.trade_state == "CLOSED"
    }

    pub fn first_acknowledged(&self) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.acknowledged)
    }
}

/// The hands that move the simulated WeChat.
#[derive(Debug, Clone)]
pub struct Phone {
    simulator: SocketAddr,
    client: Client,
}

impl Phone {
    pub fn new(simulator: SocketAddr) -> Self {
        Self { simulator, client: client() }
    }

    /// Pays; `false` when WeChat does not let it be paid.
    pub async fn pay(&self, order_id: &str, notify: &str) -> bool {
        let url = format!("http://{}/_sim/orders/{order_id}/pay?notify={notify}", self.simulator);
        self.client.post(url).send().await.unwrap().status() == 200
    }

    pub async fn set_faults(&self, faults: &Value) {
        let request = self.client.put(format!("http://{}/_sim/faults", self.simulator));
        let response = request.header("content-type", "application/json").body(faults.to_string()).send().await.unwrap();
        assert_eq!(response.status(), 200);
    }

    /// All that WeChat knows.
    pub async fn orders(&self) -> Vec<Truth> {
        self.try_orders().await.expect("the simulator answers")
    }

    pub async fn try_orders(&self) -> Option<Vec<Truth>> {
        let response = self.client.get(format!("http://{}/_sim/orders", self.simulator)).send().await.ok()?;
        serde_json::from_str(&response.text().await.ok()?).ok()
    }
}
