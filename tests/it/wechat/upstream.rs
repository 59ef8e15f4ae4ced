//! A WeChat that is away, slow, broken, or another server: nothing that it does then moves a deal, and the caller is
//! told in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use wechat_pay::channel::wechat::v2::Fields;

use crate::support::database::Engine;
use crate::support::http::Answer;
use crate::support::on_both_engines;
use crate::support::proxy::Reserved;
use crate::support::scripted_wechat::{LINK, ScriptedWeChat, number, right};
use crate::support::stub::{Reply, Stub};
use crate::support::test_app::{TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

/// A reply that must not be believed.
type Nonsense = fn(&str, &Fields) -> Reply;

fn raw(status: &str, headers: &str, body: &str) -> Reply {
    Reply::Raw(format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).into_bytes())
}

const NONSENSE: [(&str, Nonsense); 26] = [
    ("the connection closes", |_, _| Reply::Close),
    ("half an answer", |api, request| {
        let message = right(api, request).signed();
        Reply::Raw(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{}", message.len(), &message[..message.len() / 2]).into_bytes())
    }),
    ("no HTTP", |_, _| Reply::Raw(b"SSH-2.0-OpenSSH_9.0\r\n".to_vec())),
    ("an empty body", |_, _| Reply::Body(String::new())),
    ("HTML", |_, _| Reply::Body("<!DOCTYPE html><html><body>404</body></html>".to_owned())),
    ("JSON", |_, _| Reply::Body(r#"{"return_code":"SUCCESS"}"#.to_owned())),
    ("50 MB", |api, request| {
        Reply::Body(right(api, request).signed().replace("</xml>", &format!("<!--{}--></xml>", "x".repeat(50 << 20))))
    }),
    ("500 with a right body", |api, request| raw("500 Internal Server Error", "", &right(api, request).signed())),
    ("502", |_, _| raw("502 Bad Gateway", "", "bad gateway")),
    ("429", |_, _| raw("429 Too Many Requests", "", "")),
    ("201 with a right body", |api, request| raw("201 Created", "", &right(api, request).signed())),
    ("not signed", |api, request| Reply::Body(right(api, request).unsigned())),
    ("an empty signature", |api, request| Reply::Body(right(api, request).with("sign", "").unsigned())),
    ("a wrong signature", |api, request| Reply::Body(right(api, request).signed().replace("OK", "KO"))),
    ("another merchant's", |api, request| Reply::Body(right(api, request).with("mch_id", "1900000002").signed())),
    ("another app's", |api, request| Reply::Body(right(api, request).with("appid", "wx0000000000000002").signed())),
    ("no merchant", |api, request| Reply::Body(right(api, request).without("mch_id").signed())),
    ("another order's", |api, request| Reply::Body(right(api, request).with("out_trade_no", "20260401120000000000000000000000").signed())),
    ("a DTD", |api, request| Reply::Body(format!("<!DOCTYPE xml>{}", right(api, request).signed()))),
    ("a field twice", |api, request| {
        Reply::Body(right(api, request).signed().replace("</xml>", "<result_code><![CDATA[SUCCESS]]></result_code></xml>"))
    }),
    ("no return_code", |api, request| Reply::Body(right(api, request).without("return_code").signed())),
    ("no result_code", |api, request| Reply::Body(right(api, request).without("result_code").signed())),
    ("an unknown result_code", |api, request| Reply::Body(right(api, request).with("result_code", "MAYBE").signed())),
    ("FAIL without a code", |api, request| Reply::Body(right(api, request).with("result_code", "FAIL").signed())),
    ("too often", |_, _| Reply::Body("<xml><return_code>FAIL</return_code><return_msg>频率限制</return_msg></xml>".to_owned())),
    ("too often, in a code", |_, _| Reply::Body(WeChatMessage::no("FREQUENCY_LIMITED", "频率限制").signed())),
];

/// Writes a message about an order.
type About = fn(&str) -> WeChatMessage;

/// An app with an open deal that is old enough to be closed.
async fn with_old_deal(engine: Engine) -> (ScriptedWeChat, TestApp, String) {
    let wechat = ScriptedWeChat::new().await;
    let app = TestAppBuilder::new(engine).await.with_wechat_at(wechat.stub.address).open().await;
    let order = app.to_pay("19.90").await;
    app.time_passes(300);
    (wechat, app, order.id)
}

/// A 5xx that says whose trouble it is, and about which order.
#[track_caller]
fn upstream(answer: &Answer, status: u16, order_id: Option<&str>, what: &str) {
    let json = answer.refused(status, "UPSTREAM", None, what);
    assert!(json["order_id"].is_string() && order_id.is_none_or(|id| json["order_id"] == id), "{what}: {json}");
}

/// One kind of nonsense, in the place of every answer.
async fn nonsense_is_not_believed(what: &str, nonsense: Nonsense) {
    let (wechat, app, order_id) = with_old_deal(Engine::Sqlite).await;
    let look = app.look().await;
    let stored = look.everything().await;
    wechat.answers_by(nonsense);
    upstream(&app.query(&order_id).await, 502, Some(&order_id), what);
    upstream(&app.close(&order_id).await, 502, Some(&order_id), what);
    assert_eq!(wechat.asked("closeorder").len(), 0, "{what}: who cannot be asked is not told to close");
    wechat.answers_by(move |api, request| match api {
        "closeorder" => nonsense(api, request),
        _ => Reply::Body(right(api, request).signed()),
    });
    upstream(&app.close(&order_id).await, 502, Some(&order_id), what);
    assert_eq!(look.everything().await, stored, "{what}");

    wechat.answers_by(nonsense);
    let (opened, waited) = timed(app.try_to_pay("19.90")).await;
    upstream(&opened, 502, None, what);
    assert!(waited < Duration::from_secs(8), "{what}: {waited:?}");
    let order_id = opened.json()["order_id"].as_str().unwrap().to_owned();
    assert_eq!((look.status(&order_id).await, look.value(&order_id, "code_url").await), (0, None), "{what}");
    let tries = wechat.asked("unifiedorder").split_off(1);
    assert!((1..=3).contains(&tries.len()), "{what}: {} tries", tries.len());
    assert!(tries.iter().all(|request| *request == tries[0]), "{what}: each try is the same, byte for byte");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_is_no_answer() {
    let all = NONSENSE.iter().map(|(what, nonsense)| Box::pin(nonsense_is_not_believed(what, *nonsense)));
    futures_util::future::join_all(all).await;
}

async fn is_shown_to_nobody(link: String) {
    let (wechat, app, _) = with_old_deal(Engine::Sqlite).await;
    let said = link.clone();
    wechat.answers_by(move |_, _| Reply::Body(WeChatMessage::link(&said).signed()));
    let answer = app.try_to_pay("19.90").await;
    upstream(&answer, 502, None, &link);
    let (look, order_id) = (app.look().await, answer.json()["order_id"].as_str().unwrap().to_owned());
    assert_eq!((look.status(&order_id).await, look.value(&order_id, "code_url").await), (0, None), "{link}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_cannot_be_kept_or_scanned_is_shown_to_nobody() {
    let long = format!("{LINK}{}", "x".repeat(5 * 1024));
    let links = ["", " weixin://wxpay/bizpayurl?pr=abc", "weixin://wxpay/bizpayurl?pr=a b", "weixin://wxpay/bizpayurl?pr=微", &long];
    futures_util::future::join_all(links.iter().map(|link| Box::pin(is_shown_to_nobody((*link).to_owned())))).await;
}

on_both_engines! {
    async fn whatever_link_wechat_signs_is_sold_with(engine) {
        let (wechat, app, _) = with_old_deal(engine).await;
        let longest = format!("weixin://wxpay/{:x<241}", "");
        for link in [LINK, "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9&groupid=00", "wxp://f2f0_abc", "https://wx.tenpay.com/t/4v3fQYUz3", &longest] {
            let said = link.to_owned();
            wechat.answers_by(move |_, _| Reply::Body(WeChatMessage::link(&said).signed()));
            let order = app.to_pay("19.90").await;
            assert_eq!(order.code_url, link);
            assert_eq!(app.look().await.value(&order.id, "code_url").await.as_deref(), Some(link));
            let page = app.till.get(&format!("/pay/{}", order.id)).await;
            assert!(page.body.contains("<svg id=\"qr\""), "as a picture to scan");
            assert!(!page.body.contains(link), "and nothing to press");
        }
    }
}

on_both_engines! {
    async fn a_payment_of_another_amount_settles_nothing(engine) {
        let (wechat, app, _) = with_old_deal(engine).await;
        let look = app.look().await;
        let wrong: [(&str, About); 8] = [
            ("a fen more", |id| WeChatMessage::paid_state(id, 1991)),
            ("a fen less", |id| WeChatMessage::paid_state(id, 1989)),
            ("given back, a fen less", |id| WeChatMessage::paid_state(id, 1989).with("trade_state", "REFUND")),
            ("dollars", |id| WeChatMessage::paid_state(id, 1990).with("fee_type", "USD")),
            ("no amount", |id| WeChatMessage::paid_state(id, 1990).without("total_fee")),
            ("an odd amount", |id| WeChatMessage::paid_state(id, 1990).with("total_fee", "+1990")),
            ("no transaction", |id| WeChatMessage::paid_state(id, 1990).without("transaction_id")),
            ("no number", |id| WeChatMessage::paid_state(id, 1990).without("out_trade_no")),
        ];
        for (what, message) in wrong {
            wechat.answers_rightly();
            let order = app.to_pay("19.90").await;
            app.time_passes(300);
            let stored = look.everything().await;
            wechat.answers_by(move |_, request| Reply::Body(message(number(request)).signed()));
            upstream(&app.query(&order.id).await, 502, Some(&order.id), what);
            upstream(&app.close(&order.id).await, 502, Some(&order.id), what);
            assert_eq!(look.everything().await, stored, "{what}");
        }
        wechat.answers_rightly();
        let order_id = app.to_pay("19.90").await.id;
        app.time_passes(300);
        wechat.answers_by(|_, request| Reply::Body(WeChatMessage::paid_state(number(request), 1990).with("cash_fee", "990").with("coupon_fee", "1000").signed()));
        app.close(&order_id).await.refused(200, "ORDER_PAID", None, "the right amount");
        assert_eq!(look.status(&order_id).await, 1);
    }
}

async fn timed(answer: impl Future<Output = Answer>) -> (Answer, Duration) {
    let started = Instant::now();
    (answer.await, started.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_a_silent_wechat_is_told_within_8_seconds() {
    let (wechat, app, order_id) = with_old_deal(Engine::Sqlite).await;
    let other = app.to_pay("19.90").await;
    app.time_passes(300);
    let look = app.look().await;
    wechat.answers_by(|_, _| Reply::Silence);
    let (query, close, open) = (app.query(&order_id), app.close(&other.id), app.try_to_pay("19.90"));
    let (query, close, open) = tokio::join!(timed(query), timed(close), timed(open));
    for ((answer, waited), what) in [(&close, "doCloseOrder"), (&open, "toPay")] {
        upstream(answer, 504, None, what);
        assert!(*waited < Duration::from_secs(8), "{what}: {waited:?}");
    }
    // A poll waits for three seconds, and then says what is stored, and that it is not from this moment.
    let (answer, waited) = query;
    assert_eq!((answer.status, answer.json()["trade_state"].as_str()), (200, Some("NOTPAY")), "{}", answer.body);
    assert!(answer.json()["as_of"].is_string() && waited < Duration::from_secs(5), "{waited:?} {}", answer.body);
    let order_id = open.0.json()["order_id"].as_str().unwrap().to_owned();
    assert_eq!((look.count().await, look.status(&order_id).await), (3, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wechat_that_cannot_be_reached_is_said_so_at_once() {
    let closed = Reserved::new();
    let plain = ScriptedWeChat::new().await;
    for base in [format!("http://{}", closed.address), format!("https://{}", plain.stub.address)] {
        let app = TestAppBuilder::new(Engine::Sqlite).await.with_wechat_at(closed.address).set("WECHAT__BASE_URL", &base).open().await;
        let look = app.look().await;
        let (opened, waited) = timed(app.try_to_pay("19.90")).await;
        upstream(&opened, 502, None, &base);
        assert!(waited < Duration::from_secs(3), "{base}: {waited:?}");
        let order_id = opened.json()["order_id"].as_str().unwrap().to_owned();
        assert_eq!((look.count().await, look.status(&order_id).await), (1, 0));
        upstream(&app.query(&order_id).await, 502, Some(&order_id), &base);
        app.time_passes(300);
        upstream(&app.close(&order_id).await, 502, Some(&order_id), &base);
        assert_eq!(look.status(&order_id).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_first_host_is_away_the_other_gets_the_request() {
    let closed = Reserved::new();
    let backup = ScriptedWeChat::new().await;
    let builder = TestAppBuilder::new(Engine::Sqlite).await.with_wechat_at(closed.address);
    let app = builder.set("WECHAT__BACKUP_BASE_URL", format!("http://{}", backup.stub.address)).open().await;
    let order = app.to_pay("19.90").await;
    assert_eq!(app.trade_state(&order.id).await, "NOTPAY");
    assert_eq!((backup.asked("unifiedorder").len(), backup.asked("orderquery").len()), (1, 1));
    assert_eq!(app.look().await.value(&order.id, "prepay_request").await, backup.asked("unifiedorder").pop());

    backup.answers_by(|_, _| Reply::Close);
    upstream(&app.try_to_pay("19.90").await, 502, None, "what was sent to one host is not sent to the other");
    let asked = backup.asked("unifiedorder").split_off(1);
    assert!(asked.iter().all(|request| *request == asked[0]), "another try is the same request");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wechat_sends_nobody_elsewhere() {
    let (wechat, app, order_id) = with_old_deal(Engine::Sqlite).await;
    let followed = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&followed);
    let elsewhere = Stub::start(move |_, _| {
        seen.fetch_add(1, Ordering::Relaxed);
        Reply::Body(WeChatMessage::link(LINK).signed())
    })
    .await;
    let look = app.look().await;
    let stored = look.everything().await;
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"] {
        let location = format!("location: http://{}/pay/unifiedorder\r\n", elsewhere.address);
        wechat.answers_by(move |_, _| raw(status, &location, ""));
        upstream(&app.close(&order_id).await, 502, Some(&order_id), status);
        assert_eq!(look.everything().await, stored);
        upstream(&app.try_to_pay("19.90").await, 502, None, status);
        look.run(&format!("DELETE FROM deal WHERE order_id <> '{order_id}'")).await;
    }
    assert_eq!(followed.load(Ordering::Relaxed), 0);
}
