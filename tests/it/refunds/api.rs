//! Refunds as a merchant's back end asks for them and asks about them.

use serde_json::{Value, json};
use wechat_pay::simulator::{Faults, RefundRefusal, RefundState};

use crate::support::database::Engine;
use crate::support::http::Answer;
use crate::support::on_both_engines;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};

/// The shortest time between two refunds of one order.
const A_MINUTE: i64 = 60;

/// Asks for a refund under an idempotency key; `more` is what is asked for beside the order.
pub async fn refund(app: &TestApp, order: &Order, key: &str, more: Value) -> Answer {
    let mut body = more;
    body["order_id"] = json!(order.id);
    ask_for(app, key, "application/json", body.to_string()).await
}

async fn ask_for(app: &TestApp, key: &str, content_type: &str, body: String) -> Answer {
    let request = app.till.request("POST", "/wxPay/refund").header("content-type", content_type).header("idempotency-key", key);
    app.till.send(request.body(body)).await
}

pub async fn query_refund(app: &TestApp, body: Value) -> Answer {
    app.till.post_json("/wxPay/queryRefund", &body).await
}

/// An order that is paid, with 19.90 yuan.
pub async fn paid(app: &TestApp) -> Order {
    let order = app.to_pay("19.90").await;
    app.payer_pays(&order).await;
    order
}

fn asked_of_wechat(app: &TestApp) -> u64 {
    app.wechat().calls("/secapi/pay/refund")
}

/// The fields of an answer about a refund, without when it was given.
fn told(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let mut told = answer.json();
    assert!(told.as_object_mut().unwrap().remove("server_time").is_some_and(|time| time.is_string()), "{told}");
    told
}

fn number(answer: &Answer) -> String {
    answer.json()["refund_id"].as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned()
}

on_both_engines! {
    async fn a_part_goes_back_and_later_all_that_is_left(engine) {
        let app = TestApp::open(engine).await;
        let order = paid(&app).await;
        let answer = refund(&app, &order, "first", json!({"refund": "5.00", "reason": "少发一件"})).await;
        let first = number(&answer);
        assert!(first.len() == 32 && first.bytes().all(|b| b.is_ascii_digit()), "as an order's number: {first}");
        let accepted = json!({
            "code": 0, "msg": "", "refund_id": first, "order_id": order.id, "refund": "5.00", "refund_state": "PROCESSING",
            "refund_state_desc": "退款处理中", "reason": "少发一件", "source": "api", "refunded": "5.00", "left": "14.90",
        });
        assert_eq!(told(&answer), accepted);
        assert_eq!(told(&query_refund(&app, json!({"refund_id": first})).await), accepted, "WeChat names a place already, where nothing is yet");

        app.time_passes(2);
        let mut arrived = accepted.clone();
        for (field, value) in [
            ("refund_state", "SUCCESS"), ("refund_state_desc", "退款成功"),
            ("refunded_at", "2026-04-01T12:00:02+08:00"), ("refund_recv", "支付用户零钱"),
        ] {
            arrived[field] = json!(value);
        }
        assert_eq!(told(&query_refund(&app, json!({"refund_id": first})).await), arrived);
        assert_eq!(told(&refund(&app, &order, "first", json!({"refund": "5.00", "reason": "少发一件"})).await), arrived, "a repeat tells it too");

        app.time_passes(A_MINUTE);
        let rest = refund(&app, &order, "rest", json!({})).await;
        let rest_told = told(&rest);
        let sums = ["refund", "refunded", "left"].map(|field| rest_told[field].as_str().unwrap());
        assert_eq!((sums, rest_told.get("reason")), (["14.90", "19.90", "0.00"], None));
        assert_eq!(told(&refund(&app, &order, "rest", json!({})).await), rest_told, "although nothing is left by now");
        assert_eq!(asked_of_wechat(&app), 2, "once each");

        let of_order = told(&query_refund(&app, json!({"order_id": order.id})).await);
        let summary = ["code", "msg", "order_id", "paid", "refunded", "left"].map(|field| of_order[field].clone());
        assert_eq!(summary, [json!(0), json!(""), json!(order.id), json!("19.90"), json!("19.90"), json!("0.00")]);
        let refunds = of_order["refunds"].as_array().unwrap();
        assert_eq!(refunds.iter().map(|refund| refund["refund_id"].as_str().unwrap()).collect::<Vec<_>>(), [first, number(&rest)], "oldest first");
        assert!(refunds.iter().all(|refund| refund.get("code").is_none()), "{of_order}");
        assert_eq!(app.look().await.status(&order.id).await, 1, "a refund never changes it");
    }

    async fn a_repeat_is_told_by_what_was_sent_and_amounts_by_their_value(engine) {
        let app = TestApp::open(engine).await;
        let order = paid(&app).await;
        let first = number(&refund(&app, &order, "cart-7", json!({"refund": "5", "reason": "a"})).await);
        for amount in ["\"5.00\"", "\"5.0\"", "5", "5.0", "5.00"] {
            let body = format!(r#"{{"order_id":"{}","refund":{amount},"reason":"a"}}"#, order.id);
            assert_eq!(number(&ask_for(&app, "cart-7", "application/json", body).await), first, "{amount}");
        }
        let form = format!("order_id={}&refund=5.00&reason=a", order.id);
        assert_eq!(number(&ask_for(&app, "cart-7", "application/x-www-form-urlencoded", form).await), first);
        for (more, field) in [
            (json!({"refund": "5.01", "reason": "a"}), "refund"), (json!({"refund": "19.90", "reason": "a"}), "refund"), (json!({"reason": "a"}), "refund"),
            (json!({"refund": "5", "reason": "b"}), "reason"), (json!({"refund": "5"}), "reason"),
        ] {
            refund(&app, &order, "cart-7", more.clone()).await.refused(409, "IDEMPOTENCY_CONFLICT", Some(field), &more.to_string());
        }
        let other = paid(&app).await;
        assert_ne!(number(&refund(&app, &other, "cart-7", json!({"refund": "5"})).await), first, "a key is the order's");
        assert_eq!(asked_of_wechat(&app), 2);
    }

    async fn what_cannot_be_given_back_is_refused_for_the_first_reason_that_holds(engine) {
        let app = TestApp::open(engine).await;
        let (unpaid, order) = (app.to_pay("19.90").await, paid(&app).await);
        let too_much = json!({"refund": "19.91"});
        refund(&app, &unpaid, "a", too_much.clone()).await.refused(200, "ORDER_NOT_PAID", None, "unpaid");
        let refused = refund(&app, &order, "a", too_much.clone()).await.refused(200, "REFUND_TOO_MUCH", None, "more than was paid");
        assert_eq!(refused["left"], "19.90");
        refund(&app, &order, "a", json!({"refund": "5"})).await;
        let refused = refund(&app, &order, "b", json!({"refund": "14.91"})).await.refused(200, "REFUND_TOO_MUCH", None, "before it is too soon");
        assert_eq!(refused["left"], "14.90");
        app.time_passes(20);
        let refused = refund(&app, &order, "b", json!({"refund": "5"})).await.refused(200, "REFUND_TOO_SOON", None, "within a minute");
        assert_eq!(refused["retry_after"], 40);
        app.time_passes(40);
        assert_eq!(told(&refund(&app, &order, "b", json!({"refund": "9.90"})).await)["left"], "5.00", "whoever waits as long as was said");

        app.look().await.run(&format!("UPDATE deal SET refund_count = 50 WHERE order_id = '{}'", order.id)).await;
        refund(&app, &order, "c", json!({"refund": "5.01"})).await.refused(200, "REFUND_TOO_MUCH", None, "before there are too many");
        refund(&app, &order, "c", json!({"refund": "5"})).await.refused(200, "REFUND_TOO_MANY", None, "before it is too soon");
        app.time_passes(365 * 86_400 + 1);
        refund(&app, &order, "c", too_much).await.refused(200, "REFUND_TOO_LATE", None, "before all that");
        assert_eq!(asked_of_wechat(&app), 2, "nothing was asked of WeChat");
        assert_eq!(told(&query_refund(&app, json!({"order_id": unpaid.id})).await)["paid"], "0.00");
    }

    async fn a_refusal_of_wechat_s_is_told_under_its_key_for_good(engine) {
        let app = TestApp::open(engine).await;
        let order = paid(&app).await;
        app.wechat().faults.refund_refused = Some(RefundRefusal::UserAccountAbnormal);
        let answer = refund(&app, &order, "cart-7", json!({"refund": "5"})).await;
        let refused = answer.refused(200, "WECHAT_REFUSED", None, "by WeChat");
        assert_eq!((&refused["refund_state"], &refused["order_id"]), (&json!("FAILED"), &json!(order.id)));
        assert!(refused["detail"].as_str().unwrap().contains("USER_ACCOUNT_ABNORMAL"), "{refused}");
        app.wechat().faults = Faults::default();
        assert_eq!(refund(&app, &order, "cart-7", json!({"refund": "5.00"})).await.json(), refused, "a new try takes a new key");
        refund(&app, &order, "cart-7", json!({"refund": "6"})).await.refused(409, "IDEMPOTENCY_CONFLICT", Some("refund"), "other parameters");
        let asked = told(&query_refund(&app, json!({"refund_id": refused["refund_id"]})).await);
        assert_eq!(["code", "refund_state", "detail", "left"].map(|field| asked[field].clone()), [json!(0), json!("FAILED"), refused["detail"].clone(), json!("19.90")]);
        assert!(app.query(&order.id).await.json().get("refunded").is_none(), "nothing went back");
        app.time_passes(A_MINUTE);
        assert_eq!(told(&refund(&app, &order, "cart-8", json!({})).await)["refund"], "19.90");
    }

    async fn a_refund_that_does_not_arrive_is_told_with_what_is_left(engine) {
        let app = TestApp::open(engine).await;
        app.wechat().faults.refund_delay_s = 86_400;
        for (end, state, desc, left) in
            [(RefundState::RefundClose, "CLOSED", "退款关闭", "19.90"), (RefundState::Change, "ABNORMAL", "退款异常，需人工打款", "14.90")]
        {
            let order = paid(&app).await;
            let refund_id = number(&refund(&app, &order, "first", json!({"refund": "5"})).await);
            let now = app.clock.now();
            app.wechat().finish_refund(&refund_id, end, now).unwrap();
            let told = told(&query_refund(&app, json!({"refund_id": refund_id})).await);
            let fields = ["refund_state", "refund_state_desc", "left"].map(|field| told[field].as_str().unwrap());
            assert_eq!(fields, [state, desc, left]);
            assert!(["refunded_at", "refund_recv", "detail"].iter().all(|field| told.get(*field).is_none()), "{told}");
        }
    }

    async fn what_goes_back_shows_in_every_answer_about_the_order(engine) {
        let app = TestApp::open(engine).await;
        let order = paid(&app).await;
        assert_eq!(app.trade_state(&order.id).await, "SUCCESS", "from now on it is remembered");
        app.wechat().faults.refund_refused = Some(RefundRefusal::Notenough);
        let waiting = told(&refund(&app, &order, "first", json!({"refund": "5"})).await);
        assert_eq!(waiting["refund_state"], "PROCESSING");
        assert!(waiting["detail"].as_str().unwrap().contains("top it up"), "{waiting}");
        let asked = app.query(&order.id).await.json();
        assert_eq!((&asked["trade_state"], &asked["refunded"]), (&json!("SUCCESS"), &json!("5.00")), "though WeChat has not accepted it");
        let events = app.till.get(&format!("/wxPay/events?order_id={}", order.id)).await.body;
        assert!(events.contains(r#""refunded":"5.00""#), "{events}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_request_is_told_before_anything_else() {
    let app = TestAppBuilder::new(Engine::Sqlite)
        .await
        .set("AUTH__MODE", "api_key")
        .set("AUTH__API_KEYS", crate::support::configured::SHOPS_KEY)
        .open()
        .await;
    for (key, body, field) in [
        (Some("a"), r#"{"refund":"5"}"#, "order_id"),
        (Some("a"), r#"{"order_id":7}"#, "order_id"),
        (Some("a"), r#"{"order_id":"a b"}"#, "order_id"),
        (Some("a"), r#"{"order_id":"1","refund":"0"}"#, "refund"),
        (Some("a"), r#"{"order_id":"1","refund":"5.001"}"#, "refund"),
        (Some("a"), r#"{"order_id":"1","refund":-5}"#, "refund"),
        (Some("a"), r#"{"order_id":"1","refund":""}"#, "refund"),
        (Some("a"), r#"{"order_id":"1","refund":null}"#, "refund"),
        (Some("a"), r#"{"order_id":"1","refund_fee":5,"total_fee":9}"#, "refund_fee"),
        (Some("a"), r#"{"order_id":"1","amount":"5"}"#, "amount"),
        (Some("a"), r#"{"order_id":"1","Refund":"5"}"#, "Refund"),
        (Some("a"), r#"{"order_id":"1","reason":""}"#, "reason"),
        (Some("a"), r#"{"order_id":"1","reason":7}"#, "reason"),
        (Some("a"), r#"{"order_id":"1","reason":"a\nb"}"#, "reason"),
        (None, r#"{"order_id":"1"}"#, "Idempotency-Key"),
        (Some(""), r#"{"order_id":"1"}"#, "Idempotency-Key"),
    ] {
        let request = app.till.request("POST", "/wxPay/refund").header("content-type", "application/json");
        let request = if let Some(key) = key { request.header("idempotency-key", key) } else { request };
        app.till.send(request.body(body)).await.refused(400, "INVALID_PARAMETER", Some(field), body);
    }
    let long = json!({"order_id": "1", "reason": "微".repeat(27)}).to_string();
    ask_for(&app, "a", "application/json", long).await.refused(400, "INVALID_PARAMETER", Some("reason"), "81 bytes");
    ask_for(&app, "a", "text/plain", "{}".to_owned()).await.refused(415, "INVALID_PARAMETER", None, "of no kind");
    for (body, field) in [
        (json!({}), "order_id"),
        (json!({"refund_id": ""}), "refund_id"),
        (json!({"refund_id": 7}), "refund_id"),
        (json!({"order_id": "1", "refundId": "1"}), "refundId"),
    ] {
        query_refund(&app, body.clone()).await.refused(400, "INVALID_PARAMETER", Some(field), &body.to_string());
    }
    let right = json!({"order_id": "1", "reason": "微".repeat(26)}).to_string();
    ask_for(&app, "a", "application/json", right).await.refused(401, "UNAUTHORIZED", None, "only then who asks");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_is_not_found() {
    let app = TestApp::open(Engine::Sqlite).await;
    let unknown = Order { id: "20260401120000123456789012345678".to_owned(), code_url: String::new() };
    refund(&app, &unknown, "a", json!({})).await.refused(404, "ORDER_NOT_FOUND", None, "refund");
    query_refund(&app, json!({"order_id": unknown.id})).await.refused(404, "ORDER_NOT_FOUND", None, "queryRefund of an order");
    query_refund(&app, json!({"refund_id": unknown.id})).await.refused(404, "REFUND_NOT_FOUND", None, "queryRefund");
    let order = paid(&app).await;
    let refund_id = number(&refund(&app, &order, "a", json!({})).await);
    let both = query_refund(&app, json!({"refund_id": refund_id, "order_id": unknown.id})).await;
    assert_eq!(both.json()["order_id"], json!(order.id), "a refund_id says it all");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_calls_about_refunds_are_for_back_ends_and_spelled_like_all() {
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("SERVER__CORS_ORIGINS", "https://shop.example.com").open().await;
    let order = paid(&app).await;
    for path in ["/wxPay/queryRefund", "/wxPay/queryRefund/", "//wxPay//queryRefund.html"] {
        let request =
            app.till.request("POST", path).header("content-type", "application/json").header("origin", "https://shop.example.com");
        let answer = app.till.send(request.body(json!({"order_id": order.id}).to_string())).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, None), "{path}: {}", answer.body);
    }
    for path in ["/wxPay/refund", "/wxPay/refund/", "/wxPay/refund.html"] {
        let request = app.till.request("POST", path).header("content-type", "application/json").header("idempotency-key", "a");
        let answer = app.till.send(request.body(json!({"order_id": order.id}).to_string())).await;
        assert_eq!(answer.json()["left"], "0.00", "{path}: {}", answer.body);
        assert_eq!(app.till.send(app.till.request("OPTIONS", path)).await.status, 405, "no browser's page is let in");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wechat_may_post_a_payment_to_the_address_of_refunds() {
    let app = TestApp::open(Engine::Sqlite).await;
    for path in ["/wxPay/refundNotify", "/wxPay/refundNotify/", "/wxPay/refundNotify/default"] {
        let order = app.to_pay("19.90").await;
        let paid = crate::support::wechat_message::WeChatMessage::notification(&order.id, 1990).signed();
        app.till.post(path, "text/xml", paid).await.acknowledged(path);
        assert_eq!(app.trade_state(&order.id).await, "SUCCESS", "{path}");
    }
    app.till.post("/wxPay/refundNotify/shop9", "text/xml", "<xml/>").await.not_believed(401, "of no account");
}
