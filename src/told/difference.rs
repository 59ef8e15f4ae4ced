//! A difference between a bill and the books, as it is told.

use serde::Serialize;
use utoipa::ToSchema;

use crate::deal::{Difference, Found};
use crate::language::Language;

use super::difference_words::difference_sentence;

/// A difference between WeChat's bill of a day and the books.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToldDifference {
    id: i64,
    /// Of whose bill.
    account: String,
    /// Of which day's bill, in Beijing.
    #[schema(format = Date)]
    date: String,
    /// What differs, for programs.
    kind: &'static str,
    /// What became of it: OPEN, HEALED (the books agree now) or EXPLAINED (a rule, WeChat's signed word or a person says why).
    state: &'static str,
    /// The order's out_trade_no as the bill has it, which may be another system's; null: it is about no order.
    order_id: Option<String>,
    /// WeChat's number of the payment, if it is known.
    transaction_id: Option<String>,
    /// The refund's number, if it is about one.
    refund_id: Option<String>,
    /// What the books say, in fen; of a sum that is wrong, what the lines come to, in its unit; null: nothing.
    ours_fee: Option<i64>,
    /// What the bill says, in fen; of a sum that is wrong, what is stated, in its unit: rows, fen, or 1/100000 yuan of a fee; null: nothing.
    theirs_fee: Option<i64>,
    /// What is the case and what to do, in Chinese, for people.
    sentence: String,
    /// The key whose holder has explained it.
    explained_by: Option<String>,
    /// What they say.
    note: Option<String>,
}

impl From<&Difference> for ToldDifference {
    fn from(difference: &Difference) -> Self {
        let Difference { id, account, day, found, explained_by, note } = difference;
        let Found { kind, state, order_id, transaction_id, refund_id, ours_fee, theirs_fee, .. } = found;
        Self {
            id: *id,
            account: account.to_string(),
            date: day.to_string(),
            kind: kind.as_str(),
            state: state.as_str(),
            order_id: order_id.clone(),
            transaction_id: transaction_id.clone(),
            refund_id: refund_id.clone(),
            ours_fee: *ours_fee,
            theirs_fee: *theirs_fee,
            sentence: difference_sentence(found).read(Language::Chinese).to_owned(),
            explained_by: explained_by.clone(),
            note: note.clone(),
        }
    }
}
