//! What was paid by hours, drawn as SVG: today in bars, the days beside it in marks over them. Places from left to right are in percent
//! of the width, and from top to bottom in pixels, so that it fits a phone and a desk and its words stay as large as others.

use std::fmt::Write;

use crate::deal::{HOURS, HourlyTakings, Sums};
use crate::page::{Language, Value, bilingual};

use super::words::{a_week_before, money};

const CHART: &str = include_str!("html/chart.html");
/// Where the highest bar begins, and where all of them stand.
const TOP: i64 = 22;
const BASE: i64 = 172;
/// An hour's part of the width, and what is left free beside its bar, in hundredths of a percent.
const SLOT: usize = 10_000 / HOURS;
const FREE: usize = 70;
/// Hours under which their number stands.
const NUMBERED: [usize; 4] = [0, 6, 12, 18];

/// The three days by their hours, up to the hour `now` of today.
pub fn chart(today: &HourlyTakings, yesterday: &HourlyTakings, week_ago: &HourlyTakings, now: usize, language: Language) -> String {
    let days = [today, yesterday, week_ago];
    let most = days.iter().flat_map(|day| day.hours).map(|sums| sums.paid_fee).max().unwrap_or(0);
    let mut drawn = String::new();
    for (hour, sums) in today.hours.iter().enumerate().take(now + 1) {
        bar(&mut drawn, hour, sums, most);
    }
    for (day, class) in [(yesterday, "yesterday"), (week_ago, "week-ago")] {
        for (hour, sums) in day.hours.iter().enumerate() {
            mark(&mut drawn, hour, sums, most, class);
        }
    }
    for hour in NUMBERED {
        let _ = write!(drawn, "<text x=\"{}\" y=\"{}\">{hour}:00</text>", place(hour * SLOT), BASE + 17);
    }
    let totals = days.map(|day| money(day.total().paid_fee));
    let week_ago = a_week_before(today.day);
    bilingual(
        CHART,
        language,
        &[
            ("drawn", Value::Markup(&drawn)),
            ("most", Value::Text(&money(most))),
            ("week_ago", Value::Text(week_ago.read(language))),
            ("paid_today", Value::Text(&totals[0])),
            ("paid_yesterday", Value::Text(&totals[1])),
            ("paid_a_week_ago", Value::Text(&totals[2])),
        ],
    )
}

fn bar(drawn: &mut String, hour: usize, sums: &Sums, most: i64) {
    let height = height(sums.paid_fee, most);
    if height > 0 {
        let (x, width, y) = (place(hour * SLOT + FREE), place(SLOT - 2 * FREE), BASE - height);
        let amount = money(sums.paid_fee);
        let _ = write!(
            drawn,
            "<rect class=\"today\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"><title>{hour}:00 {amount}</title></rect>"
        );
    }
}

fn mark(drawn: &mut String, hour: usize, sums: &Sums, most: i64, class: &str) {
    let height = height(sums.paid_fee, most);
    if height > 0 {
        let (from, to, y) = (place(hour * SLOT), place((hour + 1) * SLOT), BASE - height);
        let _ = write!(drawn, "<line class=\"{class}\" x1=\"{from}\" x2=\"{to}\" y1=\"{y}\" y2=\"{y}\"/>");
    }
}

/// What there is is seen, however little it is.
fn height(fee: i64, most: i64) -> i64 {
    let height = i128::from(fee) * i128::from(BASE - TOP) / i128::from(most.max(1));
    if fee > 0 { i64::try_from(height).unwrap_or(0).max(1) } else { 0 }
}

/// Hundredths of a percent.
fn place(hundredths: usize) -> String {
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: &str, paid: &[(usize, i64)]) -> HourlyTakings {
        let mut hours = [Sums::default(); HOURS];
        for (hour, paid_fee) in paid {
            hours[*hour] = Sums { paid_count: 1, paid_fee: *paid_fee, ..Sums::default() };
        }
        HourlyTakings { day: day.parse().unwrap(), hours }
    }

    #[test]
    fn the_best_hour_is_as_high_as_the_chart_and_a_fen_is_seen() {
        let today = day("2026-04-02", &[(0, 1), (9, 50_000)]);
        let (yesterday, week_ago) = (day("2026-04-01", &[(23, 100_000)]), day("2026-03-26", &[]));
        let svg = chart(&today, &yesterday, &week_ago, 9, Language::English);
        assert!(svg.contains("x=\"0.70%\" y=\"171\" width=\"2.76%\" height=\"1\"><title>0:00 ¥0.01</title>"), "{svg}");
        assert!(svg.contains("x=\"38.14%\" y=\"97\" width=\"2.76%\" height=\"75\"><title>9:00 ¥500.00</title>"), "{svg}");
        assert!(svg.contains("<line class=\"yesterday\" x1=\"95.68%\" x2=\"99.84%\" y1=\"22\" y2=\"22\"/>"), "{svg}");
        assert_eq!((svg.matches("<rect class=\"today\" x").count(), svg.matches("class=\"week-ago\" x1").count()), (2, 0));
        assert!(svg.contains("¥500.01") && svg.contains("last Thursday") && svg.contains(">¥1,000.00</text>"), "{svg}");
    }

    #[test]
    fn a_chart_of_nothing_is_one_all_the_same() {
        let nothing = day("2026-04-02", &[]);
        let svg = chart(&nothing, &nothing, &nothing, 23, Language::Chinese);
        assert!(svg.contains("上周四") && svg.contains("¥0.00") && !svg.contains("<rect class=\"today\" x=\""), "{svg}");
    }

    #[test]
    fn the_largest_sums_are_drawn() {
        let today = day("2026-04-02", &[(3, i64::MAX / 2), (4, i64::MAX / 4)]);
        let svg = chart(&today, &today, &today, 23, Language::English);
        assert!(svg.contains("height=\"150\"") && svg.contains("height=\"74\""), "{svg}");
        assert!(svg.len() < 8_000, "{} bytes", svg.len());
    }
}
