//! A look through a file that was received, before it takes the place of what is known.

use crate::channel::{BillError, Fed, FedBill, FundFlow};
use crate::deal::BillKind;

use super::super::{Account, Gateway};
use super::ReconcileError;
use super::belonging::Belonging;
use super::lease::Lease;
use super::pieces::{Pieces, next_row};

impl Gateway {
    /// Whether a file can be held against the books: it can be read, has its summary, and is this bill.
    pub(super) async fn look_through(&self, account: &Account, lease: &Lease<'_>, kind: BillKind, file: i64) -> Result<(), ReconcileError> {
        let mut pieces = Pieces::kept(&self.store, file);
        let is_whole = match kind {
            BillKind::Trade => {
                let (mut bill, mut of) = (FedBill::default(), Belonging::of(account, Some(lease.bill.day)));
                while let Some(row) = next_row(&mut bill, &mut pieces).await? {
                    row.iter().for_each(|row| _ = of.has(row));
                }
                of.is_this_bill()?;
                if of.is_empty() && self.has_payments(lease).await? {
                    return Err(BillError::NoBillExists.into());
                }
                bill.end()?.is_whole
            }
            BillKind::FundFlow => {
                let mut flow = Fed::<FundFlow>::default();
                while next_row(&mut flow, &mut pieces).await?.is_some() {}
                flow.end()?.is_whole
            }
        };
        if is_whole { Ok(()) } else { Err(BillError::Cut.into()) }
    }
}
