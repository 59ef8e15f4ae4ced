//! The parameters of a front-end call: JSON or a form, both read into plain texts.
//!
//! A JSON number is taken by its text and never through a float, and a JSON string counts like a number, since the
//! original accepted both. An unknown key is ignored; a repeated one is refused, known or not: two readers would
//! take two different values.

use std::fmt;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::{self, MapAccess, Visitor};
use serde_json::value::RawValue;
use tokio::time::timeout;

use super::refusal::Refusal;

/// As large as a notification may be; front ends send a hundred bytes.
pub const MAX_BYTES: usize = 64 * 1024;
/// From the head to the end of the body.
const BODY: Duration = Duration::from_millis(3500);

/// Why a body could not be read.
#[derive(Debug, Clone, Copy)]
pub enum UnreadBody {
    TooLarge,
    TooSlow,
    Broken,
    /// It has a `Content-Encoding`. Nothing is ever decompressed here.
    Encoded,
}

/// Reads a body, within limits of size and time.
pub async fn read(request: Request) -> Result<Bytes, UnreadBody> {
    let headers = request.headers();
    if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(UnreadBody::Encoded);
    }
    // Refused by its own word, before a byte of it is read.
    let announced =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()).and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_BYTES as u64) {
        return Err(UnreadBody::TooLarge);
    }
    match timeout(BODY, Limited::new(request.into_body(), MAX_BYTES).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(UnreadBody::TooLarge),
        Ok(Err(_)) => Err(UnreadBody::Broken),
        Err(_) => Err(UnreadBody::TooSlow),
    }
}

/// One value as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Param {
    /// A string, or a form's value.
    Text(String),
    /// The text of a JSON number.
    Number(String),
    /// A JSON value that is neither.
    Other,
}

/// The parameters of a call.
#[derive(Debug, PartialEq, Eq)]
pub struct Params(Vec<(String, Param)>);

impl Params {
    /// A value that may be written as a number or as a string.
    pub fn number_or_text(&self, field: &'static str) -> Result<&str, Refusal> {
        match self.find(field)? {
            Param::Text(text) | Param::Number(text) => Ok(text),
            Param::Other => Err(Refusal::invalid_field(field, "a number or a string is expected")),
        }
    }

    /// A value that must be a string.
    pub fn text(&self, field: &'static str) -> Result<&str, Refusal> {
        match self.find(field)? {
            Param::Text(text) => Ok(text),
            Param::Number(_) | Param::Other => Err(Refusal::invalid_field(field, "a string is expected")),
        }
    }

    fn find(&self, field: &'static str) -> Result<&Param, Refusal> {
        self.0.iter().find(|(name, _)| name == field).map(|(_, value)| value).ok_or_else(|| Refusal::invalid_field(field, "is missing"))
    }

    fn read_json(bytes: &[u8]) -> Result<Self, Refusal> {
        serde_json::from_slice(bytes).map_err(|error| match error.is_data() {
            true => Refusal::invalid("请求内容不是合法的 JSON 对象").detail("a JSON object without repeated keys is expected"),
            false => Refusal::invalid("请求内容不是合法的 JSON"),
        })
    }

    pub fn read_form(bytes: &[u8]) -> Result<Self, Refusal> {
        let mut params = Vec::new();
        for (name, value) in form_urlencoded::parse(bytes) {
            if params.iter().any(|(known, _)| *known == name) {
                return Err(Refusal::invalid("参数重复"));
            }
            params.push((name.into_owned(), Param::Text(value.into_owned())));
        }
        Ok(Self(params))
    }
}

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let form = is_form(request.headers())?;
        let bytes = read(request).await.map_err(|unread| match unread {
            UnreadBody::TooLarge => Refusal::too_large(),
            UnreadBody::TooSlow => Refusal::body_too_slow(),
            UnreadBody::Broken => Refusal::invalid("请求内容不完整"),
            UnreadBody::Encoded => Refusal::unsupported_type(),
        })?;
        if form { Self::read_form(&bytes) } else { Self::read_json(&bytes) }
    }
}

/// Whether the content type is a form's; an error when it is neither that nor JSON.
fn is_form(headers: &HeaderMap) -> Result<bool, Refusal> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(false)
    } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Ok(true)
    } else {
        Err(Refusal::unsupported_type())
    }
}

impl<'de> de::Deserialize<'de> for Params {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Params;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Params, A::Error> {
                let mut params: Vec<(String, Param)> = Vec::new();
                while let Some((name, raw)) = map.next_entry::<String, &RawValue>()? {
                    if params.iter().any(|(known, _)| *known == name) {
                        return Err(de::Error::custom("a repeated key"));
                    }
                    let raw = raw.get();
                    let param = match raw.as_bytes().first() {
                        Some(b'"') => Param::Text(serde_json::from_str(raw).map_err(de::Error::custom)?),
                        Some(b'-' | b'0'..=b'9') => Param::Number(raw.to_owned()),
                        _ => Param::Other,
                    };
                    params.push((name, param));
                }
                Ok(Params(params))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_json_number_is_its_text() {
        let params =
            Params::read_json(br#"{"price": 19.90, "big": 123456789012345678901234567890, "s": "0.29", "odd": [1], "no": null}"#).unwrap();
        assert_eq!(params.number_or_text("price").unwrap(), "19.90");
        assert_eq!(params.number_or_text("big").unwrap(), "123456789012345678901234567890");
        assert_eq!(params.number_or_text("s").unwrap(), "0.29");
        assert!(params.number_or_text("odd").is_err());
        assert!(params.number_or_text("no").is_err());
        assert!(params.text("price").is_err(), "an order_id is never a number");
    }

    #[test]
    fn repeated_keys_and_things_that_are_no_object_are_refused() {
        for bad in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, "[]", "1", "", "null", "{", r#"{"a":1}x"#, r#"{"a":01}"#, "\u{feff}{}"] {
            assert!(Params::read_json(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(Params::read_form(b"a=1&b=2&a=1").is_err());
        assert!(Params::read_json(&[b"{\"a\":\"".as_slice(), &[0xff], b"\"}"].concat()).is_err());
    }

    #[test]
    fn a_form_is_decoded() {
        let params = Params::read_form("order_id=a%7Cb&note=%E5%BE%AE+x".as_bytes()).unwrap();
        assert_eq!(params.text("order_id").unwrap(), "a|b");
        assert_eq!(params.text("note").unwrap(), "微 x");
    }
}
