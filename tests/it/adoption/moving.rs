//! Moving over from the original on its own table: a dry run first, both side by side, and back; and backups.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::json;
use wechat_pay::dry_run;
use wechat_pay::language::Language::English;
use wechat_pay::store::{DryRun, Store};

use crate::support::database::{Database, Engine, Look};
use crate::support::on_both_engines;
use crate::support::test_app::{OPENING_TIME, TestAppBuilder};
use crate::support::wechat_message::{ACKNOWLEDGED, WeChatMessage};

/// The pages that show a dry run.
const PAGES: [&str; 2] = [include_str!("../../../config/deploy/README.md"), include_str!("../../../README.zh-CN.md")];
const ORIGINAL: &str = include_str!("../../support/original.sql");

async fn planned(database: &Database) -> DryRun {
    Store::dry_run(&database.url.parse().unwrap(), OPENING_TIME.parse().unwrap()).await.unwrap()
}

async fn migrate(database: &Database) -> Vec<&'static str> {
    Store::migrate(&database.url.parse().unwrap(), OPENING_TIME.parse().unwrap()).await.unwrap()
}

/// Every table, column, index and row, as a dump has them.
async fn whole(look: &Look) -> Vec<Option<String>> {
    let shape = "SELECT CONCAT_WS(' ', table_name, column_name, column_type) FROM information_schema.columns WHERE table_schema = DATABASE() \
                 UNION ALL SELECT CONCAT_WS(' ', table_name, index_name, column_name) FROM information_schema.statistics WHERE table_schema = DATABASE() \
                 ORDER BY 1";
    let mut whole = look.texts(shape).await;
    whole.extend(
        look.texts("SELECT CONCAT_WS('|', id, HEX(order_id), status, price, price_last, update_at, payBack) FROM deal ORDER BY id").await,
    );
    whole
}

on_both_engines! {
    async fn a_dry_run_says_what_a_migration_then_does(engine) {
        let database = Database::fresh(engine).await;
        let plan = planned(&database).await;
        assert_eq!((plan.steps.first(), plan.steps.last(), plan.rows), (Some(&"0001_deal"), Some(&"0003_adoption"), None));
        assert!(dry_run::tell(&plan, English).contains("deal is made"), "{}", dry_run::tell(&plan, English));
        match database.directory() {
            Some(directory) => assert_eq!(std::fs::read_dir(directory).unwrap().count(), 0),
            None => assert_eq!(database.look().await.texts("SHOW TABLES").await, []),
        }
        assert_eq!(migrate(&database).await, plan.steps);
        let plan = planned(&database).await;
        assert_eq!(plan.steps, [""; 0]);
        assert!(dry_run::tell(&plan, English).contains("nothing would be done"));
    }

    async fn an_upgrade_names_the_steps_and_the_indexes_that_are_missing(engine) {
        let database = Database::fresh(engine).await;
        migrate(&database).await;
        let index = if engine == Engine::MySql { "DROP INDEX deal_transaction_key ON deal" } else { "DROP INDEX deal_transaction_key" };
        database.look().await.run(&format!("DELETE FROM deal_migration WHERE version = 4; {index}")).await;
        let plan = planned(&database).await;
        assert_eq!((plan.steps.as_slice(), plan.indexes.as_slice(), plan.rows), (&["0004_transaction_key"][..], &["deal_transaction_key"][..], Some(0)));
        assert_eq!(plan.adoption, None);
        assert_eq!(migrate(&database).await, plan.steps);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_on_the_original_s_table_counts_its_rows_and_changes_none() {
    let database = Database::fresh(Engine::MySql).await;
    let look = database.look().await;
    look.run(ORIGINAL).await;
    let before = whole(&look).await;
    let plan = planned(&database).await;
    assert_eq!(whole(&look).await, before);

    let adoption = plan.adoption.clone().unwrap();
    let count = async |sql: &str| look.texts(sql).await.remove(0).unwrap().parse::<i64>().unwrap();
    let repeating = "SELECT COUNT(*) n FROM deal GROUP BY HEX(order_id) HAVING n > 1";
    assert_eq!(adoption.repeated, count(&format!("SELECT CAST(COUNT(*) AS CHAR) FROM ({repeating}) r")).await);
    assert_eq!(adoption.repeating_rows, count(&format!("SELECT CAST(SUM(n) AS CHAR) FROM ({repeating}) r")).await);
    assert_eq!((adoption.repeated, plan.rows), (5, Some(42)), "so there is something to count");
    assert_eq!(adoption.impossible.examples, ["54", "55", "56", "57"]);
    let text = dry_run::tell(&plan, English);
    for line in text.lines().filter(|line| ["  steps ", "  indexes "].iter().any(|about| line.starts_with(about))) {
        assert!(PAGES.iter().all(|page| page.contains(line)), "a page about moving over shows another plan than {text}");
    }

    migrate(&database).await;
    assert_eq!(adoption.of_record, count("SELECT CAST(COUNT(order_key) AS CHAR) FROM deal").await);
    assert_eq!(adoption.followed, count("SELECT CAST(COUNT(due_at) AS CHAR) FROM deal").await);
    let unread = "SELECT CAST(COUNT(*) AS CHAR) FROM deal a WHERE order_key IS NULL AND NOT EXISTS (SELECT 1 FROM deal k WHERE HEX(k.order_key) = HEX(a.order_id))";
    assert_eq!(adoption.unreadable.count, count(unread).await);
    assert_eq!(planned(&database).await.steps, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_size_of_the_indexes_is_estimated_well_enough_to_plan_with() {
    let database = Database::fresh(Engine::MySql).await;
    let look = database.look().await;
    look.run(ORIGINAL.split("-- As its insert").next().unwrap()).await;
    look.run(
        "INSERT INTO deal (order_id, product_id, merchant_id, price, status) \
         SELECT CONCAT('202604011100', 10000000 + seq), 1, 1, 5, 1 FROM seq_1_to_50000",
    )
    .await;
    let estimate = planned(&database).await.index_bytes;
    migrate(&database).await;
    let used = "SELECT CAST(SUM(stat_value * @@innodb_page_size) AS CHAR) FROM mysql.innodb_index_stats WHERE database_name = DATABASE() \
                AND table_name = 'deal' AND stat_name = 'size' AND index_name <> 'PRIMARY'";
    look.run("ANALYZE TABLE deal").await;
    let used: i64 = look.texts(used).await.remove(0).unwrap().parse().unwrap();
    assert!((used / 3..=used * 3).contains(&estimate), "about {estimate}, and it was {used}");
}

/// The statements of the original, in the session that it has: ThinkJS names no columns that it does not know.
async fn the_original_opens_pays_and_closes(look: &Look, order_id: &str) {
    let session = "SET SESSION sql_mode = ''";
    look.run(&format!(
        "{session}; INSERT INTO deal (order_id, product_id, merchant_id, price, mode, status, create_at, update_at) \
         VALUES ('{order_id}', 34, 12, 19.9, 0, 0, '2026-04-01 12:00:00', '2026-04-01 12:00:00')"
    ))
    .await;
    look.run(&format!("{session}; UPDATE deal SET prepayBack = '<xml>订单</xml>' WHERE order_id = '{order_id}'")).await;
    let paid =
        "status = 1, transaction_id = '4200000260202604010000000099', payBack = '<xml>支付</xml>', update_at = '2026-04-01 12:03:04'";
    look.run(&format!("{session}; UPDATE deal SET {paid} WHERE order_id = '{order_id}'")).await;
    look.run(&format!("{session}; UPDATE deal SET status = 2 WHERE order_id = '{order_id}' AND status = 0")).await;
}

/// The way that `config/deploy/README.md` describes: look, migrate, run side by side, switch over, and switch back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_migration_the_original_works_on_as_if_nothing_had_happened() {
    let database = Database::fresh(Engine::MySql).await;
    let look = database.look().await;
    look.run(ORIGINAL).await;
    the_original_opens_pays_and_closes(&look, "before").await;
    migrate(&database).await;
    the_original_opens_pays_and_closes(&look, "between").await;

    let app = TestAppBuilder::on(database).open().await;
    the_original_opens_pays_and_closes(&look, "beside").await;
    for order_id in ["before", "between", "beside"] {
        let answer = app.query(order_id).await.json();
        let paid = (&answer["trade_state"], &answer["paid_at"]);
        assert_eq!(paid, (&json!("SUCCESS"), &json!("2026-04-01T12:03:04+08:00")), "{order_id}");
    }
    let order = app.to_pay("19.90").await;
    app.payer_pays(&order).await;

    // Back again: the original reads our deals by its own columns, and goes on.
    let _database = app.stop().await;
    let read = format!(
        "SELECT CONCAT_WS('|', status, price, transaction_id IS NOT NULL, payBack LIKE '<xml>%') FROM deal WHERE order_id = '{}'",
        order.id
    );
    assert_eq!(look.texts(&read).await, [Some("1|19.9|1|1".to_owned())]);
    the_original_opens_pays_and_closes(&look, "back-again").await;
    assert_eq!(look.status("back-again").await, 1);
}

fn succeeded(output: Output) -> Vec<u8> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// `mariadb-dump` and `mariadb`, or their old names, on this database.
fn mysql_client(program: &str, database: &Database) -> Command {
    let url: reqwest::Url = database.url.parse().unwrap();
    let mut command = Command::new(program);
    command.arg("--no-defaults").args(["--protocol=tcp", "--host=127.0.0.1"]).arg(format!("--port={}", url.port().unwrap()));
    command.arg(format!("--user={}", url.username())).env("MYSQL_PWD", url.password().unwrap_or_default());
    command
}

fn schema(database: &Database) -> String {
    database.url.rsplit('/').next().unwrap().to_owned()
}

/// Copies a database that is in use, as `config/deploy/README.md` says.
fn back_up(database: &Database, copy: &Path) {
    match database.directory() {
        None => {
            let dump =
                mysql_client("mariadb-dump", database).args(["--single-transaction", &schema(database)]).output().expect("mariadb-dump");
            std::fs::write(copy, succeeded(dump)).unwrap();
        }
        Some(directory) => {
            let backup = format!(".backup '{}'", copy.display());
            succeeded(Command::new("sqlite3").arg(directory.join("deal.db")).arg(backup).output().expect("sqlite3"));
        }
    }
}

/// Puts a copy into an empty database.
fn restore(copy: &Path, database: &Database) {
    match database.directory() {
        None => {
            let from = Stdio::from(std::fs::File::open(copy).unwrap());
            succeeded(mysql_client("mariadb", database).arg(schema(database)).stdin(from).output().expect("mariadb"));
        }
        Some(directory) => drop(std::fs::copy(copy, directory.join("deal.db")).unwrap()),
    }
}

on_both_engines! {
    async fn a_backup_keeps_what_was_paid_and_what_came_later_is_asked_for_again(engine) {
        let app = TestAppBuilder::new(engine).await.open().await;
        let (paid, later) = (app.to_pay("19.90").await, app.to_pay("0.29").await);
        app.payer_pays(&paid).await;
        let copies = tempfile::tempdir().unwrap();
        let copy = copies.path().join("copy");
        back_up(&app.database, &copy);
        // After the backup, and before the disk is lost.
        app.payer_pays(&later).await;
        let kept = app.look().await.value(&paid.id, "payBack").await;

        let restored = Database::fresh(engine).await;
        restore(&copy, &restored);
        let look = restored.look().await;
        assert_eq!((look.status(&paid.id).await, look.value(&paid.id, "payBack").await), (1, kept), "paid rows are still paid");
        assert_eq!(look.status(&later.id).await, 0);
        let journal = look.texts(&format!("SELECT kind FROM deal_event WHERE order_id = '{}' ORDER BY id", paid.id)).await;
        assert_eq!(journal.last(), Some(&Some("settled".to_owned())));

        // The same WeChat, asked by a service on the copy, by itself.
        let builder = TestAppBuilder::on(restored).with_wechat_at(app.phone().address);
        let again = builder.open().await;
        again.time_passes(60);
        again.sweep().await;
        assert_eq!(look.status(&later.id).await, 1, "it was asked for again");
        assert_eq!(again.notify(WeChatMessage::notification("nobody-s", 1).signed()).await.status, 409);
        assert_ne!(again.notify(WeChatMessage::notification(&later.id, 30).signed()).await.body, ACKNOWLEDGED);
        assert_eq!(again.trade_state(&paid.id).await, "SUCCESS");
    }
}
