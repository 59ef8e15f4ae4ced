//! A gateway with endpoints that a test plays, and what it does when it delivers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use wechat_pay::chance::Chance;
use wechat_pay::clock::Clock;
use wechat_pay::config::Settings;
use wechat_pay::deal::{AlarmKind, Announcement, Audience, EventType, Reach};
use wechat_pay::gateway::{Accounts, Gateway, Published, TakenDelivery};
use wechat_pay::store::{Event, EventKind, LARGEST_BATCH, Store};
use wechat_pay::webhook::{Answer, Endpoint, Request, Secrets, Sender, Unanswered, Wanted};

use crate::database::accounts::{event, now};
use crate::support::database::Database;

/// A message that came: to which endpoint, and its body.
pub type Came = (String, serde_json::Value);

/// One instance, and the endpoints as the test plays them.
pub struct Post {
    pub gateway: Arc<Gateway>,
    pub clock: Clock,
    pub came: Arc<Mutex<Vec<Came>>>,
}

/// What an endpoint says to a message.
pub type Script = Arc<dyn Fn(&Request) -> BoxFuture<'static, Answer> + Send + Sync>;

/// An endpoint that always says this.
pub fn says(answer: Answer) -> Script {
    Arc::new(move |_| std::future::ready(answer.clone()).boxed())
}

pub fn refused(status: u16) -> Answer {
    Answer::Refused { status, words: "no".to_owned(), retry_after: None }
}

pub const SILENT: Answer = Answer::Unanswered(Unanswered::TooSlow);
pub const TAKEN: Answer = Answer::Taken(204);

/// An endpoint of this name that wants everything.
fn endpoint(name: &str, script: Script, came: &Arc<Mutex<Vec<Came>>>) -> Endpoint {
    let came = Arc::clone(came);
    let carry = move |request: Request| {
        let body = serde_json::from_str(&request.body).unwrap();
        came.lock().unwrap().push((request.endpoint.to_string(), body));
        script(&request)
    };
    Endpoint {
        name: name.parse().unwrap(),
        url: "https://shop.example/hook".parse().unwrap(),
        secrets: Secrets { present: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap(), previous: None },
        wanted: Wanted { types: EventType::ALL.into_iter().collect(), reach: Reach::default() },
        sender: Sender::Wired(Arc::new(carry)),
    }
}

impl Post {
    /// An instance on this database, by this clock.
    pub async fn open(database: &Database, clock: Clock, endpoints: Vec<(&str, Script)>) -> Self {
        Self::telling(database, clock, endpoints, Audience::of_all()).await
    }

    pub async fn telling(database: &Database, clock: Clock, endpoints: Vec<(&str, Script)>, audience: Audience) -> Self {
        crate::support::log::watch();
        static INSTANCES: AtomicU64 = AtomicU64::new(0);
        let name = format!("i{}", INSTANCES.fetch_add(1, Ordering::Relaxed));
        let store = Store::open(&database.url.parse().unwrap(), &name, LARGEST_BATCH, now()).await.unwrap().telling(audience);
        let came = Arc::default();
        let endpoints = endpoints.into_iter().map(|(name, script)| endpoint(name, script, &came)).collect();
        let terms = Settings::from_environment(HashMap::new()).unwrap().terms;
        let gateway = Gateway::new(store, Accounts::new([]), endpoints, clock.clone(), Chance::System, terms);
        Self { gateway: Arc::new(gateway), clock, came }
    }

    /// Something happens to these orders, and is published.
    pub async fn happens_to<I: AsRef<str>>(&self, order_ids: impl IntoIterator<Item = I>) {
        let told = Announcement::AlarmRaised(AlarmKind::Money);
        self.tell(order_ids, told).await;
    }

    /// These orders are paid.
    pub async fn paid<I: AsRef<str>>(&self, order_ids: impl IntoIterator<Item = I>) {
        self.tell(order_ids, Announcement::DealPaid { late: false }).await;
    }

    async fn tell<I: AsRef<str>>(&self, order_ids: impl IntoIterator<Item = I>, told: Announcement) {
        for order_id in order_ids {
            let event = Event { announces: vec![told.clone()], at: self.clock.now(), ..event(order_id.as_ref(), EventKind::Settled) };
            self.gateway.store().record(event).await.unwrap();
        }
        self.publish().await;
    }

    pub async fn publish(&self) {
        while self.gateway.publish_once().await.unwrap() != Published::All {}
    }

    fn endpoint(&self, name: &str) -> &Endpoint {
        self.gateway.endpoints().iter().find(|endpoint| endpoint.name.as_str() == name).unwrap()
    }

    pub async fn take(&self, name: &str, room: usize) -> Vec<TakenDelivery> {
        self.gateway.take_due_deliveries(self.endpoint(name), room).await.unwrap()
    }

    pub async fn deliver(&self, name: &str, taken: Vec<TakenDelivery>) -> usize {
        join_all(taken.into_iter().map(|taken| self.gateway.deliver(self.endpoint(name), taken))).await.len()
    }

    /// Takes and tries what is due to an endpoint, with so many places, once; how many.
    pub async fn round(&self, name: &str, room: usize) -> usize {
        let taken = self.take(name, room).await;
        self.deliver(name, taken).await
    }

    /// The same until nothing is due.
    pub async fn rounds(&self, name: &str, room: usize) -> usize {
        let mut tries = 0;
        loop {
            match self.round(name, room).await {
                0 => return tries,
                tried => tries += tried,
            }
        }
    }

    pub fn passes(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }

    /// What came to an endpoint since this was asked last: `order type`, by what the event says.
    pub fn came(&self, name: &str) -> Vec<String> {
        let mut came = self.came.lock().unwrap();
        let (mine, others) = came.drain(..).partition::<Vec<_>, _>(|(endpoint, _)| endpoint == name);
        *came = others;
        mine.iter().map(|(_, body)| told(body)).collect()
    }
}

fn told(body: &serde_json::Value) -> String {
    let data = &body["data"];
    let order_id = data["order_id"].as_str().or_else(|| data["deal"]["order_id"].as_str()).unwrap_or("-");
    format!("{order_id} {}", data["kind"].as_str().unwrap_or_else(|| body["type"].as_str().unwrap()))
}
