//! `wechat.sign_type` is changed while payers pay: each order goes on with the algorithm that it was sent with.

use wechat_pay::channel::wechat::v2::{SignType, Signer, xml};

use crate::support::database::{Database, Engine};
use crate::support::merchant::signer;
use crate::support::on_both_engines;
use crate::support::scripted_wechat::{LINK, ScriptedWeChat, right};
use crate::support::stub::Reply;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

const BOTH: [(SignType, SignType); 2] = [(SignType::Md5, SignType::HmacSha256), (SignType::HmacSha256, SignType::Md5)];

/// A WeChat that answers as it was asked.
async fn wechat() -> ScriptedWeChat {
    let wechat = ScriptedWeChat::new().await;
    wechat.answers_by(|api, request| {
        let asked_by = if request.get("sign_type").is_some() { SignType::HmacSha256 } else { SignType::Md5 };
        signer(asked_by).verify(request).expect("a request that says how it is signed");
        Reply::Body(right(api, request).signed_by(&signer(asked_by)))
    });
    wechat
}

async fn app(database: Database, wechat: &ScriptedWeChat, sign_type: SignType) -> TestApp {
    TestAppBuilder::on(database).with_wechat_at(wechat.stub.address).set("WECHAT__SIGN_TYPE", sign_type.as_str()).open().await
}

fn paid(order: &Order, signer: &Signer) -> String {
    WeChatMessage::notification(&order.id, 1990).signed_by(signer)
}

on_both_engines! {
    async fn an_order_is_paid_by_the_algorithm_that_it_was_sent_with(engine) {
        for (old, new) in BOTH {
            let wechat = wechat().await;
            let before = app(Database::fresh(engine).await, &wechat, old).await;
            let (first, second) = (before.to_pay("19.90").await, before.to_pay("19.90").await);
            let app = app(before.stop().await, &wechat, new).await;
            let (third, look) = (app.to_pay("19.90").await, app.look().await);

            app.notify(paid(&third, &signer(old))).await.not_believed(401, "an order of after the change");
            app.notify(WeChatMessage::notification(&third.id, 1990).with("sign_type", old.as_str()).signed_by(&signer(old))).await.not_believed(401, "whatever it says");
            app.notify(WeChatMessage::notification("an-unknown-order", 1990).signed_by(&signer(old))).await.not_believed(409, "an unknown order: money, and no forgery");
            assert_eq!(look.status(&third.id).await, 0);
            app.notify(WeChatMessage::notification(&first.id, 1991).signed_by(&signer(old))).await.not_believed(409, "its algorithm, another amount");
            let failed = WeChatMessage::notification(&first.id, 1990).with("result_code", "FAIL").with("err_code", "BANKERROR");
            app.notify(failed.signed_by(&signer(old))).await.acknowledged("a payment that failed");
            app.notify(paid(&first, &signer(old))).await.acknowledged("an order of before the change");
            app.notify(paid(&first, &signer(old))).await.acknowledged("again");
            app.notify(paid(&second, &signer(new))).await.acknowledged("WeChat may sign by the one that is configured");
            app.notify(paid(&third, &signer(new))).await.acknowledged("an order of after it");
            for order in [&first, &second, &third] {
                assert_eq!(look.status(&order.id).await, 1);
            }
            assert_eq!(app.disbelieved(), 2);
        }
    }

    async fn a_stored_request_is_repeated_and_its_answer_believed(engine) {
        for (old, new) in BOTH {
            let wechat = wechat().await;
            let before = app(Database::fresh(engine).await, &wechat, old).await;
            let friendly = self::wechat().await;
            wechat.answers_by(|_, _| Reply::Close);
            assert_eq!(before.to_pay_once("cart-7", "19.90").await.status, 502, "nobody knows whether WeChat has the order");
            let first = wechat.asked("unifiedorder").remove(0);
            let app = app(before.stop().await, &friendly, new).await;
            let again = app.to_pay_once("cart-7", "19.90").await;
            assert_eq!((again.status, again.json()["code_url"][0].as_str()), (200, Some(LINK)), "{}", again.body);
            assert_eq!(friendly.asked("unifiedorder"), [first], "to the byte");
            // What is asked anew is asked, and answered, by the algorithm of now.
            let order_id = again.json()["order_id"].as_str().unwrap().to_owned();
            assert_eq!(app.trade_state(&order_id).await, "NOTPAY");
            app.time_passes(300);
            assert_eq!(app.close(&order_id).await.status, 502, "this WeChat never closes anything");
            for request in [friendly.asked("orderquery"), friendly.asked("closeorder")].concat() {
                assert_eq!(signer(new).verify(&xml::parse(request.as_bytes()).unwrap()), Ok(()));
            }
            let strange = signer(new);
            friendly.answers_by(move |api, request| Reply::Body(right(api, request).signed_by(&strange)));
            app.look().await.run("UPDATE deal SET code_url = NULL").await;
            assert_eq!(app.to_pay_once("cart-7", "19.90").await.status, 502, "an answer by another algorithm than the question");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_of_the_original_were_sent_by_md5() {
    let wechat = wechat().await;
    let database = Database::fresh(Engine::MySql).await;
    database.look().await.run(include_str!("../../support/original.sql")).await;
    let app = app(database, &wechat, SignType::HmacSha256).await;
    let order = "2026040111000012345";
    app.notify(WeChatMessage::notification(order, 1990).signed_by(&signer(SignType::Md5))).await.acknowledged("as the original sent it");
    assert_eq!(app.look().await.status(order).await, 1);
}
