//! The first reading of a bill: whether it is one, whose and of which days, and which payments it has.

use crate::channel::{BillRow, FedBill, Kinds};
use crate::deal::Day;

use super::super::Account;
use super::ReconcileError;
use super::belonging::Belonging;
use super::fingerprints::Fingerprints;
use super::lease::Lease;
use super::pieces::{Pieces, next_row};

/// Lines behind which a lease is looked at.
const STRETCH: u64 = 10_000;

/// What it tells.
pub struct FirstLook {
    /// The days of its lines; `None`: it has none that is its own.
    pub days: Option<(Day, Day)>,
    /// Which kinds of lines it can have.
    pub kinds: Kinds,
    /// Whether the file has its summary, so that it was not cut.
    pub is_whole: bool,
    /// Whether there is no line, not even one that cannot be read.
    pub is_empty: bool,
    /// Its payments.
    pub payments: Fingerprints,
}

impl FirstLook {
    /// Reads a bill of this account's, of that day where one is said.
    ///
    /// # Errors
    /// It is none, or another one.
    pub async fn at(
        account: &Account,
        day: Option<Day>,
        pieces: &mut Pieces<'_>,
        mut lease: Option<&mut Lease<'_>>,
    ) -> Result<Self, ReconcileError> {
        let (mut bill, mut of, mut days) = (FedBill::default(), Belonging::of(account, day), None);
        let mut payments = Fingerprints::of(account.id());
        while let Some(row) = next_row(&mut bill, pieces).await? {
            if let Some(row) = row.ok().filter(|row| of.has(row)) {
                let day = day_of(&row);
                let (first, last) = days.unwrap_or((day, day));
                days = Some((first.min(day), last.max(day)));
                if let BillRow::Payment(row) = &row {
                    payments.add(row);
                }
            }
            if let Some(lease) = lease.as_mut().filter(|_| bill.line() % STRETCH == 0) {
                lease.keep().await?;
            }
        }
        let kinds = bill.kinds();
        let end = bill.end()?;
        of.is_this_bill()?;
        payments.close();
        Ok(Self { days, kinds, is_whole: end.is_whole, is_empty: of.is_empty() && end.unreadable == 0, payments })
    }
}

/// Of which day a line is. (Of a refund's payment, which may be old, is what a bill of refunds says first.)
fn day_of(row: &BillRow) -> Day {
    match row {
        BillRow::Payment(row) => Day::of(row.paid_at),
        BillRow::Refund(row) => Day::of(row.requested_at.unwrap_or(row.booked_at)),
    }
}
