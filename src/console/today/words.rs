//! How amounts, times and spans are written on the page of today.

use chrono::{TimeDelta, Weekday};

use crate::deal::{BeijingTime, Day, Fen, Timestamp};
use crate::language::{Text, pair, text};

/// `¥1,234.50`; a sum may be nothing, or negative.
pub fn money(fen: i64) -> String {
    let amount = Fen::new(fen.saturating_abs()).map_or_else(|| "0.00".to_owned(), Fen::grouped);
    format!("{}¥{amount}", if fen < 0 { "-" } else { "" })
}

/// A time of today in Beijing, for people and for programs.
pub fn clock(time: Timestamp) -> String {
    let time = BeijingTime::from(time);
    format!("<time datetime=\"{time}\">{}</time>", time.naive().format("%H:%M:%S"))
}

/// A day and a time of it.
pub fn moment(time: Timestamp) -> String {
    BeijingTime::from(time).naive().format("%Y-%m-%d %H:%M").to_string()
}

/// A span in its largest whole unit.
pub fn lasting(span: TimeDelta) -> Text {
    match (span.num_days(), span.num_hours(), span.num_minutes()) {
        (days @ 2.., ..) => text(format!("{days} days"), format!("{days} 天")),
        (_, hours @ 2.., _) => text(format!("{hours} h"), format!("{hours} 小时")),
        (_, _, minutes @ 2..) => text(format!("{minutes} min"), format!("{minutes} 分钟")),
        _ => seconds(span.num_seconds().max(0)),
    }
}

/// So many seconds.
pub fn seconds(seconds: i64) -> Text {
    text(format!("{seconds} s"), format!("{seconds} 秒"))
}

/// The day that was a week before one.
pub fn a_week_before(day: Day) -> Text {
    match day.weekday() {
        Weekday::Mon => pair("last Monday", "上周一"),
        Weekday::Tue => pair("last Tuesday", "上周二"),
        Weekday::Wed => pair("last Wednesday", "上周三"),
        Weekday::Thu => pair("last Thursday", "上周四"),
        Weekday::Fri => pair("last Friday", "上周五"),
        Weekday::Sat => pair("last Saturday", "上周六"),
        Weekday::Sun => pair("last Sunday", "上周日"),
    }
}

/// So many of so many, in whole percent.
pub fn percent(part: i64, whole: i64) -> String {
    if whole <= 0 { "–".to_owned() } else { format!("{}%", part.saturating_mul(100) / whole) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language::{Chinese, English};

    #[test]
    fn sums_are_told_with_thousands_and_their_sign() {
        assert_eq!([0, 5, 123_456_789, -1990].map(money), ["¥0.00", "¥0.05", "¥1,234,567.89", "-¥19.90"]);
        assert!(money(i64::MIN).starts_with("-¥92,233,720,368,547,758.07"));
    }

    #[test]
    fn a_span_is_told_in_a_unit_that_says_enough() {
        for (seconds, english, chinese) in [
            (-5, "0 s", "0 秒"),
            (119, "119 s", "119 秒"),
            (120, "2 min", "2 分钟"),
            (7_199, "119 min", "119 分钟"),
            (7_200, "2 h", "2 小时"),
            (172_799, "47 h", "47 小时"),
            (172_800, "2 days", "2 天"),
        ] {
            let told = lasting(TimeDelta::seconds(seconds));
            assert_eq!((told.read(English), told.read(Chinese)), (english, chinese));
        }
    }

    #[test]
    fn a_part_is_told_of_something_only() {
        assert_eq!([(1, 3), (3, 3), (0, 0), (0, 5)].map(|(part, whole)| percent(part, whole)), ["33%", "100%", "–", "0%"]);
    }

    #[test]
    fn times_are_beijing_s() {
        let midnight: Timestamp = "2026-04-01T16:00:00Z".parse().unwrap();
        assert_eq!(clock(midnight), "<time datetime=\"2026-04-02T00:00:00+08:00\">00:00:00</time>");
        assert_eq!(moment(midnight), "2026-04-02 00:00");
        assert_eq!(a_week_before(Day::of(midnight)).read(English), "last Thursday");
    }
}
