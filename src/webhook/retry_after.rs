//! The header `Retry-After` of RFC 9110.

use std::time::UNIX_EPOCH;

use chrono::TimeDelta;

use crate::deal::Timestamp;

/// No endpoint means a longer time.
const LONGEST_S: u64 = 366 * 86_400;

/// How long an endpoint wants to be left alone, by seconds or by an HTTP date.
pub fn retry_after(value: &str, now: Timestamp) -> Option<TimeDelta> {
    let value = value.trim();
    let seconds = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        value.parse().unwrap_or(u64::MAX)
    } else {
        let until = httpdate::parse_http_date(value).ok()?.duration_since(UNIX_EPOCH).ok()?.as_secs();
        // A time that is over asks for nothing.
        until.saturating_sub(now.timestamp().unsigned_abs())
    };
    TimeDelta::try_seconds(i64::try_from(seconds.min(LONGEST_S)).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_seconds_or_a_date_in_each_of_the_three_forms() {
        let now = Timestamp::from_timestamp(784_111_777, 0).unwrap();
        let wish = |value| retry_after(value, now).map(|wish| wish.num_seconds());
        assert_eq!(wish("120"), Some(120));
        assert_eq!(wish(" 0 "), Some(0));
        for date in ["Sun, 06 Nov 1994 08:50:37 GMT", "Sunday, 06-Nov-94 08:50:37 GMT", "Sun Nov  6 08:50:37 1994"] {
            assert_eq!(wish(date), Some(60), "{date}");
        }
        assert_eq!(wish("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0), "it is over");
        assert_eq!(wish("99999999999999999999999"), Some(366 * 86_400), "no longer than a year");
        for nonsense in ["", "-5", "+5", "1.5", "soon", "Sun, 06 Nov 1994 08:50:37", "12 0"] {
            assert_eq!(wish(nonsense), None, "{nonsense}");
        }
    }
}
