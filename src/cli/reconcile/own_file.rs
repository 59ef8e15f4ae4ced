//! A file of the merchant's own. What is no bill because a program has packed it or saved it anew is told so before it is read.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use crate::cli::Failure;
use crate::language::Text;

/// The longest header by far, and a byte order mark.
const LOOK: u64 = 4096;
const ZIP: &[u8] = b"PK";
const GZIP: &[u8] = b"\x1f\x8b";

/// What a file is instead of a bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instead {
    /// There is nothing in it.
    Nothing,
    /// A .zip, or a spreadsheet, which is one.
    Zip,
    /// A text that is not UTF-8, as spreadsheet programs save it.
    OtherText,
}

/// Opens it, if it may be a bill; otherwise this says what it is.
pub fn open(path: &Path, no_bill: impl Fn(&Path, Instead) -> Text) -> Result<File, Failure> {
    let failure = |error: io::Error| Failure(vec![Text::untranslated(format!("{}: {error}", path.display()))]);
    let mut file = File::open(path).map_err(failure)?;
    // What comes through a pipe can be read once only.
    if file.metadata().map_err(failure)?.is_file() {
        let mut beginning = Vec::new();
        Read::by_ref(&mut file).take(LOOK).read_to_end(&mut beginning).map_err(failure)?;
        file.rewind().map_err(failure)?;
        if let Some(instead) = instead(&beginning) {
            return Err(Failure(vec![no_bill(path, instead)]));
        }
    }
    Ok(file)
}

/// By the first line of a text: what stands in one of the others is that line's fault.
fn instead(beginning: &[u8]) -> Option<Instead> {
    let line = beginning.split(|byte| *byte == b'\n').next().unwrap_or_default();
    match beginning {
        [] => Some(Instead::Nothing),
        _ if beginning.starts_with(ZIP) => Some(Instead::Zip),
        _ if beginning.starts_with(GZIP) => None,
        _ => match std::str::from_utf8(line) {
            Err(error) if error.error_len().is_some() || line.len() < beginning.len() => Some(Instead::OtherText),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_program_has_made_of_a_bill_is_known() {
        // "交易时间" in GBK.
        let gbk = b"\xbd\xbb\xd2\xd7\xca\xb1\xbc\xe4,a\r\n`2026";
        for (beginning, expected) in [
            (&b""[..], Some(Instead::Nothing)),
            (b"PK\x03\x04\x14\x00", Some(Instead::Zip)),
            (b"\x1f\x8b\x08\x00", None),
            (gbk, Some(Instead::OtherText)),
            (b"\xff\xfe\xa4\x4e\x13\x66", Some(Instead::OtherText)),
            ("\u{feff}交易时间,商户号\r\n`2026".as_bytes(), None),
            // Cut in the middle of a character.
            (&"交易时间".as_bytes()[..11], None),
            (b"a,b\n\xbd\xbb\n", None),
        ] {
            assert_eq!(instead(beginning), expected, "{beginning:?}");
        }
    }
}
