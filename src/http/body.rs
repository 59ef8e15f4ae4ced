//! Request body parsing for front-end calls: JSON or a form in either of its two encodings, all read into plain texts.
//!
//! A JSON number is taken by its text and never through a float, and a JSON string counts like a number, since the
//! original accepted both. An unknown key is ignored, unless the call refuses it; a repeated one is refused, known or not: two
//! readers would take two different values. So they are compared with one another, and there may not be many.

use std::fmt;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt;
use percent_encoding::percent_decode;
use serde::de::{self, MapAccess, Visitor};
use serde_json::value::RawValue;
use tokio::time::timeout;

use super::multipart::{self, NoForm};
use super::refusal::Refusal;

/// Bytes. As large as a notification may be; front ends send a hundred.
pub const MAX_BYTES: usize = 64 * 1024;
/// From the head to the end of the body.
const BODY: Duration = Duration::from_millis(3500);
/// So many come even of a body that trickles in. Each costs as much as a hundred bytes, whatever is in it.
const MAX_PIECES: usize = 512;
/// Front ends send a handful.
const MAX_PARAMS: usize = 32;
/// Some editors and libraries put it before every text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

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
    timeout(BODY, collect(request.into_body())).await.unwrap_or(Err(UnreadBody::TooSlow))
}

async fn collect(mut body: Body) -> Result<Bytes, UnreadBody> {
    let mut bytes = Vec::new();
    let mut pieces = 0;
    while let Some(frame) = body.frame().await {
        pieces += 1;
        if pieces > MAX_PIECES {
            return Err(UnreadBody::Broken);
        }
        let Ok(data) = frame.map_err(|_| UnreadBody::Broken)?.into_data() else { continue };
        if bytes.len() + data.len() > MAX_BYTES {
            return Err(UnreadBody::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.into())
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
    /// A form's value that is not UTF-8. A caller hears of it only where the value means something.
    NotUtf8,
}

/// The parameters of a call.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, Param)>);

impl Params {
    /// A value that may be written as a number or as a string.
    pub fn number_or_text(&self, field: &'static str) -> Result<&str, Refusal> {
        match self.find(field)? {
            Param::Text(text) | Param::Number(text) => Ok(text),
            Param::Other => Err(Refusal::invalid_field(field, "a number or a string is expected")),
            Param::NotUtf8 => Err(not_utf8(field)),
        }
    }

    /// A value that must be a string.
    pub fn text(&self, field: &'static str) -> Result<&str, Refusal> {
        match self.find(field)? {
            Param::Text(text) => Ok(text),
            Param::Number(_) | Param::Other => Err(Refusal::invalid_field(field, "a string is expected")),
            Param::NotUtf8 => Err(not_utf8(field)),
        }
    }

    /// The same of a value that may be left out. An empty one is not left out.
    pub fn text_if_sent(&self, field: &'static str) -> Result<Option<&str>, Refusal> {
        let is_sent = self.names().any(|name| name == field);
        is_sent.then(|| self.text(field)).transpose()
    }

    /// As [`Params::number_or_text`], of a value that may be left out. An empty one is not left out.
    pub fn number_or_text_if_sent(&self, field: &'static str) -> Result<Option<&str>, Refusal> {
        let is_sent = self.names().any(|name| name == field);
        is_sent.then(|| self.number_or_text(field)).transpose()
    }

    /// Refuses parameters that are none of these, for calls in which a mistaken name would do harm.
    pub fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        match self.names().find(|name| !known.contains(name)) {
            Some(name) => Err(Refusal::invalid_field(name, format!("is no parameter of this call: it takes {}", known.join(", ")))),
            None => Ok(()),
        }
    }

    /// What was sent, in its order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    fn find(&self, field: &'static str) -> Result<&Param, Refusal> {
        self.0.iter().find(|(name, _)| name == field).map(|(_, value)| value).ok_or_else(|| Refusal::invalid_field(field, "is missing"))
    }

    fn add(&mut self, name: String, value: Param) -> Result<(), Refusal> {
        if self.0.len() == MAX_PARAMS {
            return Err(Refusal::invalid("参数过多").detail(format!("at most {MAX_PARAMS} parameters are read")));
        }
        if self.0.iter().any(|(known, _)| *known == name) {
            return Err(Refusal::invalid("参数重复"));
        }
        self.0.push((name, value));
        Ok(())
    }

    fn read_json(bytes: &[u8]) -> Result<Self, Refusal> {
        serde_json::from_slice(bytes).map_err(|error| match error.is_data() {
            true => Refusal::invalid("请求内容不是合法的 JSON 对象")
                .detail(format!("a JSON object of at most {MAX_PARAMS} parameters, none of them repeated, is expected")),
            false => Refusal::invalid("请求内容不是合法的 JSON"),
        })
    }

    pub fn read_form(bytes: &[u8]) -> Result<Self, Refusal> {
        let mut params = Self::default();
        for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_at(pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len()));
            let value = String::from_utf8(decoded(value.strip_prefix(b"=").unwrap_or_default()));
            // A name of another encoding is none that is known.
            let name = String::from_utf8_lossy(&decoded(name)).into_owned();
            params.add(name, value.map_or(Param::NotUtf8, Param::Text))?;
        }
        Ok(params)
    }

    fn read_multipart(bytes: &[u8], boundary: &str) -> Result<Self, Refusal> {
        let mut params = Self::default();
        for part in multipart::parts(bytes, boundary) {
            let (name, text) = part.map_err(|why| match why {
                NoForm::Malformed => Refusal::invalid("请求内容不是合法的表单"),
                NoForm::NoText => {
                    Refusal::invalid("表单中只能有文本").detail("every part of the form must be text, in UTF-8 and without a file name")
                }
            })?;
            params.add(name.to_owned(), Param::Text(text.to_owned()))?;
        }
        Ok(params)
    }
}

/// The bytes of a form's name or value. (`form_urlencoded` makes texts of them, whatever their encoding was.)
fn decoded(written: &[u8]) -> Vec<u8> {
    let spaced: Vec<_> = written.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).collect()
}

fn not_utf8(field: &'static str) -> Refusal {
    Refusal::invalid_field(field, "the form must be in UTF-8")
}

/// How the parameters are written, by the content type.
#[derive(Debug, PartialEq, Eq)]
enum Encoding {
    Json,
    Form,
    Multipart { boundary: String },
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "application/json" => Ok(Self::Json),
            "application/x-www-form-urlencoded" => Ok(Self::Form),
            "multipart/form-data" => {
                let boundary = multipart::boundary(content_type);
                boundary
                    .map(|boundary| Self::Multipart { boundary })
                    .ok_or_else(|| Refusal::invalid("请求内容不是合法的表单").detail("the content type names no boundary"))
            }
            _ => Err(Refusal::unsupported_type()),
        }
    }

    fn read(&self, bytes: &[u8]) -> Result<Params, Refusal> {
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        let is_json = matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['));
        match self {
            Self::Json => Params::read_json(bytes),
            // Read as a form it would have one odd parameter, and be told that all others are missing.
            Self::Form | Self::Multipart { .. } if is_json => {
                Err(Refusal::invalid("请求内容是 JSON，但内容类型是表单")
                    .detail("the body is JSON: its content type must be application/json"))
            }
            Self::Form => Params::read_form(bytes),
            Self::Multipart { boundary } => Params::read_multipart(bytes, boundary),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let encoding = Encoding::of(request.headers())?;
        let bytes = read(request).await.map_err(|unread| match unread {
            UnreadBody::TooLarge => Refusal::too_large(),
            UnreadBody::TooSlow => Refusal::body_too_slow(),
            UnreadBody::Broken => Refusal::invalid("请求内容不完整"),
            UnreadBody::Encoded => Refusal::unsupported_type(),
        })?;
        encoding.read(&bytes)
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
                let mut params = Params::default();
                while let Some((name, raw)) = map.next_entry::<String, &RawValue>()? {
                    let raw = raw.get();
                    let param = match raw.as_bytes().first() {
                        Some(b'"') => Param::Text(serde_json::from_str(raw).map_err(de::Error::custom)?),
                        Some(b'-' | b'0'..=b'9') => Param::Number(raw.to_owned()),
                        _ => Param::Other,
                    };
                    params.add(name, param).map_err(|_| de::Error::custom("repeated, or one too many"))?;
                }
                Ok(params)
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
        for bad in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, "[]", "1", "", "null", "{", r#"{"a":1}x"#, r#"{"a":01}"#] {
            assert!(Params::read_json(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(Params::read_form(b"a=1&b=2&a=1").is_err());
        assert!(Params::read_json(&[b"{\"a\":\"".as_slice(), &[0xff], b"\"}"].concat()).is_err());
    }

    #[test]
    fn a_byte_order_mark_is_taken_off_once() {
        let read = |body: &str| Encoding::Json.read(body.as_bytes());
        assert_eq!(read("\u{feff}{\"a\":1}").unwrap().number_or_text("a").unwrap(), "1");
        assert!(read("\u{feff}\u{feff}{}").is_err());
        assert!(Encoding::Form.read("\u{feff}a=1".as_bytes()).unwrap().text("a").is_ok());
    }

    #[test]
    fn more_than_32_parameters_are_refused_however_they_are_written() {
        let names = |count: usize| (0..count).map(|number| format!("p{number}")).collect::<Vec<_>>();
        let json = |count| format!("{{{}}}", names(count).iter().map(|name| format!("\"{name}\":1")).collect::<Vec<_>>().join(","));
        let form = |count| names(count).join("=1&");
        let multipart = |count| {
            let parts = names(count)
                .iter()
                .map(|name| format!("--x\r\nContent-Disposition: form-data; name={name}\r\n\r\n1\r\n"))
                .collect::<String>();
            parts + "--x--"
        };
        let boundary = || "x".to_owned();
        for (encoding, within, beyond) in [
            (Encoding::Json, json(32), json(33)),
            (Encoding::Form, form(32), form(33)),
            (Encoding::Multipart { boundary: boundary() }, multipart(32), multipart(33)),
        ] {
            assert_eq!(encoding.read(within.as_bytes()).unwrap().0.len(), 32, "{encoding:?}");
            assert!(encoding.read(beyond.as_bytes()).is_err(), "{encoding:?}");
        }
    }

    #[test]
    fn a_form_is_decoded() {
        let params = Params::read_form("order_id=a%7Cb&note=%E5%BE%AE+x".as_bytes()).unwrap();
        assert_eq!(params.text("order_id").unwrap(), "a|b");
        assert_eq!(params.text("note").unwrap(), "微 x");
        let params = Params::read_form(b"&a=1=2&&empty=&bare&%=%zz%4&").unwrap();
        let texts = ["a", "empty", "bare", "%"].map(|name| params.text(name).unwrap());
        assert_eq!(texts, ["1=2", "", "", "%zz%4"]);
    }

    #[test]
    fn a_form_s_value_that_is_not_utf_8_is_no_text() {
        let params = Params::read_form(b"raw=\xb2\xe8&written=%B2%E8&own=%EF%BF%BD&%B2=1").unwrap();
        for field in ["raw", "written"] {
            assert!(params.text(field).is_err() && params.number_or_text(field).is_err(), "{field}");
        }
        assert_eq!(params.text("own").unwrap(), "\u{fffd}", "which is a character like another");
    }
}
