//! The board of today: its numbers are those of the takings, each hour is counted once when it is over, and nothing is scanned for it.

use chrono::TimeDelta;
use wechat_pay::deal::{Day, HourlyTakings, Reach, TakingsBy, TakingsWish};
use wechat_pay::gateway::Board;

use crate::books::rows::{Row, insert, insert_many};
use crate::support::database::{Database, Look};
use crate::support::mariadb::MariaDb;
use crate::support::meter::Meter;
use crate::support::on_both_engines;
use crate::support::test_app::{TestApp, TestAppBuilder};

/// Beside those of a day: the last second of the day before, which the clock of a server in another zone would count to it.
const ROWS: [Row; 8] = [
    Row::unpaid("w1", "2026-03-25 10:00:00").paid("2026-03-25 10:00:01"),
    Row::unpaid("y1", "2026-03-31 00:00:00").paid("2026-03-31 00:00:00"),
    Row::unpaid("y2", "2026-03-31 23:00:00").paid("2026-03-31 23:59:59"),
    Row::unpaid("t1", "2026-03-31 23:59:59").paid("2026-04-01 00:00:00"),
    Row::unpaid("t2", "2026-04-01 09:59:00").of(9, "shop2").paid("2026-04-01 09:59:59"),
    Row::unpaid("t3", "2026-04-01 09:59:00").paid("2026-04-01 10:00:00"),
    Row::unpaid("t4", "2026-04-01 11:00:00"),
    Row::unpaid("t5", "2026-04-01 11:00:00").paid("2026-04-01 11:00:00"),
];

async fn refund(look: &Look, refund_id: &str, order_id: &str, fee: i64, state: &str, at: &str) {
    look.run(&format!(
        "INSERT INTO refund (refund_id, order_id, refund_fee, of_second_payment, state, source, created_at, refunded_at) \
         VALUES ('{refund_id}', '{order_id}', {fee}, 0, '{state}', 'api', '{at}', '{at}')"
    ))
    .await;
}

/// Counted anew, for it is time to.
async fn board(app: &TestApp) -> Board {
    app.time_passes(15);
    app.gateway().count_board().await;
    app.gateway().last_count().board.expect("a board").as_ref().clone()
}

/// The hours that have any takings: payments, fen, fen that went back.
fn told(takings: &HourlyTakings) -> String {
    let hours = takings.hours.iter().enumerate().filter(|(_, sums)| sums.paid_count + sums.refunded_count > 0);
    let told = hours.map(|(hour, sums)| format!("{hour}:{}/{}-{}", sums.paid_count, sums.paid_fee, sums.refunded_fee));
    told.collect::<Vec<_>>().join(" ")
}

async fn taken(app: &TestApp, day: Day) -> wechat_pay::deal::Sums {
    let wish = TakingsWish { from: day, to: day, by: TakingsBy::Day, reach: Reach::default() };
    app.gateway().takings(&wish).await.unwrap().unwrap().total()
}

on_both_engines! {
    async fn each_hour_has_its_payments_and_a_day_what_its_takings_have(engine) {
        let app = TestApp::open(engine).await;
        let look = app.look().await;
        insert(&look, &ROWS).await;
        look.run("UPDATE deal SET mode = 1, create_at = create_at, update_at = update_at WHERE order_id = 't5'").await;
        refund(&look, "r1", "y1", 500, "SUCCESS", "2026-04-01 10:59:59").await;
        refund(&look, "r2", "t1", 1990, "SUCCESS", "2026-04-01 11:00:00").await;
        refund(&look, "r3", "t2", 1, "PROCESSING", "2026-04-01 11:00:00").await;
        let board = board(&app).await;
        assert_eq!(told(&board.today), "0:1/1990-0 9:1/1990-0 10:1/1990-500 11:0/0-1990", "a payment by Alipay is none of WeChat's");
        assert_eq!((told(&board.yesterday), told(&board.week_ago)), ("0:1/1990-0 23:1/1990-0".to_owned(), "10:1/1990-0".to_owned()));
        for day in [&board.today, &board.yesterday, &board.week_ago] {
            assert_eq!(day.total(), taken(&app, day.day).await, "{}", day.day);
        }
        assert_eq!([board.yesterday.day, board.week_ago.day].map(|day| day.to_string()), ["2026-03-31", "2026-03-25"]);
        assert_eq!((board.refunds.undecided, board.purchases.opened, board.purchases.paid), (1, 3, 2));
        assert_eq!((board.purchases_yesterday.opened, board.purchases_yesterday.paid), (3, 3));
    }

    async fn at_midnight_in_beijing_today_becomes_yesterday(engine) {
        let app = TestApp::open(engine).await;
        app.clock.advance(TimeDelta::hours(12) - TimeDelta::seconds(20));
        insert(&app.look().await, &[Row::unpaid("t1", "2026-04-01 23:59:00").paid("2026-04-01 23:59:40")]).await;
        let before = board(&app).await;
        assert_eq!((before.today.day.to_string(), told(&before.today)), ("2026-04-01".to_owned(), "23:1/1990-0".to_owned()));
        let after = board(&app).await;
        assert_eq!((after.today.day.to_string(), told(&after.today), told(&after.yesterday)), ("2026-04-02".to_owned(), String::new(), "23:1/1990-0".to_owned()));
        assert_eq!(after.week_ago.day.to_string(), "2026-03-26");
    }

    async fn however_many_look_it_is_counted_every_fifteen_seconds(engine) {
        let app = TestApp::open(engine).await;
        assert_eq!(board(&app).await.today.total().paid_count, 0);
        insert(&app.look().await, &[Row::unpaid("t1", "2026-04-01 12:00:00").paid("2026-04-01 12:00:05")]).await;
        app.time_passes(14);
        for _ in 0..3 {
            app.gateway().count_board().await;
        }
        assert_eq!(app.gateway().last_count().board.unwrap().today.total().paid_count, 0);
        app.time_passes(1);
        app.gateway().count_board().await;
        assert_eq!(app.gateway().last_count().board.unwrap().today.total().paid_count, 1);
    }

    async fn what_is_learned_of_hours_later_comes_in_by_turns(engine) {
        let app = TestApp::open(engine).await;
        assert_eq!(board(&app).await.week_ago.total().paid_count, 0);
        insert(&app.look().await, &[Row::unpaid("w1", "2026-03-25 02:00:00").paid("2026-03-25 02:30:00")]).await;
        let counted = [board(&app).await, board(&app).await, board(&app).await].map(|board| told(&board.week_ago));
        assert_eq!(counted, ["", "", "2:1/1990-0"], "the first hours of the first day have their turns first");
    }

    async fn what_payers_do_is_seen_at_the_next_count(engine) {
        let app = TestApp::open(engine).await;
        let (paid, late) = (app.to_pay("19.90").await, app.to_pay("1").await);
        app.to_pay("5").await;
        app.payer_pays(&paid).await;
        app.payer_pays_silently(&late);
        app.time_passes(100);
        app.trade_state(&late.id).await;
        let board = board(&app).await;
        assert_eq!((board.today.total().paid_count, board.today.total().paid_fee), (2, 2090));
        assert_eq!((board.purchases.opened, board.purchases.paid, board.undecided.count), (3, 2, 1));
        assert_eq!((board.heard.payments, board.heard.notified, board.heard.median), (2, 1, 0), "one was found by asking");
    }

    async fn the_ways_to_pay_one_checkout_are_one_purchase(engine) {
        let app = TestApp::open(engine).await;
        let rows = ["c1", "c2", "c3"].map(|order_id| Row { order_id, ..Row::unpaid("", "2026-04-01 11:00:00") });
        let look = app.look().await;
        insert(&look, &rows).await;
        look.run("UPDATE deal SET checkout_id = 'C1', create_at = create_at, update_at = update_at WHERE order_id IN ('c1', 'c2')").await;
        look.run("UPDATE deal SET trade_type = 'JSAPI', status = 1, create_at = create_at, update_at = update_at WHERE order_id = 'c1'").await;
        look.run("UPDATE deal SET trade_type = 'NATIVE', status = 2, create_at = create_at, update_at = update_at WHERE order_id = 'c2'").await;
        let board = board(&app).await;
        assert_eq!((board.purchases.opened, board.purchases.paid), (2, 1));
    }
}

/// What is read of an index or a table.
const READS: [&str; 5] = ["Handler_read_key", "Handler_read_next", "Handler_read_prev", "Handler_read_rnd", "Handler_read_rnd_next"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_count_reads_the_hours_that_are_not_over_and_one_that_is() {
    let server = MariaDb::start(&["--event-scheduler=OFF", "--innodb-stats-auto-recalc=OFF"]).await;
    let app = TestAppBuilder::on(Database::on_server(&server.url()).await).open().await;
    let look = app.look().await;
    // One a second from midnight on: the clock says noon.
    insert_many(&look, 1, 43_200, 1).await;
    look.run("ANALYZE TABLE deal").await;
    assert_eq!(board(&app).await.today.total().paid_count, 43_200);
    app.time_passes(15);
    let meter = Meter::start(&server.url()).await;
    app.gateway().count_board().await;
    let spent = meter.stop().await;
    let read: u64 = READS.iter().map(|name| spent.of(name)).sum();
    // The hour before noon: by the index for the ends of slices and again to add them up, once for payments and once for purchases, which
    // are told apart once more.
    assert!((18_000..20_000).contains(&read), "{read} rows");
}
