//! The merchant's API key is changed at WeChat while payers pay; and notifications are taken from listed senders only.

use wechat_pay::channel::wechat::v2::{ApiKey, SignType, Signer, xml};

use crate::support::database::{Database, Engine};
use crate::support::http::Answer;
use crate::support::merchant::signer;
use crate::support::on_both_engines;
use crate::support::scripted_wechat::{LINK, ScriptedWeChat, number, right};
use crate::support::stub::Reply;
use crate::support::test_app::{TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

const NEW: &str = "8934e7d15453e97507ef794cf7b0519d";

fn new_signer() -> Signer {
    Signer::new(ApiKey::new(NEW).unwrap(), SignType::Md5)
}

/// The service with the old key, which is the simulator's.
async fn before(engine: Engine, wechat: &ScriptedWeChat) -> TestApp {
    TestAppBuilder::new(engine).await.with_wechat_at(wechat.stub.address).open().await
}

/// The same with the new key; the old one is believed for a while, or not.
async fn after(database: Database, wechat: &ScriptedWeChat, with_previous: bool) -> TestApp {
    let builder = TestAppBuilder::on(database).with_wechat_at(wechat.stub.address).set("WECHAT__API_KEY", NEW);
    let previous = wechat_pay::simulator::DEFAULT_MERCHANT.api_key;
    if with_previous { builder.set("WECHAT__PREVIOUS_API_KEY", previous) } else { builder }.open().await
}

/// A WeChat that takes and gives one key only.
fn strict(key: Signer) -> impl FnMut(&str, &wechat_pay::channel::wechat::v2::Fields) -> Reply + Send + 'static {
    move |api, request| {
        let refusal = "<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[签名错误]]></return_msg></xml>";
        if key.verify(request).is_err() {
            return Reply::Body(refusal.to_owned());
        }
        Reply::Body(right(api, request).signed_by(&key))
    }
}

on_both_engines! {
    async fn what_was_under_way_at_the_change_is_settled(engine) {
        let wechat = ScriptedWeChat::new().await;
        let app = before(engine, &wechat).await;
        let (first, second, third) = (app.to_pay("19.90").await, app.to_pay("19.90").await, app.to_pay("19.90").await);
        let late = |id: &str| WeChatMessage::notification(id, 1990).signed();

        let app = after(app.stop().await, &wechat, true).await;
        app.notify(late(&first.id)).await.acknowledged("a notification of before the change");
        app.notify(WeChatMessage::notification(&second.id, 1990).signed_by(&new_signer())).await.acknowledged("one of after it");
        let stranger = Signer::new(ApiKey::new("fedcba9876543210fedcba9876543210").unwrap(), SignType::Md5);
        app.notify(WeChatMessage::notification(&third.id, 1990).signed_by(&stranger)).await.not_believed(401, "a stranger's");
        app.notify(WeChatMessage::notification(&third.id, 1991).signed()).await.not_believed(409, "the former key makes nothing else right");
        // WeChat answers with the former key to what was asked with the new one: it changes its servers one by one.
        wechat.answers_by(|_, request| Reply::Body(WeChatMessage::paid_state(number(request), 1990).signed()));
        assert_eq!(app.trade_state(&third.id).await, "SUCCESS");
        assert!(wechat.asked("orderquery").iter().all(|request| new_signer().verify(&xml::parse(request.as_bytes()).unwrap()).is_ok()));

        let fourth = TestAppBuilder::on(app.stop().await).with_wechat_at(wechat.stub.address).set("WECHAT__API_KEY", NEW).open().await;
        fourth.notify(late(&first.id)).await.not_believed(401, "when the change is over, so is the former key");
    }

    async fn the_restart_may_come_before_the_change_at_wechat(engine) {
        let wechat = ScriptedWeChat::new().await;
        wechat.answers_by(strict(signer(SignType::Md5)));
        let app = before(engine, &wechat).await;
        let first = app.to_pay("19.90").await;
        let without = after(app.stop().await, &wechat, false).await;
        assert_eq!(without.try_to_pay("19.90").await.reason(), "WECHAT_REFUSED");

        let app = after(without.stop().await, &wechat, true).await;
        let second = app.to_pay("19.90").await;
        for order in [&first, &second] {
            assert_eq!(app.trade_state(&order.id).await, "NOTPAY", "WeChat has the former key yet, and is asked with it");
        }
        wechat.answers_by(strict(new_signer()));
        let third = app.to_pay("19.90").await;
        for order in [&first, &second, &third] {
            app.notify(WeChatMessage::notification(&order.id, 1990).signed_by(&new_signer())).await.acknowledged("with the new one");
        }
        let strange = Signer::new(ApiKey::new("fedcba9876543210fedcba9876543210").unwrap(), SignType::Md5);
        wechat.answers_by(strict(strange));
        let asked = wechat.asked("unifiedorder").len();
        assert_eq!(app.try_to_pay("19.90").await.reason(), "WECHAT_REFUSED");
        assert_eq!(wechat.asked("unifiedorder").len() - asked, 2, "once with each");
    }

    async fn a_request_of_before_the_change_is_repeated_with_the_same_parameters(engine) {
        let wechat = ScriptedWeChat::new().await;
        wechat.answers_by(|_, _| Reply::Close);
        let app = before(engine, &wechat).await;
        assert_eq!(app.to_pay_once("cart-7", "19.90").await.status, 502, "nobody knows whether WeChat has the order");
        let first = wechat.asked("unifiedorder").remove(0);

        wechat.answers_by(strict(new_signer()));
        let without = after(app.stop().await, &wechat, false).await;
        assert_eq!(without.to_pay_once("cart-7", "19.90").await.reason(), "WECHAT_REFUSED", "the former key's signature is worth nothing now");
        let app = after(without.stop().await, &wechat, true).await;
        let again = app.to_pay_once("cart-7", "19.90").await;
        assert_eq!((again.status, again.json()["code_url"][0].as_str()), (200, Some(LINK)), "{}", again.body);

        let sent = wechat.asked("unifiedorder").pop().unwrap();
        let fields = |request: &str| xml::parse(request.as_bytes()).unwrap();
        let without_sign = |request: &str| fields(request).iter().filter(|(name, _)| *name != "sign").map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>();
        assert_eq!(without_sign(&sent), without_sign(&first), "WeChat would refuse a repeat with any other parameter");
        assert_eq!((signer(SignType::Md5).verify(&fields(&first)), new_signer().verify(&fields(&sent))), (Ok(()), Ok(())));
        assert_eq!(app.look().await.count().await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_senders_refuses_all_others_and_loses_no_payment() {
    let listed = "101.226.103.0/25, 2001:db8::/32, 81.71.199.64";
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("WECHAT__NOTIFY_SOURCES", listed).open().await;
    let from = async |sender: &str, body: String| -> Answer {
        let request = app.till.request("POST", "/wxPay/notify").header("x-forwarded-for", sender).header("content-type", "text/xml");
        app.till.send(request.body(body)).await
    };
    let order = app.to_pay("19.90").await;
    let message = WeChatMessage::notification(&order.id, 1990).signed();
    let strangers = ["101.226.103.128", "81.71.199.65", "2001:db9::1", "127.0.0.1", "101.226.103.1, 6.6.6.6", "nobody"];
    for sender in strangers {
        let answer = from(sender, message.clone()).await;
        answer.not_believed(401, sender);
        assert!(answer.body.contains("SENDER"), "{}", answer.body);
    }
    assert_eq!(app.disbelieved(), strangers.len() as u64);
    assert_eq!(app.look().await.status(&order.id).await, 0);
    from("101.226.103.1", WeChatMessage::notification(&order.id, 1990).unsigned())
        .await
        .not_believed(401, "a listed sender's word needs its signature");
    from("6.6.6.6, 101.226.103.127", message).await.acknowledged("WeChat, behind our proxy");

    // A list that has become wrong: WeChat's notification is refused, and the payment is found by asking.
    let other = app.to_pay("5.00").await;
    app.payer_pays(&other).await;
    assert_eq!(app.look().await.status(&other.id).await, 0, "the simulator is not on the list");
    app.time_passes(5);
    app.sweep().await;
    assert_eq!(app.look().await.status(&other.id).await, 1);
}
