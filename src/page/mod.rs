//! What the pages for people share: two languages, a template, and headers that let it load nothing foreign.
//!
//! A template may hold both languages side by side, `{{中文|English}}`, so that a sentence and its translation are
//! changed together.

mod csv;
mod language;
mod template;

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use sha2::{Digest, Sha256};

pub use crate::language::Language;
pub use csv::csv;
pub use template::{Value, fill};

/// The look that all pages have in common.
pub const BASE_CSS: &str = include_str!("base.css");

/// Nothing from another host, nothing inline, in no frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The template in one language. What is not a pair of sentences is the name of a value.
pub fn bilingual<'a>(template: &'a str, language: Language, values: &[(&str, Value<'a>)]) -> String {
    fill(template, |hole| match (hole.split_once('|'), language) {
        (Some((chinese, _)), Language::Chinese) => Some(Value::Text(chinese)),
        (Some((_, english)), Language::English) => Some(Value::Text(english)),
        (None, _) => values.iter().find(|(name, _)| *name == hole).map(|(_, value)| *value),
    })
}

/// The ribbon of a page behind which the simulator is WeChat: markup that stands first in the body. Its look is in [`BASE_CSS`].
pub fn ribbon(language: Language) -> &'static str {
    match language {
        Language::Chinese => "<aside class=\"ribbon\">模拟环境，不会扣款</aside>",
        Language::English => "<aside class=\"ribbon\">Simulation: no money moves</aside>",
    }
}

/// The same, of a page in both languages at once.
pub const RIBBON_IN_BOTH: &str = "<aside class=\"ribbon\">模拟环境，不会扣款 <span lang=\"en\">Simulation: no money moves</span></aside>";

/// A page whose style and script are files of its own.
pub fn html(page: String) -> Response {
    secured(Html(page), HeaderValue::from_static(POLICY))
}

/// How a policy names a style or script that stands in the page itself.
pub fn source_hash(text: &str) -> String {
    format!("'sha256-{}'", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text)))
}

/// The page is not kept, not framed, and does not tell from where its reader came; and it runs and loads what the policy allows.
pub fn secured(page: impl IntoResponse, policy: HeaderValue) -> Response {
    let mut response = page.into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// A page whose links tell where they lead from which site their reader comes, but not from which page.
pub fn telling_origin(mut page: Response) -> Response {
    page.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("origin"));
    page
}

/// A style sheet, a script or a description as a response. It may be kept, but must be asked after: a new version brings a new one.
pub fn asset(kind: &'static str, text: impl IntoResponse) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, text).into_response()
}

/// `text/css`
pub const CSS: &str = "text/css; charset=utf-8";
/// `text/javascript`
pub const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_stay_apart_and_values_are_escaped() {
        let template = "<p title=\"{{name}}\">{{你好|Hello}}, {{name}}{{mark}}</p>{{none}}";
        let values = [("name", Value::Text("<|>")), ("mark", Value::Markup("<b>!</b>"))];
        assert_eq!(bilingual(template, Language::English, &values), "<p title=\"&lt;|&gt;\">Hello, &lt;|&gt;<b>!</b></p>");
        assert!(bilingual(template, Language::Chinese, &values).contains(">你好, "));
    }
}
