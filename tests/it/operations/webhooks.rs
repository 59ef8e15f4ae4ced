//! `wechat-pay webhooks` as an operator meets it, beside a service that runs and a receiver on loopback.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::support::configured::run;
use crate::support::database::{Database, Engine};
use crate::support::http::Caller;
use crate::support::on_both_engines;
use crate::support::ports::free_address;
use crate::support::program::{Program, environment};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A back end of the merchant's.
#[derive(Clone)]
struct Receiver {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<(String, Value)>>>,
    status: Arc<Mutex<u16>>,
}

impl Receiver {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self { address: listener.local_addr().unwrap(), heard: Arc::default(), status: Arc::new(Mutex::new(204)) };
        let behind = receiver.clone();
        let take = move |headers: HeaderMap, body: String| async move {
            assert!(headers["webhook-signature"].to_str().unwrap().starts_with("v1,"));
            let id = headers["webhook-id"].to_str().unwrap().to_owned();
            behind.heard.lock().unwrap().push((id, serde_json::from_str(&body).unwrap()));
            (StatusCode::from_u16(*behind.status.lock().unwrap()).unwrap(), "no room")
        };
        let router = Router::new().route("/events", post(take));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        receiver
    }

    fn says(&self, status: u16) {
        *self.status.lock().unwrap() = status;
    }

    /// What it has heard of this type, once there is so much of it.
    async fn hears(&self, count: usize, event_type: &str) -> Vec<(String, Value)> {
        for _ in 0..400 {
            let heard = self.heard.lock().unwrap().clone();
            let heard: Vec<_> = heard.into_iter().filter(|(_, event)| event["type"] == event_type).collect();
            if heard.len() >= count {
                return heard;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{count} of {event_type} were never heard: {:?}", self.heard.lock().unwrap())
    }
}

/// A service that tells a receiver, and the commands beside it.
struct Shop {
    variables: Vec<(&'static str, String)>,
    home: TempDir,
    till: Caller,
    phone: Caller,
    service: Program,
    database: Database,
}

impl Shop {
    async fn open(engine: Engine, receiver: &Receiver) -> Self {
        let (database, home, simulator) = (Database::fresh(engine).await, TempDir::new().unwrap(), free_address());
        let mut variables = environment(&database.url, "127.0.0.1:0");
        variables.retain(|(name, _)| *name != "SIMULATOR__LISTEN");
        variables.extend([
            ("SIMULATOR__LISTEN", simulator.to_string()),
            ("WEBHOOKS__SHOP__URL", format!("http://{}/events", receiver.address)),
            ("WEBHOOKS__SHOP__SECRET", SECRET.to_owned()),
        ]);
        let service = Program::start("serve", home.path(), &variables);
        let till = Caller::new(service.address().await);
        Self { variables, home, till, phone: Caller::new(simulator), service, database }
    }

    async fn paid(&self) -> String {
        let deal = json!({"merchant_id": 12, "product_id": 34, "price": "19.90"});
        let answer = self.till.post_json("/wxPay/toPay", &deal).await;
        let order_id = answer.json()["order_id"].as_str().unwrap().to_owned();
        assert_eq!(self.phone.post(&format!("/_sim/orders/{order_id}/pay"), "text/plain", "").await.status, 200);
        order_id
    }

    /// The exit code, and all that was said.
    async fn webhooks(&self, arguments: &[&str]) -> (i32, String) {
        self.webhooks_with(&[], arguments).await
    }

    async fn webhooks_with(&self, more: &[(&'static str, String)], arguments: &[&str]) -> (i32, String) {
        let variables = [&self.variables, more].concat();
        let command = Program::start_with(&[&["webhooks"], arguments].concat(), self.home.path(), &variables);
        let (status, said) = command.end(Duration::from_secs(20)).await;
        (status.unwrap().code().unwrap(), said)
    }

    /// What the list says of the endpoint, once it says that.
    async fn stands(&self, word: &str) -> String {
        for _ in 0..40 {
            let (code, said) = self.webhooks(&[]).await;
            assert_eq!(code, 0, "{said}");
            let line = said.lines().find(|line| line.starts_with("shop")).unwrap().to_owned();
            if line.contains(word) {
                return line;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("never {word}: {:?}", self.webhooks(&[]).await)
    }
}

on_both_engines! {
    async fn an_operator_sees_how_an_endpoint_stands_and_sends_events_once_more(engine) {
        let receiver = Receiver::open().await;
        let shop = Shop::open(engine, &receiver).await;
        let line = shop.stands("ok").await;
        assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["shop", "127.0.0.1", "ok", "0", "-", "0", "-"]);
        let order_id = shop.paid().await;
        let (event, told) = receiver.hears(1, "deal.paid").await.remove(0);
        assert_eq!(told["data"]["deal"]["order_id"], order_id.as_str());

        let (code, said) = shop.webhooks(&["resend", "shop", "--event", &event]).await;
        assert!(code == 0 && said.contains("Events that go to shop once more: 1;"), "{said}");
        assert_eq!(receiver.hears(2, "deal.paid").await, [(event.clone(), told.clone()), (event, told)], "the same event");
        let (code, said) = shop.webhooks(&["resend", "shop", "--since", "1h"]).await;
        assert!(code == 0 && said.contains("once more: 1;"), "{said}");
        receiver.hears(3, "deal.paid").await;
        let (code, said) = shop.webhooks(&["resend", "shop", "--event", "evt_aaaaaaaaaaaaaaaaaaaaaaaaaa"]).await;
        assert!(code == 1 && said.contains("there is no event evt_aaaaaaaaaaaaaaaaaaaaaaaaaa"), "{said}");

        receiver.says(500);
        shop.paid().await;
        receiver.hears(4, "deal.paid").await;
        let line = shop.stands("failing").await;
        assert!(line.contains("HTTP 500: no room"), "{line}");
        receiver.says(204);
        let (code, said) = shop.webhooks(&["resend", "shop", "--since", "2026-01-01"]).await;
        assert!(code == 0 && said.contains("once more: 2;"), "{said}");
        receiver.hears(6, "deal.paid").await;
        shop.stands("ok").await;
        shop.service.terminate();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_comes_later_is_told_of_what_was_before() {
    let (receiver, later) = (Receiver::open().await, Receiver::open().await);
    let shop = Shop::open(Engine::Sqlite, &receiver).await;
    shop.paid().await;
    receiver.hears(1, "deal.paid").await;
    let mut more = vec![
        ("WEBHOOKS__LATER__URL", format!("http://{}/events", later.address)),
        ("WEBHOOKS__LATER__SECRET", SECRET.to_owned()),
        ("WEBHOOKS__LATER__SELLERS", "13".to_owned()),
        ("WEBHOOKS__LATER__PREVIOUS_SECRET", "whsec_TmV2ZXIgdXNlIHRoaXMgc2VjcmV0IGFueXdoZXJl".to_owned()),
    ];
    let (code, said) = shop.webhooks_with(&more, &["resend", "later", "--since", "1h"]).await;
    assert!(code == 0 && said.contains("once more: 0;"), "it wants another seller's: {said}");
    assert!(!said.contains("previous secret"), "that is for the log of a service: {said}");
    more[2].1 = "12".to_owned();
    let (code, said) = shop.webhooks_with(&more, &["resend", "later", "--since", "1h"]).await;
    assert!(code == 0 && said.contains("Events that go to later once more: 1;"), "{said}");
    shop.service.terminate();
    shop.service.end(Duration::from_secs(12)).await;
    let service = Program::start("serve", shop.home.path(), &[&shop.variables[..], &more].concat());
    service.says("events are signed with the previous secret too: take it out when the endpoint knows the new one").await;
    later.hears(1, "deal.paid").await;
    service.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_said_gone_is_paused_until_it_is_resumed_or_a_restart() {
    let receiver = Receiver::open().await;
    let shop = Shop::open(Engine::Sqlite, &receiver).await;
    receiver.says(410);
    shop.paid().await;
    receiver.hears(1, "deal.paid").await;
    let line = shop.stands("paused").await;
    assert!(line.contains("HTTP 410"), "{line}");
    receiver.says(204);
    let (code, said) = shop.webhooks(&["resend", "shop", "--since", "1h"]).await;
    assert!(code == 0 && said.contains("webhooks resume shop"), "{said}");
    shop.stands("paused").await;
    let (code, said) = shop.webhooks(&["resume", "shop"]).await;
    assert!(code == 0 && said.contains("shop is delivered to again; events that wait: 1."), "{said}");
    receiver.hears(2, "deal.paid").await;
    shop.stands("ok").await;
    assert!(shop.webhooks(&["resume", "shop"]).await.1.contains("shop was not paused"));

    receiver.says(410);
    shop.paid().await;
    receiver.hears(3, "deal.paid").await;
    shop.stands("paused").await;
    receiver.says(204);
    shop.service.terminate();
    let (_, log) = shop.service.end(Duration::from_secs(12)).await;
    assert!(!log.contains(SECRET), "{log}");
    let again = Program::start("serve", shop.home.path(), &shop.variables);
    again.says("an endpoint that was paused (410) is delivered to again").await;
    receiver.hears(4, "deal.paid").await;
    again.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_reaches_the_endpoint_and_leaves_nothing_behind() {
    let receiver = Receiver::open().await;
    let shop = Shop::open(Engine::Sqlite, &receiver).await;
    let (code, said) = shop.webhooks(&["test", "shop"]).await;
    assert!(code == 0 && said.contains("went to shop at 127.0.0.1: taken (HTTP 204)"), "{said}");
    let (id, event) = receiver.hears(1, "test").await.remove(0);
    assert!(said.contains(&id) && event["data"] == json!({}) && event["timestamp"].is_string(), "{event}");
    receiver.says(503);
    let (code, said) = shop.webhooks(&["test", "shop"]).await;
    assert!(code == 1 && said.contains("refused (HTTP 503: no room)"), "{said}");
    let (code, said) = shop.webhooks_with(&[("LANG", "zh_CN.UTF-8".to_owned())], &["test", "shop"]).await;
    assert!(code == 1 && said.contains("被拒绝（HTTP 503: no room）"), "{said}");
    let elsewhere = [("WEBHOOKS__SHOP__URL", format!("http://{}/", free_address()))];
    let (code, said) = shop.webhooks_with(&elsewhere, &["test", "shop"]).await;
    assert!(code == 1 && said.contains("not answered: nothing answers at its address"), "{said}");
    let chinese = [&elsewhere[..], &[("LANG", "zh_CN.UTF-8".to_owned())]].concat();
    assert!(shop.webhooks_with(&chinese, &["test", "shop"]).await.1.contains("没有应答：连接不上"));
    let look = shop.database.look().await;
    assert!(look.texts("SELECT event_id FROM outbox").await.is_empty() && look.texts("SELECT id FROM webhook_delivery").await.is_empty());
    shop.service.terminate();
}

#[test]
fn what_is_mistyped_is_refused_with_the_names_that_there_are() {
    let (url, secret) = (("WEBHOOKS__SHOP__URL", "https://shop.example.com/"), ("WEBHOOKS__SHOP__SECRET", SECRET));
    for command in [&["webhooks", "test", "shpo"][..], &["webhooks", "resend", "shpo", "--since", "2h"], &["webhooks", "resume", "shpo"]] {
        let (code, said, told) = run(command, &[url, secret]);
        assert!(code == 1 && said.is_empty() && told.contains("there is no endpoint shpo; configured are: shop"), "{command:?}: {told}");
        let (code, _, told) = run(command, &[]);
        assert!(code == 1 && told.contains("no endpoint is configured"), "{told}");
    }
    for command in [&["webhooks"][..], &["webhooks", "resend", "shop", "--since", "2h"], &["webhooks", "resume", "shop"]] {
        let (code, _, told) = run(command, &[url, secret]);
        assert!(
            code == 1 && told.contains("there is no SQLite database") && told.contains("wechat-pay-ctl webhooks"),
            "{command:?}: {told}"
        );
    }
    for (arguments, why) in [
        (&["resend", "shop"][..], "<--since <SINCE>|--event <EVENT>>"),
        (&["resend", "shop", "--since", "2h", "--event", "evt_aaaaaaaaaaaaaaaaaaaaaaaaaa"], "cannot be used with"),
        (&["resend", "shop", "--since", "yesterday"], "how long ago"),
        (&["resend", "shop", "--event", "1"], "evt_"),
        (&["test"], "<ENDPOINT>"),
        (&["test", "Shop"], "begins with a letter"),
    ] {
        let (code, _, told) = run(&[&["webhooks"], arguments].concat(), &[url, secret]);
        assert!(code == 2 && told.contains(why), "{arguments:?}: {told}");
    }
    let (code, said, _) = run(&["webhooks"], &[]);
    assert!(code == 0 && said.contains("no endpoint is configured"), "{said}");
    let (_, told, _) = run(&["webhooks", "resend", "--help"], &[("LANG", "zh_CN.UTF-8")]);
    assert!(told.contains("用法：") && told.contains("重新发送事件") && !told.contains("Usage"), "{told}");
}
