//! `multipart/form-data` (RFC 7578), as `FormData` and many clients send a form: text parts only. The body is at hand and
//! small, so it is read in one pass, line by line.

/// What comes before a parameter of a header.
const END_OF_LINE: &str = "\r\n";

/// Why a body is no form of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoForm {
    Malformed,
    /// A part is a file, or says that it is no text.
    NoText,
}

/// The value of a content type's `boundary`.
pub fn boundary(content_type: &str) -> Option<String> {
    let (_, rest) = content_type.split_once(';')?;
    let boundary = parameters(rest)?.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("boundary"))?.1;
    (1..=70).contains(&boundary.len()).then(|| boundary.to_owned())
}

/// The names and values of a form, one after the other, as far as they are asked for.
pub fn parts<'a>(body: &'a [u8], boundary: &str) -> impl Iterator<Item = Result<(&'a str, &'a str), NoForm>> {
    let mut parts = Parts { body, delimiter: format!("--{boundary}"), at: 0, begun: None, over: false };
    std::iter::from_fn(move || parts.next_part())
}

struct Parts<'a> {
    body: &'a [u8],
    delimiter: String,
    /// Where the next line begins.
    at: usize,
    /// Where the present part has begun; what comes before the first belongs to none.
    begun: Option<usize>,
    over: bool,
}

impl<'a> Parts<'a> {
    fn next_part(&mut self) -> Option<Result<(&'a str, &'a str), NoForm>> {
        while !self.over {
            let rest = self.body.get(self.at..).unwrap_or_default();
            let Some(length) = rest.windows(2).position(|end| end == END_OF_LINE.as_bytes()).or((!rest.is_empty()).then_some(rest.len()))
            else {
                // The form's own end is missing.
                self.over = true;
                return Some(Err(NoForm::Malformed));
            };
            let (line_at, line) = (self.at, &rest[..length]);
            self.at += length + END_OF_LINE.len();
            let is_last = match line.strip_prefix(self.delimiter.as_bytes()).map(<[u8]>::trim_ascii_end) {
                Some(b"") => false,
                Some(b"--") => true,
                _ => continue,
            };
            self.over = is_last;
            let begun = if is_last { self.begun.take() } else { self.begun.replace(self.at) };
            if let Some(begun) = begun {
                // The line's end before a delimiter belongs to that.
                let part = line_at.checked_sub(END_OF_LINE.len()).and_then(|end| self.body.get(begun..end));
                let read = part.ok_or(NoForm::Malformed).and_then(read);
                self.over |= read.is_err();
                return Some(read);
            }
        }
        None
    }
}

/// The name and the text of one part.
fn read(part: &[u8]) -> Result<(&str, &str), NoForm> {
    let part = std::str::from_utf8(part).map_err(|_| NoForm::NoText)?;
    let (head, text) = part.split_once("\r\n\r\n").ok_or(NoForm::Malformed)?;
    let mut name = None;
    for line in head.split(END_OF_LINE) {
        let (header, value) = line.split_once(':').ok_or(NoForm::Malformed)?;
        let value = value.trim();
        if header.eq_ignore_ascii_case("content-type") && !value.get(..5).is_some_and(|kind| kind.eq_ignore_ascii_case("text/")) {
            return Err(NoForm::NoText);
        }
        if header.eq_ignore_ascii_case("content-disposition") {
            let form_data = value.split_once(';').filter(|(kind, _)| kind.trim().eq_ignore_ascii_case("form-data"));
            for (key, value) in form_data.and_then(|(_, rest)| parameters(rest)).ok_or(NoForm::Malformed)? {
                match key.to_ascii_lowercase().as_str() {
                    "name" if name.is_none() => name = Some(value),
                    "filename" | "filename*" => return Err(NoForm::NoText),
                    _ => return Err(NoForm::Malformed),
                }
            }
        }
    }
    Ok((name.ok_or(NoForm::Malformed)?, text))
}

/// `a=b; c="d"`: a header's parameters. A quote within quotes is in no name of ours.
fn parameters(text: &str) -> Option<Vec<(&str, &str)>> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_at(after.find(';').unwrap_or(after.len())),
        };
        found.push((name.trim(), value.trim_end()));
        let after = after.trim_start();
        rest = if after.is_empty() { after } else { after.strip_prefix(';')?.trim_start() };
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read<'a> = Result<Vec<(&'a str, &'a str)>, NoForm>;

    fn read_all(body: &str) -> Read<'_> {
        parts(body.as_bytes(), "x-1").collect()
    }

    fn part(head: &str, text: &str) -> String {
        format!("--x-1\r\n{head}\r\n\r\n{text}\r\n")
    }

    #[test]
    fn a_form_of_texts_is_read() {
        let price = part("Content-Disposition: form-data; name=\"price\"", "19.90");
        let note = part("content-type: text/plain; charset=UTF-8\r\nCONTENT-DISPOSITION: Form-Data; name=note", "微\r\n--x-2 \n--x-1\r\n");
        let empty = part("Content-Disposition: form-data; name=\"empty\"", "");
        let body = format!("before\r\n{price}{note}{empty}--x-1--\r\nafter");
        assert_eq!(read_all(&body), Ok(vec![("price", "19.90"), ("note", "微\r\n--x-2 \n--x-1\r\n"), ("empty", "")]));
        assert_eq!(read_all("--x-1--\r\n"), Ok(vec![]));
        assert_eq!(read_all("--x-1--"), Ok(vec![]));
    }

    #[test]
    fn what_can_be_read_in_two_ways_or_is_no_text_is_refused() {
        let named = "Content-Disposition: form-data; name=\"a\"";
        for (head, text, why) in [
            ("Content-Disposition: form-data; name=\"a\"; filename=\"a.txt\"", "x", NoForm::NoText),
            ("Content-Type: application/json\r\nContent-Disposition: form-data; name=\"a\"", "1", NoForm::NoText),
            ("Content-Disposition: form-data; name=\"a\"; name=\"b\"", "x", NoForm::Malformed),
            ("Content-Disposition: form-data; name=\"a\\\"b\"", "x", NoForm::Malformed),
            ("Content-Disposition: attachment; name=\"a\"", "x", NoForm::Malformed),
            ("Content-Disposition: form-data", "x", NoForm::Malformed),
            ("X-Other: 1", "x", NoForm::Malformed),
            ("no header", "x", NoForm::Malformed),
        ] {
            assert_eq!(read_all(&format!("{}--x-1--\r\n", part(head, text))), Err(why), "{head}");
        }
        for body in [String::new(), part(named, "x"), "--x-1\r\n--x-1--".to_owned(), "--x-1\r\n\r\n--x-1--".to_owned(), "a=b".to_owned()] {
            assert_eq!(read_all(&body), Err(NoForm::Malformed), "{body}");
        }
        let latin = [part(named, "").as_bytes().trim_ascii_end(), b"\r\n\r\n\xe9\r\n--x-1--"].concat();
        assert!(parts(&latin, "x-1").any(|part| part == Err(NoForm::NoText)));
    }

    #[test]
    fn the_boundary_is_the_content_type_s() {
        for (content_type, expected) in [
            ("multipart/form-data; boundary=----WebKitFormBoundary7MA4", Some("----WebKitFormBoundary7MA4")),
            ("multipart/form-data;charset=utf-8; Boundary=\"a b\"", Some("a b")),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/form-data; boundary=\"x", None),
        ] {
            assert_eq!(boundary(content_type).as_deref(), expected, "{content_type}");
        }
        assert_eq!(boundary(&format!("multipart/form-data; boundary={}", "x".repeat(71))), None);
    }
}
