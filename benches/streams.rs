//! Ten thousand payers' pages listen, each to an order of its own: what that costs the real program in memory and
//! processor time, and how soon a change is told.
//!
//! `cargo bench --bench streams`: one process of the service with SQLite and its own simulator, and the listeners in this
//! one, over loopback. It needs 11,000 file descriptors in each, and takes about two minutes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

#[path = "../tests/support/ports.rs"]
#[allow(dead_code, reason = "the stories need more of it")]
mod ports;
#[path = "../tests/support/process.rs"]
#[allow(dead_code, reason = "the stories need more of it")]
mod process;
#[path = "../tests/support/program.rs"]
#[allow(dead_code, reason = "the stories need more of it")]
mod program;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use ports::free_address;
use program::Program;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

const STREAMS: usize = 10_000;
/// Opened at once: more would be sent away, and come again.
const OPENING: usize = 64;
/// Changes of one order each.
const CHANGES: usize = 100;
/// How long the streams are left alone, to see what they cost then.
const QUIET: Duration = Duration::from_secs(10);
/// Clock ticks a second in `/proc`, on every Linux.
const TICKS: u64 = 100;

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    assert!(rlimit::increase_nofile_limit(STREAMS as u64 + 1_000).unwrap() > STREAMS as u64 + 100, "too few file descriptors allowed");
    let directory = tempfile::TempDir::new().unwrap();
    let phone = free_address();
    let variables = [("SERVER__LISTEN", "127.0.0.1:0".to_owned()), ("SIMULATOR__LISTEN", phone.to_string())];
    let program = Program::start("serve", directory.path(), &variables);
    let address = program.address().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();

    let orders = open_deals(&client, address).await;
    let before = program.process.memory_kib("VmRSS");
    let states = Arc::new(AtomicUsize::new(0));
    let (news, mut heard) = mpsc::unbounded_channel();
    for (number, order_id) in orders.iter().enumerate() {
        let stream = TcpStream::connect(address).await.unwrap();
        tokio::spawn(listen_to(stream, order_id.clone(), Arc::clone(&states), news.clone()));
        while states.load(Ordering::Relaxed) + OPENING < number {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    while states.load(Ordering::Relaxed) < STREAMS {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (began, used) = (Instant::now(), processor_time(&program));
    tokio::time::sleep(QUIET).await;
    let busy = (processor_time(&program) - used) * 100_000 / TICKS / u64::try_from(began.elapsed().as_millis()).unwrap();
    let with = program.process.memory_kib("VmRSS");

    let mut waits = Vec::new();
    for order_id in &orders[..CHANGES] {
        let started = Instant::now();
        client.post(format!("http://{phone}/_sim/orders/{order_id}/pay")).send().await.unwrap();
        while heard.recv().await.unwrap() != *order_id {}
        waits.push(started.elapsed().as_millis());
    }
    waits.sort_unstable();

    // As if another instance had settled all others at once.
    let file = format!("sqlite://{}", directory.path().join("data/deal.db").display());
    let database = sqlx::SqlitePool::connect(&file).await.unwrap();
    sqlx::query("UPDATE deal SET status = 1, due_at = NULL WHERE status = 0").execute(&database).await.unwrap();
    let started = Instant::now();
    heard.recv().await.unwrap();
    let first = started.elapsed().as_millis();
    for _ in 1..STREAMS - CHANGES {
        heard.recv().await.unwrap();
    }
    let last = started.elapsed().as_millis();

    println!("| {STREAMS} open streams, each of an order of its own | |");
    println!("|---|---|");
    println!(
        "| resident without, with them | {} MiB, {} MiB ({} KiB a stream) |",
        before / 1024,
        with / 1024,
        (with - before) / STREAMS as u64
    );
    println!("| most that was ever resident | {} MiB |", program.process.memory_kib("VmHWM") / 1024);
    println!("| processor time while nothing happens | {busy} % of one core |");
    println!("| payment at WeChat to its page | {} ms (median), {} ms (longest of {CHANGES}) |", waits[CHANGES / 2], waits[CHANGES - 1]);
    println!("| {} orders settled elsewhere at once | first page after {first} ms, last after {last} ms |", STREAMS - CHANGES);
    program.terminate();
    let (status, _) = program.end(Duration::from_secs(10)).await;
    assert!(status.is_some_and(|status| status.success()), "{status:?}");
}

async fn open_deals(client: &reqwest::Client, address: SocketAddr) -> Vec<String> {
    let open = |number: usize| async move {
        let body = json!({"merchant_id": 1, "product_id": number + 1, "price": "0.01"}).to_string();
        let request = client.post(format!("http://{address}/wxPay/toPay")).header("content-type", "application/json").body(body);
        let answer: Value = serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap();
        answer["order_id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    };
    stream::iter(0..STREAMS).map(open).buffer_unordered(16).collect().await
}

/// Listens until it hears that the order is paid.
async fn listen_to(mut stream: TcpStream, order_id: String, states: Arc<AtomicUsize>, news: mpsc::UnboundedSender<String>) {
    let request = format!("GET /wxPay/events?order_id={order_id} HTTP/1.1\r\nhost: pay\r\naccept: text/event-stream\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut bytes, mut answered, mut begun) = ([0; 1024], false, false);
    loop {
        let length = stream.read(&mut bytes).await.unwrap();
        assert!(length > 0, "the stream ended");
        let text = String::from_utf8_lossy(&bytes[..length]);
        assert!(answered || text.starts_with("HTTP/1.1 200"), "{text}");
        answered = true;
        if !begun && text.contains("event: state") {
            begun = true;
            states.fetch_add(1, Ordering::Relaxed);
        }
        if text.contains("SUCCESS") {
            let _ = news.send(order_id);
            return;
        }
    }
}

/// In ticks: what it has spent for itself and in the kernel.
fn processor_time(program: &Program) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", program.process.id())).unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}
