//! OpenAPI paths of bills: how the books stand to WeChat's, what differs, the files, and why a difference is none that matters.

use serde_json::{Value, json};

use crate::deal::{DifferenceKind, DifferenceState};
use crate::http::bills::BillsAnswer;
use crate::http::bills::differences::DifferencesAnswer;
use crate::told::ToldDifference;

use super::answers::{answer, answers, reference, with_example};
use super::requests::{ACCOUNT, JSON, ORDER, body};
use super::schema;

const TAG: &str = "Hold the books against WeChat's bills";
/// The day of the examples.
const DATE: &str = "2026-11-23";

pub fn tag() -> Value {
    json!({"name": TAG, "description": "For the merchant's back end, with a key of scope read, or manage to explain. A bill tells of all sellers of an account, so a key that is limited to some sees none. A demonstration takes no key."})
}

/// The schemas of what is told; that of a bill is told of as an event, too.
pub fn schemas() -> [(&'static str, Value); 3] {
    let mut difference = schema::<ToldDifference>();
    difference["properties"]["kind"]["enum"] = DifferenceKind::ALL.iter().map(|kind| kind.as_str()).collect();
    difference["properties"]["state"]["enum"] = DifferenceState::ALL.iter().map(|state| state.as_str()).collect();
    [("BillsAnswer", schema::<BillsAnswer>()), ("DifferencesAnswer", schema::<DifferencesAnswer>()), ("ToldDifference", difference)]
}

pub fn bills() -> Value {
    let happy = answer("The bills, the latest day first.", JSON, reference("schemas", "BillsAnswer"));
    let day = |name: &str, description: &str| json!({"name": name, "in": "query", "required": false, "description": description, "schema": {"type": "string", "format": "date"}, "example": DATE});
    json!({
        "operationId": "bills",
        "tags": [TAG],
        "summary": "How the books stand to WeChat's bills",
        "description": "WeChat has a bill of each day in Beijing by the next morning; it is then held against the deals and refunds here. What \
            differs is asked about at WeChat, and settled where WeChat's signed answer proves it. A bill itself is not signed, and proves nothing.",
        "security": [{}, {"key": []}],
        "parameters": [
            day("from", "The first day in Beijing; seven days before to by default."),
            day("to", "The last day, which is in it; today by default. At most 366 days."),
            account("Of this account only; all that the key may see by default."),
        ],
        "responses": answers(with_example(happy, json!({"bills": [bill()]})), &["400", "401", "403", "500", "503", "504"]),
    })
}

pub fn differences() -> Value {
    let happy = answer("The differences, by account and kind.", JSON, reference("schemas", "DifferencesAnswer"));
    json!({
        "operationId": "billDifferences",
        "tags": [TAG],
        "summary": "What differs between a day's bills and the books",
        "description": "Those that are healed or explained are there too. A day without a bill has none.",
        "security": [{}, {"key": []}],
        "parameters": [date(), account("Of this account only; all that the key may see by default.")],
        "responses": answers(with_example(happy, json!({"differences": [difference()]})), &["400", "401", "403", "500", "503", "504"]),
    })
}

pub fn file() -> Value {
    let mut happy = answer("The file.", "application/gzip", json!({"type": "string", "format": "binary"}));
    happy["headers"]["x-sha256"] = reference("headers", "x-sha256");
    happy["content"]["text/csv"] = json!({"schema": {"type": "string"}, "example": "\u{feff}交易时间,公众账号ID,商户号,…"});
    json!({
        "operationId": "billFile",
        "tags": [TAG],
        "summary": "A day's bill as WeChat gave it",
        "description": "Packed by gzip, or as text where WeChat gave it so. It is sent as it is read; what breaks off in the middle is not whole.",
        "security": [{}, {"key": []}],
        "parameters": [date(), account("Of which account; by default the only one that the key may see, and default where that is more than one.")],
        "responses": answers(happy, &["400", "401", "403", "404", "500", "503"]),
    })
}

pub fn explain() -> Value {
    let asked = body(&json!({
        "type": "object",
        "required": ["note"],
        "additionalProperties": false,
        "properties": {"note": {"description": "Why: 1 to 500 characters without control characters.", "type": "string"}},
    }));
    let mut explained = difference();
    for (field, value) in [
        ("state", "EXPLAINED"),
        ("explained_by", "books"),
        ("note", NOTE),
        ("sentence", "微信账单里有一笔付款，本地没有这个订单；已有人核实，原因见备注，无需处理"),
    ] {
        explained[field] = json!(value);
    }
    let happy = answer("The difference, which is explained now.", JSON, reference("schemas", "ToldDifference"));
    json!({
        "operationId": "explainDifference",
        "tags": [TAG],
        "summary": "Say why a difference is none that matters",
        "description": "Only one that is OPEN. It moves no money and changes no deal; the name of the key is kept beside the note. The same note \
            again changes nothing.",
        "security": [{}, {"key": []}],
        "parameters": [{
            "name": "id",
            "in": "path",
            "required": true,
            "description": "Which difference: its id.",
            "schema": {"type": "integer", "minimum": 1},
            "example": 17,
        }],
        "requestBody": with_example(asked, json!({"note": NOTE})),
        "responses": answers(with_example(happy, explained), &["400", "401", "403", "404", "408", "409", "413", "415", "500", "503", "504"]),
    })
}

const NOTE: &str = "线下补录的订单，已核对";

fn date() -> Value {
    json!({"name": "date", "in": "path", "required": true, "description": "The day in Beijing.", "schema": {"type": "string", "format": "date"}, "example": DATE})
}

fn account(description: &str) -> Value {
    json!({"name": "account", "in": "query", "required": false, "description": description, "schema": {"type": "string", "pattern": ACCOUNT}, "example": "default"})
}

fn bill() -> Value {
    json!({
        "date": DATE,
        "account": "default",
        "state": "DIFFERENT",
        "payments": 2,
        "paid_fee": 3980,
        "refunds": 1,
        "refunded_fee": 500,
        "fee": 21000,
        "differences": 1,
        "open": 1,
    })
}

fn difference() -> Value {
    json!({
        "id": 17,
        "account": "default",
        "date": DATE,
        "kind": "UNKNOWN_ORDER",
        "state": "OPEN",
        "order_id": ORDER,
        "transaction_id": "4200002601202611244853690217",
        "refund_id": null,
        "ours_fee": null,
        "theirs_fee": 1990,
        "sentence": "微信账单里有一笔付款，本地没有这个订单；查询时微信说没有这个订单，仅凭账单不能入账：请到商户平台核对，不要据此发货",
        "explained_by": null,
        "note": null,
    })
}
