//! The table `audit`, the trail of what users of the console have done. Append-only; a row is stored in one transaction with what it
//! tells of, or neither is.

pub mod audited;
pub mod insert;
pub mod list;
pub mod record;
