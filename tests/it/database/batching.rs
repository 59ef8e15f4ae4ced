//! Group commit: payments, deals and links that wait together are committed together; no caller notices, and a bad one fails
//! alone.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::support::database::{Database, Engine, Look};
use crate::support::mariadb::MariaDb;
use crate::support::on_both_engines;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::{ACKNOWLEDGED, WeChatMessage};

/// More than a batch, and more than there are writers.
const CROWD: usize = 100;

fn message(order: &Order) -> String {
    WeChatMessage::notification(&order.id, 1990).signed()
}

/// As stored: paid once, by its own payment, with one event that tells of it.
async fn settled_once(look: &Look, order: &Order, message: &str) {
    assert_eq!(look.status(&order.id).await, 1);
    assert_eq!(look.value(&order.id, "payBack").await.as_deref(), Some(message), "its own message and nobody else's");
    let transaction = look.value(&order.id, "transaction_id").await.unwrap();
    assert!(message.contains(&transaction), "{transaction}");
    assert_eq!(look.value(&order.id, "transaction_key").await, Some(transaction));
    assert_eq!(look.value(&order.id, "due_at").await, None);
    let events = look.texts(&format!("SELECT evidence FROM deal_event WHERE order_id = '{}' AND kind = 'settled'", order.id)).await;
    assert_eq!(events, [None], "one event tells of it, and the deal keeps the message");
}

on_both_engines! {
    async fn a_crowd_pays_at_once_and_each_is_settled_by_his_own_payment(engine) {
        let app = TestApp::open(engine).await;
        let orders = app.to_pay_at_once(CROWD).await;
        assert_eq!(orders.iter().map(|order| &order.id).collect::<HashSet<_>>().len(), CROWD);
        assert_eq!(orders.iter().map(|order| &order.code_url).collect::<HashSet<_>>().len(), CROWD);
        let look = app.look().await;
        for order in &orders {
            assert_eq!(look.value(&order.id, "code_url").await.as_ref(), Some(&order.code_url), "the link that its payer was given");
        }
        let answers = join_all(orders.iter().map(|order| app.notify_until_heard(message(order)))).await;
        assert!(answers.iter().all(|answer| answer.body == ACKNOWLEDGED));
        for order in &orders {
            settled_once(&look, order, &message(order)).await;
        }
    }

    async fn repeats_wrong_amounts_and_strangers_among_good_ones_fail_alone(engine) {
        let app = TestApp::open(engine).await;
        let orders = app.to_pay_at_once(CROWD).await;
        let (good, cheated) = orders.split_at(CROWD - 10);
        // Every third comes three times at once.
        let repeats = good.iter().step_by(3).flat_map(|order| [order, order]);
        let (paid, wrong, unknown) = tokio::join!(
            join_all(good.iter().chain(repeats).map(|order| app.notify_until_heard(message(order)))),
            join_all(cheated.iter().map(|order| app.notify(WeChatMessage::notification(&order.id, 1).signed()))),
            join_all((0..10).map(|n| app.notify(WeChatMessage::notification(&format!("nobody-knows-{n}"), 1990).signed()))),
        );
        assert!(paid.iter().all(|answer| answer.body == ACKNOWLEDGED));
        assert!(wrong.iter().all(|answer| answer.status == 409 && answer.body.contains("AMOUNT")));
        assert!(unknown.iter().all(|answer| answer.status == 409 && answer.body.contains("UNKNOWN ORDER")));
        assert_eq!(app.alarms(), (0, 20));
        let look = app.look().await;
        for order in good {
            settled_once(&look, order, &message(order)).await;
        }
        for order in cheated {
            assert_eq!(look.status(&order.id).await, 0);
        }
    }

    async fn a_payment_that_pays_two_orders_at_once_pays_one(engine) {
        let app = TestApp::open(engine).await;
        let orders = app.to_pay_at_once(CROWD).await;
        let spent = |order: &Order| WeChatMessage::notification(&order.id, 1990).with("transaction_id", "4200000260999999999999999999").signed();
        let (twice, good) = orders.split_at(2);
        let (first, second, others) = tokio::join!(
            app.notify(spent(&twice[0])),
            app.notify(spent(&twice[1])),
            join_all(good.iter().map(|order| app.notify(message(order)))),
        );
        assert!(others.iter().all(|answer| answer.body == ACKNOWLEDGED));
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{} {}", first.body, second.body);
        let look = app.look().await;
        assert_eq!(look.status(&twice[0].id).await + look.status(&twice[1].id).await, 1);
        for order in good {
            settled_once(&look, order, &message(order)).await;
        }
    }

    async fn two_calls_with_one_key_among_many_open_one_deal(engine) {
        let app = TestApp::open(engine).await;
        // Each key comes twice, and both times at once.
        let answers = join_all((0..CROWD).map(|n| {
            let app = &app;
            async move {
                loop {
                    // A busy machine may send a caller away; the caller that comes again under its key gets the same deal.
                    let answer = app.to_pay_once(&format!("cart-{}", n / 2), "19.90").await;
                    if answer.status != 503 {
                        break answer.json();
                    }
                }
            }
        }))
        .await;
        let mut orders = HashSet::new();
        for pair in answers.chunks(2) {
                assert_eq!((&pair[0]["code"], &pair[1]["code"]), (&json!(0), &json!(0)), "{} {}", pair[0], pair[1]);
            assert_eq!((&pair[0]["order_id"], &pair[0]["code_url"]), (&pair[1]["order_id"], &pair[1]["code_url"]));
            orders.insert(pair[0]["order_id"].as_str().unwrap().to_owned());
        }
        assert_eq!(orders.len(), CROWD / 2);
        assert_eq!(app.look().await.count().await, CROWD / 2, "and no other row");
    }

    async fn callers_that_hang_up_take_nobody_with_them(engine) {
        let app = TestApp::open(engine).await;
        let orders = app.to_pay_at_once(CROWD).await;
        join_all(orders.iter().enumerate().map(|(n, order)| {
            let app = &app;
            async move {
                let patience = if n % 2 == 0 { Duration::from_micros(200 * n as u64) } else { Duration::from_secs(5) };
                let answer = timeout(patience, app.notify(message(order))).await;
                assert!(n % 2 == 0 || answer.is_ok_and(|answer| answer.body == ACKNOWLEDGED));
            }
        }))
        .await;
        let look = app.look().await;
        for order in orders.iter().skip(1).step_by(2) {
            settled_once(&look, order, &message(order)).await;
        }
    }

    async fn the_smallest_batch_is_one(engine) {
        let app = TestAppBuilder::new(engine).await.set("DATABASE__LARGEST_BATCH", 1).open().await;
        let orders = app.to_pay_at_once(20).await;
        let answers = join_all(orders.iter().map(|order| app.notify(message(order)))).await;
        assert!(answers.iter().all(|answer| answer.body == ACKNOWLEDGED));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_row_holds_up_its_own_payment_only() {
    let app = TestApp::open(Engine::MySql).await;
    let orders = app.to_pay_at_once(CROWD).await;
    let Look::MySql(look) = app.look().await else { unreachable!() };
    let mut lock = look.begin().await.unwrap();
    sqlx::query("SELECT id FROM deal WHERE order_key = ? FOR UPDATE").bind(&orders[7].id).fetch_one(&mut *lock).await.unwrap();
    let answers = join_all(orders.iter().map(|order| app.notify(message(order)))).await;
    lock.rollback().await.unwrap();
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(answer.body == ACKNOWLEDGED, n != 7, "{n}: {}", answer.body);
    }
}

/// Whatever such a connection did next would not be seen, or not be stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeats_that_travel_together_leave_no_transaction_open() {
    const OPEN: &str = "SELECT CAST(COUNT(*) AS CHAR) FROM information_schema.innodb_trx t \
        JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id WHERE p.db = DATABASE() AND p.id <> CONNECTION_ID()";
    let app = TestApp::open(Engine::MySql).await;
    let orders = app.to_pay_at_once(CROWD).await;
    for _ in 0..3 {
        let answers = join_all(orders.iter().map(|order| app.notify(message(order)))).await;
        assert!(answers.iter().all(|answer| answer.body == ACKNOWLEDGED));
        // What InnoDB shows may be a tenth of a second old, and what tells of payments is at work beside them; one that is left stays.
        let look = app.look().await;
        let mut open = look.texts(OPEN).await;
        for _ in 0..50 {
            if open == [Some("0".to_owned())] {
                break;
            }
            sleep(Duration::from_millis(100)).await;
            open = look.texts(OPEN).await;
        }
        assert_eq!(open, [Some("0".to_owned())]);
    }
}

/// A payer's message is repeated until it is acknowledged, as WeChat does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_killed_amid_batches_keeps_what_was_acknowledged() {
    let mut server = MariaDb::start(&[]).await;
    let app = TestAppBuilder::on(Database::on_server(&server.url()).await).open().await;
    let orders = app.to_pay_at_once(2 * CROWD).await;
    let acknowledged = AtomicUsize::new(0);
    let paying = join_all(orders.chunks(2).map(async |orders| {
        for order in orders {
            while app.notify(message(order)).await.body != ACKNOWLEDGED {
                sleep(Duration::from_millis(50)).await;
            }
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }));
    let killing = async {
        while acknowledged.load(Ordering::Relaxed) < CROWD / 4 {
            sleep(Duration::from_millis(1)).await;
        }
        let in_time = acknowledged.load(Ordering::Relaxed);
        server.kill();
        server.launch();
        server.ready_within(Duration::from_secs(60)).await.expect("it comes back");
        in_time
    };
    let (_, in_time) = tokio::join!(paying, killing);
    assert!(in_time < orders.len(), "all was over before the server was killed");
    let look = app.look().await;
    for order in &orders {
        settled_once(&look, order, &message(order)).await;
    }
}
