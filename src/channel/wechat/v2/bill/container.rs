//! The container of a bill: text, or gzip (RFC 1952). The first bytes tell, whatever the headers of the answer say.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;

/// With what every gzip begins.
pub(in crate::channel::wechat::v2) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// An answer's text, as a stream: a bill may have a gigabyte. Whatever is wrong with the gzip is an error while it is read.
pub(super) fn unpack<'a>(mut answer: impl Read + Send + 'a) -> io::Result<Box<dyn BufRead + Send + 'a>> {
    let mut start = Vec::with_capacity(GZIP.len());
    answer.by_ref().take(GZIP.len() as u64).read_to_end(&mut start)?;
    let is_packed = start == GZIP;
    let whole = Cursor::new(start).chain(answer);
    // What is packed in several pieces, as by several writers of one file, is one text.
    Ok(if is_packed { Box::new(BufReader::new(MultiGzDecoder::new(whole))) } else { Box::new(BufReader::new(whole)) })
}
