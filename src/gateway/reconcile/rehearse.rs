//! A rehearsal: a file that an operator has from 商户平台 is held against the books. What differs is asked about and healed as ever;
//! neither the file nor the differences are kept.

use std::fs::File;

use crate::deal::{AccountId, BillSums, Day, Found};

use super::super::Gateway;
use super::ReconcileError;
use super::pieces::Pieces;

/// What a file says, and how the books differ.
#[derive(Debug)]
pub struct Rehearsal {
    /// The days that it is about; `None`: it has no lines, and nobody said of which day it is.
    pub days: Option<(Day, Day)>,
    /// What its lines come to.
    pub sums: BillSums,
    /// How many differences there are.
    pub differences: i64,
    /// How many nobody has explained.
    pub open: i64,
    /// Those that are listed.
    pub found: Vec<Found>,
}

impl Gateway {
    /// Holds a file against the books of an account: of one day, or of the days of its lines.
    ///
    /// # Errors
    /// There is no such account, the file is no bill, or the database is not available.
    pub async fn rehearse(&self, account: &AccountId, day: Option<Day>, file: File) -> Result<Rehearsal, ReconcileError> {
        let account = self.accounts.get(account)?;
        let mut compared = self.compare(account, Pieces::File(file), day, Vec::new(), None).await?;
        self.ask_about_differences(&mut compared.found, None).await?;
        Ok(Rehearsal {
            days: compared.days,
            sums: compared.sums,
            differences: compared.found.count(),
            open: compared.found.open(),
            found: compared.found.into_stored().found,
        })
    }
}
