//! What is told of a deal that is paid already: by this service, or by the one before it, which did not say by which payment.

use crate::support::database::{Database, Engine, Look};
use crate::support::on_both_engines;
use crate::support::scripted_wechat::ScriptedWeChat;
use crate::support::stub::Reply;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::{WeChatMessage, transaction_id};

/// Of the original's fixture: paid, 8.80, no transaction.
const PAID_BEFORE_US: &str = "2026040111000012349";
const ORIGINAL: &str = include_str!("../../support/original.sql");

/// What the journal says of an order: the kinds of what happened.
async fn journal(look: &Look, order_id: &str) -> Vec<String> {
    look.column(&format!("SELECT kind FROM deal_event WHERE order_id = '{order_id}' ORDER BY id"), "kind").await
}

/// Another program marks a deal as paid and does not say by which payment.
async fn paid_by_another(app: &TestApp) -> (Order, Look) {
    let (order, look) = (app.to_pay("19.90").await, app.look().await);
    look.run(&format!("UPDATE deal SET status = 1, update_at = '2026-04-01 12:03:00' WHERE order_id = '{}'", order.id)).await;
    (order, look)
}

on_both_engines! {
    async fn a_repeat_with_another_amount_is_no_repeat(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("the payment");
        let look = app.look().await;
        let stored = look.everything().await;
        app.notify(WeChatMessage::notification(&order.id, 1).signed()).await.not_believed(409, "the same transaction, one fen");
        app.notify(WeChatMessage::notification(&order.id, 1990).with("fee_type", "USD").signed()).await.not_believed(409, "in dollars");
        assert_eq!((look.everything().await, app.alarms()), (stored, (0, 2)));
        app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("the repeat");
    }

    async fn the_first_true_payment_is_filled_into_a_row_without_one(engine) {
        let app = TestApp::open(engine).await;
        let (order, look) = paid_by_another(&app).await;
        for (what, message) in [("another amount", WeChatMessage::notification(&order.id, 1)), ("dollars", WeChatMessage::notification(&order.id, 1990).with("fee_type", "USD"))] {
            app.notify(message.signed()).await.not_believed(409, what);
        }
        assert_eq!(look.value(&order.id, "transaction_id").await, None);
        let message = WeChatMessage::notification(&order.id, 1990).signed();
        for _ in 0..2 {
            app.notify(message.clone()).await.acknowledged("the payment that the other program did not name");
        }
        let expected = [
            ("transaction_id", transaction_id(&order.id)), ("transaction_key", transaction_id(&order.id)), ("payBack", message),
            ("update_at", "2026-04-01 12:03:00".to_owned()), ("status", "1".to_owned()),
        ];
        for (column, value) in expected {
            assert_eq!(look.value(&order.id, column).await.as_deref(), Some(value.as_str()), "{column}");
        }
        assert_eq!(look.value(&order.id, "due_at").await, None);

        let second = WeChatMessage::notification(&order.id, 1990).with("transaction_id", "4200000260202604019999999999");
        app.notify(second.signed()).await.not_believed(409, "the payer was charged twice");
        let other = app.to_pay("19.90").await;
        let spent = WeChatMessage::notification(&other.id, 1990).with("transaction_id", &transaction_id(&order.id));
        app.notify(spent.signed()).await.not_believed(409, "it has paid another order");
        assert_eq!(app.alarms(), (0, 4));
        let told = journal(&look, &order.id).await;
        assert_eq!(told, ["opened", "link_given", "mismatch", "mismatch", "identified", "mismatch"]);
        let explained = app.explain(&order.id).await;
        assert!(explained.contains("says by which payment") && explained.contains(&transaction_id(&order.id)), "{explained}");
    }

    async fn a_payment_of_another_order_is_not_filled_in(engine) {
        let app = TestApp::open(engine).await;
        let first = app.to_pay("19.90").await;
        app.notify(WeChatMessage::notification(&first.id, 1990).signed()).await.acknowledged("the first");
        let (order, look) = paid_by_another(&app).await;
        let spent = WeChatMessage::notification(&order.id, 1990).with("transaction_id", &transaction_id(&first.id)).signed();
        app.notify(spent).await.not_believed(409, "spent");
        assert_eq!((look.value(&order.id, "transaction_id").await, app.alarms()), (None, (0, 1)));
    }

    async fn what_does_not_fit_is_written_down_once(engine) {
        let wechat = ScriptedWeChat::new().await;
        let app = TestAppBuilder::new(engine).await.with_wechat_at(wechat.stub.address).open().await;
        let (order, look) = (app.to_pay("19.90").await, app.look().await);
        let mismatches = || look.column("SELECT detail FROM deal_event WHERE kind = 'mismatch' ORDER BY id", "detail");
        let id = order.id.clone();
        wechat.answers_by(move |_, _| Reply::Body(WeChatMessage::paid_state(&id, 1991).signed()));
        for _ in 0..3 {
            app.query(&order.id).await.refused(502, "UPSTREAM", None, "a fen more");
            app.time_passes(30);
            app.sweep().await;
            app.notify(WeChatMessage::notification(&order.id, 1991).signed()).await.not_believed(409, "a fen more");
        }
        let once = format!("the amount is not the order's: 1991 fen by transaction {}", transaction_id(&order.id));
        assert_eq!(mismatches().await, [once]);
        assert_eq!(app.alarms().1, 1, "and one alarm");
        // Another reason, another transaction, another amount, another order: each is news.
        let message = || WeChatMessage::notification(&order.id, 1991);
        for _ in 0..2 {
            for news in [message().with("fee_type", "USD"), message().with("transaction_id", "42x"), message().with("transaction_id", "42X"), message().with("total_fee", "1")] {
                app.notify(news.signed()).await.not_believed(409, "news, once");
            }
            app.notify(WeChatMessage::notification("an-unknown-order", 1991).signed()).await.not_believed(409, "news, once");
        }
        assert_eq!(mismatches().await.len(), 6);
        let unproven = look.column("SELECT kind FROM deal_event WHERE kind = 'mismatch' AND evidence IS NULL", "kind").await;
        assert_eq!(unproven, [""; 0], "each with what WeChat has signed");
        assert!(app.explain(&order.id).await.contains("1991 fen by transaction"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_original_marked_as_paid_gets_its_payment() {
    let database = Database::fresh(Engine::MySql).await;
    database.look().await.run(ORIGINAL).await;
    database.look().await.run(&format!("UPDATE deal SET payBack = '<xml>支付</xml>' WHERE order_id = '{PAID_BEFORE_US}'")).await;
    let app = TestAppBuilder::on(database).open().await;
    let look = app.look().await;
    assert_eq!(app.trade_state(PAID_BEFORE_US).await, "SUCCESS");
    app.notify(WeChatMessage::notification(PAID_BEFORE_US, 881).signed()).await.not_believed(409, "a fen more");
    app.notify(WeChatMessage::notification(PAID_BEFORE_US, 880).signed()).await.acknowledged("its payment");
    let second = WeChatMessage::notification(PAID_BEFORE_US, 880).with("transaction_id", "4200000260202604019999999999");
    app.notify(second.signed()).await.not_believed(409, "a second one");
    assert_eq!(look.value(PAID_BEFORE_US, "transaction_id").await, Some(transaction_id(PAID_BEFORE_US)));
    assert_eq!(look.value(PAID_BEFORE_US, "payBack").await.as_deref(), Some("<xml>支付</xml>"), "what it wrote down stays");
    assert_eq!(look.value(PAID_BEFORE_US, "update_at").await.as_deref(), Some("2026-04-01 11:03:04"));
}
