//! Plain HTTP to the service, as a front end, WeChat or a stranger speaks it.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use serde_json::Value;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
    /// From asking to the end of the answer.
    pub took: Duration,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// `reason` of a refusal.
    pub fn reason(&self) -> String {
        self.json()["reason"].as_str().unwrap_or_default().to_owned()
    }
}

/// A client of the service.
#[derive(Debug, Clone)]
pub struct Caller {
    pub address: SocketAddr,
    client: reqwest::Client,
}

impl Caller {
    pub fn new(address: SocketAddr) -> Self {
        Self::build(address, None)
    }

    /// One whose own address is chosen.
    pub fn coming_from(own: IpAddr, address: SocketAddr) -> Self {
        Self::build(address, Some(own))
    }

    fn build(address: SocketAddr, own: Option<IpAddr>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().local_address(own).timeout(Duration::from_secs(15)).build().unwrap();
        Self { address, client }
    }

    /// A request to be finished by hand.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    /// Sends it, or fails the test.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        try_send(request).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path)).await
    }

    /// A POST with a content type.
    pub async fn post(&self, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
        self.send(self.request("POST", path).header("content-type", content_type).body(body)).await
    }

    pub async fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.post(path, "application/json", body.to_string()).await
    }
}

/// Sends a request and reads the whole answer, if there is one.
pub async fn try_send(request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
    let asked = Instant::now();
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer { status, headers, body: response.text().await?, took: asked.elapsed() })
}
