//! What it costs a call that there is somebody to tell: no statement, by the server's own log. (What the publisher asks and writes it
//! does afterwards, and no caller waits for it.)

use std::collections::{BTreeMap, HashSet};

use serde_json::json;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{ConnectOptions, MySqlConnection, Row};
use wechat_pay::auth::Key;
use wechat_pay::chance::Chance;

use super::told::outbox;
use crate::support::database::{Database, Engine};
use crate::support::mariadb::MariaDb;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

/// Calls of each kind.
const CALLS: usize = 8;
/// What is in every statement of the publisher's, and in no other.
const PUBLISHERS: [&str; 4] = ["untold = 1", "outbox", "webhook_", "order_key IN ("];

/// Statements by their first words, and how many there were.
type Statements = BTreeMap<String, usize>;

/// The log of a server on which nothing else is at work.
struct StatementLog(MySqlConnection);

impl StatementLog {
    async fn start(url: &str) -> Self {
        let mut connection = url.parse::<MySqlConnectOptions>().unwrap().connect().await.unwrap();
        for sql in ["SET GLOBAL log_output = 'TABLE'", "TRUNCATE TABLE mysql.general_log", "SET GLOBAL general_log = 1"] {
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        }
        Self(connection)
    }

    /// Those that were not the publisher's.
    async fn stop(mut self) -> Statements {
        sqlx::raw_sql("SET GLOBAL general_log = 0").execute(&mut self.0).await.unwrap();
        let sql = "SELECT CAST(thread_id AS CHAR(20)) AS thread, CAST(argument AS CHAR(65535)) AS argument FROM mysql.general_log \
                   WHERE command_type IN ('Query', 'Execute') AND thread_id <> CONNECTION_ID()";
        let rows = sqlx::raw_sql(sql).fetch_all(&mut self.0).await.unwrap();
        let (mut statements, mut publishing) = (Statements::new(), HashSet::new());
        for row in rows {
            let (thread, statement): (String, String) = (row.get("thread"), row.get("argument"));
            let is_end = statement == "COMMIT" || statement == "ROLLBACK";
            if PUBLISHERS.iter().any(|words| statement.contains(words)) {
                publishing.insert(thread);
            } else if !(is_end && publishing.contains(&thread)) {
                publishing.remove(&thread);
                *statements.entry(statement.split_whitespace().take(3).collect::<Vec<_>>().join(" ")).or_default() += 1;
            } else {
                publishing.remove(&thread);
            }
        }
        statements
    }
}

async fn refund(app: &TestApp, key: &str, order: &Order) {
    let request = app.till.request("POST", "/wxPay/refund").header("content-type", "application/json").header("idempotency-key", "once");
    let request = request.header("authorization", format!("Bearer {key}")).body(json!({"order_id": order.id, "refund": "5"}).to_string());
    assert_eq!(app.till.send(request).await.json()["code"], 0);
}

/// What each call of a deal's life costs, for a holder of a key with these scopes.
async fn spent(scopes: &str) -> Vec<Statements> {
    let server = MariaDb::start(&["--event-scheduler=OFF"]).await;
    let wechat = TestApp::open(Engine::Sqlite).await;
    let (key, hash) = Key::draw(&Chance::System);
    let builder = TestAppBuilder::on(Database::on_server(&server.url()).await).on_wechat_of(&wechat);
    let app = builder.set("AUTH__KEYS__BOOKS__HASH", hash).set("AUTH__KEYS__BOOKS__SCOPES", scopes).open().await;
    // Every worker has met every statement.
    for order in app.to_pay_at_once(16).await {
        app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("warm");
    }
    let (mut spent, mut orders) = (Vec::new(), Vec::new());
    let log = StatementLog::start(&server.url()).await;
    for _ in 0..CALLS {
        orders.push(app.to_pay("19.90").await);
    }
    spent.push(log.stop().await);
    for order in &orders {
        wechat.payer_pays_silently(order);
    }
    let message = |order: &Order| {
        let transaction_id = wechat.wechat().order(&order.id).unwrap().transaction_id.clone().unwrap();
        WeChatMessage::notification(&order.id, 1990).with("transaction_id", &transaction_id).signed()
    };
    let told = if scopes.contains("read") { CALLS + 16 } else { 0 };
    for call in ["notification", "repeat"] {
        // What the first told of is published behind the answers, and must not end in the second's log.
        while call == "repeat" && outbox(app.gateway()).await.len() < told {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let log = StatementLog::start(&server.url()).await;
        for order in &orders {
            app.notify(message(order)).await.acknowledged("paid");
        }
        spent.push(log.stop().await);
    }
    let log = StatementLog::start(&server.url()).await;
    for order in &orders {
        assert_eq!(app.trade_state(&order.id).await, "SUCCESS");
    }
    spent.push(log.stop().await);
    let log = StatementLog::start(&server.url()).await;
    for order in &orders {
        refund(&app, &key, order).await;
    }
    spent.push(log.stop().await);
    assert_eq!(outbox(app.gateway()).await.len(), told);
    spent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_there_is_somebody_to_tell_costs_no_call_a_statement() {
    // What is done once in a while may fall into one of two runs.
    let mut differing = Vec::new();
    for _ in 0..3 {
        let (silent, telling) = (spent("refund").await, spent("refund,read").await);
        for (call, spent) in ["toPay", "notification", "repeat", "queryOrder", "refund"].iter().zip(&silent) {
            assert!(*call == "queryOrder" || !spent.is_empty(), "{call} is in the log");
        }
        if telling == silent {
            return;
        }
        differing.push((silent, telling));
    }
    panic!("{differing:#?}");
}
