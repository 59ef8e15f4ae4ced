//! SIGTERM under load: not one accepted request unanswered, not one settled deal unrecorded.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::ALONE;
use crate::environment::Environment;
use crate::load::clients::Till;

const CONNECTIONS: usize = 120;
const ROUNDS: u64 = 3;

/// A request without an answer.
#[derive(Debug)]
struct Unanswered {
    written: Instant,
    /// Bytes of an answer that broke off.
    bytes: usize,
    /// To find out more with.
    what: String,
}

/// What a connection of the load lived through.
#[derive(Debug, Default)]
struct Lived {
    answered: usize,
    given: Vec<String>,
    unanswered: Vec<Unanswered>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_leaves_no_request_unanswered() {
    let _alone = ALONE.lock().await;
    let mut environment = Environment::build(1, &[]).await;
    let (till, phone) = (environment.till(), environment.phone());
    // Slow enough that many requests are in hand at any moment.
    phone.set_faults(&json!({"latency_ms": 300})).await;
    for round in 0..ROUNDS {
        let address = environment.instances[0].address;
        let mut opening: JoinSet<_> = (0..30).map(|_| open(till.clone())).collect();
        let mut payable = Vec::new();
        while let Some(order_id) = opening.join_next().await {
            payable.push(order_id.unwrap());
        }
        let over = Arc::new(AtomicBool::new(false));
        let mut load = JoinSet::new();
        for number in 0..CONNECTIONS {
            load.spawn(connection(address, number, payable[number % payable.len()].clone(), Arc::clone(&over)));
        }
        sleep(Duration::from_millis(1200 + 100 * round)).await;
        // Payments around the signal: their notifications arrive before, during and after it.
        let paying = {
            let (phone, payable) = (phone.clone(), payable.clone());
            tokio::spawn(async move {
                for order_id in &payable {
                    assert!(phone.pay(order_id, "normal").await);
                    sleep(Duration::from_millis(5)).await;
                }
            })
        };
        sleep(Duration::from_millis(60)).await;
        let process = &mut environment.instances[0].process;
        let signalled = Instant::now();
        process.terminate();
        let ended = process.end_within(Duration::from_secs(10)).await.expect("it ends within 10 s");
        assert_eq!(ended.code(), Some(0));
        let took = signalled.elapsed();
        over.store(true, Ordering::Relaxed);
        paying.await.unwrap();
        let mut lived = Lived::default();
        while let Some(one) = load.join_next().await {
            let one = one.unwrap();
            lived.answered += one.answered;
            lived.given.extend(one.given);
            lived.unanswered.extend(one.unanswered);
        }
        let (late, early): (Vec<_>, Vec<_>) = lived.unanswered.into_iter().partition(|one| one.bytes == 0 && one.written > signalled);
        eprintln!("round {round}: {} answered, ended after {took:.1?}, {} refused after the signal", lived.answered, late.len());
        let early: Vec<_> =
            early.iter().map(|one| format!("{}, {:?} before", one.what, signalled.saturating_duration_since(one.written))).collect();
        assert!(early.is_empty(), "accepted and not answered, with so much time before the signal: {early:?}");
        assert!(lived.answered > CONNECTIONS, "there was load");

        recorded(&environment, &lived.given).await;
        environment.instances[0].start();
        environment.instances[0].ready_within(Duration::from_secs(30)).await.expect("it comes back");
    }
}

/// What was acknowledged to WeChat is stored, and what tills were given exists.
async fn recorded(environment: &Environment, given: &[String]) {
    let mut connection = environment.look().await;
    let rows: Vec<(String, i64, Option<String>)> =
        sqlx::query_as("SELECT order_id, CAST(status AS SIGNED), transaction_id FROM deal").fetch_all(&mut connection).await.unwrap();
    let rows: std::collections::HashMap<_, _> = rows.into_iter().map(|(id, status, transaction)| (id, (status, transaction))).collect();
    for order in environment.phone().orders().await.iter().filter(|order| order.first_acknowledged().is_some()) {
        assert_eq!(rows.get(&order.out_trade_no), Some(&(1, order.transaction_id.clone())), "{order:?}");
    }
    for order_id in given {
        assert!(rows.contains_key(order_id), "{order_id} was given to a till");
    }
}

async fn open(till: Till) -> String {
    let answer = till.post("/wxPay/toPay", &wish(), None).await.unwrap();
    answer.json()["order_id"].as_str().unwrap().to_owned()
}

fn wish() -> Value {
    json!({"merchant_id": 12, "product_id": 34, "price": "19.90"})
}

/// One request after another until the service is gone; every second caller opens a connection for each.
async fn connection(address: SocketAddr, number: usize, order_id: String, over: Arc<AtomicBool>) -> Lived {
    let mut lived = Lived::default();
    let query = json!({"order_id": order_id});
    let (path, body) = if number.is_multiple_of(3) { ("/wxPay/queryOrder", query) } else { ("/wxPay/toPay", wish()) };
    let (body, keep) = (body.to_string(), number.is_multiple_of(2));
    let connection = if keep { "keep-alive" } else { "close" };
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: till\r\nconnection: {connection}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut kept: Option<TcpStream> = None;
    while !over.load(Ordering::Relaxed) {
        let mut stream = match kept.take() {
            Some(stream) => stream,
            // The service listens no more.
            None => match TcpStream::connect(address).await {
                Ok(stream) => stream,
                Err(_) => break,
            },
        };
        let sent = stream.write_all(request.as_bytes()).await;
        let written = Instant::now();
        let unanswered = |bytes| Unanswered { written, bytes, what: format!("{path}, {connection}") };
        let answer = if sent.is_ok() { timeout(Duration::from_secs(15), read_answer(&mut stream)).await } else { Ok(Err(0)) };
        match answer {
            Ok(Ok((body, may_stay))) => {
                lived.answered += 1;
                let answer: Value = serde_json::from_str(&body).unwrap();
                lived.given.extend(answer["order_id"].as_str().map(str::to_owned));
                kept = (keep && may_stay).then_some(stream);
            }
            Ok(Err(bytes)) => lived.unanswered.push(unanswered(bytes)),
            Err(_) => lived.unanswered.push(unanswered(1)),
        }
    }
    lived
}

/// The body, and whether the connection stays; or how many bytes of an answer came.
async fn read_answer(stream: &mut TcpStream) -> Result<(String, bool), usize> {
    let mut bytes = Vec::new();
    loop {
        if let Some((head, body)) = String::from_utf8_lossy(&bytes).split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length: usize = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap();
            if body.len() >= length {
                return Ok((body.to_owned(), !head.contains("connection: close")));
            }
        }
        match stream.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => return Err(bytes.len()),
            Ok(_) => {}
        }
    }
}
