//! What telling the merchant costs: payments that are notified to a service with one endpoint, and to one with none, in turn;
//! and how soon the endpoint knows all of them.
//!
//! ```sh
//! cargo bench --bench telling
//! ```
//! It needs `mariadb-server`, starts its own and leaves nothing behind. A target that is missed ends it with an error.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench that cannot go on ends")]
#![allow(clippy::float_arithmetic, reason = "rates are no money")]
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]

#[path = "support/mod.rs"]
#[allow(dead_code, reason = "each bench uses its own part of it")]
mod support;
#[path = "load/under_load.rs"]
#[allow(dead_code, reason = "payments alone are measured")]
mod under_load;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use support::endpoint::Endpoint;
use support::mariadb::MariaDb;
use support::median;
use support::upstream::Upstream;
use under_load::{Call, ServiceUnderLoad};

const CALLERS: usize = 64;
/// The two take turns, in so many rounds of so many payments each.
const ROUNDS: usize = 5;
const PAYMENTS: usize = 10_000;
/// Random bytes, in the form of a secret.
const SECRET: &str = "whsec_TmV2ZXIgdXNlIHRoaXMgc2VjcmV0IGFueXdoZXJl";
/// The share of the rate without an endpoint that must be left, and the events a second that must reach it afterwards.
const SHARE: f64 = 0.85;
const DRAINED: f64 = 500.0;
/// An endpoint that is never told of some of them ends the bench.
const PATIENCE: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    support::run(bench())
}

async fn bench() -> bool {
    let (database, upstream, endpoint) = (MariaDb::start(&[]).await, Upstream::start(), Endpoint::start());
    let settings = [("WEBHOOKS__SHOP__URL", endpoint.url.as_str()), ("WEBHOOKS__SHOP__SECRET", SECRET)];
    let telling = ServiceUnderLoad::open(&database, &upstream, "telling", &settings).await;
    let silent = ServiceUnderLoad::open(&database, &upstream, "silent", &[]).await;
    let (mut shares, mut drained) = (Vec::new(), Vec::new());
    // The first round is for the caches.
    for round in 0..=ROUNDS {
        let mut rates = [0.0; 2];
        for turn in 0..2 {
            let which = (round + turn) % 2;
            let service = [&telling, &silent][which];
            let figures = service.payments(&database, CALLERS, PAYMENTS).await;
            rates[which] = figures.iter().find(|figures| figures.call == Call::Notification).unwrap().per_second;
            if which == 0 {
                // What was told before the last payment came is not counted: the payments have the machine first.
                drained.push(drain(&endpoint, (round + 1) * PAYMENTS).await);
            }
        }
        let share = rates[0] / rates[1];
        println!(
            "round {round}: {:.0} a second with an endpoint, {:.0} without ({share:.2}); then {:.0} told a second",
            rates[0], rates[1], drained[round]
        );
        if round > 0 {
            shares.push(share);
        }
    }
    let (share, rate) = (median(shares), median(drained.split_off(1)));
    println!("\nwith an endpoint / without: {share:.2} (at least {SHARE}); told a second: {rate:.0} (at least {DRAINED})");
    share >= SHARE && rate >= DRAINED
}

/// Waits until the endpoint has so many, and says how many came a second.
async fn drain(endpoint: &Endpoint, all: usize) -> f64 {
    let (before, started) = (endpoint.taken(), Instant::now());
    while endpoint.taken() < all {
        assert!(started.elapsed() < PATIENCE, "{} of {all} events came", endpoint.taken());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    (all - before) as f64 / started.elapsed().as_secs_f64()
}
