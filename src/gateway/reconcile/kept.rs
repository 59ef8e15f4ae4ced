//! The bill that is kept of a day: it is held against the books, what differs is asked about, and what an earlier look has found goes on.

use crate::channel::BillError;

use super::super::{Account, Gateway};
use super::comparison::Compared;
use super::fetch::FundFlowNote;
use super::lease::Lease;
use super::pieces::Pieces;
use super::{ReconcileError, fund_flow};

impl Gateway {
    /// Holds the bill that is kept against the books, asks about what differs, and says what is left.
    pub(super) async fn compare_kept(
        &self,
        account: &Account,
        lease: &mut Lease<'_>,
        note: Option<FundFlowNote>,
    ) -> Result<Compared, ReconcileError> {
        let file = lease.bill.file.ok_or(BillError::NoBillExists)?;
        let mut compared = self.compare(account, Pieces::kept(&self.store, file), Some(lease.bill.day), Some(lease)).await?;
        if let Some(fund_flow) = lease.bill.fund_flow {
            fund_flow::compare(self, Pieces::kept(&self.store, fund_flow), &mut compared.found).await?;
        }
        compared.found.carry(self.store.differences_of_bill(lease.bill.id).await?, compared.is_readable);
        compared.is_complete = compared.is_whole && self.ask_about_differences(&mut compared.found, Some(lease)).await?;
        if let Some(FundFlowNote { detail, may_come }) = note {
            (compared.detail, compared.is_complete) = (Some(detail), compared.is_complete && !may_come);
        }
        if !compared.is_whole {
            compared.detail = Some("the file has no summary: it was cut".to_owned());
        }
        Ok(compared)
    }
}
