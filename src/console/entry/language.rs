//! In which language the console speaks: what is chosen now, what was chosen before, what the browser asks for, Chinese.

use axum::http::{HeaderMap, Uri};

use crate::page::Language;

use super::cookie::{self, cookie};

/// Seconds that a choice is kept: a year.
const KEPT: u32 = 31_536_000;

/// What this request asks for, and whether it has chosen that just now.
pub fn language(uri: &Uri, headers: &HeaderMap) -> (Language, bool) {
    if let Some(chosen) = Language::chosen(uri) {
        return (chosen, true);
    }
    let kept = cookie(headers, cookie::LANGUAGE).and_then(Language::named);
    (kept.unwrap_or_else(|| Language::of(uri, headers)), false)
}

/// Has the browser keep a choice.
pub fn keep(language: Language, headers: &mut HeaderMap) {
    cookie::set(headers, cookie::LANGUAGE, language.tag(), KEPT);
}
