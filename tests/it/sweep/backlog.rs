//! After an outage there are more undecided deals than can be looked at in a minute.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use wechat_pay::deal::BeijingTime;

use crate::support::database::{Database, Engine};
use crate::support::http::Caller;
use crate::support::on_both_engines;

const BACKLOG: usize = 100_000;
const CALLS_PER_SECOND: u64 = 100;

/// The program, ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

async fn fill(database: &Database, due: bool) {
    let look = database.look().await;
    #[expect(clippy::disallowed_methods, reason = "the program under test runs by the machine's clock")]
    let now = Utc::now();
    let column = |time| BeijingTime::from(time).naive().format("%Y-%m-%d %H:%M:%S").to_string();
    let (created, expires) = (column(now - TimeDelta::seconds(1000)), column(now + TimeDelta::seconds(6000)));
    let due_at = if due { format!("'{}'", column(now - TimeDelta::seconds(10))) } else { "NULL".to_owned() };
    let status = i32::from(!due);
    let concatenated = match database.engine {
        Engine::Sqlite => "'backlog-' || n",
        Engine::MySql => "CONCAT('backlog-', n)",
    };
    if database.engine == Engine::MySql {
        look.run("SET SESSION max_recursive_iterations = 1000000").await;
    }
    look.run(&format!(
        "INSERT INTO deal (order_id, order_key, product_id, merchant_id, price, price_last, total_fee, status, mode, create_at, update_at, expires_at, due_at, prepay_request) \
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {BACKLOG}) \
         SELECT {concatenated}, {concatenated}, 1, 1, 1, 1, 100, {status}, 0, '{created}', '{created}', '{expires}', {due_at}, '<xml/>' FROM numbers"
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_of_100_000_deals_drains_at_the_budget_in_little_memory() {
    let database = Database::fresh(Engine::Sqlite).await;
    wechat_pay::store::Store::migrate(&database.url.parse().unwrap(), "2026-04-01T04:00:00Z".parse().unwrap()).await.unwrap();
    fill(&database, true).await;
    let (port, simulator_port) = (free_port(), free_port());
    let child = Command::new(env!("CARGO_BIN_EXE_wechat-pay"))
        .env("WECHAT_PAY__SERVER__LISTEN", format!("127.0.0.1:{port}"))
        .env("WECHAT_PAY__SIMULATOR__LISTEN", format!("127.0.0.1:{simulator_port}"))
        .env("WECHAT_PAY__DATABASE__URL", &database.url)
        .env("WECHAT_PAY__SWEEP__CALLS_PER_SECOND", CALLS_PER_SECOND.to_string())
        .env("RUST_LOG", "warn")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    let running = Running(child);
    tokio::time::sleep(Duration::from_secs(6)).await;

    let stats = Caller::new(([127, 0, 0, 1], simulator_port).into()).get("/_sim/stats").await.json();
    let calls = stats["calls"]["/pay/orderquery"].as_u64().unwrap();
    let seconds = started.elapsed().as_secs();
    assert!(calls <= (seconds + 1) * CALLS_PER_SECOND, "{calls} calls in {seconds} s");
    assert!(calls >= CALLS_PER_SECOND, "it gets on: {calls} calls in {seconds} s");
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.0.id())).unwrap();
    let kib = |field: &str| -> u64 {
        let value = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
        value.trim().trim_end_matches("kB").trim().parse().unwrap()
    };
    // The pages of a debug program's own file grow with its code, and are no memory that the backlog takes.
    let peak_kib = kib("VmHWM:").saturating_sub(kib("RssFile:"));
    assert!(peak_kib < 48 * 1024, "{peak_kib} KiB at the peak");
    let undecided = database.look().await.texts("SELECT CAST(COUNT(*) AS CHAR(20)) FROM deal WHERE status = 0").await;
    assert_eq!(undecided[0].as_deref(), Some("100000"), "none was paid, and none was given up");
}

on_both_engines! {
    async fn what_a_pass_reads_costs_an_index_range(engine) {
        let database = Database::fresh(engine).await;
        wechat_pay::store::Store::migrate(&database.url.parse().unwrap(), "2026-04-01T04:00:00Z".parse().unwrap()).await.unwrap();
        fill(&database, false).await;
        let look = database.look().await;
        let (is_full, followed_accounts) = match engine {
            Engine::Sqlite => (
                "INSTR(',' || '64656661756C74,73686F7032' || ',', ',' || HEX(COALESCE(account, 'default')) || ',') = 0",
                "SELECT account, COUNT(*) FROM deal WHERE due_at > '1970-01-01 00:00:00' AND COALESCE(status, 0) = 0 \
                 AND COALESCE(account, 'default') <> 'default' GROUP BY account",
            ),
            Engine::MySql => (
                "FIND_IN_SET(HEX(COALESCE(account, 'default')), '64656661756C74,73686F7032') = 0",
                "SELECT account, COUNT(*) FROM deal FORCE INDEX (deal_due_at) WHERE due_at > '1970-01-01 00:00:00' AND COALESCE(status, 0) = 0 \
                 AND COALESCE(account, 'default') <> 'default' GROUP BY account",
            ),
        };
        let of_sellers = match engine {
            Engine::Sqlite => {
                "SELECT * FROM deal INDEXED BY deal_reference_of_seller WHERE reference = 'A-7' AND merchant_id BETWEEN 10 AND 12 \
                 ORDER BY id DESC LIMIT 1"
            }
            Engine::MySql => {
                "SELECT * FROM deal FORCE INDEX (deal_reference_of_seller) WHERE reference = 'A-7' AND merchant_id BETWEEN 10 AND 12 \
                 ORDER BY id DESC LIMIT 1"
            }
        };
        let but_of =
            format!("SELECT * FROM deal WHERE due_at <= '2026-04-01 12:00:00' AND COALESCE(status, 0) = 0 AND {is_full} ORDER BY due_at LIMIT 100");
        for (question, index) in [
            ("SELECT * FROM deal WHERE due_at <= '2026-04-01 12:00:00' AND COALESCE(status, 0) = 0 ORDER BY due_at DESC LIMIT 100", "deal_due_at"),
            ("SELECT * FROM deal WHERE due_at <= '2026-04-01 12:00:00' AND COALESCE(status, 0) = 0 ORDER BY due_at LIMIT 100", "deal_due_at"),
            ("SELECT * FROM deal WHERE order_key IS NULL AND id > 0 ORDER BY id LIMIT 200", "deal_order_key"),
            (but_of.as_str(), "deal_due_at"),
            (followed_accounts, "deal_due_at"),
            ("SELECT * FROM deal WHERE reference = 'A-7' ORDER BY id DESC LIMIT 1", "deal_reference"),
            (of_sellers, "deal_reference_of_seller"),
        ] {
            match engine {
                Engine::Sqlite => {
                    let plan = look.column(&format!("EXPLAIN QUERY PLAN {question}"), "detail").await;
                    let is_used = |step: &String| step.contains(&format!("{index} (")) && step.contains("SEARCH");
                    assert!(plan.iter().any(is_used), "{plan:?}");
                }
                Engine::MySql => {
                    let (kind, key) = (look.column(&format!("EXPLAIN {question}"), "type").await, look.column(&format!("EXPLAIN {question}"), "key").await);
                    assert!(["range", "ref"].contains(&kind[0].as_str()) && key[0] == index, "{question}: {kind:?} {key:?}");
                }
            }
        }
    }
}
