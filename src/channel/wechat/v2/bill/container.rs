//! The container of a bill: text, or gzip (RFC 1952). The first bytes tell, whatever the headers of the answer say.

use std::io::{self, BufRead, BufReader, Cursor, Read};

pub(super) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What unpacks gzip. None of this program's dependencies does, so it is the caller's.
pub trait Gunzip {
    /// The text of what is packed, as a stream: a bill may have a gigabyte. Whatever is wrong with it is an error while it is read.
    fn gunzip<'a>(&self, packed: Box<dyn Read + Send + 'a>) -> Box<dyn Read + Send + 'a>;
}

/// An answer's text.
pub(super) fn unpack<'a>(mut answer: impl Read + Send + 'a, gunzip: &dyn Gunzip) -> io::Result<Box<dyn BufRead + Send + 'a>> {
    let mut start = Vec::with_capacity(GZIP.len());
    answer.by_ref().take(GZIP.len() as u64).read_to_end(&mut start)?;
    let is_packed = start == GZIP;
    let whole = Cursor::new(start).chain(answer);
    Ok(if is_packed { Box::new(BufReader::new(gunzip.gunzip(Box::new(whole)))) } else { Box::new(BufReader::new(whole)) })
}
