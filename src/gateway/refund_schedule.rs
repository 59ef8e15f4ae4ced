//! Retry and polling schedules of refunds, as functions of time: what is next stands in the row, and no count of tries is kept.

use chrono::TimeDelta;

use crate::channel::Postponed;
use crate::deal::{Refund, Timestamp};

/// Pauses before a refund is sent again, in their order, and then ever the last one.
const PAUSES: [TimeDelta; 4] = [TimeDelta::seconds(2), TimeDelta::seconds(10), TimeDelta::seconds(30), TimeDelta::minutes(2)];
const LAST_PAUSE: TimeDelta = TimeDelta::minutes(10);
/// Where WeChat asks for a minute; whole seconds may have hidden almost one more.
const A_MINUTE: TimeDelta = TimeDelta::seconds(61);
/// What only an operator can mend is tried so often; a new certificate is tried at once.
const UNMENDED: TimeDelta = TimeDelta::hours(1);
/// After its acceptance a refund is asked about at these ages: balance takes minutes, a card up to three working days.
const ASKED_AT: [TimeDelta; 6] =
    [TimeDelta::minutes(1), TimeDelta::minutes(5), TimeDelta::minutes(20), TimeDelta::hours(1), TimeDelta::hours(6), TimeDelta::hours(24)];
/// From then on daily, for so many days.
const DAYS: i32 = 7;

/// When a refund that was not accepted is sent again, after a try that ended `now`. `postponed` says why, where WeChat does. The pause
/// is the one after the pause before, so that instances whose clocks differ keep the same schedule.
pub fn next_try(refund: &Refund, postponed: Option<Postponed>, now: Timestamp) -> Timestamp {
    let before = refund.sent_at.zip(refund.due_at).map_or(TimeDelta::zero(), |(sent, due)| due - sent);
    let pause = PAUSES.into_iter().find(|pause| *pause > before).unwrap_or(LAST_PAUSE);
    now + match postponed {
        Some(Postponed::InAMinute) => pause.max(A_MINUTE),
        Some(Postponed::Certificate(_) | Postponed::NotAllowed | Postponed::Misconfigured(_)) => UNMENDED,
        Some(Postponed::Later | Postponed::NotEnough) | None => pause,
    }
}

/// When a refund that was accepted is next asked about; `None`: a week is over.
pub fn next_look(accepted_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let age = now - accepted_at;
    let daily = || (2..=DAYS).map(|day| TimeDelta::days(day.into()));
    ASKED_AT.into_iter().chain(daily()).find(|at| *at > age).map(|at| accepted_at + at)
}

/// When it is asked about again after WeChat could not be asked; a week is not over before it was.
pub fn next_look_after_failure(accepted_at: Timestamp, now: Timestamp) -> Timestamp {
    let soon = now + LAST_PAUSE;
    next_look(accepted_at, now).map_or(soon, |look| look.min(soon))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{CertificateFault, Misconfiguration};
    use crate::deal::testing::refund;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn tries(postponed: Option<Postponed>, how_many: usize) -> Vec<i64> {
        let mut refund = Refund { due_at: Some(at(0)), ..refund() };
        let next = || {
            let now = refund.due_at?;
            (refund.sent_at, refund.due_at) = (Some(now), Some(next_try(&refund, postponed, now)));
            Some((refund.due_at? - at(0)).num_seconds())
        };
        std::iter::from_fn(next).take(how_many).collect()
    }

    #[test]
    fn an_unknown_outcome_is_tried_again_soon_and_then_every_ten_minutes() {
        for postponed in [None, Some(Postponed::Later), Some(Postponed::NotEnough)] {
            assert_eq!(tries(postponed, 6), [2, 12, 42, 162, 762, 1362], "{postponed:?}");
        }
    }

    #[test]
    fn where_wechat_asks_for_a_minute_it_gets_one() {
        assert_eq!(tries(Some(Postponed::InAMinute), 4), [61, 181, 781, 1381]);
    }

    #[test]
    fn what_an_operator_must_mend_is_tried_hourly() {
        let misconfigured = Postponed::Misconfigured(Misconfiguration::Signature);
        for postponed in [Postponed::NotAllowed, misconfigured, Postponed::Certificate(CertificateFault::Rejected)] {
            assert_eq!(tries(Some(postponed), 2), [3600, 7200]);
        }
    }

    #[test]
    fn a_refund_whose_first_caller_vanished_goes_on_where_its_lease_ended() {
        let lapsed = Refund { sent_at: Some(at(0)), due_at: Some(at(20)), ..refund() };
        assert_eq!(next_try(&lapsed, None, at(20)), at(50));
    }

    #[test]
    fn a_look_that_failed_is_repeated_soon_and_never_the_last() {
        assert_eq!(next_look_after_failure(at(0), at(60)), at(300), "the next look comes sooner");
        assert_eq!(next_look_after_failure(at(0), at(3600)), at(4200));
        assert_eq!(next_look_after_failure(at(0), at(9 * 86_400)), at(9 * 86_400 + 600));
    }

    #[test]
    fn an_accepted_refund_is_asked_about_for_a_week() {
        let mut now = at(0);
        let mut looks = Vec::new();
        while let Some(next) = next_look(at(0), now) {
            now = next;
            looks.push((now - at(0)).num_minutes());
        }
        let days = (1..=7).map(|day| day * 24 * 60);
        assert_eq!(looks, [1, 5, 20, 60, 360].into_iter().chain(days).collect::<Vec<_>>());
        assert_eq!(next_look(at(0), at(0) + TimeDelta::days(7)), None);
        assert_eq!(next_look(at(0), at(3)), Some(at(60)), "whenever it is asked about in between");
    }
}
