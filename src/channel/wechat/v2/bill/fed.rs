//! A bill that is read while it comes: pieces go in, rows come out, and neither a thread nor the memory waits for the whole of it.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, Bytes};
use flate2::write::MultiGzDecoder;

use super::container::GZIP;
use super::end::BillEnd;
use super::error::BillError;
use super::fund_flow::FundFlow;
use super::layout::Layout;
use super::lines::LONGEST;
use super::reader::Reader;
use super::trade::{Kinds, TradeBill};
use super::unreadable::UnreadableLine;

/// A trade bill that is fed.
pub type FedBill = Fed<TradeBill>;
/// A fund flow that is fed.
pub type FedFundFlow = Fed<FundFlow>;

/// Of what is packed so much is unpacked at once, which comes to a megabyte at most.
const BITE: usize = 1024;

/// More than any bill has: a packed file that has more text is none, and ends.
const MOST: u64 = 4 << 30;

/// A reader of a bill whose pieces come one by one, text or gzip.
pub struct Fed<L: Layout> {
    pieces: VecDeque<Bytes>,
    unpacker: Unpacker,
    text: Text,
    reader: Option<Reader<Text, L>>,
    unpacked: u64,
    is_closed: bool,
}

impl<L: Layout> Default for Fed<L> {
    fn default() -> Self {
        let (pieces, unpacker, text) = (VecDeque::new(), Unpacker::Unknown(Vec::new()), Text::default());
        Self { pieces, unpacker, text, reader: None, unpacked: 0, is_closed: false }
    }
}

impl<L: Layout> Fed<L> {
    /// Takes the next piece.
    pub fn feed(&mut self, piece: Bytes) {
        self.pieces.push_back(piece);
    }

    /// There are no more pieces: what was fed is the whole file.
    pub fn close(&mut self) {
        self.is_closed = true;
    }

    /// Whether there are no more.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// The next row of what was fed; `None`: more is to be fed, or all was read.
    ///
    /// # Errors
    /// It is no bill, or cannot be unpacked.
    pub fn next_row(&mut self) -> Result<Option<Result<L::Row, UnreadableLine>>, BillError> {
        loop {
            if let Some(row) = self.reader.as_mut().and_then(Iterator::next) {
                return Ok(Some(row));
            }
            let has_more = self.unpack_on()?;
            if self.reader.is_none() && self.text.has_lines() {
                self.reader = Some(Reader::new(self.text.clone())?);
            } else if !has_more && !self.text.has_lines() {
                return Ok(None);
            }
        }
    }

    /// How its columns are, once a row or its end was read.
    fn layout(&self) -> Option<&L> {
        self.reader.as_ref().map(Reader::layout)
    }

    /// The line of the row that was read last; that of the header is 1.
    pub fn line(&self) -> u64 {
        self.reader.as_ref().map_or(0, Reader::line_number)
    }

    /// What the whole file comes to, once all rows were read.
    ///
    /// # Errors
    /// There was no header.
    pub fn end(self) -> Result<BillEnd<L::Sums>, BillError> {
        Ok(self.reader.ok_or(BillError::NotABill)?.end()?)
    }

    /// `false`: there is nothing to unpack now.
    fn unpack_on(&mut self) -> io::Result<bool> {
        let Some(piece) = self.pieces.front_mut() else {
            let ends = self.is_closed && !self.text.is_whole();
            if ends {
                self.text.add(&self.unpacker.finish()?);
                self.text.end();
            }
            return Ok(ends);
        };
        let bite = piece.split_to(piece.len().min(BITE));
        if !piece.has_remaining() {
            self.pieces.pop_front();
        }
        let text = self.unpacker.unpack(&bite)?;
        self.unpacked += text.len() as u64;
        if self.unpacked > MOST {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.text.add(&text);
        Ok(true)
    }
}

impl FedBill {
    /// Which kinds of rows it can have.
    pub fn kinds(&self) -> Kinds {
        self.layout().map_or(Kinds::ALL, TradeBill::kinds)
    }
}

/// What a bill is packed in, which its first two bytes tell.
enum Unpacker {
    Unknown(Vec<u8>),
    Plain,
    Packed(Box<MultiGzDecoder<Vec<u8>>>),
}

impl Unpacker {
    fn unpack(&mut self, bite: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Unknown(start) => {
                start.extend_from_slice(bite);
                let start = std::mem::take(start);
                if start.len() < GZIP.len() {
                    *self = Self::Unknown(start);
                    return Ok(Vec::new());
                }
                *self = if start.starts_with(&GZIP) { Self::Packed(Box::new(MultiGzDecoder::new(Vec::new()))) } else { Self::Plain };
                self.unpack(&start)
            }
            Self::Plain => Ok(bite.to_vec()),
            Self::Packed(decoder) => {
                decoder.write_all(bite)?;
                Ok(std::mem::take(decoder.get_mut()))
            }
        }
    }

    fn finish(&mut self) -> io::Result<Vec<u8>> {
        match self {
            Self::Unknown(start) => Ok(std::mem::take(start)),
            Self::Plain => Ok(Vec::new()),
            Self::Packed(decoder) => {
                decoder.try_finish()?;
                Ok(std::mem::take(decoder.get_mut()))
            }
        }
    }
}

/// Text that was unpacked, of which only whole lines are read.
#[derive(Clone, Default)]
struct Text {
    shared: Arc<Mutex<Kept>>,
    /// What is being read.
    own: io::Cursor<Vec<u8>>,
}

#[derive(Default)]
struct Kept {
    /// With their ends.
    whole: Vec<u8>,
    /// The beginning of the next one.
    begun: Vec<u8>,
    is_whole: bool,
}

impl Text {
    fn add(&self, text: &[u8]) {
        let mut lines = self.kept();
        let (ended, begun) = text.split_at(text.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1));
        if !ended.is_empty() {
            let start = std::mem::take(&mut lines.begun);
            lines.whole.extend(start);
            lines.whole.extend_from_slice(ended);
        }
        // Of a line that is too long to be read only that is kept.
        let room = (LONGEST + 1).saturating_sub(lines.begun.len()).min(begun.len());
        lines.begun.extend_from_slice(begun.get(..room).unwrap_or_default());
    }

    /// What was begun was the last line.
    fn end(&self) {
        let mut lines = self.kept();
        let last = std::mem::take(&mut lines.begun);
        lines.whole.extend(last);
        lines.is_whole = true;
    }

    fn is_whole(&self) -> bool {
        self.kept().is_whole
    }

    fn has_lines(&self) -> bool {
        !self.kept().whole.is_empty()
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Read for Text {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Text {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.own.fill_buf()?.is_empty() {
            let whole = std::mem::take(&mut self.kept().whole);
            self.own = io::Cursor::new(whole);
        }
        self.own.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.own.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const HEADER: &str =
        "\u{feff}交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,总金额,代金券或立减优惠金额,手续费,费率\r\n";

    fn bill(rows: u32) -> String {
        let mut text = HEADER.to_owned();
        for row in 0..rows {
            write!(text, "`2024-01-16 10:01:02,`wx1,`10000100,`42000021{row:012},`o{row},`SUCCESS,`CNY,`1.00,`0.00,`0.01000,`0.60%\r\n")
                .unwrap();
        }
        write!(text, "总交易单数,总交易额,手续费总金额\r\n`{rows},`{rows}.00,`{}.00000", rows / 100).unwrap();
        text
    }

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// What comes out of a file that is fed in pieces of this size: the rows, the lines that cannot be read, and the end.
    fn read(file: &[u8], piece: usize) -> Result<(usize, Vec<u64>, bool), BillError> {
        let mut fed = FedBill::default();
        let (mut rows, mut unreadable) = (0, Vec::new());
        let mut take_all = |fed: &mut FedBill| -> Result<(), BillError> {
            while let Some(row) = fed.next_row()? {
                match row {
                    Ok(_) => rows += 1,
                    Err(line) => unreadable.push(line.line),
                }
            }
            Ok(())
        };
        for piece in file.chunks(piece) {
            fed.feed(Bytes::copy_from_slice(piece));
            take_all(&mut fed)?;
        }
        fed.close();
        take_all(&mut fed)?;
        let end = fed.end()?;
        Ok((rows, unreadable, end.agrees))
    }

    #[test]
    fn a_bill_in_pieces_is_the_same_bill() {
        let text = bill(1000);
        for file in [
            text.clone().into_bytes(),
            packed(text.as_bytes()),
            [packed(&text.as_bytes()[..999]), packed(&text.as_bytes()[999..])].concat(),
        ] {
            for piece in [1, 2, 7, 1000, 1_000_000] {
                assert_eq!(read(&file, piece).unwrap(), (1000, vec![], true), "{piece}");
            }
        }
    }

    #[test]
    fn lines_are_counted_across_pieces_and_one_that_never_ends_fills_no_memory() {
        let lines: Vec<_> = bill(10).lines().map(str::to_owned).collect();
        let endless = "x".repeat(3 * LONGEST);
        let text = [lines[..3].join("\r\n").as_str(), endless.as_str(), lines[3..].join("\r\n").as_str()].join("\r\n");
        for piece in [100, 65_536, 1_000_000] {
            assert_eq!(read(text.as_bytes(), piece).unwrap(), (10, vec![4], false), "{piece}");
        }
    }

    #[test]
    fn what_is_cut_is_an_error_or_has_no_summary() {
        let text = bill(500);
        let file = packed(text.as_bytes());
        assert!(matches!(read(&file[..file.len() - 9], 100), Err(BillError::Read(_))));
        assert!(matches!(read(&file[..file.len() / 2], 100), Err(BillError::Read(_))));
        let (rows, _, agrees) = read(&text.as_bytes()[..text.len() / 2], 100).unwrap();
        assert!((200..300).contains(&rows) && !agrees, "{rows}");
        for nothing in ["", "x", "<xml><return_code>FAIL</return_code></xml>"] {
            assert!(read(nothing.as_bytes(), 1).is_err(), "{nothing}");
        }
    }
}
