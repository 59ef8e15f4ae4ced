//! What a database may do that is up and answers: locks held by others, deadlocks, a read-only fail-over, a full disk,
//! connections that it closes or does not give.

use std::time::Duration;

use serde_json::json;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{ConnectOptions, MySqlConnection};
use tokio::time::{Instant, sleep};

use crate::support::database::{Database, Engine};
use crate::support::http::{Answer, Caller};
use crate::support::mariadb::MariaDb;
use crate::support::program::{Program, environment};
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

/// WeChat's patience, its network's time taken off.
const NOTIFY: Duration = Duration::from_millis(4500);

fn message(order: &Order) -> String {
    WeChatMessage::notification(&order.id, 1990).signed()
}

/// FAIL, so that WeChat comes again.
#[track_caller]
fn not_now(answer: &Answer) {
    answer.not_believed(503, "while it cannot be stored");
}

#[track_caller]
fn is_unavailable(answer: &Answer) {
    assert_eq!((answer.status, answer.reason().as_str()), (503, "UNAVAILABLE"), "{}", answer.body);
}

/// Another program on the same tables.
async fn stranger(app: &TestApp) -> MySqlConnection {
    app.database.url.parse::<MySqlConnectOptions>().unwrap().connect().await.unwrap()
}

async fn run(conn: &mut MySqlConnection, sql: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(conn).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_somebody_else_has_locked_is_waited_for_and_never_too_long() {
    let app = TestApp::open(Engine::MySql).await;
    let order = app.to_pay("19.90").await;
    let mut stranger = stranger(&app).await;
    let lock = format!("BEGIN; SELECT id FROM deal WHERE order_key = '{}' FOR UPDATE", order.id);

    run(&mut stranger, &lock).await;
    let asked = Instant::now();
    not_now(&app.notify(message(&order)).await);
    assert!(asked.elapsed() < NOTIFY, "{:?}", asked.elapsed());
    assert_eq!(app.look().await.status(&order.id).await, 0);

    run(&mut stranger, "COMMIT").await;
    run(&mut stranger, &lock).await;
    let (answer, ()) = tokio::join!(app.notify(message(&order)), async {
        sleep(Duration::from_millis(500)).await;
        run(&mut stranger, "COMMIT").await;
    });
    answer.acknowledged("the lock was gone in time");
    assert_eq!(app.look().await.status(&order.id).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_victim_of_a_deadlock_is_carried_out_after_all() {
    let app = TestApp::open(Engine::MySql).await;
    let order = app.to_pay("19.90").await;
    let mut stranger = stranger(&app).await;
    // Of two in a deadlock the database gives up the one that has changed fewer rows, and that is not the stranger.
    let event =
        "INSERT INTO deal_event (order_id, kind, source, instance, at) SELECT 'x', 'looked', 'sweeper', 'x', NOW() FROM seq_1_to_100";
    run(&mut stranger, &format!("BEGIN; {event}; SELECT COUNT(*) FROM deal_event FOR UPDATE")).await;
    let (answer, ()) = tokio::join!(app.notify(message(&order)), async {
        // The service has the deal and waits for the journal; now the stranger waits for the deal.
        sleep(Duration::from_millis(300)).await;
        run(&mut stranger, &format!("UPDATE deal SET merchant_id = merchant_id WHERE order_key = '{}'", order.id)).await;
        run(&mut stranger, "ROLLBACK").await;
    });
    answer.acknowledged("the statement was repeated");
    let look = app.look().await;
    assert_eq!(look.status(&order.id).await, 1);
    let settled = format!("SELECT kind FROM deal_event WHERE order_id = '{}' AND kind = 'settled'", order.id);
    assert_eq!(look.column(&settled, "kind").await.len(), 1, "once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_has_become_a_read_only_copy_is_not_ready_until_it_is_none() {
    let server = MariaDb::start(&[]).await;
    let database = Database::on_server(&server.url()).await;
    let admin = database.look().await;
    // An administrator of the server may write all the same; a service may not.
    admin.run("CREATE USER till@'127.0.0.1' IDENTIFIED BY 'till'; GRANT ALL ON *.* TO till@'127.0.0.1'; REVOKE READ ONLY ADMIN ON *.* FROM till@'127.0.0.1'").await;
    let url = database.url.replace("root@", "till:till@");
    let app = TestAppBuilder::on(database).set("DATABASE__URL", url).open().await;
    let order = app.to_pay("19.90").await;
    assert_eq!(app.till.get("/readyz").await.status, 200);

    admin.run("SET GLOBAL read_only = 1").await;
    not_now(&app.notify(message(&order)).await);
    is_unavailable(&app.try_to_pay("19.90").await);
    let unready = app.till.get("/readyz").await;
    is_unavailable(&unready);
    assert!(unready.json()["detail"].as_str().unwrap().contains("could not write"), "{}", unready.body);
    assert_eq!(admin.status(&order.id).await, 0);

    admin.run("SET GLOBAL read_only = 0").await;
    app.notify(message(&order)).await.acknowledged("it can write again");
    assert_eq!(app.till.get("/readyz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_logs_statements_and_not_rows_is_served_too() {
    let server = MariaDb::start(&["--log-bin", "--binlog-format=STATEMENT", "--server-id=1"]).await;
    let app = TestAppBuilder::on(Database::on_server(&server.url()).await).open().await;
    let order = app.to_pay("19.90").await;
    app.notify(message(&order)).await.acknowledged("it could be logged");
    assert_eq!(app.trade_state(&order.id).await, "SUCCESS");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_server_has_closed_for_their_silence_are_not_noticed() {
    let server = MariaDb::start(&["--wait-timeout=1"]).await;
    let app = TestAppBuilder::on(Database::on_server(&server.url()).await).open().await;
    for _ in 0..2 {
        let order = app.to_pay("19.90").await;
        sleep(Duration::from_millis(2500)).await;
        app.notify(message(&order)).await.acknowledged("at once");
        assert_eq!(app.query(&order.id).await.json()["trade_state"], "SUCCESS");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_cannot_be_had_are_waited_for_without_a_restart() {
    let server = MariaDb::start(&["--max-connections=16"]).await;
    let database = Database::on_server(&server.url()).await;
    let options: MySqlConnectOptions = database.url.parse().unwrap();
    let mut others = Vec::new();
    for _ in 0..12 {
        others.push(options.connect().await.unwrap());
    }
    let app = TestAppBuilder::on(database).open().await;
    let calls = (0..24).map(|_| app.try_to_pay("19.90"));
    for answer in futures_util::future::join_all(calls).await {
        match answer.status {
            200 => assert_eq!(answer.json()["code"], 0, "{}", answer.body),
            _ => is_unavailable(&answer),
        }
    }
    drop(others);
    sleep(Duration::from_millis(500)).await;
    let calls = (0..24).map(|_| app.to_pay("19.90"));
    assert_eq!(futures_util::future::join_all(calls).await.len(), 24);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_said_and_half_written_is_nothing() {
    let database = Database::fresh(Engine::Sqlite).await;
    // A write beyond the limit of a file's size is an error and no signal.
    let starter = ["sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\""];
    let program = Program::start_under(&starter, "serve", database.directory().unwrap(), &environment(&database.url, "127.0.0.1:0"));
    let till = Caller::new(program.address().await);
    let wish = json!({"merchant_id": 12, "product_id": 34, "price": "19.90"});
    let opened = till.post_json("/wxPay/toPay", &wish).await;
    let order_id = opened.json()["order_id"].as_str().unwrap().to_owned();
    assert_eq!(till.get("/readyz").await.status, 200);
    let look = database.look().await;
    let before = look.everything().await;

    program.limit("--fsize=1:unlimited");
    is_unavailable(&till.post_json("/wxPay/toPay", &wish).await);
    not_now(&till.post("/wxPay/notify", "text/xml", WeChatMessage::notification(&order_id, 1990).signed()).await);
    is_unavailable(&till.get("/readyz").await);
    assert_eq!(till.get("/healthz").await.status, 200);
    assert_eq!(look.everything().await, before);

    program.limit("--fsize=unlimited:unlimited");
    till.post("/wxPay/notify", "text/xml", WeChatMessage::notification(&order_id, 1990).signed()).await.acknowledged("there is room again");
    assert_eq!(till.post_json("/wxPay/toPay", &wish).await.status, 200);
    assert_eq!(till.get("/readyz").await.status, 200, "without a restart");
    assert_eq!(look.status(&order_id).await, 1);
}
