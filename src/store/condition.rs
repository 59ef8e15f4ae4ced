//! What of the database's own affairs matters to whoever runs the service.

use crate::deal::Timestamp;

use super::foreign_clock::ForeignClock;

/// Whether what is acknowledged would survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Every commit is on disk before it is acknowledged.
    Full,
    /// A setting of the server's has another value than 1: a power cut could take what was acknowledged.
    Weak {
        /// `innodb_flush_log_at_trx_commit`; or, where there is a binary log, `sync_binlog`: what is not in that log when the power
        /// comes back is rolled back.
        variable: &'static str,
        /// Its value.
        value: i64,
    },
}

impl Durability {
    /// By the values of `innodb_flush_log_at_trx_commit` and, where there is a binary log, `sync_binlog`.
    pub(super) fn of(flush: i64, sync: i64) -> Self {
        match (flush, sync) {
            (1, 1) => Self::Full,
            (1, value) => Self::Weak { variable: "sync_binlog", value },
            (value, _) => Self::Weak { variable: "innodb_flush_log_at_trx_commit", value },
        }
    }
}

/// What of the database's own affairs matters to whoever runs the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// How it keeps what it acknowledges.
    pub durability: Durability,
    /// How many connections it allows, to everybody together. `None`: it is a file of ours.
    pub connections: Option<i64>,
    /// What its clock says, in whole seconds. `None`: it is ours.
    pub clock: Option<Timestamp>,
    /// By which clock other programs' rows are written.
    pub foreign_clock: ForeignClock,
}
