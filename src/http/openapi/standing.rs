//! OpenAPI paths that tell how a payment stands, or give it up.

use serde_json::{Value, json};

use super::answers::{answer, answers, reference, refusal, with_example};
use super::requests::{CHECKOUT, JSON, ORDER, body};

pub fn query_order(id: &str) -> Value {
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

pub fn query_checkout() -> Value {
    let happy = json!({"anyOf": [reference("schemas", "QueryCheckoutAnswer"), refusal(&["WECHAT_REFUSED"])]});
    let mut paid = paid_order();
    paid["checkout_id"] = json!(CHECKOUT);
    paid["order_id"] = json!(ORDER);
    let asked = json!({"type": "object", "required": ["checkout_id"], "properties": {"checkout_id": reference("schemas", "CheckoutId")}});
    json!({
        "operationId": "queryCheckout",
        "tags": ["See how it stands"],
        "summary": "How does a checkout stand",
        "description": "Once it is paid, order_id says by which of its deals: give money back by that number. Until then about its deals \
            that are not decided WeChat is asked, and the farthest that any payer has got is told. It is CLOSED when none of its deals can be \
            paid any more.",
        "requestBody": with_example(body(&asked), json!({"checkout_id": CHECKOUT})),
        "responses": answers(
            with_example(answer("How it stands; or, with code 1, why WeChat would not say.", JSON, happy), paid),
            &["400", "404", "408", "413", "415", "500", "501", "502", "503", "504"],
        ),
    })
}

pub fn close_order() -> Value {
    let refused = refusal(&["TOO_EARLY", "ORDER_PAID", "WECHAT_REFUSED"]);
    let happy = json!({"anyOf": [reference("schemas", "CloseOrderAnswer"), refused]});
    let happy = answer("It is closed; or, with code 1, why it is not.", JSON, happy);
    let closed = json!({"code": 0, "msg": "关单成功", "description": "线装笔记本", "reference": "A-2026-1001"});
    json!({
        "operationId": "doCloseOrder",
        "tags": ["Give it up"],
        "summary": "Give an order or a checkout up",
        "description": "An order not before deal.close_min_age, a checkout not before each of its deals is so old; nobody begins to pay it \
            from then on. Closing twice succeeds; what is paid is refused.",
        "requestBody": with_example(body(&order_or_checkout()), json!({"order_id": ORDER})),
        "responses": answers(
            with_example(happy, closed),
            &["400", "404", "408", "413", "415", "500", "501", "502", "503", "504"],
        ),
    })
}

pub fn events() -> Value {
    let description = "Server-sent events named state, whose data is what queryOrder answers (QueryOrderAnswer), or, of a checkout, \
                       queryCheckout (QueryCheckoutAnswer): the present state, then each change. It ends once that is decided.";
    let happy = answer(description, "text/event-stream", json!({"type": "string"}));
    let happy = with_example(happy, format!("event: state\ndata: {}\n\n", paid_order()));
    let parameter = |name: &str, description: &str, schema: &str| json!({"name": name, "in": "query", "required": false, "description": description, "schema": reference("schemas", schema)});
    let mut order_id = parameter("order_id", "Which order.", "OrderId");
    order_id["example"] = json!(ORDER);
    json!({
        "operationId": "events",
        "tags": ["See how it stands"],
        "summary": "How an order or a checkout stands, told at once",
        "description": "For EventSource. Close it at the last state, or the browser opens it again.",
        "parameters": [order_id, parameter("checkout_id", INSTEAD, "CheckoutId")],
        "responses": answers(happy, &["400", "404", "500", "501", "503", "504"]),
    })
}

/// Of the two one is wanted.
const INSTEAD: &str = "Where no order_id is sent: which checkout.";

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

/// One of the two. Beside an `order_id` the other means nothing, and anything is taken.
fn order_or_checkout() -> Value {
    json!({"type": "object", "properties": {"order_id": reference("schemas", "OrderId"), "checkout_id": {"description": INSTEAD}}})
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
