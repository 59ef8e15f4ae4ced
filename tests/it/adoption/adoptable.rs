//! A table that cannot be worked with is refused by name before anything is altered, and a dry run says so too.

use wechat_pay::dry_run;
use wechat_pay::language::Language::English;
use wechat_pay::store::Store;

use crate::support::database::{Database, Engine, Look};
use crate::support::test_app::{OPENING_TIME, TestAppBuilder};
use crate::support::wechat_message::{ACKNOWLEDGED, WeChatMessage};

const ORIGINAL: &str = include_str!("../../support/original.sql");

/// A database with the original's table, without rows, changed by this.
async fn with_table(change: &str) -> (Database, Look) {
    let database = Database::fresh(Engine::MySql).await;
    let look = database.look().await;
    look.run(ORIGINAL.split("-- As its insert").next().unwrap()).await;
    look.run(change).await;
    (database, look)
}

/// What there is in the whole database but rows.
async fn shape(look: &Look) -> Vec<Option<String>> {
    look.texts(
        "SELECT CONCAT_WS(' ', table_name, column_name, column_type, extra) FROM information_schema.columns WHERE table_schema = DATABASE() \
         UNION ALL SELECT CONCAT_WS(' ', table_name, index_name, column_name) FROM information_schema.statistics WHERE table_schema = DATABASE() \
         ORDER BY 1",
    )
    .await
}

async fn migrate(database: &Database) -> Result<(), String> {
    let migrated = Store::migrate(&database.url.parse().unwrap(), OPENING_TIME.parse().unwrap()).await;
    migrated.map(|_| ()).map_err(|error| error.to_string())
}

/// Refused with these words by a start and by a dry run, and nothing is altered.
async fn is_refused(change: &str, words: &[&str]) {
    let (database, look) = with_table(change).await;
    let before = shape(&look).await;
    let plan = Store::dry_run(&database.url.parse().unwrap(), OPENING_TIME.parse().unwrap()).await.unwrap();
    let told = dry_run::tell(&plan, English);
    let refused = migrate(&database).await.expect_err(change);
    for word in words {
        assert!(refused.contains(word), "{change}: {refused}");
        assert!(told.contains("would refuse to start") && told.contains(word), "{change}: {told}");
    }
    assert_eq!(shape(&look).await, before, "{change}");
    assert_eq!(look.texts("SHOW TABLES LIKE 'deal\\_%'").await, [], "{change}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_of_the_wrong_kind_is_refused_before_it_is_altered() {
    for (change, words) in [
        ("RENAME TABLE deal TO deals; CREATE VIEW deal AS SELECT * FROM deals", &["deal must be a table", "view"][..]),
        ("ALTER TABLE deal ENGINE=MyISAM", &["InnoDB"]),
        ("ALTER TABLE deal ROW_FORMAT=REDUNDANT", &["REDUNDANT", "ROW_FORMAT=DYNAMIC"]),
        ("ALTER TABLE deal PARTITION BY HASH (id) PARTITIONS 2", &["partitioned"]),
        ("ALTER TABLE deal MODIFY price float NOT NULL", &["deal.price ", "double, or decimal"]),
        ("ALTER TABLE deal MODIFY price_last decimal(10,1) NOT NULL", &["deal.price_last", "2 digits behind the point"]),
        ("ALTER TABLE deal MODIFY price decimal(8,2) NOT NULL", &["deal.price ", "8 before it"]),
        ("ALTER TABLE deal MODIFY price double(8,2) NOT NULL", &["deal.price ", "8 before it"]),
        ("ALTER TABLE deal MODIFY merchant_id mediumint NOT NULL", &["deal.merchant_id must be int"]),
        ("ALTER TABLE deal MODIFY id mediumint NOT NULL AUTO_INCREMENT", &["deal.id must be int"]),
        ("ALTER TABLE deal MODIFY order_id varchar(30) NOT NULL", &["deal.order_id must be varchar(45)"]),
        ("ALTER TABLE deal MODIFY transaction_id char(28) NULL", &["deal.transaction_id must be varchar(45)"]),
        ("ALTER TABLE deal MODIFY payBack tinytext", &["deal.payBack must be text"]),
        ("ALTER TABLE deal MODIFY create_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP", &["deal.create_at must be datetime"]),
        ("ALTER TABLE deal DROP COLUMN queryBack", &["deal.queryBack must be text"]),
        (
            "ALTER TABLE deal MODIFY order_id varchar(255) CHARACTER SET utf8mb4 NOT NULL, ROW_FORMAT=COMPACT",
            &["deal.order_id", "ROW_FORMAT=DYNAMIC"],
        ),
        // Names that we would take for our own.
        ("ALTER TABLE deal ADD COLUMN due_at int NULL", &["deal.due_at must be datetime"]),
        ("CREATE INDEX deal_order_key ON deal (product_id)", &["CREATE UNIQUE INDEX deal_order_key"]),
    ] {
        is_refused(change, words).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_takes_no_row_of_ours_is_refused_by_name() {
    let no_strangers = "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no strangers'";
    let (insert, update) = (
        format!("CREATE TRIGGER t BEFORE INSERT ON deal FOR EACH ROW {no_strangers}"),
        format!("CREATE TRIGGER t BEFORE UPDATE ON deal FOR EACH ROW {no_strangers}"),
    );
    for (change, words) in [
        ("ALTER TABLE deal MODIFY id int NOT NULL", &["deal.id must be AUTO_INCREMENT"][..]),
        (
            "ALTER TABLE deal MODIFY id int NOT NULL AUTO_INCREMENT, DROP PRIMARY KEY, ADD PRIMARY KEY (id, create_at)",
            &["deal.id must be the primary key"],
        ),
        ("ALTER TABLE deal ADD COLUMN shop int NOT NULL", &["deal.shop must have a default or take NULL"]),
        ("ALTER TABLE deal MODIFY prepayBack text NOT NULL", &["deal.prepayBack must have a default or take NULL"]),
        (
            "ALTER TABLE deal DROP COLUMN price_last, ADD COLUMN price_last double AS (price)",
            &["takes no row of this service", "price_last"],
        ),
        ("ALTER TABLE deal ADD CONSTRAINT dear CHECK (price > 5)", &["takes no row of this service", "dear"]),
        ("ALTER TABLE deal ADD CONSTRAINT by_hand CHECK (status <> 1 OR payBack IS NULL)", &["takes no row of this service", "by_hand"]),
        (insert.as_str(), &["takes no row of this service", "no strangers"]),
        (update.as_str(), &["takes no row of this service", "no strangers"]),
    ] {
        is_refused(change, words).await;
    }
}

/// With a prefix, as ThinkJS gives it; then under the plain name, with the former one for the original.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_under_another_name_is_noticed_and_may_be_renamed() {
    let (database, look) = with_table("RENAME TABLE deal TO think_deal; CREATE TABLE old_deal (id int)").await;
    let told =
        async || dry_run::tell(&Store::dry_run(&database.url.parse().unwrap(), OPENING_TIME.parse().unwrap()).await.unwrap(), English);
    let insert = "SET SESSION sql_mode = ''; INSERT INTO think_deal (order_id, product_id, merchant_id, price, status) VALUES";
    look.run(&format!("{insert} ('before', 34, 12, 19.9, 0)")).await;
    assert!(told().await.contains("elsewhere   think_deal looks like"), "{}", told().await);
    assert!(told().await.contains("set database.table_prefix to think_\n"), "{}", told().await);
    migrate(&database).await.unwrap();
    assert!(told().await.contains("elsewhere   think_deal looks like"), "the empty deal is not it: {}", told().await);

    look.run("DROP TABLE deal, deal_event, deal_migration; RENAME TABLE think_deal TO deal; CREATE VIEW think_deal AS SELECT * FROM deal")
        .await;
    assert!(!told().await.contains("elsewhere"), "{}", told().await);
    let app = TestAppBuilder::on(database).open().await;
    look.run(&format!("{insert} ('after', 34, 12, 19.9, 0)")).await;
    for order_id in ["before", "after"] {
        assert_eq!(app.notify(WeChatMessage::notification(order_id, 1990).signed()).await.body, ACKNOWLEDGED, "{order_id}");
        assert_eq!(
            look.texts(&format!("SELECT CAST(status AS CHAR) FROM think_deal WHERE order_id = '{order_id}'")).await,
            [Some("1".to_owned())]
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_works_in_another_type_is_adopted() {
    let change = "ALTER TABLE deal MODIFY price decimal(10,2) NOT NULL, MODIFY price_last decimal(12,4) NOT NULL, \
                  MODIFY order_id char(32) NOT NULL, MODIFY transaction_id char(32) NULL, MODIFY id bigint unsigned NOT NULL AUTO_INCREMENT, \
                  MODIFY create_at datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), ADD COLUMN note varchar(10) NOT NULL DEFAULT '', ROW_FORMAT=COMPACT; \
                  CREATE TABLE product (id int PRIMARY KEY); INSERT INTO product VALUES (34); \
                  ALTER TABLE deal ADD FOREIGN KEY (product_id) REFERENCES product (id)";
    let (database, look) = with_table(change).await;
    let theirs = "INSERT INTO deal (order_id, product_id, merchant_id, price, price_last, status, create_at) VALUES";
    look.run(&format!(
        "{theirs} ('theirs', 34, 12, 59.7, 0, 0, '2026-04-01 11:59:00.25'), ('cheaper', 34, 12, 20, 18.5, 0, '2026-04-01 11:59:00')"
    ))
    .await;
    let app = TestAppBuilder::on(database).open().await;
    let order = app.to_pay("99999.99").await;
    for (order_id, fee) in [(order.id.as_str(), 9_999_999), ("theirs", 5970), ("cheaper", 1850)] {
        assert_eq!(app.notify(WeChatMessage::notification(order_id, fee - 1).signed()).await.status, 409, "{order_id}");
        assert_eq!(app.notify(WeChatMessage::notification(order_id, fee).signed()).await.body, ACKNOWLEDGED, "{order_id}");
        assert_eq!(look.status(order_id).await, 1);
    }
    assert_eq!(look.value(&order.id, "price").await.unwrap(), "99999.99");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_takes_only_numbers_of_digits_is_adopted() {
    let digits = |column: &str, number: usize| format!("ADD CONSTRAINT {column}_digits CHECK ({column} REGEXP '^[0-9]{{{number}}}$')");
    let change = format!("ALTER TABLE deal {}, {}", digits("order_id", 32), digits("transaction_id", 28));
    let (database, look) = with_table(&change).await;
    let app = TestAppBuilder::on(database).open().await;
    let order = app.to_pay("19.90").await;
    app.payer_pays(&order).await;
    assert_eq!(look.status(&order.id).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_tried_at_a_start_leaves_nothing_behind() {
    for engine in ["InnoDB", "MyISAM"] {
        let diary = format!(
            "CREATE TABLE diary (id int AUTO_INCREMENT PRIMARY KEY, order_id varchar(45)) ENGINE={engine}; \
             CREATE TRIGGER t AFTER INSERT ON deal FOR EACH ROW INSERT INTO diary (order_id) VALUES (NEW.order_id)"
        );
        let (database, look) = with_table(&diary).await;
        let theirs = "INSERT INTO deal (order_id, product_id, merchant_id, price, price_last) VALUES";
        let before = ["before", "also-before", "just-before"];
        for order_id in before {
            look.run(&format!("{theirs} ('{order_id}', 34, 12, 5, 0)")).await;
        }
        for _ in 0..3 {
            migrate(&database).await.unwrap();
        }
        assert_eq!(look.texts("SELECT order_id FROM deal ORDER BY id").await, before.map(|order_id| Some(order_id.to_owned())));
        assert_eq!(
            look.texts("SELECT order_id FROM diary ORDER BY id").await,
            before.map(|order_id| Some(order_id.to_owned())),
            "{engine}"
        );
        look.run(&format!("{theirs} ('after', 34, 12, 5, 0)")).await;
        assert_eq!(look.value("after", "id").await.unwrap(), "4", "no number is used up");
    }
}
