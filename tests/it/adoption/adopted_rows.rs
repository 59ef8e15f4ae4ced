//! Rows that another program writes mean what that program meant: its times, its prices, its ways to pay.

use std::time::Duration;

use wechat_pay::dry_run;
use wechat_pay::language::Language::English;
use wechat_pay::store::Store;

use crate::support::database::{Database, Engine, Look};
use crate::support::listener::Listener;
use crate::support::mariadb::MariaDb;
use crate::support::test_app::{OPENING_TIME, TestApp, TestAppBuilder};
use crate::support::wechat_message::{ACKNOWLEDGED, WeChatMessage};

const ORIGINAL: &str = include_str!("../../support/original.sql");
const NOON: i64 = 1_775_016_000;

/// An app on the original's table, without rows, and a look as the original's sessions have it.
async fn app_on(database: Database) -> (TestApp, Look) {
    let look = database.look().await;
    look.run(ORIGINAL.split("-- As its insert").next().unwrap()).await;
    let app = TestAppBuilder::on(database).open().await;
    (app, look)
}

/// As the original's insert does: the time is the database's own, in the session's time zone, at so many seconds after noon.
async fn the_original_opens(look: &Look, order_id: &str, zone: &str, seconds: i64) {
    look.run(&format!(
        "SET SESSION sql_mode = '', time_zone = {zone}, timestamp = {}; \
         INSERT INTO deal (order_id, product_id, merchant_id, price, status) VALUES ('{order_id}', 34, 12, 19.9, 0)",
        NOON + seconds
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_closed_when_its_time_is_over_wherever_the_clock() {
    // When its time is over at the latest, in seconds: rows may also have been written in Beijing time.
    for (zone, hours, over) in [("+00:00", "8:00 h behind", 7200), ("+09:00", "1:00 h ahead of", 7200 + 3600)] {
        let server = MariaDb::start(&[&format!("--default-time-zone={zone}")]).await;
        let (app, look) = app_on(Database::on_server(&server.url()).await).await;
        the_original_opens(&look, "theirs", "@@GLOBAL.time_zone", 0).await;
        app.sweep().await;
        assert_eq!((app.calls("orderquery"), app.calls("closeorder")), (1, 0), "{zone}: it is asked about at once");
        app.time_passes(60);
        let told = app.explain("theirs").await;
        assert!(told.contains("opened 2026-04-01T12:00:00+08:00") && told.contains("can be paid until 2026-04-01T1"), "{zone}: {told}");
        assert!(!told.contains("time is over"), "{zone}: {told}");
        let early = app.close("theirs").await.json();
        assert_eq!((&early["reason"], &early["retry_after"]), (&"TOO_EARLY".into(), &240.into()), "{zone}");
        app.time_passes(over - 60 - 1);
        app.sweep().await;
        assert_eq!(app.calls("closeorder"), 0, "{zone}");
        app.time_passes(700);
        app.sweep().await;
        assert_eq!(app.calls("closeorder"), 1, "{zone}");
        assert!(app.explain("theirs").await.contains("its time is over"), "{zone}");

        // A dry run on the same server says by which clock rows will be read.
        let database = Database::on_server(&server.url()).await;
        database.look().await.run(ORIGINAL).await;
        let plan = Store::dry_run(&database.url.parse().unwrap(), OPENING_TIME.parse().unwrap()).await.unwrap();
        assert!(dry_run::tell(&plan, English).contains(&format!("{hours} Beijing's")), "{}", dry_run::tell(&plan, English));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_whose_clock_nobody_knows_is_asked_about_and_not_closed() {
    let server = MariaDb::start(&["--init-connect=SET time_zone = '-05:00'"]).await;
    let (app, look) = app_on(Database::on_server(&server.url()).await).await;
    the_original_opens(&look, "theirs", "'-05:00'", 0).await;
    for hours in 1..=14 {
        app.time_passes(3600);
        let asked = app.calls("orderquery");
        app.sweep().await;
        assert_eq!((app.calls("orderquery"), app.calls("closeorder")), (asked + 1, 0), "{hours}");
    }
    app.time_passes(14 * 3600);
    app.sweep().await;
    assert_eq!(app.calls("closeorder"), 1, "older than its two hours on every clock of the earth");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_from_the_future_is_asked_about_and_not_closed() {
    let server = MariaDb::start(&["--default-time-zone=+00:00"]).await;
    let (app, look) = app_on(Database::on_server(&server.url()).await).await;
    the_original_opens(&look, "theirs", "'+13:00'", 0).await;
    app.time_passes(7300);
    app.sweep().await;
    assert_eq!((app.calls("orderquery"), app.calls("closeorder")), (1, 0));
    let told = app.explain("theirs").await;
    assert!(told.contains("opened 2026-04-01T1") && !told.contains("time is over"), "{told}");
}

/// Every original value of every row by its order id, and of a column that the original never had.
async fn values(look: &Look) -> Vec<String> {
    let rows = look.texts("SELECT CONCAT_WS('|', order_id, product_id, merchant_id, price, price_last, mode, create_at, IF(COALESCE(status, 0) = 0, update_at, '')) FROM deal ORDER BY id").await;
    rows.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_change_of_ours_touches_a_time_that_it_does_not_mean() {
    let on_update = ORIGINAL.replace("DEFAULT CURRENT_TIMESTAMP,", "DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,").replace(
        "  PRIMARY KEY",
        "  `modi``fied` timestamp NOT NULL DEFAULT '2020-01-01 00:00:00' ON UPDATE CURRENT_TIMESTAMP,\n  PRIMARY KEY",
    );
    let on_update = on_update.replace("INSERT INTO deal VALUES", "INSERT INTO deal (id, order_id, product_id, merchant_id, transaction_id, price, price_last, status, mode, prepayBack, payBack, queryBack, create_at, update_at) VALUES");
    assert_eq!(on_update.matches("ON UPDATE").count(), 3);
    let database = Database::fresh(Engine::MySql).await;
    let look = database.look().await;
    look.run(&on_update).await;
    let before = values(&look).await;
    let app = TestAppBuilder::on(database).open().await;
    assert_eq!(values(&look).await, before, "adoption");
    let modified = look.texts("SELECT DISTINCT CAST(`modi``fied` AS CHAR) FROM deal").await;
    assert_eq!(modified, [Some("2020-01-01 00:00:00".to_owned())], "adoption rewrites no row");

    let mut known = before;
    // Rows that were there keep what they said; of those that were not, what they say first.
    let mut hold = async |what: &str| {
        let now = values(&look).await;
        for row in &now {
            let (order_id, _) = row.split_once('|').unwrap();
            let same: Vec<_> = known.iter().filter(|old| old.starts_with(&format!("{order_id}|"))).collect();
            let is_kept = same.iter().any(|old| *old == row || (row.ends_with('|') && old.starts_with(row.as_str())));
            assert!(same.is_empty() || is_kept, "{what}: {row} was {same:?}");
        }
        known.extend(now);
    };
    look.run("SET SESSION sql_mode = ''; INSERT INTO deal (order_id, product_id, merchant_id, price, create_at, update_at) VALUES ('stray', 34, 12, 5, '2026-04-01 11:59:00', '2026-04-01 11:59:01')").await;
    hold("the original's insert").await;
    app.trade_state("stray").await;
    assert_eq!(look.value("stray", "order_key").await.as_deref(), Some("stray"));
    hold("claim").await;
    let orders = [app.to_pay("19.90").await, app.to_pay("0.29").await, app.to_pay("5").await];
    hold("links").await;
    app.wechat().faults.drop_reply = 1.0;
    app.to_pay_once("key", "1").await;
    hold("a link that did not come").await;
    app.wechat().faults.drop_reply = 0.0;
    app.to_pay_once("key", "1").await;
    hold("the right to ask").await;
    app.time_passes(30);
    app.sweep().await;
    hold("looks").await;
    app.payer_pays(&orders[0]).await;
    app.payer_pays_silently(&orders[1]);
    app.trade_state(&orders[1].id).await;
    assert_eq!(app.notify(WeChatMessage::notification("stray", 500).signed()).await.body, ACKNOWLEDGED);
    hold("payments").await;
    app.time_passes(400);
    assert_eq!(app.close(&orders[2].id).await.json()["code"], 0);
    hold("closing").await;
    app.time_passes(7300);
    app.sweep().await;
    hold("giving up").await;
    assert_eq!([&orders[0], &orders[1], &orders[2]].map(|order| order.id.len()), [32; 3]);
    for order in &orders {
        assert_eq!(look.value(&order.id, "create_at").await.unwrap(), "2026-04-01 12:00:00");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_price_with_noise_is_settled_by_what_the_original_charged() {
    let (app, look) = app_on(Database::fresh(Engine::MySql).await).await;
    look.run(
        "SET SESSION sql_mode = ''; INSERT INTO deal (order_id, product_id, merchant_id, price, price_last, status) VALUES \
         ('times-three', 34, 12, 3 * 19.9e0, 0, 0), ('discount', 34, 12, 100, 3 * 19.9e0, 0), ('exact', 34, 12, 59.69, 0, 0), ('never', 34, 12, 59.695, 0, 0)",
    )
    .await;
    assert_eq!(look.value("times-three", "price").await.unwrap(), "59.699999999999996");
    for (order_id, fee) in [("times-three", 5970), ("discount", 5970), ("exact", 5969)] {
        for wrong in [fee - 1, fee + 1] {
            assert_eq!(app.notify(WeChatMessage::notification(order_id, wrong).signed()).await.status, 409, "{order_id} {wrong}");
        }
        assert_eq!(app.notify(WeChatMessage::notification(order_id, fee).signed()).await.body, ACKNOWLEDGED, "{order_id}");
    }
    for fee in [5969, 5970] {
        assert_eq!(app.notify(WeChatMessage::notification("never", fee).signed()).await.status, 409);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deal_of_another_way_to_pay_is_told_of_and_never_asked_about() {
    let database = Database::fresh(Engine::MySql).await;
    let look = database.look().await;
    look.run(ORIGINAL.split("-- As its insert").next().unwrap()).await;
    let alipay = "INSERT INTO deal (order_id, product_id, merchant_id, price, price_last, mode, status, create_at, update_at) VALUES";
    let at = "'2026-04-01 11:50:00', '2026-04-01 11:50:00'";
    look.run(&format!(
        "{alipay} ('adopted', 1, 1, 5, 0, 1, 0, {at}), ('followed', 1, 1, 5, 0, 1, NULL, {at}), ('paid', 1, 1, 5, 0, 1, 1, {at})"
    ))
    .await;
    let app = TestAppBuilder::on(database).open().await;
    look.run(&format!("{alipay} ('inserted', 1, 1, 5, 0, 1, 0, {at})")).await;
    // As a version that followed them left it.
    look.run("UPDATE deal SET due_at = '2026-04-01 11:55:00' WHERE order_id = 'followed'").await;
    for (hours, order_id) in [(0, "adopted"), (1, "inserted"), (3, "followed")] {
        app.time_passes(hours * 3600);
        app.sweep().await;
        assert_eq!(app.trade_state(order_id).await, "NOTPAY");
        let closing = app.close(order_id).await.json();
        assert_eq!((&closing["code"], &closing["detail"]), (&1.into(), &"the order is not paid by WeChat".into()), "{order_id}");
        assert_eq!(app.notify(WeChatMessage::notification(order_id, 500).signed()).await.status, 409, "{order_id}");
        assert_eq!(look.status(order_id).await, 0, "{order_id}");
        assert_eq!(look.value(order_id, "due_at").await, None, "{order_id}");
        let told = app.explain(order_id).await;
        assert!(told.contains("not paid by WeChat (mode 1)") && told.contains("never asked about it"), "{told}");
    }
    // The reader of its page hears of it from the table alone.
    let mut listener = Listener::to(&app.till, "adopted").await;
    assert_eq!(listener.next(Duration::from_secs(3)).await.word(), "NOTPAY");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(app.trade_state("paid").await, "SUCCESS");
    assert_eq!(app.all_calls(), 0);
}
