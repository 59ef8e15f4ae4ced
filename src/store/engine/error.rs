//! Why a statement was not answered.

use super::cannot_open::Reason;
use super::driver_error::DriverError;

/// Why the database is not available. Whether a statement was carried out is not known then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// The store is not open yet.
    #[error("the database is not available: it is not open yet")]
    Closed,
    /// More waits than can be served in time.
    #[error("the database is not available: too many statements are waiting")]
    Overloaded,
    /// Locks were met, or deadlocks lost, until there was no time left.
    #[error("the database is not available: too much contention")]
    Contended,
    /// Another program holds a table that is looked at or altered.
    #[error("the database is not available: another program holds the table")]
    TableHeld,
    /// No answer in time.
    #[error("the database is not available: no answer in time")]
    TooSlow,
    /// The worker that had it in hand has panicked, or the service stops.
    #[error("the database is not available: its worker is gone")]
    WorkerGone,
    /// The server cannot do it now: read-only after a fail-over, shutting down, disk full.
    #[error("the database is not available: the server cannot write now")]
    CannotWrite(#[source] DriverError),
    /// The server cannot tell of its schema now.
    #[error("the database is not available: the server cannot answer now")]
    CannotAnswer(#[source] DriverError),
    /// The connection is gone.
    #[error("the database is not available: the connection broke")]
    Broken(#[source] DriverError),
    /// There is no connection to be had.
    #[error("the database is not available: {0}")]
    Unreachable(Reason),
}

/// Why a statement was not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// The database is away, too slow or overloaded.
    #[error(transparent)]
    Unavailable(#[from] Cause),
    /// A unique index says that the row exists already.
    #[error("the row exists already")]
    Conflict,
    /// The database refused the statement: a fault of ours, or of the schema.
    #[error("the database refused the statement: {0}")]
    Refused(#[source] DriverError),
}

impl StatementError {
    /// The word under which it is counted.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Refused(_) => "refused",
            Self::Unavailable(cause) => match cause {
                Cause::Closed => "closed",
                Cause::Overloaded => "overloaded",
                Cause::Contended | Cause::TableHeld => "contended",
                Cause::TooSlow => "too_slow",
                Cause::WorkerGone => "worker_gone",
                Cause::CannotWrite(_) | Cause::CannotAnswer(_) => "cannot_write",
                Cause::Broken(_) => "connection_broken",
                Cause::Unreachable(reason) => reason.word(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_has_words_for_labels() {
        let told = DriverError::MySql(1290);
        let causes = [
            Cause::Closed,
            Cause::Overloaded,
            Cause::Contended,
            Cause::TooSlow,
            Cause::WorkerGone,
            Cause::CannotWrite(told.clone()),
            Cause::Broken(told.clone()),
            Cause::Unreachable(Reason::TooManyConnections),
        ];
        let mut words: Vec<_> = causes.map(|cause| StatementError::from(cause).word()).into();
        words.extend([StatementError::Conflict.word(), StatementError::Refused(told).word()]);
        for word in &words {
            assert!(word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{word}");
        }
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count, "each has its own");
    }

    #[test]
    fn a_cause_leads_to_what_the_server_said_by_its_number_alone() {
        let error = StatementError::from(Cause::CannotWrite(DriverError::MySql(1290)));
        assert_eq!(error.to_string(), "the database is not available: the server cannot write now");
        assert_eq!(std::error::Error::source(&error).map(ToString::to_string).as_deref(), Some("error 1290"));
    }
}
