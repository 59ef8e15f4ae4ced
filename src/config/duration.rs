//! Durations with a unit, as operators write them: `90s`, `2h`, `1h 30m`, `500ms`, `1d`. A plain number is seconds.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::language::Text;

use super::checks::value;
use super::error::ConfigError;

/// The longest text that a mistake may repeat. A secret, pasted into the wrong place, is longer.
const LONGEST_SHOWN: usize = 8;

/// The whole seconds of a duration in a range, which `range` tells in words.
pub fn seconds(key: &str, text: &str, allowed: RangeInclusive<u32>, range: Text) -> Result<u32, ConfigError> {
    let duration = parse(text).ok_or_else(|| ConfigError::Duration { key: key.to_owned(), shown: shown(text), range: range.clone() })?;
    let seconds = u32::try_from(duration.as_secs()).ok().filter(|seconds| duration.subsec_nanos() == 0 && allowed.contains(seconds));
    seconds.ok_or(value(key, range))
}

fn parse(text: &str) -> Option<Duration> {
    match text.trim().parse::<u32>() {
        Ok(seconds) => Some(Duration::from_secs(seconds.into())),
        Err(_) => humantime::parse_duration(text).ok(),
    }
}

/// What was written, if it was meant as a duration.
fn shown(text: &str) -> Option<String> {
    let is_short = text.len() <= LONGEST_SHOWN && text.starts_with(|first: char| first.is_ascii_digit());
    is_short.then(|| text.to_owned())
}

/// As an operator would write it.
pub fn written(seconds: u64) -> String {
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::pair;

    fn read(text: &str) -> Result<u32, String> {
        seconds("deal.expire_after", text, 1..=86_400, pair("1s to 1d", "1s 到 1d")).map_err(|error| error.to_string())
    }

    #[test]
    fn units_are_taken_and_plain_numbers_are_seconds() {
        for (text, seconds) in [("90s", 90), ("2h", 7200), ("1h 30m", 5400), ("1h30m", 5400), ("5000ms", 5), ("1d", 86_400), ("7200", 7200)]
        {
            assert_eq!(read(text), Ok(seconds), "{text}");
        }
        for seconds in [0, 1, 90, 7200, 86_400] {
            assert_eq!(parse(&written(seconds)), Some(Duration::from_secs(seconds)), "what is shown can be written");
        }
    }

    #[test]
    fn a_mistake_names_the_key_and_an_example_and_no_secret() {
        for text in ["500ms", "1500ms", "0", "2d", "-1"] {
            assert!(read(text).unwrap_err().starts_with("deal.expire_after: "), "{text}");
        }
        let told = read("2 hrz").unwrap_err();
        assert!(told.contains("\"2 hrz\" is no duration") && told.contains("\"2h\""), "{told}");
        for secret in ["CANARY", "0CANARYCANARY", "", "a2h"] {
            let told = read(secret).unwrap_err();
            assert!(told.contains("\"2h\"") && !told.contains("CANARY"), "{told}");
        }
    }
}
