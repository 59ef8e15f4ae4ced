//! Bills (对账单) from the simulator's own books: the trade bill and the fund flow, in WeChat's exact form (PROTOCOL.md, 16).
//!
//! `line` is what a trade bill says of a payment or a refund, `books` gathers a day's, `columns` writes them in a generation's columns;
//! `movement` and `fund_flow` are the same for the other file. `sheet` is a file of either kind before it is text, `amounts` prints numbers,
//! `form` judges a question, `errors` are what comes instead. Each file is made honestly, and `bent` afterwards, where `traps` say so.

mod amounts;
mod answers;
mod bent;
mod books;
mod columns;
mod errors;
mod form;
mod fund_flow;
mod line;
mod movement;
mod sheet;
mod traps;

pub(super) use errors::{BillError, in_english};
pub(super) use form::check as check_form;
pub use traps::{BillGeneration, BillTrap};

#[cfg(test)]
mod tests;
