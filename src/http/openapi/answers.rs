//! OpenAPI responses that several paths share.

use serde_json::{Map, Value, json};

/// Of the JSON calls: the name, the reasons and what they mean.
const REFUSALS: [(&str, &[&str], &str); 14] = [
    ("400", &["INVALID_PARAMETER"], "The body cannot be read, or a parameter is missing or invalid; field names it where one is to blame."),
    ("401", &["UNAUTHORIZED"], "auth.mode wants a key or a signed offer; a missing, an unknown and a wrong one are answered alike."),
    ("403", &["FORBIDDEN"], "The key is valid, and not for this: its scopes, accounts or sellers."),
    (
        "404",
        &["ORDER_NOT_FOUND", "REFUND_NOT_FOUND", "BILL_NOT_FOUND", "DIFFERENCE_NOT_FOUND"],
        "There is no such order, checkout, refund, bill or difference; or it is beyond the key.",
    ),
    ("408", &["INVALID_PARAMETER"], "The body did not come within 3.5 seconds."),
    (
        "409",
        &["IDEMPOTENCY_CONFLICT", "DIFFERENCE_CLOSED"],
        "The same Idempotency-Key with other parameters, of which field names one that differs; or the difference is not open.",
    ),
    ("413", &["INVALID_PARAMETER"], "The body is larger than 64 KiB."),
    ("415", &["INVALID_PARAMETER"], "The content type is missing or another one, or the body is compressed."),
    ("429", &["RATE_LIMITED"], "More calls than limits.per_address or limits.per_merchant allow."),
    ("500", &["INTERNAL"], "A fault of this service; it has been logged."),
    ("501", &["NOT_CONFIGURED"], "What is asked for is not set up; detail names the keys of the configuration that it wants."),
    ("502", &["UPSTREAM"], "WeChat cannot be reached or answers nonsense: ask again, toPay under the same Idempotency-Key."),
    (
        "503",
        &["UNAVAILABLE"],
        "This service cannot work just now: its database is away, it is overloaded, or it stops; or too many listen already, \
      to this order or from this address.",
    ),
    ("504", &["UPSTREAM"], "WeChat did not answer in time: ask again, toPay under the same Idempotency-Key."),
];

/// A refusal with one of these reasons.
pub fn refusal(reasons: &[&str]) -> Value {
    json!({"allOf": [reference("schemas", "Refusal"), {"type": "object", "properties": {"reason": {"enum": reasons}}}]})
}

pub fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

pub fn refusals() -> Value {
    let response = |status: &str, reasons: &[&str], description: &str| {
        let mut response = answer(description, "application/json", refusal(reasons));
        match status {
            "401" => response["headers"]["WWW-Authenticate"] = reference("headers", "WWW-Authenticate"),
            "429" | "503" => response["headers"]["Retry-After"] = reference("headers", "Retry-After"),
            _ => {}
        }
        response
    };
    REFUSALS.iter().map(|(status, reasons, description)| (format!("Refusal{status}"), response(status, reasons, description))).collect()
}

pub fn headers() -> Value {
    json!({
        "x-request-id": {
            "description": "The request's number in the log; the caller's own if it sent a plain one.",
            "required": true,
            "schema": {"type": "string", "minLength": 1},
        },
        "x-sha256": {"description": "The SHA-256 of the file, in hexadecimal digits.", "required": true, "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"}},
        "Retry-After": {"description": "Seconds.", "required": true, "schema": {"type": "integer", "minimum": 0}},
        "WWW-Authenticate": {"description": "Where a key is wanted.", "schema": {"type": "string", "enum": ["Bearer"]}},
    })
}

/// One answer of a path.
pub fn answer(description: &str, content_type: &str, schema: Value) -> Value {
    json!({
        "description": description,
        "headers": {"x-request-id": reference("headers", "x-request-id")},
        "content": {content_type: {"schema": schema}},
    })
}

/// With an example of what is answered, or of what is sent.
pub fn with_example(mut body: Value, example: impl Into<Value>) -> Value {
    if let Some(content) = body["content"].as_object_mut().and_then(|contents| contents.values_mut().next()) {
        content["example"] = example.into();
    }
    body
}

/// The answer of success, and the refusals that may come instead.
pub fn answers(happy: Value, refused: &[&str]) -> Value {
    let mut all = Map::from_iter([("200".to_owned(), happy)]);
    all.extend(refused.iter().map(|status| ((*status).to_owned(), reference("responses", &format!("Refusal{status}")))));
    all.into()
}

/// A page that shows what is wrong, in both languages.
pub fn pages(happy: &str, wrong: &[(&str, &str)]) -> Value {
    let page = |description| answer(description, "text/html", json!({"type": "string"}));
    let mut all = Map::from_iter([("200".to_owned(), page(happy))]);
    all.extend(wrong.iter().map(|(status, description)| ((*status).to_owned(), page(description))));
    all.into()
}

/// What WeChat is told: SUCCESS ends its repeats, and comes only after the commit.
pub fn acknowledgements() -> Value {
    [
        ("200", "What it tells of is stored, now or before; or it says that a payment failed, which is taken note of."),
        ("400", "The body is malformed or incomplete."),
        ("401", "The signature is wrong, the path names an account that is not configured, or the sender is not in wechat.notify_sources."),
        ("408", "The body did not come within 3.5 seconds."),
        ("409", "It does not match the deal: amount, currency, appid, mch_id, unknown order, second transaction id; or WeChat knows no such refund."),
        ("413", "The body is larger than 64 KiB."),
        ("415", "The body is compressed."),
        ("500", "A fault of this service; it has been logged."),
        ("503", "This service could not store it just now, or could not ask WeChat about the refund."),
    ]
    .into_iter()
    .map(|(status, description)| (status.to_owned(), answer(description, "text/xml", reference("schemas", "Acknowledgement"))))
    .collect()
}

/// The same form whatever is said.
pub fn acknowledgement() -> Value {
    json!({
        "type": "object",
        "description": "What WeChat is told. It repeats after anything but SUCCESS.",
        "xml": {"name": "xml"},
        "required": ["return_code", "return_msg"],
        "properties": {
            "return_code": {"type": "string", "enum": ["SUCCESS", "FAIL"]},
            "return_msg": {"type": "string", "description": "OK, or one of a few fixed sentences; never an echo."},
        },
    })
}
