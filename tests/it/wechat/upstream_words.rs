//! What WeChat is asked, to the field and to the byte; and what its lawful refusals lead to.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use wechat_pay::channel::wechat::v2::{SignType, xml};

use crate::support::database::Engine;
use crate::support::merchant::signer;
use crate::support::on_both_engines;
use crate::support::scripted_wechat::{LINK, ScriptedWeChat, number, right, says};
use crate::support::stub::Reply;
use crate::support::test_app::{TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

const ORDER_FIELDS: &str =
    "appid body mch_id nonce_str notify_url out_trade_no product_id sign spbill_create_ip time_expire total_fee trade_type";
const QUESTION_FIELDS: &str = "appid mch_id nonce_str out_trade_no sign";

/// Writes a message about an order.
type About = fn(&str) -> WeChatMessage;

/// Writes the answer to the first, second, … query about an order.
type Script = fn(usize, &str) -> WeChatMessage;

/// What happens, what `closeorder` says, what the queries say; and the reason given (if any), the deal's status, and
/// how often `closeorder` was called.
type Close = (&'static str, WeChatMessage, Script, Option<&'static str>, i64, usize);

async fn app_of(wechat: &ScriptedWeChat, engine: Engine) -> TestApp {
    TestAppBuilder::new(engine).await.with_wechat_at(wechat.stub.address).open().await
}

fn names(request: &str) -> String {
    let fields = xml::parse(request.as_bytes()).unwrap();
    let mut names: Vec<_> = fields.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    names.join(" ")
}

fn field(request: &str, name: &str) -> String {
    xml::parse(request.as_bytes()).unwrap().get(name).unwrap_or_default().to_owned()
}

/// Answers `unifiedorder` with one message after another, the last one for ever.
fn in_turn(wechat: &ScriptedWeChat, replies: Vec<Reply>) {
    let mut replies = replies.into_iter().peekable();
    wechat.answers_by(move |api, request| match api {
        "unifiedorder" => {
            let reply = replies.next().unwrap();
            if replies.peek().is_none() {
                replies = vec![reply.clone()].into_iter().peekable();
            }
            reply
        }
        _ => says(&right(api, request)),
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_api_is_sent_its_documented_fields_and_no_others() {
    for (sign_type, more) in [(SignType::Md5, ""), (SignType::HmacSha256, " sign_type")] {
        let wechat = ScriptedWeChat::new().await;
        wechat.answers_by(move |api, request| Reply::Body(right(api, request).signed_by(&signer(sign_type))));
        let builder = TestAppBuilder::new(Engine::Sqlite).await.with_wechat_at(wechat.stub.address);
        let app = builder.set("WECHAT__SIGN_TYPE", sign_type.as_str()).open().await;
        let order = app.to_pay("19.90").await;
        app.trade_state(&order.id).await;
        app.time_passes(300);
        app.close(&order.id).await;
        let sorted = |fields: &str| {
            let mut names: Vec<_> = fields.split(' ').chain(more.split_whitespace()).collect();
            names.sort_unstable();
            names.join(" ")
        };
        let mut nonces = HashSet::new();
        for (api, fields) in [("unifiedorder", ORDER_FIELDS), ("orderquery", QUESTION_FIELDS), ("closeorder", QUESTION_FIELDS)] {
            let asked = wechat.asked(api);
            assert!(!asked.is_empty(), "{api}");
            for request in asked {
                assert_eq!(names(&request), sorted(fields), "{api}");
                assert_eq!(field(&request, "out_trade_no"), order.id);
                assert!(nonces.insert(field(&request, "nonce_str")), "a nonce is used once");
                signer(sign_type).verify(&xml::parse(request.as_bytes()).unwrap()).unwrap();
                assert!(!request.contains("0123456789abcdef0123456789abcdef"), "the key stays at home");
            }
        }
        let request = wechat.asked("unifiedorder").remove(0);
        let expected = [
            ("body", "12,34"),
            ("total_fee", "1990"),
            ("spbill_create_ip", "127.0.0.1"),
            ("time_expire", "20260401140000"),
            ("notify_url", "http://127.0.0.1:9/wxPay/notify"),
            ("trade_type", "NATIVE"),
            ("product_id", "34"),
        ];
        for (name, value) in expected {
            assert_eq!(field(&request, name), value, "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_deal_is_told_in_beijing_time_unless_it_is_too_near() {
    for (expire_after, told) in [(7200, "20260401140000"), (3600, "20260401130000"), (360, "20260401120600"), (359, ""), (1, "")] {
        let wechat = ScriptedWeChat::new().await;
        let builder = TestAppBuilder::new(Engine::Sqlite).await.with_wechat_at(wechat.stub.address);
        let app = builder.set("DEAL__EXPIRE_AFTER", expire_after).open().await;
        app.to_pay("19.90").await;
        let request = wechat.asked("unifiedorder").remove(0);
        assert_eq!(field(&request, "time_expire"), told, "{expire_after}");
        assert_eq!(names(&request).contains("time_expire"), !told.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_payer_reads_is_cut_to_127_bytes_between_two_characters() {
    let bodies = [
        ("微".repeat(60), "微".repeat(42)),
        (format!("a{}", "微".repeat(60)), format!("a{}", "微".repeat(42))),
        ("x".repeat(200), "x".repeat(127)),
        ("商户 {merchant_id} <商品> \"{product_id}\" ]]>".to_owned(), "商户 12 <商品> \"34\" ]]>".to_owned()),
    ];
    for (body, told) in bodies {
        let wechat = ScriptedWeChat::new().await;
        let app = TestAppBuilder::new(Engine::Sqlite).await.with_wechat_at(wechat.stub.address).set("WECHAT__BODY", &body).open().await;
        app.to_pay("19.90").await;
        let request = wechat.asked("unifiedorder").remove(0);
        assert_eq!(field(&request, "body"), told);
        signer(SignType::Md5).verify(&xml::parse(request.as_bytes()).unwrap()).unwrap();
    }
}

on_both_engines! {
    async fn the_row_is_there_before_wechat_is_asked(engine) {
        let wechat = ScriptedWeChat::new().await;
        let app = app_of(&wechat, engine).await;
        let (look, seen) = (app.look().await, Arc::new(Mutex::new(Vec::new())));
        let sightings = Arc::clone(&seen);
        wechat.answers_by(move |api, request| {
            let order_id = number(request);
            let row = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(async {
                (look.status(order_id).await, look.value(order_id, "prepay_request").await, look.value(order_id, "total_fee").await)
            }));
            sightings.lock().unwrap().push(row);
            says(&right(api, request))
        });
        app.to_pay("19.90").await;
        let seen = seen.lock().unwrap().clone();
        assert_eq!(seen, [(0, wechat.asked("unifiedorder").pop(), Some("1990".to_owned()))], "committed, with the very bytes that were sent");
    }

    async fn systemerror_is_answered_with_the_same_bytes_again(engine) {
        let wechat = ScriptedWeChat::new().await;
        let app = app_of(&wechat, engine).await;
        let unsigned = Reply::Body(WeChatMessage::no("SYSTEMERROR", "系统繁忙").without("sign").unsigned());
        in_turn(&wechat, vec![says(&WeChatMessage::no("SYSTEMERROR", "系统繁忙")), unsigned, says(&WeChatMessage::link(LINK))]);
        let order = app.to_pay("19.90").await;
        let asked = wechat.asked("unifiedorder");
        assert_eq!(asked.len(), 3);
        assert!(asked.iter().all(|request| *request == asked[0]), "byte for byte");
        assert_eq!(order.code_url, LINK);
        assert_eq!(app.look().await.count().await, 1);
    }

    async fn systemerror_for_ever_is_an_unknown_outcome(engine) {
        let wechat = ScriptedWeChat::new().await;
        let app = app_of(&wechat, engine).await;
        wechat.answers_by(|_, _| says(&WeChatMessage::no("SYSTEMERROR", "系统繁忙")));
        let started = std::time::Instant::now();
        let answer = app.to_pay_once("cart-1", "19.90").await;
        let order_id = answer.refused(502, "UPSTREAM", None, "SYSTEMERROR")["order_id"].as_str().unwrap().to_owned();
        assert!(started.elapsed().as_secs() < 8);
        assert_eq!(wechat.asked("unifiedorder").len(), 3, "no storm");
        let look = app.look().await;
        assert_eq!((look.status(&order_id).await, look.value(&order_id, "refusal").await), (0, None));

        wechat.answers_rightly();
        app.time_passes(10);
        let found = app.to_pay_once("cart-1", "19.90").await.json();
        assert_eq!((found["code"].as_i64(), found["order_id"].as_str()), (Some(0), Some(order_id.as_str())));
        let asked = wechat.asked("unifiedorder");
        assert!(asked.len() == 4 && asked.iter().all(|request| *request == asked[0]), "byte for byte, also the next time");
    }

    async fn what_wechat_says_of_paid_and_closed_orders_is_proved_by_a_query(engine) {
        let paid = |id: &str| WeChatMessage::paid_state(id, 1990);
        let closed = |id: &str| WeChatMessage::state(id, "CLOSED");
        let open = |id: &str| WeChatMessage::state(id, "NOTPAY");
        let cases: [(&str, About, &str, i64); 5] = [
            ("ORDERPAID", paid, "ORDER_PAID", 1), ("ORDERCLOSED", closed, "ORDER_CLOSED", 2), ("ORDERCLOSED", paid, "ORDER_PAID", 1),
            ("ORDERPAID", open, "WECHAT_REFUSED", 0), ("ORDERCLOSED", open, "WECHAT_REFUSED", 0),
        ];
        for (said, proof, reason, status) in cases {
            let wechat = ScriptedWeChat::new().await;
            let app = app_of(&wechat, engine).await;
            wechat.answers_by(move |api, request| says(&match api {
                "unifiedorder" => WeChatMessage::no(said, "该订单已支付或关闭"),
                _ => proof(number(request)),
            }));
            let answer = app.try_to_pay("19.90").await.refused(200, reason, None, said);
            assert_eq!(app.look().await.status(answer["order_id"].as_str().unwrap()).await, status, "{said}, then {reason}");
            assert_eq!((wechat.asked("unifiedorder").len(), wechat.asked("orderquery").len()), (1, 1));
        }
    }

    async fn a_number_that_wechat_knows_already_is_changed_once(engine) {
        for no in [WeChatMessage::no("OUT_TRADE_NO_USED", "商户订单号重复"), WeChatMessage::no("INVALID_REQUEST", "201 商户订单号重复")] {
            let wechat = ScriptedWeChat::new().await;
            let app = app_of(&wechat, engine).await;
            in_turn(&wechat, vec![says(&no), says(&WeChatMessage::link(LINK))]);
            let opened = app.to_pay_once("cart-1", "19.90").await.json();
            let numbers: Vec<_> = wechat.asked("unifiedorder").iter().map(|request| field(request, "out_trade_no")).collect();
            assert!(numbers.len() == 2 && numbers[0] != numbers[1], "{numbers:?}");
            assert_eq!((opened["code"].as_i64(), opened["order_id"].as_str()), (Some(0), Some(numbers[1].as_str())));
            assert_eq!(app.to_pay_once("cart-1", "19.90").await.json()["order_id"], opened["order_id"], "the key went with it");
            let look = app.look().await;
            assert_eq!((look.count().await, look.status(&numbers[0]).await), (2, 0), "the other row stays");

            in_turn(&wechat, vec![says(&no)]);
            app.try_to_pay("19.90").await.refused(200, "WECHAT_REFUSED", None, "twice is no chance");
            assert_eq!(wechat.asked("unifiedorder").len(), 4);
        }
    }

    async fn a_no_is_told_with_wechat_s_words_and_kept(engine) {
        let wechat = ScriptedWeChat::new().await;
        let app = app_of(&wechat, engine).await;
        let look = app.look().await;
        let noes = [
            (says(&WeChatMessage::no("NOAUTH", "商户无此接口权限")), "NOAUTH: 商户无此接口权限"),
            (says(&WeChatMessage::no("APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")), "APPID_MCHID_NOT_MATCH: appid和mch_id不匹配"),
            (says(&WeChatMessage::no("NOTENOUGH", "余额不足")), "NOTENOUGH: 余额不足"),
            (Reply::Body("<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[签名错误]]></return_msg></xml>".to_owned()), "签名错误"),
        ];
        for (reply, detail) in noes {
            let asked = wechat.asked("unifiedorder").len();
            wechat.answers_by(move |_, _| reply.clone());
            let told = app.try_to_pay("19.90").await.refused(200, "WECHAT_REFUSED", None, detail);
            assert_eq!(told["detail"], detail);
            let order_id = told["order_id"].as_str().unwrap();
            assert_eq!((look.status(order_id).await, look.value(order_id, "refusal").await.as_deref()), (0, Some(detail)));
            assert_eq!(wechat.asked("unifiedorder").len(), asked + 1, "no second try");
        }
    }

    async fn a_close_is_believed_when_a_query_says_so(engine) {
        let not_exist: Script = |_, _| WeChatMessage::no("ORDERNOTEXIST", "order not exist");
        let cases: [Close; 10] = [
            ("closed", WeChatMessage::yes(), |turn, id| WeChatMessage::state(id, if turn == 0 { "NOTPAY" } else { "CLOSED" }), None, 2, 1),
            ("closed, seen late", WeChatMessage::yes(), |turn, id| WeChatMessage::state(id, if turn < 3 { "NOTPAY" } else { "CLOSED" }), None, 2, 1),
            ("closed, with result_msg", WeChatMessage::yes().with("result_msg", "OK"), |turn, id| WeChatMessage::state(id, if turn == 0 { "NOTPAY" } else { "REVOKED" }), None, 2, 1),
            ("closed before", WeChatMessage::no("ORDERCLOSED", "order closed"), |turn, id| WeChatMessage::state(id, if turn == 0 { "NOTPAY" } else { "CLOSED" }), None, 2, 1),
            ("closed by itself", WeChatMessage::yes(), |_, id| WeChatMessage::state(id, "CLOSED"), None, 2, 0),
            ("paid meanwhile", WeChatMessage::no("ORDERPAID", "order paid"), |turn, id| if turn == 0 { WeChatMessage::state(id, "NOTPAY") } else { WeChatMessage::paid_state(id, 1990) }, Some("ORDER_PAID"), 1, 1),
            ("paid after the close", WeChatMessage::yes(), |turn, id| if turn == 0 { WeChatMessage::state(id, "USERPAYING") } else { WeChatMessage::paid_state(id, 1990) }, Some("ORDER_PAID"), 1, 1),
            ("a yes that proves nothing", WeChatMessage::yes(), |_, id| WeChatMessage::state(id, "NOTPAY"), Some("UPSTREAM"), 0, 1),
            ("lost by WeChat though it had a link", WeChatMessage::no("ORDERNOTEXIST", "order not exist"), not_exist, Some("UPSTREAM"), 0, 1),
            ("too early for WeChat", WeChatMessage::no("TRADE_STATE_ERROR", "订单生成后不能马上调用关单接口"), |_, id| WeChatMessage::state(id, "NOTPAY"), Some("WECHAT_REFUSED"), 0, 1),
        ];
        let app_and_wechat = async || {
            let wechat = ScriptedWeChat::new().await;
            let app = app_of(&wechat, engine).await;
            (wechat, app)
        };
        for (what, close, query, reason, status, closes) in cases {
            let (wechat, app) = app_and_wechat().await;
            let order = app.to_pay("19.90").await;
            app.time_passes(300);
            let mut turn = 0;
            wechat.answers_by(move |api, request| says(&match api {
                "closeorder" => close.clone(),
                _ => {
                    turn += 1;
                    query(turn - 1, number(request))
                }
            }));
            let answer = app.close(&order.id).await;
            match reason {
                None => assert_eq!((answer.status, answer.json()["code"].as_i64()), (200, Some(0)), "{what}: {}", answer.body),
                Some(reason) => drop(answer.refused(if reason == "UPSTREAM" { 502 } else { 200 }, reason, None, what)),
            }
            assert_eq!(app.look().await.status(&order.id).await, status, "{what}");
            assert_eq!(wechat.asked("closeorder").len(), closes, "{what}");
        }
    }

    async fn an_order_that_never_reached_wechat_can_be_given_up(engine) {
        let wechat = ScriptedWeChat::new().await;
        let app = app_of(&wechat, engine).await;
        wechat.answers_by(|_, _| Reply::Close);
        let order_id = app.try_to_pay("19.90").await.json()["order_id"].as_str().unwrap().to_owned();
        wechat.answers_by(|_, _| says(&WeChatMessage::no("ORDERNOTEXIST", "order not exist")));
        app.time_passes(300);
        assert_eq!(app.close(&order_id).await.json()["code"], 0);
        assert_eq!(app.look().await.status(&order_id).await, 2);
        assert_eq!(app.trade_state(&order_id).await, "CLOSED");
    }
}
