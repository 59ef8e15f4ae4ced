//! A look through a file that was received, before it takes the place of what is known.

use crate::channel::{BillError, Fed, FundFlow};
use crate::deal::BillKind;

use super::super::{Account, Gateway};
use super::ReconcileError;
use super::first_look::FirstLook;
use super::lease::Lease;
use super::pieces::{Pieces, next_row};

impl Gateway {
    /// Whether a file can be held against the books: it can be read, has its summary, and is this bill.
    pub(super) async fn look_through(
        &self,
        account: &Account,
        lease: &mut Lease<'_>,
        kind: BillKind,
        file: i64,
    ) -> Result<(), ReconcileError> {
        let mut pieces = Pieces::kept(&self.store, file);
        let is_whole = match kind {
            BillKind::Trade => {
                let look = FirstLook::at(account, Some(lease.bill.day), &mut pieces, Some(lease)).await?;
                if look.is_empty && self.has_payments(lease).await? {
                    return Err(BillError::NoBillExists.into());
                }
                look.is_whole
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
