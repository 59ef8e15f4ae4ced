//! WeChat's bills (对账单): readers of the trade bill and of the fund flow, line by line and in constant memory (PROTOCOL.md, 16).
//!
//! A bill is unsigned. What it says only names what to ask about, by orderquery or refundquery, and proves nothing.
//!
//! [`BillReader`] reads what `downloadbill` answers, of every generation and type; [`FundFlowReader`] what `downloadfundflow` does. Both
//! iterate over rows. A line that cannot be read is yielded as an [`UnreadableLine`], never left out, and the rows behind it are read on.
//! When there are no more, `end` tells whether the rows make up the file's own sums; a file that was cut never does.
//! ```text
//! let mut bill = BillReader::open(answer)?;                // or why there is no bill: BillError
//! for row in &mut bill { … }                              // Result<Row, UnreadableLine>
//! let end = bill.end()?;                                  // BillEnd: agrees, sums, what the summary states
//! ```
//! `container` tells gzip from text and unpacks it, `document` an error from a file, `lines` bounds a line, `cells` finds a column by its name,
//! `values` reads what stands in one; `trade` and `fund_flow` know which columns there are, `reader` goes through the file.
//!
//! Amounts are whole fen; fees (手续费) are in 1/100000 yuan, as the file prints them. Payers' openids, goods and attached data are passed over.

mod cells;
mod container;
mod document;
mod end;
mod error;
mod fed;
mod fund_flow;
mod layout;
mod lines;
mod reader;
mod row;
mod sums;
mod trade;
mod unreadable;
mod values;

pub(super) use container::GZIP;
pub(super) use document::{begins_document, read as read_document};
pub use end::{BillEnd, StatedSum};
pub use error::BillError;
pub use fed::{Fed, FedBill, FedFundFlow};
pub use fund_flow::{Direction, FundFlow, FundFlowRow, FundFlowSums, MovementKind};
pub use layout::Layout;
pub use reader::{BillReader, FundFlowReader, Reader};
pub use row::{PaymentRow, RefundRow, Row};
pub use sums::TradeSums;
pub use trade::{Kinds, TradeBill};
pub use unreadable::{LineFault, UnreadableLine};

#[cfg(test)]
mod tests;
