//! The audit trail: who did what in the console.

use super::{OrderId, Role, Timestamp};

/// What a user of the console has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditAction {
    /// Logged in.
    Login,
    /// Logged out.
    Logout,
    /// Asked for a refund.
    Refund,
    /// Asked for an order to be closed.
    Close,
    /// Had WeChat asked about an order.
    Ask,
    /// Had an event posted to an endpoint again.
    Resend,
    /// Let an endpoint that had said no more be delivered to again.
    ResumeEndpoint,
    /// Answered an alarm.
    AnswerAlarm,
    /// Explained a difference between a bill and the books.
    ExplainDifference,
}

impl AuditAction {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Login,
        Self::Logout,
        Self::Refund,
        Self::Close,
        Self::Ask,
        Self::Resend,
        Self::ResumeEndpoint,
        Self::AnswerAlarm,
        Self::ExplainDifference,
    ];

    /// The word in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Logout => "logout",
            Self::Refund => "refund",
            Self::Close => "close",
            Self::Ask => "ask",
            Self::Resend => "resend",
            Self::ResumeEndpoint => "resume_endpoint",
            Self::AnswerAlarm => "answer_alarm",
            Self::ExplainDifference => "explain_difference",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }
}

/// Something that a user is doing: about to be stored together with it, or before WeChat is called for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAudit {
    /// Who.
    pub user: String,
    /// What the user may do.
    pub role: Role,
    /// What.
    pub action: AuditAction,
    /// About which order, if about one.
    pub order_id: Option<OrderId>,
    /// The refund, endpoint, alarm or difference that it is done to.
    pub subject: Option<String>,
    /// Amount, reason, note.
    pub detail: Option<String>,
    /// From which address.
    pub address: String,
    /// When.
    pub at: Timestamp,
}

impl NewAudit {
    /// The same, about an order.
    #[must_use]
    pub fn of_order(self, order_id: &OrderId) -> Self {
        Self { order_id: Some(order_id.clone()), ..self }
    }

    /// The same, done to this.
    #[must_use]
    pub fn to(self, subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), ..self }
    }

    /// The same with amount, reason or note.
    #[must_use]
    pub fn with(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}

/// One row of the trail as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The row's number.
    pub id: i64,
    /// Who.
    pub user: String,
    /// What the user might do then; `None` if a later version wrote it.
    pub role: Option<Role>,
    /// What; `None` if a later version wrote it.
    pub action: Option<AuditAction>,
    /// About which order. It may be one of another form than ours.
    pub order_id: Option<String>,
    /// What it was done to.
    pub subject: Option<String>,
    /// Amount, reason, note.
    pub detail: Option<String>,
    /// From which address.
    pub address: String,
    /// When.
    pub at: Timestamp,
}

/// Which rows of the trail are wanted, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditWish {
    /// Of this user alone.
    pub user: Option<String>,
    /// About this order alone.
    pub order_id: Option<String>,
    /// Older than this row.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for action in AuditAction::ALL {
            assert_eq!(AuditAction::from_word(action.as_str()), Some(action));
        }
        assert_eq!(AuditAction::from_word("Refund"), None);
    }
}
