//! The database, which is looked at and left as it is.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use wechat_pay::doctor::Verdict::{Fail, Ok, Warn};

use super::Patient;
use crate::support::database::{Database, Engine};
use crate::support::mariadb::MariaDb;
use crate::support::on_both_engines;
use crate::support::test_app::{TestApp, TestAppBuilder};

const ORIGINAL: &str = include_str!("../../../support/original.sql");

/// The files of a directory.
fn names(directory: &Path) -> Vec<OsString> {
    let mut names: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

/// An app on this database, opened once, so that the schema is there.
async fn migrated(database: Database) -> Database {
    TestAppBuilder::on(database).open().await.stop().await
}

on_both_engines! {
    async fn a_database_that_is_well_is_left_as_it_is(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        app.payer_pays(&order).await;
        app.to_pay("0.29").await;
        let database = app.stop().await;
        if let Some(directory) = database.directory() {
            std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o700)).unwrap();
        }
        let look = database.look().await;
        let before = look.everything().await;
        // With no other program at it, as after a clean stop.
        look.ends().await;
        let files = database.directory().map(names);
        let findings = Patient::on(&database).examined().await;
        findings.say(Ok, "database", "can be reached");
        findings.say(Ok, "schema", "up to date");
        findings.say(Ok, "rows", "none is overdue");
        findings.are_well();
        assert_eq!(database.directory().map(names), files);
        assert_eq!(database.look().await.everything().await, before);
    }

    async fn an_empty_database_stays_empty(engine) {
        let database = Database::fresh(engine).await;
        let findings = Patient::on(&database).examined().await;
        findings.are_well();
        match database.directory() {
            Some(directory) => {
                findings.say(Ok, "database", "not there yet");
                assert_eq!(std::fs::read_dir(directory).unwrap().count(), 0, "no file is made");
            }
            None => {
                findings.say(Warn, "schema", "0001_deal, 0002_gateway_columns");
                assert_eq!(database.look().await.texts("SHOW TABLES").await, []);
            }
        }
    }

    async fn forgotten_deals_are_found(engine) {
        let app = TestApp::open(engine).await;
        let (overdue, young) = (app.to_pay("19.90").await, app.to_pay("0.29").await);
        let database = app.stop().await;
        let look = database.look().await;
        look.run(&format!("UPDATE deal SET expires_at = '2026-04-01 10:30:00' WHERE order_id = '{}'", overdue.id)).await;
        let old = "'2026-04-01 09:00:00', '2026-04-01 09:00:00'";
        for (order_id, price, status, at) in [
            ("unclaimed", 5, 0, old),
            ("claimed-in-a-moment", 5, 0, "'2026-04-01 11:59:00', '2026-04-01 11:59:00'"),
            ("no-status", 5, 7, old),
            ("no-price", 0, 0, old),
            ("no order id", 5, 0, old),
        ] {
            look.run(&format!(
                "INSERT INTO deal (order_id, product_id, merchant_id, price, status, create_at, update_at) VALUES ('{order_id}', 1, 1, {price}, {status}, {at})"
            ))
            .await;
        }
        let before = look.everything().await;
        let findings = Patient::on(&database).examined().await;
        findings.say(Fail, "rows", &format!("1 deals are undecided although their time ended more than an hour ago: {}", overdue.id));
        findings.say(Warn, "rows", "not followed, an hour after they were inserted: no-price, no-status, unclaimed");
        findings.say(Warn, "rows", "3 rows hold an order id, a status or a price that no deal can have, and are never settled: no order id, no-price, no-status");
        assert!(!format!("{findings:?}").contains(&young.id), "{findings:?}");
        assert_eq!(look.everything().await, before);
    }

    async fn an_account_that_is_gone_is_named_with_what_to_configure(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        let database = app.stop().await;
        let look = database.look().await;
        look.run(&format!("UPDATE deal SET account = 'shop2' WHERE order_id = '{}'", order.id)).await;
        let findings = Patient::on(&database).examined().await;
        findings.say(Fail, "rows", "undecided deals or refunds go through the account shop2, which is not configured: 1");
        assert!(format!("{findings:?}").contains("configure accounts.shop2 again"), "{findings:?}");
        let there = Patient::on(&database).set("ACCOUNTS__SHOP2__SELLERS", 5).examined().await;
        assert!(!format!("{there:?}").contains("not configured"), "{there:?}");
        look.run("UPDATE deal SET status = 1, due_at = NULL").await;
        assert!(!format!("{:?}", Patient::on(&database).examined().await).contains("shop2"), "nothing is to be asked any more");
    }

    async fn numbers_that_change_under_an_account_s_name_are_told_by_its_name(engine) {
        const NUMBERS: [&str; 3] = ["wx2421b1c4370ec43b", "10000200", "8934e7d15453e97507ef794cf7b0519d"];
        let builder = TestAppBuilder::new(engine).await.set("ACCOUNTS__SHOP2__APPID", NUMBERS[0]).set("ACCOUNTS__SHOP2__MCH_ID", NUMBERS[1]);
        let app = builder.set("ACCOUNTS__SHOP2__API_KEY", NUMBERS[2]).set("ACCOUNTS__SHOP2__SELLERS", "12").open().await;
        app.to_pay("19.90").await;
        let database = app.stop().await;
        let with = |account: &str, [appid, mch_id, api_key]: [&str; 3]| {
            let patient = Patient::on(&database).set(&format!("ACCOUNTS__{account}__APPID"), appid);
            patient.set(&format!("ACCOUNTS__{account}__MCH_ID"), mch_id).set(&format!("ACCOUNTS__{account}__API_KEY"), api_key)
        };
        assert_eq!(with("SHOP2", NUMBERS).examined().await.of("merchant"), 0, "as they were");
        let told = "deals of the account shop2 were opened for mch_id 10000200 appid wx2421b1c4370ec43b, and it has mch_id";
        for others in [["wx8888888888888888", NUMBERS[1], NUMBERS[2]], [NUMBERS[0], "10000201", NUMBERS[2]]] {
            with("SHOP2", others).examined().await.say(Warn, "merchant", told);
        }
        with("SHOP2", NUMBERS).set("ACCOUNTS__SHOP2__SUB_MCH_ID", "10000202").examined().await.say(Warn, "merchant", told);
        let exchanged = with("SHOP2", [NUMBERS[0], "10000201", "a934e7d15453e97507ef794cf7b0519d"]);
        let exchanged = exchanged.set("ACCOUNTS__SHOP3__APPID", NUMBERS[0]).set("ACCOUNTS__SHOP3__MCH_ID", NUMBERS[1]);
        exchanged.set("ACCOUNTS__SHOP3__API_KEY", NUMBERS[2]).examined().await.say(Warn, "merchant", told);
        Patient::on(&database).examined().await.say(Warn, "merchant", "mch_id 10000200 appid wx2421b1c4370ec43b, and there is no such account");
        assert_eq!(with("SHOP3", NUMBERS).examined().await.of("merchant"), 0, "an account that is missing, with numbers of ours, is told of otherwise");
        // A table of the version before there were accounts.
        database.look().await.run("ALTER TABLE deal DROP COLUMN account").await;
        let told = "deals of the account default were opened for mch_id 10000200 appid wx2421b1c4370ec43b, and it has mch_id";
        with("SHOP2", NUMBERS).examined().await.say(Warn, "merchant", told);
    }

    async fn a_deal_that_another_program_called_paid_is_told_of(engine) {
        let app = TestApp::open(engine).await;
        let (paid, called_paid) = (app.to_pay("19.90").await, app.to_pay("0.29").await);
        app.payer_pays(&paid).await;
        let database = app.stop().await;
        let look = database.look().await;
        Patient::on(&database).examined().await.say(Ok, "rows", "unproven");
        look.run(&format!("UPDATE deal SET status = 1 WHERE order_id = '{}'", called_paid.id)).await;
        // Its own deals are its own affair; those that a version without the payment's key settled have their event.
        look.run(&format!("UPDATE deal SET transaction_key = NULL WHERE order_id = '{}'", paid.id)).await;
        look.run("INSERT INTO deal (order_id, product_id, merchant_id, price, status, create_at) VALUES ('theirs', 1, 1, 5, 1, '2026-04-01 11:00:00')").await;
        let findings = Patient::on(&database).examined().await;
        findings.say(Fail, "rows", &format!("1 deals of this service are paid by nothing but another program's word: no signed message says so: {}", called_paid.id));
    }

    async fn a_schema_that_would_not_do_is_told_of(engine) {
        let database = migrated(Database::fresh(engine).await).await;
        let look = database.look().await;
        look.run("INSERT INTO deal_migration VALUES (4711, 'of a later version', '')").await;
        Patient::on(&database).examined().await.say(Ok, "schema", "of a later version");
        look.run("DELETE FROM deal_migration WHERE version IN (4, 4711)").await;
        Patient::on(&database).examined().await.say(Warn, "schema", "0004_transaction_key to be taken");
        let index = if engine == Engine::MySql { "DROP INDEX deal_order_key ON deal" } else { "DROP INDEX deal_order_key" };
        look.run(&format!("INSERT INTO deal_migration VALUES (4, '0004_transaction_key', ''); {index}")).await;
        let findings = Patient::on(&database).examined().await;
        findings.say(Fail, "schema", "would not start");
        assert!(format!("{findings:?}").contains("CREATE UNIQUE INDEX deal_order_key ON deal (order_key)"), "{findings:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_the_server_is_set_up_is_looked_at() {
    let weak = [
        "--default-time-zone=-05:30",
        "--innodb-flush-log-at-trx-commit=2",
        "--sql-mode=",
        "--max-connections=10",
        "--character-set-server=latin1",
    ];
    let server = MariaDb::start(&weak).await;
    let database = Database::on_server(&server.url()).await;
    let look = database.look().await;
    look.run(ORIGINAL.replace("utf8", "latin1").split("-- As its insert").next().unwrap()).await;
    let findings = Patient::on(&database).examined().await;
    findings.say(Fail, "database", "innodb_flush_log_at_trx_commit is 2");
    findings.say(Warn, "database", "the server is not strict");
    findings.say(Warn, "database", "max_connections is 10");
    findings.say(Warn, "database", "Chinese in prepayBack, payBack, queryBack becomes ?");
    findings.say(Warn, "database", "its clock is");
    findings.say(Ok, "database", "its time zone is 13:30 h behind Beijing's");
    findings.say(Ok, "database", "privileges");
    let accepted = Patient::on(&database).set("DATABASE__ACCEPT_WEAK_DURABILITY", true).examined().await;
    accepted.say(Warn, "database", "innodb_flush_log_at_trx_commit is 2");

    look.run("SET GLOBAL innodb_flush_log_at_trx_commit = 1, GLOBAL sql_mode = 'STRICT_TRANS_TABLES', GLOBAL max_connections = 500").await;
    look.run("ALTER TABLE deal CONVERT TO CHARACTER SET utf8mb4").await;
    let now = wechat_pay::clock::Clock::System;
    let mended = Patient { clock: now.clone(), ..Patient::on(&database) }.examined().await;
    mended.say(Ok, "database", "every commit is on disk");
    let text = format!("{mended:?}");
    assert!(!["strict", "max_connections", "Chinese", "its clock"].iter().any(|word| text.contains(word)), "{text}");

    look.run("SET GLOBAL init_connect = 'SET time_zone = SYSTEM'").await;
    Patient::on(&database).examined().await.say(Warn, "database", "init_connect");
    look.run("SET GLOBAL read_only = 1").await;
    Patient::on(&database).examined().await.say(Fail, "database", "a read-only copy");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_binary_log_that_a_crash_could_shorten_is_told_of() {
    let server = MariaDb::start(&["--log-bin", "--sync-binlog=0"]).await;
    let database = Database::on_server(&server.url()).await;
    Patient::on(&database).examined().await.say(Fail, "database", "sync_binlog is 0");
    let accepted = Patient::on(&database).set("DATABASE__ACCEPT_WEAK_DURABILITY", true).examined().await;
    accepted.say(Warn, "database", "sync_binlog is 0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_our_user_may_not_do_is_named() {
    let server = MariaDb::start(&[]).await;
    let database = migrated(Database::on_server(&server.url()).await).await;
    let look = database.look().await;
    let schema = database.url.rsplit('/').next().unwrap().to_owned();
    look.run(&format!("CREATE USER clerk IDENTIFIED BY 'canary'; GRANT SELECT, INSERT, UPDATE ON {schema}.* TO clerk")).await;
    look.run(&format!("CREATE USER reader IDENTIFIED BY 'canary'; GRANT SELECT ON {schema}.* TO reader")).await;
    for (user, verdict, found) in [("clerk", Warn, "lacks CREATE, ALTER, INDEX"), ("reader", Fail, "lacks INSERT, UPDATE, CREATE")] {
        let url = database.url.replace("root@", &format!("{user}:canary@"));
        Patient::on(&database).set("DATABASE__URL", url).examined().await.say(verdict, "database", found);
    }
    let url = database.url.replace("root@", "clerk:wrong-canary@");
    let findings = Patient::on(&database).set("DATABASE__URL", url).examined().await;
    findings.say(Fail, "database", "refuses user or password");
    assert!(!format!("{findings:?}").contains("canary"), "{findings:?}");
    let url = database.url.replace(&schema, "nowhere");
    Patient::on(&database).set("DATABASE__URL", url).examined().await.say(Fail, "database", "no such database");
    drop(server);
    Patient::on(&database).examined().await.say(Fail, "database", "cannot be reached");
    // It is gone with its server.
    std::mem::forget(database);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_original_s_table_is_looked_at_and_not_adopted() {
    let database = Database::fresh(Engine::MySql).await;
    let look = database.look().await;
    look.run(ORIGINAL).await;
    let shape =
        "SELECT CONCAT_WS(' ', column_name, column_type) FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1";
    let before = look.texts(shape).await;
    let findings = Patient::on(&database).examined().await;
    findings.say(Warn, "schema", "0003_adoption to be taken at the next start");
    findings.are_well();
    look.run("ALTER TABLE deal ADD COLUMN shop int NOT NULL").await;
    let findings = Patient::on(&database).examined().await;
    findings.say(Fail, "schema", "would not start");
    assert!(format!("{findings:?}").contains("deal.shop must have a default"), "{findings:?}");
    look.run("ALTER TABLE deal DROP COLUMN shop; RENAME TABLE deal TO think_deal").await;
    let findings = Patient::on(&database).examined().await;
    findings.say(Warn, "database", "think_deal looks like the Node.js service's table");
    assert!(format!("{findings:?}").contains("set database.table_prefix to think_"), "{findings:?}");
    let findings = Patient::on(&database).set("DATABASE__TABLE_PREFIX", "think_").examined().await;
    findings.say(Warn, "schema", "0003_adoption to be taken at the next start");
    assert!(!format!("{findings:?}").contains("looks like"), "{findings:?}");
    // With a prefix too many, the plain table is the one elsewhere.
    look.run("RENAME TABLE think_deal TO deal").await;
    let findings = Patient::on(&database).set("DATABASE__TABLE_PREFIX", "think_").examined().await;
    findings.say(Warn, "database", "deal looks like the Node.js service's table, and there are no deals in think_deal");
    assert!(format!("{findings:?}").contains("leave database.table_prefix empty"), "{findings:?}");
    look.run("RENAME TABLE deal TO think_deal").await;
    look.run("RENAME TABLE think_deal TO deal").await;
    assert_eq!(look.texts(shape).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_with_a_prefix_are_looked_at_and_found_well() {
    for engine in [Engine::Sqlite, Engine::MySql] {
        let (database, look) = Database::beside_a_stranger(engine).await;
        let database = TestAppBuilder::on(database).set("DATABASE__TABLE_PREFIX", "think_").open().await.stop().await;
        if let Some(directory) = database.directory() {
            std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o700)).unwrap();
        }
        let patient = || Patient::on(&database).set("DATABASE__TABLE_PREFIX", "think_");
        let findings = patient().examined().await;
        findings.say(Ok, "schema", "up to date");
        findings.say(Ok, "rows", "none is overdue");
        let insert =
            "INSERT INTO think_deal (order_id, product_id, merchant_id, price, price_last, status, create_at, update_at, expires_at)";
        look.run(&format!("{insert} VALUES ('late', 1, 1, 5, 5, 0, '2026-03-31 01:00:00', '2026-03-31 01:00:00', '2026-03-31 03:00:00')"))
            .await;
        let findings = patient().examined().await;
        findings.say(Fail, "rows", "1 deals are undecided although their time ended more than an hour ago: late");
        findings.say(Warn, "rows", "are not followed");
    }
}
