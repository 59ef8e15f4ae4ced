//! Announcements: what the merchant's back ends are to be told of a change. They are stored with the change's entry in the journal,
//! and become events of the outbox once that is committed.

use std::fmt;
use std::str::FromStr;

use super::{AlarmKind, RefundId, RefundState};

/// What there is to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Announcement {
    /// The deal became Paid.
    DealPaid {
        /// After it had expired.
        late: bool,
    },
    /// The deal became Expired.
    DealExpired,
    /// A refund has reached its payer.
    RefundSucceeded(RefundId),
    /// A refund has not, and will not by itself: it ended so. (It may arrive after all before this is told.)
    RefundFailed(RefundId, RefundState),
    /// An operator, or the merchant, must look.
    AlarmRaised(AlarmKind),
}

/// The types of events, as endpoints choose them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventType {
    /// `deal.paid`
    DealPaid,
    /// `deal.expired`
    DealExpired,
    /// `refund.succeeded`
    RefundSucceeded,
    /// `refund.failed`
    RefundFailed,
    /// `alarm.raised`
    AlarmRaised,
    /// `bill.reconciled`, which no entry of the journal announces: a bill's row does.
    BillReconciled,
}

impl EventType {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::DealPaid, Self::DealExpired, Self::RefundSucceeded, Self::RefundFailed, Self::AlarmRaised, Self::BillReconciled];

    /// The word for callers, and in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DealPaid => "deal.paid",
            Self::DealExpired => "deal.expired",
            Self::RefundSucceeded => "refund.succeeded",
            Self::RefundFailed => "refund.failed",
            Self::AlarmRaised => "alarm.raised",
            Self::BillReconciled => "bill.reconciled",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event_type| event_type.as_str() == word)
    }
}

impl Announcement {
    /// As an event of which type it is told.
    pub fn event_type(&self) -> EventType {
        match self {
            Self::DealPaid { .. } => EventType::DealPaid,
            Self::DealExpired => EventType::DealExpired,
            Self::RefundSucceeded(_) => EventType::RefundSucceeded,
            Self::RefundFailed(..) => EventType::RefundFailed,
            Self::AlarmRaised(_) => EventType::AlarmRaised,
        }
    }
}

/// The text is none that a version like this one has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no announcement")]
pub struct InvalidAnnouncement;

/// As the journal keeps it: the type, and what else it needs behind a space.
impl fmt::Display for Announcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.event_type().as_str())?;
        match self {
            Self::DealPaid { late: false } | Self::DealExpired => Ok(()),
            Self::DealPaid { late: true } => f.write_str(" late"),
            Self::RefundSucceeded(refund_id) => write!(f, " {refund_id}"),
            Self::RefundFailed(refund_id, state) => write!(f, " {refund_id} {}", state.as_str()),
            Self::AlarmRaised(kind) => write!(f, " {}", kind.as_str()),
        }
    }
}

impl FromStr for Announcement {
    type Err = InvalidAnnouncement;

    fn from_str(text: &str) -> Result<Self, InvalidAnnouncement> {
        let (word, more) = text.split_once(' ').map_or((text, None), |(word, more)| (word, Some(more)));
        let failed = |more: &str| {
            let (refund_id, state) = more.split_once(' ')?;
            Some(Self::RefundFailed(refund_id.parse().ok()?, RefundState::from_word(state)?))
        };
        match (EventType::from_word(word).ok_or(InvalidAnnouncement)?, more) {
            (EventType::DealPaid, None) => Ok(Self::DealPaid { late: false }),
            (EventType::DealPaid, Some("late")) => Ok(Self::DealPaid { late: true }),
            (EventType::DealExpired, None) => Ok(Self::DealExpired),
            (EventType::RefundSucceeded, Some(more)) => more.parse().map(Self::RefundSucceeded).map_err(|_| InvalidAnnouncement),
            (EventType::RefundFailed, Some(more)) => failed(more).ok_or(InvalidAnnouncement),
            (EventType::AlarmRaised, Some(kind)) => AlarmKind::from_word(kind).map(Self::AlarmRaised).ok_or(InvalidAnnouncement),
            _ => Err(InvalidAnnouncement),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let refund_id: RefundId = "R|1*@-_".parse().unwrap();
        let mut all = vec![
            Announcement::DealPaid { late: false },
            Announcement::DealPaid { late: true },
            Announcement::DealExpired,
            Announcement::RefundSucceeded(refund_id.clone()),
            Announcement::RefundFailed(refund_id, RefundState::Abnormal),
        ];
        all.extend(AlarmKind::ALL.map(Announcement::AlarmRaised));
        for announcement in all {
            assert_eq!(announcement.to_string().parse(), Ok(announcement));
        }
    }

    #[test]
    fn what_this_version_has_not_written_is_none() {
        for text in [
            "",
            "deal.paid early",
            "deal.paid ",
            "deal.expired x",
            "refund.failed",
            "refund.failed a",
            "refund.failed a LOST",
            "alarm.raised",
            "alarm.raised fire",
            "bill.reconciled",
            "bill.reconciled 7",
        ] {
            assert_eq!(text.parse::<Announcement>(), Err(InvalidAnnouncement), "{text:?}");
        }
    }
}
