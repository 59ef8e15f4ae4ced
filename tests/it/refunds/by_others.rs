//! Refunds that others made, by hand in 商户平台 or by another program: heard of by a notification, or by REFUND in an answer; booked once,
//! with their amounts, and never told as a plain success.

use std::time::Duration;

use serde_json::json;
use wechat_pay::channel::wechat::v2::{RefundCipher, SignType};
use wechat_pay::deal::Fen;
use wechat_pay::simulator::{Notify, RefundNotify, RefundState};

use super::api::{paid, query_refund, refund};
use super::books::{alarms, app, at_wechat, due_in, events, states, stored, sums};
use crate::support::http::Answer;
use crate::support::merchant::signer;
use crate::support::on_both_engines;
use crate::support::overheard_wechat::OverheardWeChat;
use crate::support::stub::Reply;
use crate::support::test_app::{Order, TestApp};
use crate::support::wechat_message::WeChatMessage;

/// The merchant's staff gives so many fen back; all that is left without a number.
fn by_hand(app: &TestApp, order: &Order, fee: Option<i64>) -> String {
    let now = app.clock.now();
    app.wechat().refund_by_hand(&order.id, fee.and_then(Fen::new), now).unwrap();
    at_wechat(app, order).pop().unwrap().0
}

/// The notification of a refund, as the merchant platform sends it.
pub async fn notified(app: &TestApp, order: &Order, refund_id: &str) -> Answer {
    let info = format!("<root><out_refund_no>{refund_id}</out_refund_no><out_trade_no>{}</out_trade_no></root>", order.id);
    let sealed = RefundCipher::new(&signer(SignType::Md5)).encrypt(&info);
    let message = WeChatMessage::yes().without("result_code").without("return_msg").with("req_info", &sealed);
    app.till.post("/wxPay/refundNotify", "text/xml", message.unsigned()).await
}

/// How queryOrder tells it.
async fn told(app: &TestApp, order: &Order) -> (String, Option<String>) {
    let answer = app.query(&order.id).await.json();
    (answer["trade_state"].as_str().unwrap().to_owned(), answer["refunded"].as_str().map(str::to_owned))
}

fn words(state: &str, refunded: Option<&str>) -> (String, Option<String>) {
    (state.to_owned(), refunded.map(str::to_owned))
}

on_both_engines! {
    async fn the_merchant_platform_s_notification_has_it_booked_once(engine) {
        let app = app(engine).await;
        let order = paid(&app).await;
        assert_eq!(told(&app, &order).await, words("SUCCESS", None));
        let number = by_hand(&app, &order, Some(500));
        app.time_passes(2);
        for _ in 0..3 {
            notified(&app, &order, &number).await.acknowledged("however often it comes");
        }
        assert_eq!((states(&app, &order).await, app.calls("refundquery")), (vec!["SUCCESS".to_owned()], 1));
        let columns = ["source", "refund_id", "idempotency_key", "request", "refunded_at", "of_second_payment"];
        let row = futures_util::future::join_all(columns.map(|column| stored(&app, &order, column))).await.concat();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(row, [text("platform"), text(&number), None, None, text("2026-04-01 12:00:02"), text("0")]);
        assert!(stored(&app, &order, "evidence").await[0].as_ref().unwrap().contains("<sign>"), "with what WeChat has signed");
        assert_eq!((told(&app, &order).await, sums(&app, &order).await), (words("REFUND", Some("5.00")), ("5.00".to_owned(), "14.90".to_owned())));
        assert_eq!((events(&app, &order).await, alarms(&app, "refunded").await), (vec!["booked".to_owned()], 1.0));
        app.time_passes(60);
        let rest = refund(&app, &order, "rest", json!({})).await.json();
        assert_eq!((&rest["refund"], &rest["left"]), (&json!("14.90"), &json!("0.00")), "{rest}");
        let numbers = app.numbers().await;
        for (outcome, count) in [("booked", 1.0), ("succeeded", 1.0), ("accepted", 1.0)] {
            assert_eq!(numbers.get(&format!("refunds_total{{account=\"default\",outcome=\"{outcome}\"}}")), count, "{outcome}");
        }
    }

    async fn the_simulated_platform_tells_of_it_by_itself(engine) {
        let app = app(engine).await;
        app.wechat().faults.refund_notify = RefundNotify::Normal;
        app.wechat().habits.refund_notify_url = format!("http://{}/wxPay/refundNotify", app.till.address);
        let order = paid(&app).await;
        by_hand(&app, &order, None);
        app.time_passes(2);
        for _ in 0..500 {
            if !states(&app, &order).await.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!((states(&app, &order).await, told(&app, &order).await), (vec!["SUCCESS".to_owned()], words("REFUND", Some("19.90"))));
    }

    async fn refund_in_the_answer_about_a_payment_leads_to_the_amounts(engine) {
        let app = app(engine).await;
        app.wechat().faults.notify = Notify::Lost;
        let (asked, swept) = (app.to_pay("19.90").await, app.to_pay("19.90").await);
        for order in [&asked, &swept] {
            app.payer_pays_silently(order);
            by_hand(&app, order, Some(500));
        }
        assert_eq!(told(&app, &asked).await.0, "REFUND", "it is never told as a plain success");
        app.time_passes(10);
        for _ in 0..2 {
            app.sweep().await;
        }
        for order in [&asked, &swept] {
            assert_eq!((told(&app, order).await, states(&app, order).await), (words("REFUND", Some("5.00")), vec!["SUCCESS".to_owned()]));
        }
        assert_eq!(alarms(&app, "refunded").await, 2.0, "once for each of the two orders");
        let number = at_wechat(&app, &asked).pop().unwrap().0;
        notified(&app, &asked, &number).await.acknowledged("it is known");
        assert_eq!(alarms(&app, "refunded").await, 2.0);
        app.time_passes(60);
        let later = by_hand(&app, &asked, Some(300));
        notified(&app, &asked, &later).await.acknowledged("another one, later");
        assert_eq!((told(&app, &asked).await.1.as_deref(), alarms(&app, "refunded").await), (Some("8.00"), 3.0), "which is news");
    }

    async fn a_payment_that_is_heard_of_only_now_is_settled_first(engine) {
        let app = app(engine).await;
        let order = app.to_pay("19.90").await;
        app.payer_pays_silently(&order);
        let number = by_hand(&app, &order, None);
        notified(&app, &order, &number).await.acknowledged("two queries prove it");
        assert_eq!((app.calls("refundquery"), app.calls("orderquery")), (1, 1));
        assert_eq!((app.look().await.status(&order.id).await, told(&app, &order).await), (1, words("REFUND", Some("19.90"))));
        assert_eq!(alarms(&app, "refunded").await, 1.0);
    }

    async fn while_the_payment_cannot_be_asked_about_wechat_comes_again(engine) {
        let wechat = OverheardWeChat::new().await;
        let app = wechat.app(engine).await;
        let order = app.to_pay("19.90").await;
        wechat.world().pay(&order.id, None, Some(Notify::Lost), wechat.clock.now()).unwrap();
        wechat.world().refund_by_hand(&order.id, None, wechat.clock.now()).unwrap();
        let number = wechat.world().refunds().next().unwrap().out_refund_no.clone();
        wechat.answers_by(|api, _, carry_out| match api {
            "orderquery" => Reply::Close,
            _ => Reply::Body(carry_out()),
        });
        notified(&app, &order, &number).await.not_believed(503, "whether it was paid is not known");
        assert_eq!((stored(&app, &order, "state").await.len(), alarms(&app, "refund_mismatch").await), (0, 0.0));
        wechat.answers_rightly();
        notified(&app, &order, &number).await.acknowledged("again");
        assert_eq!(stored(&app, &order, "source").await, [Some("platform".to_owned())]);
    }

    async fn part_is_ours_and_part_is_theirs(engine) {
        let app = app(engine).await;
        let order = paid(&app).await;
        refund(&app, &order, "first", json!({"refund": "5"})).await;
        let number = by_hand(&app, &order, Some(990));
        app.time_passes(60);
        notified(&app, &order, &number).await.acknowledged("theirs");
        app.sweep().await;
        assert_eq!((states(&app, &order).await, sums(&app, &order).await), (vec!["SUCCESS".to_owned(); 2], ("14.90".to_owned(), "5.00".to_owned())));
        assert_eq!(told(&app, &order).await, words("REFUND", Some("14.90")));
    }

    async fn what_went_back_by_hand_while_ours_waits_leaves_nothing_and_ours_is_refused(engine) {
        let app = app(engine).await;
        let order = paid(&app).await;
        app.wechat().faults.reset = 1.0;
        refund(&app, &order, "first", json!({"refund": "5"})).await;
        app.wechat().faults.reset = 0.0;
        let number = by_hand(&app, &order, None);
        notified(&app, &order, &number).await.acknowledged("theirs");
        assert_eq!(sums(&app, &order).await, ("24.90".to_owned(), "0.00".to_owned()), "until WeChat has refused ours");
        for _ in 0..3 {
            app.time_passes(due_in(&app, &order).await.unwrap_or(60).max(60));
            app.sweep().await;
        }
        assert_eq!((states(&app, &order).await, sums(&app, &order).await), (vec!["FAILED".to_owned(), "SUCCESS".to_owned()], ("19.90".to_owned(), "0.00".to_owned())));
    }

    async fn what_went_back_by_hand_unheard_of_is_found_when_ours_is_refused(engine) {
        let app = app(engine).await;
        let order = paid(&app).await;
        by_hand(&app, &order, Some(1990));
        let told = refund(&app, &order, "first", json!({"refund": "5"})).await.json();
        assert_eq!((&told["code"], &told["refund_state"]), (&json!(1), &json!("FAILED")), "{told}");
        app.time_passes(2);
        app.sweep().await;
        assert_eq!((states(&app, &order).await, sums(&app, &order).await), (vec!["FAILED".to_owned(), "SUCCESS".to_owned()], ("19.90".to_owned(), "0.00".to_owned())));
        assert_eq!(alarms(&app, "refunded").await, 1.0);
    }

    async fn one_that_wechat_gave_up_before_it_was_known_gave_nothing_back(engine) {
        let app = app(engine).await;
        app.wechat().faults.refund_delay_s = 86_400;
        let order = paid(&app).await;
        let number = by_hand(&app, &order, Some(500));
        let now = app.clock.now();
        app.wechat().finish_refund(&number, RefundState::RefundClose, now).unwrap();
        notified(&app, &order, &number).await.acknowledged("it is booked as closed");
        assert_eq!((states(&app, &order).await, sums(&app, &order).await), (vec!["CLOSED".to_owned()], ("0.00".to_owned(), "19.90".to_owned())));
        assert_eq!(told(&app, &order).await.0, "SUCCESS");
        let answer = query_refund(&app, json!({"refund_id": number})).await.json();
        assert_eq!((&answer["refund_state"], &answer["source"]), (&json!("CLOSED"), &json!("platform")));
    }
}
