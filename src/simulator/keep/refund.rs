//! A refund as the file holds it.

use chrono::DateTime;
use serde::{Deserialize, Serialize};

use crate::deal::{Fen, Timestamp};

use super::super::orders::{Attempt, OrderKey};
use super::super::refunds::{RefundSource, RefundState, SimRefund};

/// A refund. Times are milliseconds since 1970, amounts fen.
#[derive(PartialEq, Serialize, Deserialize)]
pub struct KeptRefund {
    order: OrderKey,
    out_refund_no: String,
    refund_id: String,
    refund_fee: i64,
    state: String,
    source: String,
    notify_url: Option<String>,
    accepted_at: i64,
    decided_at: Option<i64>,
    attempts: Vec<Attempt>,
    parameters: Vec<(String, String)>,
    /// When it comes to its end by itself; none of one that is decided.
    due: Option<i64>,
}

impl KeptRefund {
    /// A refund that comes to its end at `due`, unless it is decided.
    pub fn of(refund: &SimRefund, due: Option<&Timestamp>) -> Self {
        Self {
            order: refund.order.clone(),
            out_refund_no: refund.out_refund_no.clone(),
            refund_id: refund.refund_id.clone(),
            refund_fee: refund.refund_fee.get(),
            state: refund.state.as_str().to_owned(),
            source: refund.source.as_str().to_owned(),
            notify_url: refund.notify_url.clone(),
            accepted_at: refund.accepted_at.timestamp_millis(),
            decided_at: refund.decided_at.as_ref().map(Timestamp::timestamp_millis),
            attempts: refund.attempts.clone(),
            parameters: refund.parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            due: due.map(Timestamp::timestamp_millis),
        }
    }

    /// The refund, and when it comes to its end if that is still to be; none where the file was written by another hand.
    pub fn into_refund(self) -> Option<(SimRefund, Option<Timestamp>)> {
        let due = self.due.and_then(DateTime::from_timestamp_millis);
        let refund = SimRefund {
            order: self.order,
            out_refund_no: self.out_refund_no,
            refund_id: self.refund_id,
            refund_fee: Fen::new(self.refund_fee)?,
            state: RefundState::from_word(&self.state)?,
            source: RefundSource::from_word(&self.source)?,
            notify_url: self.notify_url,
            accepted_at: DateTime::from_timestamp_millis(self.accepted_at)?,
            decided_at: self.decided_at.and_then(DateTime::from_timestamp_millis),
            attempts: self.attempts,
            parameters: self.parameters.into_iter().collect(),
        };
        Some((refund, due))
    }
}
