//! Why the store could not do it.

use super::cannot_open::CannotOpen;
use super::row::ImpossibleRow;

/// Why the store could not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// It cannot be opened.
    #[error("{0}")]
    CannotOpen(#[from] CannotOpen),
    /// The database is away, too slow or overloaded. Whether the statement was carried out is unknown.
    #[error("the database is not available: {0}")]
    Unavailable(&'static str),
    /// A unique index says that the row exists already.
    #[error("the row exists already")]
    Conflict,
    /// A row holds what no program should have written.
    #[error("{0}")]
    ImpossibleRow(#[from] ImpossibleRow),
    /// The database refused the statement: a fault of ours, or of the schema.
    #[error("the database refused the statement: {0}")]
    Refused(String),
    /// The schema lacks steps that this version takes.
    #[error("{0}")]
    NotMigrated(#[from] NotMigrated),
    /// The schema is not one that this service can work with; what is wrong, by the tables' whole names.
    #[error("{0}")]
    WrongSchema(String),
}

/// The schema lacks steps that this version takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{database}: its schema lacks {}; `wechat-pay migrate`, or the next start of the service, takes these steps", .steps.join(", "))]
pub struct NotMigrated {
    /// Which database.
    pub database: String,
    /// The steps.
    pub steps: Vec<&'static str>,
}

impl StoreError {
    /// Whether the database is away or not ready yet, which is no fault of the program's.
    pub fn is_unavailability(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::CannotOpen(_) | Self::NotMigrated(_) => true,
            Self::Conflict | Self::ImpossibleRow(_) | Self::Refused(_) | Self::WrongSchema(_) => false,
        }
    }

    /// Whether it may be over in a while, without anybody doing anything about the configuration.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::CannotOpen(error) => !error.lasts(),
            Self::Unavailable(_) => true,
            Self::Conflict | Self::ImpossibleRow(_) | Self::Refused(_) | Self::NotMigrated(_) | Self::WrongSchema(_) => false,
        }
    }
}
