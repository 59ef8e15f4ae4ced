//! OpenAPI paths that WeChat posts to, with what it posts.

use serde_json::{Value, json};

use super::answers::{acknowledgements, with_example};
use super::requests::{XML, of_account};

/// As the simulated WeChat has signed it, with the key of its default merchant.
const NOTIFICATION: &str = include_str!("examples/notification.xml");
/// As it has encrypted it, with the same key.
const REFUND_NOTIFICATION: &str = include_str!("examples/refund_notification.xml");
const ACKNOWLEDGED: &str = "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>";

pub fn notify(id: &str) -> Value {
    let fields = ["return_code", "result_code", "appid", "mch_id", "out_trade_no", "total_fee", "transaction_id", "fee_type", "sign"];
    let required = ["return_code", "result_code", "appid", "mch_id", "out_trade_no", "sign"];
    json!({
        "operationId": id,
        "tags": ["Hear from WeChat"],
        "summary": "An order was paid",
        "description": "WeChat's signed XML, whatever its content type says. The example is signed with the key of the simulated WeChat, \
            which posts one itself when its phone pays.",
        "requestBody": message(&fields, &required, NOTIFICATION),
        "responses": acknowledged(),
    })
}

pub fn notify_account(id: &str) -> Value {
    of_account(notify(id))
}

pub fn refund_notify(id: &str) -> Value {
    let fields = ["return_code", "appid", "mch_id", "nonce_str", "req_info"];
    json!({
        "operationId": id,
        "tags": ["Hear from WeChat"],
        "summary": "A refund has come to its end",
        "description": "WeChat's encrypted XML, whatever its content type says. It is not signed, so it proves nothing: WeChat is asked \
            about the refund, and its signed answer is stored. A notification of a payment is taken here as well.",
        "requestBody": message(&fields, &["return_code", "appid", "mch_id", "req_info"], REFUND_NOTIFICATION),
        "responses": acknowledged(),
    })
}

pub fn refund_notify_account(id: &str) -> Value {
    of_account(refund_notify(id))
}

fn message(fields: &[&str], required: &[&str], example: &str) -> Value {
    let text = json!({"type": "string"});
    let properties: Value = fields.iter().map(|name| ((*name).to_owned(), text.clone())).collect();
    let schema =
        json!({"type": "object", "xml": {"name": "xml"}, "required": required, "properties": properties, "additionalProperties": text});
    json!({"required": true, "content": {XML: {"schema": schema, "example": example.trim_end()}}})
}

fn acknowledged() -> Value {
    let mut answers = acknowledgements();
    answers["200"] = with_example(answers["200"].take(), ACKNOWLEDGED);
    answers
}
