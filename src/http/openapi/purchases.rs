//! OpenAPI paths that begin a payment: toPay in each of its ways, and checkouts.

use serde_json::{Value, json};

use super::answers::{answer, answers, reference, refusal};
use super::pay_params::{app_params, jsapi_params};
use super::requests::{CHECKOUT, JSON, ORDER, body};
use super::wish::{deal, purchase};

const TAG: &str = "Open a deal";
/// The default merchant's first payer, as the simulator names them.
const OPENID: &str = "oSIMULATEDs45RiPJtEVQnsl8jpL";
const MWEB_URL: &str =
    "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx24062345522402465816291019a81f00&package=3140581298";

/// The refusals that either call may give.
const REFUSED: [&str; 12] = ["400", "401", "403", "408", "409", "413", "415", "429", "500", "501", "503", "504"];

pub fn to_pay() -> Value {
    let happy = json!({"anyOf": [reference("schemas", "ToPayAnswer"), refusal(&["ORDER_PAID", "ORDER_CLOSED", "WECHAT_REFUSED"])]});
    let mut happy = answer("The deal is open; or, with code 1, why it is not.", JSON, happy);
    happy["links"] = what_follows_an_order();
    // The first by name is the one that is shown as a command.
    happy["content"][JSON]["examples"] = json!({
        "code_url (NATIVE)": {"value": opened(&json!({"code_url": ["weixin://wxpay/bizpayurl?pr=jqBH5Yx3H"]}))},
        "pay_params (JSAPI)": {"value": opened(&json!({"pay_params": jsapi_params()}))},
        "mweb_url (MWEB)": {"value": opened(&json!({"mweb_url": MWEB_URL}))},
        "pay_params (APP)": {"value": opened(&json!({"pay_params": app_params()}))},
    });
    let mut body = body(&deal());
    body["content"][JSON]["examples"] = json!({
        "code_url (NATIVE)": {"value": wish(&json!({}))},
        "pay_params (JSAPI)": {"value": wish(&json!({"trade_type": "JSAPI", "openid": OPENID}))},
        "mweb_url (MWEB)": {"value": wish(&json!({"trade_type": "MWEB"}))},
        "pay_params (APP)": {"value": wish(&json!({"trade_type": "APP"}))},
    });
    let mut call = json!({
        "operationId": "toPay",
        "tags": [TAG],
        "summary": "Open a deal and get what it is paid with",
        "description": "By trade_type that is the link for a QR code, the parameters to call WeChat with on a page inside WeChat, in a \
            mini-program or in an app, or the link to lead a phone's browser to. With an Idempotency-Key it is safe to repeat, after a \
            time-out as well as after a double click. Who may call it, auth.mode says: every caller, callers with a key (Authorization: \
            Bearer), or callers with a signed offer (timestamp, nonce, signature).",
        "parameters": [idempotency_key("The same key with the same parameters gives the same order and link. 1 to 64 printable ASCII characters, per merchant_id.")],
        "requestBody": body,
        "responses": answers(happy, &[&REFUSED[..], &["502"]].concat()),
    });
    call["security"] = who_may();
    call
}

pub fn checkout() -> Value {
    let happy = json!({"anyOf": [reference("schemas", "CheckoutAnswer"), refusal(&["ORDER_PAID", "ORDER_CLOSED"])]});
    let mut happy = answer("The checkout can be paid; or, with code 1, why it cannot.", JSON, happy);
    happy["links"] = what_follows_a_checkout();
    happy["content"][JSON]["example"] = json!({
        "code": 0,
        "msg": "",
        "checkout_id": CHECKOUT,
        "pay_page": format!("/pay/{CHECKOUT}"),
        "expires_at": "2026-11-24T08:23:45+08:00",
        "server_time": "2026-11-24T06:23:45+08:00",
        "description": "线装笔记本",
        "reference": "A-2026-1001",
    });
    let mut body = body(&purchase());
    body["content"][JSON]["example"] = wish(&json!({}));
    let mut call = json!({
        "operationId": "checkout",
        "tags": [TAG],
        "summary": "Make one link for every device",
        "description": "Lead the payer to pay_page. Inside WeChat it is paid there, in a phone's browser by a step into WeChat, at a desk by \
            a QR code, as far as the account may (trade_types). WeChat is asked for nothing until a payer comes; each way is then a deal of \
            its own, at most one a way, and at most one of them is Paid. A second payment goes back by itself. Who may call it: as toPay.",
        "parameters": [idempotency_key("The same key with the same parameters gives the same checkout. 1 to 64 printable ASCII characters, per merchant_id, of checkouts alone.")],
        "requestBody": body,
        "responses": answers(happy, &REFUSED),
    });
    call["security"] = who_may();
    call
}

/// A signed offer stands in the body, for which OpenAPI has no word.
fn who_may() -> Value {
    json!([{}, {"key": []}])
}

fn idempotency_key(description: &str) -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "required": false,
        "description": description,
        "schema": {"type": "string", "pattern": "^[ -~]{1,64}$"},
        "example": "cart-7",
    })
}

/// The purchase of the examples, with more.
fn wish(more: &Value) -> Value {
    let wish = json!({"merchant_id": 1, "product_id": 2, "price": "19.90", "description": "线装笔记本", "reference": "A-2026-1001"});
    with(wish, more)
}

/// The answer of the examples, with what the deal is paid with.
fn opened(payable: &Value) -> Value {
    let rest = json!({
        "order_id": ORDER,
        "code": 0,
        "msg": "",
        "expires_at": "2026-11-24T08:23:45+08:00",
        "server_time": "2026-11-24T06:23:45+08:00",
        "pay_page": format!("/pay/{ORDER}"),
        "description": "线装笔记本",
        "reference": "A-2026-1001",
    });
    with(payable.clone(), &rest)
}

fn with(mut one: Value, more: &Value) -> Value {
    more.as_object().into_iter().flatten().for_each(|(name, value)| one[name] = value.clone());
    one
}

/// What may be asked about the order that was opened.
fn what_follows_an_order() -> Value {
    const ORDER_ID: &str = "$response.body#/order_id";
    let by_body = |id| json!({"operationId": id, "requestBody": {"order_id": ORDER_ID}});
    json!({
        "queryOrder": by_body("queryOrder"),
        "doCloseOrder": by_body("doCloseOrder"),
        "events": {"operationId": "events", "parameters": {"order_id": ORDER_ID}},
        "payPage": {"operationId": "payPage", "parameters": {"number": ORDER_ID}},
    })
}

/// What may be asked about the checkout that was made.
fn what_follows_a_checkout() -> Value {
    const CHECKOUT_ID: &str = "$response.body#/checkout_id";
    let by_body = |id| json!({"operationId": id, "requestBody": {"checkout_id": CHECKOUT_ID}});
    json!({
        "queryCheckout": by_body("queryCheckout"),
        "doCloseOrder": by_body("doCloseOrder"),
        "events": {"operationId": "events", "parameters": {"checkout_id": CHECKOUT_ID}},
        "payPage": {"operationId": "payPage", "parameters": {"number": CHECKOUT_ID}},
    })
}
