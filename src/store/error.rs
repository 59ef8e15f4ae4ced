//! Why the store could not do it.

use super::deals::row::ImpossibleRow;
use super::engine::cannot_open::CannotOpen;
use super::engine::driver_error::DriverError;
use super::engine::error::{Cause, StatementError};
use super::engine::failure::Failure;
use super::refunds::row::ImpossibleRefund;

/// Why the store could not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// It cannot be opened.
    #[error(transparent)]
    CannotOpen(#[from] CannotOpen),
    /// The database is away, too slow or overloaded. Whether the statement was carried out is not known.
    #[error(transparent)]
    Unavailable(#[from] Cause),
    /// A unique index says that the row exists already.
    #[error("the row exists already")]
    Conflict,
    /// A row holds what no program should have written.
    #[error(transparent)]
    ImpossibleRow(#[from] ImpossibleRow),
    /// The same of a refund's.
    #[error(transparent)]
    ImpossibleRefund(#[from] ImpossibleRefund),
    /// The database refused a statement: a fault of ours, or of the schema.
    #[error("the database refused the statement: {0}")]
    Refused(#[source] Refused),
    /// The schema lacks steps that this version takes.
    #[error(transparent)]
    NotMigrated(#[from] NotMigrated),
    /// The schema is not one that this service can work with; what is wrong, by the tables' whole names.
    #[error("{0}")]
    WrongSchema(String),
}

/// What the database said no to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A statement of the service. Only the number is told: the server's words may quote values.
    #[error("{0}")]
    Statement(#[source] DriverError),
    /// A look at the schema, in the server's words.
    #[error("{0}")]
    Look(String),
    /// A step of the schema, in the server's words.
    #[error("a migration failed: {0}")]
    Migration(String),
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

impl From<StatementError> for StoreError {
    fn from(error: StatementError) -> Self {
        match error {
            StatementError::Unavailable(cause) => Self::Unavailable(cause),
            StatementError::Conflict => Self::Conflict,
            StatementError::Refused(told) => Self::Refused(Refused::Statement(told)),
        }
    }
}

impl StoreError {
    /// Whether the database is away or not ready yet, which is no fault of the program's.
    pub fn is_unavailability(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::CannotOpen(_) | Self::NotMigrated(_) => true,
            Self::Conflict | Self::ImpossibleRow(_) | Self::ImpossibleRefund(_) | Self::Refused(_) | Self::WrongSchema(_) => false,
        }
    }

    /// Whether the server is there, and lets nobody change the schema now: another program holds a table, a node of a cluster is without
    /// the others, a copy takes no changes.
    pub fn is_held_up(&self) -> bool {
        matches!(self, Self::Unavailable(Cause::TableHeld | Cause::CannotWrite(_) | Cause::CannotAnswer(_)))
    }

    /// Whether it may be over in a while, without an operator doing anything about the configuration.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::CannotOpen(error) => !error.lasts(),
            Self::Unavailable(_) => true,
            Self::Conflict
            | Self::ImpossibleRow(_)
            | Self::ImpossibleRefund(_)
            | Self::Refused(_)
            | Self::NotMigrated(_)
            | Self::WrongSchema(_) => false,
        }
    }
}

/// A look at the schema without which the store cannot be opened, and which failed: whatever the server said (another
/// instance alters the table, say), it may pass, and is looked at again.
pub fn not_yet(error: &sqlx::Error) -> StoreError {
    match not_told(error) {
        StoreError::Refused(_) => Cause::CannotAnswer(DriverError::from(error)).into(),
        told => told,
    }
}

/// What a look at the schema that failed may tell: the driver's own words could show rows.
pub fn not_told(error: &sqlx::Error) -> StoreError {
    match (Failure::of(error), error.as_database_error()) {
        (_, None) => Cause::Broken(DriverError::from(error)).into(),
        (Failure::Contention | Failure::TakenBack, _) => Cause::TableHeld.into(),
        (Failure::Broken(told), _) => Cause::Broken(told).into(),
        (Failure::Unable(told), _) => Cause::CannotAnswer(told).into(),
        (_, Some(database)) => StoreError::Refused(Refused::Look(database.message().to_owned())),
    }
}
