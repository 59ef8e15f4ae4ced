//! WeChat's bills: each file has some changes of, or questions for, the tables `bill`, `bill_file`, `bill_part` and `bill_difference`;
//! and the questions for deals and refunds that a bill is held against.
//!
//! A bill is one instance's while its lease is: `due_at` is moved from what was read, and what came of it is written only while it still
//! stands where that instance has moved it. Nothing in here moves money, or a deal.

pub mod accepted_on;
pub mod booked_deals;
pub mod booked_refunds;
pub mod counts;
pub mod difference;
pub mod differences;
pub mod due;
pub mod explain;
pub mod file;
pub mod finish;
pub mod kept;
pub mod line;
pub mod list;
pub mod old_files;
pub mod paid_on;
pub mod part;
pub mod plan;
pub mod row;
pub mod take;
pub mod untold;
