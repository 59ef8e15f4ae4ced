//! Sets of sellers (the API's `merchant_id`), as operators write them: `12,100-199`.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

const LARGEST: i64 = i32::MAX as i64;

/// Sellers, by single numbers and by ranges. Empty by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sellers(Vec<RangeInclusive<i64>>);

/// The text is no list of numbers and ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("numbers and ranges from 1 to 2147483647 separated by commas, each once, such as 12,100-199")]
pub struct InvalidSellers;

impl Sellers {
    /// Whether a seller is one of them.
    pub fn contains(&self, seller: i64) -> bool {
        self.0[..self.0.partition_point(|range| *range.start() <= seller)].last().is_some_and(|range| range.contains(&seller))
    }

    /// The ranges, in ascending order; none overlaps another.
    pub fn ranges(&self) -> &[RangeInclusive<i64>] {
        &self.0
    }

    /// Whether there is none, which only the empty text says.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for Sellers {
    type Err = InvalidSellers;

    fn from_str(text: &str) -> Result<Self, InvalidSellers> {
        let number = |text: &str| {
            let is_plain = text.len() <= 10 && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
            let number = if is_plain { text.parse::<i64>().ok() } else { None };
            number.filter(|number| (1..=LARGEST).contains(number)).ok_or(InvalidSellers)
        };
        let range = |item: &str| match item.split_once('-') {
            Some((first, last)) => Ok(number(first.trim())?..=number(last.trim())?),
            None => number(item).map(|number| number..=number),
        };
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        let mut ranges = items.map(range).collect::<Result<Vec<_>, _>>()?;
        ranges.sort_by_key(|range| *range.start());
        let is_backward = ranges.iter().any(|range| range.is_empty());
        let overlaps = ranges.windows(2).any(|pair| pair[0].end() >= pair[1].start());
        let names_none = ranges.is_empty() && !text.is_empty();
        if is_backward || overlaps || names_none { Err(InvalidSellers) } else { Ok(Self(ranges)) }
    }
}

/// As it can be read again.
impl fmt::Display for Sellers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = |range: &RangeInclusive<i64>| match (range.start(), range.end()) {
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("{first}-{last}"),
        };
        f.write_str(&self.0.iter().map(written).collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_ranges_are_sellers() {
        let sellers: Sellers = " 100-199, 12,\n2147483647 ".parse().unwrap();
        for (seller, is_one) in [(12, true), (13, false), (99, false), (100, true), (150, true), (199, true), (200, false)] {
            assert_eq!(sellers.contains(seller), is_one, "{seller}");
        }
        assert!(sellers.contains(LARGEST));
        assert_eq!(sellers.to_string(), "12,100-199,2147483647");
        assert!("".parse::<Sellers>().unwrap().is_empty());
    }

    #[test]
    fn what_names_a_seller_twice_or_none_is_refused() {
        for text in ["0", "01", "2147483648", "a", "1-", "-1", "9-5", "1-5,5", "3,3", "1--2", "1.5", "１", "*", ",", " "] {
            assert_eq!(text.parse::<Sellers>(), Err(InvalidSellers), "{text}");
        }
    }
}
