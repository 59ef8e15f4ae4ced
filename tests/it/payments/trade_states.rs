//! How a deal stands, in WeChat's words; and how many polls WeChat hears of.

use std::time::{Duration, Instant};

use serde_json::Value;
use wechat_pay::simulator::Notify;

use crate::support::database::Engine;
use crate::support::on_both_engines;
use crate::support::stub::{Reply, Stub};
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

/// Lets something happen to an order at WeChat.
type Event = fn(&TestApp, &Order);

const STATES: [(&str, &str, i64, Event); 6] = [
    ("NOTPAY", "订单未支付", 0, |_, _| {}),
    ("USERPAYING", "需要用户输入支付密码", 0, |app, order| app.wechat().enter_password(&order.id).unwrap()),
    ("PAYERROR", "支付失败，请重新下单支付", 0, |app, order| app.wechat().fail(&order.id).unwrap()),
    ("CLOSED", "订单已关闭", 2, |app, _| app.wechat().habits.auto_close_days = 0),
    ("SUCCESS", "支付成功", 1, TestApp::payer_pays_silently),
    ("REFUND", "订单发生过退款，退款详情请查询退款单", 1, |app, order| {
        app.payer_pays_silently(order);
        app.given_back_by_hand(order);
    }),
];

fn said(answer: &Value) -> (Option<i64>, Option<&str>, Option<&str>) {
    (answer["code"].as_i64(), answer["trade_state"].as_str(), answer["trade_state_desc"].as_str())
}

on_both_engines! {
    async fn every_state_is_told_in_wechat_s_words_and_only_proof_moves_the_deal(engine) {
        for (state, description, status, event) in STATES {
            let app = TestApp::open(engine).await;
            let order = app.to_pay("19.90").await;
            event(&app, &order);
            let answer = app.query(&order.id).await;
            assert_eq!(said(&answer.json()), (Some(0), Some(state), Some(description)), "{}", answer.body);
            let look = app.look().await;
            assert_eq!(look.status(&order.id).await, status, "{state}");
            assert_eq!(look.value(&order.id, "queryBack").await.is_some(), status != 0, "{state}: evidence of a decision, and of nothing else");
            assert_eq!(answer.json()["paid_at"].is_string(), status == 1, "{state}");
            if status != 0 {
                let asked = app.all_calls();
                assert_eq!(said(&app.query(&order.id).await.json()), (Some(0), Some(state), Some(description)), "and from then on");
                assert_eq!(app.all_calls(), asked, "without asking");
            }
        }
    }

    async fn an_order_that_wechat_does_not_know_is_not_paid(engine) {
        let app = TestApp::open(engine).await;
        app.wechat().faults.reset = 1.0;
        let lost = app.try_to_pay("19.90").await.refused(502, "UPSTREAM", None, "the connection broke");
        app.wechat().faults.reset = 0.0;
        let order_id = lost["order_id"].as_str().unwrap();
        assert_eq!(app.wechat().orders().count(), 0);
        assert_eq!(said(&app.query(order_id).await.json()), (Some(0), Some("NOTPAY"), Some("订单未支付")));
        assert_eq!(app.look().await.status(order_id).await, 0);
    }

    async fn a_decided_deal_is_answered_without_asking(engine) {
        let app = TestApp::open(engine).await;
        let (paid, closed) = (app.to_pay("19.90").await, app.to_pay("19.90").await);
        app.payer_pays(&paid).await;
        app.given_back_by_hand(&paid);
        app.time_passes(300);
        assert_eq!(app.close(&closed.id).await.json()["code"], 0);
        let asked = app.all_calls();
        for _ in 0..3 {
            assert_eq!(app.trade_state(&paid.id).await, "SUCCESS", "nobody has told us that it was given back");
            assert_eq!(app.trade_state(&closed.id).await, "CLOSED");
        }
        assert_eq!(app.all_calls(), asked);
    }

    async fn a_page_that_polls_every_10_ms_reaches_wechat_once_a_second(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        let started = Instant::now();
        let first = app.query(&order.id).await.json();
        assert!(first["as_of"].is_null(), "the first answer is of this moment");
        let mut answers = Vec::new();
        while started.elapsed() < Duration::from_millis(1300) {
            answers.extend(futures_util::future::join_all((0..3).map(|_| app.query(&order.id))).await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let allowed = 1 + started.elapsed().as_secs();
        let asked = app.calls("orderquery");
        assert!((2..=allowed).contains(&asked), "{asked} calls in {:?}", started.elapsed());
        assert!(answers.iter().all(|answer| answer.status == 200 && answer.json()["trade_state"] == "NOTPAY"));
        let dated = answers.iter().filter(|answer| answer.json()["as_of"] == "2026-04-01T12:00:00+08:00").count();
        assert!(dated > 10, "{dated} of {} answers say that they are not of this moment", answers.len());

        // Longer than it takes twenty pages to ask.
        app.wechat().faults.latency_ms = 800;
        tokio::time::sleep(Duration::from_millis(1000)).await;
        let before = app.calls("orderquery");
        let together = futures_util::future::join_all((0..20).map(|_| app.query(&order.id))).await;
        assert!(together.iter().all(|answer| answer.json()["as_of"].is_null()), "who waited for the call got its answer");
        assert_eq!(app.calls("orderquery"), before + 1);
    }

    async fn polls_beyond_the_budget_get_what_is_stored(engine) {
        let app = TestAppBuilder::new(engine).await.set("WECHAT__QUERY_BUDGET", 0).open().await;
        let order = app.to_pay("19.90").await;
        let answer = app.query(&order.id).await.json();
        assert_eq!((said(&answer).1, answer["as_of"].as_str()), (Some("NOTPAY"), Some("2026-04-01T12:00:00+08:00")));
        let now = app.clock.now();
        app.wechat().pay(&order.id, None, Some(Notify::Normal), now).unwrap();
        app.notified(&order, 1).await;
        let answer = app.query(&order.id).await.json();
        assert_eq!((said(&answer).1, answer["as_of"].is_null()), (Some("SUCCESS"), true));
        assert_eq!(app.calls("orderquery"), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_notifications_are_found_while_the_budget_goes_round_once() {
    const PAGES: u32 = 20;
    const BUDGET: u32 = 5;
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("WECHAT__QUERY_BUDGET", BUDGET).open().await;
    let orders = futures_util::future::join_all((0..PAGES).map(|_| app.to_pay("1"))).await;
    let (before, started) = (app.calls("orderquery"), Instant::now());
    let poll = || futures_util::future::join_all(orders.iter().map(|order| app.trade_state(&order.id)));
    assert!(poll().await.iter().all(|state| state == "NOTPAY"));
    orders.iter().for_each(|order| app.payer_pays_silently(order));
    // What WeChat said a second ago counts no more, so now each is asked about, or stands in line.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(poll().await.iter().any(|state| state == "NOTPAY"), "the budget is too large for this story");
    // Pages poll seldom; their turn comes meanwhile.
    tokio::time::sleep(Duration::from_secs(u64::from(PAGES / BUDGET) + 2)).await;
    let states = poll().await;
    assert!(states.iter().all(|state| state == "SUCCESS"), "{states:?}");
    // The first second's budget lies there from the start.
    let (asked, allowed) = (app.calls("orderquery") - before, u64::from(BUDGET) * (started.elapsed().as_secs() + 2));
    assert!(asked <= allowed, "{asked} calls and {allowed} allowed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rare_words_pass_through_and_unknown_ones_are_not_believed() {
    for (word, status) in [("REVOKED", 2), ("ACCEPT", 0), ("NOTPAY", 0), ("success", 0), ("PAID", 0), ("", 0)] {
        let stub = Stub::start(move |path, request| {
            Reply::Body(match path {
                "/pay/unifiedorder" => WeChatMessage::link("weixin://wxpay/bizpayurl?pr=abc").signed(),
                _ => WeChatMessage::state(&out_trade_no(request), word).with("trade_state_desc", "微信的话").signed(),
            })
        })
        .await;
        let app = TestAppBuilder::new(Engine::Sqlite).await.with_wechat_at(stub.address).open().await;
        let order = app.to_pay("19.90").await;
        let answer = app.query(&order.id).await;
        if ["REVOKED", "ACCEPT", "NOTPAY"].contains(&word) {
            // A decision is shown as it was stored; all else in the words of the answer.
            let told = answer.json();
            assert_eq!(said(&told).0, Some(0), "{}", answer.body);
            assert_eq!(said(&told).1, Some(word), "{}", answer.body);
            if status == 0 {
                assert_eq!(said(&told).2, Some("微信的话"), "WeChat's own description");
            }
        } else {
            answer.refused(502, "UPSTREAM", None, word);
        }
        assert_eq!(app.look().await.status(&order.id).await, status, "{word}");
    }
}

fn out_trade_no(request: &str) -> String {
    wechat_pay::channel::wechat::v2::xml::parse(request.as_bytes()).unwrap().get("out_trade_no").unwrap().to_owned()
}
