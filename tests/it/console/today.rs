//! The page of today: its numbers as a chart and as a table in both languages, and what it says of what is not well.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::sleep;
use wechat_pay::clock::Clock;
use wechat_pay::simulator::DEFAULT_MERCHANT;

use crate::books::rows::{Row, insert, insert_many};
use crate::support::certificates::pair;
use crate::support::console::{Browser, OPERATOR, VIEWER};
use crate::support::database::{Database, Engine};
use crate::support::on_both_engines;
use crate::support::proxy::Proxy;
use crate::support::test_app::{TestApp, TestAppBuilder};

async fn open(engine: Engine) -> TestApp {
    TestAppBuilder::new(engine).await.with_console().open().await
}

/// The page as it is once the board has been counted anew.
async fn today(app: &TestApp, browser: &Browser) -> String {
    app.time_passes(15);
    app.gateway().count_board().await;
    browser.page("/").await
}

/// A row of the table of hours, without its markup.
fn row(page: &str, label: &str) -> String {
    let (_, rest) = page.split_once(&format!("<tr><th scope=\"row\">{label}</th>")).unwrap_or_else(|| panic!("no {label} in {page}"));
    rest.split("</tr>").next().unwrap().replace("<td class=\"amount\">", " ").replace("</td>", "").trim().to_owned()
}

/// The line of the table of health that says this.
fn health<'a>(page: &'a str, words: &str) -> &'a str {
    let (_, health) = page.split_once("id=\"health\"").unwrap();
    health.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("nothing of {words} in {health}"))
}

on_both_engines! {
    async fn the_hours_of_today_stand_beside_those_of_other_days(engine) {
        let app = open(engine).await;
        insert(&app.look().await, &[
            Row::unpaid("w1", "2026-03-25 10:00:00").paid("2026-03-25 10:00:01"),
            Row::unpaid("y1", "2026-03-31 10:30:00").paid("2026-03-31 10:30:10"),
            Row::unpaid("y2", "2026-03-31 23:00:00").paid("2026-03-31 23:59:59"),
            Row::unpaid("t1", "2026-04-01 10:59:00").paid("2026-04-01 10:59:59"),
            Row::unpaid("t2", "2026-04-01 10:59:00").paid("2026-04-01 11:00:00"),
            Row::unpaid("t3", "2026-04-01 12:00:00").paid("2026-04-01 12:00:00"),
        ]).await;
        let mut browser = Browser::of_user(VIEWER, &app).await;
        let page = today(&app, &browser).await;
        for (label, cells) in [
            ("10:00", "¥19.90 1 ¥0.00 ¥19.90 ¥19.90 ¥19.90"),
            ("12:00", "¥19.90 1 ¥0.00 ¥19.90 ¥0.00 ¥0.00"),
            ("23:00", "¥19.90 ¥0.00"),
            ("Up to 12:00", "¥39.80 2 ¥0.00 ¥39.80 ¥19.90 ¥19.90"),
            ("Whole day", "¥59.70 3 ¥0.00 ¥59.70 ¥39.80 ¥19.90"),
        ] {
            assert_eq!(row(&page, label), cells, "{label}");
        }
        assert!(page.contains("3 payments; up to 12:00 ¥39.80, against ¥19.90 yesterday and ¥19.90 last Wednesday"), "{page}");
        assert_eq!((page.matches("<rect class=\"today\" x=").count(), page.matches("<line class=\"yesterday\" x1").count()), (3, 2));
        assert!(page.contains("<svg role=\"img\" aria-labelledby=\"chart-title chart-words\"") && page.contains("<desc id=\"chart-words\">Today ¥59.70, yesterday ¥39.80"));
        assert!(page.len() < 40_000 && !page.contains("style=") && !page.contains("{{"), "{} bytes", page.len());
        browser.language = "zh";
        let page = browser.page("/").await;
        assert!(page.contains("今日收款") && page.contains("3 笔；到 12:00 为 ¥39.80，昨天同期 ¥19.90，上周三同期 ¥19.90"), "{page}");
        assert!(!page.contains("Paid today") && !page.contains("{{"), "{page}");
    }

    async fn what_waits_is_told_with_its_age(engine) {
        let app = open(engine).await;
        let browser = Browser::of_user(OPERATOR, &app).await;
        let page = today(&app, &browser).await;
        assert!(page.contains("no payment within a day") && page.contains("No alarm waits for an answer."), "{page}");
        let (paid, _open) = (app.to_pay("19.90").await, app.to_pay("5").await);
        app.payer_pays(&paid).await;
        app.time_passes(600);
        let page = today(&app, &browser).await;
        assert!(page.contains("the oldest for 10 min") && page.contains("1 of 2 opened today are paid"), "{page}");
        assert!(page.contains("median of the last 1 payments; 95% within 0 s; 0 came without one"), "{page}");
    }

    async fn an_alarm_that_nobody_has_answered_stands_above_the_figures(engine) {
        let app = open(engine).await;
        app.look().await.run("INSERT INTO alarm (entry, kind, order_id, at, open) VALUES (1, 'paid_late', '<b>x</b>', '2026-04-01 10:00:00', 1), (2, 'money', 'o-1', '2026-04-01 11:00:00', 1)").await;
        let page = today(&app, &Browser::of_user(VIEWER, &app).await).await;
        assert!(page.contains("<a href=\"/alarms\">Alarms that wait for an answer: 2</a>") && page.contains("2026-04-01 11:00") && page.contains("href=\"/deals/o-1\">o-1</a>"), "{page}");
        assert!(page.find("id=\"alarms\"") < page.find("class=\"figures\"") && !page.contains("<b>x"), "{page}");
    }

    async fn a_missing_bill_and_an_account_that_is_gone_are_no_good_health(engine) {
        let app = open(engine).await;
        let browser = Browser::of_user(VIEWER, &app).await;
        let page = today(&app, &browser).await;
        assert!(health(&page, ">Bills</a>").contains("state good") && health(&page, ">Accounts</a>").contains("1 configured"), "{page}");
        let look = app.look().await;
        look.run("INSERT INTO bill (account, day, outcome, payments, paid_fee, refunds, refunded_fee, fee, differences, unlisted) VALUES ('default', '2026-03-30', 'missing', 0, 0, 0, 0, 0, 0, 0)").await;
        insert(&look, &[Row::unpaid("t1", "2026-04-01 11:00:00").of(12, "shop3")]).await;
        look.run("UPDATE deal SET due_at = '2026-04-01 11:00:05', create_at = create_at, update_at = update_at WHERE order_id = 't1'").await;
        app.time_passes(60);
        app.gateway().look_for_missing_accounts().await;
        let page = today(&app, &browser).await;
        assert!(health(&page, "no bill for 1 of the last seven days").contains("<span class=\"state bad\">not well</span>"), "{page}");
        assert!(health(&page, "shop3 is not configured, and 1 undecided").contains("href=\"/accounts\""), "{page}");
    }

    async fn an_endpoint_that_does_not_answer_is_told_of(engine) {
        let builder = TestAppBuilder::new(engine).await.with_console();
        // Nothing listens there.
        let builder = builder.set("WEBHOOKS__SHOP__URL", "http://127.0.0.1:9/");
        let app = builder.set("WEBHOOKS__SHOP__SECRET", "whsec_TmV2ZXIgdXNlIHRoaXMgc2VjcmV0IGFueXdoZXJl").open().await;
        let browser = Browser::of_user(VIEWER, &app).await;
        assert!(health(&today(&app, &browser).await, ">Webhooks</a>").contains("1 configured, and each takes its events"));
        for order in app.to_pay_at_once(5).await {
            app.payer_pays(&order).await;
        }
        let name = "shop".parse().unwrap();
        for _ in 0..1000 {
            if app.gateway().is_circuit_open(&name) {
                break;
            }
            sleep(Duration::from_millis(10)).await;
        }
        let page = today(&app, &browser).await;
        assert!(health(&page, "shop does not answer, and is tried once a minute; 5 wait").contains("state bad"), "{page}");
    }

    async fn a_page_of_many_payments_waits_for_no_count(engine) {
        let app = open(engine).await;
        insert_many(&app.look().await, 1, 20_000, 1).await;
        let browser = Browser::of_user(VIEWER, &app).await;
        let mut answer = browser.get("/").await;
        for _ in 0..200 {
            if answer.body.contains("counted at") {
                break;
            }
            let is_being_counted = answer.body.contains("Today is being counted") && answer.header("refresh") == Some("3");
            // A busy machine's database may be too slow for a question.
            assert!(is_being_counted || answer.body.contains("Today could not be counted"), "{}", answer.body);
            sleep(Duration::from_millis(100)).await;
            app.time_passes(15);
            answer = browser.get("/").await;
        }
        assert!(answer.header("refresh").is_none() && answer.body.contains("¥398,000.00"), "{}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_told_of_while_there_are_days_left() {
    let clock = Clock::manual(Clock::System.now());
    let [certificate, key] = pair(DEFAULT_MERCHANT.mch_id, clock.now() + TimeDelta::days(20));
    let builder = TestAppBuilder::new(Engine::Sqlite).await.by(clock).with_console();
    let app = builder.set("WECHAT__CLIENT_CERT", certificate).set("WECHAT__CLIENT_KEY", key).open().await;
    let browser = Browser::of_user(VIEWER, &app).await;
    assert!(health(&today(&app, &browser).await, "that of default is good for 19 days more").contains("state waiting"));
    assert!(browser.page("/accounts").await.contains("<span class=\"state waiting\">19 days more, until "));
    // A session lives for half a day.
    app.clock.advance(TimeDelta::days(20));
    let browser = Browser::of_user(VIEWER, &app).await;
    assert!(health(&today(&app, &browser).await, "WeChat takes no refund with it").contains("state bad"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_leaves_what_was_counted_and_a_page_says_so() {
    let database = Database::fresh(Engine::MySql).await;
    let proxy = Proxy::to(database.server_address());
    let url = database.url_through(proxy.address);
    let app = TestAppBuilder::on(database).set("DATABASE__URL", url).with_console().open().await;
    let browser = Browser::of_user(VIEWER, &app).await;
    let page = today(&app, &browser).await;
    assert!(health(&page, ">Database<").contains("state"), "{page}");
    let known = app.gateway().last_count().board;
    proxy.down();
    app.time_passes(15);
    let mut answer = browser.get("/").await;
    for _ in 0..50 {
        if answer.status == 503 {
            break;
        }
        // The connections end one after the other.
        sleep(Duration::from_millis(20)).await;
        answer = browser.get("/").await;
    }
    assert!(answer.status == 503 && answer.body.contains("database"), "who looks is not known either: {} {}", answer.status, answer.body);
    app.gateway().count_board().await;
    let last = app.gateway().last_count();
    assert_eq!((last.has_failed, last.board.unwrap().at), (true, known.unwrap().at));
    assert!(last.not_ready.is_some_and(|why| why.to_string().contains("database")), "it is said at the next look");
    proxy.up();
    for _ in 0..50 {
        if today(&app, &browser).await.contains("it answers") {
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("the database is back, and the page does not say so");
}
