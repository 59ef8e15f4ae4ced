//! Rows and tables that other programs have locked: only what needs them waits.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, MySqlConnection, SqliteConnection};
use tokio::time::{Instant, sleep};

use crate::support::database::Engine;
use crate::support::http::Answer;
use crate::support::on_both_engines;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

/// Another program's connection.
enum Stranger {
    MySql(MySqlConnection),
    Sqlite(SqliteConnection),
}

impl Stranger {
    async fn comes(app: &TestApp) -> Self {
        let url = &app.database.url;
        match app.database.engine {
            Engine::MySql => Self::MySql(url.parse::<MySqlConnectOptions>().unwrap().connect().await.unwrap()),
            Engine::Sqlite => Self::Sqlite(url.parse::<SqliteConnectOptions>().unwrap().connect().await.unwrap()),
        }
    }

    async fn run(&mut self, sql: &str) {
        let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()));
        match self {
            Self::MySql(c) => drop(sql.execute(c).await.unwrap()),
            Self::Sqlite(c) => drop(sql.execute(c).await.unwrap()),
        }
    }

    /// Keeps all others from writing.
    async fn locks_the_table(&mut self) {
        self.run(if matches!(self, Self::MySql(_)) { "LOCK TABLES deal READ" } else { "BEGIN IMMEDIATE" }).await;
    }

    async fn lets_go(&mut self) {
        self.run(if matches!(self, Self::MySql(_)) { "UNLOCK TABLES" } else { "ROLLBACK" }).await;
    }
}

fn message(order: &Order) -> String {
    WeChatMessage::notification(&order.id, 1990).signed()
}

async fn timed(answer: impl Future<Output = Answer>) -> (Duration, Answer) {
    let asked = Instant::now();
    let answer = answer.await;
    (asked.elapsed(), answer)
}

/// Callers at once, and the payments of each, one after the other.
const CALLERS: usize = 10;
const PAYMENTS: usize = 40;
/// A statement behind a locked row waits for two seconds: so long it may take.
const BEARABLE: Duration = Duration::from_millis(1900);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locked_rows_hold_up_no_payment_of_another_order() {
    let app = TestApp::open(Engine::MySql).await;
    let mut locked = app.to_pay_at_once(6 + CALLERS * PAYMENTS).await;
    let others = locked.split_off(6);
    let numbers: Vec<_> = locked.iter().map(|order| format!("'{}'", order.id)).collect();
    let numbers = numbers.join(", ");
    // Only these come due, so that the sweeper is at the locked rows all the time.
    let look = app.look().await;
    look.run(&format!("UPDATE deal SET due_at = IF(order_key IN ({numbers}), '2026-01-01', '2027-01-01')")).await;
    let mut stranger = Stranger::comes(&app).await;
    stranger.run(&format!("BEGIN; SELECT id FROM deal WHERE order_key IN ({numbers}) FOR UPDATE")).await;

    let over = AtomicBool::new(false);
    let sweeping = async {
        while !over.load(Ordering::Relaxed) {
            app.sweep().await;
            sleep(Duration::from_millis(10)).await;
        }
    };
    // WeChat tells of the locked ones too, and hears that it is to come again.
    let repeating = join_all(locked.iter().map(|order| {
        let (app, over) = (&app, &over);
        async move {
            while !over.load(Ordering::Relaxed) {
                app.notify(message(order)).await.not_believed(503, "its row is locked");
            }
        }
    }));
    let paying = async {
        sleep(Duration::from_millis(200)).await;
        let slowest = join_all(others.chunks(PAYMENTS).map(|orders| {
            let app = &app;
            async move {
                let mut slowest = Duration::ZERO;
                for order in orders {
                    let (took, answer) = timed(app.notify(message(order))).await;
                    answer.acknowledged("another row is locked");
                    slowest = slowest.max(took);
                }
                slowest
            }
        }))
        .await;
        over.store(true, Ordering::Relaxed);
        slowest
    };
    let (slowest, ..) = tokio::join!(paying, repeating, sweeping);
    assert!(slowest.iter().all(|took| *took < BEARABLE), "{slowest:?}");

    for order in &locked {
        assert_eq!(look.status(&order.id).await, 0);
    }
    stranger.run("ROLLBACK").await;
    for order in &locked {
        app.notify(message(order)).await.acknowledged("it is free again");
    }
}

#[tokio::test]
async fn a_row_of_the_original_s_that_is_locked_keeps_no_lost_payment_from_being_found() {
    let app = TestAppBuilder::new(Engine::MySql).await.set("METRICS__LISTEN", "127.0.0.1:0").open().await;
    let lost = app.to_pay("19.90").await;
    app.payer_pays_silently(&lost);
    let look = app.look().await;
    look.run(
        "INSERT INTO deal (order_id, product_id, merchant_id, price, price_last, status, mode, create_at, update_at) \
         VALUES ('theirs', 34, 12, 19.9, 19.9, 0, 0, '2026-04-01 12:00:00', '2026-04-01 12:00:00')",
    )
    .await;
    let mut stranger = Stranger::comes(&app).await;
    stranger.run("BEGIN; SELECT id FROM deal WHERE order_id = 'theirs' FOR UPDATE").await;
    app.time_passes(60);

    app.sweep().await;
    assert_eq!(look.status(&lost.id).await, 1);
    assert_eq!(app.numbers().await.get("sweep_untidy_passes_total"), 1.0, "an operator hears of it");
    assert_eq!(look.value("theirs", "order_key").await, None);

    stranger.run("ROLLBACK").await;
    app.sweep().await;
    assert_eq!(look.value("theirs", "order_key").await.as_deref(), Some("theirs"));
}

on_both_engines! {
    async fn what_meets_a_locked_table_is_carried_out_when_it_is_free(engine) {
        let app = TestApp::open(engine).await;
        let orders = app.to_pay_at_once(30).await;
        let mut stranger = Stranger::comes(&app).await;
        stranger.locks_the_table().await;
        let letting_go = async {
            sleep(Duration::from_millis(1200)).await;
            stranger.lets_go().await;
        };
        let (answers, ()) = tokio::join!(join_all(orders.iter().map(|order| app.notify(message(order)))), letting_go);
        for answer in answers {
            answer.acknowledged("the table was free in time");
        }
    }

    async fn a_service_that_cannot_change_anything_is_not_ready(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        let mut stranger = Stranger::comes(&app).await;
        stranger.locks_the_table().await;
        assert_eq!(app.till.get("/readyz").await.status, 200, "nobody has tried");
        app.notify(message(&order)).await.not_believed(503, "while the table is locked");
        let unready = app.till.get("/readyz").await;
        assert_eq!(unready.status, 503, "{}", unready.body);
        assert!(unready.json()["detail"].as_str().unwrap().contains("could not write"), "{}", unready.body);
        stranger.lets_go().await;
        assert_eq!(app.till.get("/readyz").await.status, 200, "without anybody paying");
        app.notify(message(&order)).await.acknowledged("it is free again");
    }
}
