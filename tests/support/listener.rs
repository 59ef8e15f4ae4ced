//! A listener to an order's events, as a payer's page is.

use std::time::{Duration, Instant};

use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

use super::http::Caller;

/// An open stream of events.
pub struct Listener {
    pub response: Response,
    unread: String,
}

/// What came.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// `event: state`
    State(Value),
    /// A line for proxies.
    Comment,
    /// The stream was ended as it should be.
    End,
    /// The connection broke.
    Broken,
    /// Nothing.
    Silence,
}

impl Heard {
    /// The state's word, and nothing else.
    #[track_caller]
    pub fn word(&self) -> &str {
        match self {
            Self::State(json) => json["trade_state"].as_str().unwrap(),
            other => panic!("no state: {other:?}"),
        }
    }
}

impl Listener {
    /// Begins to listen, or fails the test. What a busy machine sends away comes again, as a page does.
    pub async fn to(till: &Caller, order_id: &str) -> Self {
        Self::to_events(till, &format!("order_id={order_id}")).await
    }

    /// The same about whatever the query names.
    pub async fn to_events(till: &Caller, query: &str) -> Self {
        for _ in 0..10 {
            let request = till.request("GET", &format!("/wxPay/events?{query}")).timeout(Duration::from_secs(60));
            let response = request.send().await.unwrap();
            if response.status() != 503 {
                assert_eq!(response.status(), 200);
                return Self::of(response);
            }
        }
        panic!("sent away again and again");
    }

    /// Of a stream that has been opened.
    pub fn of(response: Response) -> Self {
        Self { response, unread: String::new() }
    }

    /// The next that comes within this time, comments included.
    pub async fn next_of_all(&mut self, patience: Duration) -> Heard {
        let until = Instant::now() + patience;
        loop {
            if let Some((block, rest)) = self.unread.split_once("\n\n") {
                let heard = read(block);
                self.unread = rest.to_owned();
                return heard;
            }
            match timeout(until.saturating_duration_since(Instant::now()), self.response.chunk()).await {
                Ok(Ok(Some(chunk))) => self.unread.push_str(std::str::from_utf8(&chunk).unwrap()),
                Ok(Ok(None)) => return Heard::End,
                Ok(Err(_)) => return Heard::Broken,
                Err(_) => return Heard::Silence,
            }
        }
    }

    /// The next that comes within this time and is no comment.
    pub async fn next(&mut self, patience: Duration) -> Heard {
        let until = Instant::now() + patience;
        loop {
            match self.next_of_all(until.saturating_duration_since(Instant::now())).await {
                Heard::Comment => {}
                heard => return heard,
            }
        }
    }
}

/// The lines of one block, held against what was promised.
fn read(block: &str) -> Heard {
    if block.starts_with(':') {
        return Heard::Comment;
    }
    let lines: Vec<_> = block.lines().collect();
    let ["event: state", data] = lines[..] else { panic!("no event of ours: {block:?}") };
    Heard::State(serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap())
}
