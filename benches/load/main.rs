//! What the whole service can do: the release build as a process, a durable MariaDB, a WeChat that answers at once and
//! callers on keep-alive connections, all on this machine; beside it the bare engine under sysbench, and the service with
//! every change committed by itself. One table, the ratios that matter, and ten thousand payers that poll.
//!
//! ```sh
//! cargo bench --bench load
//! ```
//! It needs `mariadb-server` and `sysbench` from the distribution's packages, starts everything by itself, takes less
//! than five minutes, and leaves nothing behind. A target that is missed ends it with an error. Figures mean something
//! on an idle machine only; the ratios are within one run, so they bear a slow one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench that cannot go on ends")]
#![allow(clippy::float_arithmetic, reason = "rates and latencies are no money")]
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

mod polling;
mod report;
mod silent;
mod under_load;

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "each bench uses its own part of it")]
mod support;

use std::process::ExitCode;
use std::time::Duration;

use report::Report;
use support::mariadb::MariaDb;
use support::sysbench::Bare;
use support::upstream::Upstream;
use support::verdicts::Verdicts;
use under_load::ServiceUnderLoad;

/// Keep-alive connections of callers, and clients of the bare engine.
const CALLERS: usize = 64;
/// Medians are taken over so many rounds, in each of which everything has its turn.
const ROUNDS: usize = 3;
/// Deals opened and paid a round: by many callers, and by one alone.
const DEALS: usize = 20_000;
const DEALS_ALONE: usize = 1_000;
/// The plain version, beside it, commits each change by itself.
const PLAIN: &str = "1";
const SETTLING: Duration = Duration::from_secs(3);
/// How long the bare engine is measured, a round.
const BARE_SECONDS: u32 = 5;

fn main() -> ExitCode {
    support::run(bench())
}

async fn bench() -> bool {
    let database = MariaDb::start(&[]).await;
    let upstream = Upstream::start();
    let batched = ServiceUnderLoad::open(&database, &upstream, "till", &[]).await;
    let plain = ServiceUnderLoad::open(&database, &upstream, "plain", &[("DATABASE__LARGEST_BATCH", PLAIN)]).await;
    let bare = Bare::prepare(&database, "till").await;
    // Caches, prepared statements and the server's own files have settled before anything counts.
    batched.round(&database, CALLERS, DEALS / 10).await;
    plain.payments(&database, CALLERS, DEALS / 10).await;

    let started = std::time::Instant::now();
    let mut report = Report::default();
    for round in 1..=ROUNDS {
        println!("round {round} of {ROUNDS}, after {} s", started.elapsed().as_secs());
        report.bare.push(bare.measure(CALLERS, BARE_SECONDS));
        report.batched.add(CALLERS, batched.round(&database, CALLERS, DEALS).await);
        report.plain.add(CALLERS, plain.payments(&database, CALLERS, DEALS / 4).await);
        // What many callers have left in the database's memory is written to disk behind them, and would be felt by one alone.
        tokio::time::sleep(SETTLING).await;
        for turn in 0..2 {
            // Nor may it matter which comes first.
            if (round + turn) % 2 == 0 {
                report.batched.add(1, batched.round(&database, 1, DEALS_ALONE).await);
            } else {
                report.plain.add(1, plain.payments(&database, 1, DEALS_ALONE).await);
            }
        }
    }
    report.print(&database).await;

    let mut verdicts = Verdicts::default();
    report.judge(&mut verdicts);
    verdicts.at_most("resident under that load, MiB", batched.service.peak_memory(), 64.0);
    silent::judge(&batched, &database, &mut verdicts).await;
    drop((batched, plain));
    polling::judge(&database, &upstream, &mut verdicts).await;
    verdicts.all_are_good()
}
