//! The schema and the server under it: made by the instance that comes first, completed after a crash, refused when it is wrong.

use std::time::Duration;

use futures_util::future::join_all;
use wechat_pay::app::Service;
use wechat_pay::chance::Chance;
use wechat_pay::clock::Clock;
use wechat_pay::store::Store;

use crate::support::database::{Database, Engine, Look};
use crate::support::http::Caller;
use crate::support::mariadb::MariaDb;
use crate::support::on_both_engines;
use crate::support::test_app::{OPENING_TIME, TestAppBuilder};
use crate::support::wechat_message::{ACKNOWLEDGED, WeChatMessage};

const ORIGINAL: &str = include_str!("../../support/original.sql");

macro_rules! steps {
    ($engine:literal: $($name:literal)*) => {
        [$(include_str!(concat!("../../../migrations/", $engine, "/", $name, ".sql")),)*]
    };
}

/// What a migration that is stopped leaves behind: the first so many of these.
fn statements(engine: Engine) -> Vec<String> {
    let files = match engine {
        Engine::MySql => {
            steps!("mysql": "0001_deal" "0002_gateway_columns" "0004_transaction_key" "0005_signed_nonce" "0006_refunded_at" "0007_account_and_details" "0008_refund" "0012_checkout" "0013_bill" "0014_console" "0015_one_column_keys")
        }
        Engine::Sqlite => {
            steps!("sqlite": "0001_deal" "0002_gateway_columns" "0004_transaction_key" "0005_signed_nonce" "0006_refunded_at" "0007_account_and_details" "0008_refund" "0012_checkout" "0013_bill" "0014_console" "0015_one_column_keys")
        }
    };
    files.concat().split_inclusive(";\n").map(str::to_owned).filter(|statement| !statement.trim().is_empty()).collect()
}

/// Every column and index, as text.
async fn shape(look: &Look) -> Vec<Option<String>> {
    match look {
        Look::Sqlite(_) => look.texts("SELECT sql FROM sqlite_master ORDER BY name").await,
        Look::MySql(_) => {
            look.texts(
                "SELECT CONCAT_WS(' ', table_name, column_name, column_type, is_nullable, collation_name, column_default) \
                 FROM information_schema.columns WHERE table_schema = DATABASE() UNION ALL \
                 SELECT CONCAT_WS(' ', table_name, index_name, non_unique, seq_in_index, column_name) \
                 FROM information_schema.statistics WHERE table_schema = DATABASE() ORDER BY 1",
            )
            .await
        }
    }
}

async fn migrate(database: &Database) -> Vec<&'static str> {
    Store::migrate(&database.url.parse().unwrap(), OPENING_TIME.parse().unwrap()).await.unwrap()
}

/// An SQLite file must be there before a test can look into it.
fn touch(database: &Database) {
    if let Some(directory) = database.directory() {
        std::fs::write(directory.join("deal.db"), b"").unwrap();
    }
}

/// Starts services at once, has each open a deal, and stops them.
async fn start_at_once(builder: &TestAppBuilder, services: usize) {
    let clock = Clock::manual(OPENING_TIME.parse().unwrap());
    let starts = join_all((0..services).map(|_| Service::start(builder.settings(), clock.clone(), Chance::System)));
    let services = tokio::time::timeout(Duration::from_secs(20), starts).await.unwrap();
    for service in services {
        let service = service.unwrap();
        let till = Caller::new(service.address);
        let answer = till.post("/wxPay/toPay", "application/json", r#"{"merchant_id":1,"product_id":1,"price":"1"}"#).await;
        assert_eq!(answer.json()["code"], 0, "{}", answer.body);
        service.stop().await;
    }
}

on_both_engines! {
    async fn services_that_start_at_once_on_an_empty_database_all_serve(engine) {
        for _ in 0..3 {
            let builder = TestAppBuilder::new(engine).await;
            start_at_once(&builder, 3).await;
        }
    }

    async fn a_migration_that_stopped_anywhere_is_completed(engine) {
        let whole = Database::fresh(engine).await;
        assert_eq!(migrate(&whole).await, ["0001_deal", "0002_gateway_columns", "0004_transaction_key", "0005_signed_nonce", "0006_refunded_at", "0007_account_and_details", "0008_refund",
            "0009_untold",
            "0010_outbox", "0011_books", "0012_checkout", "0013_bill", "0014_console", "0015_one_column_keys", "0003_adoption"]);
        let whole = shape(&whole.look().await).await;
        let statements = statements(engine);
        assert!(statements.len() >= 25);
        for done in 1..=statements.len() {
            let database = Database::fresh(engine).await;
            touch(&database);
            let look = database.look().await;
            look.run(&statements[..done].concat()).await;
            migrate(&database).await;
            assert_eq!(shape(&look).await, whole, "stopped after {done}");
        }
    }

    async fn a_lost_journal_comes_back_as_its_refusal_says(engine) {
        let database = Database::fresh(engine).await;
        migrate(&database).await;
        database.look().await.run("DROP TABLE deal_event; DELETE FROM deal_migration WHERE version IN (2, 9)").await;
        assert_eq!(TestAppBuilder::on(database).open().await.to_pay("1").await.id.len(), 32);
    }

    async fn a_second_migration_takes_no_steps(engine) {
        let database = Database::fresh(engine).await;
        migrate(&database).await;
        let look = database.look().await;
        let (before, noted) = (shape(&look).await, look.texts("SELECT applied_at FROM deal_migration").await);
        assert_eq!(migrate(&database).await, [""; 0]);
        assert_eq!((shape(&look).await, look.texts("SELECT applied_at FROM deal_migration").await), (before, noted));
    }

    async fn a_schema_that_lacks_something_refuses_to_start_and_names_it(engine) {
        let cases: &[(&str, &[&str])] = match engine {
            Engine::Sqlite => &[
                ("ALTER TABLE deal DROP COLUMN code_url", &["deal.code_url"]),
                ("ALTER TABLE deal DROP COLUMN payBack", &["deal.payBack"]),
                ("DROP TABLE deal_event", &["deal_event"]),
                ("DROP INDEX deal_order_key", &["deal_order_key", "(order_key)"]),
                ("DROP INDEX deal_order_key; CREATE UNIQUE INDEX deal_order_key ON deal (id, order_key)", &["deal_order_key"]),
                ("DROP INDEX deal_transaction_key", &["deal_transaction_key", "(transaction_key)"]),
                ("DROP INDEX deal_signed_nonce", &["deal_signed_nonce", "(merchant_id, signed_nonce)"]),
                ("ALTER TABLE deal DROP COLUMN refunded_fee", &["deal.refunded_fee"]),
                ("DROP TABLE refund", &["refund is missing", "backup"]),
                ("ALTER TABLE refund DROP COLUMN request", &["refund.request"]),
                ("DROP INDEX refund_refund_id", &["refund_refund_id ON refund", "(refund_id)"]),
                ("DROP TABLE bill_part", &["bill_part is missing", "backup"]),
                ("DROP INDEX bill_day", &["bill_day ON bill", "(account, day)"]),
                ("DROP TABLE audit", &["audit is missing", "backup"]),
                ("DROP TABLE console_session", &["console_session is missing", "version = 14"]),
                ("DROP INDEX alarm_entry", &["alarm_entry ON alarm", "(entry, kind)"]),
                ("DROP INDEX bill_difference_subject", &["bill_difference_subject ON bill_difference", "(bill_id, kind, subject)"]),
                ("DROP INDEX refund_idempotency_key", &["refund_idempotency_key ON refund", "(order_id, idempotency_key)"]),
                ("DROP INDEX deal_idempotency_key; CREATE INDEX deal_idempotency_key ON deal (merchant_id, idempotency_key)", &["deal_idempotency_key"]),
            ],
            Engine::MySql => &[
                ("ALTER TABLE deal DROP COLUMN code_url", &["deal.code_url", "varchar(256)"]),
                ("ALTER TABLE deal DROP COLUMN payBack", &["deal.payBack", "text"]),
                ("ALTER TABLE deal MODIFY transaction_id varchar(27) NULL", &["deal.transaction_id", "varchar(45)"]),
                ("ALTER TABLE deal MODIFY price float NOT NULL", &["deal.price ", "double"]),
                ("ALTER TABLE deal MODIFY update_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP", &["deal.update_at", "datetime"]),
                ("ALTER TABLE deal ENGINE=MyISAM", &["deal ", "InnoDB"]),
                ("ALTER TABLE deal_event ENGINE=MyISAM", &["deal_event ", "InnoDB"]),
                ("DROP TABLE deal_event", &["deal_event"]),
                ("DROP INDEX deal_order_key ON deal", &["deal_order_key", "(order_key)"]),
                ("DROP INDEX deal_order_key ON deal; CREATE UNIQUE INDEX deal_order_key ON deal (id, order_key)", &["deal_order_key"]),
                ("DROP INDEX deal_transaction_key ON deal", &["deal_transaction_key", "(transaction_key)"]),
                ("DROP INDEX deal_seller_nonce ON deal", &["deal_seller_nonce", "(seller_nonce)"]),
                ("DROP INDEX checkout_seller_key ON checkout", &["checkout_seller_key ON checkout", "(seller_key)"]),
                ("DROP INDEX deal_seller_key ON deal; ALTER TABLE deal DROP COLUMN seller_key", &["deal.seller_key", "GENERATED ALWAYS AS (CONCAT(merchant_id, "]),
                ("ALTER TABLE deal MODIFY signed_nonce varchar(45) CHARACTER SET ascii COLLATE ascii_bin NULL", &["deal.signed_nonce", "varchar(64)"]),
                ("ALTER TABLE deal MODIFY refunded_fee int NULL", &["deal.refunded_fee", "bigint"]),
                ("DROP TABLE refund", &["refund is missing", "backup"]),
                ("ALTER TABLE refund ENGINE=MyISAM", &["refund ", "InnoDB"]),
                ("ALTER TABLE refund DROP COLUMN request", &["refund.request", "text"]),
                ("ALTER TABLE refund MODIFY refund_id varchar(32) NOT NULL", &["refund.refund_id", "varchar(64)"]),
                ("DROP TABLE bill_part", &["bill_part is missing", "backup"]),
                ("ALTER TABLE audit MODIFY detail varchar(100) NULL", &["audit.detail", "varchar(500)"]),
                ("DROP TABLE console_totp", &["console_totp is missing", "version = 14"]),
                ("DROP INDEX alarm_entry ON alarm", &["alarm_entry ON alarm", "(entry, kind)"]),
                ("ALTER TABLE bill_part MODIFY data blob NOT NULL", &["bill_part.data", "mediumblob"]),
                ("DROP INDEX bill_day ON bill", &["bill_day ON bill", "(account, day)"]),
                ("DROP INDEX refund_refund_id ON refund", &["refund_refund_id ON refund", "(refund_id)"]),
                ("DROP INDEX deal_idempotency_key ON deal", &["CREATE INDEX deal_idempotency_key ON deal (merchant_id, idempotency_key)"]),
                ("DROP INDEX refund_deal_key ON refund", &["refund_deal_key ON refund", "(deal_key)"]),
                ("DROP INDEX deal_seller_key ON deal; CREATE INDEX deal_seller_key ON deal (seller_key)", &["deal_seller_key", "(seller_key)"]),
            ],
        };
        for (tampering, named) in cases {
            let database = Database::fresh(engine).await;
            migrate(&database).await;
            let look = database.look().await;
            look.run(tampering).await;
            drop(look);
            let refused = tokio::time::timeout(Duration::from_secs(10), TestAppBuilder::on(database).try_open()).await.expect("no waiting for what will not come");
            let Err((error, _database)) = refused else { panic!("{tampering}: started") };
            let said = error.to_string();
            assert!(named.iter().all(|name| said.contains(name)), "{tampering}: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_that_start_at_once_adopt_the_original_s_table_together() {
    for _ in 0..3 {
        let database = Database::fresh(Engine::MySql).await;
        let look = database.look().await;
        look.run(ORIGINAL).await;
        // Enough rows for the services to meet.
        look.run(
            "INSERT INTO deal (order_id, product_id, merchant_id, price) \
             SELECT CONCAT('more', a.id, '-', b.id), 1, 1, 5 FROM deal a, deal b WHERE a.id < 60 AND b.id < 60",
        )
        .await;
        let claimable = "SELECT CAST(COUNT(DISTINCT order_id) AS CHAR) FROM deal WHERE order_id LIKE 'more%'";
        let claimed = "SELECT CAST(COUNT(DISTINCT order_key) AS CHAR) FROM deal WHERE order_id LIKE 'more%'";
        let claimable = look.texts(claimable).await;
        let builder = TestAppBuilder::on(database);
        start_at_once(&builder, 3).await;
        assert_eq!(look.texts(claimed).await, claimable);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adoption_that_stopped_in_the_middle_is_completed() {
    let whole = Database::fresh(Engine::MySql).await;
    whole.look().await.run(ORIGINAL).await;
    migrate(&whole).await;
    let half = Database::fresh(Engine::MySql).await;
    let look = half.look().await;
    look.run(ORIGINAL).await;
    look.run(&statements(Engine::MySql)[1..].concat()).await;
    let half_done = "UPDATE deal SET order_key = order_id, due_at = CASE WHEN COALESCE(status, 0) = 0 THEN '2026-04-01 12:00:00' END";
    look.run(&format!("SET SESSION sql_mode = ''; {half_done} WHERE id IN (1, 14, 19, 31)")).await;
    migrate(&half).await;
    assert_eq!(look.everything().await, whole.look().await.everything().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_could_forget_payments_is_not_ready_unless_that_is_accepted() {
    let server = MariaDb::start(&["--innodb-flush-log-at-trx-commit=2"]).await;
    let app = TestAppBuilder::on(Database::on_server(&server.url()).await).open().await;
    let unready = app.till.get("/readyz").await;
    assert_eq!((unready.status, unready.reason().as_str()), (503, "UNAVAILABLE"));
    assert!(unready.body.contains("innodb_flush_log_at_trx_commit is 2"), "{}", unready.body);
    let order = app.to_pay("19.90").await;
    app.payer_pays(&order).await;
    assert_eq!(app.trade_state(&order.id).await, "SUCCESS", "it serves all the same");

    let look = app.look().await;
    look.run("SET GLOBAL innodb_flush_log_at_trx_commit = 1").await;
    assert_eq!(app.till.get("/readyz").await.status, 200, "without a restart");
    look.run("SET GLOBAL innodb_flush_log_at_trx_commit = 0").await;
    assert_eq!(app.till.get("/readyz").await.status, 503);
    let app = TestAppBuilder::on(app.stop().await).set("DATABASE__ACCEPT_WEAK_DURABILITY", true).open().await;
    assert_eq!(app.till.get("/readyz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_binary_log_that_a_crash_could_shorten_is_not_ready() {
    let server = MariaDb::start(&["--log-bin", "--sync-binlog=0"]).await;
    let app = TestAppBuilder::on(Database::on_server(&server.url()).await).open().await;
    let unready = app.till.get("/readyz").await;
    assert!(unready.status == 503 && unready.body.contains("sync_binlog is 0"), "{}", unready.body);
    app.look().await.run("SET GLOBAL sync_binlog = 1").await;
    assert_eq!(app.till.get("/readyz").await.status, 200, "without a restart");
    app.look().await.run("SET GLOBAL sync_binlog = 100").await;
    assert_eq!(app.till.get("/readyz").await.status, 503);
    let app = TestAppBuilder::on(app.stop().await).set("DATABASE__ACCEPT_WEAK_DURABILITY", true).open().await;
    assert_eq!(app.till.get("/readyz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_habits_of_a_server_do_not_reach_our_sessions() {
    let habits =
        ["--autocommit=0", "--sql-mode=", "--default-time-zone=+00:00", "--character-set-server=latin1", "--completion-type=CHAIN"];
    let server = MariaDb::start(&habits).await;
    let app = TestAppBuilder::on(Database::on_server(&server.url()).await).open().await;
    let order = app.to_pay("19.90").await;
    assert_eq!(app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.body, ACKNOWLEDGED);
    // A fresh session each time: an old one would see its old snapshot.
    assert_eq!(app.look().await.status(&order.id).await, 1, "what was acknowledged is committed");
    assert_eq!(app.look().await.value(&order.id, "create_at").await.unwrap(), "2026-04-01 12:00:00", "Beijing time");
    assert_eq!(app.look().await.value(&order.id, "update_at").await.unwrap(), "2026-04-01 12:05:00");

    // A change of one statement, on connections that have committed transactions before.
    for n in 0..10 {
        let insert = format!("INSERT INTO deal (order_id, product_id, merchant_id, price) VALUES ('stray-{n}', 1, 1, 5); COMMIT");
        app.look().await.run(&insert).await;
        assert_eq!(app.trade_state(&format!("stray-{n}")).await, "NOTPAY");
        let claimed = app.look().await.value(&format!("stray-{n}"), "order_key").await;
        assert_eq!(claimed, Some(format!("stray-{n}")), "what was acknowledged is committed, transactions or not");
    }

    app.look().await.run("ALTER TABLE deal MODIFY transaction_id varchar(10) NULL").await;
    let other = app.try_to_pay("19.90").await.json()["order_id"].as_str().unwrap().to_owned();
    let answer = app.notify(WeChatMessage::notification(&other, 1990).signed()).await;
    assert_eq!(answer.status, 503, "a value that does not fit is an error, never cut off: {}", answer.body);
    assert_eq!(app.look().await.status(&other).await, 0);

    // Questions see what others have committed since the last one, whichever connection they take.
    let ask = || join_all((0..16).map(|_| app.trade_state(&other)));
    assert!(ask().await.iter().all(|state| state == "NOTPAY"));
    app.look().await.run(&format!("UPDATE deal SET status = 2 WHERE order_id = '{other}'; COMMIT")).await;
    assert!(ask().await.iter().all(|state| state == "CLOSED"));

    // What a session is like is written down by the server itself.
    let trigger = "CREATE TRIGGER habits BEFORE INSERT ON deal FOR EACH ROW SET NEW.prepayBack = @@session.time_zone";
    app.look().await.run(trigger).await;
    app.wechat().faults.drop_reply = 1.0;
    let order_id = app.try_to_pay("1").await.json()["order_id"].as_str().unwrap().to_owned();
    assert_eq!(app.look().await.value(&order_id, "prepayBack").await.unwrap(), "+08:00");
}
