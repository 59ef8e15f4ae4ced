//! OpenAPI of what a merchant's back end is told: the feed, the events, and the webhooks that tell the same.

use serde_json::{Value, json};

use crate::deal::{AlarmKind, BillState, EventType, TradeType};
use crate::told::{ToldAlarm, ToldBill, ToldChange, ToldDeal};
use crate::webhook::Secrets;

use super::answers::{answer, answers, reference};
use super::requests::{JSON, ORDER, REFUND};
use super::schema;

/// That of the examples, from the tests of Standard Webhooks.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const EVENT: &str = "evt_c4ymq3ur5kd2aox7hznwgj6fpb";
/// 2026-11-24T08:31:41+08:00
const SENT_AT: i64 = 1_795_480_301;

const TAG: &str = "Be told";

pub fn changes() -> Value {
    let parameter = |name: &str, description: &str, schema: Value| json!({"name": name, "in": "query", "required": false, "description": description, "schema": schema});
    let mut happy = answer(
        "The events behind the cursor, and the next cursor. There may be none: then the cursor stays, or moves on behind events that the \
         key may not see. Where it waits, the status and line feeds, which mean nothing to a reader of JSON, are sent before.",
        JSON,
        reference("schemas", "ChangesAnswer"),
    );
    happy["links"] = json!({"changes": {"operationId": "changes", "parameters": {"after": "$response.body#/next"}}});
    happy["content"][JSON]["examples"] = json!({
        "a payment": {"value": {"changes": [example(EventType::DealPaid, true)], "next": "1042"}},
        "nothing new": {"value": {"changes": [], "next": "1042"}},
        "after a long absence": {"value": {"changes": [example(EventType::DealExpired, true)], "next": "907", "pruned": true}},
    });
    let mut after = parameter(
        "after",
        "The next of an earlier answer, as it is: what it is made of may change. Empty: from the beginning. One that this service cannot \
         have given, since nothing was told there yet, is refused.",
        json!({"type": "string"}),
    );
    after["example"] = json!("");
    json!({
        "operationId": "changes",
        "tags": [TAG],
        "summary": "What has happened since",
        "description": "Every event, oldest first, none missing and none twice for a caller that stores next together with what it has \
            done. Events about orders beyond the key's sellers and accounts are left out; those about orders that nobody knows are for \
            keys without such limits. It takes a key (Authorization: Bearer) of scope read; a demonstration takes none.",
        "security": [{}, {"key": []}],
        "parameters": [
            after,
            parameter("limit", "Events at most; 100 unless it is said.", json!({"type": "integer", "minimum": 1, "maximum": 500})),
            parameter("wait", "Seconds to wait for an event while there is none; none unless it is said.",
                json!({"type": "integer", "minimum": 0, "maximum": 30})),
        ],
        "responses": answers(happy, &["400", "401", "403", "500", "503", "504"]),
    })
}

/// What is sent to the endpoints that are configured.
pub fn webhooks() -> Value {
    EventType::ALL.into_iter().map(|event_type| (event_type.as_str().to_owned(), json!({"post": webhook(event_type)}))).collect()
}

fn webhook(event_type: EventType) -> Value {
    let header = |name: &str, description: &str, is_required: bool| json!({"name": name, "in": "header", "required": is_required, "description": description, "schema": {"type": "string"}});
    let like = |value: &str, mut header: Value| {
        header["example"] = json!(value);
        header
    };
    let body = example(event_type, false);
    let signature = SECRET.parse().map(|present| Secrets { present, previous: None }.sign(EVENT, SENT_AT, &body.to_string()));
    let response = |description: &str| json!({"description": description});
    json!({
        "operationId": name_of(event_type),
        "tags": [TAG],
        "summary": summary(event_type),
        "description": "Sent to each endpoint of the configuration that wants it, signed as Standard Webhooks says: verify it before you \
            believe it. It comes at least once, so remember its webhook-id; a later event of an order does not overtake an earlier \
            one's first try. The example is signed with the secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw of that specification's own \
            tests; wechat-pay webhooks test NAME sends one that is fresh.",
        "parameters": [
            like(EVENT, header("webhook-id", "The event's number, the same in every try, for every endpoint and in the feed.", true)),
            like(&SENT_AT.to_string(), header("webhook-timestamp", "When this try was made: seconds since 1970.", true)),
            like(&signature.unwrap_or_default(), header("webhook-signature", "v1, and the Base64 of HMAC-SHA256 by the endpoint's secret over the number, the timestamp and the \
                body, with a full stop between them. There are two, with a space between, while the endpoint has a previous secret.", true)),
            header("traceparent", "Trace context.", false),
        ],
        "requestBody": {
            "required": true,
            "content": {JSON: {"schema": reference("schemas", &schema_of(event_type)), "example": body}},
        },
        "responses": {
            "2XX": response("It is delivered. The answer is to come within 15 seconds, and its body is not looked at."),
            "410": response("The endpoint wants nothing any more: it is paused until the service starts again, or until wechat-pay webhooks resume."),
            "default": response("It is sent again after 5 s, 1 min, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h, and never before \
                Retry-After; then it is given up with an alarm. A redirect is not followed."),
        },
    })
}

/// The schemas of what is told.
pub fn schemas() -> Vec<(String, Value)> {
    let mut deal = schema::<ToldDeal>();
    deal["properties"]["status"]["enum"] = json!(["UNPAID", "PAID", "EXPIRED"]);
    deal["properties"]["trade_type"]["enum"] = json!(TradeType::ALL.map(TradeType::as_str));
    let mut alarm = schema::<ToldAlarm>();
    alarm["properties"]["kind"]["enum"] = AlarmKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let mut bill = schema::<ToldBill>();
    bill["properties"]["state"]["enum"] = BillState::ALL.iter().map(|state| state.as_str()).collect();
    let mut change = schema::<ToldChange>();
    change["properties"]["type"]["enum"] = EventType::ALL.iter().map(|event_type| event_type.as_str()).collect();
    let told: Vec<_> = EventType::ALL.into_iter().map(|event_type| reference("schemas", &schema_of(event_type))).collect();
    let change = json!({"description": change["description"], "allOf": [change, {"anyOf": told}]});
    let events = EventType::ALL.into_iter().map(|event_type| (schema_of(event_type), event(event_type)));
    let others = [("ToldDeal", deal), ("ToldAlarm", alarm), ("ToldBill", bill), ("ToldChange", change)];
    events.chain(others.map(|(name, schema)| (name.to_owned(), schema))).collect()
}

fn event(event_type: EventType) -> Value {
    let deal = || reference("schemas", "ToldDeal");
    let data = match event_type {
        EventType::DealPaid => json!({
            "type": "object",
            "required": ["deal", "late"],
            "properties": {"deal": deal(), "late": {"type": "boolean", "description": "Whether it was paid after it had expired."}},
        }),
        EventType::DealExpired => json!({"type": "object", "required": ["deal"], "properties": {"deal": deal()}}),
        EventType::RefundSucceeded | EventType::RefundFailed => json!({
            "type": "object",
            "required": ["refund", "deal"],
            "properties": {"refund": reference("schemas", "ToldRefund"), "deal": deal()},
        }),
        EventType::AlarmRaised => reference("schemas", "ToldAlarm"),
        EventType::BillReconciled => json!({
            "type": "object",
            "required": ["bill"],
            "properties": {"bill": reference("schemas", "ToldBill")},
        }),
    };
    json!({
        "type": "object",
        "description": summary(event_type),
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"type": "string", "enum": [event_type.as_str()]},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it happened."},
            "data": data,
        },
    })
}

/// What has happened, in a line.
fn summary(event_type: EventType) -> &'static str {
    match event_type {
        EventType::DealPaid => "A deal was paid",
        EventType::DealExpired => "A deal has expired unpaid",
        EventType::RefundSucceeded => "A refund has reached its payer",
        EventType::RefundFailed => "A refund was closed, is abnormal or has failed: the payer does not have the money",
        EventType::AlarmRaised => "Somebody must look",
        EventType::BillReconciled => "The books were held against a day's bill",
    }
}

/// `deal.paid` is `dealPaid`.
fn name_of(event_type: EventType) -> String {
    let mut words = event_type.as_str().split('.');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| name + &capitalised(word))
}

fn schema_of(event_type: EventType) -> String {
    format!("{}Event", capitalised(&name_of(event_type)))
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    first.to_uppercase() + rest
}

/// A day on which the books agree.
fn bill() -> Value {
    json!({
        "date": "2026-11-23",
        "account": "default",
        "state": "AGREED",
        "payments": 128,
        "paid_fee": 1_064_000,
        "refunds": 2,
        "refunded_fee": 9900,
        "fee": 6_324_600,
        "differences": 1,
        "open": 0,
    })
}

fn example(event_type: EventType, has_id: bool) -> Value {
    let is_paid = matches!(event_type, EventType::DealPaid | EventType::RefundSucceeded | EventType::RefundFailed);
    let goes_back = matches!(event_type, EventType::RefundSucceeded);
    let deal = json!({
        "order_id": ORDER,
        "merchant_id": 1,
        "product_id": 2,
        "price": "19.90",
        "total_fee": 1990,
        "status": if is_paid { "PAID" } else { "EXPIRED" },
        "transaction_id": is_paid.then_some("4200002601202611244853690217"),
        "paid_at": is_paid.then_some("2026-11-24T06:24:10+08:00"),
        "created_at": "2026-11-24T06:23:45+08:00",
        "expires_at": "2026-11-24T08:23:45+08:00",
        "account": "default",
        "trade_type": "NATIVE",
        "description": "线装笔记本",
        "reference": "A-2026-1001",
        "return_url": null,
        "cancel_url": null,
        "checkout_id": null,
        "refunded": if goes_back { "5.00" } else { "0.00" },
    });
    let refund = |state: &str, words: &str| {
        json!({
            "refund_id": REFUND,
            "order_id": ORDER,
            "refund": "5.00",
            "refund_state": state,
            "refund_state_desc": words,
            "reason": "少发一件",
            "source": "api",
        })
    };
    let (timestamp, data) = match event_type {
        EventType::DealPaid => ("2026-11-24T06:24:11+08:00", json!({"deal": deal, "late": false})),
        EventType::DealExpired => ("2026-11-24T08:24:02+08:00", json!({"deal": deal})),
        EventType::RefundSucceeded => {
            let mut refund = refund("SUCCESS", "退款成功");
            refund["refunded_at"] = json!("2026-11-24T06:30:07+08:00");
            refund["refund_recv"] = json!("支付用户零钱");
            ("2026-11-24T06:30:08+08:00", json!({"refund": refund, "deal": deal}))
        }
        EventType::RefundFailed => ("2026-11-24T06:30:08+08:00", json!({"refund": refund("ABNORMAL", "退款异常"), "deal": deal})),
        EventType::AlarmRaised => {
            let alarm = ToldAlarm::new(AlarmKind::PaidLate, ORDER.parse().ok().as_ref());
            ("2026-11-24T08:31:40+08:00", json!(alarm))
        }
        EventType::BillReconciled => ("2026-11-24T10:30:12+08:00", json!({"bill": bill()})),
    };
    let mut example = json!({"type": event_type.as_str(), "timestamp": timestamp, "data": data});
    if has_id {
        example["id"] = json!(EVENT);
    }
    example
}
