//! Which link counts when several callers ask for it, or when the deal is decided while a caller asks.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use tokio::time::sleep;
use wechat_pay::app::Service;
use wechat_pay::chance::Chance;
use wechat_pay::clock::Clock;
use wechat_pay::simulator::SimOrder;

use crate::support::http::{Answer, Caller};
use crate::support::on_both_engines;
use crate::support::scripted_wechat::{ScriptedWeChat, right, says};
use crate::support::stub::Reply;
use crate::support::test_app::{OPENING_TIME, TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

const FIRST: &str = "weixin://wxpay/bizpayurl?pr=first";
const SECOND: &str = "weixin://wxpay/bizpayurl?pr=second";

async fn to_pay_under_a_key(till: &Caller) -> Answer {
    let body = json!({"merchant_id": 12, "product_id": 34, "price": "19.90"}).to_string();
    let request = till.request("POST", "/wxPay/toPay").header("content-type", "application/json").header("idempotency-key", "cart");
    till.send(request.body(body)).await
}

/// toPay takes a second at WeChat; meanwhile another program runs this on the row.
async fn meanwhile(app: &TestApp, sql: &str) -> Answer {
    app.wechat().faults.latency_ms = 1000;
    let (answer, ()) = tokio::join!(app.try_to_pay("19.90"), async {
        sleep(Duration::from_millis(500)).await;
        app.look().await.run(sql).await;
        app.wechat().faults.latency_ms = 0;
    });
    answer
}

fn at_wechat(app: &TestApp, answer: &Answer) -> SimOrder {
    app.wechat().order(answer.json()["order_id"].as_str().unwrap()).unwrap().clone()
}

on_both_engines! {
    async fn of_two_who_ask_the_later_ones_link_is_everybodys(engine) {
        let wechat = ScriptedWeChat::new().await;
        let mut asked = 0;
        // The first request is answered last.
        wechat.answers_by(move |api, request| match api {
            "unifiedorder" => {
                asked += 1;
                if asked == 1 { Reply::Late(Duration::from_secs(2), WeChatMessage::link(FIRST).signed()) } else { says(&WeChatMessage::link(SECOND)) }
            }
            _ => says(&right(api, request)),
        });
        let builder = TestAppBuilder::new(engine).await.with_wechat_at(wechat.stub.address);
        let (settings, ahead) = (builder.settings(), Clock::manual(OPENING_TIME.parse().unwrap()));
        ahead.advance(TimeDelta::seconds(12));
        let app = builder.open().await;
        let other = Service::start(settings, ahead, Chance::System).await.unwrap();
        let (earlier, later) = tokio::join!(to_pay_under_a_key(&app.till), async {
            sleep(Duration::from_millis(700)).await;
            to_pay_under_a_key(&Caller::new(other.address)).await
        });
        assert_eq!(wechat.asked("unifiedorder").len(), 2);
        for answer in [&earlier, &later] {
            assert_eq!(answer.json()["code_url"][0], SECOND, "{}", answer.body);
        }
        let order_id = earlier.json()["order_id"].as_str().unwrap().to_owned();
        assert_eq!(app.look().await.value(&order_id, "code_url").await.as_deref(), Some(SECOND));
        other.stop().await;
    }

    async fn a_link_of_a_deal_that_expired_meanwhile_is_closed(engine) {
        let app = TestApp::open(engine).await;
        let answer = meanwhile(&app, "UPDATE deal SET status = 2, due_at = NULL").await;
        assert_eq!(answer.reason(), "ORDER_CLOSED", "{}", answer.body);
        let order = at_wechat(&app, &answer);
        assert!(order.trade_state.is_dead(), "nobody would follow it: {:?}", order.trade_state);
        assert_eq!(app.look().await.status(&order.out_trade_no).await, 2);
        assert_eq!(app.look().await.value(&order.out_trade_no, "code_url").await, None);
    }

    async fn a_link_of_a_deal_that_was_paid_meanwhile_is_not_given(engine) {
        let app = TestApp::open(engine).await;
        let answer = meanwhile(&app, "UPDATE deal SET status = 1, due_at = NULL").await;
        assert_eq!(answer.reason(), "ORDER_PAID", "{}", answer.body);
    }
}
