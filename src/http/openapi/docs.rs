//! `GET /docs`: the OpenAPI document as a page. Rendered here, so that it needs no script and no viewer from another host.

use std::sync::LazyLock;

use axum::http::HeaderValue;
use axum::response::{Html, Response};
use serde_json::Value as Json;

use crate::page::{self, Value, fill};

use super::DOCUMENT;

/// With the look that all pages have in common ([`crate::page::BASE_CSS`]).
const STYLE: &str = concat!(include_str!("../../page/base.css"), include_str!("docs.css"));

const LINK: &str = "<li><a href=\"#{{id}}\"><code>{{method}} {{path}}</code></a> {{summary}}</li>";
const CHAPTER: &str = "<h2>{{name}}</h2><p class=\"muted\">{{description}}</p>{{calls}}";
const CALL: &str = "<section class=\"card\" id=\"{{id}}\"><h3><code><span class=\"method\">{{method}}</span> {{path}}</code></h3>\
                    <p><b>{{summary}}.</b> {{description}}</p>{{parameters}}{{answers}}</section>";
const SCHEMA: &str = "<section class=\"card\" id=\"{{name}}\"><h3>{{name}}</h3><p>{{description}}</p>{{fields}}</section>";
const TABLE: &str = "<table><caption>{{caption}}</caption><tbody>{{rows}}</tbody></table>";
const EXAMPLE: &str = "<pre><code>{{json}}</code></pre>";
const ROW: &str = "<tr><th scope=\"row\"><code>{{name}}</code></th><td>{{kind}}</td><td>{{description}}</td></tr>";

pub async fn docs() -> Response {
    static PAGE: LazyLock<String> = LazyLock::new(|| draw(&DOCUMENT));
    static POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
        let style = page::source_hash(STYLE);
        let policy =
            format!("default-src 'none'; style-src {style}; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
        HeaderValue::from_str(&policy).ok()
    });
    page::secured(Html(PAGE.as_str()), POLICY.clone().unwrap_or(HeaderValue::from_static("default-src 'none'")))
}

fn draw(document: &Json) -> String {
    let chapters = elements(&document["tags"]).map(|tag| chapter(document, tag));
    let (contents, chapters): (Vec<_>, Vec<_>) = chapters.unzip();
    let (contents, chapters) = (contents.concat(), chapters.concat());
    let schemas: String = members(&document["components"]["schemas"])
        .map(|(name, schema)| {
            put(SCHEMA, &[("name", text(name)), ("description", of(schema, "description")), ("fields", Value::Markup(&fields("", schema)))])
        })
        .collect();
    put(
        include_str!("docs.html"),
        &[
            ("style", Value::Markup(STYLE)),
            ("title", of(&document["info"], "title")),
            ("version", of(&document["info"], "version")),
            ("about", of(&document["info"], "description")),
            ("contents", Value::Markup(&contents)),
            ("chapters", Value::Markup(&chapters)),
            ("schemas", Value::Markup(&schemas)),
        ],
    )
}

/// The links to a chapter's calls, and the chapter.
fn chapter(document: &Json, tag: &Json) -> (String, String) {
    let (mut links, mut calls) = (String::new(), String::new());
    for (path, operations) in members(&document["paths"]).chain(members(&document["webhooks"])) {
        for (method, operation) in members(operations).filter(|(_, operation)| operation["tags"][0] == tag["name"]) {
            let method = method.to_uppercase();
            let (parameters, answers) = (parameters(operation), answers(document, operation));
            let values = [
                ("id", of(operation, "operationId")),
                ("method", text(&method)),
                ("path", text(path)),
                ("summary", of(operation, "summary")),
                ("description", of(operation, "description")),
                ("parameters", Value::Markup(&parameters)),
                ("answers", Value::Markup(&answers)),
            ];
            links += &put(LINK, &values);
            calls += &put(CALL, &values);
        }
    }
    let name = [("name", of(tag, "name")), ("description", of(tag, "description")), ("calls", Value::Markup(&calls))];
    (links, put(CHAPTER, &name))
}

fn parameters(operation: &Json) -> String {
    let rows: String = elements(&operation["parameters"])
        .map(|parameter| {
            let place = parameter["in"].as_str().unwrap_or_default();
            row(
                parameter["name"].as_str().unwrap_or_default(),
                &format!("{place}, {}", kind(&parameter["schema"])),
                &parameter["description"],
            )
        })
        .collect();
    let bodies = operation["requestBody"]["content"].as_object();
    let types = bodies.map(|bodies| bodies.keys().map(String::as_str).collect::<Vec<_>>().join(" or "));
    let body = bodies
        .and_then(|bodies| bodies.values().next())
        .map_or(String::new(), |body| fields(types.as_deref().unwrap_or_default(), &body["schema"]));
    table("Parameters", &rows) + &body + &example(&operation["requestBody"])
}

fn answers(document: &Json, operation: &Json) -> String {
    let rows: String = members(&operation["responses"])
        .map(|(status, response)| {
            let response = response["$ref"].as_str().and_then(|place| document.pointer(place.trim_start_matches('#'))).unwrap_or(response);
            let kinds: Vec<_> = members(&response["content"])
                .map(|(content_type, content)| format!("{content_type}: {}", kind(&content["schema"])))
                .collect();
            row(status, &kinds.join("; "), &response["description"])
        })
        .collect();
    table("Answers", &rows) + &example(&operation["responses"]["200"])
}

/// What stands beside a body's schema as an example, or as several.
fn example(body: &Json) -> String {
    let contents = members(&body["content"]).map(|(_, content)| content);
    let examples = contents.flat_map(|content| {
        let named = members(&content["examples"]).map(|(_, example)| &example["value"]);
        [&content["example"]].into_iter().chain(named)
    });
    let examples = examples.filter(|example| !example.is_null());
    examples.map(|example| put(EXAMPLE, &[("json", text(&format!("{example:#}")))])).collect()
}

/// A row for each field of an object.
fn fields(caption: &str, schema: &Json) -> String {
    let required = |name: &str| elements(&schema["required"]).any(|required| required == name);
    let rows: String = members(&schema["properties"])
        .map(|(name, field)| {
            row(name, &format!("{}{}", if required(name) { "" } else { "optional, " }, kind(field)), &field["description"])
        })
        .collect();
    if rows.is_empty() && caption.is_empty() {
        put("<p><code>{{kind}}</code></p>", &[("kind", text(&kind(schema)))])
    } else {
        table(caption, &rows)
    }
}

/// What a schema allows, in a line.
fn kind(schema: &Json) -> String {
    if let Some(place) = schema["$ref"].as_str() {
        return place.rsplit('/').next().unwrap_or_default().to_owned();
    }
    for (word, between) in [("anyOf", " or "), ("allOf", " with ")] {
        if schema[word].is_array() {
            return elements(&schema[word]).map(kind).collect::<Vec<_>>().join(between);
        }
    }
    let reasons = &schema["properties"]["reason"];
    if reasons["enum"].is_array() {
        return kind(reasons);
    }
    if schema["enum"].is_array() {
        return elements(&schema["enum"]).filter_map(Json::as_str).collect::<Vec<_>>().join(" | ");
    }
    let types = elements(&schema["type"]).chain([&schema["type"]]).filter_map(Json::as_str);
    let mut kind = types.collect::<Vec<_>>().join(" or ");
    for (word, sign) in [("format", ""), ("pattern", ""), ("minimum", "≥ "), ("maximum", "≤ ")] {
        match &schema[word] {
            Json::Null => {}
            Json::String(value) => kind += &format!(" {sign}{value}"),
            value => kind += &format!(" {sign}{value}"),
        }
    }
    kind
}

fn row(name: &str, kind: &str, description: &Json) -> String {
    put(ROW, &[("name", text(name)), ("kind", text(kind)), ("description", text(description.as_str().unwrap_or_default()))])
}

fn table(caption: &str, rows: &str) -> String {
    if rows.is_empty() { String::new() } else { put(TABLE, &[("caption", text(caption)), ("rows", Value::Markup(rows))]) }
}

fn put<'a>(template: &'a str, values: &[(&str, Value<'a>)]) -> String {
    fill(template, |hole| values.iter().find(|(name, _)| *name == hole).map(|(_, value)| *value))
}

fn text(text: &str) -> Value<'_> {
    Value::Text(text)
}

fn of<'a>(json: &'a Json, name: &str) -> Value<'a> {
    Value::Text(json[name].as_str().unwrap_or_default())
}

fn elements(json: &Json) -> impl Iterator<Item = &Json> {
    json.as_array().into_iter().flatten()
}

fn members(json: &Json) -> impl Iterator<Item = (&String, &Json)> {
    json.as_object().into_iter().flatten()
}
