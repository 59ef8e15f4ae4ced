//! The numbers of the chart as a table, with what went back.

use std::fmt::Write;

use crate::deal::{HOURS, HourlyTakings, Sums};
use crate::page::{Language, Value, bilingual};

use super::words::{a_week_before, money};

const TABLE: &str = include_str!("html/table.html");

/// The three days by their hours. `now` is the hour that is not over: up to its beginning the days are held against each other.
pub fn table(today: &HourlyTakings, yesterday: &HourlyTakings, week_ago: &HourlyTakings, now: usize, language: Language) -> String {
    let mut rows = String::new();
    for hour in 0..HOURS {
        // Nothing is said of what is yet to come.
        let of_today = (hour <= now).then(|| today.hours.get(hour).copied().unwrap_or_default());
        let beside = [yesterday, week_ago].map(|day| day.hours.get(hour).copied().unwrap_or_default().paid_fee);
        row(&mut rows, &format!("{hour}:00"), of_today, beside);
    }
    let mut sums = String::new();
    if now > 0 {
        let until = match language {
            Language::Chinese => format!("到 {now}:00"),
            Language::English => format!("Up to {now}:00"),
        };
        row(&mut sums, &until, Some(today.before(now)), [yesterday, week_ago].map(|day| day.before(now).paid_fee));
    }
    let whole = match language {
        Language::Chinese => "全天",
        Language::English => "Whole day",
    };
    row(&mut sums, whole, Some(today.total()), [yesterday, week_ago].map(|day| day.total().paid_fee));
    let week_ago = a_week_before(today.day);
    let paid_a_week_ago = match language {
        Language::Chinese => format!("{}收款", week_ago.read(language)),
        Language::English => format!("Paid {}", week_ago.read(language)),
    };
    let values = [("rows", Value::Markup(&rows)), ("sums", Value::Markup(&sums)), ("paid_a_week_ago", Value::Text(&paid_a_week_ago))];
    bilingual(TABLE, language, &values)
}

fn row(rows: &mut String, label: &str, today: Option<Sums>, beside: [i64; 2]) {
    let [paid, count, refunded, net] = today.map_or_else(Default::default, |sums| {
        [money(sums.paid_fee), sums.paid_count.to_string(), money(sums.refunded_fee), money(sums.net_fee())]
    });
    let [yesterday, week_ago] = beside.map(money);
    let _ = write!(rows, "<tr><th scope=\"row\">{label}</th>");
    for cell in [paid, count, refunded, net, yesterday, week_ago] {
        let _ = write!(rows, "<td class=\"amount\">{cell}</td>");
    }
    rows.push_str("</tr>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: &str, paid: &[(usize, i64, i64)]) -> HourlyTakings {
        let mut hours = [Sums::default(); HOURS];
        for (hour, paid_fee, refunded_fee) in paid {
            hours[*hour] = Sums { paid_count: 1, paid_fee: *paid_fee, refunded_count: 1, refunded_fee: *refunded_fee };
        }
        HourlyTakings { day: day.parse().unwrap(), hours }
    }

    fn line(label: &str, cells: [&str; 6]) -> String {
        let cells: String = cells.iter().map(|cell| format!("<td class=\"amount\">{cell}</td>")).collect();
        format!("<tr><th scope=\"row\">{label}</th>{cells}</tr>")
    }

    #[test]
    fn days_are_held_against_each_other_up_to_the_hour_that_is_not_over() {
        let today = day("2026-04-02", &[(8, 1000, 0), (9, 500, 2000)]);
        let (yesterday, week_ago) = (day("2026-04-01", &[(8, 700, 0), (9, 1, 0), (23, 300, 0)]), day("2026-03-26", &[(10, 5, 0)]));
        let table = table(&today, &yesterday, &week_ago, 9, Language::English);
        for expected in [
            line("8:00", ["¥10.00", "1", "¥0.00", "¥10.00", "¥7.00", "¥0.00"]),
            line("9:00", ["¥5.00", "1", "¥20.00", "-¥15.00", "¥0.01", "¥0.00"]),
            line("10:00", ["", "", "", "", "¥0.00", "¥0.05"]),
            line("Up to 9:00", ["¥10.00", "1", "¥0.00", "¥10.00", "¥7.00", "¥0.00"]),
            line("Whole day", ["¥15.00", "2", "¥20.00", "-¥5.00", "¥10.01", "¥0.05"]),
        ] {
            assert!(table.contains(&expected), "{expected} in {table}");
        }
        assert_eq!(table.matches("scope=\"row\"").count(), 26);
    }

    #[test]
    fn in_the_first_hour_no_hour_is_over() {
        let nothing = day("2026-04-02", &[]);
        let table = table(&nothing, &nothing, &nothing, 0, Language::Chinese);
        assert!(table.contains("全天") && !table.contains("到 0:00") && table.contains("上周四收款"), "{table}");
    }
}
