//! Well-formed posts: whose signature they carry, and what they say of which deal.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use wechat_pay::channel::wechat::v2::{ApiKey, SignType, Signer};

use crate::support::database::{Engine, Look};
use crate::support::merchant::signer;
use crate::support::on_both_engines;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::{WeChatMessage, transaction_id};

/// Each message gets this status in the fixed form and moves nothing.
async fn none_counts(app: &TestApp, look: &Look, messages: Vec<(&str, u16, String)>) {
    let (stored, asked) = (look.everything().await, app.all_calls());
    for (what, status, message) in messages {
        let answer = app.notify(message).await;
        answer.not_believed(status, what);
    }
    assert_eq!((look.everything().await, app.all_calls()), (stored, asked));
}

fn sign_of(message: &str) -> String {
    message.split("<sign><![CDATA[").nth(1).unwrap().split("]]>").next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_one_right_signature_counts() {
    let app = TestApp::open(Engine::Sqlite).await;
    let look = app.look().await;
    let order = app.to_pay("19.90").await;
    let message = WeChatMessage::notification(&order.id, 1990);
    let right = message.signed();
    let sign = sign_of(&right);
    let with_sign = |value: &str| right.replace(&sign, value);
    let stranger = Signer::new(ApiKey::new("fedcba9876543210fedcba9876543210").unwrap(), SignType::Md5);
    let mut messages = vec![
        ("no sign", 401, message.unsigned()),
        ("an empty sign", 401, with_sign("")),
        ("a short empty sign", 401, right.replace(&format!("<![CDATA[{sign}]]>"), "")),
        ("a sign of spaces", 401, with_sign("   ")),
        ("no sign and no return_code", 401, message.clone().without("return_code").unsigned()),
        ("no sign and FAIL", 401, message.clone().with("return_code", "FAIL").unsigned()),
        ("an empty sign and no return_code", 401, message.clone().without("return_code").with("sign", "").unsigned()),
        ("lower case", 401, with_sign(&sign.to_lowercase())),
        ("a space behind", 401, with_sign(&format!("{sign} "))),
        ("a line end behind", 401, with_sign(&format!("{sign}\n"))),
        ("a zero-width space behind", 401, with_sign(&format!("{sign}\u{200b}"))),
        ("31 digits", 401, with_sign(&sign[1..])),
        ("33 digits", 401, with_sign(&format!("{sign}0"))),
        ("64 digits", 401, with_sign(&sign.repeat(2))),
        ("10 000 digits", 401, with_sign(&"A".repeat(10_000))),
        ("another key", 401, message.signed_by(&stranger)),
        ("the other algorithm", 401, message.signed_by(&signer(SignType::HmacSha256))),
        ("the other algorithm, said so", 401, message.clone().with("sign_type", "HMAC-SHA256").signed_by(&signer(SignType::HmacSha256))),
        ("no algorithm", 401, message.clone().with("sign_type", "NONE").with("sign", "NONE").unsigned()),
        ("a probe of version 3", 401, with_sign("WECHATPAY/SIGNTEST/0123456789abcdef")),
        ("an unsigned field more", 401, right.replace("</xml>", "<attach>x</attach></xml>")),
        ("a signed field less", 401, right.replace("<is_subscribe><![CDATA[N]]></is_subscribe>", "")),
        ("another amount", 401, right.replace("<total_fee>1990</total_fee>", "<total_fee>1</total_fee>")),
        ("another transaction", 401, right.replace("4200000260", "4200000261")),
    ];
    // `k=v&k=v` can be read in two ways: the fields as they were parsed decide, and they have no total_fee.
    let merged = "<time_end>20260401120500&amp;total_fee=1990</time_end>";
    let injected = right.replace("<total_fee>1990</total_fee>", "").replace("<time_end>20260401120500</time_end>", merged);
    assert_ne!(injected, right);
    messages.push(("a separator in a value", 400, injected));
    // The other way round: what was signed as one value does not become an amount.
    let cheap = message.clone().without("total_fee").with("time_end", "20260401120500&total_fee=1").signed();
    messages.push(("a signed separator in a value", 400, cheap));
    none_counts(&app, &look, messages).await;

    app.notify(message.with("sign_type", "MD5").signed()).await.acknowledged("sign_type is signed like any field");
    assert_eq!(look.status(&order.id).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_notification_with_one_flipped_bit_counts() {
    let app = TestApp::open(Engine::Sqlite).await;
    let look = app.look().await;
    let order = app.to_pay("19.90").await;
    let message = WeChatMessage::notification(&order.id, 1990).signed().into_bytes();
    let stored = look.everything().await;
    for place in 0..message.len() {
        let mut flipped = message.clone();
        flipped[place] ^= 1 << (place % 8);
        let answer = app.notify(flipped).await;
        assert!([400, 401].contains(&answer.status), "byte {place}: {} {}", answer.status, answer.body);
        answer.not_believed(answer.status, "a flipped bit");
    }
    assert_eq!(look.everything().await, stored);
    app.notify(message).await.acknowledged("the message as it was");
}

on_both_engines! {
    async fn with_hmac_configured_nothing_else_is_believed(engine) {
        let app = TestAppBuilder::new(engine).await.set("WECHAT__SIGN_TYPE", "HMAC-SHA256").open().await;
        let look = app.look().await;
        let order = app.to_pay("19.90").await;
        let message = WeChatMessage::notification(&order.id, 1990);
        let hmac = signer(SignType::HmacSha256);
        none_counts(&app, &look, vec![
            ("MD5", 401, message.signed()),
            ("MD5, said so", 401, message.clone().with("sign_type", "MD5").signed()),
            ("MD5 that calls itself HMAC", 401, message.clone().with("sign_type", "HMAC-SHA256").signed()),
            ("lower case", 401, message.signed_by(&hmac).replace(&sign_of(&message.signed_by(&hmac)), &sign_of(&message.signed_by(&hmac)).to_lowercase())),
        ]).await;
        app.notify(message.signed_by(&hmac)).await.acknowledged("the usual message has no sign_type");
        assert_eq!(look.status(&order.id).await, 1);
        let other = app.to_pay("19.90").await;
        app.notify(WeChatMessage::notification(&other.id, 1990).with("sign_type", "HMAC-SHA256").signed_by(&hmac)).await.acknowledged("with sign_type");
        let simulated = app.to_pay("19.90").await;
        app.payer_pays(&simulated).await;
        assert_eq!(look.status(&simulated.id).await, 1);
    }

    async fn a_notification_that_does_not_fit_the_deal_changes_nothing(engine) {
        let app = TestApp::open(engine).await;
        let look = app.look().await;
        let order = app.to_pay("19.90").await;
        let message = || WeChatMessage::notification(&order.id, 1990);
        let mut messages = vec![
            ("one fen more", 409, message().with("total_fee", "1991").signed()),
            ("one fen less", 409, message().with("total_fee", "1989").signed()),
            ("the amount in yuan", 409, message().with("total_fee", "19").signed()),
            ("the cash alone fits", 409, message().with("total_fee", "2990").with("cash_fee", "1990").signed()),
            ("dollars", 409, message().with("fee_type", "USD").signed()),
            ("lower case", 409, message().with("fee_type", "cny").signed()),
            ("another appid", 409, message().with("appid", "wx0000000000000002").signed()),
            ("another merchant", 409, message().with("mch_id", "1900000002").signed()),
            ("an unknown order", 409, message().with("out_trade_no", "20260401120000123456789012345678").signed()),
            ("a shorter number", 409, message().with("out_trade_no", &order.id[..31]).signed()),
            ("no result_code", 400, message().without("result_code").signed()),
            ("another result_code", 400, message().with("result_code", "success").signed()),
            ("return_code FAIL, signed", 400, message().with("return_code", "FAIL").signed()),
            ("no return_code, signed", 400, message().without("return_code").signed()),
            ("a payment that passes for a refund", 401, message().with("req_info", "T87GAHG17TGAHG1TGHAHAHA1Y1CIOA9UGJH1GAHV871HAGAGQYQQPOOJMXNBCXBVNMNMAJAA").unsigned()),
        ];
        for missing in ["appid", "mch_id", "out_trade_no", "total_fee", "transaction_id"] {
            messages.push((missing, 400, message().without(missing).signed()));
            messages.push((missing, 400, message().with(missing, "").signed()));
        }
        for fee in ["+1990", "01990", "1990.0", "1.99e3", " 1990", "1990 ", "１９９０", "-1990", "9223372036854775808", "19900000000", "0", "abc", "1,990"] {
            messages.push(("an odd total_fee", 400, message().with("total_fee", fee).signed()));
        }
        let (with_space, full_width, long) = (format!("{} ", order.id), order.id.replace('1', "１"), "1".repeat(33));
        for number in [with_space.as_str(), &full_width, &long, "' OR '1'='1", "%", "😀", "x\nINFO settled", "<b>", "a b", "..", "1;"] {
            messages.push(("an odd out_trade_no", 400, message().with("out_trade_no", number).signed()));
        }
        none_counts(&app, &look, messages).await;
        app.notify(message().signed()).await.acknowledged("the right one");
    }

    async fn a_number_is_the_same_only_byte_for_byte(engine) {
        let app = TestApp::open(engine).await;
        let look = app.look().await;
        let order = app.to_pay("19.90").await;
        look.run(&format!("UPDATE deal SET order_id = 'AbC-123', order_key = 'AbC-123' WHERE order_id = '{}'", order.id)).await;
        let strangers = ["abc-123", "ABC-123", "AbC-123*", "AbC-12", "AbC_123"].map(|number| (number, 409, WeChatMessage::notification(number, 1990).signed()));
        none_counts(&app, &look, strangers.to_vec()).await;
        for number in ["abc-123", "ABC-123"] {
            app.query(number).await.refused(404, "ORDER_NOT_FOUND", None, number);
        }
        app.notify(WeChatMessage::notification("AbC-123", 1990).signed()).await.acknowledged("itself");
    }

    async fn a_failed_payment_is_only_taken_note_of(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        let look = app.look().await;
        let stored = look.everything().await;
        for number in [order.id.as_str(), "20260401120000123456789012345678"] {
            let failed = WeChatMessage::notification(number, 1990).with("result_code", "FAIL").with("err_code", "BANKERROR").without("transaction_id").without("total_fee");
            app.notify(failed.signed()).await.acknowledged("signed FAIL");
            app.notify(failed.unsigned()).await.not_believed(401, "unsigned FAIL");
        }
        app.notify(WeChatMessage::notification(&order.id, 1990).with("result_code", "FAIL").without("out_trade_no").signed()).await.not_believed(400, "of no order");
        assert_eq!(look.everything().await, stored);
    }

    async fn a_second_payment_is_refused_whatever_it_costs(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        let first = WeChatMessage::notification(&order.id, 1990).signed();
        app.notify(first.clone()).await.acknowledged("the first");
        let look = app.look().await;
        none_counts(&app, &look, vec![
            ("a second transaction", 409, WeChatMessage::notification(&order.id, 1990).with("transaction_id", "4200000260202604019999999999").signed()),
            ("in another case", 409, WeChatMessage::notification(&order.id, 1990).with("transaction_id", &transaction_id(&order.id).replacen('0', "O", 1)).signed()),
        ]).await;
        app.time_passes(24 * 3600);
        app.notify(first).await.acknowledged("the first again, a day later");
        let told_otherwise = WeChatMessage::notification(&order.id, 1990).with("time_end", "20260402120500").with("attach", "again").signed();
        let stored = look.everything().await;
        app.notify(told_otherwise).await.acknowledged("the same payment in other words");
        assert_eq!(look.everything().await, stored);
    }

    async fn one_payment_pays_one_order(engine) {
        let app = TestApp::open(engine).await;
        let (first, second, given_up) = (app.to_pay("19.90").await, app.to_pay("19.90").await, app.to_pay("19.90").await);
        app.notify(WeChatMessage::notification(&first.id, 1990).signed()).await.acknowledged("the first");
        let look = app.look().await;
        look.run(&format!("UPDATE deal SET status = 2 WHERE order_id = '{}'", given_up.id)).await;
        let of_the_first = |order: &Order| WeChatMessage::notification(&order.id, 1990).with("transaction_id", &transaction_id(&first.id)).signed();
        none_counts(&app, &look, vec![
            ("the same payment for another order", 409, of_the_first(&second)),
            ("and for one that was given up", 409, of_the_first(&given_up)),
        ]).await;
        assert_eq!(app.alarms(), (0, 2));
        for order in [&second, &given_up] {
            app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("its own payment");
            assert_eq!(look.status(&order.id).await, 1);
        }
    }

    async fn the_time_of_payment_is_wechat_s_unless_it_is_impossible(engine) {
        let app = TestApp::open(engine).await;
        let look = app.look().await;
        let times = [
            ("20260401115959", "2026-04-01 11:59:59"), ("20260401120500", "2026-04-01 12:05:00"), ("20380119031408", "2026-04-01 12:00:00"),
            ("19700101000000", "2026-04-01 12:00:00"), ("20260432120000", "2026-04-01 12:00:00"), ("20260401246060", "2026-04-01 12:00:00"), ("20260401115960", "2026-04-01 12:00:00"),
            ("yesterday", "2026-04-01 12:00:00"), ("", "2026-04-01 12:00:00"),
        ];
        for (time_end, stored) in times {
            let order = app.to_pay("19.90").await;
            app.notify(WeChatMessage::notification(&order.id, 1990).with("time_end", time_end).signed()).await.acknowledged(time_end);
            assert_eq!(look.value(&order.id, "update_at").await.as_deref(), Some(stored), "{time_end}");
        }
    }

    async fn a_notification_that_is_faster_than_its_deal_is_heard_the_next_time(engine) {
        let app = TestApp::open(engine).await;
        let order: Order = app.to_pay("19.90").await;
        let look = app.look().await;
        look.run("UPDATE deal SET order_id = 'elsewhere', order_key = 'elsewhere'").await;
        let message = WeChatMessage::notification(&order.id, 1990).signed();
        app.notify(message.clone()).await.not_believed(409, "no such deal yet");
        look.run(&format!("UPDATE deal SET order_id = '{0}', order_key = '{0}'", order.id)).await;
        app.notify(message).await.acknowledged("there it is");
        assert_eq!(look.status(&order.id).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_payment_is_acknowledged_while_the_database_stands_still() {
    let app = TestApp::open(Engine::MySql).await;
    let order = app.to_pay("19.90").await;
    let look = app.look().await;
    look.run("LOCK TABLES deal WRITE, deal_event WRITE").await;
    let failed = WeChatMessage::notification(&order.id, 1990).with("result_code", "FAIL").without("transaction_id").without("total_fee");
    timeout(Duration::from_secs(3), app.notify(failed.signed())).await.expect("it waits for no database").acknowledged("signed FAIL");
    look.run("UNLOCK TABLES").await;
    let noted = format!("SELECT kind FROM deal_event WHERE order_id = '{}' AND kind = 'payment_failed'", order.id);
    let is_noted = async || look.column(&noted, "kind").await.len() == 1;
    for _ in 0..100 {
        if is_noted().await {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("it is taken note of as soon as the database can");
}
