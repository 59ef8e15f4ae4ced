//! Payments that go back by themselves: a second one of a paid deal, and one that came after expiry, as `refund.automatic` says. The alarm
//! that they raise otherwise is raised only if the money does not arrive.

use wechat_pay::channel::wechat::v2::xml;

use super::books::{alarms, states, stored};
use crate::support::database::Engine;
use crate::support::on_both_engines;
use crate::support::overheard_wechat::OverheardWeChat;
use crate::support::stub::Reply;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::{WeChatMessage, transaction_id};

const SECOND: &str = "4200000260999999999999999999";

/// An app at whose WeChat orders can be paid twice, and refunds of any payment come to this end.
async fn app(engine: Engine, wechat: &OverheardWeChat, automatic: &str, end: &'static str) -> TestApp {
    let app = wechat.seen_from(TestAppBuilder::new(engine).await).set("REFUND__AUTOMATIC", automatic).open().await;
    let order = std::sync::Mutex::new(None);
    wechat.answers_by(move |api, body, carry_out| {
        let request = xml::parse(body.as_bytes()).unwrap();
        let get = |name: &str| request.get(name).unwrap_or_default().to_owned();
        let of = |transaction: &str, order: &str| {
            WeChatMessage::yes()
                .with("transaction_id", transaction)
                .with("out_trade_no", order)
                .with("total_fee", "1990")
                .with("cash_fee", "1990")
        };
        let mut order = order.lock().unwrap();
        match (api, &*order) {
            ("unifiedorder", _) => {
                *order = Some((get("out_trade_no"), String::new()));
                Reply::Body(carry_out())
            }
            ("refund", _) if end == "FAILED" => Reply::Body(WeChatMessage::no("USER_ACCOUNT_ABNORMAL", "用户账户异常或已注销").signed()),
            ("refund", Some((number, _))) => {
                let (number, transaction) = (number.clone(), get("transaction_id"));
                *order = Some((number.clone(), transaction.clone()));
                let accepted = of(&transaction, &number)
                    .with("out_refund_no", &get("out_refund_no"))
                    .with("refund_id", "50300000002026040100000000001");
                Reply::Body(accepted.with("refund_fee", &get("refund_fee")).signed())
            }
            ("refundquery", _) if end == "FAILED" => Reply::Body(WeChatMessage::no("REFUNDNOTEXIST", "not exist").signed()),
            ("refundquery", Some((number, transaction))) => {
                let told = of(transaction, number).with("refund_count", "1").with("out_refund_no_0", &get("out_refund_no"));
                let told =
                    told.with("refund_id_0", "50300000002026040100000000001").with("refund_fee_0", "1990").with("refund_status_0", end);
                Reply::Body(told.signed())
            }
            _ => Reply::Body(carry_out()),
        }
    });
    app
}

/// A second payment of an order, as WeChat tells of it.
fn second(order: &Order) -> String {
    WeChatMessage::notification(&order.id, 1990).with("transaction_id", SECOND).signed()
}

/// The payer has paid twice, and WeChat has told of both.
async fn paid_twice(app: &TestApp) -> Order {
    let order = app.to_pay("19.90").await;
    app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("the first");
    app.notify(second(&order)).await.not_believed(409, "the second");
    order
}

/// The follower sends what is due, and hears of its end.
async fn followed(app: &TestApp, wechat: &OverheardWeChat) {
    for _ in 0..3 {
        app.sweep().await;
        wechat.time_passes(61);
    }
    app.sweep().await;
}

async fn told(app: &TestApp, order: &Order) -> Vec<String> {
    let sql =
        format!("SELECT detail FROM deal_event WHERE order_id = '{}' AND kind IN ('mismatch', 'second_payment') ORDER BY id", order.id);
    app.look().await.column(&sql, "detail").await
}

on_both_engines! {
    async fn a_second_payment_goes_back_and_the_first_stays(engine) {
        let wechat = OverheardWeChat::new().await;
        let app = app(engine, &wechat, "second", "SUCCESS").await;
        let order = paid_twice(&app).await;
        app.notify(second(&order)).await.not_believed(409, "WeChat repeats it");
        let columns = ["state", "source", "transaction_id", "refund_fee", "of_second_payment"];
        let row = futures_util::future::join_all(columns.map(|column| stored(&app, &order, column))).await.concat();
        assert_eq!(row, ["PROCESSING", "automatic", SECOND, "1990", "1"].map(|text| Some(text.to_owned())), "one refund, of the second payment");
        assert_eq!(told(&app, &order).await, [format!("1990 fen by transaction {SECOND}")]);
        assert_eq!(alarms(&app, "money").await, 0.0, "nobody need look");

        followed(&app, &wechat).await;
        let heard = wechat.heard("refund");
        assert!(heard.len() == 1 && heard[0].contains(SECOND) && !heard[0].contains(&transaction_id(&order.id)), "{}", heard.len());
        assert_eq!(states(&app, &order).await, ["SUCCESS"]);
        assert_eq!(app.look().await.value(&order.id, "CONCAT(COALESCE(refunded_fee, 0), status)").await.as_deref(), Some("01"), "the deal's own payment is whole");
        let answer = app.query(&order.id).await.json();
        assert!(answer["trade_state"] == "SUCCESS" && answer.get("refunded").is_none(), "{answer}");
        assert_eq!(alarms(&app, "money").await, 0.0);
        assert!(app.explain(&order.id).await.contains("WeChat has signed a second payment beside the one that counts; it goes back (1990 fen"));
    }

    async fn a_second_payment_that_does_not_arrive_is_an_operator_s_after_all(engine) {
        for (end, state) in [("REFUNDCLOSE", "CLOSED"), ("CHANGE", "ABNORMAL"), ("FAILED", "FAILED")] {
            let wechat = OverheardWeChat::new().await;
            let app = app(engine, &wechat, "second", end).await;
            let order = paid_twice(&app).await;
            assert_eq!(alarms(&app, "money").await, 0.0);
            followed(&app, &wechat).await;
            assert_eq!((states(&app, &order).await, alarms(&app, "money").await), (vec![state.to_owned()], 1.0));
            app.notify(second(&order)).await.not_believed(409, "WeChat repeats it");
            followed(&app, &wechat).await;
            assert_eq!((stored(&app, &order, "id").await.len(), alarms(&app, "money").await), (1, 1.0), "it is drawn no second time");
        }
    }

    async fn without_the_choice_or_evidence_or_certificate_a_second_payment_is_an_operator_s(engine) {
        let wechat = OverheardWeChat::new().await;
        let unchosen = app(engine, &wechat, "none", "SUCCESS").await;
        let order = paid_twice(&unchosen).await;
        assert_eq!((stored(&unchosen, &order, "id").await.len(), alarms(&unchosen, "money").await), (0, 1.0));

        let unproved = app(engine, &wechat, "second", "SUCCESS").await;
        let order = unproved.to_pay("19.90").await;
        unproved.look().await.run("UPDATE deal SET status = 1, transaction_id = '4200000260111111111111111111', due_at = NULL").await;
        unproved.notify(second(&order)).await.not_believed(409, "for all that is known it is the only one");
        assert_eq!((stored(&unproved, &order, "id").await.len(), alarms(&unproved, "money").await), (0, 1.0));

        let builder = wechat.seen_from(TestAppBuilder::new(engine).await).set("WECHAT__BASE_URL", "https://127.0.0.1:9");
        let uncertified = builder.set("REFUND__AUTOMATIC", "second,late").open().await;
        let order_id = uncertified.try_to_pay("19.90").await.json()["order_id"].as_str().unwrap().to_owned();
        let order = Order { id: order_id, code_url: String::new() };
        uncertified.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("the first");
        uncertified.notify(second(&order)).await.not_believed(409, "the second");
        assert_eq!((stored(&uncertified, &order, "id").await.len(), alarms(&uncertified, "money").await), (0, 1.0));
    }

    async fn what_another_program_writes_over_a_payment_makes_it_neither_a_second_nor_a_late_one(engine) {
        let wechat = OverheardWeChat::new().await;
        let app = app(engine, &wechat, "second,late", "SUCCESS").await;
        let order = app.to_pay("19.90").await;
        let first = WeChatMessage::notification(&order.id, 1990).signed();
        app.notify(first.clone()).await.acknowledged("the payment");
        for written in [format!("transaction_id = '{SECOND}'"), "transaction_id = NULL".to_owned(), "status = 2".to_owned()] {
            app.look().await.run(&format!("UPDATE deal SET {written}")).await;
            app.notify(first.clone()).await.acknowledged(&written);
        }
        assert_eq!((stored(&app, &order, "id").await.len(), alarms(&app, "money").await, alarms(&app, "paid_late").await), (0, 0.0, 1.0));

        app.look().await.run(&format!("UPDATE deal SET transaction_id = '{SECOND}'")).await;
        app.notify(second(&order)).await.not_believed(409, "the second");
        assert_eq!(stored(&app, &order, "of_second_payment").await, [Some("1".to_owned())]);
    }

    async fn two_instances_give_a_second_payment_back_once(engine) {
        let wechat = OverheardWeChat::new().await;
        let app = app(engine, &wechat, "second", "SUCCESS").await;
        let neighbour = wechat.seen_from(TestAppBuilder::new(Engine::Sqlite).await).set("REFUND__AUTOMATIC", "second");
        let neighbour = neighbour.set("DATABASE__URL", &app.database.url).open().await;
        let order = app.to_pay("19.90").await;
        app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("the first");
        let (one, other) = tokio::join!(app.notify_until_heard(second(&order)), neighbour.notify_until_heard(second(&order)));
        assert_eq!((one.status, other.status), (409, 409), "{} {}", one.body, other.body);
        assert_eq!(stored(&app, &order, "source").await, [Some("automatic".to_owned())]);
        assert_eq!((alarms(&app, "money").await, alarms(&neighbour, "money").await), (0.0, 0.0));
    }

    async fn a_payment_after_expiry_goes_back_as_a_whole_where_that_is_chosen(engine) {
        for (automatic, end, state, late, sum) in [
            ("second,late", "SUCCESS", Some("SUCCESS"), 0.0, "1990"),
            ("second,late", "FAILED", Some("FAILED"), 1.0, "0"),
            ("second", "SUCCESS", None, 1.0, "0"),
        ] {
            let wechat = OverheardWeChat::new().await;
            let app = app(engine, &wechat, automatic, end).await;
            let order = app.to_pay("19.90").await;
            wechat.time_passes(7300);
            app.sweep().await;
            assert_eq!(app.look().await.status(&order.id).await, 2);
            app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("money beats the timer");
            assert_eq!(app.look().await.status(&order.id).await, 1);
            if state == Some("SUCCESS") {
                let answer = app.query(&order.id).await.json();
                assert_eq!((&answer["trade_state"], &answer["refunded"]), (&"SUCCESS".into(), &"19.90".into()), "{answer}");
            }
            followed(&app, &wechat).await;
            assert_eq!(states(&app, &order).await, state.into_iter().collect::<Vec<_>>(), "{automatic} {end}");
            let refunded = app.look().await.value(&order.id, "COALESCE(refunded_fee, 0)").await;
            assert_eq!(refunded.as_deref(), Some(sum), "{automatic} {end}");
            assert_eq!(alarms(&app, "paid_late").await, late, "{automatic} {end}");
        }
    }
}
