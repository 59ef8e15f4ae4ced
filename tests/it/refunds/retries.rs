//! A refund that is not accepted at once: every answer of WeChat's, every lost one, crashes and other instances. The same bytes go out
//! until WeChat has decided, and a refusal is believed only once WeChat does not know the number.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use wechat_pay::deal::{Fen, Reach};
use wechat_pay::simulator::{Faults, RefundNotify, RefundRefusal, RefundState};

use super::api::{paid, query_refund, refund};
use super::books::{alarms, app, asked, at_wechat, due_in, events, refund_directly, states, stored, sums};
use crate::support::database::Engine;
use crate::support::http::try_send;
use crate::support::on_both_engines;
use crate::support::overheard_wechat::OverheardWeChat;
use crate::support::stub::Reply;
use crate::support::test_app::TestAppBuilder;
use crate::support::wechat_message::WeChatMessage;

const LATER: &str = "WeChat asks to be asked again later";
const IN_A_MINUTE: &str = "WeChat asks to be asked again in a minute";
const ALARMS: [&str; 3] = ["refund_not_enough", "refund_certificate", "refund_not_allowed"];

on_both_engines! {
    async fn what_wechat_does_not_take_now_is_asked_for_again_in_time(engine) {
        use RefundRefusal::{BizerrNeedRetry, CertError, FrequencyLimited, InvalidReqTooMuch, Noauth, Notenough, OrderNotReady, TooSoon};
        let app = app(engine).await;
        for (refusal, detail, pauses, alarm) in [
            (BizerrNeedRetry, "the outcome at WeChat is unknown", [2, 10, 30], None),
            (FrequencyLimited, LATER, [2, 10, 30], None),
            (OrderNotReady, LATER, [2, 10, 30], None),
            (TooSoon, IN_A_MINUTE, [61, 120, 600], None),
            (InvalidReqTooMuch, IN_A_MINUTE, [61, 120, 600], None),
            (Notenough, "the merchant's balance at WeChat does not suffice: top it up", [2, 10, 30], Some("refund_not_enough")),
            (Noauth, "WeChat does not allow this merchant number to refund from this address", [3600; 3], Some("refund_not_allowed")),
            (CertError, "the client certificate was revoked or replaced", [3600; 3], Some("refund_certificate")),
        ] {
            let order = paid(&app).await;
            let before = app.numbers().await;
            app.wechat().faults.refund_refused = Some(refusal);
            let told = refund(&app, &order, "first", json!({"refund": "5"})).await.json();
            assert_eq!((&told["code"], &told["refund_state"], &told["left"]), (&json!(0), &json!("PROCESSING"), &json!("14.90")), "{refusal}: {told}");
            assert!(told["detail"].as_str().unwrap().starts_with(detail), "{refusal}: {told}");
            let bytes = stored(&app, &order, "request").await;
            for pause in pauses {
                assert_eq!(due_in(&app, &order).await, Some(pause), "{refusal}");
                let before = asked(&app);
                app.time_passes(pause - 1);
                app.sweep().await;
                assert_eq!(asked(&app), before, "{refusal}: not before");
                app.time_passes(1);
                app.sweep().await;
                assert_eq!(asked(&app), before + 1, "{refusal}");
            }
            let numbers = app.numbers().await;
            for kind in ALARMS {
                let raised = numbers.since(&before, &format!("alarms_total{{kind=\"{kind}\"}}"));
                assert_eq!(raised, if alarm == Some(kind) { 1.0 } else { 0.0 }, "{refusal}: {kind}, however often it is tried");
            }
            app.wechat().faults.refund_refused = None;
            app.time_passes(due_in(&app, &order).await.unwrap());
            app.sweep().await;
            let accepted = at_wechat(&app, &order);
            assert_eq!(accepted, [(told["refund_id"].as_str().unwrap().to_owned(), 500, RefundState::Processing)], "{refusal}");
            assert_eq!(stored(&app, &order, "request").await, bytes, "{refusal}");
            assert_eq!(stored(&app, &order, "detail").await, [None], "{refusal}: it waits for nothing any more");
            assert_eq!(events(&app, &order).await, ["requested", "postponed", "postponed", "postponed", "postponed", "accepted"], "{refusal}");
        }
    }

    async fn a_refund_names_no_payment_that_another_program_has_written(engine) {
        let wechat = OverheardWeChat::new().await;
        let app = wechat.app(engine).await;
        let order = wechat.paid(&app).await;
        app.look().await.run("UPDATE deal SET transaction_id = '4200000260111111111111111111'").await;
        assert_eq!(refund_directly(&app, &order, "first", 500).await.left, Fen::new(1490));
        let heard = wechat.heard("refund");
        assert!(heard.len() == 1 && heard[0].contains(&order.id) && !heard[0].contains("transaction_id"), "{heard:?}");
        assert_eq!(stored(&app, &order, "transaction_id").await, [None]);
    }

    async fn a_refusal_for_good_frees_the_amount_and_a_new_key_tries_again(engine) {
        use RefundRefusal::{
            FullyRefunded, InvalidRequest, InvalidTransactionid, Ordernotexist, OtherRefundFee, RefundFeeInvalid, RefundFeeMismatch, TooMany,
            TradeOverdue, TradeStateError, UserAccountAbnormal,
        };
        let app = app(engine).await;
        for refusal in [
            FullyRefunded, InvalidRequest, InvalidTransactionid, Ordernotexist, OtherRefundFee, RefundFeeInvalid, RefundFeeMismatch, TooMany,
            TradeOverdue, TradeStateError, UserAccountAbnormal,
        ] {
            let order = paid(&app).await;
            app.wechat().faults.refund_refused = Some(refusal);
            let (asked_before, queried) = (asked(&app), app.calls("refundquery"));
            let told = refund(&app, &order, "first", json!({"refund": "5"})).await.json();
            assert_eq!((&told["code"], &told["reason"], &told["refund_state"]), (&json!(1), &json!("WECHAT_REFUSED"), &json!("FAILED")), "{told}");
            assert_eq!(told["detail"], json!(refusal.to_string()));
            assert_eq!((asked(&app) - asked_before, app.calls("refundquery") - queried), (1, 1), "{refusal}: whether WeChat knows the number is asked");
            assert_eq!(sums(&app, &order).await, ("0.00".to_owned(), "19.90".to_owned()), "{refusal}");
            assert_eq!((due_in(&app, &order).await, events(&app, &order).await), (None, vec!["requested".to_owned(), "failed".to_owned()]), "{refusal}");

            app.wechat().faults.refund_refused = None;
            app.time_passes(60);
            app.sweep().await;
            assert_eq!(asked(&app) - asked_before, 1, "{refusal}: it is sent no more");
            let again = refund(&app, &order, "first", json!({"refund": "5"})).await.json();
            assert_eq!((&again["code"], &again["refund_id"]), (&json!(1), &told["refund_id"]), "the same key goes on giving that answer");
            let new = refund(&app, &order, "second", json!({"refund": "19.90"})).await.json();
            assert_eq!((&new["code"], &new["left"]), (&json!(0), &json!("0.00")), "{refusal}: {new}");
            assert_ne!(new["refund_id"], told["refund_id"]);
        }
    }

    async fn whatever_becomes_of_the_reply_it_is_one_refund(engine) {
        let app = app(engine).await;
        let faults = Faults { refund_notify: RefundNotify::Lost, ..Faults::default() };
        for (what, fault) in [
            ("no reply", Faults { drop_reply: 1.0, ..faults.clone() }),
            ("no connection", Faults { reset: 1.0, ..faults.clone() }),
            ("another server's page", Faults { html: 1.0, ..faults.clone() }),
            ("SYSTEMERROR", Faults { system_error: 1.0, ..faults.clone() }),
            ("SYSTEMERROR without a signature", Faults { system_error: 1.0, system_error_signed: false, ..faults.clone() }),
        ] {
            let order = paid(&app).await;
            app.wechat().faults = fault;
            let told = refund(&app, &order, "first", json!({})).await.json();
            assert_eq!((&told["code"], &told["refund_state"], &told["left"]), (&json!(0), &json!("PROCESSING"), &json!("0.00")), "{what}: {told}");
            app.time_passes(2);
            app.sweep().await;
            assert_eq!(due_in(&app, &order).await, Some(10), "{what}: still nothing is known");
            app.wechat().faults = faults.clone();
            app.time_passes(10);
            app.sweep().await;
            let known = query_refund(&app, json!({"refund_id": told["refund_id"]})).await.json();
            assert!(known.get("detail").is_none(), "{what}: {known}");
            let [(number, fee, _)] = at_wechat(&app, &order).try_into().unwrap();
            assert_eq!((json!(number), fee), (told["refund_id"].clone(), 1990), "{what}");
            assert!(stored(&app, &order, "wechat_refund_id").await[0].is_some(), "{what}");
        }
    }

    async fn an_acceptance_whose_reply_was_lost_is_found_by_a_query_though_wechat_takes_no_request_now(engine) {
        let wechat = OverheardWeChat::new().await;
        let app = wechat.app(engine).await;
        for a_caller_asks in [true, false] {
            let order = wechat.paid(&app).await;
            wechat.answers_by(|_, _, carry_out| {
                carry_out();
                Reply::Close
            });
            let refund_id = refund_directly(&app, &order, "first", 500).await.refund.refund_id;
            let refused = WeChatMessage::no("CERT_ERROR", "证书校验错误").signed();
            wechat.answers_by(move |api, _, carry_out| Reply::Body(if api == "refund" { refused.clone() } else { carry_out() }));
            if a_caller_asks {
                app.gateway().query_refund(&refund_id, &Reach::default()).await.unwrap();
            } else {
                wechat.time_passes(2);
                app.sweep().await;
            }
            assert!(stored(&app, &order, "wechat_refund_id").await[0].is_some(), "a caller asks: {a_caller_asks}");
            assert_eq!((stored(&app, &order, "detail").await, alarms(&app, "refund_certificate").await), (vec![None], 0.0), "it waits for nothing");
            wechat.answers_rightly();
        }
    }

    async fn until_it_is_decided_it_is_sent_ever_more_seldom_whichever_clock_is_ahead(engine) {
        for ahead in [0, 50, -50] {
            let app = app(engine).await;
            let order = paid(&app).await;
            app.clock.set_database_ahead(TimeDelta::seconds(ahead));
            app.sweep().await;
            app.wechat().faults.refund_refused = Some(RefundRefusal::FrequencyLimited);
            refund(&app, &order, "first", json!({"refund": "5"})).await;
            for pause in [2, 10, 30, 120, 600, 600] {
                assert_eq!(due_in(&app, &order).await.map(|due| due - ahead), Some(pause), "the database's clock is {ahead} s ahead");
                app.time_passes(pause);
                app.sweep().await;
            }
            assert_eq!(asked(&app), 7);
        }
    }

    async fn a_crash_before_the_call_changes_neither_number_nor_bytes(engine) {
        let wechat = OverheardWeChat::new().await;
        let app = wechat.app(engine).await;
        let order = wechat.paid(&app).await;
        wechat.answers_by(|_, _, _| Reply::Close);
        let view = refund_directly(&app, &order, "first", 500).await;
        // As it stands when the process dies between the commit and the call.
        app.look().await.run("UPDATE refund SET sent_at = NULL, detail = NULL, due_at = '2026-04-01 12:00:20'").await;
        let database = app.stop().await;

        wechat.answers_rightly();
        let app = wechat.seen_from(TestAppBuilder::on(database)).open().await;
        let again = refund_directly(&app, &order, "first", 500).await;
        assert_eq!((again.refund.refund_id, again.refunded), (view.refund.refund_id.clone(), view.refunded), "the caller may ask again");
        wechat.time_passes(19);
        app.sweep().await;
        assert_eq!(wechat.heard("refund").len(), 1, "for all that is known another instance may be sending it");
        wechat.time_passes(1);
        app.sweep().await;
        let heard = wechat.heard("refund");
        assert_eq!(heard.len(), 2);
        assert_eq!(heard[0], heard[1]);
        assert_eq!(wechat.world().refunds().map(|refund| refund.out_refund_no.clone()).collect::<Vec<_>>(), [view.refund.refund_id.as_str()]);
        assert!(stored(&app, &order, "wechat_refund_id").await[0].is_some());
    }

    async fn a_refund_whose_row_another_program_has_changed_is_not_sent(engine) {
        let wechat = OverheardWeChat::new().await;
        let app = wechat.app(engine).await;
        let order = wechat.paid(&app).await;
        wechat.answers_by(|_, _, _| Reply::Close);
        refund_directly(&app, &order, "first", 500).await;
        wechat.answers_rightly();
        app.look().await.run("UPDATE refund SET refund_fee = 499").await;
        wechat.time_passes(2);
        for _ in 0..2 {
            app.sweep().await;
            assert_eq!((wechat.heard("refund").len(), alarms(&app, "refund_mismatch").await, due_in(&app, &order).await), (1, 1.0, Some(3600)));
            wechat.time_passes(3600);
        }
        app.look().await.run("UPDATE refund SET refund_fee = 500").await;
        app.sweep().await;
        assert!(stored(&app, &order, "wechat_refund_id").await[0].is_some(), "it was put right");
    }

    async fn two_instances_never_send_one_refund_at_the_same_time(engine) {
        let wechat = OverheardWeChat::new().await;
        let app = wechat.app(engine).await;
        let order = wechat.paid(&app).await;
        let neighbour = wechat.seen_from(TestAppBuilder::new(Engine::Sqlite).await).set("DATABASE__URL", &app.database.url).open().await;
        wechat.says("refund", &WeChatMessage::no("NOTENOUGH", "基本账户余额不足，请充值后重新发起"));
        refund_directly(&app, &order, "first", 500).await;
        for (sent, pause) in [2, 10, 30, 120, 600].into_iter().enumerate() {
            assert_eq!(wechat.heard("refund").len(), sent + 1);
            wechat.time_passes(pause);
            tokio::join!(app.sweep(), neighbour.sweep());
        }
        let heard = wechat.heard("refund");
        assert!(heard.iter().all(|request| *request == heard[0]) && heard.len() == 6, "{}", heard.len());
        let raised = [alarms(&app, "refund_not_enough").await, alarms(&neighbour, "refund_not_enough").await];
        assert!(raised == [1.0, 0.0] || raised == [0.0, 1.0], "{raised:?}");
    }

    async fn a_refusal_after_a_lost_acceptance_is_not_believed_while_a_query_may_lag_behind(engine) {
        let wechat = OverheardWeChat::new().await;
        let app = wechat.app(engine).await;
        let refused = WeChatMessage::no("ERROR", "订单已全额退款");
        for is_accepted in [true, false] {
            let order = wechat.paid(&app).await;
            wechat.answers_by(move |api, _, carry_out| {
                if api == "refund" && is_accepted {
                    carry_out();
                }
                Reply::Close
            });
            refund_directly(&app, &order, "first", 1990).await;
            let (no, unknown) = (refused.signed(), WeChatMessage::no("REFUNDNOTEXIST", "not exist").signed());
            wechat.answers_by(move |api, _, _| Reply::Body(if api == "refund" { no.clone() } else { unknown.clone() }));
            wechat.time_passes(2);
            app.sweep().await;
            assert_eq!((states(&app, &order).await, due_in(&app, &order).await), (vec!["PROCESSING".to_owned()], Some(58)));
            assert_eq!(stored(&app, &order, "detail").await[0].as_deref(), Some("ERROR: 订单已全额退款"));
            wechat.says("refund", &refused);
            wechat.time_passes(58);
            app.sweep().await;
            let (state, refunded) = if is_accepted { ("SUCCESS", "1990") } else { ("FAILED", "0") };
            assert_eq!(states(&app, &order).await, [state]);
            assert_eq!(app.look().await.value(&order.id, "refunded_fee").await.as_deref(), Some(refunded));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_hangs_up_stops_nothing() {
    let app = app(Engine::Sqlite).await;
    let order = paid(&app).await;
    app.wechat().faults.latency_ms = 1000;
    let body = json!({"order_id": order.id, "refund": "5"}).to_string();
    let request = app.till.request("POST", "/wxPay/refund").header("content-type", "application/json").header("idempotency-key", "first");
    assert!(try_send(request.body(body).timeout(Duration::from_millis(300))).await.is_err());
    for _ in 0..500 {
        if at_wechat(&app, &order).len() == 1 && stored(&app, &order, "wechat_refund_id").await[0].is_some() {
            return assert_eq!(asked(&app), 1);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", stored(&app, &order, "state").await);
}
