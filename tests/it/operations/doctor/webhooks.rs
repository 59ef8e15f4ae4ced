//! The merchant's endpoints: whether they can be reached, and how their deliveries stand.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use wechat_pay::doctor::Verdict::{Fail, Ok, Warn};
use wechat_pay::store::{LARGEST_BATCH, Store};

use super::{Findings, Patient};
use crate::support::database::{Database, Engine};
use crate::support::ports::free_address;
use crate::support::test_app::OPENING_TIME;

/// What the doctor finds of an endpoint at this URL.
async fn examined(database: &Database, url: &str) -> Findings {
    let patient = Patient::on(database).set("WEBHOOKS__SHOP__URL", url);
    patient.set("WEBHOOKS__SHOP__SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").examined().await
}

/// Something that takes connections, and counts the bytes that come.
async fn silent() -> (SocketAddr, tokio::task::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let counts = async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut heard).await.unwrap()
    };
    (address, tokio::spawn(counts))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_is_connected_to_and_nothing_is_sent() {
    let (database, (address, counted)) = (Database::fresh(Engine::Sqlite).await, silent().await);
    examined(&database, &format!("http://{address}/")).await.say(Ok, "webhooks", "shop: 127.0.0.1 is reached, without TLS");
    assert_eq!(counted.await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_events_would_not_reach_is_found_out() {
    let database = Database::fresh(Engine::Sqlite).await;
    let database = &database;
    let silent = |url: String| async move { examined(database, &url).await };
    let found = silent(format!("http://{}/", free_address())).await;
    found.say(Fail, "webhooks", "shop: 127.0.0.1: nothing answers at its address");
    let found = silent("https://no-such-name.invalid/".to_owned()).await;
    found.say(Fail, "webhooks", "shop: no-such-name.invalid: its name cannot be resolved");
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = plain.local_addr().unwrap();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let (mut stream, _) = plain.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    });
    silent(format!("https://{address}/")).await.say(Fail, "webhooks", "shop: 127.0.0.1: TLS failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_its_deliveries_stand_is_told() {
    let database = Database::fresh(Engine::Sqlite).await;
    let now = OPENING_TIME.parse().unwrap();
    let store = Store::open(&database.url.parse().unwrap(), "i1", LARGEST_BATCH, now).await.unwrap();
    let url = format!("http://{}/", free_address());
    examined(&database, &url).await.say(Ok, "webhooks", "shop: events that wait: 0, and none has failed");
    store.pause_endpoint(&"shop".parse().unwrap(), now).await.unwrap();
    let look = database.look().await;
    for (position, tries, due_at, given_up_at) in [(1, 3, "'2020-01-01 00:00:00'", "NULL"), (2, 11, "NULL", "'2020-01-01 00:00:00'")] {
        look.run(&format!(
            "INSERT INTO webhook_delivery (endpoint, position, tries, due_at, created_at, tried_at, given_up_at, status) \
             VALUES ('shop', {position}, {tries}, {due_at}, '2020-01-01 00:00:00', '2020-01-01 00:00:00', {given_up_at}, 502)"
        ))
        .await;
    }
    let found = examined(&database, &url).await;
    found.say(Warn, "webhooks", "shop: it has said 410 and is paused since");
    found.say(Warn, "webhooks", "shop: events that wait: 1, of which have failed: 1, the last with HTTP 502 at 2020-01-01T00:00:00+08:00");
    found.say(Warn, "webhooks", "shop: events that were given up: 1");
    look.run("UPDATE webhook_delivery SET tries = 0 WHERE position = 1").await;
    examined(&database, &url).await.say(Warn, "webhooks", "shop: events that wait: 1, the first since 2020-01-01T00:00:00+08:00");
}
