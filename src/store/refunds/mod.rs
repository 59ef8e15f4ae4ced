//! Refunds: each file has some changes of, or questions for, the table `refund`, with their SQL, binds and guards; and of what the
//! deal keeps of them (`refunded_fee`, `refund_count`, `refund_last_at`, `refunds_due_at`), which changes in the same transaction.
//!
//! How much of a payment can still be given back stands on the deal and is never summed over rows: the statement that reserves
//! an amount wants what was read to be still so, and never lets it exceed what was paid.
//!
//! A change of both locks the deal's row first, whatever it does then: so no two of them ever wait for each other.

pub mod book;
pub mod due;
pub mod find;
pub mod list;
pub mod page;
pub mod plan;
pub mod reserve;
pub mod row;
pub mod settle;
pub mod totals;
pub mod undecided;
