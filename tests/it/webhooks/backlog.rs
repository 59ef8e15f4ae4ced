//! A table of 100,000 deliveries: what is due is found by ranges of indexes, however much waits and whatever it is about.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use wechat_pay::store::{LARGEST_BATCH, Store};

use crate::database::accounts::now;
use crate::support::database::{Database, Engine, Look};
use crate::support::mariadb::MariaDb;
use crate::support::meter::Meter;

const ROOM: u32 = 8;

/// So many events for the endpoint `shop`: each about an order of its own, or all about one. A third is delivered, a third is due, and
/// a third comes due tomorrow.
async fn fill(look: &Look, engine: Engine, from: usize, to: usize, of_one_order: bool) {
    let numbered = |text: &str| match engine {
        Engine::Sqlite => format!("'{text}' || n"),
        Engine::MySql => format!("CONCAT('{text}', n)"),
    };
    let event_id = match engine {
        Engine::Sqlite => "'evt_' || printf('%026d', n)",
        Engine::MySql => "CONCAT('evt_', LPAD(n, 26, '0'))",
    };
    let order_id = if of_one_order { "'o1'".to_owned() } else { numbered("o") };
    if engine == Engine::MySql {
        look.run("SET SESSION max_recursive_iterations = 1000000").await;
    }
    let numbers = format!("WITH RECURSIVE numbers (n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM numbers WHERE n < {to})");
    look.run(&format!(
        "INSERT INTO outbox (position, event_id, type, order_id, data, at) {numbers} \
         SELECT n, {event_id}, 'deal.paid', {order_id}, '{{}}', '2026-04-01 11:00:00' FROM numbers"
    ))
    .await;
    look.run(&format!(
        "INSERT INTO webhook_delivery (endpoint, position, order_id, tries, due_at, created_at) {numbers} \
         SELECT 'shop', n, {order_id}, CASE WHEN n % 3 = 0 THEN 1 ELSE 0 END, \
         CASE n % 3 WHEN 1 THEN '2026-04-01 11:00:00' WHEN 2 THEN '2026-04-02 11:00:00' END, '2026-04-01 11:00:00' FROM numbers"
    ))
    .await;
}

async fn opened(database: &Database) -> Store {
    Store::open(&database.url.parse().unwrap(), "i1", LARGEST_BATCH, now()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_100_000_due_deliveries_a_window_is_read() {
    for of_one_order in [false, true] {
        let server = MariaDb::start(&["--event-scheduler=OFF", "--innodb-stats-auto-recalc=OFF"]).await;
        let database = Database::on_server(&server.url()).await;
        let store = opened(&database).await;
        fill(&database.look().await, Engine::MySql, 1, 100_000, of_one_order).await;
        let endpoint = "shop".parse().unwrap();
        store.due_deliveries(&endpoint, now(), ROOM).await.unwrap();
        let meter = Meter::start(&server.url()).await;
        let due = store.due_deliveries(&endpoint, now(), ROOM).await.unwrap();
        let spent = meter.stop().await;
        assert_eq!(due.len(), if of_one_order { 1 } else { 16 });
        let read = ["Handler_read_key", "Handler_read_next", "Handler_read_prev", "Handler_read_first", "Handler_read_rnd_next"];
        let read: u64 = read.iter().map(|name| spent.of(name)).sum();
        assert!(read < 2000, "{read} rows read, of one order: {of_one_order}");
        let backlog = store.backlog(&endpoint, now()).await.unwrap();
        assert_eq!((backlog.waiting, backlog.due_since), (66_667, Some(now() - TimeDelta::hours(1))));
    }
}

/// The quickest of some questions.
async fn quickest(store: &Store) -> Duration {
    let mut quickest = Duration::MAX;
    for _ in 0..10 {
        let begun = Instant::now();
        store.due_deliveries(&"shop".parse().unwrap(), now(), ROOM).await.unwrap();
        quickest = quickest.min(begun.elapsed());
    }
    quickest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_times_the_backlog_costs_no_more_on_sqlite() {
    for of_one_order in [false, true] {
        let database = Database::fresh(Engine::Sqlite).await;
        let (store, look) = (opened(&database).await, database.look().await);
        fill(&look, Engine::Sqlite, 1, 1000, of_one_order).await;
        let small = quickest(&store).await;
        fill(&look, Engine::Sqlite, 1001, 100_000, of_one_order).await;
        let large = quickest(&store).await;
        assert!(large < small * 10, "{small:?} with 1,000, {large:?} with 100,000, of one order: {of_one_order}");
    }
}
