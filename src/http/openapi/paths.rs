//! OpenAPI paths, each with its parameters and every answer that it gives.

use serde_json::{Value, json};

use super::answers::{answer, answers, pages, reference, refusal, with_example};
use super::books;
use super::changes::changes;
use super::from_wechat::{notify, notify_account, refund_notify, refund_notify_account};
use super::refunds::{query_refund, refund};
use super::requests::{ACCOUNT, JSON, ORDER, body, language};
use super::service::{docs, healthz, openapi_json, readyz};

pub fn paths() -> Value {
    json!({
        "/wxPay/toPay": {"post": to_pay()},
        "/wxPay/queryOrder": {"post": query_order("queryOrder")},
        "/wxPay/wxPay/queryOrder": {"post": query_order("queryOrderAlias")},
        "/wxPay/doCloseOrder": {"post": close_order()},
        "/wxPay/events": {"get": events()},
        "/pay.js": {"get": pay_js()},
        "/pay/{order_id}": {"get": pay_page()},
        "/wxPay/notify": {"post": notify("notify")},
        "/wxPay/notify/{account}": {"post": notify_account("notifyAccount")},
        "/wxPay/callback": {"post": notify("notifyAlias")},
        "/wxPay/callback/{account}": {"post": notify_account("notifyAccountAlias")},
        "/wxPay/refund": {"post": refund()},
        "/wxPay/queryRefund": {"post": query_refund()},
        "/wxPay/deals": {"get": books::deals()},
        "/wxPay/deals/{order_id}": {"get": books::deal_of_number()},
        "/wxPay/takings": {"get": books::takings()},
        "/wxPay/changes": {"get": changes()},
        "/wxPay/refundNotify": {"post": refund_notify("refundNotify")},
        "/wxPay/refundNotify/{account}": {"post": refund_notify_account("refundNotifyAccount")},
        "/healthz": {"get": healthz()},
        "/readyz": {"get": readyz()},
        "/openapi.json": {"get": openapi_json()},
        "/docs": {"get": docs()},
    })
}

fn to_pay() -> Value {
    let happy = json!({"anyOf": [reference("schemas", "ToPayAnswer"), refusal(&["ORDER_PAID", "ORDER_CLOSED", "WECHAT_REFUSED"])]});
    let mut happy = answer("The deal is open; or, with code 1, why it is not.", JSON, happy);
    happy["links"] = what_follows();
    happy["content"][JSON]["example"] = json!({
        "code_url": ["weixin://wxpay/bizpayurl?pr=jqBH5Yx3H"],
        "order_id": ORDER,
        "code": 0,
        "msg": "",
        "expires_at": "2026-11-24T08:23:45+08:00",
        "server_time": "2026-11-24T06:23:45+08:00",
        "pay_page": format!("/pay/{ORDER}"),
        "description": "线装笔记本",
        "reference": "A-2026-1001",
    });
    let mut body = body(&deal());
    body["content"][JSON]["example"] = json!({
        "merchant_id": 1,
        "product_id": 2,
        "price": "19.90",
        "description": "线装笔记本",
        "reference": "A-2026-1001",
    });
    json!({
        "operationId": "toPay",
        "tags": ["Open a deal"],
        "summary": "Open a deal and get the link for its QR code",
        "description": "With an Idempotency-Key it is safe to repeat, after a time-out as well as after a double click. Who may call \
            it, auth.mode says: every caller, callers with a key (Authorization: Bearer), or callers with a signed offer (timestamp, \
            nonce, signature).",
        // A signed offer stands in the body, for which OpenAPI has no word.
        "security": [{}, {"key": []}],
        "parameters": [{
            "name": "Idempotency-Key",
            "in": "header",
            "required": false,
            "description": "The same key with the same parameters gives the same order and link. 1 to 64 printable ASCII characters, per merchant_id.",
            "schema": {"type": "string", "pattern": "^[ -~]{1,64}$"},
            "example": "cart-7",
        }],
        "requestBody": body,
        "responses": answers(happy, &["400", "401", "403", "408", "409", "413", "415", "429", "500", "501", "502", "503", "504"]),
    })
}

/// What may be asked about the order that was opened.
fn what_follows() -> Value {
    const ORDER_ID: &str = "$response.body#/order_id";
    let by_body = |id| json!({"operationId": id, "requestBody": {"order_id": ORDER_ID}});
    let by_address = |id| json!({"operationId": id, "parameters": {"order_id": ORDER_ID}});
    json!({
        "queryOrder": by_body("queryOrder"),
        "doCloseOrder": by_body("doCloseOrder"),
        "events": by_address("events"),
        "payPage": by_address("payPage"),
    })
}

/// Numbers and texts count alike, by their text: 19.90 and "19.90" are the same price.
fn deal() -> Value {
    let number = |description| {
        json!({
            "description": description,
            "anyOf": [{"type": "integer", "minimum": 1, "maximum": i32::MAX}, {"type": "string", "pattern": "^[1-9][0-9]{0,9}$"}],
        })
    };
    json!({
        "type": "object",
        "required": ["merchant_id", "product_id", "price"],
        "properties": {
            "merchant_id": number("Who sells: 1 to 2147483647."),
            "product_id": number("What is sold: 1 to 2147483647."),
            "price": {
                "description": "In yuan and exact, with two decimal places at most, and zeros behind them; 0.01 to deal.max_price. 1e3, .5 and 007 are none.",
                "anyOf": [{"type": "number", "minimum": 0.01}, {"type": "string", "pattern": "^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,2}0*)?$"}],
            },
            "description": {
                "description": "What the payer reads, in WeChat and on the page: 1 to 127 bytes of UTF-8 without control characters.",
                "type": "string",
            },
            "reference": {
                "description": "The merchant's own order number. It need not be unique.",
                "type": "string",
                "pattern": "^[ -~]{1,64}$",
            },
            "return_url": {
                "description": "Where the payer's page leads once the order is paid: https, on a host that page.return_hosts lists, at \
                                most 1024 characters. {order_id} in its path or query is filled in.",
                "type": "string",
                "format": "uri-template",
            },
            "cancel_url": {
                "description": "Likewise, where it leads a payer who gives up.",
                "type": "string",
                "format": "uri-template",
            },
            "trade_type": {
                "description": "How it will be paid. JSAPI, MWEB and APP are answered with NOT_CONFIGURED.",
                "type": "string",
                "enum": ["NATIVE"],
            },
            "account": {
                "description": "Through which account, instead of the seller's: for a caller whose key may use it, or by a signed offer.",
                "type": "string",
                "pattern": ACCOUNT,
            },
            "openid": {
                // Without a type: it means nothing for NATIVE, and anything is taken.
                "description": "The payer, as JSAPI will want it. It means nothing for NATIVE.",
            },
            // These four without a type: in another mode they mean nothing, and anything is taken.
            "timestamp": {
                "description": "Where auth.mode is signed: seconds since 1970, near the present time.",
            },
            "version": {
                "description": "Where auth.mode is signed: what the offer signs, \"v1\" or \"v2\"; v1 if it is left out.",
            },
            "nonce": {
                "description": "Where auth.mode is signed: a new one for each offer, ^[0-9A-Za-z_-]{8,64}$.",
            },
            "signature": {
                "description": "Where auth.mode is signed: HMAC-SHA256 over these, as they are sent and joined by line feeds: v1, \
                                merchant_id, product_id, price, timestamp and nonce; or v2, the same, description, reference, return_url, \
                                cancel_url, trade_type, openid and account, with an empty line for each that is left \
                                out. 64 hexadecimal digits, lower case.",
            },
        },
    })
}

fn query_order(id: &str) -> Value {
    let happy = json!({"anyOf": [reference("schemas", "QueryOrderAnswer"), refusal(&["WECHAT_REFUSED"])]});
    json!({
        "operationId": id,
        "tags": ["See how it stands"],
        "summary": "How does an order stand",
        "description": "A paid deal is answered from here; about an undecided one WeChat is asked. A key (Authorization: Bearer) of \
            scope read shows the deal too: order_id to refunded; and it may ask by the merchant's own number, for the newest deal that \
            has it. Deals that are not of the key's sellers and accounts are unknown to it.",
        "security": [{}, {"key": []}],
        "requestBody": with_example(body(&order_or_reference()), json!({"order_id": ORDER})),
        "responses": answers(
            with_example(answer("How it stands; or, with code 1, why WeChat would not say.", JSON, happy), paid_order()),
            &["400", "401", "403", "404", "408", "413", "415", "500", "502", "503", "504"],
        ),
    })
}

fn close_order() -> Value {
    let refused = refusal(&["TOO_EARLY", "ORDER_PAID", "WECHAT_REFUSED"]);
    let happy = json!({"anyOf": [reference("schemas", "CloseOrderAnswer"), refused]});
    let happy = answer("It is closed; or, with code 1, why it is not.", JSON, happy);
    let closed = json!({"code": 0, "msg": "关单成功", "description": "线装笔记本", "reference": "A-2026-1001"});
    json!({
        "operationId": "doCloseOrder",
        "tags": ["Give it up"],
        "summary": "Give an order up",
        "description": "Not before deal.close_min_age. Closing twice succeeds; a paid order is refused.",
        "requestBody": with_example(body(&order()), json!({"order_id": ORDER})),
        "responses": answers(
            with_example(happy, closed),
            &["400", "404", "408", "413", "415", "500", "501", "502", "503", "504"],
        ),
    })
}

fn events() -> Value {
    let description = "Server-sent events named state, whose data is what queryOrder answers (QueryOrderAnswer): the present state, \
                       then each change. It ends once the order is decided.";
    let happy = answer(description, "text/event-stream", json!({"type": "string"}));
    let happy = with_example(happy, format!("event: state\ndata: {}\n\n", paid_order()));
    json!({
        "operationId": "events",
        "tags": ["See how it stands"],
        "summary": "How an order stands, told at once",
        "description": "For EventSource. Close it at the last state, or the browser opens it again.",
        "parameters": [order_id("query")],
        "responses": answers(happy, &["400", "404", "500", "503", "504"]),
    })
}

fn pay_js() -> Value {
    let script = answer("The script.", "text/javascript", json!({"type": "string"}));
    let first_line = "// WechatPay.open({ page, order | checkout, mode, lang, onPaid, onClosed }): …";
    let mut responses = answers(with_example(script, first_line), &["500"]);
    let unchanged = "It is still the one of the If-None-Match.";
    responses["304"] = json!({"description": unchanged, "headers": {"x-request-id": reference("headers", "x-request-id")}});
    json!({
        "operationId": "payJs",
        "tags": ["See how it stands"],
        "summary": "A script that shows the payer's page from any front end",
        "description": "WechatPay.open shows the page of a deal in a dialog, or leads to it, and tells when it is paid. Its first lines say \
            how to call it. Load it as a plain script; it needs nothing else.",
        "responses": responses,
    })
}

fn pay_page() -> Value {
    let mut responses = pages(
        "The page.",
        &[
            ("404", "There is no such order."),
            ("500", "A fault of this service; it has been logged."),
            ("502", "The order cannot be shown just now."),
            ("503", "This service cannot work just now."),
            ("504", "The order cannot be shown in time."),
        ],
    );
    responses["200"] = with_example(responses["200"].take(), "<!doctype html>\n…");
    json!({
        "operationId": "payPage",
        "tags": ["See how it stands"],
        "summary": "The payer's page",
        "description": "What is bought, its amount and how to pay it from this device; what has become of it, and a receipt once it is paid.",
        "parameters": [order_id("path"), language()],
        "responses": responses,
    })
}

/// How the order of the examples stands, once it is paid.
fn paid_order() -> Value {
    json!({
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "code": 0,
        "msg": "",
        "server_time": "2026-11-24T06:24:12+08:00",
        "expires_at": "2026-11-24T08:23:45+08:00",
        "paid_at": "2026-11-24T06:24:10+08:00",
        "description": "线装笔记本",
        "reference": "A-2026-1001",
    })
}

fn order() -> Value {
    json!({"type": "object", "required": ["order_id"], "properties": {"order_id": reference("schemas", "OrderId")}})
}

/// One of the two.
fn order_or_reference() -> Value {
    let reference_number = json!({
        "description": "Instead of order_id, for a key of scope read: the merchant's own number.",
        "type": "string",
        "pattern": "^[ -~]{1,64}$",
    });
    json!({"type": "object", "properties": {"order_id": reference("schemas", "OrderId"), "reference": reference_number}})
}

fn order_id(place: &str) -> Value {
    json!({"name": "order_id", "in": place, "required": true, "schema": reference("schemas", "OrderId"), "example": ORDER})
}
