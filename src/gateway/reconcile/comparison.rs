//! The comparison: a bill's lines against our books, some hundred at a time, however long it is; and then our books against it.

use crate::channel::{BillEnd, BillRow, FedBill, Kinds, TradeSums, UnreadableLine};
use crate::deal::{AccountId, BillSums, Day, Difference, Finding, Found};

use super::super::{Account, Gateway};
use super::ReconcileError;
use super::belonging::Belonging;
use super::fingerprints::Fingerprints;
use super::first_look::FirstLook;
use super::found::{FoundList, of_file};
use super::lease::Lease;
use super::met::Met;
use super::pieces::{Pieces, next_row};

/// Lines that are held against the books with one question.
const BATCH: usize = 500;
/// What every generation of bills sums up at least.
const FEWEST_SUMS: usize = 4;

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
    /// What of the bill's payments the books have alike.
    pub payments: Fingerprints,
    of: Belonging,
}

impl Gateway {
    /// Holds the books of a day against nothing, which heals nothing: no file was read.
    pub(super) async fn compare_no_lines(
        &self,
        account: &Account,
        day: Day,
        stored: Vec<Difference>,
        lease: &mut Lease<'_>,
    ) -> Result<Compared, ReconcileError> {
        let mut comparison = Comparison::of(self, account, Some(day), stored);
        comparison.look_for_missing(day, day, Kinds::ALL, &mut Some(lease)).await?;
        let (sums, found, days) = (BillSums::default(), comparison.found, Some((day, day)));
        Ok(Compared { sums, found, days, is_whole: true, is_readable: false, is_complete: false, detail: None })
    }

    /// Holds a bill against the books; `day`: it is of this one.
    pub(super) async fn compare(
        &self,
        account: &Account,
        mut pieces: Pieces<'_>,
        day: Option<Day>,
        stored: Vec<Difference>,
        mut lease: Option<&mut Lease<'_>>,
    ) -> Result<Compared, ReconcileError> {
        let FirstLook { days, kinds, is_whole, payments, .. } = FirstLook::at(account, day, &mut pieces, lease.as_deref_mut()).await?;
        let range = day.map(|day| (day, day)).or(days);
        let mut comparison = Comparison { payments, ..Comparison::of(self, account, day, stored) };
        let is_all_met = match range.filter(|_| kinds.payments) {
            Some((first, last)) => comparison.meet_deals(first, last, &mut lease).await?,
            None => false,
        };
        pieces.rewind()?;
        let (mut bill, mut batch) = (FedBill::default(), Vec::with_capacity(BATCH));
        while let Some(row) = next_row(&mut bill, &mut pieces).await? {
            batch.push((bill.line(), row));
            if batch.len() == BATCH {
                comparison.take(&mut batch).await?;
                if let Some(lease) = &mut lease {
                    lease.keep().await?;
                }
            }
        }
        comparison.take(&mut batch).await?;
        let end = bill.end()?;
        let is_readable = is_whole && end.unreadable == 0 && comparison.of.elsewhere == 0;
        let kinds = Kinds { payments: kinds.payments && !is_all_met, ..kinds };
        if let Some((first, last)) = range.filter(|_| is_whole) {
            comparison.look_for_missing(first, last, kinds, &mut lease).await?;
        }
        comparison.add_sums(&end);
        let (sums, days) = (sums(&end.sums), range);
        Ok(Compared { sums, found: comparison.found, days, is_whole, is_readable, is_complete: false, detail: None })
    }
}

impl<'g> Comparison<'g> {
    fn of(gateway: &'g Gateway, account: &'g Account, day: Option<Day>, stored: Vec<Difference>) -> Self {
        Self {
            gateway,
            account: account.id(),
            accounts: gateway.accounts.of_same_merchant(account),
            met_deals: Met::default(),
            met_refunds: Met::default(),
            found: FoundList::beside(stored),
            payments: Fingerprints::of(account.id()),
            of: Belonging::of(account, day),
        }
    }

    async fn take(&mut self, batch: &mut Vec<(u64, Result<BillRow, UnreadableLine>)>) -> Result<(), ReconcileError> {
        let (mut payments, mut refunds) = (Vec::new(), Vec::new());
        for (line, row) in batch.drain(..) {
            match row {
                Ok(row) if !self.of.has(&row) => {
                    self.found.add(of_file(Finding::Elsewhere, format!("line {line}"), format!("line {line}")));
                }
                Ok(BillRow::Payment(row)) if self.payments.read(&row) => {}
                Ok(BillRow::Payment(row)) => payments.push((line, row)),
                Ok(BillRow::Refund(row)) => refunds.push((line, row)),
                Err(unreadable) => {
                    self.found.add(of_file(Finding::Unreadable, format!("line {}", unreadable.line), unreadable.to_string()));
                }
            }
        }
        self.take_payments(payments).await?;
        self.take_refunds(refunds).await
    }

    /// What the file says of itself, and is not so.
    fn add_sums(&mut self, end: &BillEnd<TradeSums>) {
        let summary = end.summary.as_deref().unwrap_or_default();
        if !end.is_whole {
            self.found.add(of_file(Finding::Unreadable, "summary".to_owned(), "no summary".to_owned()));
        } else if summary.len() < FEWEST_SUMS && end.unreadable == 0 {
            self.found.add(of_file(Finding::Unreadable, "summary".to_owned(), "summary".to_owned()));
        }
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
