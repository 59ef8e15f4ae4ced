//! Rows of `alarm`, and what they mean.

use crate::deal::{AccountId, Alarm, AlarmKind, Answer, Resolution, Resolved, Timestamp};
use crate::store::columns::time;

/// The question for rows of `alarm`, read by this index if one is named.
pub fn select(index: &str, condition: &str) -> String {
    format!(
        "SELECT id, kind, order_id, account, detail, CAST(at AS CHAR(19)) AS at, CAST(answered_at AS CHAR(19)) AS answered_at, \
         answered_by, note, CAST(resolved_at AS CHAR(19)) AS resolved_at, resolved_by FROM alarm {index} WHERE {condition}"
    )
}

/// One row as both engines give it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct AlarmRow {
    id: i64,
    kind: String,
    order_id: Option<String>,
    account: Option<String>,
    detail: Option<String>,
    at: String,
    answered_at: Option<String>,
    answered_by: Option<String>,
    note: Option<String>,
    resolved_at: Option<String>,
    resolved_by: Option<String>,
}

impl From<AlarmRow> for Alarm {
    fn from(row: AlarmRow) -> Self {
        let answer = |at| Answer { at, by: row.answered_by.unwrap_or_default(), note: row.note.unwrap_or_default() };
        let resolved = |at| Resolved { at, by: row.resolved_by.as_deref().and_then(Resolution::from_word) };
        Self {
            id: row.id,
            kind: AlarmKind::from_word(&row.kind),
            order_id: row.order_id.and_then(|order_id| order_id.parse().ok()),
            account: AccountId::from_column(row.account),
            detail: row.detail,
            at: time(Some(row.at)).unwrap_or(Timestamp::UNIX_EPOCH),
            answered: time(row.answered_at).map(answer),
            resolved: time(row.resolved_at).map(resolved),
        }
    }
}
