//! Amounts, times and numbers as they stand in cells. `None`: it is none.

use crate::deal::{BeijingTime, Timestamp};

/// A decimal number as a whole number of its smallest unit, exactly: `1.5` with two decimals is 150. Zeros behind the last decimal are
/// nothing, for sums are printed with any number of them (`45.0`).
pub(super) fn decimal(text: &str, decimals: usize) -> Option<i64> {
    let (is_negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').map_or((digits, "0"), |(whole, fraction)| (whole, fraction));
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    // With thirteen digits and five decimals behind them no number is too large.
    if !are_digits(whole) || !are_digits(fraction) || whole.len() > 13 {
        return None;
    }
    let (kept, rest) = fraction.split_at_checked(decimals).unwrap_or((fraction, ""));
    if rest.bytes().any(|b| b != b'0') {
        return None;
    }
    let padded = whole.bytes().chain(kept.bytes()).chain(std::iter::repeat_n(b'0', decimals - kept.len()));
    let number = padded.fold(0i64, |number, digit| number * 10 + i64::from(digit - b'0'));
    Some(if is_negative { -number } else { number })
}

/// An amount in yuan, as fen; 0 and more.
pub(super) fn fen(text: &str) -> Option<i64> {
    signed_fen(text).filter(|fen| *fen >= 0)
}

/// The same of an amount that may be below 0.
pub(super) fn signed_fen(text: &str) -> Option<i64> {
    decimal(text, 2)
}

/// A fee in yuan, as 1/100000 yuan; it is below 0 where it is given back.
pub(super) fn fee(text: &str) -> Option<i64> {
    decimal(text, 5)
}

/// `yyyy-MM-dd HH:mm:ss`, Beijing time, with exactly one blank.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let is_mark = |at: usize| matches!(at, 4 | 7 | 10 | 13 | 16);
    let marks: String = text.char_indices().filter(|(at, _)| is_mark(*at)).map(|(_, c)| c).collect();
    let digits: String = text.char_indices().filter(|(at, _)| !is_mark(*at)).map(|(_, c)| c).collect();
    (marks == "-- ::").then(|| BeijingTime::from_compact(&digits)).flatten().map(BeijingTime::timestamp)
}

/// The same of a time that may be missing.
pub(super) fn time_or_none(text: &str) -> Option<Option<Timestamp>> {
    if text.is_empty() { Some(None) } else { time(text).map(Some) }
}

/// A number or word of WeChat's or a merchant's, 1 to 128 characters of ASCII without blanks.
pub(super) fn word(text: &str) -> Option<String> {
    ((1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())).then(|| text.to_owned())
}

/// A number of WeChat's own: letters and digits. What a spreadsheet has made of one (`4.2E+27`) is none.
pub(super) fn number(text: &str) -> Option<String> {
    word(text).filter(|word| word.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// The same of what there may be none of, which is printed as `0` or not at all.
pub(super) fn or_none(read: impl Fn(&str) -> Option<String>) -> impl Fn(&str) -> Option<Option<String>> {
    move |text| if matches!(text, "" | "0") { Some(None) } else { read(text).map(Some) }
}
