//! Payments of a bill against our deals.

use std::collections::HashMap;

use crate::channel::PaymentRow;
use crate::deal::{DealStatus, DifferenceKind, DifferenceState, Finding, Found, OrderId, transaction_key};
use crate::store::BookedDeal;

use super::ReconcileError;
use super::comparison::Comparison;
use super::found::of_file;

impl Comparison<'_> {
    pub(super) async fn take_payments(&mut self, rows: Vec<(u64, PaymentRow)>) -> Result<(), ReconcileError> {
        if rows.is_empty() {
            return Ok(());
        }
        let order_ids = rows.iter().filter_map(|(_, row)| row.order_id.parse::<OrderId>().ok()).collect();
        let deals = self.gateway.store.booked_deals(order_ids).await?;
        let deals: HashMap<_, _> = deals.iter().map(|deal| (deal.order_id.as_str(), deal)).collect();
        for (line, row) in rows {
            let deal = deals.get(row.order_id.as_str()).copied().filter(|deal| self.accounts.contains(&deal.account));
            match deal.map_or(Some(DifferenceKind::UnknownOrder), |deal| differs(&row, deal)) {
                Some(kind) => {
                    // Whatever is wrong with it, it is there, unless it is another payment of the order.
                    if let Some(deal) = deal.filter(|_| kind != DifferenceKind::SecondTransaction) {
                        self.met_deals.add(deal.id);
                    }
                    let found = self.of_payment(kind, &row, deal);
                    self.found.add_line(line, found);
                }
                None => {
                    let is_repeated = deal.is_some_and(|deal| !self.met_deals.add(deal.id));
                    if is_repeated {
                        self.found.add(repeated(line, &row));
                    }
                }
            }
        }
        Ok(())
    }

    fn of_payment(&self, kind: DifferenceKind, row: &PaymentRow, deal: Option<&BookedDeal>) -> Found {
        let found = Found {
            kind,
            state: DifferenceState::Open,
            finding: None,
            subject: row.transaction_id.clone(),
            order_id: Some(row.order_id.clone()),
            transaction_id: Some(row.transaction_id.clone()),
            refund_id: None,
            // What is not paid has no amount in our books.
            ours_fee: deal.filter(|deal| deal.status == DealStatus::Paid).and_then(|deal| deal.charged).map(|fee| fee.get()),
            theirs_fee: Some(row.total_fee.get()),
            detail: None,
        };
        if deal.is_none() { self.unless_foreign(found) } else { found }
    }

    /// Explains what another system under the same merchant number has sold.
    pub(super) fn unless_foreign(&self, found: Found) -> Found {
        let is_foreign = found.order_id.as_ref().is_some_and(|order_id| self.gateway.terms.bill.is_foreign(order_id));
        if is_foreign { Found { state: DifferenceState::Explained, finding: Some(Finding::Foreign), ..found } } else { found }
    }
}

/// How a payment differs from our deal; `None`: it does not.
fn differs(row: &PaymentRow, deal: &BookedDeal) -> Option<DifferenceKind> {
    if deal.status != DealStatus::Paid || !deal.is_wechats {
        return Some(DifferenceKind::PaidThereOnly);
    }
    match is_paid_by(deal, &row.transaction_id) {
        // Another program has marked it, and did not say by what.
        None => Some(DifferenceKind::PaidThereOnly),
        Some(false) => Some(DifferenceKind::SecondTransaction),
        Some(true) if !row.is_cny || deal.charged != Some(row.total_fee) => Some(DifferenceKind::Amount),
        Some(true) => None,
    }
}

/// Whether a deal is paid by this payment, as WeChat has signed, or as another program says where it has not. `None`: nobody says by which.
fn is_paid_by(deal: &BookedDeal, transaction_id: &str) -> Option<bool> {
    match &deal.transaction_key {
        Some(key) => Some(*key == transaction_key(&deal.account, transaction_id)),
        None => deal.transaction_id.as_ref().map(|ours| ours == transaction_id),
    }
}

fn repeated(line: u64, row: &PaymentRow) -> Found {
    let found = of_file(Finding::Repeated, format!("line {line}"), format!("line {line}"));
    let (order_id, transaction_id) = (Some(row.order_id.clone()), Some(row.transaction_id.clone()));
    Found { order_id, transaction_id, theirs_fee: Some(row.total_fee.get()), ..found }
}
