//! Rows of `bill`, and what they mean.

use tracing::warn;

use crate::deal::{AccountId, Bill, BillState, BillSums, Day, Timestamp};
use crate::store::columns::time;

/// What came of a bill when it was last asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BillOutcome {
    /// The books were held against it.
    Compared,
    /// There is none, and the books have nothing on that day.
    NoTrades,
    /// It was not to be had, or there is none although the books have something.
    Missing,
}

impl BillOutcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Compared, Self::NoTrades, Self::Missing];

    /// The word in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compared => "compared",
            Self::NoTrades => "no_trades",
            Self::Missing => "missing",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }
}

/// A bill as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBill {
    /// The row's number.
    pub id: i64,
    /// Whose.
    pub account: AccountId,
    /// Of which day.
    pub day: Day,
    /// When it is next asked for, or the lease on it is over; `None`: it is not any more.
    pub due_at: Option<Timestamp>,
    /// What came of it last; `None`: it was not asked for yet.
    pub outcome: Option<BillOutcome>,
    /// The file that is kept of it.
    pub file: Option<i64>,
    /// The fund flow's.
    pub fund_flow: Option<i64>,
    /// What its lines come to.
    pub sums: BillSums,
    /// All differences that were found.
    pub differences: i64,
    /// How many of them are not listed and open.
    pub unlisted: i64,
    /// Why it is missing.
    pub detail: Option<String>,
    /// When that came of it.
    pub at: Option<Timestamp>,
}

impl StoredBill {
    /// How the books stand to it when so many of the differences that are listed are open. Of those that are not listed nobody has
    /// explained one.
    pub fn with_open(self, listed: i64) -> Bill {
        let open = listed + self.unlisted;
        let state = match self.outcome {
            Some(BillOutcome::Compared) if open > 0 => BillState::Different,
            Some(BillOutcome::Compared) => BillState::Agreed,
            Some(BillOutcome::NoTrades) => BillState::NoTrades,
            Some(BillOutcome::Missing) | None => BillState::Missing,
        };
        let Self { id, account, day, sums, differences, detail, at, .. } = self;
        Bill { id, account, day, state, sums, differences, open, detail, at }
    }
}

/// The columns of a [`BillRow`].
pub const COLUMNS: &str = "\
    bill.id AS id, bill.account AS account, bill.day AS day, CAST(bill.due_at AS CHAR(19)) AS due_at, bill.outcome AS outcome, \
    bill.file_id AS file_id, bill.fund_flow_id AS fund_flow_id, bill.payments AS payments, bill.paid_fee AS paid_fee, \
    bill.refunds AS refunds, bill.refunded_fee AS refunded_fee, bill.fee AS fee, bill.differences AS differences, \
    bill.unlisted AS unlisted, bill.detail AS detail, CAST(bill.at AS CHAR(19)) AS at";

/// The question for rows of `bill`, in either engine's words.
pub fn select(condition: &str) -> String {
    format!("SELECT {COLUMNS} FROM bill WHERE {condition}")
}

/// One row as both engines give it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct BillRow {
    id: i64,
    account: String,
    day: String,
    due_at: Option<String>,
    outcome: Option<String>,
    file_id: Option<i64>,
    fund_flow_id: Option<i64>,
    payments: i64,
    paid_fee: i64,
    refunds: i64,
    refunded_fee: i64,
    fee: i64,
    differences: i64,
    unlisted: i64,
    detail: Option<String>,
    at: Option<String>,
}

impl BillRow {
    /// The bill that the row stands for. `None`, and a line in the log, for one that no program should have written.
    pub fn into_bill(self) -> Option<StoredBill> {
        let id = self.id;
        let bill = self.read();
        if bill.is_none() {
            warn!(row = id, "a row of bill cannot be read");
        }
        bill
    }

    fn read(self) -> Option<StoredBill> {
        Some(StoredBill {
            id: self.id,
            account: AccountId::from_column(Some(self.account)),
            day: self.day.parse().ok()?,
            due_at: time(self.due_at),
            outcome: self.outcome.map(|word| BillOutcome::from_word(&word).ok_or(())).transpose().ok()?,
            file: self.file_id,
            fund_flow: self.fund_flow_id,
            sums: BillSums {
                payments: self.payments,
                paid_fee: self.paid_fee,
                refunds: self.refunds,
                refunded_fee: self.refunded_fee,
                fee: self.fee,
            },
            differences: self.differences,
            unlisted: self.unlisted,
            detail: self.detail,
            at: time(self.at),
        })
    }
}

/// The bills of these rows. One that no program should have written hides no other.
pub fn readable(rows: Vec<BillRow>) -> Vec<StoredBill> {
    rows.into_iter().filter_map(BillRow::into_bill).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bill(outcome: Option<BillOutcome>, unlisted: i64) -> StoredBill {
        StoredBill {
            id: 1,
            account: AccountId::default(),
            day: "2026-11-25".parse().unwrap(),
            due_at: None,
            outcome,
            file: None,
            fund_flow: None,
            sums: BillSums::default(),
            differences: 7,
            unlisted,
            detail: None,
            at: None,
        }
    }

    #[test]
    fn the_books_agree_when_no_difference_is_open_and_all_are_listed() {
        let stands = |outcome, unlisted, open| {
            let bill = bill(outcome, unlisted).with_open(open);
            (bill.state, bill.open)
        };
        assert_eq!(stands(Some(BillOutcome::Compared), 0, 0), (BillState::Agreed, 0));
        assert_eq!(stands(Some(BillOutcome::Compared), 0, 2), (BillState::Different, 2));
        assert_eq!(stands(Some(BillOutcome::Compared), 5, 0), (BillState::Different, 5));
        assert_eq!(stands(Some(BillOutcome::NoTrades), 0, 0), (BillState::NoTrades, 0));
        assert_eq!([Some(BillOutcome::Missing), None].map(|outcome| stands(outcome, 0, 0).0), [BillState::Missing; 2]);
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        assert!(BillOutcome::ALL.into_iter().all(|outcome| BillOutcome::from_word(outcome.as_str()) == Some(outcome)));
        assert_eq!(BillOutcome::from_word("COMPARED"), None);
    }
}
