//! Names that another program has given: a column, an index or a table called as one of ours is refused while it may be another
//! program's, and gone on with when it is one that a migration has left behind.

use wechat_pay::dry_run;
use wechat_pay::language::Language::English;
use wechat_pay::store::Store;

use super::foreign_indexes;
use crate::support::database::{Database, Engine, Look};
use crate::support::on_both_engines;
use crate::support::test_app::{OPENING_TIME, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

/// The original's table with one row, changed by this.
async fn table_with(engine: Engine, changes: &str) -> (Database, Look) {
    const ROW: &str = "INSERT INTO deal (order_id, product_id, merchant_id, price, price_last, status, mode, create_at, update_at) \
                       VALUES ('theirs', 34, 12, 19.9, 19.9, 0, 0, '2026-04-01 11:59:00', '2026-04-01 11:59:00')";
    let database = foreign_indexes::table_with(engine, ROW).await;
    let look = database.look().await;
    if !changes.is_empty() {
        look.run(changes).await;
    }
    (database, look)
}

async fn shape(look: &Look) -> Vec<Option<String>> {
    let sql = match look {
        Look::Sqlite(_) => "SELECT sql FROM sqlite_master ORDER BY name",
        Look::MySql(_) => {
            "SELECT CONCAT_WS(' ', table_name, column_name, column_type) FROM information_schema.columns WHERE table_schema = DATABASE() \
             UNION ALL SELECT CONCAT_WS(' ', table_name, index_name, column_name) FROM information_schema.statistics \
             WHERE table_schema = DATABASE() ORDER BY 1"
        }
    };
    look.texts(sql).await
}

/// Refused by a start, by a migration and by a dry run, with this name, and nothing is altered.
async fn is_refused((database, look): (Database, Look), name: &str, why: &str) {
    let before = shape(&look).await;
    let plan = Store::dry_run(&database.url.parse().unwrap(), OPENING_TIME.parse().unwrap()).await.unwrap();
    let told = dry_run::tell(&plan, English);
    assert!(told.contains("would refuse to start") && told.contains(name), "{why}: {told}");
    let migrated = Store::migrate(&database.url.parse().unwrap(), OPENING_TIME.parse().unwrap()).await;
    assert!(migrated.as_ref().is_err_and(|error| error.to_string().contains(name)), "{why}: {migrated:?}");
    let found = Store::inspect(&database.url.parse().unwrap(), OPENING_TIME.parse().unwrap()).await.unwrap();
    assert!(found.wrong_schema.is_some_and(|wrong| wrong.contains(name)), "{why}: the doctor says it");
    let Err((error, _database)) = TestAppBuilder::on(database).try_open().await else { panic!("{why}: started") };
    assert!(error.to_string().contains(name), "{why}: {error}");
    assert_eq!(shape(&look).await, before, "{why}");
}

/// A step that gives names which others use too.
struct Step {
    version: u8,
    name: &'static str,
    columns: &'static [&'static str],
    indexes: &'static [&'static str],
    mysql: &'static str,
    sqlite: &'static str,
}

const STEPS: [Step; 5] = [
    Step {
        version: 7,
        name: "0007_account_and_details",
        columns: &["account", "account_named", "description", "reference", "return_url", "cancel_url"],
        indexes: &["deal_reference", "deal_reference_of_seller"],
        mysql: include_str!("../../../migrations/mysql/0007_account_and_details.sql"),
        sqlite: include_str!("../../../migrations/sqlite/0007_account_and_details.sql"),
    },
    Step {
        version: 8,
        name: "0008_refund",
        columns: &["refunded_fee", "refund_count", "refund_last_at", "refunds_due_at"],
        indexes: &["deal_refunds_due_at"],
        mysql: include_str!("../../../migrations/mysql/0008_refund.sql"),
        sqlite: include_str!("../../../migrations/sqlite/0008_refund.sql"),
    },
    Step {
        version: 12,
        name: "0012_checkout",
        columns: &["trade_type", "mweb_url", "prepay_id", "checkout_id"],
        indexes: &["deal_checkout_way"],
        mysql: include_str!("../../../migrations/mysql/0012_checkout.sql"),
        sqlite: include_str!("../../../migrations/sqlite/0012_checkout.sql"),
    },
    Step {
        version: 13,
        name: "0013_bill",
        columns: &[],
        indexes: &[],
        mysql: include_str!("../../../migrations/mysql/0013_bill.sql"),
        sqlite: include_str!("../../../migrations/sqlite/0013_bill.sql"),
    },
    Step {
        version: 14,
        name: "0014_console",
        columns: &[],
        indexes: &[],
        mysql: include_str!("../../../migrations/mysql/0014_console.sql"),
        sqlite: include_str!("../../../migrations/sqlite/0014_console.sql"),
    },
];

impl Step {
    fn statements(&self, engine: Engine) -> Vec<&'static str> {
        let text = if engine == Engine::MySql { self.mysql } else { self.sqlite };
        text.split_inclusive(";\n").filter(|statement| !statement.trim().is_empty()).collect()
    }

    fn adding(&self, engine: Engine, what: &str) -> &'static str {
        self.statements(engine).into_iter().find(|statement| statement.contains(what)).unwrap()
    }
}

/// What a column of ours can be filled with.
fn filling(column: &str) -> &'static str {
    if column.ends_with("_at") { "'2026-04-01 11:59:00'" } else { "'1'" }
}

on_both_engines! {
    async fn a_column_that_another_program_fills_is_refused_before_anything_is_altered(engine) {
        for (step, column) in STEPS.iter().flat_map(|step| step.columns.iter().map(move |column| (step, column))) {
            // To the letter as ours is, but with something in it.
            let ours = step.adding(engine, &format!("ADD COLUMN {column} "));
            let filled = format!("{ours} UPDATE deal SET {column} = {}", filling(column));
            is_refused(table_with(engine, &filled).await, &format!("deal.{column}"), &filled).await;
            let others = match engine {
                Engine::MySql => ["mediumint NULL", "varchar(32) NOT NULL DEFAULT 'x'", "varchar(32) DEFAULT 'x'"],
                Engine::Sqlite => ["REAL NULL", "TEXT NOT NULL DEFAULT 'x'", "TEXT DEFAULT 'x'"],
            };
            for definition in others {
                let other = format!("ALTER TABLE deal ADD COLUMN {column} {definition}");
                is_refused(table_with(engine, &other).await, &format!("deal.{column}"), &other).await;
            }
        }
    }

    async fn a_column_that_another_program_made_after_the_version_before_is_refused_too(engine) {
        for (version, column) in [(7, "reference"), (8, "refunded_fee")] {
            let (database, look) = table_with(engine, "").await;
            Store::migrate(&database.url.parse().unwrap(), OPENING_TIME.parse().unwrap()).await.unwrap();
            look.run(&format!("DELETE FROM deal_migration WHERE version = {version}; UPDATE deal SET {column} = '1'")).await;
            is_refused((database, look), &format!("deal.{column}"), "filled before the step").await;
        }
    }

    async fn a_table_of_that_name_is_refused_beside_the_original_s_and_in_an_empty_database(engine) {
        let refund = "INSERT INTO refund (refund_id, order_id, refund_fee, of_second_payment, state, source, created_at) \
                      VALUES ('1', '1', 1, 0, 'SUCCESS', 'shop', '2026-04-01 11:59:00')";
        let checkout = "INSERT INTO checkout (checkout_id, account_named, merchant_id, product_id, total_fee, created_at, expires_at, attempts) \
                        VALUES ('1', 0, 1, 1, 1, '2026-04-01 11:59:00', '2026-04-01 11:59:00', 0)";
        let bill = "INSERT INTO bill (account, day, payments, paid_fee, refunds, refunded_fee, fee, differences, unlisted) \
                    VALUES ('1', '2026-04-01', 0, 0, 0, 0, 0, 0, 0)";
        let file = "INSERT INTO bill_file (bill_id, kind, received, packed_here, at) VALUES (1, 'trade', 0, 0, '2026-04-01 11:59:00')";
        let part = "INSERT INTO bill_part (file_id, part, data) VALUES (1, 0, 'x')";
        let difference = "INSERT INTO bill_difference (bill_id, kind, subject, state, at) VALUES (1, 'AMOUNT', '1', 'OPEN', '2026-04-01 11:59:00')";
        let audit = "INSERT INTO audit (at, user, role, action, address) VALUES ('2026-04-01 11:59:00', 'a', 'admin', 'login', '127.0.0.1')";
        let session = "INSERT INTO console_session (token_hash, user, password_hash, place, created_at, expires_at) \
                       VALUES ('1', 'a', '', 'here', '2026-04-01 11:59:00', '2026-04-01 23:59:00')";
        let totp = "INSERT INTO console_totp (user, step) VALUES ('a', 1)";
        let alarm = "INSERT INTO alarm (entry, kind, at) VALUES (1, 'money', '2026-04-01 11:59:00')";
        let tables = [
            ("refund", &STEPS[1], refund),
            ("checkout", &STEPS[2], checkout),
            ("bill", &STEPS[3], bill),
            ("bill_file", &STEPS[3], file),
            ("bill_part", &STEPS[3], part),
            ("bill_difference", &STEPS[3], difference),
            ("audit", &STEPS[4], audit),
            ("console_session", &STEPS[4], session),
            ("console_totp", &STEPS[4], totp),
            ("alarm", &STEPS[4], alarm),
        ];
        for (table, step, with_a_row) in tables {
            let ours = step.adding(engine, &format!("CREATE TABLE IF NOT EXISTS {table} ("));
            for theirs in [&format!("CREATE TABLE {table} (id int PRIMARY KEY, amount double)"), &format!("{ours} {with_a_row}")] {
                let told = format!("the table {table} is another program's");
                is_refused(table_with(engine, theirs).await, &told, theirs).await;
                let database = foreign_indexes::table_with(engine, &format!("DROP TABLE deal; {theirs}")).await;
                let look = database.look().await;
                is_refused((database, look), &told, theirs).await;
            }
        }
    }

    async fn an_index_of_that_name_over_something_else_is_refused(engine) {
        // Names of indexes are those of the whole file in SQLite.
        let of_refunds = ["refund_refund_id", "refund_idempotency_key", "refund_due_at", "refund_state"];
        let of_checkouts = ["checkout_checkout_id", "checkout_idempotency_key", "checkout_signed_nonce"];
        let of_bills = ["bill_day", "bill_file_parts", "bill_difference_subject", "refund_accepted_at"];
        let of_the_console = ["audit_order", "console_session_place", "alarm_open"];
        let of_the_file = if engine == Engine::Sqlite { [&of_refunds[..], &of_checkouts, &of_bills, &of_the_console].concat() } else { Vec::new() };
        for name in STEPS.iter().flat_map(|step| step.indexes).chain(&of_the_file) {
            for columns in ["(product_id)", "(price, status)"] {
                let index = format!("CREATE INDEX {name} ON deal {columns}");
                is_refused(table_with(engine, &index).await, &format!("the index {name} must be"), &index).await;
            }
        }
    }

    async fn columns_that_a_stopped_migration_has_left_are_gone_on_with(engine) {
        let statements: Vec<_> = STEPS.iter().flat_map(|step| step.statements(engine)).collect();
        assert_eq!(statements.len(), if engine == Engine::MySql { 29 } else { 53 });
        for stopped_after in 1..=statements.len() {
            let (database, look) = table_with(engine, &statements[..stopped_after].concat()).await;
            let app = TestAppBuilder::on(database).open().await;
            let order = app.to_pay("19.90").await;
            for order_id in [order.id.as_str(), "theirs"] {
                if engine == Engine::MySql || order_id != "theirs" {
                    app.notify(WeChatMessage::notification(order_id, 1990).signed()).await.acknowledged(order_id);
                    assert_eq!(look.status(order_id).await, 1, "stopped after {stopped_after}");
                }
            }
        }
    }

    async fn a_table_of_the_version_before_is_brought_up_to_date_with_its_deals(engine) {
        for step in &STEPS {
            let app = TestAppBuilder::new(engine).await.open().await;
            let (unpaid, paid) = (app.to_pay("19.90").await, app.to_pay("19.90").await);
            app.payer_pays(&paid).await;
            let look = app.look().await;
            let database = app.stop().await;
            // What 0015 has joined goes with its parts.
            let is_joined = engine == Engine::MySql && matches!(step.version, 8 | 12);
            let mut indexes = step.indexes.to_vec();
            if is_joined {
                look.run("DELETE FROM deal_migration WHERE version = 15").await;
            }
            if is_joined && step.version == 12 {
                look.run("DROP INDEX deal_checkout_key ON deal; ALTER TABLE deal DROP COLUMN checkout_key").await;
                indexes.push("deal_checkout_key");
            }
            for index in step.indexes {
                look.run(&match engine {
                    Engine::MySql => format!("DROP INDEX {index} ON deal"),
                    Engine::Sqlite => format!("DROP INDEX {index}"),
                })
                .await;
            }
            for column in step.columns {
                look.run(&format!("ALTER TABLE deal DROP COLUMN {column}")).await;
            }
            match step.name {
                "0008_refund" => look.run("DROP TABLE refund").await,
                "0012_checkout" => look.run("DROP TABLE checkout").await,
                "0013_bill" => {
                    let on = if engine == Engine::MySql { " ON refund" } else { "" };
                    look.run("DROP TABLE bill; DROP TABLE bill_file; DROP TABLE bill_part; DROP TABLE bill_difference").await;
                    look.run(&format!("DROP INDEX refund_accepted_at{on}")).await;
                }
                "0014_console" => look.run("DROP TABLE audit; DROP TABLE console_session; DROP TABLE console_totp; DROP TABLE alarm").await,
                _ => {}
            }
            look.run(&format!("DELETE FROM deal_migration WHERE version = {}", step.version)).await;
            let plan = Store::dry_run(&database.url.parse().unwrap(), OPENING_TIME.parse().unwrap()).await.unwrap();
            let steps: Vec<_> = [step.name].into_iter().chain(is_joined.then_some("0015_one_column_keys")).collect();
            assert_eq!((plan.steps, plan.indexes), (steps, indexes));
            let before = look.everything().await;
            Store::migrate(&database.url.parse().unwrap(), OPENING_TIME.parse().unwrap()).await.unwrap();
            assert_eq!(look.everything().await, before, "no row changes");
            let app = TestAppBuilder::on(database).open().await;
            for order in [&unpaid, &paid] {
                app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await;
                assert_eq!(app.trade_state(&order.id).await, "SUCCESS");
                for column in step.columns {
                    assert_eq!(look.value(&order.id, column).await, None);
                }
            }
        }
    }
}

/// One that joins nothing would keep nothing apart, once the former index is unique no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_s_column_that_another_program_made_is_refused_before_anything_is_altered() {
    let joined = "varchar(85) CHARACTER SET ascii COLLATE ascii_bin GENERATED ALWAYS AS";
    for definition in [
        "varchar(85) CHARACTER SET ascii COLLATE ascii_bin NULL".to_owned(),
        format!("{joined} (CONCAT(merchant_id, _ascii':', order_id)) VIRTUAL"),
        format!("{joined} (CONCAT(product_id, _ascii':', merchant_id)) STORED"),
    ] {
        for column in ["seller_key", "seller_nonce", "checkout_key"] {
            let theirs = format!("ALTER TABLE deal ADD COLUMN {column} {definition}");
            is_refused(table_with(Engine::MySql, &theirs).await, &format!("deal.{column} must be varchar("), &theirs).await;
        }
    }
    for index in ["CREATE INDEX deal_seller_key ON deal (product_id)", "CREATE UNIQUE INDEX deal_checkout_key ON deal (order_id)"] {
        is_refused(table_with(Engine::MySql, index).await, "must be over deal (", index).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_without_room_in_its_rows_is_refused_before_anything_is_altered() {
    let wide = |characters: u32| format!("ALTER TABLE deal ADD COLUMN notes varchar({characters}) CHARACTER SET utf8mb4 NULL");
    for characters in [14_200, 15_900] {
        is_refused(table_with(Engine::MySql, &wide(characters)).await, "no room", &wide(characters)).await;
    }
    let (database, look) = table_with(Engine::MySql, &wide(13_800)).await;
    let app = TestAppBuilder::on(database).open().await;
    app.notify(WeChatMessage::notification("theirs", 1990).signed()).await.acknowledged("the widest table");
    assert_eq!(look.status("theirs").await, 1);
    // Once all columns are there, nothing is asked of its rows.
    look.run("ALTER TABLE deal MODIFY notes varchar(15100) CHARACTER SET utf8mb4 NULL").await;
    TestAppBuilder::on(app.stop().await).open().await;
}
