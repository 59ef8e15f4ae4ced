//! A refund's notification is encrypted and not signed: whatever it says, it only has WeChat asked, and what WeChat signs is stored.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures_util::future::join_all;
use serde_json::json;
use wechat_pay::channel::wechat::v2::{ApiKey, RefundCipher, SignType, Signer};
use wechat_pay::simulator::{RefundNotify, RefundState};

use super::api::{paid, query_refund, refund};
use super::books::{alarms, app, at_wechat, events, refund_directly, states, stored};
use crate::support::database::Engine;
use crate::support::http::Answer;
use crate::support::merchant::signer;
use crate::support::on_both_engines;
use crate::support::overheard_wechat::OverheardWeChat;
use crate::support::stub::Reply;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

const ADDRESS: &str = "/wxPay/refundNotify";
const OTHER_KEY: &str = "8934e7d15453e97507ef794cf7b0519d";

/// What WeChat encrypts, as far as it is read here; all of one length that differ in their numbers' and amounts' digits only.
fn info(order_id: &str, refund_id: &str, fee: i64) -> String {
    format!(
        "<root>\n<out_refund_no><![CDATA[{refund_id}]]></out_refund_no>\n<out_trade_no><![CDATA[{order_id}]]></out_trade_no>\n\
         <refund_fee><![CDATA[{fee}]]></refund_fee>\n<refund_status><![CDATA[SUCCESS]]></refund_status>\n</root>"
    )
}

fn key(text: &str) -> Signer {
    Signer::new(ApiKey::new(text).unwrap(), SignType::Md5)
}

/// Encrypted with the merchant's key.
fn sealed(plain: &str) -> String {
    RefundCipher::new(&signer(SignType::Md5)).encrypt(plain)
}

fn message(req_info: &str) -> WeChatMessage {
    WeChatMessage::yes().without("result_code").without("return_msg").with("req_info", req_info)
}

async fn post(app: &TestApp, address: &str, message: &WeChatMessage) -> Answer {
    app.till.post(address, "text/xml", message.unsigned()).await
}

/// A refund of 5 yuan that is under way at WeChat for days: its order and its number.
async fn under_way(app: &TestApp) -> (Order, String) {
    app.wechat().faults.refund_delay_s = 3 * 86_400;
    let order = paid(app).await;
    let told = refund(app, &order, "first", json!({"refund": "5"})).await.json();
    (order, told["refund_id"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned())
}

fn decided(app: &TestApp, refund_id: &str, state: RefundState) {
    let now = app.clock.now();
    app.wechat().finish_refund(refund_id, state, now).unwrap();
}

/// Waits until WeChat's notification of a refund was answered, and says whether it was acknowledged.
async fn is_acknowledged(app: &TestApp, refund_id: &str) -> bool {
    for _ in 0..500 {
        let attempts = app.wechat().refunds().find(|refund| refund.out_refund_no == refund_id).map(|refund| refund.attempts.clone());
        if let Some(last) = attempts.unwrap().last() {
            return last.acknowledged;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no notification of {refund_id} arrived");
}

/// Waits until the order's refund stands so.
async fn becomes(app: &TestApp, order: &Order, state: &str) {
    for _ in 0..500 {
        if states(app, order).await == [state] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?} and not {state}", states(app, order).await);
}

on_both_engines! {
    async fn the_end_of_a_refund_is_heard_of_by_its_notification_and_proved_by_a_query(engine) {
        let app = app(engine).await;
        for (says, at_wechat, stored_as) in [
            (RefundNotify::Normal, RefundState::Success, "SUCCESS"), (RefundNotify::Twice, RefundState::RefundClose, "CLOSED"),
            (RefundNotify::Normal, RefundState::Change, "ABNORMAL"), (RefundNotify::Forged, RefundState::Change, "ABNORMAL"),
        ] {
            app.wechat().faults.refund_notify = says;
            let (order, refund_id) = under_way(&app).await;
            decided(&app, &refund_id, at_wechat);
            assert!(is_acknowledged(&app, &refund_id).await, "{says:?}");
            becomes(&app, &order, stored_as).await;
            assert_eq!(stored(&app, &order, "refund_fee").await, [Some("500".to_owned())]);
            assert_eq!(events(&app, &order).await.len(), 3, "requested, accepted, and its end, once");
        }
    }

    async fn it_is_taken_at_every_address_and_costs_nothing_once_the_refund_is_decided(engine) {
        let app = app(engine).await;
        let (order, refund_id) = under_way(&app).await;
        let sealed = message(&sealed(&info(&order.id, &refund_id, 500)));
        post(&app, ADDRESS, &sealed).await.acknowledged("though it is still under way: what WeChat says is known");
        assert_eq!((states(&app, &order).await, app.calls("refundquery")), (vec!["PROCESSING".to_owned()], 1), "it said SUCCESS");
        decided(&app, &refund_id, RefundState::Success);
        for address in [ADDRESS, "/wxPay/refundNotify/default", "/wxPay/refundNotify.html", "/wxPay/notify", "/wxPay/notify/default", "/wxPay/callback"] {
            post(&app, address, &sealed).await.acknowledged(address);
            assert_eq!((states(&app, &order).await, app.calls("refundquery")), (vec!["SUCCESS".to_owned()], 2), "{address}");
        }
        let unpaid = app.to_pay("19.90").await;
        let payment = WeChatMessage::notification(&unpaid.id, 1990).signed();
        app.till.post(ADDRESS, "text/xml", payment).await.acknowledged("a payment's notification that was posted to the other address");
        assert_eq!(app.look().await.status(&unpaid.id).await, 1);
    }

    async fn what_is_forged_or_foreign_books_nothing(engine) {
        let builder = TestAppBuilder::new(engine).await.set("ACCOUNTS__SHOP2__SELLERS", 2).set("METRICS__LISTEN", "127.0.0.1:0");
        let shop2 = [("APPID", "wx2421b1c4370ec43b"), ("MCH_ID", "10000200"), ("API_KEY", OTHER_KEY)];
        let app = shop2.into_iter().fold(builder, |builder, (key, value)| builder.set(&format!("ACCOUNTS__SHOP2__{key}"), value)).open().await;
        app.wechat().faults.refund_notify = RefundNotify::Lost;
        let (order, refund_id) = under_way(&app).await;
        let (other, other_id) = under_way(&app).await;
        let about = |order: &Order, refund_id: &str| sealed(&info(&order.id, refund_id, 500));
        let right = about(&order, &refund_id);
        let plain = info(&order.id, &refund_id, 500);
        let by_shop2 = RefundCipher::new(&key(OTHER_KEY)).encrypt(&plain);
        let nobody = Order { id: "20990101000000000000000000000001".to_owned(), ..order.clone() };
        let stored_before = (app.look().await.everything().await, stored(&app, &order, "due_at").await);
        for (what, status, queries, message) in [
            ("of an unknown order", 409, 0, message(&about(&nobody, "20990101000000000000000000000002"))),
            ("of an unknown refund", 409, 1, message(&about(&order, "20990101000000000000000000000002"))),
            ("the same again", 409, 1, message(&about(&order, "20990101000000000000000000000002"))),
            ("of another order's refund", 409, 0, message(&about(&order, &other_id))),
            ("of an order of another account", 409, 0, message(&by_shop2).with("appid", "wx2421b1c4370ec43b").with("mch_id", "10000200")),
            ("by another account's key", 400, 0, message(&by_shop2)),
            ("truncated", 400, 0, message(&right[..right.len() - 64])),
            ("random", 400, 0, message(&BASE64_STANDARD.encode([7; 480]))),
            ("no message of a refund", 400, 0, message(&sealed(&plain.replace("root", "xml")))),
            ("without a refund's number", 400, 0, message(&sealed(&plain.replace("out_refund_no", "refund_no")))),
        ] {
            let before = app.calls("refundquery");
            post(&app, ADDRESS, &message).await.not_believed(status, what);
            assert_eq!(app.calls("refundquery") - before, queries, "{what}");
        }
        assert_eq!((app.look().await.everything().await, stored(&app, &order, "due_at").await), stored_before);
        for order in [&order, &other] {
            assert_eq!(events(&app, order).await, ["requested", "accepted"]);
        }
        assert_eq!(alarms(&app, "refund_mismatch").await, 0.0);
    }

    async fn blocks_of_two_old_messages_put_together_only_have_wechat_asked(engine) {
        let app = app(engine).await;
        let (order, refund_id) = under_way(&app).await;
        let plain = info(&order.id, &refund_id, 500);
        let [one, other] = [500, 999].map(|fee| BASE64_STANDARD.decode(sealed(&info(&order.id, &refund_id, fee))).unwrap());
        let seam = plain.find("<refund_fee>").unwrap() / 16 * 16;
        let spliced = BASE64_STANDARD.encode([&one[..seam], &other[seam..]].concat());
        let read = RefundCipher::new(&signer(SignType::Md5)).decrypt(&spliced).unwrap();
        assert!(read.contains(&refund_id) && read.contains("999"), "it opens: {read}");
        post(&app, ADDRESS, &message(&spliced)).await.acknowledged("it costs a query");
        assert_eq!(app.calls("refundquery"), 1);
        assert_eq!(stored(&app, &order, "CONCAT(state, refund_fee)").await, [Some("PROCESSING500".to_owned())]);
    }

    async fn it_is_opened_with_the_previous_key_as_well(engine) {
        let wechat = OverheardWeChat::new().await;
        let app = wechat.seen_from(TestAppBuilder::new(engine).await).set("WECHAT__PREVIOUS_API_KEY", OTHER_KEY).open().await;
        let order = wechat.paid(&app).await;
        let refund_id = refund_directly(&app, &order, "first", 500).await.refund.refund_id;
        wechat.time_passes(2);
        let by_previous = RefundCipher::new(&key(OTHER_KEY)).encrypt(&info(&order.id, refund_id.as_str(), 500));
        post(&app, ADDRESS, &message(&by_previous)).await.acknowledged("it was sent before the key was changed");
        assert_eq!(states(&app, &order).await, ["SUCCESS"]);
    }

    async fn what_need_not_be_told_again_is_acknowledged(engine) {
        let wechat = OverheardWeChat::new().await;
        let app = wechat.app(engine).await;
        let order = wechat.paid(&app).await;
        wechat.answers_by(|_, _, carry_out| {
            carry_out();
            Reply::Close
        });
        let refund_id = refund_directly(&app, &order, "first", 500).await.refund.refund_id;
        let message = message(&sealed(&info(&order.id, refund_id.as_str(), 500)));
        wechat.says("refundquery", &WeChatMessage::no("REFUNDNOTEXIST", "not exist"));
        post(&app, ADDRESS, &message).await.acknowledged("it is ours, and is sent again by itself");
        app.look().await.run("UPDATE refund SET refund_fee = 499").await;
        wechat.answers_rightly();
        post(&app, ADDRESS, &message).await.acknowledged("a mismatch that is in the journal");
        assert_eq!((states(&app, &order).await, alarms(&app, "refund_mismatch").await), (vec!["PROCESSING".to_owned()], 1.0));
    }

    async fn wechat_comes_again_while_nothing_can_be_asked(engine) {
        let app = app(engine).await;
        let (order, refund_id) = under_way(&app).await;
        decided(&app, &refund_id, RefundState::Success);
        let message = message(&sealed(&info(&order.id, &refund_id, 500)));
        app.wechat().faults.reset = 1.0;
        post(&app, ADDRESS, &message).await.not_believed(503, "WeChat is not to be had");
        app.wechat().faults.reset = 0.0;
        post(&app, ADDRESS, &message).await.acknowledged("again");
        assert_eq!(states(&app, &order).await, ["SUCCESS"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_them_takes_no_more_than_payers_leave() {
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("WECHAT__QUERY_BUDGET", 2).open().await;
    app.wechat().faults.refund_notify = RefundNotify::Lost;
    let (order, _) = under_way(&app).await;
    let unpaid = app.to_pay("5").await;
    let flood = (0..60).map(|n| message(&sealed(&info(&order.id, &format!("2099010100000000000000000000{n:04}"), 500))));
    let flood: Vec<_> = flood.collect();
    let asked = app.query(&unpaid.id).await;
    assert!(asked.json().get("as_of").is_none(), "{}", asked.body);
    let answers = join_all(flood.iter().map(|message| post(&app, ADDRESS, message))).await;
    let (asked_about, sent_away): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 409);
    assert!(sent_away.iter().all(|answer| answer.status == 503) && sent_away.len() >= 30, "{} were asked about", asked_about.len());
    assert_eq!(app.calls("refundquery"), u64::try_from(asked_about.len()).unwrap());
    assert_eq!(query_refund(&app, json!({"order_id": order.id})).await.status, 200, "and the back end hears what is stored");
    assert_eq!(at_wechat(&app, &order).len(), 1);
}
