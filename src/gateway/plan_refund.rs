//! What is next for a refund that is not decided, stored together with what an operator must look at because of it.

use tracing::error;

use crate::channel::Postponed;
use crate::deal::{AlarmKind, Announcement, Refund, Timestamp};
use crate::store::{Event, EventKind, NextRefundStep, Origin, StoreError};

use super::Gateway;

/// What is next for a refund.
#[derive(Debug)]
pub(super) struct Plan {
    pub next: NextRefundStep,
    /// What is raised once it is stored.
    pub alarm: Option<AlarmKind>,
}

/// A refund that is not asked about again by itself has waited for too long.
impl From<NextRefundStep> for Plan {
    fn from(next: NextRefundStep) -> Self {
        Self { alarm: next.due_at.is_none().then_some(AlarmKind::RefundOverdue), next }
    }
}

impl Gateway {
    /// Plans the next step of a refund whose lease is held until `until`.
    pub(super) async fn plan_refund(&self, refund: &Refund, until: Timestamp, plan: Plan, origin: Origin) -> Result<(), StoreError> {
        let Plan { next, alarm } = plan;
        let kind = if refund.is_accepted() { EventKind::RefundLooked } else { EventKind::RefundPostponed };
        let words = next.detail.clone().unwrap_or_else(|| "on its way".to_owned());
        let event = Event {
            detail: Some(format!("{}: {words}", refund.refund_id)),
            announces: alarm.map(Announcement::AlarmRaised).into_iter().collect(),
            ..self.event(&refund.order_id, kind, origin)
        };
        if self.store.plan_refund(refund, until, next, event).await?
            && let Some(alarm) = alarm
        {
            self.metrics.raised(alarm);
            let (order_id, refund_id, account) = (&refund.order_id, &refund.refund_id, &refund.account);
            error!(alarm = alarm.as_str(), %order_id, %refund_id, %account, "{}", sentence(alarm, &words));
        }
        Ok(())
    }
}

/// What an operator must look at when a refund begins to wait for this.
pub(super) fn alarm_of(postponed: Postponed) -> Option<AlarmKind> {
    match postponed {
        Postponed::NotEnough => Some(AlarmKind::RefundNotEnough),
        Postponed::Certificate(_) => Some(AlarmKind::RefundCertificate),
        Postponed::NotAllowed | Postponed::Misconfigured(_) => Some(AlarmKind::RefundNotAllowed),
        Postponed::Later | Postponed::InAMinute => None,
    }
}

fn sentence(alarm: AlarmKind, words: &str) -> String {
    match alarm {
        AlarmKind::RefundMismatch => words.to_owned(),
        AlarmKind::RefundOverdue => {
            "WeChat has not decided a refund for a week; from now on it is asked about on demand only: ask WeChat's support".to_owned()
        }
        _ => format!("{words}; the refund waits, and is sent again by itself"),
    }
}
