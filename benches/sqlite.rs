//! What a small shop gets: the service on its embedded default, SQLite, with durable commits, a WeChat that answers at once, and callers on
//! keep-alive connections, all on this machine; beside it the bare engine, which makes the same payments' changes in a copy of the same
//! file, as many in a transaction as the service had on average.
//!
//! ```sh
//! cargo bench --bench sqlite
//! ```
//! It needs `sqlite3`, writes below the system's directory for temporary files (`TMPDIR`, which should be on the disk that is meant), takes a
//! minute, and leaves nothing behind. A target that is missed ends it with an error.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench that cannot go on ends")]
#![allow(clippy::float_arithmetic, reason = "rates and latencies are no money")]
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

#[path = "support/mod.rs"]
#[allow(dead_code, reason = "each bench uses its own part of it")]
mod support;

use std::cell::RefCell;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use support::calls::{notification, order_id, wish};
use support::driver::{Run, Until, drive, must_hold};
use support::messages::Writer;
use support::service::Service;
use support::upstream::Upstream;
use support::verdicts::Verdicts;
use support::wire::{Wire, get};
use support::{median, output, ports};
use tokio::net::TcpStream;
use wechat_pay::channel::wechat::v2::SignType;

const ROUNDS: usize = 3;
/// Connections of callers, and the deals that they open and pay a round.
const CALLERS: [(usize, usize); 2] = [(64, 6_000), (1, 600)];

/// One call's figures of one round.
struct Figures {
    per_second: f64,
    p50: f64,
    p99: f64,
    /// Of one call; each syncs the log once.
    transactions: f64,
}

fn main() -> ExitCode {
    support::run(bench())
}

async fn bench() -> bool {
    let directory = tempfile::TempDir::new().unwrap();
    let (upstream, metrics) = (Upstream::start(), ports::free_address());
    let file = directory.path().join("shop.db");
    let (url, listen) = (format!("sqlite://{}", file.display()), metrics.to_string());
    let settings = [("SWEEP__FIRST_LOOKS", "3600"), ("METRICS__LISTEN", &listen)];
    let service = Service::start(directory.path(), "shop", &url, &upstream, &settings).await;
    let mut counter = Wire::new(TcpStream::connect(metrics).await.unwrap()).unwrap();
    let writer = Writer::new(SignType::Md5);
    println!("| call | connections | a second | p50 ms | p99 ms | transactions a call | bare engine |");
    println!("|---|---|---|---|---|---|---|");
    let mut verdicts = Verdicts::default();
    for (callers, deals) in CALLERS {
        let mut wires = service.connections(callers).await;
        let (mut opened, mut paid, mut bare) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let (order_ids, wishes) = (RefCell::new(Vec::with_capacity(deals)), vec![wish(); deals]);
            let opening = drive(&mut wires, &wishes, Until::AllAreSent, |body| order_ids.borrow_mut().push(order_id(body)));
            let of_opening = count(&mut counter, opening).await;
            let messages: Vec<_> = order_ids.into_inner().into_iter().map(|id| (writer.paid(&id), id)).collect();
            let copy = directory.path().join("copy.db");
            output(Command::new("sqlite3").arg(&file).arg(format!("VACUUM INTO '{}'", copy.display())), "sqlite3");
            let notifications: Vec<_> = messages.iter().map(|(message, _)| notification(message)).collect();
            let of_paying = count(&mut counter, drive(&mut wires, &notifications, Until::AllAreSent, must_hold("SUCCESS"))).await;
            let together = (1.0 / of_paying.transactions).round().max(1.0) as usize;
            let of_bare = pay_in(&copy, &messages, together);
            std::fs::remove_file(copy).unwrap();
            // The first round is for the caches.
            if round > 0 {
                opened.push(of_opening);
                paid.push(of_paying);
                bare.push(of_bare);
            }
        }
        let bare = median(bare);
        print("toPay", callers, &opened, None);
        let payments = print("notification", callers, &paid, Some(bare));
        if callers > 1 {
            verdicts.at_least("notification / bare engine", payments / bare, 0.5);
        }
    }
    verdicts.all_are_good()
}

/// Prints the medians, and gives how many a second.
fn print(call: &str, callers: usize, rounds: &[Figures], bare: Option<f64>) -> f64 {
    let figure = |figure: fn(&Figures) -> f64| median(rounds.iter().map(figure).collect());
    let per_second = figure(|f| f.per_second);
    let bare = bare.map_or_else(String::new, |bare| format!("{bare:.0}"));
    println!(
        "| {call} | {callers} | {per_second:.0} | {:.2} | {:.2} | {:.2} | {bare} |",
        figure(|f| f.p50),
        figure(|f| f.p99),
        figure(|f| f.transactions)
    );
    per_second
}

async fn count(counter: &mut Wire, run: impl Future<Output = Run>) -> Figures {
    let before = transactions(counter).await;
    let run = run.await;
    assert_eq!(run.sent_away(), 0, "callers were told to come again");
    let transactions = (transactions(counter).await - before) / run.requests() as f64;
    Figures { per_second: run.per_second(), p50: run.quantile(0.5), p99: run.quantile(0.99), transactions }
}

/// How many batches the service has taken up, by its own count: a transaction each, unless it is tried again.
async fn transactions(counter: &mut Wire) -> f64 {
    counter.ask(&get("/metrics")).await;
    let text = std::str::from_utf8(counter.body()).unwrap();
    let is_of_writes = |line: &&str| line.starts_with("wechat_pay_store_batch_statements_count{") && line.contains("write");
    text.lines().find(is_of_writes).and_then(|line| line.rsplit(' ').next()).unwrap().parse().unwrap()
}

/// Has the engine alone make the changes of these payments in this file, so many in a transaction; how many a second.
fn pay_in(file: &Path, payments: &[(String, String)], together: usize) -> f64 {
    let journal = "PRAGMA journal_mode = WAL";
    output(Command::new("sqlite3").arg(file).arg(journal), "sqlite3");
    let mut script = String::from("PRAGMA synchronous = FULL;\n");
    for (number, some) in payments.chunks(together).enumerate() {
        script.push_str("BEGIN IMMEDIATE;\n");
        for (place, (message, id)) in some.iter().enumerate() {
            let transaction = format!("42000{number:010}{place:010}");
            let _ = writeln!(
                script,
                "UPDATE deal SET status = 1, transaction_id = '{transaction}', transaction_key = '{transaction}', payBack = '{message}', \
                 update_at = '2026-01-01 00:00:00', due_at = NULL WHERE order_key = '{id}' AND COALESCE(status, 0) = 0; \
                 INSERT INTO deal_event (order_id, kind, source, instance, at) \
                 VALUES ('{id}', 'settled', 'notification', 'bench', '2026-01-01 00:00:00');"
            );
        }
        script.push_str("COMMIT;\n");
    }
    let path = file.with_extension("sql");
    std::fs::write(&path, script).unwrap();
    let begun = Instant::now();
    let input = Stdio::from(std::fs::File::open(&path).unwrap());
    let status = Command::new("sqlite3").args(["-bail".as_ref(), file.as_os_str()]).stdin(input).stdout(Stdio::null()).status();
    assert!(status.expect("sqlite3 (apt-get install sqlite3)").success());
    let per_second = payments.len() as f64 / begun.elapsed().as_secs_f64();
    std::fs::remove_file(path).unwrap();
    let count = "SELECT COUNT(*) FROM deal WHERE transaction_id LIKE '42000%' AND update_at = '2026-01-01 00:00:00'";
    assert_eq!(output(Command::new("sqlite3").arg(file).arg(count), "sqlite3").trim(), payments.len().to_string());
    per_second
}
