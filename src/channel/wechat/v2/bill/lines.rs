//! The lines of a file, none of which can fill the memory.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

/// A line with its end; the texts of one come to some 2 KiB at most.
pub(super) const LONGEST: usize = 64 * 1024;

pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

pub(super) struct Lines<R> {
    file: R,
    line: Vec<u8>,
    number: u64,
}

/// One line of a file.
pub(super) struct Line<'a> {
    /// The first one of a file is 1.
    pub number: u64,
    /// Without its end. What is no UTF-8 is U+FFFD, so that half a character in a text that nobody needs harms nothing. `None`: it is
    /// longer than [`LONGEST`], and was passed over.
    pub text: Option<Cow<'a, str>>,
}

impl<R: BufRead> Lines<R> {
    pub fn of(file: R) -> Self {
        Self { file, line: Vec::new(), number: 0 }
    }

    /// The next line that is not empty. `None`: there is none.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        while self.read_line()? {
            if self.line.len() == LONGEST && !self.line.ends_with(b"\n") {
                self.file.skip_until(b'\n')?;
                return Ok(Some(Line { number: self.number, text: None }));
            }
            let start = if self.number == 1 && self.line.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
            let text = without_end(&self.line).len();
            if text > start {
                let text = self.line.get(start..text).unwrap_or_default();
                return Ok(Some(Line { number: self.number, text: Some(String::from_utf8_lossy(text)) }));
            }
        }
        Ok(None)
    }

    /// The present line and what stands behind it, up to this many bytes more.
    pub fn rest(&mut self, longest: u64) -> io::Result<Vec<u8>> {
        let mut rest = std::mem::take(&mut self.line);
        self.file.by_ref().take(longest).read_to_end(&mut rest)?;
        Ok(rest)
    }

    fn read_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        let is_there = self.file.by_ref().take(LONGEST as u64).read_until(b'\n', &mut self.line)? > 0;
        self.number += u64::from(is_there);
        Ok(is_there)
    }
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests;
