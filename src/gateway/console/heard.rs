//! Order statistics: how long after they were made the payments of late became known.

use crate::store::{HeardPayment, Origin};

/// The payments of late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Heard {
    /// How many are known.
    pub payments: usize,
    /// How many of them by a notification.
    pub notified: usize,
    /// Seconds from the payment, by WeChat's clock, until it was stored: half of those that came by notification are known sooner,
    pub median: i64,
    /// and nineteen of twenty.
    pub most: i64,
}

impl Heard {
    /// What these come to.
    pub fn of(payments: &[HeardPayment]) -> Self {
        let notified = payments.iter().filter(|payment| payment.origin == Origin::Notification);
        let mut lags: Vec<_> = notified.map(|payment| (payment.heard_at - payment.paid_at).num_seconds().max(0)).collect();
        lags.sort_unstable();
        let at = |part: usize| lags.get((lags.len() * part).div_ceil(100).saturating_sub(1)).copied().unwrap_or(0);
        Self { payments: payments.len(), notified: lags.len(), median: at(50), most: at(95) }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::deal::Timestamp;

    fn heard(seconds: impl IntoIterator<Item = i64>, origin: Origin) -> Vec<HeardPayment> {
        let paid_at = Timestamp::UNIX_EPOCH;
        seconds.into_iter().map(|late| HeardPayment { paid_at, heard_at: paid_at + TimeDelta::seconds(late), origin }).collect()
    }

    #[test]
    fn the_middle_and_the_slow_ones_of_what_was_notified() {
        assert_eq!(Heard::of(&[]), Heard::default());
        let one = Heard::of(&heard([7], Origin::Notification));
        assert_eq!((one.median, one.most), (7, 7));
        let mut payments = heard(1..=100, Origin::Notification);
        payments.extend(heard([900, 1000], Origin::Sweeper));
        assert_eq!(Heard::of(&payments), Heard { payments: 102, notified: 100, median: 50, most: 95 });
        let ahead = Heard::of(&heard([-3], Origin::Notification));
        assert_eq!((ahead.median, ahead.most), (0, 0), "WeChat's clock may be ahead");
    }
}
