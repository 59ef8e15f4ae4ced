//! OpenAPI paths of the books: lists of deals, one deal with all that is known of it, and takings.

use serde_json::{Value, json};

use super::answers::{answer, answers, reference};
use super::requests::{ACCOUNT, JSON, ORDER};

const TAG: &str = "Read the books";

pub fn tag() -> Value {
    json!({"name": TAG, "description": "For the merchant's back end, with a key of scope read: it sees the deals of its sellers and accounts. A demonstration takes no key."})
}

pub fn deals() -> Value {
    let mut happy = answer("The deals, the newest first; or all of them as CSV.", JSON, reference("schemas", "DealsAnswer"));
    happy["content"][JSON]["example"] = json!({"deals": [deal()], "next": null});
    happy["content"]["text/csv"] = json!({"schema": {"type": "string"}});
    json!({
        "operationId": "deals",
        "tags": [TAG],
        "summary": "List deals",
        "description": "All that is asked for must be true of a deal. One page looks through two thousand rows at most, so of a choice that few \
            deals fit it may be short, or empty: next says whether there is more. The CSV has all deals and is sent as it is read; what \
            breaks off in the middle is not whole. It is UTF-8 with a byte order mark; times are Beijing's; a text that a spreadsheet would \
            take for a formula has an apostrophe before it, and one that it would take for a number, a date or a truth value has a tab behind it.",
        "security": [{}, {"key": []}],
        "parameters": [
            like("2026-11-24", parameter("from", "Not before this: a day in Beijing (2026-11-26), or a time with its zone. A range without any time in it is refused.", moment())),
            parameter("to", "A day in Beijing, which is in the list; or a time with its zone, which is not.", moment()),
            parameter("by", "By which of a deal's times, in from, to and the order: when it was opened (created, the default) or when it was paid (paid: then paid deals alone, and no other status may be asked for).", words(&["created", "paid"])),
            like("PAID", parameter("status", "Of this status.", words(&["UNPAID", "PAID", "EXPIRED"]))),
            parameter("merchant_id", "Of this seller.", json!({"type": "string", "pattern": "^[1-9][0-9]{0,9}$"})),
            parameter("account", "Through this account. One that is unknown has none.", json!({"type": "string", "pattern": ACCOUNT})),
            parameter("transaction_id", "Paid by the payment of this number of WeChat's.", json!({"type": "string", "pattern": "^[!-~]{1,45}$"})),
            parameter("order_id", "Of this number.", reference("schemas", "OrderId")),
            parameter("limit", "How many at most: 1 to 500, 100 by default. Not of a CSV.", json!({"type": "integer", "minimum": 1, "maximum": 500})),
            parameter("after", "The next of the page before, as it is; empty: from the beginning. Not of a CSV.", json!({"type": "string"})),
            parameter("format", "json, the default, or csv.", words(&["json", "csv"])),
        ],
        "responses": answers(happy, &["400", "401", "403", "500", "503", "504"]),
    })
}

pub fn deal_of_number() -> Value {
    let mut happy = answer("The deal.", JSON, reference("schemas", "WholeDealAnswer"));
    happy["content"][JSON]["example"] = whole_deal();
    json!({
        "operationId": "deal",
        "tags": [TAG],
        "summary": "One deal, with its story, its refunds and its deliveries",
        "description": "WeChat is not asked.",
        "security": [{}, {"key": []}],
        "parameters": [
            {"name": "order_id", "in": "path", "required": true, "schema": reference("schemas", "OrderId"), "example": ORDER},
            parameter("lang", "zh or en: the language of sentences, instead of what Accept-Language says; whatever else it is is not looked at.", json!({"type": "string"})),
            {"name": "Accept-Language", "in": "header", "required": false, "description": "The language of sentences: Chinese, which it is by default, or English.", "schema": {"type": "string"}},
        ],
        "responses": answers(happy, &["400", "401", "403", "404", "500", "503", "504"]),
    })
}

pub fn takings() -> Value {
    let mut happy =
        answer("The sums of each day, seller, product or account, and of all of them.", JSON, reference("schemas", "ToldTakings"));
    let sums = |key: Option<&str>| {
        let mut sums = json!({"paid_count": 2, "paid_fee": 3980, "refunded_count": 1, "refunded_fee": 500, "net_fee": 3480, "paid": "39.80", "refunded": "5.00", "net": "34.80"});
        key.into_iter().for_each(|key| sums["key"] = json!(key));
        sums
    };
    happy["content"][JSON]["example"] = json!({"takings": [sums(Some("2026-11-24"))], "total": sums(None)});
    json!({
        "operationId": "takings",
        "tags": [TAG],
        "summary": "What was paid and what went back",
        "description": "A payment counts on the day on which it was paid, a refund on the day on which its payer had it; days are Beijing's. \
            A second payment of an order does not count, nor does the refund that gives it back; nor does what was not paid by WeChat. \
            Of many payments it takes its time: some seconds for a million.",
        "security": [{}, {"key": []}],
        "parameters": [
            parameter("from", "The first day; that of to by default.", day()),
            like("2026-11-24", parameter("to", "The last day, which is in it; today by default. At most 366 days.", day())),
            parameter("by", "By what they are summed up; by day by default. By day every day is there, otherwise what has any: ten thousand at most.", words(&["day", "seller", "product", "account"])),
        ],
        "responses": answers(happy, &["400", "401", "403", "500", "503"]),
    })
}

fn parameter(name: &str, description: &str, schema: Value) -> Value {
    json!({"name": name, "in": "query", "required": false, "description": description, "schema": schema})
}

/// A parameter with the value that it has in the example.
fn like(value: &str, mut parameter: Value) -> Value {
    parameter["example"] = json!(value);
    parameter
}

fn words(words: &[&str]) -> Value {
    json!({"type": "string", "enum": words})
}

fn day() -> Value {
    json!({"type": "string", "format": "date"})
}

fn moment() -> Value {
    json!({"anyOf": [day(), {"type": "string", "format": "date-time"}]})
}

fn deal() -> Value {
    json!({
        "order_id": ORDER,
        "merchant_id": 1,
        "product_id": 2,
        "price": "19.90",
        "total_fee": 1990,
        "status": "PAID",
        "transaction_id": "4200002601202611244853690217",
        "paid_at": "2026-11-24T06:24:10+08:00",
        "created_at": "2026-11-24T06:23:45+08:00",
        "expires_at": "2026-11-24T08:23:45+08:00",
        "account": "default",
        "trade_type": "NATIVE",
        "description": "线装笔记本",
        "reference": "A-2026-1001",
        "return_url": null,
        "cancel_url": null,
        "checkout_id": null,
        "refunded": "0.00",
    })
}

fn whole_deal() -> Value {
    let mut deal = deal();
    deal["story"] = json!([
        {"at": "2026-11-24T06:23:45+08:00", "kind": "opened", "sentence": "订单已入库，并向微信下单。", "source": "front_end"},
        {"at": "2026-11-24T06:24:11+08:00", "kind": "settled", "sentence": "微信签名的支付结果已入账：已支付。", "source": "notification"},
    ]);
    deal["outlook"] =
        json!("已支付，支付时间 2026-11-24T06:24:10+08:00，微信支付单号 4200002601202611244853690217。这是最终结果，没有退过款。");
    deal["refunds"] = json!([]);
    deal["deliveries"] = json!([{
        "endpoint": "shop",
        "event_id": "evt_aqn3lfmvqvgj4d7cw5t2yk6yzu",
        "type": "deal.paid",
        "tries": 1,
        "state": "DELIVERED",
        "tried_at": "2026-11-24T06:24:11+08:00",
        "status": 204,
        "due_at": null,
        "answer": null,
    }]);
    deal
}
