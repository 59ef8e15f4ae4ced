//! Money that goes back by hand, in the merchant's pages at WeChat, as the word REFUND in an answer tells it; the amounts are told of in
//! `refunds::by_others`.

use std::time::Duration;

use crate::support::database::Engine;
use crate::support::listener::{Heard, Listener};
use crate::support::on_both_engines;
use crate::support::scrape::Scrape;
use crate::support::scripted_wechat::ScriptedWeChat;
use crate::support::stub::Reply;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

async fn app(engine: Engine) -> TestApp {
    TestAppBuilder::new(engine).await.set("METRICS__LISTEN", "127.0.0.1:0").open().await
}

/// The payer pays, the notification is lost, and the money goes back.
fn given_back_unheard(app: &TestApp, order: &Order) {
    app.payer_pays_silently(order);
    app.given_back_by_hand(order);
}

fn alarms(numbers: &Scrape) -> f64 {
    numbers.get("alarms_total{kind=\"refunded\"}")
}

/// Everywhere where it is told how an order stands.
async fn is_told_as_refund(app: &TestApp, order: &Order) {
    let answer = app.query(&order.id).await.json();
    assert_eq!((answer["trade_state"].as_str(), answer["paid_at"].is_string()), (Some("REFUND"), true), "{answer}");
    assert_eq!(answer["trade_state_desc"], "订单发生过退款，退款详情请查询退款单");
    let mut listener = Listener::to(&app.till, &order.id).await;
    assert_eq!(listener.next(Duration::from_secs(3)).await.word(), "REFUND");
    assert_eq!(listener.next(Duration::from_secs(3)).await, Heard::End);
    let page = app.till.get(&format!("/pay/{}?lang=en", order.id)).await.body;
    assert!(page.contains("data-state=\"refunded\"") && page.contains("Paid, with a refund"), "{page}");
    let explained = app.explain(&order.id).await;
    assert!(explained.contains("At least a part was given back; WeChat said so 2026-04-01"), "{explained}");
    app.close(&order.id).await.refused(200, "ORDER_PAID", None, "it was paid all the same");
}

on_both_engines! {
    async fn what_was_given_back_is_stored_as_paid_and_told_as_refund(engine) {
        let app = app(engine).await;
        let (polled, looked_at, listened, shown) =
            (app.to_pay("1").await, app.to_pay("2").await, app.to_pay("3").await, app.to_pay("4").await);
        app.time_passes(300);
        for order in [&polled, &looked_at, &listened, &shown] {
            given_back_unheard(&app, order);
        }
        assert_eq!(app.trade_state(&polled.id).await, "REFUND");
        assert_eq!(Listener::to(&app.till, &listened.id).await.next(Duration::from_secs(3)).await.word(), "REFUND");
        app.close(&shown.id).await.refused(200, "ORDER_PAID", None, "the close learns of it");
        app.sweep().await;
        let look = app.look().await;
        for order in [&polled, &looked_at, &listened, &shown] {
            assert_eq!(look.status(&order.id).await, 1, "it is paid");
            assert_eq!(look.value(&order.id, "update_at").await.as_deref(), Some("2026-04-01 12:05:00"), "since then");
            assert_eq!(look.value(&order.id, "refunded_at").await.as_deref(), Some("2026-04-01 12:05:00"));
            is_told_as_refund(&app, order).await;
        }
        assert_eq!(alarms(&app.numbers().await), 4.0, "once each");

        // What another instance has stored, and what this one has read before.
        let neighbour = TestAppBuilder::new(Engine::Sqlite).await.set("DATABASE__URL", &app.database.url).open().await;
        assert_eq!(neighbour.trade_state(&polled.id).await, "REFUND");
        let now = app.clock.now();
        app.wechat().pay(&polled.id, None, None, now).unwrap_err();
        app.notify(WeChatMessage::notification(&polled.id, 100).with("transaction_id", &look.value(&polled.id, "transaction_id").await.unwrap()).signed())
            .await.acknowledged("a late repeat of the notification");
        is_told_as_refund(&app, &polled).await;
        assert_eq!(alarms(&app.numbers().await), 4.0);
    }

    async fn a_paid_deal_of_which_wechat_later_says_refund_is_told_so(engine) {
        let app = app(engine).await;
        let order = app.to_pay("19.90").await;
        app.wechat().faults.latency_ms = 700;
        let (polled, ()) = tokio::join!(app.query(&order.id), async {
            // While the question is under way, the notification comes and the money goes back.
            tokio::time::sleep(Duration::from_millis(150)).await;
            app.payer_pays(&order).await;
            assert_eq!(app.trade_state(&order.id).await, "SUCCESS");
            app.given_back_by_hand(&order);
        });
        assert_eq!(polled.json()["trade_state"], "REFUND", "{}", polled.body);
        app.wechat().faults.latency_ms = 0;
        is_told_as_refund(&app, &order).await;
        let look = app.look().await;
        let told = look.column(&format!("SELECT kind FROM deal_event WHERE order_id = '{}' ORDER BY id", order.id), "kind").await;
        assert_eq!(told, ["opened", "link_given", "settled", "refunded"]);
        assert!(look.value(&order.id, "queryBack").await.unwrap().contains("REFUND"), "with what WeChat has signed");
        assert_eq!(look.value(&order.id, "update_at").await.as_deref(), Some("2026-04-01 12:00:00"));
        assert_eq!(alarms(&app.numbers().await), 1.0);
    }

    async fn what_the_original_sold_and_was_given_back_is_told_so(engine) {
        let wechat = ScriptedWeChat::new().await;
        let app = TestAppBuilder::new(engine).await.with_wechat_at(wechat.stub.address).open().await;
        let order = app.to_pay("19.90").await;
        wechat.answers_by(|_, request| Reply::Body(WeChatMessage::paid_state(request.get("out_trade_no").unwrap(), 1990).with("trade_state", "REFUND").signed()));
        app.look().await.run(&format!("UPDATE deal SET status = NULL, total_fee = NULL WHERE order_id = '{}'", order.id)).await;
        let page = app.till.get(&format!("/pay/{}", order.id)).await;
        assert!(page.body.contains("data-state=\"waiting\""), "a page asks nobody");
        assert_eq!(app.trade_state(&order.id).await, "REFUND");
        is_told_as_refund(&app, &order).await;
    }

    async fn what_no_key_opens_is_no_refund_s_notification_and_changes_nothing(engine) {
        let app = app(engine).await;
        let order = app.to_pay("19.90").await;
        app.payer_pays(&order).await;
        let look = app.look().await;
        let (stored, events) = (look.everything().await, look.texts("SELECT kind FROM deal_event").await.len());
        let info = "T87GAHG17TGAHG1TGHAHAHA1Y1CIOA9UGJH1GAHV871HAGAGQYQQPOOJMXNBCXBVNMNMAJAA";
        let refund = || WeChatMessage::yes().without("result_code").without("return_msg").with("req_info", info);
        let before = app.numbers().await;
        for path in ["/wxPay/notify", "/wxPay/callback", "/wxPay/refundNotify"] {
            app.till.post(path, "text/xml", refund().unsigned()).await.not_believed(400, path);
        }
        let strangers = [
            ("another merchant's", 400, refund().with("mch_id", "1900000002")), ("another app's", 400, refund().with("appid", "wx0000000000000002")),
            ("of nobody", 400, refund().without("mch_id")), ("of a failure", 400, refund().with("return_code", "FAIL")),
            ("with nothing in it", 401, refund().with("req_info", "")), ("with more than Base64", 401, refund().with("req_info", "<a>")),
            ("with a result", 401, refund().with("result_code", "SUCCESS")), ("with an empty signature", 401, refund().with("sign", "")),
        ];
        for (what, status, message) in strangers {
            app.notify(message.unsigned()).await.not_believed(status, what);
        }
        assert_eq!((look.everything().await, look.texts("SELECT kind FROM deal_event").await.len()), (stored, events));
        let numbers = app.numbers().await;
        assert_eq!(numbers.since(&before, "notifications_total{account=\"default\",outcome=\"refund\"}"), 0.0);
        assert_eq!(numbers.since(&before, "notifications_total{account=\"default\",outcome=\"disbelieved\"}"), 11.0);
        assert_eq!(app.trade_state(&order.id).await, "SUCCESS");
    }
}
