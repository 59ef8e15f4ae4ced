//! Retry with backoff: when a delivery that failed is tried again, and when it is given up.

use chrono::TimeDelta;

use crate::deal::Timestamp;
use crate::store::NextTry;

/// The pauses behind the first try, the second, and so on.
const PAUSES: [TimeDelta; 10] = [
    TimeDelta::seconds(5),
    TimeDelta::minutes(1),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(5),
    TimeDelta::hours(10),
    TimeDelta::hours(14),
    TimeDelta::hours(20),
    TimeDelta::hours(24),
];
/// An endpoint that wants to be left alone for longer is asked all the same.
const LONGEST_WISH: TimeDelta = TimeDelta::days(30);

/// What is next for a delivery after so many tries that failed, the last of them now; `wish` is the endpoint's `Retry-After`. Pauses
/// vary by a tenth either way, so that what failed together does not come again together.
pub fn next_try(tries: u32, wish: Option<TimeDelta>, now: Timestamp, entropy: u128) -> NextTry {
    let Some(pause) = usize::try_from(tries).ok().and_then(|tries| PAUSES.get(tries.checked_sub(1)?)) else { return NextTry::GivenUp };
    let millis = pause.num_milliseconds();
    let spread = i64::try_from(entropy % u128::from((millis / 5).unsigned_abs() + 1)).unwrap_or(0);
    let pause = TimeDelta::milliseconds(millis - millis / 10 + spread);
    let pause = wish.map_or(pause, |wish| pause.max(wish.min(LONGEST_WISH)));
    // Columns hold whole seconds: never before the wish.
    NextTry::At(now + TimeDelta::seconds((pause.num_milliseconds() + 999) / 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(tries: u32, wish: Option<i64>, entropy: u128) -> Option<i64> {
        let now = Timestamp::UNIX_EPOCH;
        match next_try(tries, wish.map(TimeDelta::seconds), now, entropy) {
            NextTry::At(time) => Some((time - now).num_seconds()),
            NextTry::GivenUp => None,
            NextTry::Delivered => panic!("it failed"),
        }
    }

    #[test]
    fn ten_pauses_and_then_it_is_given_up() {
        let middle = [5, 60, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
        for (tries, expected) in (1..).zip(middle) {
            for entropy in [0, 1_000_000_007, u128::MAX] {
                let pause = pause(tries, None, entropy).unwrap();
                assert!((expected * 9 / 10..=expected * 11 / 10 + 1).contains(&pause), "{tries}: {pause}");
            }
        }
        assert_eq!(pause(11, None, 0), None);
        assert_eq!(pause(0, None, 0), None, "none was made");
    }

    #[test]
    fn an_endpoint_s_wish_is_the_least_up_to_30_days() {
        assert_eq!(pause(1, Some(120), 7), Some(120));
        assert!(pause(3, Some(120), 7).unwrap() >= 270, "never sooner than planned");
        assert_eq!(pause(1, Some(7 * 86_400), 7), Some(7 * 86_400));
        assert_eq!(pause(1, Some(1_000_000_000), 7), Some(30 * 86_400));
    }
}
