//! The fund flow: the only place where WeChat tells of a refund that was closed after its day (退款关闭).

use crate::channel::{FedFundFlow, FundFlowRow, MovementKind};
use crate::deal::{AccountId, Finding, Found, RefundId, RefundState};
use crate::store::BookedRefund;

use super::super::Gateway;
use super::ReconcileError;
use super::found::{CLOSED, FoundList, of_file};
use super::missed::of_refund;
use super::pieces::{Pieces, next_row};

/// Closed refunds that are held against the books with one question; there are few.
const BATCH: usize = 100;

/// Adds what a fund flow says otherwise than the books of these accounts. `false`: not all of it can be read.
pub async fn compare(
    gateway: &Gateway,
    accounts: &[AccountId],
    mut pieces: Pieces<'_>,
    found: &mut FoundList,
) -> Result<bool, ReconcileError> {
    let (mut flow, mut closed) = (FedFundFlow::default(), Vec::new());
    while let Some(row) = next_row(&mut flow, &mut pieces).await? {
        match row {
            Ok(row) if row.kind == MovementKind::RefundClosed => closed.push(row),
            Ok(_) => {}
            Err(unreadable) => {
                let subject = format!("fund flow, line {}", unreadable.line);
                found.add(of_file(Finding::Unreadable, subject, format!("fund flow, {unreadable}")));
            }
        }
        if closed.len() == BATCH {
            take(gateway, accounts, &mut closed, found).await?;
        }
    }
    take(gateway, accounts, &mut closed, found).await?;
    let end = flow.end()?;
    for sum in end.summary.iter().flatten().filter(|sum| !sum.agrees()) {
        let file = of_file(Finding::WrongSum, format!("fund flow: {}", sum.name), format!("fund flow: {}", sum.name));
        found.add(Found { ours_fee: Some(sum.counted), theirs_fee: Some(sum.stated), ..file });
    }
    Ok(end.summary.is_some() && end.unreadable == 0)
}

/// Those of ours that stand otherwise are to be asked about; others' are others'.
async fn take(
    gateway: &Gateway,
    accounts: &[AccountId],
    closed: &mut Vec<FundFlowRow>,
    found: &mut FoundList,
) -> Result<(), ReconcileError> {
    let refund_ids: Vec<RefundId> = closed.iter().filter_map(|row| row.voucher.as_ref()?.parse().ok()).collect();
    if refund_ids.is_empty() {
        closed.clear();
        return Ok(());
    }
    let refunds = gateway.store.booked_refunds(refund_ids).await?;
    for row in closed.drain(..) {
        let is_it = |refund: &&BookedRefund| {
            row.voucher.as_deref() == Some(refund.refund_id.as_str())
                && accounts.contains(&refund.account)
                && refund.wechat_refund_id.as_ref().is_none_or(|id| *id == row.business_id)
        };
        let Some(refund) = refunds.iter().find(is_it) else { continue };
        if !matches!(refund.state, RefundState::Closed | RefundState::Abnormal | RefundState::Failed) {
            let subject = format!("{} {CLOSED}", refund.refund_id);
            found.add(Found { subject, detail: Some(CLOSED.to_owned()), ..of_refund(refund) });
        }
    }
    Ok(())
}
