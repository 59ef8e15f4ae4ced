//! Refunds as they are stored, and what may become of a row (invariants 12 and 13).

use std::collections::BTreeMap;

use chrono::TimeDelta;
use sqlx::SqliteConnection;
use wechat_pay::channel::{Misconfiguration, Postponed};
use wechat_pay::deal::{AccountId, RefundState, Timestamp};

use super::invariants::time;

/// For so long WeChat is not asked again with a client certificate that it has not taken.
const UNMENDED: TimeDelta = TimeDelta::hours(1);
const A_MINUTE: TimeDelta = TimeDelta::minutes(1);
/// For so long it is not sent again at most, unless an operator has to mend something.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(10);

/// A refund as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RefundRow {
    pub refund_id: String,
    pub order_id: String,
    pub account: AccountId,
    pub transaction_id: Option<String>,
    pub fee: i64,
    pub asked: Option<i64>,
    pub is_of_second_payment: bool,
    pub state: RefundState,
    pub reason: Option<String>,
    pub source: String,
    pub wechat_refund_id: Option<String>,
    pub key: Option<String>,
    pub request: Option<String>,
    pub evidence: Option<String>,
    pub accepted_at: Option<Timestamp>,
    pub due_at: Option<Timestamp>,
    /// Why it waits.
    detail: Option<String>,
    refused_certificate: Option<String>,
    sent_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Stored {
    refund_id: String,
    order_id: String,
    account: Option<String>,
    transaction_id: Option<String>,
    refund_fee: i64,
    asked_fee: Option<i64>,
    of_second_payment: i64,
    state: String,
    reason: Option<String>,
    source: String,
    wechat_refund_id: Option<String>,
    idempotency_key: Option<String>,
    request: Option<String>,
    evidence: Option<String>,
    accepted_at: Option<String>,
    due_at: Option<String>,
    detail: Option<String>,
    refused_certificate: Option<String>,
    sent_at: Option<String>,
}

impl From<Stored> for RefundRow {
    fn from(stored: Stored) -> Self {
        Self {
            account: AccountId::from_column(stored.account),
            state: RefundState::from_word(&stored.state).unwrap_or_else(|| panic!("an unknown state: {}", stored.state)),
            refund_id: stored.refund_id,
            order_id: stored.order_id,
            transaction_id: stored.transaction_id,
            fee: stored.refund_fee,
            asked: stored.asked_fee,
            is_of_second_payment: stored.of_second_payment == 1,
            reason: stored.reason,
            source: stored.source,
            wechat_refund_id: stored.wechat_refund_id,
            key: stored.idempotency_key,
            request: stored.request,
            evidence: stored.evidence,
            accepted_at: stored.accepted_at.map(time),
            due_at: stored.due_at.map(time),
            detail: stored.detail,
            refused_certificate: stored.refused_certificate,
            sent_at: stored.sent_at.map(time),
        }
    }
}

impl RefundRow {
    /// All of them, by number.
    pub async fn read(conn: &mut SqliteConnection) -> BTreeMap<String, Self> {
        const ROWS: &str = "SELECT refund_id, order_id, account, transaction_id, refund_fee, asked_fee, of_second_payment, state, reason, \
            source, wechat_refund_id, idempotency_key, request, evidence, accepted_at, due_at, detail, refused_certificate, sent_at FROM refund";
        let stored: Vec<Stored> = sqlx::query_as(ROWS).fetch_all(conn).await.unwrap();
        stored.into_iter().map(Self::from).map(|row| (row.refund_id.clone(), row)).collect()
    }

    /// Whether WeChat has taken it, so that it is asked about and sent no more.
    pub fn is_accepted(&self) -> bool {
        self.wechat_refund_id.is_some()
    }

    pub fn is_undecided(&self) -> bool {
        self.state == RefundState::Processing
    }

    /// Whether others made it.
    pub fn is_by_others(&self) -> bool {
        self.source == "platform"
    }

    /// What takes a part of what the deal's own payment has left, in fen.
    pub fn held(&self) -> i64 {
        if self.state.holds_amount() && !self.is_of_second_payment { self.fee } else { 0 }
    }

    /// What may become of it by now.
    pub fn may_become(&self, after: &Self, now: Timestamp) {
        let fixed = |row: &Self| {
            let Self {
                refund_id, order_id, account, transaction_id, fee, asked, is_of_second_payment, reason, source, key, request, ..
            } = row;
            let whose = (refund_id.clone(), order_id.clone(), account.clone(), transaction_id.clone(), key.clone(), request.clone());
            (whose, *fee, *asked, *is_of_second_payment, reason.clone(), source.clone())
        };
        assert_eq!(fixed(self), fixed(after), "invariant 12: a refund is another one");
        let lawful = self.state == after.state || self.state.may_become(after.state);
        assert!(lawful, "invariant 13: {self:?} became {after:?}");
        assert!(!self.is_accepted() || self.wechat_refund_id == after.wechat_refund_id, "invariant 13: {self:?} became {after:?}");
        if after.state == RefundState::Failed && self.state != after.state {
            after.is_refused_for_good();
        }
        if after.is_accepted() || !after.is_undecided() || self.due_at == after.due_at {
            return;
        }
        // Otherwise it was due, and is taken.
        if self.due_at.is_some_and(|due| due > now) {
            after.waits_long_enough();
        }
    }

    /// What may pass, or can be mended, is no refusal for good.
    fn is_refused_for_good(&self) {
        const PASSING: [&str; 7] =
            ["BIZERR_NEED_RETRY", "FREQUENCY_LIMITED", "INVALID_REQ_TOO_MUCH", "NOTENOUGH", "ORDER_NOT_READY", "NOAUTH", "CERT_ERROR"];
        let why = self.detail.as_deref().unwrap_or_default();
        assert!(!PASSING.iter().any(|code| why.starts_with(code)), "given up, and it may still be had: {self:?}");
    }

    /// Where WeChat asks for patience, it gets it; otherwise the refund goes out soon.
    fn waits_long_enough(&self) {
        let waits_for = |postponed: Postponed| self.detail == Some(postponed.to_string());
        let signature = Postponed::Misconfigured(Misconfiguration::Signature);
        let is_to_be_mended = self.refused_certificate.is_some() || waits_for(Postponed::NotAllowed) || waits_for(signature);
        let least = if is_to_be_mended {
            UNMENDED
        } else if waits_for(Postponed::InAMinute) {
            A_MINUTE
        } else {
            TimeDelta::zero()
        };
        let most = if is_to_be_mended { UNMENDED } else { LONGEST_PAUSE };
        let pause = self.due_at.zip(self.sent_at).map(|(due, sent)| due - sent);
        assert!(pause.is_some_and(|pause| (least..=most).contains(&pause)), "sent again after {pause:?}, not {least} to {most}: {self:?}");
    }
}
