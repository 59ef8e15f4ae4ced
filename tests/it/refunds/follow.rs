//! A refund that WeChat has accepted, followed to its end; and refunds that only a list can tell of.

use serde_json::json;
use wechat_pay::channel::wechat::v2::{Fields, SignType, xml};
use wechat_pay::deal::Fen;
use wechat_pay::simulator::{Notify, RefundNotify, RefundState};

use super::api::{paid, query_refund, refund};
use super::books::{alarms, app, asked, at_wechat, due_in, events, refund_directly, states, stored, sums};
use super::by_others::notified;
use crate::support::database::{Database, Engine};
use crate::support::merchant::signer;
use crate::support::on_both_engines;
use crate::support::overheard_wechat::OverheardWeChat;
use crate::support::stub::Reply;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

const DAY: i64 = 86_400;
/// When a refund that was just accepted is asked about, in seconds since then.
const LOOKS: [i64; 12] = [60, 300, 1200, 3600, 21_600, DAY, 2 * DAY, 3 * DAY, 4 * DAY, 5 * DAY, 6 * DAY, 7 * DAY];

/// The bank decides about the order's only refund.
fn decided(app: &TestApp, order: &Order, state: RefundState) {
    let [(number, ..)] = at_wechat(app, order).try_into().unwrap();
    let now = app.clock.now();
    app.wechat().finish_refund(&number, state, now).unwrap();
}

/// Asked about a refund, WeChat says this of it, whatever it has.
fn says_of_refunds(wechat: &OverheardWeChat, word: &'static str) {
    wechat.answers_by(move |api, _, carry_out| {
        let answer = carry_out();
        if api != "refundquery" {
            return Reply::Body(answer);
        }
        let told = xml::parse(answer.as_bytes()).unwrap();
        let other = |(name, value)| if name == "refund_status_0" { (name, word) } else { (name, value) };
        let fields: Fields = told.iter().filter(|(name, _)| *name != "sign").map(other).collect();
        Reply::Body(xml::write(&signer(SignType::Md5).signed(fields)))
    });
}

/// An app at whose WeChat refunds are under way for so many days.
async fn with_a_slow_bank(engine: Engine, days: u32) -> TestApp {
    let app = app(engine).await;
    app.wechat().faults.refund_delay_s = days * 86_400;
    app
}

on_both_engines! {
    async fn it_is_asked_about_ever_more_seldom_until_it_arrives(engine) {
        let app = with_a_slow_bank(engine, 3).await;
        let order = paid(&app).await;
        refund(&app, &order, "first", json!({"refund": "5"})).await;
        let mut age = 0;
        for (looked, look) in (0..).zip(&LOOKS[..8]) {
            assert_eq!((app.calls("refundquery"), due_in(&app, &order).await), (looked, Some(look - age)));
            app.time_passes(look - age - 1);
            app.sweep().await;
            assert_eq!(app.calls("refundquery"), looked, "not before");
            app.time_passes(1);
            app.sweep().await;
            age = *look;
        }
        assert_eq!((states(&app, &order).await, due_in(&app, &order).await), (vec!["SUCCESS".to_owned()], None));
        assert_eq!(stored(&app, &order, "refunded_at").await[0].as_deref(), Some("2026-04-04 12:00:00"));
        assert_eq!(stored(&app, &order, "receiver").await[0].as_deref(), Some("支付用户零钱"));
        let looks = ["looked"; 7];
        assert_eq!(events(&app, &order).await, [&["requested", "accepted"], &looks[..], &["succeeded"]].concat());
        app.time_passes(10 * DAY);
        app.sweep().await;
        assert_eq!((app.calls("refundquery"), asked(&app)), (8, 1), "it is decided");
        let numbers = app.numbers().await;
        for (outcome, count) in [("requested", 1.0), ("accepted", 1.0), ("succeeded", 1.0), ("booked", 0.0)] {
            assert_eq!(numbers.get(&format!("refunds_total{{account=\"default\",outcome=\"{outcome}\"}}")), count, "{outcome}");
        }
        assert_eq!(numbers.get("refunded_fen_total{account=\"default\"}"), 500.0);
    }

    async fn after_a_week_it_is_an_operator_s_and_asked_about_on_demand(engine) {
        let app = with_a_slow_bank(engine, 9).await;
        let order = paid(&app).await;
        let refund_id = refund(&app, &order, "first", json!({"refund": "5"})).await.json()["refund_id"].clone();
        let mut age = 0;
        for look in LOOKS {
            assert_eq!(alarms(&app, "refund_overdue").await, 0.0);
            app.time_passes(look - age);
            app.sweep().await;
            age = look;
        }
        assert_eq!((due_in(&app, &order).await, alarms(&app, "refund_overdue").await), (None, 1.0));
        app.time_passes(2 * DAY);
        app.sweep().await;
        assert_eq!(states(&app, &order).await, ["PROCESSING"]);
        let told = query_refund(&app, json!({"refund_id": refund_id})).await.json();
        assert_eq!((&told["refund_state"], alarms(&app, "refund_overdue").await), (&json!("SUCCESS"), 1.0));
    }

    async fn one_that_arrives_at_the_last_look_raises_no_alarm(engine) {
        let app = with_a_slow_bank(engine, 7).await;
        let order = paid(&app).await;
        refund(&app, &order, "first", json!({"refund": "5"})).await;
        let mut age = 0;
        for look in LOOKS {
            app.time_passes(look - age);
            app.sweep().await;
            age = look;
        }
        assert_eq!((states(&app, &order).await, alarms(&app, "refund_overdue").await), (vec!["SUCCESS".to_owned()], 0.0));
    }

    async fn a_week_is_not_over_before_wechat_was_asked(engine) {
        let app = with_a_slow_bank(engine, 3).await;
        let order = paid(&app).await;
        refund(&app, &order, "first", json!({"refund": "5"})).await;
        app.wechat().faults.reset = 1.0;
        app.time_passes(8 * DAY);
        for _ in 0..3 {
            app.sweep().await;
            assert_eq!((due_in(&app, &order).await, alarms(&app, "refund_overdue").await), (Some(600), 0.0));
            app.time_passes(600);
        }
        app.wechat().faults.reset = 0.0;
        app.sweep().await;
        assert_eq!((states(&app, &order).await, alarms(&app, "refund_overdue").await), (vec!["SUCCESS".to_owned()], 0.0));
    }

    async fn what_wechat_gives_up_can_be_given_back_anew(engine) {
        let app = with_a_slow_bank(engine, 3).await;
        let order = paid(&app).await;
        refund(&app, &order, "first", json!({})).await;
        assert_eq!(sums(&app, &order).await, ("19.90".to_owned(), "0.00".to_owned()));
        decided(&app, &order, RefundState::RefundClose);
        app.time_passes(60);
        app.sweep().await;
        assert_eq!((states(&app, &order).await, due_in(&app, &order).await), (vec!["CLOSED".to_owned()], None));
        assert_eq!(sums(&app, &order).await, ("0.00".to_owned(), "19.90".to_owned()));
        let repeat = refund(&app, &order, "first", json!({})).await.json();
        assert_eq!(repeat["refund_state"], "CLOSED", "a closed number stays closed: {repeat}");
        let new = refund(&app, &order, "second", json!({})).await.json();
        assert_eq!((&new["refund_state"], &new["left"]), (&json!("PROCESSING"), &json!("0.00")), "{new}");
        assert_eq!(at_wechat(&app, &order).len(), 2);
    }

    async fn what_the_bank_refuses_holds_its_amount_and_is_an_operator_s(engine) {
        let app = with_a_slow_bank(engine, 3).await;
        let order = paid(&app).await;
        refund(&app, &order, "first", json!({"refund": "5"})).await;
        decided(&app, &order, RefundState::Change);
        app.time_passes(60);
        app.sweep().await;
        assert_eq!((states(&app, &order).await, due_in(&app, &order).await), (vec!["ABNORMAL".to_owned()], None));
        assert_eq!(sums(&app, &order).await, ("5.00".to_owned(), "14.90".to_owned()), "the merchant pays it out by hand");
        app.time_passes(DAY);
        app.sweep().await;
        query_refund(&app, json!({"order_id": order.id})).await;
        assert_eq!(alarms(&app, "refund_abnormal").await, 1.0);
    }

    async fn what_the_bank_refused_arrives_after_all_once_the_merchant_platform_has_paid_it_out(engine) {
        let wechat = OverheardWeChat::new().await;
        let app = wechat.app(engine).await;
        let order = wechat.paid(&app).await;
        let refund_id = refund_directly(&app, &order, "first", 500).await.refund.refund_id;
        says_of_refunds(&wechat, "CHANGE");
        wechat.time_passes(60);
        app.sweep().await;
        assert_eq!(states(&app, &order).await, ["ABNORMAL"]);
        wechat.answers_rightly();
        for _ in 0..2 {
            notified(&app, &order, refund_id.as_str()).await.acknowledged("it was paid out");
            assert_eq!((states(&app, &order).await, wechat.heard("refundquery").len()), (vec!["SUCCESS".to_owned()], 2));
        }
        assert_eq!(events(&app, &order).await, ["requested", "accepted", "abnormal", "succeeded"]);
        assert_eq!(app.look().await.value(&order.id, "refunded_fee").await.as_deref(), Some("500"));
    }

    async fn a_word_that_is_new_is_followed_on(engine) {
        let wechat = OverheardWeChat::new().await;
        let app = wechat.app(engine).await;
        let order = wechat.paid(&app).await;
        refund_directly(&app, &order, "first", 500).await;
        says_of_refunds(&wechat, "NOTSURE");
        wechat.time_passes(60);
        app.sweep().await;
        assert_eq!((states(&app, &order).await, due_in(&app, &order).await), (vec!["PROCESSING".to_owned()], Some(240)));
        wechat.answers_rightly();
        wechat.time_passes(240);
        app.sweep().await;
        assert_eq!(states(&app, &order).await, ["SUCCESS"]);
    }

    async fn more_refunds_than_a_page_has_are_all_found(engine) {
        let app = app(engine).await;
        app.wechat().faults.notify = Notify::Lost;
        let order = app.to_pay("19.90").await;
        let now = app.clock.now();
        app.wechat().pay(&order.id, None, None, now).unwrap();
        for _ in 0..12 {
            app.wechat().refund_by_hand(&order.id, Fen::new(100), now).unwrap();
        }
        app.time_passes(10);
        app.sweep().await;
        assert_eq!(app.trade_state(&order.id).await, "REFUND");
        app.sweep().await;
        assert_eq!((states(&app, &order).await, app.calls("refundquery")), (vec!["SUCCESS".to_owned(); 12], 2));
        assert_eq!(sums(&app, &order).await, ("12.00".to_owned(), "7.90".to_owned()));
        assert_eq!(alarms(&app, "refunded").await, 1.0);
        app.time_passes(DAY);
        app.sweep().await;
        assert_eq!(app.calls("refundquery"), 2, "they are known");
    }

    async fn a_list_that_is_not_had_for_a_week_is_an_operator_s(engine) {
        let wechat = OverheardWeChat::new().await;
        let app = wechat.app(engine).await;
        let order = app.to_pay("19.90").await;
        wechat.world().pay(&order.id, None, Some(Notify::Lost), wechat.clock.now()).unwrap();
        wechat.world().refund_by_hand(&order.id, Fen::new(500), wechat.clock.now()).unwrap();
        wechat.answers_by(|api, _, carry_out| if api == "refundquery" { Reply::Close } else { Reply::Body(carry_out()) });
        assert_eq!(app.trade_state(&order.id).await, "REFUND");
        for overdue in [0.0, 0.0, 1.0, 1.0] {
            app.sweep().await;
            assert_eq!(alarms(&app, "refund_overdue").await, overdue);
            wechat.time_passes(4 * DAY);
        }
        wechat.answers_rightly();
        app.sweep().await;
        assert_eq!(stored(&app, &order, "state").await.len(), 0, "it is asked for no more");
    }

    async fn after_a_refusal_one_list_tells_whether_others_gave_something_back(engine) {
        let app = app(engine).await;
        let order = paid(&app).await;
        app.look().await.run("UPDATE deal SET refunds_due_at = '2026-04-01 12:00:00'").await;
        for _ in 0..3 {
            app.sweep().await;
            assert_eq!((app.calls("refundquery"), app.look().await.value(&order.id, "refunds_due_at").await), (1, None));
            app.time_passes(DAY);
        }
    }

    async fn a_list_that_lags_behind_is_asked_for_again(engine) {
        let wechat = OverheardWeChat::new().await;
        let app = wechat.app(engine).await;
        let order = app.to_pay("19.90").await;
        wechat.world().pay(&order.id, None, Some(Notify::Lost), wechat.clock.now()).unwrap();
        wechat.world().refund_by_hand(&order.id, Fen::new(500), wechat.clock.now()).unwrap();
        wechat.says("refundquery", &WeChatMessage::no("REFUNDNOTEXIST", "not exist"));
        assert_eq!(app.trade_state(&order.id).await, "REFUND");
        app.sweep().await;
        assert_eq!((stored(&app, &order, "state").await.len(), wechat.heard("refundquery").len()), (0, 1));
        wechat.answers_rightly();
        wechat.time_passes(60);
        app.sweep().await;
        assert_eq!(stored(&app, &order, "source").await, [Some("platform".to_owned())]);
    }
}

/// An app with the account `shop2`, whose seller is 2, or without it.
fn with_shop2(database: Database, wechat: &OverheardWeChat, is_there: bool) -> TestAppBuilder {
    let builder = wechat.seen_from(TestAppBuilder::on(database));
    if !is_there {
        return builder;
    }
    let shop2 =
        [("APPID", "wx2421b1c4370ec43b"), ("MCH_ID", "10000200"), ("API_KEY", "8934e7d15453e97507ef794cf7b0519d"), ("SELLERS", "2")];
    shop2.into_iter().fold(builder, |builder, (key, value)| builder.set(&format!("ACCOUNTS__SHOP2__{key}"), value))
}

on_both_engines! {
    async fn the_refund_of_an_account_that_vanishes_waits_until_it_is_back(engine) {
        let wechat = OverheardWeChat::new().await;
        let app = with_shop2(Database::fresh(engine).await, &wechat, true).open().await;
        let order = wechat.paid(&app).await;
        wechat.answers_by(|_, _, _| Reply::Close);
        refund_directly(&app, &order, "first", 500).await;
        let look = app.look().await;
        look.run("UPDATE refund SET account = 'shop2'; UPDATE deal SET account = 'shop2'").await;
        look.ends().await;
        let app = with_shop2(app.stop().await, &wechat, false).open().await;
        for _ in 0..5 {
            wechat.time_passes(600);
            app.sweep().await;
        }
        assert_eq!(wechat.heard("refund").len(), 1, "no other account's certificate and key ask for it");
        for _ in 0..500 {
            if app.till.get("/readyz").await.json()["warnings"].is_array() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let ready = app.till.get("/readyz").await.json();
        assert_eq!(ready["warnings"], json!(["1 undecided deal or refund goes through the account shop2, which is not configured"]));
        assert_eq!(alarms(&app, "no_account").await, 1.0);
        let app = with_shop2(app.stop().await, &wechat, true).open().await;
        app.sweep().await;
        assert_eq!(wechat.heard("refund").len(), 2, "it goes out at once");
    }

    async fn a_refund_s_end_is_heard_of_though_its_notification_was_lost(engine) {
        let app = app(engine).await;
        app.wechat().faults.refund_notify = RefundNotify::Lost;
        let order = paid(&app).await;
        refund(&app, &order, "first", json!({"refund": "5"})).await;
        app.time_passes(60);
        app.sweep().await;
        let told = app.query(&order.id).await.json();
        assert_eq!((&told["trade_state"], &told["refunded"]), (&json!("SUCCESS"), &json!("5.00")), "{told}");
        assert_eq!(alarms(&app, "refunded").await, 0.0, "what this service gives back is no news");
    }
}
