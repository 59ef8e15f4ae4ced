//! The way through a file: header, rows, header of the summary, summary.

use std::fmt;
use std::io::{self, BufRead, Read};

use super::cells::{Cells, Header};
use super::container::unpack;
use super::document;
use super::end::{BillEnd, StatedSum};
use super::error::BillError;
use super::fund_flow::FundFlow;
use super::layout::Layout;
use super::lines::Lines;
use super::trade::TradeBill;
use super::unreadable::{LineFault, UnreadableLine};
use super::values::decimal;
use crate::channel::wechat::v2::xml;

/// A reader of trade bills (交易账单): `ALL`, `SUCCESS`, `REFUND` and `RECHARGE_REFUND`, whatever the generation of its columns.
pub type BillReader<R> = Reader<R, TradeBill>;

/// A reader of fund flows (资金账单).
pub type FundFlowReader<R> = Reader<R, FundFlow>;

/// A stream of a bill's rows.
///
/// It holds one line at a time, 64 KiB at most. The iteration ends at the end of the file, or where it cannot be read on:
/// [`Reader::end`] tells which.
#[must_use]
pub struct Reader<R, L: Layout> {
    lines: Lines<R>,
    content: Content<L>,
    line_number: u64,
    unreadable: u64,
    broken: Option<io::Error>,
}

/// What was read so far.
struct Content<L: Layout> {
    header: Header,
    layout: L,
    place: Place,
    sums: L::Sums,
    summary: Option<Vec<StatedSum>>,
}

/// Where in the file the next line stands.
enum Place {
    Rows,
    Summary(Header),
    BehindSummary,
}

impl<'a, L: Layout> Reader<Box<dyn BufRead + Send + 'a>, L> {
    /// Begins to read an answer of WeChat's, or a file that holds one: text, or gzip.
    ///
    /// # Errors
    /// There is no bill in it: see [`BillError`].
    pub fn open(answer: impl Read + Send + 'a) -> Result<Self, BillError> {
        Self::new(unpack(answer)?)
    }
}

impl<R: BufRead, L: Layout> Reader<R, L> {
    /// Begins to read a text.
    ///
    /// # Errors
    /// It is no bill: see [`BillError`].
    pub fn new(text: R) -> Result<Self, BillError> {
        let mut lines = Lines::of(text);
        let first = lines.next_line()?.and_then(|line| line.text).ok_or(BillError::NotABill)?;
        if document::is_document(&first) {
            return Err(document::read(&lines.rest(xml::MAX_BYTES as u64)?));
        }
        let header = Header::of(&first).ok_or(BillError::NotABill)?;
        let layout = L::of_header(&header)?;
        let content = Content { header, layout, place: Place::Rows, sums: L::Sums::default(), summary: None };
        Ok(Self { lines, content, line_number: 0, unreadable: 0, broken: None })
    }

    /// In which line the row stands that was read last, so that it can be found again; that of the header is 1. 0: no row was read.
    pub fn line_number(&self) -> u64 {
        self.line_number
    }

    /// How its columns are.
    pub(super) fn layout(&self) -> &L {
        &self.content.layout
    }

    /// Reads what is left, and tells what the whole file comes to.
    ///
    /// # Errors
    /// The file could not be read to its end.
    pub fn end(mut self) -> io::Result<BillEnd<L::Sums>> {
        self.by_ref().for_each(drop);
        match self.broken {
            Some(error) => Err(error),
            None => {
                let is_whole = matches!(self.content.place, Place::BehindSummary);
                Ok(BillEnd::of(self.content.summary, is_whole, self.content.sums, self.unreadable))
            }
        }
    }
}

impl<R: BufRead, L: Layout> Iterator for Reader<R, L> {
    type Item = Result<L::Row, UnreadableLine>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.broken.is_none() {
            let line = match self.lines.next_line() {
                Ok(line) => line?,
                Err(error) => {
                    self.broken = Some(error);
                    break;
                }
            };
            let taken = line.text.ok_or(LineFault::TooLong).and_then(|text| self.content.take(&text));
            self.unreadable += u64::from(taken.is_err());
            let number = line.number;
            if let Some(row) = taken.map_err(|fault| UnreadableLine { line: number, fault }).transpose() {
                self.line_number = number;
                return Some(row);
            }
        }
        None
    }
}

impl<L: Layout> Content<L> {
    /// Takes the next line; `None`: it is no row, and as it should be.
    fn take(&mut self, line: &str) -> Result<Option<L::Row>, LineFault> {
        match &self.place {
            Place::Rows if line.starts_with(L::SUMMARY) => {
                self.place = Place::Summary(Header::of(line).ok_or(LineFault::RepeatedName)?);
                Ok(None)
            }
            Place::Rows => self.layout.read(&Cells::of(line, &self.header)?, &mut self.sums).map(Some),
            Place::Summary(header) => {
                let summary = self.stated(line, header);
                self.place = Place::BehindSummary;
                self.summary = Some(summary?);
                Ok(None)
            }
            Place::BehindSummary => Err(LineFault::BehindSummary),
        }
    }

    fn stated(&self, line: &str, header: &Header) -> Result<Vec<StatedSum>, LineFault> {
        let cells = Cells::of(line, header)?;
        let there = L::TOTALS.iter().filter_map(|total| Some((total, header.find(total.names)?)));
        let sums = there.map(|(total, column)| {
            let stated = cells.read(&column, |cell| decimal(cell, total.decimals))?;
            Ok(StatedSum { name: column.name, stated, counted: (total.counted)(&self.sums) })
        });
        sums.collect()
    }
}

/// Shows nothing of the file.
impl<R, L: Layout> fmt::Debug for Reader<R, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader")
    }
}
