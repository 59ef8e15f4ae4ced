//! Plain HTTP to the service, as a front end, WeChat or a stranger speaks it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde_json::Value;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
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

    /// The body as JSON, after it was held against the contract's form of a refusal: these words and no others.
    #[track_caller]
    pub fn refused(&self, status: u16, reason: &str, field: Option<&str>, what: &str) -> Value {
        const WORDS: [&str; 7] = ["code", "msg", "reason", "field", "detail", "order_id", "retry_after"];
        assert_eq!(self.header("content-type"), Some("application/json"), "{what}: {}", self.body);
        let json = self.json();
        let told = (self.status, json["code"].as_i64(), json["reason"].as_str(), json["field"].as_str());
        assert_eq!(told, (status, Some(1), Some(reason), field), "{what}: {}", self.body);
        let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        assert!(json["msg"].as_str().is_some_and(is_chinese), "{what}: {}", self.body);
        assert!(json.as_object().unwrap().keys().all(|word| WORDS.contains(&word.as_str())), "{what}: {}", self.body);
        assert!(self.header("x-request-id").is_some_and(|id| !id.is_empty()), "{what}");
        json
    }

    /// What WeChat is told of a notification that was not believed: the fixed form with one of a few fixed sentences.
    #[track_caller]
    pub fn not_believed(&self, status: u16, what: &str) {
        const SENTENCES: [&str; 15] = [
            "TOO LARGE",
            "TOO SLOW",
            "MALFORMED",
            "ENCODED",
            "INCOMPLETE",
            "SENDER",
            "SIGNATURE",
            "FOREIGN",
            "UNKNOWN ORDER",
            "AMOUNT",
            "CURRENCY",
            "PAID BY ANOTHER TRANSACTION",
            "TRANSACTION OF ANOTHER ORDER",
            "BUSY",
            "ERROR",
        ];
        let sentence = self
            .body
            .strip_prefix("<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[")
            .and_then(|rest| rest.strip_suffix("]]></return_msg></xml>"));
        assert_eq!(self.status, status, "{what}: {}", self.body);
        assert!(sentence.is_some_and(|sentence| SENTENCES.contains(&sentence)), "{what}: {}", self.body);
        assert!(self.is_xml(), "{what}");
    }

    /// The one answer that stops WeChat's repeats, to the byte.
    #[track_caller]
    pub fn acknowledged(&self, what: &str) {
        assert_eq!((self.status, self.body.as_str()), (200, super::wechat_message::ACKNOWLEDGED), "{what}");
        assert!(self.is_xml(), "{what}");
    }

    fn is_xml(&self) -> bool {
        self.header("content-type").is_some_and(|label| label.split(';').next() == Some("text/xml"))
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

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: response.text().await.unwrap() }
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
