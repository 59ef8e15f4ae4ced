//! OpenAPI paths about the service itself.

use serde_json::{Value, json};

use super::answers::{answer, answers, pages, reference, with_example};
use super::requests::{JSON, language};

const TAG: &str = "Run the service";

pub fn healthz() -> Value {
    let happy = with_example(answer("It does.", JSON, reference("schemas", "Healthy")), json!({"status": "ok"}));
    json!({
        "operationId": "healthz",
        "tags": [TAG],
        "summary": "Whether the process lives",
        "responses": answers(happy, &["500"]),
    })
}

pub fn readyz() -> Value {
    let happy = with_example(answer("It may.", JSON, reference("schemas", "Ready")), json!({"status": "ready"}));
    json!({
        "operationId": "readyz",
        "tags": [TAG],
        "summary": "Whether it may be sent callers",
        "responses": answers(happy, &["500", "503"]),
    })
}

pub fn openapi_json() -> Value {
    let happy = answer("OpenAPI 3.1.", JSON, json!({"type": "object", "required": ["openapi", "info", "paths"]}));
    let example = json!({"openapi": "3.1.0", "info": {"title": "wechat-pay", "…": "…"}, "…": "…"});
    json!({
        "operationId": "openapi",
        "tags": [TAG],
        "summary": "This description",
        "responses": answers(with_example(happy, example), &["500"]),
    })
}

pub fn docs() -> Value {
    let mut responses = pages("The page.", &[]);
    responses["200"] = with_example(responses["200"].take(), "<!doctype html>\n…");
    json!({
        "operationId": "docs",
        "tags": [TAG],
        "summary": "This description, for people",
        "parameters": [language()],
        "responses": responses,
    })
}
