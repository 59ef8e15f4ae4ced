//! The table `audit`, the trail of what users of the console have done. Append-only. A row is stored in one transaction with the change
//! that it tells of, or neither is; where WeChat is called it is stored before ([`record`]).

pub mod audited;
pub mod insert;
pub mod list;
pub mod record;
