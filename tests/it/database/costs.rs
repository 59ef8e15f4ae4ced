//! What a call costs the database, by the database's own counters. A server of its own, so that nothing else is counted; and nobody to
//! tell, so that no publisher looks for news each second.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use wechat_pay::auth::Key;
use wechat_pay::chance::Chance;

use crate::support::database::{Database, Engine};
use crate::support::mariadb::MariaDb;
use crate::support::meter::{Counters, Meter};
use crate::support::proxy::Proxy;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::{ACKNOWLEDGED, WeChatMessage};

/// Calls measured at a time.
const CALLS: u64 = 20;

impl Counters {
    /// Statements that write, of whatever kind.
    pub fn writes(&self) -> u64 {
        ["Com_insert", "Com_update", "Com_delete", "Com_replace", "Com_insert_select", "Com_update_multi"]
            .iter()
            .map(|name| self.of(name))
            .sum()
    }

    /// So many transactions, committed or given up, and nothing beyond the statements themselves: no ping, no session
    /// setting, nothing prepared anew.
    fn nothing_beside(&self, committed: u64, given_up: u64) {
        assert_eq!((self.of("Com_commit"), self.of("Com_rollback")), (committed, given_up), "commits, rollbacks");
        assert_eq!(self.of("Com_begin"), 0, "a transaction begins with its first statement");
        for name in ["Com_admin_commands", "Com_set_option", "Com_change_db", "Com_stmt_prepare"] {
            assert_eq!(self.of(name), 0, "{name}");
        }
    }
}

async fn messages(orders: &[Order], app: &TestApp) {
    for order in orders {
        assert_eq!(app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.body, ACKNOWLEDGED);
    }
}

async fn orders(app: &TestApp, number: u64) -> Vec<Order> {
    let mut orders = Vec::new();
    for _ in 0..number {
        orders.push(app.to_pay("19.90").await);
    }
    orders
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_costs_the_database_what_was_promised() {
    let server = MariaDb::start(&["--event-scheduler=OFF", "--innodb-stats-auto-recalc=OFF", "--innodb-adaptive-flushing=OFF"]).await;
    let database = Database::on_server(&server.url()).await;
    let proxy = Proxy::to(database.server_address());
    let url = database.url_through(proxy.address);
    let wechat = TestApp::open(Engine::Sqlite).await;
    let app = TestAppBuilder::on(database).set("DATABASE__URL", url).on_wechat_of(&wechat).open().await;
    // Every worker has met every statement.
    let warm = orders(&app, 16).await;
    for _ in 0..2 {
        messages(&warm, &app).await;
    }
    for order in &warm {
        assert_eq!(app.trade_state(&order.id).await, "SUCCESS");
    }

    let (meter, asked) = (Meter::start(&server.url()).await, wechat.calls("unifiedorder"));
    let orders = orders(&app, CALLS).await;
    let spent = meter.stop().await;
    assert_eq!(wechat.calls("unifiedorder") - asked, CALLS, "toPay asks WeChat once");
    // The deal and its event; the link and its event.
    assert_eq!((spent.of("Com_insert"), spent.of("Com_update"), spent.writes()), (3 * CALLS, CALLS, 4 * CALLS), "toPay writes twice");
    assert_eq!(spent.of("Com_select"), 0, "and reads nothing");
    spent.nothing_beside(2 * CALLS, 0);

    let meter = Meter::start(&server.url()).await;
    messages(&orders, &app).await;
    let spent = meter.stop().await;
    assert_eq!((spent.of("Com_update"), spent.writes(), spent.of("Com_select")), (CALLS, 2 * CALLS, 0), "the payment and its event");
    assert_eq!(spent.of("Handler_update"), CALLS, "and changes one row");
    let redo_of_a_payment = spent.of("Innodb_os_log_written") / CALLS;
    assert!(redo_of_a_payment > 500);
    spent.nothing_beside(CALLS, 0);

    let meter = Meter::start(&server.url()).await;
    messages(&orders, &app).await;
    let spent = meter.stop().await;
    assert_eq!((spent.of("Com_update"), spent.writes(), spent.of("Com_select")), (CALLS, CALLS, CALLS), "a repeat tries, and looks");
    assert_eq!((spent.of("Handler_update"), spent.of("Handler_write"), spent.of("Handler_delete")), (0, 0, 0), "and changes nothing");
    assert!(
        spent.of("Innodb_os_log_written") < redo_of_a_payment * CALLS / 4,
        "nor does it write a log: {}",
        spent.of("Innodb_os_log_written")
    );
    spent.nothing_beside(0, CALLS);

    let (meter, asked) = (Meter::start(&server.url()).await, wechat.calls("orderquery"));
    for order in &orders {
        assert_eq!(app.trade_state(&order.id).await, "SUCCESS");
    }
    let spent = meter.stop().await;
    assert_eq!((spent.of("Com_select"), spent.writes()), (0, 0), "queryOrder of a deal paid here costs nothing");
    assert_eq!(wechat.calls("orderquery"), asked, "and asks nobody");
    spent.nothing_beside(0, 0);

    let unpaid = app.to_pay("19.90").await;
    let meter = Meter::start(&server.url()).await;
    for _ in 0..CALLS {
        assert_eq!(app.trade_state(&unpaid.id).await, "NOTPAY");
    }
    let spent = meter.stop().await;
    assert_eq!(spent.writes(), 0, "asking about an unpaid deal writes nothing");
    assert!(spent.of("Com_select") <= 2 * CALLS, "{}", spent.of("Com_select"));

    // What waits together is committed together. They do wait: the database is slow to answer. (A machine that stands still for a
    // quarter of a second makes each go alone, as it should: so there are three tries.)
    let mut commits = Vec::new();
    for _ in 0..3 {
        let crowd = app.to_pay_at_once(5 * CALLS as usize).await;
        proxy.delay_replies(Duration::from_millis(10));
        let meter = Meter::start(&server.url()).await;
        let answers = join_all(crowd.iter().map(|order| app.notify(WeChatMessage::notification(&order.id, 1990).signed()))).await;
        let spent = meter.stop().await;
        proxy.delay_replies(Duration::ZERO);
        assert!(answers.iter().all(|answer| answer.body == ACKNOWLEDGED));
        assert_eq!(spent.of("Com_rollback"), 0, "no batch was taken apart");
        assert_eq!(spent.of("Handler_update"), 5 * CALLS, "each changes one row");
        commits.push(spent.of("Com_commit"));
        if commits.last().is_some_and(|commits| *commits < 5 * CALLS / 2) {
            break;
        }
    }
    assert!(commits.last().is_some_and(|commits| *commits < 5 * CALLS / 2), "{commits:?} commits for {} payments", 5 * CALLS);

    // Changes of different rows do not meet: were one batch in another's way, it would be rolled back and taken apart.
    let crowd = app.to_pay_at_once(3 * CALLS as usize).await;
    let meter = Meter::start(&server.url()).await;
    let opening = app.to_pay_at_once(3 * CALLS as usize);
    let paying = join_all(crowd.iter().map(|order| app.notify(WeChatMessage::notification(&order.id, 1990).signed())));
    let (_, answers) = tokio::join!(opening, paying);
    assert!(answers.iter().all(|answer| answer.body == ACKNOWLEDGED));
    assert_eq!(meter.stop().await.of("Com_rollback"), 0, "they do not meet");

    let answer = app.till.post_json("/wxPay/queryOrder", &json!({"order_id": "unknown"})).await;
    assert_eq!(answer.status, 404);
}

async fn refund(app: &TestApp, key: &str, order: &Order) {
    let request = app.till.request("POST", "/wxPay/refund").header("content-type", "application/json").header("idempotency-key", "once");
    let request = request.header("authorization", format!("Bearer {key}"));
    let answer = app.till.send(request.body(json!({"order_id": order.id, "refund": "5"}).to_string())).await;
    assert_eq!((answer.json()["code"].as_i64(), answer.json()["left"].as_str()), (Some(0), Some("14.90")), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_costs_two_commits_and_one_call_and_an_idle_pass_writes_nothing() {
    let server = MariaDb::start(&["--event-scheduler=OFF", "--innodb-stats-auto-recalc=OFF"]).await;
    let wechat = TestApp::open(Engine::Sqlite).await;
    let (key, hash) = Key::draw(&Chance::System);
    let builder = TestAppBuilder::on(Database::on_server(&server.url()).await).on_wechat_of(&wechat);
    let app = builder.set("AUTH__KEYS__DESK__HASH", hash).set("AUTH__KEYS__DESK__SCOPES", "refund").open().await;
    let orders = &orders(&app, CALLS).await;
    for order in orders {
        wechat.payer_pays_silently(order);
        assert_eq!(app.trade_state(&order.id).await, "SUCCESS");
    }

    let asked = || {
        let requests = wechat.wechat().calls("/secapi/pay/refund");
        (requests, wechat.calls("refundquery"))
    };
    let (meter, before) = (Meter::start(&server.url()).await, asked());
    for order in orders {
        refund(&app, &key, order).await;
    }
    let spent = meter.stop().await;
    assert_eq!(asked(), (before.0 + CALLS, before.1), "WeChat is asked once");
    // The amount on the deal, the refund and its event; the acceptance and its event.
    assert_eq!((spent.of("Com_insert"), spent.of("Com_update"), spent.writes()), (3 * CALLS, 2 * CALLS, 5 * CALLS));
    // The deal, by the key, the refund as it is stored; as it is settled; both for the answer.
    assert_eq!(spent.of("Com_select"), 6 * CALLS);
    assert_eq!((spent.of("Com_commit"), spent.of("Com_rollback")), (2 * CALLS, 0));

    let meter = Meter::start(&server.url()).await;
    for order in orders {
        refund(&app, &key, order).await;
    }
    let spent = meter.stop().await;
    // The deal, by the key, and the deal as it stands now.
    assert_eq!((spent.writes(), spent.of("Com_select")), (0, 3 * CALLS), "a repeat looks");
    assert_eq!(asked(), (before.0 + CALLS, before.1), "and asks nobody");
    assert_eq!((spent.of("Com_commit"), spent.of("Com_rollback")), (0, 0));

    // Nothing is due.
    let look = app.look().await;
    look.run("UPDATE deal SET due_at = NULL; UPDATE refund SET due_at = NULL").await;
    app.sweep().await;
    let meter = Meter::start(&server.url()).await;
    for _ in 0..CALLS {
        app.sweep().await;
    }
    let spent = meter.stop().await;
    // The clock, in two; rows of other programs, in two; deals, refunds, and deals whose refunds are not known.
    assert_eq!((spent.writes(), spent.of("Com_select")), (0, 7 * CALLS), "an idle pass");
    assert_eq!((spent.of("Com_commit"), spent.of("Com_rollback")), (0, 0));
}
