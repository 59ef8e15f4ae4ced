//! The table `checkout`: one file a question or a change. What moves a checkout and a deal of its together takes its turn at the
//! checkout's row first, so that of two at once the later one sees what the earlier one did.

pub mod attempt;
pub mod expire;
pub mod find;
pub mod give_up;
pub mod insert;
mod row;
pub mod settle;
pub mod story;
pub mod turn;
