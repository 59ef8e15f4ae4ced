//! What the calls cost when the table has grown: a thousand, a million and ten million old deals in it, one caller at a
//! time. Nothing may cost more than 1.3 times what it costs in an empty till; and in the fullest one no page of the console more than
//! 100 ms, or 100 KiB.
//!
//! ```sh
//! cargo bench --bench growth                  # ten million rows: some twenty minutes, 40 GB of free disk in TMPDIR
//! cargo bench --bench growth -- 1000000       # no more than so many
//! ```
//! It needs `mariadb-server`, starts its own and leaves nothing behind.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench that cannot go on ends")]
#![allow(clippy::float_arithmetic, reason = "latencies are no money")]
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

mod console;
mod costs;
mod fill;

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "each bench uses its own part of it")]
mod support;

use std::process::{Command, ExitCode};
use std::time::Instant;

use costs::Cost;
use support::mariadb::MariaDb;
use support::output;
use support::upstream::Upstream;

const SIZES: [u64; 3] = [1_000, 1_000_000, 10_000_000];
/// On disk, with what it takes to get there.
const BYTES_A_ROW: u64 = 4_000;
/// Hurry instead of safety while the rows are made; they are gone if the machine stops, and so is the bench.
const HASTE: [&str; 6] = [
    "--innodb-buffer-pool-size=2G",
    "--innodb-log-file-size=1G",
    "--innodb-flush-log-at-trx-commit=0",
    "--skip-innodb-doublewrite",
    "--innodb-flush-method=O_DIRECT_NO_FSYNC",
    // Otherwise the next start would read it all back while we measure.
    "--innodb-buffer-pool-dump-at-shutdown=OFF",
];
/// Deals that are opened a day while the console is looked at.
const A_DAY: u64 = 140_000;
/// A large table may make a call so much dearer.
const BOUND: f64 = 1.3;

fn main() -> ExitCode {
    support::run(bench())
}

async fn bench() -> bool {
    let largest = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(u64::MAX);
    let sizes: Vec<_> = SIZES.into_iter().filter(|size| *size <= largest).collect();
    let mut database = MariaDb::start(&[]).await;
    let needed = sizes.iter().max().unwrap() * BYTES_A_ROW;
    let free = free_bytes(&database);
    assert!(free >= needed, "{} GB must be free in TMPDIR, and {} are", needed / 1_000_000_000, free / 1_000_000_000);
    let (upstream, url) = (Upstream::start(), database.create("till").await);
    wechat_pay::store::Store::migrate(&url.parse().unwrap(), wechat_pay::clock::Clock::System.now()).await.unwrap();
    let (mut rows, mut table) = (0, Vec::new());
    for size in &sizes {
        let started = Instant::now();
        database.restart_with(&HASTE).await;
        fill::fill(&database, "till", rows + 1, size + 1).await;
        database.restart_with(&[]).await;
        rows = *size;
        println!("{size} rows after {} s", started.elapsed().as_secs());
        table.push(costs::measure(&database, &url, &upstream).await);
    }
    print(&sizes, &table);
    let pages = console::measure(&database, &url, &upstream, (rows / 10).clamp(100, A_DAY)).await;
    judge(&table) & console::judge(&pages)
}

fn free_bytes(database: &MariaDb) -> u64 {
    let said = output(Command::new("df").args(["--output=avail", "-B1"]).arg(database.directory.path()), "coreutils");
    said.lines().last().unwrap().trim().parse().unwrap()
}

fn print(sizes: &[u64], table: &[Vec<Cost>]) {
    println!("\n| call | rows in `deal` | p50 ms | rows read | pages touched |\n|---|---|---|---|---|");
    for (call, name) in costs::NAMES.iter().enumerate() {
        for (size, costs) in sizes.iter().zip(table) {
            let cost = &costs[call];
            println!("| {name} | {size} | {:.3} | {:.1} | {:.0} |", cost.latency, cost.rows, cost.pages);
        }
    }
}

/// The largest table against the smallest.
fn judge(table: &[Vec<Cost>]) -> bool {
    let (smallest, largest) = (&table[0], &table[table.len() - 1]);
    let mut good = true;
    for (call, name) in costs::NAMES.iter().enumerate() {
        let ratio = largest[call].latency / smallest[call].latency;
        println!("{} {name}: {ratio:.2} times as dear (at most {BOUND})", if ratio <= BOUND { "PASS " } else { "SHORT" });
        good &= ratio <= BOUND;
    }
    good
}
