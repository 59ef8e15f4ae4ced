//! The bill that is kept of a day: it is held against the books, what differs is asked about, and what an earlier look has found goes on.

use crate::channel::BillError;
use crate::deal::BillSums;

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
        let stored = self.store.differences_of_bill(lease.bill.id).await?;
        let mut compared = self.compare(account, Pieces::kept(&self.store, file), Some(lease.bill.day), stored, Some(lease)).await?;
        // WeChat makes no file of a day without trades.
        if compared.sums == BillSums::default() && compared.is_readable && self.has_payments(lease).await? {
            return Err(BillError::NoBillExists.into());
        }
        if !compared.is_whole {
            compared.detail = Some(BillError::Cut.to_string());
        }
        self.ask_about_what_is_left(account, lease, note, &mut compared).await?;
        Ok(compared)
    }

    /// The same where WeChat says that there is no bill: what the books have of that day, but for payments, may be explained, and the fund
    /// flow may tell of refunds.
    pub(super) async fn compare_with_nothing(
        &self,
        account: &Account,
        lease: &mut Lease<'_>,
        note: Option<FundFlowNote>,
    ) -> Result<Compared, ReconcileError> {
        let stored = self.store.differences_of_bill(lease.bill.id).await?;
        let mut compared = self.compare_no_lines(account, lease.bill.day, stored, lease).await?;
        self.ask_about_what_is_left(account, lease, note, &mut compared).await?;
        Ok(compared)
    }

    async fn ask_about_what_is_left(
        &self,
        account: &Account,
        lease: &mut Lease<'_>,
        note: Option<FundFlowNote>,
        compared: &mut Compared,
    ) -> Result<(), ReconcileError> {
        let (mut is_readable, mut has_fund_flow) = (compared.is_readable, false);
        if let Some(fund_flow) = lease.bill.fund_flow {
            let accounts = self.accounts.of_same_merchant(account);
            has_fund_flow = fund_flow::compare(self, &accounts, Pieces::kept(&self.store, fund_flow), &mut compared.found).await?;
            is_readable &= has_fund_flow;
        }
        if is_readable {
            compared.found.heal_what_was_not_met(has_fund_flow);
        }
        compared.is_complete = self.ask_about_differences(&mut compared.found, Some(lease)).await? && compared.is_whole;
        // Of a day without trades there need be none.
        if let Some(FundFlowNote { detail, may_come }) = note.filter(|_| compared.sums != BillSums::default()) {
            compared.is_complete &= !may_come;
            compared.detail.get_or_insert(detail);
        }
        Ok(())
    }
}
