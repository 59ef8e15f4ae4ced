//! XML codec of WeChat v2: `<xml>` with flat children, and nothing else.
//!
//! A general XML reader is too kind for signed messages. serde's map lets the last duplicate win, a DOCTYPE and
//! trailing bytes pass, attributes become fields; each of these makes two readers see two messages under one
//! signature. This parser walks quick-xml's events and refuses whatever WeChat never sends (PROTOCOL.md, 9.1).

use std::borrow::Cow;
use std::fmt::Write;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

use crate::channel::error::Malformed;

use super::fields::Fields;

/// No message of WeChat's comes near it: 64 KiB. It is the only limit: how many fields there are, and how long their names,
/// is WeChat's affair ("interfaces may add fields", and each coupon brings some).
pub const MAX_BYTES: usize = 64 * 1024;

/// Why bytes are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum XmlError {
    /// Longer than [`MAX_BYTES`].
    TooLarge,
    /// Not UTF-8, a declared encoding other than UTF-8, or a character that XML does not know.
    Encoding,
    /// Not well-formed: tags that do not match, text outside the root, two roots, no end, an unknown entity.
    Malformed,
    /// Well-formed, but with something that is not part of the protocol: a DOCTYPE, a processing instruction, an attribute, a prefix.
    Forbidden,
    /// The root element is another one.
    Root,
    /// An element within a field.
    Nested,
    /// A field that comes twice, in whatever order and with whatever value.
    Repeated,
}

/// The texts are fixed: nothing of the input is ever echoed.
impl From<XmlError> for Malformed {
    fn from(error: XmlError) -> Self {
        match error {
            XmlError::TooLarge => Self::TooLarge,
            XmlError::Encoding => Self::Form("the message is not UTF-8 text"),
            XmlError::Malformed => Self::Form("the message is not well-formed XML"),
            XmlError::Forbidden => Self::Form("the message uses XML that the protocol does not"),
            XmlError::Root => Self::Form("the root element is another one"),
            XmlError::Nested => Self::Form("the message is not flat"),
            XmlError::Repeated => Self::Form("a field is repeated"),
        }
    }
}

/// Reads a message. (One byte order mark at its start is let pass: the reader takes it off.)
pub fn parse(bytes: &[u8]) -> Result<Fields, XmlError> {
    parse_root(bytes, "xml")
}

/// The same of a message whose root element has another name.
pub(super) fn parse_root(bytes: &[u8], root: &'static str) -> Result<Fields, XmlError> {
    if bytes.len() > MAX_BYTES {
        return Err(XmlError::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| XmlError::Encoding)?;
    // Most messages are plain ASCII without layout: that is seen many bytes at a time, by a fold, which does not stop early.
    if !bytes.iter().fold(true, |all, b| all & matches!(b, b' '..=b'~')) && !text.chars().all(is_xml_char) {
        return Err(XmlError::Encoding);
    }
    // XML reads every line end as \n before anything else sees it, so that is what was signed.
    let text = if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { Cow::Borrowed(text) };
    Parser::of(root).run(&text)
}

struct Parser {
    root: &'static str,
    fields: Fields,
    place: Place,
}

/// Where in the document the next event stands.
#[derive(Default)]
enum Place {
    #[default]
    BeforeRoot,
    InRoot,
    InField(String, Value),
    AfterRoot,
}

/// A value in the making: it may come as several pieces of text, CDATA and character references.
#[derive(Default)]
struct Value {
    text: String,
    /// White space around a CDATA section is layout; as long as no CDATA has been seen it may be the value itself.
    loose: String,
    has_cdata: bool,
}

impl Value {
    fn push_text(&mut self, piece: &str) {
        if piece.chars().all(|c| c.is_ascii_whitespace()) {
            self.loose.push_str(piece);
        } else {
            self.keep_loose();
            self.text.push_str(piece);
        }
    }

    fn push_cdata(&mut self, piece: &str) {
        self.loose.clear();
        self.has_cdata = true;
        self.text.push_str(piece);
    }

    fn push_char(&mut self, c: char) {
        self.keep_loose();
        self.text.push(c);
    }

    fn keep_loose(&mut self) {
        self.text.push_str(&std::mem::take(&mut self.loose));
    }

    fn finish(mut self) -> String {
        if !self.has_cdata {
            self.keep_loose();
        }
        self.text
    }
}

impl Parser {
    fn of(root: &'static str) -> Self {
        Self { root, fields: Fields::default(), place: Place::default() }
    }

    fn run(mut self, text: &str) -> Result<Fields, XmlError> {
        let mut reader = Reader::from_str(text);
        let mut at_start = true;
        loop {
            let event = reader.read_event().map_err(|_| XmlError::Malformed)?;
            match event {
                Event::Eof => break,
                Event::Decl(decl) => {
                    let utf8 = decl.encoding().is_none_or(|encoding| encoding.is_ok_and(|name| name.eq_ignore_ascii_case("utf-8")));
                    if !at_start {
                        return Err(XmlError::Malformed);
                    }
                    if !utf8 {
                        return Err(XmlError::Encoding);
                    }
                }
                Event::DocType(_) | Event::PI(_) => return Err(XmlError::Forbidden),
                Event::Comment(_) if matches!(self.place, Place::InField(..)) => return Err(XmlError::Forbidden),
                Event::Comment(_) => {}
                Event::Start(tag) => {
                    plain_tag(&tag)?;
                    self.open(tag.name().into_inner())?;
                }
                Event::Empty(tag) => {
                    plain_tag(&tag)?;
                    self.open(tag.name().into_inner())?;
                    self.close()?;
                }
                Event::End(_) => self.close()?,
                Event::Text(piece) => self.text(&piece)?,
                Event::CData(piece) => match &mut self.place {
                    Place::InField(_, value) => value.push_cdata(&piece),
                    _ => return Err(XmlError::Malformed),
                },
                Event::GeneralRef(reference) => match &mut self.place {
                    Place::InField(_, value) => value.push_char(resolve(&reference)?),
                    _ => return Err(XmlError::Malformed),
                },
            }
            at_start = false;
        }
        match self.place {
            Place::AfterRoot if self.fields.repeat_a_name() => Err(XmlError::Repeated),
            Place::AfterRoot => Ok(self.fields),
            _ => Err(XmlError::Malformed),
        }
    }

    fn open(&mut self, name: &str) -> Result<(), XmlError> {
        match self.place {
            Place::BeforeRoot if name == self.root => self.place = Place::InRoot,
            Place::BeforeRoot => return Err(XmlError::Root),
            Place::InRoot => {
                // `key` would stand beside the secret in the string to sign.
                if !is_plain_name(name) || name == "key" {
                    return Err(XmlError::Forbidden);
                }
                self.place = Place::InField(name.to_owned(), Value::default());
            }
            Place::InField(..) => return Err(XmlError::Nested),
            Place::AfterRoot => return Err(XmlError::Malformed),
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), XmlError> {
        self.place = match std::mem::take(&mut self.place) {
            Place::InField(name, value) => {
                self.fields.push(name, value.finish());
                // Looked for whenever the fields have doubled, so that what repeats a name a thousand times is not kept first.
                let count = self.fields.len();
                if count.is_power_of_two() && count >= 32 && self.fields.repeat_a_name() {
                    return Err(XmlError::Repeated);
                }
                Place::InRoot
            }
            Place::InRoot => Place::AfterRoot,
            Place::BeforeRoot | Place::AfterRoot => return Err(XmlError::Malformed),
        };
        Ok(())
    }

    fn text(&mut self, piece: &str) -> Result<(), XmlError> {
        match &mut self.place {
            Place::InField(_, value) => value.push_text(piece),
            _ if piece.chars().all(|c| c.is_ascii_whitespace()) => {}
            _ => return Err(XmlError::Malformed),
        }
        Ok(())
    }
}

fn plain_tag(tag: &quick_xml::events::BytesStart<'_>) -> Result<(), XmlError> {
    if tag.attributes_raw().trim().is_empty() { Ok(()) } else { Err(XmlError::Forbidden) }
}

fn is_plain_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_') && bytes.all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
}

/// One of the five predefined entities, or a character reference to a character that XML knows.
fn resolve(reference: &BytesRef<'_>) -> Result<char, XmlError> {
    if reference.is_char_ref() {
        let c = reference.resolve_char_ref().ok().flatten().ok_or(XmlError::Malformed)?;
        return if is_xml_char(c) { Ok(c) } else { Err(XmlError::Malformed) };
    }
    match &**reference {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(XmlError::Malformed),
    }
}

fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// Writes a message as WeChat does: whole numbers plain, everything else in CDATA.
pub fn write(fields: &Fields) -> String {
    let mut xml = String::with_capacity(64 + fields.iter().map(|(name, value)| 2 * name.len() + value.len() + 17).sum::<usize>());
    xml.push_str("<xml>");
    for (name, value) in fields.iter() {
        if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
            let _ = write!(xml, "<{name}>{value}</{name}>");
        } else {
            let _ = write!(xml, "<{name}><![CDATA[");
            // The end mark of a CDATA section cannot stand inside one: split it over two.
            for (i, piece) in value.split("]]>").enumerate() {
                if i > 0 {
                    xml.push_str("]]]]><![CDATA[>");
                }
                xml.push_str(piece);
            }
            let _ = write!(xml, "]]></{name}>");
        }
    }
    xml.push_str("</xml>");
    xml
}

#[cfg(test)]
mod tests;
