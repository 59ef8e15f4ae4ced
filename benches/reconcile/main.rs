//! A morning's bill of a large shop: a million rows are fetched, kept and held against a million deals while payers pay, in MariaDB and
//! in SQLite. How long that takes, what it costs payers, and what memory.
//!
//! ```sh
//! cargo bench --bench reconcile                  # a million rows: some six minutes, 8 GB of free disk in TMPDIR
//! cargo bench --bench reconcile -- 100000        # so many
//! cargo bench --bench reconcile -- mariadb       # one engine alone
//! cargo bench --bench reconcile -- in-order      # rows in the order of the books; without that, in none, as WeChat's
//! cargo test --bench reconcile -- 10000          # the debug build: whether it works, and no figures
//! ```
//! It needs `mariadb-server`, starts its own and leaves nothing behind. Expected of two cores: the books agree in less than 60 s, no
//! call's p99 beside it is above 50 ms, and less than 64 MiB more are resident. A target that is missed ends it with an error.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench that cannot go on ends")]
#![allow(clippy::float_arithmetic, reason = "latencies are no money")]
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

mod bill;
mod books;
mod traffic;

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "each bench uses its own part of it")]
mod support;

use std::cell::Cell;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use futures_util::future::join;
use tempfile::TempDir;
use tokio::time::sleep;
use wechat_pay::auth::Key;
use wechat_pay::chance::Chance;
use wechat_pay::clock::Clock;
use wechat_pay::deal::Day;

use books::{Books, Engine};
use support::mariadb::MariaDb;
use support::service::Service;
use support::upstream::Upstream;
use support::wire::json_text;
use traffic::Traffic;

/// A million payments a day are twelve a second, and in the evening a hundred.
const ROWS: u64 = 1_000_000;
/// How long payers pay with no bill beside them.
const ALONE: Duration = Duration::from_secs(30);
/// When it is given up.
const PATIENCE: Duration = Duration::from_secs(600);
/// What must hold.
const MOST_SECONDS: f64 = 60.0;
const MOST_P99: f64 = 50.0;
const MOST_MEMORY: f64 = 64.0;

fn main() -> ExitCode {
    support::run(bench())
}

async fn bench() -> bool {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let rows = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(ROWS);
    let is_meant = |engine: Engine| !arguments.iter().any(|argument| Engine::named(argument).is_some_and(|named| named != engine));
    // The bill of the day before was not made yet where this runs before ten.
    let books = Books { day: Day::of(Clock::System.now()).before(2), rows };
    let (upstream, started) = (Upstream::start(), Instant::now());
    let file = bill::packed(&books, arguments.iter().any(|argument| argument == "in-order"));
    println!("a bill of {rows} rows: {} MiB as it is sent, made in {} s", file.len() >> 20, started.elapsed().as_secs());
    upstream.give_bill(&bill::date(&books), file);
    let mut good = true;
    if is_meant(Engine::MariaDb) {
        let mut database = MariaDb::start(&[]).await;
        let url = database.create("till").await;
        database.restart_with(&books::HASTE).await;
        books.fill(&url).await;
        database.restart_with(&[]).await;
        good &= measure(Engine::MariaDb, &url, database.directory.path(), &books, &upstream).await;
    }
    if is_meant(Engine::Sqlite) {
        let home = TempDir::with_prefix("wechat-pay-reconcile-").unwrap();
        let url = format!("sqlite://{}", home.path().join("deal.db").display());
        books.fill(&url).await;
        good &= measure(Engine::Sqlite, &url, home.path(), &books, &upstream).await;
    }
    good
}

/// Payers alone, and then beside a service that reconciles.
async fn measure(engine: Engine, url: &str, home: &Path, books: &Books, upstream: &Upstream) -> bool {
    let service = Service::start(home, "alone", url, upstream, &[("BILL__ENABLED", "false")]).await;
    let is_over = Cell::new(false);
    let time = async {
        sleep(ALONE.min(Duration::from_millis(3 * books.rows))).await;
        is_over.set(true);
    };
    let (alone, ()) = join(Traffic::on(&service, &is_over), time).await;
    let memory = service.peak_memory();
    drop(service);

    let (key, sha256) = Key::draw(&Chance::System);
    let settings = [("BILL__ENABLED", "true"), ("AUTH__KEYS__BENCH__HASH", sha256.as_str()), ("AUTH__KEYS__BENCH__SCOPES", "read")];
    let (asked, service) = (upstream.bills_sent(), Service::start(home, "beside", url, upstream, &settings).await);
    let is_over = Cell::new(false);
    let reconciling = async {
        let seconds = reconciled(&service, &key, books, upstream, asked).await;
        is_over.set(true);
        seconds
    };
    let (beside, seconds) = join(Traffic::on(&service, &is_over), reconciling).await;
    let more = service.peak_memory() - memory;

    println!("\n{}: the books agree with {} rows after {seconds:.1} s\n", engine.name(), books.rows);
    println!("| call | alone, p50 ms | p99 | beside the bill, p50 ms | p99 | calls |\n|---|---|---|---|---|---|");
    for (alone, beside) in alone.calls().iter().zip(beside.calls()) {
        let figures = [alone.quantile(0.5), alone.quantile(0.99), beside.quantile(0.5), beside.quantile(0.99)];
        let [p50, p99, p50_beside, p99_beside] = figures.map(|figure| format!("{figure:.1}"));
        println!("| {} | {p50} | {p99} | {p50_beside} | {p99_beside} | {} |", alone.name, beside.count());
    }
    println!("\nsent away with a 503 and come again: {} alone, {} beside the bill", alone.sent_away(), beside.sent_away());
    let worst = beside.calls().iter().map(|call| call.quantile(0.99)).fold(0.0, f64::max);
    let verdicts = [
        ("from the question for the bill to the books that agree, s", seconds, MOST_SECONDS),
        ("the slowest call's p99 beside it, ms", worst, MOST_P99),
        ("most that was resident, more than without it, MiB", more, MOST_MEMORY),
    ];
    verdicts.into_iter().fold(true, |good, (what, is, at_most)| {
        println!("{} {what}: {is:.1} (at most {at_most})", if is <= at_most { "PASS " } else { "SHORT" });
        // Of a debug build nothing is expected but that it works.
        good && (is <= at_most || cfg!(debug_assertions))
    })
}

/// Waits until the service says that the books agree, and gives the seconds since it asked for the bill.
async fn reconciled(service: &Service, key: &str, books: &Books, upstream: &Upstream, asked: usize) -> f64 {
    let (mut wire, started) = (service.connect().await, Instant::now());
    let question = format!(
        "GET /wxPay/bills?from={day}&to={day} HTTP/1.1\r\nhost: till.example\r\nauthorization: Bearer {key}\r\n\r\n",
        day = books.day
    );
    loop {
        assert!(started.elapsed() < PATIENCE, "the books were not held against the bill");
        sleep(Duration::from_millis(100)).await;
        wire.ask(question.as_bytes()).await;
        if wire.first_line().starts_with(b"HTTP/1.1 503") {
            continue;
        }
        let said = String::from_utf8_lossy(wire.body()).into_owned();
        match json_text(wire.body(), "state") {
            Some("AGREED") => {
                assert!(said.contains(&format!("\"payments\":{},", books.rows)), "{said}");
                assert_eq!(upstream.bills_sent(), asked + 1, "it was fetched once");
                return upstream.bill_asked_at().unwrap().elapsed().as_secs_f64();
            }
            // Not yet.
            Some("MISSING") if said.contains("not asked for yet") => {}
            None if said.contains("\"bills\":[]") => {}
            _ => panic!("{said}"),
        }
    }
}
