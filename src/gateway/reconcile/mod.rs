//! Holding the books against WeChat's bills.

use std::fs::File;

use crate::deal::{AccountId, Bill, BillSums, Day, Found};

use super::Gateway;

/// Whether a bill that is kept is fetched again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetch {
    /// Only where none is kept.
    IfMissing,
    /// Whatever is kept.
    Again,
}

/// What a file of the merchant's own has come to.
#[derive(Debug)]
pub struct Rehearsal {
    /// The first day.
    pub first: Day,
    /// The last day.
    pub last: Day,
    /// What its lines come to.
    pub sums: BillSums,
    /// All differences.
    pub differences: i64,
    /// Those that are listed.
    pub found: Vec<Found>,
}

/// Why the books were not held against a bill.
#[derive(Debug, thiserror::Error)]
#[error("bills are not read yet")]
pub struct ReconcileError;

impl Gateway {
    /// Holds the books against a day's bill.
    ///
    /// # Errors
    /// Always.
    pub async fn reconcile(&self, _: &AccountId, _: Day, _: Fetch) -> Result<Bill, ReconcileError> {
        Err(ReconcileError)
    }

    /// The same with a file of the merchant's own.
    ///
    /// # Errors
    /// Always.
    pub async fn rehearse(&self, _: &AccountId, _: Option<Day>, _: File) -> Result<Rehearsal, ReconcileError> {
        Err(ReconcileError)
    }
}
