//! What the machine may do to the process: no file descriptors left, a full log volume.

use std::time::Duration;

use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::support::database::{Database, Engine};
use crate::support::http::Caller;
use crate::support::program::{Program, environment};
use crate::support::proxy::Reserved;

async fn open_a_deal(till: &Caller) {
    let answer = till.post_json("/wxPay/toPay", &json!({"merchant_id": 12, "product_id": 34, "price": "19.90"})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["code"], 0, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_file_descriptor_left_it_waits_and_goes_on() {
    let database = Database::fresh(Engine::Sqlite).await;
    let variables = environment(&database.url, "127.0.0.1:0");
    let mut program = Program::start_under(&["prlimit", "--nofile=64:64"], "serve", database.directory().unwrap(), &variables);
    let address = program.address().await;
    let till = Caller::new(address);
    open_a_deal(&till).await;

    // More than there are descriptors; none ever says a word.
    let mut silent = Vec::new();
    for _ in 0..150 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    program.says("a connection could not be accepted").await;
    assert!(program.lives());
    // The silent ones are cut off one lot after the other, newcomers get in, and nothing needs to be restarted.
    let begun = Instant::now();
    while Caller::new(address).request("GET", "/readyz").timeout(Duration::from_secs(10)).send().await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(30), "it never recovered: {}", program.written());
        sleep(Duration::from_millis(100)).await;
    }
    open_a_deal(&Caller::new(address)).await;
    drop(silent);
    program.terminate();
    let (status, _) = program.end(Duration::from_secs(10)).await;
    assert!(status.is_some_and(|status| status.success()), "{status:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_log_volume_stops_no_payment() {
    let database = Database::fresh(Engine::Sqlite).await;
    // It cannot say where it listens.
    let reserved = Reserved::new();
    let address = reserved.address;
    let variables = environment(&database.url, &address.to_string());
    let starter = ["sh", "-c", "exec \"$0\" \"$@\" >/dev/full 2>&1"];
    let mut program = Program::start_under(&starter, "serve", database.directory().unwrap(), &variables);
    let begun = Instant::now();
    let till = Caller::new(address);
    while !till.request("GET", "/readyz").send().await.is_ok_and(|answer| answer.status() == 200) {
        assert!(program.lives() && begun.elapsed() < Duration::from_secs(10), "it does not start");
        sleep(Duration::from_millis(20)).await;
    }
    for _ in 0..10 {
        open_a_deal(&till).await;
    }
    assert!(program.lives());
    assert_eq!(program.written(), "");
    program.terminate();
    let (status, _) = program.end(Duration::from_secs(10)).await;
    assert!(status.is_some_and(|status| status.success()), "{status:?}");
}
