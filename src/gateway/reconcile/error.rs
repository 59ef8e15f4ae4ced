//! Why the books could not be held against a bill.

use crate::channel::BillError;
use crate::store::StoreError;

use super::super::NoAccount;

/// Why the books could not be held against a bill.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The configuration lacks the account.
    #[error("{0}")]
    NoAccount(#[from] NoAccount),
    /// The bill is not to be had, or cannot be read.
    #[error("{0}")]
    Bill(#[from] BillError),
    /// Another instance is at it.
    #[error("another instance is at this bill")]
    TakenOver,
    /// The database is not available.
    #[error("{0}")]
    Store(#[from] StoreError),
}
