//! What `check-config` shows: a table of every key with its value and where it comes from. Secrets are not in it.

use std::fmt::{Display, Write};

use reqwest::Url;

use crate::language::{Language, columns, padded};

use super::checks::list;
use super::duration;
use super::origin::Origin;
use super::words;

/// A value, as far as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// As it is written.
    Plain(String),
    /// It is set, and is or may hold a secret.
    Hidden,
}

/// A value that holds no secret.
pub fn plain(value: impl Display) -> Shown {
    Shown::Plain(value.to_string())
}

/// A value that is a secret, if it is set.
pub fn secret(value: &str) -> Shown {
    if value.is_empty() { plain("") } else { Shown::Hidden }
}

/// A URL, unless a user or a password stands in it, or it is none and may be a secret in the wrong place.
pub fn url(value: &str) -> Shown {
    match Url::parse(value) {
        Ok(url) if url.username().is_empty() && url.password().is_none() => plain(value),
        _ => secret(value),
    }
}

/// A duration as it is written; a plain number of seconds with its unit.
pub fn time(value: &str) -> Shown {
    plain(written(value))
}

/// Several durations.
pub fn times(value: &str) -> Shown {
    plain(list(value).map(written).collect::<Vec<_>>().join(","))
}

fn written(value: &str) -> String {
    value.trim().parse().map_or_else(|_| value.to_owned(), duration::written)
}

/// A key of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// `section.key`.
    pub key: String,
    /// Its value.
    pub value: Shown,
    /// Where it comes from.
    pub origin: Origin,
}

/// Values beyond this width are shown whole, and move what stands behind them.
const WIDEST: usize = 40;

/// One row a key.
pub fn tell(rows: &[Row], language: Language) -> String {
    let headings = [&words::KEY, &words::VALUE, &words::ORIGIN].map(|heading| heading.read(language).to_owned());
    let cells = rows.iter().map(|row| {
        let value = match &row.value {
            Shown::Plain(text) if text.is_empty() => "-".to_owned(),
            Shown::Plain(text) => text.clone(),
            Shown::Hidden => words::HIDDEN.read(language).to_owned(),
        };
        [row.key.clone(), value, words::origin(&row.origin).read(language).to_owned()]
    });
    let lines: Vec<_> = [headings].into_iter().chain(cells).collect();
    let width = |column: usize| lines.iter().map(|line| columns(&line[column])).filter(|width| *width <= WIDEST).max().unwrap_or(0);
    let widths = [width(0), width(1)];
    let mut text = String::new();
    for [key, value, origin] in &lines {
        let _ = writeln!(text, "{}  {}  {origin}", padded(key, widths[0]), padded(value, widths[1]));
    }
    text
}
