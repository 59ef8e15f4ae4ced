//! The comparison: a bill's lines against our books, some hundred at a time, however long it is; and then our books against it.

use crate::channel::{BillEnd, BillRow, FedBill, TradeSums, UnreadableLine};
use crate::deal::{AccountId, BillSums, Day, Finding, Found};

use super::super::{Account, Gateway};
use super::ReconcileError;
use super::found::{FoundList, of_file};
use super::lease::Lease;
use super::met::Met;
use super::pieces::Pieces;

/// Lines that are held against the books with one question.
const BATCH: usize = 500;

/// What came of it.
pub struct Compared {
    pub sums: BillSums,
    pub found: FoundList,
    /// The days of its lines; `None`: it has none.
    pub days: Option<(Day, Day)>,
    /// Whether the file has its summary, so that it was not cut.
    pub is_whole: bool,
    /// Whether each line of it could be read besides, so that what it does not name is not in it.
    pub is_readable: bool,
    /// Whether there is nothing left to ask.
    pub is_complete: bool,
    pub detail: Option<String>,
}

/// What is known while it goes on.
pub struct Comparison<'g> {
    pub gateway: &'g Gateway,
    /// Whose bill it is.
    pub account: &'g AccountId,
    /// Whose deals stand in it.
    pub accounts: Vec<AccountId>,
    pub met_deals: Met,
    pub met_refunds: Met,
    pub found: FoundList,
    days: Option<(Day, Day)>,
}

impl Gateway {
    /// Holds a bill against the books; `day`: it is of this one.
    pub(super) async fn compare(
        &self,
        account: &Account,
        mut pieces: Pieces<'_>,
        day: Option<Day>,
        mut lease: Option<&mut Lease<'_>>,
    ) -> Result<Compared, ReconcileError> {
        let mut comparison = Comparison {
            gateway: self,
            account: account.id(),
            accounts: self.accounts.of_same_merchant(account),
            met_deals: Met::default(),
            met_refunds: Met::default(),
            found: FoundList::default(),
            days: None,
        };
        let (mut bill, mut batch) = (FedBill::default(), Vec::with_capacity(BATCH));
        loop {
            while let Some(row) = bill.next_row()? {
                batch.push((bill.line(), row));
                if batch.len() == BATCH {
                    comparison.take(&mut batch).await?;
                    if let Some(lease) = &mut lease {
                        lease.keep().await?;
                    }
                }
            }
            match pieces.next().await? {
                Some(piece) => bill.feed(piece),
                None if bill.is_closed() => break,
                None => bill.close(),
            }
        }
        comparison.take(&mut batch).await?;
        let end = bill.end()?;
        let is_whole = end.summary.is_some();
        let is_readable = is_whole && end.unreadable == 0;
        let range = day.map(|day| (day, day)).or(comparison.days);
        if let Some((first, last)) = range.filter(|_| is_whole) {
            comparison.look_for_missing(first, last, &mut lease).await?;
        }
        comparison.add_sums(&end);
        let (sums, days) = (sums(&end.sums), range);
        Ok(Compared { sums, found: comparison.found, days, is_whole, is_readable, is_complete: false, detail: None })
    }
}

impl Comparison<'_> {
    async fn take(&mut self, batch: &mut Vec<(u64, Result<BillRow, UnreadableLine>)>) -> Result<(), ReconcileError> {
        let (mut payments, mut refunds) = (Vec::new(), Vec::new());
        for (line, row) in batch.drain(..) {
            let time = match row {
                Ok(BillRow::Payment(payment)) => {
                    let time = payment.paid_at;
                    payments.push((line, payment));
                    time
                }
                Ok(BillRow::Refund(refund)) => {
                    let time = refund.booked_at;
                    refunds.push((line, refund));
                    time
                }
                Err(unreadable) => {
                    self.found.add(of_file(Finding::Unreadable, format!("line {}", unreadable.line), unreadable.to_string()));
                    continue;
                }
            };
            let day = Day::of(time);
            let (first, last) = self.days.unwrap_or((day, day));
            self.days = Some((first.min(day), last.max(day)));
        }
        self.take_payments(payments).await?;
        self.take_refunds(refunds).await
    }

    /// What the file says of itself, and is not so.
    fn add_sums(&mut self, end: &BillEnd<TradeSums>) {
        let Some(summary) = &end.summary else {
            return self.found.add(of_file(Finding::Unreadable, "summary".to_owned(), "the file has no summary: it was cut".to_owned()));
        };
        for sum in summary.iter().filter(|sum| !sum.agrees()) {
            let found = of_file(Finding::WrongSum, sum.name.to_owned(), sum.name.to_owned());
            self.found.add(Found { ours_fee: Some(sum.counted), theirs_fee: Some(sum.stated), ..found });
        }
    }
}

fn sums(sums: &TradeSums) -> BillSums {
    let TradeSums { payments, refunds, total_fee, refund_fee, fee, .. } = *sums;
    BillSums { payments, paid_fee: total_fee, refunds, refunded_fee: refund_fee, fee }
}
