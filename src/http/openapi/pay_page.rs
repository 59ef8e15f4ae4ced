//! OpenAPI of the payer's page, and of the script that shows it.

use serde_json::{Value, json};

use super::answers::{answer, answers, pages, reference, with_example};
use super::requests::{ORDER, language};

pub fn pay_js() -> Value {
    let script = answer("The script.", "text/javascript", json!({"type": "string"}));
    let first_line = "// WechatPay.open({ page, order | checkout, mode, lang, onPaid, onClosed }): …";
    let mut responses = answers(with_example(script, first_line), &["500"]);
    let unchanged = "It is still the one of the If-None-Match.";
    responses["304"] = json!({"description": unchanged, "headers": {"x-request-id": reference("headers", "x-request-id")}});
    json!({
        "operationId": "payJs",
        "tags": ["See how it stands"],
        "summary": "A script that shows the payer's page from any front end",
        "description": "WechatPay.open shows the page of a deal or a checkout in a dialog, or leads to it, and tells when it is paid. Its first lines say \
            how to call it. Load it as a plain script; it needs nothing else.",
        "responses": responses,
    })
}

pub fn pay_page() -> Value {
    let mut responses = pages(
        "The page.",
        &[
            ("404", "There is no such order, and no such checkout."),
            ("500", "A fault of this service; it has been logged."),
            ("502", "The order cannot be shown just now."),
            ("503", "This service cannot work just now."),
            ("504", "The order cannot be shown in time."),
        ],
    );
    responses["200"] = with_example(responses["200"].take(), "<!doctype html>\n…");
    let led = "Of a checkout, inside WeChat: to WeChat's login, which tells who pays, and back.";
    responses["302"] = json!({"description": led, "headers": {"x-request-id": reference("headers", "x-request-id")}});
    json!({
        "operationId": "payPage",
        "tags": ["See how it stands"],
        "summary": "The payer's page",
        "description": "What is bought, its amount and how to pay it from this device; what has become of it, and a receipt once it is paid. Of a \
            checkout the deal that fits the device is opened when its page is first asked for.",
        "parameters": [number(), language()],
        "responses": responses,
    })
}

fn number() -> Value {
    json!({
        "name": "number",
        "in": "path",
        "required": true,
        "description": "Of an order (order_id) or a checkout (checkout_id).",
        "schema": {"anyOf": [reference("schemas", "OrderId"), reference("schemas", "CheckoutId")]},
        "example": ORDER,
    })
}
