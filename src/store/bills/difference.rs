//! Rows of `bill_difference`, and what they mean.

use std::borrow::Cow;

use sha2::{Digest, Sha256};
use tracing::warn;

use crate::deal::{AccountId, Difference, DifferenceKind, DifferenceState, Finding, Found};
use crate::store::columns::cut;

/// Characters that a column for another system's number holds.
const NUMBER: usize = 128;

/// The question for rows of `bill_difference`, with whose bills they are of, in either engine's words.
pub fn select(condition: &str) -> String {
    format!(
        "SELECT found.id AS id, bill.account AS account, bill.day AS day, found.kind AS kind, found.subject AS subject, \
         found.state AS state, found.finding AS finding, found.order_id AS order_id, found.transaction_id AS transaction_id, \
         found.refund_id AS refund_id, found.ours_fee AS ours_fee, found.theirs_fee AS theirs_fee, found.detail AS detail, \
         found.explained_by AS explained_by, found.note AS note \
         FROM bill_difference found JOIN bill ON bill.id = found.bill_id WHERE {condition}"
    )
}

/// Conditions that differences are asked for by.
pub const OF_DAY: &str = "bill.day = ? ORDER BY bill.account, found.kind, found.id";
pub const OF_BILL: &str = "found.bill_id = ? ORDER BY found.kind, found.id";
/// Some of them, and some that are open.
pub const SOME: &str = "found.bill_id = ? AND found.id > ? ORDER BY found.id LIMIT ?";
pub const SOME_OPEN: &str = "found.bill_id = ? AND found.state = 'OPEN' AND found.id > ? ORDER BY found.id LIMIT ?";
pub const OF_ORDER: &str = "found.order_id = ? ORDER BY bill.day, found.id";

/// One row as both engines give it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct DifferenceRow {
    id: i64,
    account: String,
    day: String,
    kind: String,
    subject: String,
    state: String,
    finding: Option<String>,
    order_id: Option<String>,
    transaction_id: Option<String>,
    refund_id: Option<String>,
    ours_fee: Option<i64>,
    theirs_fee: Option<i64>,
    detail: Option<String>,
    explained_by: Option<String>,
    note: Option<String>,
}

impl DifferenceRow {
    /// The difference that the row stands for. `None`, and a line in the log, for one that no program should have written.
    pub fn into_difference(self) -> Option<Difference> {
        let id = self.id;
        let difference = self.read();
        if difference.is_none() {
            warn!(row = id, "a row of bill_difference cannot be read");
        }
        difference
    }

    fn read(self) -> Option<Difference> {
        Some(Difference {
            id: self.id,
            account: AccountId::from_column(Some(self.account)),
            day: self.day.parse().ok()?,
            found: Found {
                kind: DifferenceKind::from_word(&self.kind)?,
                state: DifferenceState::from_word(&self.state)?,
                finding: self.finding.map(|word| Finding::from_word(&word).ok_or(())).transpose().ok()?,
                subject: self.subject,
                order_id: self.order_id,
                transaction_id: self.transaction_id,
                refund_id: self.refund_id,
                ours_fee: self.ours_fee,
                theirs_fee: self.theirs_fee,
                detail: self.detail,
            },
            explained_by: self.explained_by,
            note: self.note,
        })
    }
}

/// The differences of these rows. One that no program should have written hides no other.
pub fn readable(rows: Vec<DifferenceRow>) -> Vec<Difference> {
    rows.into_iter().filter_map(DifferenceRow::into_difference).collect()
}

/// What a bill says is a number, as a column holds it.
pub fn number(text: &str) -> &str {
    cut(text, NUMBER)
}

/// The same for a column that knows ASCII only.
pub fn plain_number(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(number(text));
    }
    Cow::Owned(text.chars().take(NUMBER).map(|c| if c.is_ascii() { c } else { '?' }).collect())
}

/// A subject as the column holds it: of one that is too long the beginning, and what tells it from others that begin so.
pub fn subject(text: &str) -> Cow<'_, str> {
    const BEGINNING: usize = NUMBER - 65;
    if cut(text, NUMBER).len() == text.len() {
        return Cow::Borrowed(text);
    }
    let hash: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    Cow::Owned(format!("{}~{hash}", cut(text, BEGINNING)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_bill_calls_a_number_fits_its_column() {
        let (short, long) = ("订单".repeat(64), "订单".repeat(65));
        assert_eq!((number(&short), number(&long)), (short.as_str(), short.as_str()));
        assert_eq!((plain_number("4200"), plain_number("42单")), ("4200".into(), Cow::<str>::Owned("42?".to_owned())));
        assert_eq!(plain_number(&long), "?".repeat(128));
        assert_eq!((cut("", 3), cut("abc", 3), cut("abcd", 3)), ("", "abc", "abc"));
    }

    #[test]
    fn long_subjects_stay_apart_and_a_shortened_one_stays_as_it_is() {
        let (one, other) = (format!("{}1", "订".repeat(200)), format!("{}2", "订".repeat(200)));
        assert_ne!(subject(&one), subject(&other));
        assert_eq!(subject(&one).chars().count(), 128);
        assert_eq!(subject(&subject(&one)), subject(&one));
        assert_eq!(subject(&"订".repeat(128)), "订".repeat(128));
    }
}
