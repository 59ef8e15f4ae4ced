//! A page that says one thing: why something is not shown, or that it is over.

use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};

use crate::page::{self, Language, Value};

/// For pages without any script. Where their forms lead is left open, since payers are led on to other sites.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'";

/// A page of this browser.
pub fn html(page: String) -> Response {
    page::secured(Html(page), HeaderValue::from_static(POLICY))
}

/// What WeChat writes, with its code for it where there is one.
pub fn notice(language: Language, text: &str, code: &str) -> Response {
    let code = if code.is_empty() { String::new() } else { format!("{}{code}", pair(language, "错误码：", "Code: ")) };
    let values = [
        ("lang", Value::Text(language.tag())),
        ("ribbon", Value::Markup(page::ribbon(language))),
        ("text", Value::Text(text)),
        ("code", Value::Text(&code)),
    ];
    html(page::bilingual(include_str!("notice.html"), language, &values))
}

/// The same of a request that the simulator itself refuses.
pub fn refusal(language: Language, text: &str) -> Response {
    (StatusCode::BAD_REQUEST, notice(language, text, "")).into_response()
}

/// One of a sentence and its translation.
pub fn pair<'a>(language: Language, chinese: &'a str, english: &'a str) -> &'a str {
    match language {
        Language::Chinese => chinese,
        Language::English => english,
    }
}
