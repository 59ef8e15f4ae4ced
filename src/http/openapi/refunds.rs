//! OpenAPI paths of refunds, with an example of every answer that a caller must tell apart.

use serde_json::{Value, json};

use super::answers::{answer, answers, reference, refusal, with_example};
use super::requests::{JSON, ORDER, REFUND, body};

pub fn refund() -> Value {
    let refused = ["ORDER_NOT_PAID", "REFUND_TOO_LATE", "REFUND_TOO_MUCH", "REFUND_TOO_MANY", "REFUND_TOO_SOON", "WECHAT_REFUSED"];
    let happy = json!({"anyOf": [reference("schemas", "RefundAnswer"), refusal(&refused)]});
    let mut happy = answer("The refund, and what is left of the payment; or, with code 1, why there is none.", JSON, happy);
    happy["links"] = json!({"queryRefund": {"operationId": "queryRefund", "requestBody": {"refund_id": "$response.body#/refund_id"}}});
    happy["content"][JSON]["examples"] = examples();
    let mut wish = body(&json!({
        "type": "object",
        "required": ["order_id"],
        "additionalProperties": false,
        "properties": {
            "order_id": reference("schemas", "OrderId"),
            "refund": {
                "description": "How much, in yuan, written as a price; without it, all that is left of the payment.",
                "anyOf": [{"type": "number", "minimum": 0.01}, {"type": "string", "pattern": "^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,2}0*)?$"}],
            },
            "reason": {"description": "What the payer reads: 1 to 80 bytes of UTF-8 without control characters.", "type": "string"},
        },
    }));
    wish = with_example(wish, json!({"order_id": ORDER, "refund": "5.00", "reason": "少发一件"}));
    json!({
        "operationId": "refund",
        "tags": ["Give money back"],
        "summary": "Give a payment or a part of it back",
        "description": "The refund and its amount are stored before WeChat is asked. Where WeChat's answer does not come, or is to ask \
            again later, the state is PROCESSING, and the service sends the identical request again until WeChat has decided. A repeat \
            under the same Idempotency-Key is the same refund, whatever is left by then. It takes a key (Authorization: Bearer) of scope \
            refund; a demonstration takes none.",
        "security": [{}, {"key": []}],
        "parameters": [{
            "name": "Idempotency-Key",
            "in": "header",
            "required": true,
            "description": "The same key with the same parameters is the same refund. 1 to 64 printable ASCII characters, per order_id.",
            "schema": {"type": "string", "pattern": "^[!-~]([ -~]{0,62}[!-~])?$"},
            "example": "A-2026-1001-1",
        }],
        "requestBody": wish,
        "responses": answers(happy, &["400", "401", "403", "404", "408", "409", "413", "415", "500", "501", "503", "504"]),
    })
}

pub fn query_refund() -> Value {
    let happy = json!({"anyOf": [reference("schemas", "RefundAnswer"), reference("schemas", "RefundsAnswer")]});
    let mut happy = answer("The refund of the refund_id; or the order's refunds, oldest first.", JSON, happy);
    let told = |mut refund: Value| {
        for field in ["code", "msg", "refunded", "left", "server_time"] {
            refund.as_object_mut().map(|refund| refund.remove(field));
        }
        refund
    };
    happy["content"][JSON]["examples"] = json!({
        "of a refund_id": {"value": arrived()},
        "of an order_id": {"value": {
            "code": 0,
            "msg": "",
            "order_id": ORDER,
            "paid": "19.90",
            "refunded": "5.00",
            "left": "14.90",
            "refunds": [told(arrived())],
            "server_time": "2026-11-24T06:30:12+08:00",
        }},
    });
    let mut asked = body(&json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "refund_id": {"description": "Which refund.", "type": "string", "pattern": "^[0-9A-Za-z_|*@-]{1,64}$"},
            "order_id": {
                "description": "Where no refund_id is sent: all refunds of this order.",
                "type": "string",
                "pattern": "^[0-9A-Za-z_|*@-]{1,45}$",
            },
        },
    }));
    asked = with_example(asked, json!({"refund_id": REFUND}));
    json!({
        "operationId": "queryRefund",
        "tags": ["Give money back"],
        "summary": "How do refunds stand",
        "description": "WeChat is asked about one that is under way, as far as the account's query_budget allows. It takes a key of scope \
            refund or read; a demonstration takes none.",
        "security": [{}, {"key": []}],
        "requestBody": asked,
        "responses": answers(happy, &["400", "401", "403", "404", "408", "413", "415", "500", "503", "504"]),
    })
}

fn accepted() -> Value {
    json!({
        "code": 0,
        "msg": "",
        "refund_id": REFUND,
        "order_id": ORDER,
        "refund": "5.00",
        "refund_state": "PROCESSING",
        "refund_state_desc": "退款处理中",
        "reason": "少发一件",
        "source": "api",
        "refunded": "5.00",
        "left": "14.90",
        "server_time": "2026-11-24T06:30:10+08:00",
    })
}

fn arrived() -> Value {
    let mut refund = accepted();
    for (field, value) in [
        ("refund_state", "SUCCESS"),
        ("refund_state_desc", "退款成功"),
        ("refunded_at", "2026-11-24T06:30:12+08:00"),
        ("refund_recv", "支付用户零钱"),
        ("server_time", "2026-11-24T06:30:12+08:00"),
    ] {
        refund[field] = json!(value);
    }
    refund
}

/// By their names: what is accepted, and each refusal.
fn examples() -> Value {
    let refused = |reason: &str, msg: &str, more: Value| {
        let mut refusal = json!({"code": 1, "msg": msg, "reason": reason});
        more.as_object().into_iter().flatten().for_each(|(field, value)| refusal[field] = value.clone());
        json!({"value": refusal})
    };
    json!({
        "ACCEPTED": {"value": accepted()},
        "ORDER_NOT_PAID": refused("ORDER_NOT_PAID", "该订单未支付", json!({"order_id": ORDER})),
        "REFUND_TOO_LATE": refused("REFUND_TOO_LATE", "支付已超过一年，不能退款", json!({})),
        "REFUND_TOO_MUCH": refused("REFUND_TOO_MUCH", "退款金额超过可退金额", json!({"left": "14.90"})),
        "REFUND_TOO_MANY": refused("REFUND_TOO_MANY", "该订单的退款次数已达上限", json!({})),
        "REFUND_TOO_SOON": refused("REFUND_TOO_SOON", "距上一次退款时间太短，请稍后再试", json!({"retry_after": 42})),
        "WECHAT_REFUSED": refused("WECHAT_REFUSED", "微信支付拒绝了退款", json!({
            "detail": "USER_ACCOUNT_ABNORMAL: 用户账户异常或已注销，不能原路退回，请使用其他方式进行退款",
            "order_id": ORDER,
            "refund_id": REFUND,
            "refund_state": "FAILED",
        })),
    })
}
