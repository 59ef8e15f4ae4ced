//! `GET /docs`: the OpenAPI document as a page, in Chinese and English, with an example of each call. Rendered here, so that it
//! needs no script and no viewer from another host.

mod kind;

use std::sync::{Arc, LazyLock};

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::response::{Html, Response};
use serde_json::Value as Json;

use crate::page::{self, Language, Value, bilingual};

use crate::http::App;

use super::chinese::chinese;
use super::{DOCUMENT, curl};
use kind::kind;

/// With the look that all pages have in common ([`crate::page::BASE_CSS`]).
const STYLE: &str = concat!(include_str!("../../page/base.css"), include_str!("docs.css"));

const LINK: &str = "<li><a href=\"#{{id}}\"><code>{{method}} {{path}}</code></a> {{summary}}</li>";
const LINKS: &str = "<li><b>{{name}}</b><ul>{{links}}</ul></li>";
const CHAPTER: &str = "<h2>{{name}}</h2><p class=\"muted\">{{description}}</p>{{calls}}";
const CALL: &str = "<section class=\"card\" id=\"{{id}}\"><h3><code><span class=\"method\">{{method}}</span> {{path}}</code></h3>\
                    <p><b>{{summary}}{{。|.}}</b>{{| }}{{description}}</p>{{example}}{{parameters}}{{answers}}</section>";
const EXAMPLE: &str = "<pre class=\"asked\"><code>{{asked}}</code></pre><pre class=\"answered\"><code>{{answered}}</code></pre>";
const OTHER_ANSWER: &str = "<details><summary>{{name}}</summary><pre><code>{{json}}</code></pre></details>";
const SCHEMA: &str = "<section class=\"card\" id=\"{{name}}\"><h3>{{name}}</h3><p>{{description}}</p>{{fields}}</section>";
const TABLE: &str = "<table><caption>{{caption}}</caption><tbody>{{rows}}</tbody></table>";
const ROW: &str = "<tr><th scope=\"row\"><code>{{name}}</code></th><td>{{kind}}</td><td>{{description}}</td></tr>";

pub async fn docs(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Response {
    static CHINESE: LazyLock<String> = LazyLock::new(|| Docs { document: &DOCUMENT, language: Language::Chinese }.page());
    static ENGLISH: LazyLock<String> = LazyLock::new(|| Docs { document: &DOCUMENT, language: Language::English }.page());
    static POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
        let style = page::source_hash(STYLE);
        let policy =
            format!("default-src 'none'; style-src {style}; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
        HeaderValue::from_str(&policy).ok()
    });
    let language = Language::of(&uri, &headers);
    let page = match language {
        Language::Chinese => CHINESE.as_str(),
        Language::English => ENGLISH.as_str(),
    };
    let page = match app.is_demonstration() {
        true => page.replacen("<main>", &format!("{}\n<main>", page::ribbon(language)), 1),
        false => page.to_owned(),
    };
    page::secured(Html(page), POLICY.clone().unwrap_or(HeaderValue::from_static("default-src 'none'")))
}

/// The document for readers of one language.
struct Docs<'d> {
    document: &'d Json,
    language: Language,
}

impl<'d> Docs<'d> {
    fn page(&self) -> String {
        let chapters = elements(&self.document["tags"]).map(|tag| self.chapter(tag));
        let (contents, chapters): (Vec<_>, Vec<_>) = chapters.unzip();
        let (contents, chapters) = (contents.concat(), chapters.concat());
        let components = &self.document["components"];
        let schemas: String = members(&components["schemas"]).map(|(name, schema)| self.schema(name, schema)).collect();
        let info = &self.document["info"];
        self.put(
            include_str!("docs.html"),
            &[
                ("style", Value::Markup(STYLE)),
                ("lang", text(self.language.tag())),
                ("other_lang", text(self.language.other().tag())),
                ("title", text(info["title"].as_str().unwrap_or_default())),
                ("version", text(info["version"].as_str().unwrap_or_default())),
                ("about", self.said(info, "description")),
                ("key", self.said(&components["securitySchemes"]["key"], "description")),
                ("contents", Value::Markup(&contents)),
                ("chapters", Value::Markup(&chapters)),
                ("schemas", Value::Markup(&schemas)),
            ],
        )
    }

    /// The links to a chapter's calls, and the chapter.
    fn chapter(&self, tag: &'d Json) -> (String, String) {
        let (mut links, mut calls) = (String::new(), String::new());
        for (path, operations) in members(&self.document["paths"]).chain(members(&self.document["webhooks"])) {
            for (method, operation) in members(operations).filter(|(_, operation)| operation["tags"][0] == tag["name"]) {
                let method = method.to_uppercase();
                let (example, parameters, answers) = (self.example(path, operation), self.parameters(operation), self.answers(operation));
                let values = [
                    ("id", text(operation["operationId"].as_str().unwrap_or_default())),
                    ("method", text(&method)),
                    ("path", text(path)),
                    ("summary", self.said(operation, "summary")),
                    ("description", self.said(operation, "description")),
                    ("example", Value::Markup(&example)),
                    ("parameters", Value::Markup(&parameters)),
                    ("answers", Value::Markup(&answers)),
                ];
                links += &self.put(LINK, &values);
                calls += &self.put(CALL, &values);
            }
        }
        let name = self.said(tag, "name");
        let chapter = [("name", name), ("description", self.said(tag, "description")), ("calls", Value::Markup(&calls))];
        (self.put(LINKS, &[("name", name), ("links", Value::Markup(&links))]), self.put(CHAPTER, &chapter))
    }

    /// The call as a command, what is answered, and what else may be.
    fn example(&self, path: &str, operation: &Json) -> String {
        let (asked, answered) = (curl::command(path, operation), curl::answer(operation).unwrap_or_default());
        let others =
            curl::other_answers(operation).map(|(name, json)| self.put(OTHER_ANSWER, &[("name", text(name)), ("json", text(&json))]));
        self.put(EXAMPLE, &[("asked", text(&asked)), ("answered", text(&answered))]) + &others.collect::<String>()
    }

    fn parameters(&self, operation: &Json) -> String {
        let rows: String = elements(&operation["parameters"])
            .map(|parameter| {
                let place = parameter["in"].as_str().unwrap_or_default();
                let kind = format!("{place}{}{}", self.word("，", ", "), kind(&parameter["schema"], self.language));
                self.row(parameter["name"].as_str().unwrap_or_default(), &kind, parameter)
            })
            .collect();
        let bodies = operation["requestBody"]["content"].as_object();
        let types = bodies.map(|bodies| bodies.keys().map(String::as_str).collect::<Vec<_>>().join(self.word(" 或 ", " or ")));
        let body = bodies
            .and_then(|bodies| bodies.values().next())
            .map_or(String::new(), |body| self.fields(types.as_deref().unwrap_or_default(), &body["schema"]));
        self.table(self.word("参数", "Parameters"), &rows) + &body
    }

    fn answers(&self, operation: &Json) -> String {
        let rows: String = members(&operation["responses"])
            .map(|(status, response)| {
                let place = response["$ref"].as_str().and_then(|place| self.document.pointer(place.trim_start_matches('#')));
                let response = place.unwrap_or(response);
                let kinds: Vec<_> = members(&response["content"])
                    .map(|(content_type, content)| format!("{content_type}: {}", kind(&content["schema"], self.language)))
                    .collect();
                self.row(status, &kinds.join("; "), response)
            })
            .collect();
        self.table(self.word("应答", "Answers"), &rows)
    }

    fn schema(&self, name: &str, schema: &Json) -> String {
        let fields = self.fields("", schema);
        self.put(SCHEMA, &[("name", text(name)), ("description", self.said(schema, "description")), ("fields", Value::Markup(&fields))])
    }

    /// A row for each field of an object.
    fn fields(&self, caption: &str, schema: &Json) -> String {
        let required = |name: &str| elements(&schema["required"]).any(|required| required == name);
        let rows: String = members(&schema["properties"])
            .map(|(name, field)| {
                let optional = if required(name) { "" } else { self.word("可选，", "optional, ") };
                self.row(name, &format!("{optional}{}", kind(field, self.language)), field)
            })
            .collect();
        if rows.is_empty() && caption.is_empty() {
            self.put("<p><code>{{kind}}</code></p>", &[("kind", text(&kind(schema, self.language)))])
        } else {
            self.table(caption, &rows)
        }
    }

    fn row(&self, name: &str, kind: &str, described: &Json) -> String {
        self.put(ROW, &[("name", text(name)), ("kind", text(kind)), ("description", self.said(described, "description"))])
    }

    fn table(&self, caption: &str, rows: &str) -> String {
        if rows.is_empty() { String::new() } else { self.put(TABLE, &[("caption", text(caption)), ("rows", Value::Markup(rows))]) }
    }

    /// A sentence of the document in the reader's language.
    fn said<'a>(&self, described: &'a Json, name: &str) -> Value<'a> {
        let sentence = described[name].as_str().unwrap_or_default();
        Value::Text(match self.language {
            Language::Chinese => chinese(sentence),
            Language::English => sentence,
        })
    }

    fn word(&self, chinese: &'static str, english: &'static str) -> &'static str {
        if self.language == Language::Chinese { chinese } else { english }
    }

    fn put<'a>(&self, template: &'a str, values: &[(&str, Value<'a>)]) -> String {
        bilingual(template, self.language, values)
    }
}

fn text(text: &str) -> Value<'_> {
    Value::Text(text)
}

fn elements(json: &Json) -> impl Iterator<Item = &Json> {
    json.as_array().into_iter().flatten()
}

fn members(json: &Json) -> impl Iterator<Item = (&String, &Json)> {
    json.as_object().into_iter().flatten()
}
