//! Which deals a caller wants to see, and in which form.

use std::borrow::Cow;

use crate::deal::{
    Contradiction, DealStatus, InvalidAccountId, InvalidOrderId, InvalidPlace, ListedBy, Listing, Place, Reach, range_from, range_to,
};
use crate::http::body::Params;
use crate::http::query::Query;
use crate::http::refusal::Refusal;
use crate::told::status_of;

/// All that may be asked.
const KNOWN: [&str; 11] =
    ["from", "to", "by", "status", "merchant_id", "account", "transaction_id", "order_id", "limit", "after", "format"];
const LIMIT: u32 = 100;
const LARGEST_LIMIT: u32 = 500;

/// In which form.
pub enum Form {
    /// So many, behind a place.
    Page { after: Option<Place>, limit: u32 },
    /// All of them.
    Csv,
}

/// What is asked for, for a key with this reach.
pub fn wish(query: Query, reach: Reach) -> Result<(Listing, Form), Refusal> {
    let params = query.of(&KNOWN)?;
    let listing = Listing {
        by: read(&params, "by", by)?.unwrap_or_default(),
        from: read(&params, "from", |text| range_from(&with_plus(text)).map_err(|error| error.to_string()))?,
        until: read(&params, "to", |text| range_to(&with_plus(text)).map_err(|error| error.to_string()))?,
        status: read(&params, "status", status)?,
        merchant_id: read(&params, "merchant_id", seller)?,
        account: read(&params, "account", |text| text.parse().map_err(|error: InvalidAccountId| error.to_string()))?,
        transaction_id: read(&params, "transaction_id", transaction_id)?,
        order_id: read(&params, "order_id", |text| text.parse().map_err(|error: InvalidOrderId| error.to_string()))?,
        reach,
        ..Listing::default()
    };
    match listing.contradiction() {
        Some(error @ Contradiction::Range) => Err(Refusal::invalid_field("from", error.to_string())),
        Some(error @ Contradiction::Status) => Err(Refusal::invalid_field("status", error.to_string())),
        None => Ok((listing, form(&params)?)),
    }
}

/// A value that may be left out, read by what it must be.
fn read<T>(params: &Params, field: &'static str, read: impl FnOnce(&str) -> Result<T, String>) -> Result<Option<T>, Refusal> {
    let text = params.text_if_sent(field)?;
    text.map(|text| read(text).map_err(|error| Refusal::invalid_field(field, error))).transpose()
}

/// A time as its caller wrote it: the `+` of its zone is a blank in a query, unless it is written %2B.
fn with_plus(text: &str) -> Cow<'_, str> {
    match text.rsplit_once(' ') {
        Some((time, zone)) if zone.len() == "08:00".len() => format!("{time}+{zone}").into(),
        _ => text.into(),
    }
}

fn by(text: &str) -> Result<ListedBy, String> {
    match text {
        "created" => Ok(ListedBy::Created),
        "paid" => Ok(ListedBy::Paid),
        _ => Err("created or paid is expected".to_owned()),
    }
}

fn status(text: &str) -> Result<DealStatus, String> {
    status_of(text).ok_or_else(|| "UNPAID, PAID or EXPIRED is expected".to_owned())
}

fn seller(text: &str) -> Result<i64, String> {
    let is_plain = (1..=10).contains(&text.len()) && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    let seller = text.parse().ok().filter(|seller| is_plain && *seller <= i64::from(i32::MAX));
    seller.ok_or_else(|| "a whole number from 1 to 2147483647 is expected".to_owned())
}

fn transaction_id(text: &str) -> Result<String, String> {
    let is_one = (1..=45).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    is_one.then(|| text.to_owned()).ok_or_else(|| "1 to 45 printable ASCII characters are expected".to_owned())
}

fn form(params: &Params) -> Result<Form, Refusal> {
    // An empty one is the beginning.
    let after = match params.text_if_sent("after")? {
        None | Some("") => None,
        Some(_) => read(params, "after", |text| text.parse().map_err(|error: InvalidPlace| error.to_string()))?,
    };
    let limit = read(params, "limit", limit)?;
    match params.text_if_sent("format")? {
        None | Some("json") => Ok(Form::Page { after, limit: limit.unwrap_or(LIMIT) }),
        Some("csv") if after.is_some() => Err(Refusal::invalid_field("after", "a CSV has all of them, and no pages")),
        Some("csv") if limit.is_some() => Err(Refusal::invalid_field("limit", "a CSV has all of them, and no limit")),
        Some("csv") => Ok(Form::Csv),
        Some(_) => Err(Refusal::invalid_field("format", "json or csv is expected")),
    }
}

fn limit(text: &str) -> Result<u32, String> {
    let is_plain = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let limit = text.parse().ok().filter(|limit| is_plain && (1..=LARGEST_LIMIT).contains(limit));
    limit.ok_or_else(|| format!("a whole number from 1 to {LARGEST_LIMIT} is expected"))
}
