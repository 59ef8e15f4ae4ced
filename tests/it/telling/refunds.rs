//! What back ends are told of refunds: how each ended, once, whoever made it.

use serde_json::json;
use wechat_pay::deal::Fen;
use wechat_pay::simulator::{RefundRefusal, RefundState};

use super::told::{app, deal, telling, told, told_of};
use crate::refunds::api::{paid, query_refund, refund};
use crate::refunds::books::{at_wechat, due_in, refund_directly};
use crate::refunds::by_others::notified;
use crate::support::on_both_engines;
use crate::support::overheard_wechat::OverheardWeChat;
use crate::support::stub::Reply;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

/// WeChat brings the order's last refund to this end, and is asked.
async fn ends(app: &TestApp, order: &Order, end: RefundState) {
    let (number, ..) = at_wechat(app, order).pop().unwrap();
    let now = app.clock.now();
    app.wechat().finish_refund(&number, end, now).unwrap();
    query_refund(app, json!({"refund_id": number})).await;
}

on_both_engines! {
    async fn a_refund_is_told_once_it_has_arrived(engine) {
        let app = app(engine).await;
        app.wechat().faults.refund_delay_s = 86_400;
        let order = paid(&app).await;
        let told_then = refund(&app, &order, "first", json!({"refund": "5", "reason": "少发一件"})).await.json();
        assert_eq!(told_of(&app, &order).await, ["deal.paid"], "it is on its way, and its back end knows");
        app.time_passes(60);
        ends(&app, &order, RefundState::Success).await;
        let (number, ..) = at_wechat(&app, &order).remove(0);
        for _ in 0..2 {
            notified(&app, &order, &number).await.acknowledged("it is told of again and again");
        }
        let (event_type, data) = told(&app).await.remove(1);
        let transaction_id = app.wechat().order(&order.id).unwrap().transaction_id.clone();
        let paid = json!({"status": "PAID", "transaction_id": transaction_id, "paid_at": "2026-04-01T12:00:00+08:00", "refunded": "5.00"});
        let expected = json!({
            "refund": {
                "refund_id": told_then["refund_id"], "order_id": order.id, "refund": "5.00", "refund_state": "SUCCESS", "refund_state_desc": "退款成功",
                "reason": "少发一件", "source": "api", "refunded_at": "2026-04-01T12:01:00+08:00", "refund_recv": "支付用户零钱",
            },
            "deal": deal(&order, &paid),
        });
        assert_eq!((&*event_type, data), ("refund.succeeded", expected));
        assert_eq!(told_of(&app, &order).await, ["deal.paid", "refund.succeeded"]);
    }

    async fn one_that_does_not_arrive_is_told_as_it_stands(engine) {
        let app = app(engine).await;
        app.wechat().faults.refund_delay_s = 86_400;
        let (closed, abnormal, failed) = (paid(&app).await, paid(&app).await, paid(&app).await);
        for order in [&closed, &abnormal] {
            refund(&app, order, "first", json!({})).await;
        }
        ends(&app, &closed, RefundState::RefundClose).await;
        ends(&app, &abnormal, RefundState::Change).await;
        app.wechat().faults.refund_refused = Some(RefundRefusal::UserAccountAbnormal);
        refund(&app, &failed, "first", json!({})).await;
        assert_eq!(told_of(&app, &closed).await, ["deal.paid", "refund.failed CLOSED"]);
        assert_eq!(told_of(&app, &failed).await, ["deal.paid", "refund.failed FAILED"]);
        assert_eq!(told_of(&app, &abnormal).await, ["deal.paid", "refund.failed ABNORMAL", "alarm refund_abnormal"]);
        let events = told(&app).await;
        let (_, data) = events.iter().find(|(_, data)| data["refund"]["refund_state"] == "FAILED").unwrap();
        assert!(data["refund"]["detail"].as_str().unwrap().starts_with("USER_ACCOUNT_ABNORMAL"), "{data}");
    }

    async fn one_that_is_paid_out_by_hand_after_all_is_told_as_arrived(engine) {
        let wechat = OverheardWeChat::new().await;
        let app = telling(wechat.seen_from(TestAppBuilder::new(engine).await)).open().await;
        let order = wechat.paid(&app).await;
        gives_back(&wechat, &order, &["CHANGE", "CHANGE", "SUCCESS"]);
        let refund_id = refund_directly(&app, &order, "first", 1990).await.refund.refund_id;
        for _ in 0..4 {
            notified(&app, &order, refund_id.as_str()).await.acknowledged("WeChat is asked");
        }
        assert_eq!(told_of(&app, &order).await, ["deal.paid", "refund.failed ABNORMAL", "alarm refund_abnormal", "refund.succeeded"]);
    }

    async fn one_that_others_made_is_told_as_it_is_booked_and_as_it_ends(engine) {
        let app = app(engine).await;
        app.wechat().faults.refund_delay_s = 86_400;
        let (at_once, under_way, abnormal) = (paid(&app).await, paid(&app).await, paid(&app).await);
        for order in [&at_once, &under_way, &abnormal] {
            let now = app.clock.now();
            app.wechat().refund_by_hand(&order.id, Fen::new(500), now).unwrap();
        }
        let number = |order| at_wechat(&app, order).pop().unwrap().0;
        let end = |order, state| {
            let (number, now) = (number(order), app.clock.now());
            app.wechat().finish_refund(&number, state, now).unwrap();
        };
        end(&at_once, RefundState::Success);
        end(&abnormal, RefundState::Change);
        for order in [&at_once, &under_way, &abnormal] {
            for _ in 0..2 {
                notified(&app, order, &number(order)).await.acknowledged("it is booked once");
            }
        }
        assert_eq!(told_of(&app, &at_once).await, ["deal.paid", "refund.succeeded", "alarm refunded"]);
        assert_eq!(told_of(&app, &under_way).await, ["deal.paid", "alarm refunded"]);
        assert_eq!(told_of(&app, &abnormal).await, ["deal.paid", "refund.failed ABNORMAL", "alarm refunded", "alarm refund_abnormal"]);
        ends(&app, &under_way, RefundState::Success).await;
        assert_eq!(told_of(&app, &under_way).await, ["deal.paid", "alarm refunded", "refund.succeeded"]);
        let (_, data) = told(&app).await.pop().unwrap();
        assert_eq!((&data["refund"]["source"], &data["deal"]["refunded"]), (&json!("platform"), &json!("5.00")));
    }

    async fn what_wechat_says_went_back_before_it_says_what_is_an_alarm_once(engine) {
        let app = app(engine).await;
        let order = app.to_pay("19.90").await;
        app.payer_pays_silently(&order);
        app.given_back_by_hand(&order);
        assert_eq!(app.trade_state(&order.id).await, "REFUND");
        assert_eq!(told_of(&app, &order).await, ["deal.paid", "alarm refunded"]);
        app.time_passes(2);
        app.sweep().await;
        assert_eq!(told_of(&app, &order).await, ["deal.paid", "alarm refunded", "refund.succeeded"], "this is what it was");
    }

    async fn a_second_payment_that_goes_back_is_told_as_its_refund_alone(engine) {
        for (end, expected) in [("SUCCESS", &["deal.paid", "refund.succeeded"][..]), ("REFUNDCLOSE", &["deal.paid", "refund.failed CLOSED", "alarm money"])] {
            let wechat = OverheardWeChat::new().await;
            let app = telling(wechat.seen_from(TestAppBuilder::new(engine).await)).set("REFUND__AUTOMATIC", "second,late").open().await;
            let order = app.to_pay("19.90").await;
            app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("the first");
            let second = WeChatMessage::notification(&order.id, 1990).with("transaction_id", "4200000260999999999999999999").signed();
            app.notify(second).await.not_believed(409, "the second");
            assert_eq!(told_of(&app, &order).await, ["deal.paid"]);
            gives_back(&wechat, &order, &[end]);
            followed(&app, &wechat).await;
            assert_eq!(told_of(&app, &order).await, expected);
        }
    }

    async fn a_late_payment_that_goes_back_is_told_as_late_and_raises_no_alarm(engine) {
        for (end, expected) in [
            ("SUCCESS", &["deal.expired", "deal.paid late", "refund.succeeded"][..]),
            ("CHANGE", &["deal.expired", "deal.paid late", "refund.failed ABNORMAL", "alarm refund_abnormal", "alarm paid_late"]),
        ] {
            let wechat = OverheardWeChat::new().await;
            let app = telling(wechat.seen_from(TestAppBuilder::new(engine).await)).set("REFUND__AUTOMATIC", "second,late").open().await;
            let order = app.to_pay("19.90").await;
            wechat.time_passes(7800);
            app.sweep().await;
            app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("late");
            gives_back(&wechat, &order, &[end]);
            followed(&app, &wechat).await;
            assert_eq!(told_of(&app, &order).await, expected);
        }
    }

    async fn one_that_waits_raises_its_alarm_once_until_it_goes_out(engine) {
        let app = app(engine).await;
        for (refusal, alarm) in [
            (RefundRefusal::Notenough, "alarm refund_not_enough"),
            (RefundRefusal::CertError, "alarm refund_certificate"),
            (RefundRefusal::Noauth, "alarm refund_not_allowed"),
        ] {
            let order = paid(&app).await;
            app.wechat().faults.refund_refused = Some(refusal);
            refund(&app, &order, "first", json!({"refund": "5"})).await;
            for _ in 0..3 {
                app.time_passes(due_in(&app, &order).await.unwrap());
                app.sweep().await;
            }
            assert_eq!(told_of(&app, &order).await, ["deal.paid", alarm], "{refusal}: however often it is tried");
            app.wechat().faults.refund_refused = None;
            app.time_passes(due_in(&app, &order).await.unwrap());
            app.sweep().await;
            app.time_passes(60);
            app.sweep().await;
            assert_eq!(told_of(&app, &order).await, ["deal.paid", alarm, "refund.succeeded"], "{refusal}");
        }
        let order = paid(&app).await;
        app.wechat().faults.refund_refused = Some(RefundRefusal::FrequencyLimited);
        refund(&app, &order, "first", json!({"refund": "5"})).await;
        assert_eq!(told_of(&app, &order).await, ["deal.paid"], "that it is sent again in two seconds is no news");
    }
}

/// From now on refunds of the order's payments stand so, at one question after the other.
fn gives_back(wechat: &OverheardWeChat, order: &Order, states: &[&'static str]) {
    let (order_id, mut transaction, mut states) = (order.id.clone(), String::new(), states.to_vec());
    wechat.answers_by(move |api, body, carry_out| {
        let request = wechat_pay::channel::wechat::v2::xml::parse(body.as_bytes()).unwrap();
        let get = |name: &str| request.get(name).unwrap_or_default().to_owned();
        let refund = |number: &str| {
            let fees = WeChatMessage::yes().with("out_trade_no", &order_id).with("total_fee", "1990").with("cash_fee", "1990");
            fees.with(&format!("out_refund_no{number}"), &get("out_refund_no"))
                .with(&format!("refund_id{number}"), "50300000002026040100000000001")
                .with(&format!("refund_fee{number}"), "1990")
        };
        match api {
            "refund" => {
                transaction = get("transaction_id");
                Reply::Body(refund("").with("transaction_id", &transaction).signed())
            }
            "refundquery" => {
                let state = if states.len() > 1 { states.remove(0) } else { states[0] };
                let told = refund("_0").with("transaction_id", &transaction).with("refund_count", "1").with("refund_status_0", state);
                Reply::Body(told.signed())
            }
            _ => Reply::Body(carry_out()),
        }
    });
}

/// The follower sends what is due, and hears of its end.
async fn followed(app: &TestApp, wechat: &OverheardWeChat) {
    for _ in 0..4 {
        wechat.time_passes(61);
        app.sweep().await;
    }
}
