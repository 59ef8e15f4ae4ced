//! Histories: the real HTTP routes, gateway, store and sweeper on a real SQLite file, against the simulator's world, with
//! time stepped by hand and everything else drawn from a seed: which action comes next, in which order each statement and each call goes
//! through, what is lost on its way, what is killed.
//!
//! Every statement on its way to the database, every request on its way to WeChat and every message on its way to an endpoint waits in
//! the `scheduler`, and one at a time is let through when nothing else moves; so one seed is one history, to the last byte. What must always hold (`invariants`)
//! is checked after every step and against every answer.
//!
//! ```text
//! SIMULATION_HISTORIES=10000 cargo test --test simulation           more of them; 500 otherwise
//! SIMULATION_SEED=4711 SIMULATION_HISTORIES=1 cargo test --test simulation   that one again, told in full
//! ```
//! `tests/mutants` shows that it notices: it plants the faults that this service is built against, one after another.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod bill_calls;
mod bill_invariants;
mod bill_lines;
mod bill_rows;
mod bill_workload;
mod checkout_answers;
mod checkout_invariants;
mod checkout_rows;
mod checkout_workload;
mod configuration;
mod driver;
mod endpoints;
mod history;
mod idle_accounts;
mod instance;
mod invariants;
mod locks;
mod merchants;
mod network;
mod outbox_invariants;
mod outbox_rows;
mod refund_answers;
mod refund_calls;
mod refund_invariants;
mod refund_rows;
mod refund_workload;
mod requests;
mod scheduler;
mod strangers;
mod support;
mod sweep_overload;
mod telling;
mod template;
mod workload;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use history::{History, Summary};
use template::Template;

/// Histories unless `SIMULATION_HISTORIES` says otherwise.
const HISTORIES: u64 = 500;
/// Lines of a failed history that are shown; a single one is shown whole.
const LAST_LINES: usize = 60;
/// Half of it is waiting for SQLite's threads, so two histories at once are faster even on one core.
const THREADS: usize = 2;

fn from_environment(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

#[test]
fn whatever_happens_no_payment_is_lost_and_none_is_invented() {
    let first_seed = from_environment("SIMULATION_SEED").unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let histories = from_environment("SIMULATION_HISTORIES").unwrap_or(HISTORIES);
    eprintln!("{histories} histories from SIMULATION_SEED={first_seed} on");
    let (template, started) = (Template::prepare(), Instant::now());
    let (next, failed) = (AtomicU64::new(0), AtomicBool::new(false));
    let sum = Mutex::new(Summary::default());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= histories || failed.load(Ordering::SeqCst) {
                        return;
                    }
                    match live(&template, first_seed + number, if histories == 1 { usize::MAX } else { LAST_LINES }) {
                        Some(told) => sum.lock().unwrap().add(&told),
                        None => {
                            failed.store(true, Ordering::SeqCst);
                            eprintln!("history {} of {histories} failed", number + 1);
                        }
                    }
                }
            });
        }
    });
    let sum = sum.into_inner().unwrap();
    eprintln!("{sum} in {:.1?}", started.elapsed());
    assert!(!failed.into_inner(), "what must hold did not hold; the seed to see it again stands above");
    assert!(histories < 100 || sum.shows_everything(), "these histories are too dull to prove anything: {sum}");
}

#[test]
fn a_seed_is_one_history() {
    let template = Template::prepare();
    for seed in 1..=20 {
        let once = live(&template, seed, LAST_LINES).expect("a history that holds").hash;
        let again = live(&template, seed, LAST_LINES).expect("a history that holds").hash;
        assert_eq!(once, again, "seed {seed} was two histories");
    }
}

/// Lives one history; `None` if something did not hold, which is then told.
fn live(template: &Template, seed: u64, lines: usize) -> Option<Summary> {
    let (trace, clock) = (Mutex::new(Vec::new()), Instant::now());
    let outcome = catch_unwind(AssertUnwindSafe(|| History::live(template, seed, &trace)));
    if outcome.is_err() || lines == usize::MAX {
        let trace = trace.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let shown = &trace[trace.len().saturating_sub(lines)..];
        eprintln!("\n{}\nto replay it: SIMULATION_SEED={seed} SIMULATION_HISTORIES=1 cargo test --test simulation\n", shown.join("\n"));
    }
    if clock.elapsed() > Duration::from_secs(20) {
        eprintln!("seed {seed} took {:.1?}", clock.elapsed());
    }
    outcome.ok()
}
