//! Whether a line belongs to the bill: what is of another day, or of another merchant number, stands in another one.

use crate::channel::{Addressee, BillError, BillRow};
use crate::deal::Day;

use super::super::Account;

/// Which lines are the bill's, and how many were not.
pub struct Belonging {
    addressee: Addressee,
    /// Of which day the bill is, where that is said.
    day: Option<Day>,
    /// Payments that are the bill's. Its refunds say nothing of their day, so they do not speak for it.
    payments: u64,
    pub elsewhere: u64,
    is_empty: bool,
}

impl Belonging {
    /// Of the bill of this account's day.
    pub fn of(account: &Account, day: Option<Day>) -> Self {
        Self { addressee: account.addressee(), day, payments: 0, elsewhere: 0, is_empty: true }
    }

    /// Whether this line is the bill's. (Of a refund's day bills of some types say the payment's.)
    pub fn has(&mut self, row: &BillRow) -> bool {
        let (mch_id, sub_mch_id, paid_on) = match row {
            BillRow::Payment(row) => (&row.mch_id, &row.sub_mch_id, Some(Day::of(row.paid_at))),
            BillRow::Refund(row) => (&row.mch_id, &row.sub_mch_id, None),
        };
        let is_ours = *mch_id == self.addressee.mch_id && (self.addressee.sub_mch_id.is_none() || *sub_mch_id == self.addressee.sub_mch_id);
        let is_here = is_ours && (paid_on.is_none() || self.day.is_none() || paid_on == self.day);
        self.is_empty = false;
        if !is_here {
            self.elsewhere += 1;
        } else if paid_on.is_some() {
            self.payments += 1;
        }
        is_here
    }

    /// Whether there was no line at all.
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// A file that has more lines of another bill than payments of this one is another bill.
    pub fn is_this_bill(&self) -> Result<(), BillError> {
        if self.elsewhere > self.payments { Err(BillError::Elsewhere) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refunds_do_not_speak_for_a_bill_whose_payments_are_another_day_s() {
        let judged = |payments, elsewhere| {
            let addressee = Addressee { appid: String::new(), mch_id: "1900000109".to_owned(), sub_mch_id: None };
            Belonging { addressee, day: None, payments, elsewhere, is_empty: false }.is_this_bill()
        };
        assert!(judged(3, 2).is_ok() && judged(0, 0).is_ok());
        assert!(matches!(judged(2, 3), Err(BillError::Elsewhere)));
    }
}
