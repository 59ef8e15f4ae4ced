//! The section `bill`: whether and when WeChat's bills are held against the books, and whose orders are none of ours.

use chrono::{NaiveTime, TimeDelta, Timelike};
use serde::Deserialize;

use crate::gateway::BillTerms;
use crate::language::{Text, pair, text};

use super::checks::value;
use super::error::ConfigError;
use super::mistakes::{ConfigErrors, Mistakes};
use super::table::{Shown, plain};

const PREFIXES: &str = "bill.foreign_prefixes";
/// Before this hour WeChat may not have made the bill, and says of a day with trades what it says of one without.
const FIRST_HOUR: u32 = 10;
/// An `out_trade_no` has no more.
const LONGEST: usize = 32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawBill {
    enabled: String,
    at: String,
    foreign_prefixes: String,
}

/// Whether bills are asked for, and how they are read.
pub struct BillSettings {
    pub enabled: bool,
    pub terms: BillTerms,
}

impl RawBill {
    /// Without `enabled`, bills are asked for where WeChat is no simulator.
    pub fn validate(&self, has_credentials: bool) -> Result<BillSettings, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let enabled = mistakes.take(match self.enabled.as_str() {
            "" => Ok(has_credentials),
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(value(
                "bill.enabled",
                pair("true or false; empty: true with credentials", "应为 true 或 false；留空：有商户凭证时为 true"),
            )),
        });
        let at = mistakes.take(self.at());
        let foreign_prefixes = mistakes.take(self.foreign_prefixes());
        let made = || Some(BillSettings { enabled: enabled?, terms: BillTerms { at: at?, foreign_prefixes: foreign_prefixes? } });
        mistakes.or_else(made())
    }

    fn at(&self) -> Result<TimeDelta, ConfigError> {
        let is_plain = self.at.len() == 5 && self.at.bytes().all(|b| b.is_ascii_digit() || b == b':');
        let time = if is_plain { NaiveTime::parse_from_str(&self.at, "%H:%M").ok() } else { None };
        let time = time.filter(|time| time.hour() >= FIRST_HOUR).ok_or_else(|| {
            value(
                "bill.at",
                pair(
                    "a time of day in Beijing from 10:00 to 23:59, such as 10:30: WeChat makes the bill of a day in the morning of the next, until 10:00",
                    "应为 10:00 到 23:59 的北京时间，如 10:30：微信在次日上午 10 点之前生成当日账单",
                ),
            )
        })?;
        Ok(TimeDelta::seconds(i64::from(time.num_seconds_from_midnight())))
    }

    fn foreign_prefixes(&self) -> Result<Vec<String>, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let written = self.foreign_prefixes.trim();
        let prefixes: Vec<_> = if written.is_empty() { Vec::new() } else { written.split(',').map(str::trim).collect() };
        // What is wrong may be a secret in the wrong place, so it is counted and not shown.
        for (number, prefix) in (1..).zip(&prefixes) {
            if let Some(why) = mistake(prefix, number) {
                mistakes.add(value(PREFIXES, why));
            }
        }
        mistakes.or_else(Some(prefixes.into_iter().map(str::to_owned).collect()))
    }

    pub fn shown(&self) -> Vec<(&'static str, Shown)> {
        vec![("bill.enabled", plain(&self.enabled)), ("bill.at", plain(&self.at)), (PREFIXES, plain(&self.foreign_prefixes))]
    }
}

/// Why orders of other systems cannot be told by this.
fn mistake(prefix: &str, number: usize) -> Option<Text> {
    let is_lawful = prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-|*@".contains(&b));
    if prefix.is_empty() {
        return Some(text(
            format!(
                "the prefix number {number} is empty, so it would stand for every order: beginnings of order numbers, separated by commas"
            ),
            format!("第 {number} 个前缀是空的，会匹配所有订单：应为订单号的开头，逗号分隔"),
        ));
    }
    if !is_lawful || prefix.len() > LONGEST {
        return Some(text(
            format!(
                "the prefix number {number} is no beginning of an out_trade_no, which has 1 to {LONGEST} characters of 0-9 A-Z a-z _ - | * @"
            ),
            format!("第 {number} 个前缀不会是商户订单号的开头：out_trade_no 为 1 到 {LONGEST} 个字符，只能是 0-9、A-Z、a-z 和 _ - | * @"),
        ));
    }
    begins_ours(prefix).then(|| {
        text(
            format!(
                "by the prefix number {number} begin numbers that this service draws (Beijing time and digits, 2026…): its own orders would be \
                 taken for another system's, and nobody would hear of one that is missing"
            ),
            format!("本服务自己的订单号（北京时间加数字，2026…）也以第 {number} 个前缀开头：自己的订单会被当成其他系统的，少了也没人知道"),
        )
    })
}

/// Whether an order's number of this service can begin so. They are digits, the first four of which are a year of this century.
fn begins_ours(prefix: &str) -> bool {
    prefix.bytes().all(|b| b.is_ascii_digit()) && (prefix.starts_with("20") || prefix == "2")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deal::OrderId;

    fn read(at: &str, foreign_prefixes: &str) -> Result<BillTerms, String> {
        let raw = RawBill { enabled: String::new(), at: at.to_owned(), foreign_prefixes: foreign_prefixes.to_owned() };
        raw.validate(true).map(|settings| settings.terms).map_err(|errors| errors.to_string())
    }

    #[test]
    fn a_time_of_day_is_one_at_which_the_bill_is_there() {
        for (text, minutes) in [("10:00", 600), ("10:30", 630), ("23:59", 1439)] {
            assert_eq!(read(text, "").unwrap().at, TimeDelta::minutes(minutes), "{text}");
        }
        for text in ["25:00", "24:00", "10:60", "09:59", "00:00", "10", "10:30:00", "10:3", "1030", "+10:3", "10:30 ", "", "10h", "CANARY"]
        {
            let told = read(text, "").unwrap_err();
            assert!(
                told.starts_with("bill.at: a time of day in Beijing from 10:00 to 23:59") && !told.contains("CANARY"),
                "{text}: {told}"
            );
        }
    }

    #[test]
    fn a_prefix_is_of_others_orders_alone() {
        assert_eq!(read("10:30", " ERP-, 9|*@_x ,A").unwrap().foreign_prefixes, ["ERP-", "9|*@_x", "A"]);
        assert!(read("10:30", "").unwrap().foreign_prefixes.is_empty());
        let too_long = "x".repeat(33);
        for (text, why) in [
            (",", "number 1 is empty"),
            ("ERP,,A", "number 2 is empty"),
            ("ERP,", "number 2 is empty"),
            ("E.RP", "number 1 is no beginning of an out_trade_no"),
            ("A,订单", "number 2 is no beginning of an out_trade_no"),
            ("E RP", "number 1 is no beginning"),
            (&too_long, "number 1 is no beginning"),
            ("2", "number 1 begin numbers that this service draws"),
            ("A,20", "number 2 begin numbers that this service draws"),
            ("20261124", "begin numbers that this service draws"),
        ] {
            let told = read("10:30", text).unwrap_err();
            assert!(told.starts_with("bill.foreign_prefixes: ") && told.contains(why), "{text}: {told}");
        }
        let both = read("25:00", "E.RP,,20").unwrap_err();
        assert_eq!(both.lines().count(), 4, "all mistakes are told at once: {both}");
    }

    #[test]
    fn no_number_that_is_drawn_begins_as_others_may() {
        let own = OrderId::draw("2026-11-23T22:23:45Z".parse().unwrap(), 3141592653589793238462643383279502884);
        for length in 1..=own.as_str().len() {
            assert!(begins_ours(&own.as_str()[..length]), "{own}: {length}");
        }
        for prefix in ["1", "21", "02", "2A", "2026-", "ERP20"] {
            assert!(!begins_ours(prefix) && read("10:30", prefix).is_ok(), "{prefix}");
        }
    }

    #[test]
    fn bills_are_asked_for_where_there_is_money_unless_it_is_said() {
        let enabled = |text: &str, has_credentials| {
            let raw = RawBill { enabled: text.to_owned(), at: "10:30".to_owned(), foreign_prefixes: String::new() };
            raw.validate(has_credentials).map(|settings| settings.enabled).map_err(|errors| errors.to_string())
        };
        let both = |text| [true, false].map(|has_credentials| enabled(text, has_credentials).unwrap());
        assert_eq!((both(""), both("true"), both("false")), ([true, false], [true, true], [false, false]));
        assert!(enabled("yes", true).unwrap_err().starts_with("bill.enabled: true or false"));
    }
}
