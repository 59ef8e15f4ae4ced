//! When an undecided deal is looked at, without a caller asking (PROTOCOL.md, 10: the official query strategy).

use chrono::TimeDelta;

use super::Timestamp;

/// The looks of a deal's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The first looks, counted from the deal's opening.
    pub first: Vec<TimeDelta>,
    /// The pause after them, while the deal is young.
    pub pause: TimeDelta,
    /// Until this age it is.
    pub young: TimeDelta,
    /// Then the pauses grow with the deal's age, up to this.
    pub longest_pause: TimeDelta,
}

impl Schedule {
    /// The look after `now` of a deal that can be paid until `expires_at`. The moment of expiry is one.
    pub fn next(&self, created_at: Timestamp, expires_at: Timestamp, now: Timestamp) -> Timestamp {
        let age = now - created_at;
        let planned = match self.first.iter().find(|look| **look > age) {
            Some(look) => created_at + *look,
            None if age < self.young => now + self.pause,
            // A tenth of the age: a deal of an hour is looked at every six minutes.
            None => now + TimeDelta::seconds(age.num_seconds() / 10).clamp(self.pause, self.longest_pause),
        };
        if now < expires_at { planned.min(expires_at) } else { planned }
    }
}

/// WeChat closes an order by itself after a week, and keeps it for queries.
const UNKNOWN_FOLLOWED: TimeDelta = TimeDelta::days(15);
const LONGEST_PAUSE_OF_UNKNOWN: TimeDelta = TimeDelta::days(1);

impl Schedule {
    /// The look after `now` of a deal whose time is over and that WeChat does not know (another merchant's row, a restored
    /// copy): its pauses go on growing, and after a fortnight there is none.
    pub fn next_of_unknown(&self, created_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let age = now - created_at;
        (age < UNKNOWN_FOLLOWED).then(|| now + TimeDelta::seconds(age.num_seconds() / 10).clamp(self.pause, LONGEST_PAUSE_OF_UNKNOWN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule() -> Schedule {
        Schedule {
            first: vec![TimeDelta::seconds(5), TimeDelta::seconds(30)],
            pause: TimeDelta::seconds(30),
            young: TimeDelta::seconds(600),
            longest_pause: TimeDelta::seconds(600),
        }
    }

    #[test]
    fn looks_come_often_at_first_and_seldom_later() {
        let opened: Timestamp = "2026-04-01T04:00:00Z".parse().unwrap();
        let expires = opened + TimeDelta::seconds(7200);
        let mut looks = Vec::new();
        let mut now = opened;
        while now < expires {
            now = schedule().next(opened, expires, now);
            looks.push((now - opened).num_seconds());
        }
        assert_eq!(looks[..5], [5, 30, 60, 90, 120]);
        assert_eq!(*looks.last().unwrap(), 7200, "the moment of expiry is a look");
        let pauses: Vec<_> = looks.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(looks.windows(2).filter(|pair| pair[0] < 600).all(|pair| pair[1] - pair[0] <= 30));
        assert!(pauses.iter().all(|pause| *pause <= 600));
        assert!(looks.len() < 50, "{}", looks.len());
    }

    #[test]
    fn looks_are_planned_in_whole_seconds() {
        let opened: Timestamp = "2026-04-01T04:00:00Z".parse().unwrap();
        let next = schedule().next(opened, opened + TimeDelta::seconds(7200), opened + TimeDelta::seconds(1009));
        assert_eq!(next, opened + TimeDelta::seconds(1109));
    }

    #[test]
    fn after_expiry_it_goes_on_until_somebody_decides() {
        let opened: Timestamp = "2026-04-01T04:00:00Z".parse().unwrap();
        let late = opened + TimeDelta::seconds(7300);
        assert_eq!(schedule().next(opened, opened + TimeDelta::seconds(7200), late), late + TimeDelta::seconds(600));
    }

    #[test]
    fn what_wechat_does_not_know_is_asked_about_ever_more_seldom() {
        let opened: Timestamp = "2026-04-01T04:00:00Z".parse().unwrap();
        let (mut now, mut looks) = (opened + TimeDelta::hours(2), 0);
        while let Some(next) = schedule().next_of_unknown(opened, now) {
            assert!(next - now <= TimeDelta::days(1));
            (now, looks) = (next, looks + 1);
        }
        assert!(now - opened >= TimeDelta::days(15));
        assert!(looks < 70, "{looks}");
    }
}
