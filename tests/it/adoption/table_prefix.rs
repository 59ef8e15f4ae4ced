//! Tables behind a prefix, as ThinkJS may have given it to the original's: everything is about them, and nothing about a
//! `deal` beside them, which is another program's.

use futures_util::future::join_all;
use wechat_pay::dry_run;
use wechat_pay::language::Language::English;
use wechat_pay::store::{DatabaseUrl, Store};

use crate::support::database::{Database, Engine, Look};
use crate::support::on_both_engines;
use crate::support::test_app::{OPENING_TIME, TestApp, TestAppBuilder};
use crate::support::wechat_message::{ACKNOWLEDGED, WeChatMessage};

/// All that a migration makes, in the order of their names.
const OURS: [&str; 16] = [
    "alarm",
    "audit",
    "bill",
    "bill_difference",
    "bill_file",
    "bill_part",
    "checkout",
    "console_session",
    "console_totp",
    "deal",
    "deal_event",
    "deal_migration",
    "outbox",
    "refund",
    "webhook_delivery",
    "webhook_pause",
];

/// The original's table and its rows, as `think_deal`.
fn original() -> String {
    include_str!("../../support/original.sql").replace("`deal`", "`think_deal`").replace("INSERT INTO deal ", "INSERT INTO think_deal ")
}

fn url(database: &Database, prefix: &str) -> DatabaseUrl {
    database.url.parse::<DatabaseUrl>().unwrap().with_tables(prefix.parse().unwrap())
}

async fn planned(database: &Database, prefix: &str) -> String {
    dry_run::tell(&Store::dry_run(&url(database, prefix), OPENING_TIME.parse().unwrap()).await.unwrap(), English)
}

async fn tables(look: &Look) -> Vec<String> {
    let tables = match look {
        Look::MySql(_) => "SELECT CAST(table_name AS CHAR) FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1",
        Look::Sqlite(_) => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1",
    };
    look.texts(tables).await.into_iter().flatten().collect()
}

async fn status(look: &Look, table: &str, order_id: &str) -> Option<String> {
    look.texts(&format!("SELECT CAST(status AS CHAR) FROM {table} WHERE order_id = '{order_id}'")).await.remove(0)
}

/// Opened, paid, asked about, closed, found by the sweeper, and told of.
async fn deals_live(app: &TestApp, table: &str) {
    let look = app.look().await;
    let (paid, closed, silent) = (app.to_pay("19.90").await, app.to_pay("5").await, app.to_pay("8.80").await);
    let crowd = join_all((0..12).map(|_| app.to_pay("19.90"))).await;
    app.payer_pays(&paid).await;
    let messages = join_all(crowd.iter().map(|order| app.notify(WeChatMessage::notification(&order.id, 1990).signed()))).await;
    assert!(messages.iter().all(|answer| answer.body == ACKNOWLEDGED));
    assert_eq!((app.trade_state(&paid.id).await, app.trade_state(&closed.id).await), ("SUCCESS".to_owned(), "NOTPAY".to_owned()));
    let twice = [app.to_pay_once("once", "5").await.json(), app.to_pay_once("once", "5").await.json()];
    assert_eq!(twice[0]["order_id"], twice[1]["order_id"]);
    app.time_passes(400);
    assert_eq!(app.close(&closed.id).await.json()["code"], 0);
    app.payer_pays_silently(&silent);
    app.sweep().await;
    app.sweep().await;
    for (order, expected) in crowd.iter().chain([&paid, &silent]).map(|order| (order, "1")).chain([(&closed, "2")]) {
        assert_eq!(status(&look, table, &order.id).await.unwrap(), expected);
    }
    let told = app.explain(&silent.id).await;
    assert!(told.contains("WeChat opened it") && told.contains("By the sweeper"), "{told}");
}

on_both_engines! {
    async fn with_a_prefix_no_other_table_is_touched(engine) {
        // One that quotes are needed for.
        const PREFIX: &str = "1e2_";
        let (database, look) = Database::beside_a_stranger(engine).await;
        assert!(planned(&database, PREFIX).await.contains("table       1e2_deal is made"));
        let app = TestAppBuilder::on(database).set("DATABASE__TABLE_PREFIX", PREFIX).open().await;
        let made = OURS.map(|table| format!("{PREFIX}{table}"));
        assert_eq!(tables(&look).await, [&made[..], &["deal", "refund"].map(str::to_owned)].concat());
        deals_live(&app, "`1e2_deal`").await;
        let database = app.stop().await;
        assert!(planned(&database, PREFIX).await.contains("nothing would be done"));
        let app = TestAppBuilder::on(database).set("DATABASE__TABLE_PREFIX", PREFIX).open().await;
        assert_eq!(look.texts("SELECT what FROM deal").await, []);
        assert_eq!(tables(&look).await, [&made[..], &["deal", "refund"].map(str::to_owned)].concat());
        let told = app.explain(look.texts("SELECT MAX(order_id) FROM `1e2_deal`").await[0].as_ref().unwrap()).await;
        assert!(told.contains("opened"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_of_the_original_s_with_a_prefix_is_adopted() {
    let (database, look) = Database::beside_a_stranger(Engine::MySql).await;
    look.run(&original()).await;
    let plan = planned(&database, "think_").await;
    for words in ["think_deal has 42 rows", "29 rows become the row of record", "15 of them are undecided"] {
        assert!(plan.contains(words), "{plan}");
    }
    assert!(!plan.contains("elsewhere"), "{plan}");

    let app = TestAppBuilder::on(database).set("DATABASE__TABLE_PREFIX", "think_").open().await;
    let made = OURS.map(|table| format!("think_{table}"));
    assert_eq!(tables(&look).await, [&["deal", "refund"].map(str::to_owned), &made[..]].concat());
    assert_eq!(look.texts("SELECT CAST(COUNT(order_key) AS CHAR) FROM think_deal").await, [Some("29".to_owned())]);
    let insert = "SET SESSION sql_mode = ''; INSERT INTO think_deal (order_id, product_id, merchant_id, price, status)";
    look.run(&format!("{insert} VALUES ('inserted-after', 34, 12, 19.9, 0)")).await;
    for order_id in ["2026040111000012345", "inserted-after"] {
        assert_eq!(app.trade_state(order_id).await, "NOTPAY");
        assert_eq!(app.notify(WeChatMessage::notification(order_id, 1990).signed()).await.body, ACKNOWLEDGED, "{order_id}");
        assert_eq!(status(&look, "think_deal", order_id).await.unwrap(), "1");
    }
    deals_live(&app, "think_deal").await;
    assert_eq!(look.texts("SELECT what FROM deal").await, [], "somebody else's is as it was");
    assert_eq!(app.till.get("/readyz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_told_by_the_table_s_whole_name() {
    for (change, words) in [
        ("ALTER TABLE think_deal MODIFY order_id varchar(30) NOT NULL", "column think_deal.order_id must be"),
        ("CREATE INDEX deal_order_key ON think_deal (product_id)", "CREATE UNIQUE INDEX deal_order_key ON think_deal (order_key)"),
        ("CREATE UNIQUE INDEX once ON think_deal (product_id)", "DROP INDEX once ON think_deal"),
        ("ALTER TABLE think_deal ENGINE=MyISAM", "ALTER TABLE think_deal ENGINE=InnoDB"),
        ("ALTER TABLE think_deal ADD CONSTRAINT dear CHECK (price < 0)", "the table think_deal takes no row of this service"),
    ] {
        let database = Database::fresh(Engine::MySql).await;
        let look = database.look().await;
        look.run(original().split("-- As its insert").next().unwrap()).await;
        look.run(change).await;
        let plan = planned(&database, "think_").await;
        let refused = Store::migrate(&url(&database, "think_"), OPENING_TIME.parse().unwrap()).await.unwrap_err().to_string();
        assert!(plan.contains(words) && refused.contains(words), "{plan}{refused}");
        assert_eq!(tables(&look).await, ["think_deal"], "nothing was made");
    }
}

/// Its indexes have names that are those of the whole file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_with_deals_under_another_prefix_is_refused_untouched() {
    let app = TestApp::open(Engine::Sqlite).await;
    app.to_pay("5").await;
    let database = app.stop().await;
    let words = "the file holds its deals in the table \"deal\", which database.table_prefix must lead to";
    let plan = planned(&database, "think_").await;
    let refused = Store::migrate(&url(&database, "think_"), OPENING_TIME.parse().unwrap()).await.unwrap_err().to_string();
    assert!(plan.contains(words) && refused.contains(words), "{plan}{refused}");
    assert_eq!(tables(&database.look().await).await, OURS);
}
