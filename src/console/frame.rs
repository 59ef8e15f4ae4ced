//! The page around a page: where one can go, who is logged in, the other language.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{Html, Response};

use crate::language::{Text, pair};
use crate::page::{Language, Value, bilingual, ribbon, secured};

use super::visitor::Visitor;
use super::{Console, done, names};

/// Nothing from another host, nothing inline, in no frame, and forms lead nowhere else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The pages, in the order of a morning. The last is an admin's.
static PLACES: [(&str, Text); 8] = [
    ("/", pair("Today", "今天")),
    ("/deals", pair("Orders", "订单")),
    ("/refunds", pair("Refunds", "退款")),
    ("/alarms", pair("Alarms", "告警")),
    ("/webhooks", pair("Webhooks", "回调")),
    ("/bills", pair("Bills", "对账")),
    ("/accounts", pair("Accounts", "账户")),
    (AUDIT, pair("Audit", "审计")),
];
const AUDIT: &str = "/audit";

/// A page of the console: markup in the visitor's language, with a heading of its own.
pub fn page(visitor: &Visitor, console: &Console, title: Text, content: String) -> Response {
    let (language, title) = (visitor.language, title.read(visitor.language));
    let content = bilingual(
        include_str!("html/page.html"),
        language,
        &[
            ("places", Value::Markup(&places(visitor))),
            ("name", Value::Text(&visitor.name)),
            ("role", Value::Text(names::role(Some(visitor.role)).read(language))),
            ("csrf", Value::Markup(&visitor.csrf_field())),
            ("title", Value::Text(title)),
            ("done", Value::Markup(&done::told(visitor))),
            ("content", Value::Markup(&content)),
            ("other", Value::Markup(&other_language(&visitor.path, &visitor.query, language))),
        ],
    );
    whole(language, console.is_simulated, title, &content)
}

/// A page for somebody who is not logged in.
pub fn bare(language: Language, is_simulated: bool, title: &Text, content: &str, path: &str, query: &str) -> Response {
    let other = other_language(path, query, language);
    let content = bilingual(
        include_str!("html/bare.html"),
        language,
        &[("title", Value::Text(title.read(language))), ("content", Value::Markup(content)), ("other", Value::Markup(&other))],
    );
    whole(language, is_simulated, title.read(language), &content)
}

fn whole(language: Language, is_simulated: bool, title: &str, body: &str) -> Response {
    let page = bilingual(
        include_str!("html/whole.html"),
        language,
        &[
            ("lang", Value::Text(language.tag())),
            ("title", Value::Text(title)),
            ("ribbon", Value::Markup(if is_simulated { ribbon(language) } else { "" })),
            ("body", Value::Markup(body)),
        ],
    );
    let mut response = secured(Html(page), HeaderValue::from_static(POLICY));
    for (name, value) in [
        // With no-referrer a browser would say of a form's post that it comes from nowhere.
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=()"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn places(visitor: &Visitor) -> String {
    let shown = PLACES.iter().filter(|(path, _)| visitor.role.is_admin() || *path != AUDIT);
    let link = |(path, name): &(&str, Text)| {
        let below = visitor.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || (rest.starts_with('/') && *path != "/"));
        let current = if below { " aria-current=\"page\"" } else { "" };
        format!("<li><a href=\"{path}\"{current}>{}</a></li>", name.read(visitor.language))
    };
    shown.map(link).collect()
}

/// The link to the same page in the other language.
fn other_language(path: &str, query: &str, language: Language) -> String {
    let other = language.other();
    let (name, word) = match other {
        Language::Chinese => ("中文", "zh"),
        Language::English => ("English", "en"),
    };
    let separator = if query.is_empty() { "" } else { "&" };
    let address = format!("{path}?{query}{separator}lang={word}");
    let values = [("address", Value::Text(&address)), ("name", Value::Text(name)), ("tag", Value::Text(other.tag()))];
    bilingual("<a href=\"{{address}}\" lang=\"{{tag}}\" hreflang=\"{{tag}}\">{{name}}</a>", language, &values)
}
