//! Durability: whether what is acknowledged would survive a power cut, by the server's settings.

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
    pub(in crate::store) fn of(flush: i64, sync: i64) -> Self {
        match (flush, sync) {
            (1, 1) => Self::Full,
            (1, value) => Self::Weak { variable: "sync_binlog", value },
            (value, _) => Self::Weak { variable: "innodb_flush_log_at_trx_commit", value },
        }
    }
}
