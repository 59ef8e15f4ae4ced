//! A table that the original filled is taken over: nothing in it changes but what is added, and life goes on.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::json;
use wechat_pay::store::Store;

use crate::support::database::{Database, Engine, Look};
use crate::support::stub::{Reply, Stub};
use crate::support::test_app::{OPENING_TIME, TestApp, TestAppBuilder};
use crate::support::wechat_message::{ACKNOWLEDGED, WeChatMessage, transaction_id};

const ORIGINAL: &str = include_str!("../../support/original.sql");
const COLUMNS: [&str; 14] = [
    "id",
    "order_id",
    "product_id",
    "merchant_id",
    "transaction_id",
    "price",
    "price_last",
    "status",
    "mode",
    "prepayBack",
    "payBack",
    "queryBack",
    "create_at",
    "update_at",
];
/// Of every number the paid row, else the newest; and no row whose number is none of ours.
const OF_RECORD: [i64; 29] =
    [1, 2, 3, 4, 5, 6, 7, 8, 11, 14, 16, 19, 21, 31, 32, 46, 47, 51, 52, 53, 54, 55, 56, 57, 58, 61, 62, 63, 2_000_000_001];

/// The original's table, and the one of installations where every change touches `update_at`.
fn both_tables() -> [String; 2] {
    let touched = ORIGINAL.replace(
        "`update_at` datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,",
        "`update_at` datetime NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,",
    );
    assert_ne!(touched, ORIGINAL);
    [ORIGINAL.to_owned(), touched]
}

async fn filled_by_the_original(table: &str) -> Database {
    let database = Database::fresh(Engine::MySql).await;
    database.look().await.run(table).await;
    database
}

async fn adopted() -> TestApp {
    TestAppBuilder::on(filled_by_the_original(ORIGINAL).await).open().await
}

/// Every byte of every column that the original made, a row a line.
async fn dump(look: &Look) -> Vec<String> {
    let columns: Vec<_> =
        COLUMNS.iter().map(|column| format!("COALESCE(HEX(CONVERT(CAST({column} AS CHAR) USING utf8mb4)), 'NULL')")).collect();
    let rows = look.texts(&format!("SELECT CONCAT_WS(',', {}) FROM deal ORDER BY id", columns.join(", "))).await;
    rows.into_iter().flatten().collect()
}

/// As [`dump`], of one row.
async fn row(look: &Look, id: i64) -> String {
    let rows = dump(look).await;
    let ids = look.texts("SELECT CAST(id AS CHAR) FROM deal ORDER BY id").await;
    rows[ids.iter().position(|found| found.as_deref() == Some(id.to_string().as_str())).unwrap()].clone()
}

async fn of_row(look: &Look, id: i64, column: &str) -> Option<String> {
    look.texts(&format!("SELECT CAST({column} AS CHAR) FROM deal WHERE id = {id}")).await.remove(0)
}

/// As the original's insert does, in the session that it has.
async fn the_original_inserts(look: &Look, order_id: &str, price: f64) {
    look.run(&format!(
        "SET SESSION sql_mode = ''; INSERT INTO deal (order_id, product_id, merchant_id, price, status) VALUES ('{order_id}', 34, 12, {price}, 0)"
    ))
    .await;
}

fn message(order_id: &str, total_fee: i64) -> String {
    WeChatMessage::notification(order_id, total_fee).signed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_and_every_byte_of_the_original_stays() {
    for table in both_tables() {
        let database = filled_by_the_original(&table).await;
        let look = database.look().await;
        let before = dump(&look).await;
        assert_eq!(before.len(), 42);
        let app = TestAppBuilder::on(database).open().await;
        assert_eq!(dump(&look).await, before);
        let claimed = look.texts("SELECT CAST(id AS CHAR) FROM deal WHERE order_key IS NOT NULL ORDER BY id").await;
        let expected = OF_RECORD.map(|id| Some(id.to_string()));
        assert_eq!(claimed, expected);
        let wrong = look
            .texts("SELECT order_id FROM deal WHERE order_key IS NOT NULL AND HEX(order_key) <> HEX(CONVERT(order_id USING ascii))")
            .await;
        assert_eq!(wrong, []);

        let whole = look.everything().await;
        let database = app.stop().await;
        let app = TestAppBuilder::on(database).open().await;
        assert_eq!(look.everything().await, whole, "a second start changes nothing");
        assert_eq!(Store::migrate(&app.database.url.parse().unwrap(), OPENING_TIME.parse().unwrap()).await.unwrap(), [""; 0]);
        assert_eq!(look.everything().await, whole);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deal_that_the_original_saw_paid_is_a_success_without_asking() {
    let app = adopted().await;
    for (order_id, paid_at) in [
        ("2026040111000012349", json!("2026-04-01T11:03:04+08:00")),
        ("2026040111000012351", json!("2026-04-01T11:04:06+08:00")),
        ("paid-then-unpaid", json!("2026-04-01T11:11:00+08:00")),
        ("unpaid-then-paid", json!("2026-04-01T11:12:01+08:00")),
        ("no-date-paid", json!(null)),
        ("of-2019-paid", json!("2019-05-01T00:01:00+08:00")),
    ] {
        let answer = app.query(order_id).await.json();
        assert_eq!((&answer["trade_state"], &answer["paid_at"]), (&json!("SUCCESS"), &paid_at), "{order_id}");
    }
    assert_eq!(app.trade_state("2026040111000012352").await, "CLOSED");
    assert_eq!(app.calls("orderquery"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wechat_is_asked_about_a_deal_that_the_original_left_unpaid() {
    let app = adopted().await;
    let look = app.look().await;
    let before = look.everything().await;
    let unpaid = ["2026040111000012345", "2026040111000012346", "2026040111000012348", "no-date", "half-a-date", "eight-days-old", "CASE"];
    for (asked, order_id) in unpaid.into_iter().enumerate() {
        assert_eq!(app.trade_state(order_id).await, "NOTPAY", "{order_id}");
        assert_eq!(app.calls("orderquery"), u64::try_from(asked).unwrap() + 1, "{order_id}");
    }
    for unknown in ["Case", "case-", "feed", "2026040111000012344"] {
        assert_eq!(app.query(unknown).await.status, 404, "{unknown}");
    }
    assert_eq!(look.everything().await, before, "asking changes nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deal_of_the_original_is_settled_by_the_right_amount_and_no_other() {
    for table in both_tables() {
        let app = TestAppBuilder::on(filled_by_the_original(&table).await).open().await;
        let look = app.look().await;
        let untouched = look.everything().await;
        for (order_id, wrong) in [
            ("2026040111000012345", 1989),
            ("2026040111000012345", 1991),
            ("2026040111000012346", 28),
            ("2026040111000012350", 2000),
            ("2026040111000012348", 1999),
            ("negative-price", 500),
            ("no-price", 1),
        ] {
            let answer = app.notify(message(order_id, wrong)).await;
            assert_eq!(answer.status, 409, "{order_id}");
            assert!(answer.body.contains("FAIL"));
        }
        assert_eq!(look.everything().await, untouched);

        let right = [
            ("2026040111000012345", 1990),
            ("2026040111000012346", 29),
            ("2026040111000012347", 10_000_000),
            ("2026040111000012350", 1850),
        ];
        for (order_id, fee) in right {
            assert_eq!(app.notify(message(order_id, fee)).await.body, ACKNOWLEDGED, "{order_id}");
            assert_eq!(look.status(order_id).await, 1);
            assert_eq!(look.value(order_id, "update_at").await.unwrap(), "2026-04-01 12:05:00", "the time of the payment");
            assert_eq!(look.value(order_id, "transaction_id").await.unwrap(), transaction_id(order_id));
        }
        assert_eq!(app.notify(message("2026040111000012352", 2000)).await.body, ACKNOWLEDGED, "expired, and paid after all");

        let settled = look.everything().await;
        app.time_passes(7200);
        for (order_id, fee) in right {
            assert_eq!(app.notify(message(order_id, fee)).await.body, ACKNOWLEDGED);
            assert_eq!(app.trade_state(order_id).await, "SUCCESS");
            assert_eq!(app.close(order_id).await.reason(), "ORDER_PAID");
        }
        let database = app.stop().await;
        let _app = TestAppBuilder::on(database).open().await;
        assert_eq!(look.everything().await, settled, "nothing touches a paid deal, update_at least of all");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_original_inserts_after_adoption_is_ours_too() {
    for table in both_tables() {
        let app = TestAppBuilder::on(filled_by_the_original(&table).await).open().await;
        let look = app.look().await;
        the_original_inserts(&look, "asked-first", 19.9).await;
        let before = look.value("asked-first", "update_at").await;
        assert_eq!(app.trade_state("asked-first").await, "NOTPAY");
        assert_eq!(app.calls("orderquery"), 1);
        assert_eq!(look.value("asked-first", "update_at").await, before, "finding it does not touch it");
        assert_eq!(app.notify(message("asked-first", 1991)).await.status, 409);
        assert_eq!(app.notify(message("asked-first", 1990)).await.body, ACKNOWLEDGED);
        assert_eq!(app.trade_state("asked-first").await, "SUCCESS");

        the_original_inserts(&look, "paid-at-once", 0.29).await;
        assert_eq!(app.notify(message("paid-at-once", 29)).await.body, ACKNOWLEDGED);
        assert_eq!(look.value("paid-at-once", "update_at").await.unwrap(), "2026-04-01 12:05:00");

        the_original_inserts(&look, "paid-by-the-original", 5.0).await;
        look.run("UPDATE deal SET status=1 WHERE order_id='paid-by-the-original'").await;
        assert_eq!(app.trade_state("paid-by-the-original").await, "SUCCESS");
        assert_eq!(
            app.notify(message("paid-by-the-original", 500)).await.body,
            ACKNOWLEDGED,
            "it kept no transaction id to tell them apart"
        );
        assert_eq!(app.calls("orderquery"), 1);

        // And it may write the status of a deal of ours.
        let order = app.to_pay("19.90").await;
        look.run(&format!("UPDATE deal SET status=1 WHERE order_id='{}'", order.id)).await;
        assert_eq!(app.trade_state(&order.id).await, "SUCCESS");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_repeated_numbers_the_row_of_record_is_paid_and_the_others_stay() {
    let app = adopted().await;
    let look = app.look().await;
    let before = dump(&look).await;
    // The prices differ, so a row that is not of record cannot be meant.
    for (order_id, wrong, right, paid) in [("unpaid-thrice", 500, 700, 19), ("expired-then-unpaid", 500, 600, 21), ("CASE", 500, 600, 32)] {
        assert_eq!(app.notify(message(order_id, wrong)).await.status, 409);
        assert_eq!(app.notify(message(order_id, right)).await.body, ACKNOWLEDGED);
        assert_eq!(of_row(&look, paid, "status").await.as_deref(), Some("1"));
    }
    let changed: Vec<_> = dump(&look).await.into_iter().filter(|row| !before.contains(row)).collect();
    assert_eq!(changed, [row(&look, 19).await, row(&look, 21).await, row(&look, 32).await]);

    // Repeated by the original while we run: the newest, and of those with a paid one that.
    for price in [3.0, 4.0] {
        the_original_inserts(&look, "again", price).await;
    }
    assert_eq!(app.notify(message("again", 400)).await.body, ACKNOWLEDGED);
    let statuses = look.texts("SELECT CAST(status AS CHAR) FROM deal WHERE order_id = 'again' ORDER BY id").await;
    assert_eq!(statuses, [Some("0".to_owned()), Some("1".to_owned())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_original_inserts_is_followed_whoever_commits_last() {
    let app = TestApp::open(Engine::MySql).await;
    let (slow, quick) = (app.look().await, app.look().await);
    slow.run("BEGIN").await;
    the_original_inserts(&slow, "lower-and-later", 5.0).await;
    the_original_inserts(&quick, "higher-and-sooner", 5.0).await;
    app.sweep().await;
    assert_eq!(quick.value("higher-and-sooner", "order_key").await.as_deref(), Some("higher-and-sooner"));
    slow.run("COMMIT").await;
    app.sweep().await;
    assert_eq!(quick.value("lower-and-later", "order_key").await.as_deref(), Some("lower-and-later"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_impossible_row_is_an_error_that_says_nothing_and_stops_nobody() {
    let app = adopted().await;
    let look = app.look().await;
    let before = look.everything().await;
    for order_id in ["status-127", "status-minus-1"] {
        let answer = app.query(order_id).await;
        assert_eq!((answer.status, answer.reason().as_str()), (500, "INTERNAL"));
        assert!(!["127", "deal", "row", "status"].iter().any(|secret| answer.body.contains(secret)), "{}", answer.body);
        assert_eq!(app.close(order_id).await.status, 500);
        let answer = app.notify(message(order_id, 500)).await;
        assert_eq!(answer.status, 503, "WeChat must go on repeating it until somebody has looked");
        assert!(answer.body.contains("FAIL"));
    }
    assert_eq!(look.everything().await, before);
    assert_eq!(app.trade_state("no-date-paid").await, "SUCCESS", "the service lives");
    assert_eq!(app.till.get("/readyz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deals_that_were_too_old_at_adoption_are_answered_and_never_followed_or_expired() {
    // A WeChat that has closed everything; one that is asked for a second time has nothing else to say.
    let wechat = Stub::start(|_, body| {
        let (_, rest) = body.split_once("<out_trade_no><![CDATA[").unwrap();
        let (order_id, _) = rest.split_once("]]>").unwrap();
        Reply::Body(
            WeChatMessage::notification(order_id, 500).with("trade_state", "CLOSED").with("trade_state_desc", "订单已关闭").signed(),
        )
    })
    .await;
    let app = TestAppBuilder::on(filled_by_the_original(ORIGINAL).await).with_wechat_at(wechat.address).open().await;
    let look = app.look().await;
    let due = look
        .texts(
            "SELECT order_id FROM deal WHERE due_at IS NOT NULL AND order_id IN ('eight-days-old', 'of-2019', 'no-date', 'unpaid-thrice')",
        )
        .await;
    assert_eq!(due, [Some("unpaid-thrice".to_owned())], "only what is younger than seven days is followed");
    let before = look.everything().await;
    for order_id in ["eight-days-old", "of-2019"] {
        assert_eq!(app.trade_state(order_id).await, "CLOSED", "{order_id}");
        assert_eq!(app.close(order_id).await.json()["code"], 0, "{order_id}");
    }
    assert_eq!(look.everything().await, before);
    assert_eq!(app.trade_state("unpaid-thrice").await, "CLOSED");
    assert_eq!(of_row(&look, 19, "status").await.as_deref(), Some("2"), "a young one expires on WeChat's word");
    assert_eq!(app.notify(message("of-2019", 500)).await.body, ACKNOWLEDGED, "and money is taken, however late");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_of_tens_of_thousands_of_rows_is_adopted_in_seconds() {
    let database = Database::fresh(Engine::MySql).await;
    let look = database.look().await;
    let (table, _) = ORIGINAL.split_once("-- As its insert").unwrap();
    look.run(table).await;
    // 40 000 numbers, each of them twice.
    look.run(
        "INSERT INTO deal (order_id, product_id, merchant_id, price, status) \
         SELECT CONCAT('n', a.d, b.d, c.d, e.d, f.d % 4), 1, 1, 5, NULL FROM \
         (SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) a, \
         (SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) b, \
         (SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) c, \
         (SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) e, \
         (SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7) f",
    )
    .await;
    let app = tokio::time::timeout(Duration::from_secs(60), TestAppBuilder::on(database).open())
        .await
        .expect("row by row it would take many minutes");
    assert_eq!(app.look().await.texts("SELECT CAST(COUNT(order_key) AS CHAR) FROM deal").await, [Some("40000".to_owned())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_begins_with_a_file_of_its_own_in_a_directory_for_its_user_alone() {
    let database = Database::fresh(Engine::Sqlite).await;
    let home = database.directory().unwrap().to_owned();
    let file = home.join("var").join("deals").join("deal.db");
    let app = TestAppBuilder::on(database).set("DATABASE__URL", format!("sqlite://{}", file.display())).open().await;
    assert_eq!(app.to_pay("19.90").await.id.len(), 32);
    assert!(file.is_file());
    for directory in ["var", "var/deals"] {
        assert_eq!(home.join(directory).metadata().unwrap().permissions().mode() & 0o777, 0o700, "{directory}");
    }

    let empty = Database::fresh(Engine::Sqlite).await;
    std::fs::write(empty.directory().unwrap().join("deal.db"), b"").unwrap();
    let app = TestAppBuilder::on(empty).open().await;
    assert_eq!(app.to_pay("19.90").await.id.len(), 32);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_knows_no_chinese_keeps_no_payment_from_being_stored() {
    let database = Database::fresh(Engine::MySql).await;
    database.look().await.run(ORIGINAL.replace("utf8", "latin1").split("INSERT").next().unwrap()).await;
    let app = TestAppBuilder::on(database).open().await;
    let order = app.to_pay("19.90").await;
    app.payer_pays_silently(&order);
    assert_eq!(app.trade_state(&order.id).await, "SUCCESS", "WeChat's answer describes the state in Chinese");
    let look = app.look().await;
    assert_eq!(look.status(&order.id).await, 1);
    assert!(look.value(&order.id, "queryBack").await.unwrap().contains("<trade_state_desc><![CDATA[????]]>"));
    let kept = look.texts(&format!("SELECT evidence FROM deal_event WHERE order_id = '{}' AND kind = 'settled'", order.id)).await;
    assert!(kept[0].as_ref().unwrap().contains("支付成功"), "the journal has the whole");

    let told = app.to_pay("19.90").await;
    app.notify_until_heard(WeChatMessage::notification(&told.id, 1990).with("attach", "赠品").signed()).await;
    assert!(look.value(&told.id, "payBack").await.unwrap().contains("??"));
    let kept = look.texts(&format!("SELECT evidence FROM deal_event WHERE order_id = '{}' AND kind = 'settled'", told.id)).await;
    assert!(kept[0].as_ref().unwrap().contains("赠品"), "a notification, too");
}
