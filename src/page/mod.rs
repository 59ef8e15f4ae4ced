//! What the pages for people share: two languages, a template, and the headers of a page that trusts nobody.
//!
//! A template holds both languages side by side, `{{中文|English}}`, so that a sentence and its translation are changed
//! together. `{{=name}}` is a value, escaped; `{{!name}}` is HTML that was filled before.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use quick_xml::escape::escape;

/// The look that all pages have in common.
pub const BASE_CSS: &str = include_str!("base.css");

/// Nothing from another host, nothing inline, in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A language that pages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// 中文
    Chinese,
    /// English
    English,
}

impl Language {
    /// `?lang=` decides, then the browser's wish, and Chinese where neither names one of ours.
    pub fn wanted(query: Option<&str>, headers: &HeaderMap) -> Self {
        let asked = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).find(|(name, _)| name == "lang");
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        asked.and_then(|(_, tag)| Self::of_tag(&tag)).or_else(|| accepted.and_then(Self::preferred)).unwrap_or(Self::Chinese)
    }

    /// For the `lang` attribute.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    fn of_tag(tag: &str) -> Option<Self> {
        match tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "zh" => Some(Self::Chinese),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// The one of ours that an `Accept-Language` likes best; the first of equals.
    fn preferred(accepted: &str) -> Option<Self> {
        let wishes = accepted.split(',').filter_map(|wish| {
            let (tag, weight) = wish.split_once(';').unwrap_or((wish, "q=1"));
            let weight: f32 = weight.trim().strip_prefix("q=")?.parse().ok()?;
            Some((Self::of_tag(tag)?, weight))
        });
        wishes
            .filter(|(_, weight)| *weight > 0.0)
            .reduce(|best, next| if next.1 > best.1 { next } else { best })
            .map(|(language, _)| language)
    }
}

/// The template in one language, with its values.
pub fn fill(template: &str, language: Language, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, (hole, after))) = rest.split_once("{{").and_then(|(before, hole)| Some((before, hole.split_once("}}")?))) {
        filled.push_str(before);
        let value = |name: &str| values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        match (hole.split_once('|'), hole.strip_prefix('='), hole.strip_prefix('!')) {
            (_, Some(name), _) => filled.push_str(&escape(value(name))),
            (_, _, Some(name)) => filled.push_str(value(name)),
            (Some((chinese, english)), ..) => filled.push_str(if language == Language::Chinese { chinese } else { english }),
            (None, None, None) => {}
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// A page as a response.
pub fn html(page: String) -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::HeaderName::from_static("x-robots-tag"), "noindex"),
        // What stands in a page depends on it.
        (header::VARY, "accept-language"),
    ];
    (headers, Html(page)).into_response()
}

/// A style sheet or a script as a response. It may be kept, but must be asked after: a new version brings a new one.
pub fn asset(kind: &'static str, text: impl Into<String>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, text.into()).into_response()
}

/// `text/css`
pub const CSS: &str = "text/css; charset=utf-8";
/// `text/javascript`
pub const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(query: &str, accepted: &str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, accepted.parse().unwrap());
        Language::wanted(Some(query), &headers)
    }

    #[test]
    fn the_link_decides_then_the_browser_then_chinese() {
        for (query, accepted, language) in [
            ("", "", Language::Chinese),
            ("", "fr", Language::Chinese),
            ("", "en", Language::English),
            ("", "en-GB,en;q=0.9", Language::English),
            ("", "fr, en;q=0.5, zh;q=0.8", Language::Chinese),
            ("", "zh;q=0, en;q=0.1", Language::English),
            ("", "en;q=x", Language::Chinese),
            ("lang=en", "zh-CN", Language::English),
            ("lang=zh-TW", "en", Language::Chinese),
            ("lang=xx", "en", Language::English),
        ] {
            assert_eq!(wanted(query, accepted), language, "{query} {accepted}");
        }
        assert_eq!(Language::wanted(None, &HeaderMap::new()), Language::Chinese);
    }

    #[test]
    fn values_are_escaped_and_languages_stay_apart() {
        let template = "<p title=\"{{=who}}\">{{你好|Hello}}, {{=who}}{{!mark}}</p>{{=nobody}} }} {{";
        let values = [("who", "<\"&'>"), ("mark", "<b>!</b>")];
        let escaped = "&lt;&quot;&amp;&apos;&gt;";
        assert_eq!(fill(template, Language::English, &values), format!("<p title=\"{escaped}\">Hello, {escaped}<b>!</b></p> }}}} {{{{"));
        assert!(fill(template, Language::Chinese, &values).contains("你好, "));
    }
}
