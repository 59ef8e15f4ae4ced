//! Refunds of a bill against ours. A bill shows a refund as it stood when WeChat accepted it, so how it ended is no difference.

use std::collections::HashMap;

use crate::channel::RefundRow;
use crate::deal::{DifferenceKind, DifferenceState, Finding, Found, OrderId, RefundId};
use crate::store::{BookedDeal, BookedRefund};

use super::ReconcileError;
use super::comparison::Comparison;
use super::found::of_file;

impl Comparison<'_> {
    pub(super) async fn take_refunds(&mut self, rows: Vec<(u64, RefundRow)>) -> Result<(), ReconcileError> {
        if rows.is_empty() {
            return Ok(());
        }
        let refund_ids = rows.iter().filter_map(|(_, row)| row.refund_id.as_ref()?.parse::<RefundId>().ok()).collect();
        let refunds = self.gateway.store.booked_refunds(refund_ids).await?;
        let refunds: HashMap<_, _> = refunds.iter().map(|refund| (refund.refund_id.as_str(), refund)).collect();
        let ours = |row: &RefundRow| row.refund_id.as_deref().and_then(|id| refunds.get(id).copied());
        let order_ids = rows.iter().filter(|(_, row)| ours(row).is_none()).filter_map(|(_, row)| row.order_id.parse::<OrderId>().ok());
        let deals = self.gateway.store.booked_deals(order_ids.collect()).await?;
        let deals: HashMap<_, _> = deals.iter().map(|deal| (deal.order_id.as_str(), deal)).collect();
        for (line, row) in rows {
            let refund = ours(&row).filter(|refund| self.accounts.contains(&refund.account));
            let deal = deals.get(row.order_id.as_str()).copied().filter(|deal| self.accounts.contains(&deal.account));
            match refund {
                None => {
                    let found = self.of_unknown(&row, deal);
                    self.found.add_line(line, found);
                }
                Some(refund) => match differs(&row, refund) {
                    Some(kind) => {
                        // As with payments.
                        if kind == DifferenceKind::RefundAmount {
                            self.met_refunds.add(refund.id);
                        }
                        self.found.add_line(line, Found { ours_fee: Some(refund.fee.get()), ..of_refund(kind, &row) });
                    }
                    None if self.met_refunds.add(refund.id) => {}
                    None => _ = self.found.add(repeated(line, &row)),
                },
            }
        }
        Ok(())
    }

    fn of_unknown(&self, row: &RefundRow, deal: Option<&BookedDeal>) -> Found {
        match deal {
            Some(_) => of_refund(DifferenceKind::RefundThereOnly, row),
            None => self.unless_foreign(of_refund(DifferenceKind::UnknownOrder, row)),
        }
    }
}

/// How a refund differs from ours; `None`: it does not.
fn differs(row: &RefundRow, refund: &BookedRefund) -> Option<DifferenceKind> {
    let is_same = refund.order_id.as_str() == row.order_id
        && refund.transaction_id.as_ref().is_none_or(|ours| *ours == row.transaction_id)
        && refund.wechat_refund_id.is_some()
        && refund.wechat_refund_id == row.wechat_refund_id;
    if !is_same {
        Some(DifferenceKind::RefundThereOnly)
    } else if refund.fee != row.refund_fee || !row.is_cny {
        Some(DifferenceKind::RefundAmount)
    } else {
        None
    }
}

fn of_refund(kind: DifferenceKind, row: &RefundRow) -> Found {
    let number = row.wechat_refund_id.as_ref().or(row.refund_id.as_ref()).unwrap_or(&row.transaction_id);
    Found {
        kind,
        state: DifferenceState::Open,
        finding: None,
        subject: number.clone(),
        order_id: Some(row.order_id.clone()),
        transaction_id: Some(row.transaction_id.clone()),
        refund_id: row.refund_id.clone().or_else(|| row.wechat_refund_id.clone()),
        ours_fee: None,
        theirs_fee: Some(row.refund_fee.get()),
        detail: None,
    }
}

fn repeated(line: u64, row: &RefundRow) -> Found {
    let found = of_refund(DifferenceKind::Summary, row);
    let file = of_file(Finding::Repeated, format!("line {line}"), format!("line {line}"));
    Found { subject: file.subject, finding: file.finding, detail: file.detail, ..found }
}
