//! Alarms about orders, as back ends are told them: each exactly once, where the log says it.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;
use wechat_pay::deal::Fen;
use wechat_pay::simulator::Notify;

use super::told::{app, outbox, telling, told, told_of};
use crate::refunds::api::{paid, refund};
use crate::refunds::books::{alarms, due_in, refund_directly};
use crate::support::on_both_engines;
use crate::support::overheard_wechat::OverheardWeChat;
use crate::support::stub::Reply;
use crate::support::test_app::{Order, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

const DAY: i64 = 86_400;

on_both_engines! {
    async fn a_payment_that_does_not_fit_is_an_alarm_however_often_it_comes(engine) {
        let app = app(engine).await;
        let order = app.to_pay("19.90").await;
        for _ in 0..3 {
            app.notify(WeChatMessage::notification(&order.id, 1).signed()).await.not_believed(409, "another amount");
        }
        let sentence = "微信支付签名确认了一笔与订单不符的付款，订单未作更改：请核对并退款";
        let alarm = json!({"kind": "money", "order_id": order.id, "sentence": sentence});
        assert_eq!(told(&app).await, [("alarm.raised".to_owned(), alarm)]);
        app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("the right one");
        let second = WeChatMessage::notification(&order.id, 1990).with("transaction_id", "4200000260999999999999999999").signed();
        for _ in 0..2 {
            app.notify(second.clone()).await.not_believed(409, "the payer was charged twice");
        }
        assert_eq!(told_of(&app, &order).await, ["alarm money", "deal.paid", "alarm money"]);
        assert_eq!(alarms(&app, "money").await, 2.0, "as often as the log says it");
    }

    async fn of_an_order_that_is_not_known_here_the_number_is_told(engine) {
        let app = app(engine).await;
        app.notify(WeChatMessage::notification("nobody-knows", 1990).signed()).await.not_believed(409, "no such order");
        let [event] = outbox(app.gateway()).await.try_into().unwrap();
        assert_eq!((event.merchant_id, event.account.is_default()), (None, true));
        assert!(event.data.contains(r#""kind":"money""#) && event.data.contains(r#""order_id":"nobody-knows""#), "{}", event.data);
    }

    async fn a_refund_that_is_not_decided_for_a_week_is_an_alarm(engine) {
        let app = app(engine).await;
        app.wechat().faults.refund_delay_s = 30 * 86_400;
        let order = paid(&app).await;
        refund(&app, &order, "first", json!({"refund": "5"})).await;
        while let Some(due) = due_in(&app, &order).await {
            app.time_passes(due);
            app.sweep().await;
        }
        app.time_passes(DAY);
        app.sweep().await;
        assert_eq!(told_of(&app, &order).await, ["deal.paid", "alarm refund_overdue"]);
    }

    async fn refunds_of_others_that_are_not_listed_for_a_week_are_an_alarm(engine) {
        let wechat = OverheardWeChat::new().await;
        let app = telling(wechat.seen_from(TestAppBuilder::new(engine).await)).open().await;
        let order = app.to_pay("19.90").await;
        wechat.world().pay(&order.id, None, Some(Notify::Lost), wechat.clock.now()).unwrap();
        wechat.world().refund_by_hand(&order.id, Fen::new(500), wechat.clock.now()).unwrap();
        wechat.answers_by(|api, _, carry_out| if api == "refundquery" { Reply::Close } else { Reply::Body(carry_out()) });
        assert_eq!(app.trade_state(&order.id).await, "REFUND");
        for _ in 0..4 {
            app.sweep().await;
            wechat.time_passes(4 * DAY);
        }
        assert_eq!(told_of(&app, &order).await, ["deal.paid", "alarm refunded", "alarm refund_overdue"]);
        assert_eq!(alarms(&app, "refund_overdue").await, 1.0);
    }

    async fn a_refund_whose_request_another_program_has_changed_is_an_alarm_once(engine) {
        let wechat = OverheardWeChat::new().await;
        let app = telling(wechat.seen_from(TestAppBuilder::new(engine).await)).open().await;
        let order = wechat.paid(&app).await;
        wechat.answers_by(|_, _, _| Reply::Close);
        refund_directly(&app, &order, "first", 500).await;
        app.look().await.run("UPDATE refund SET request = REPLACE(request, '<refund_fee>500<', '<refund_fee>900<')").await;
        for _ in 0..3 {
            wechat.time_passes(3600);
            app.sweep().await;
        }
        assert_eq!(told_of(&app, &order).await, ["deal.paid", "alarm refund_mismatch"]);
        assert_eq!(alarms(&app, "refund_mismatch").await, 1.0);
    }

    async fn an_open_order_of_an_expired_deal_is_an_alarm(engine) {
        let app = app(engine).await;
        app.wechat().faults.latency_ms = 1000;
        let (answer, ()) = tokio::join!(app.try_to_pay("19.90"), async {
            sleep(Duration::from_millis(500)).await;
            app.look().await.run("UPDATE deal SET status = 2, due_at = NULL").await;
            app.wechat().faults.latency_ms = 0;
            app.wechat().faults.reset = 1.0;
        });
        let order = Order { id: answer.json()["order_id"].as_str().unwrap().to_owned(), code_url: String::new() };
        assert_eq!(told_of(&app, &order).await, ["alarm left_open"]);
        assert_eq!(alarms(&app, "left_open").await, 1.0);
        assert!(app.explain(&order.id).await.contains("ALARM: WeChat took the order after it had expired"));
    }
}
