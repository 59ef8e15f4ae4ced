//! Search: what an operator types into one field, and what may be meant by it.
//!
//! People paste what they have before them: a number of ours, of WeChat's or of the shop's, what somebody paid, on which day. Most of
//! it tells by its form what it is. What may be several things has several readings, the likeliest first, and whoever asks says
//! which one it took.

use std::borrow::Cow;

use super::{CheckoutId, Day, Fen, Listing, OrderId, Reference};

/// One reading of what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sought {
    /// The number of a deal, or its beginning.
    Order(OrderId),
    /// A part of one.
    Part(OrderId),
    /// WeChat's number of a payment.
    Transaction(String),
    /// The merchant's own number.
    Reference(Reference),
    /// The number of a checkout.
    Checkout(CheckoutId),
    /// What was charged.
    Amount(Fen),
    /// Whose it is.
    Seller(i64),
    /// On which day.
    Day(Day),
}

/// Fewer characters of a number are in too many numbers.
const SHORTEST_PART: usize = 4;
/// So long is a number that WeChat gives to a payment.
const TRANSACTION: usize = 28;
const LARGEST_SELLER: i64 = i32::MAX as i64;

impl Sought {
    /// The word for it in an address.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Order(_) => "order",
            Self::Part(_) => "part",
            Self::Transaction(_) => "transaction",
            Self::Reference(_) => "reference",
            Self::Checkout(_) => "checkout",
            Self::Amount(_) => "amount",
            Self::Seller(_) => "seller",
            Self::Day(_) => "day",
        }
    }

    /// Those deals of a listing of which this is true.
    pub fn among(&self, listing: &Listing) -> Listing {
        let listing = listing.clone();
        match self.clone() {
            Self::Order(beginning) => Listing { beginning: Some(beginning), ..listing },
            Self::Part(part) => Listing { part: Some(part), ..listing },
            Self::Transaction(id) => Listing { transaction_id: Some(id), ..listing },
            Self::Reference(reference) => Listing { reference: Some(reference), ..listing },
            Self::Checkout(checkout_id) => Listing { checkout_id: Some(checkout_id), ..listing },
            Self::Amount(fee) => Listing { fee: Some(fee), ..listing },
            Self::Seller(seller) => Listing { merchant_id: Some(seller), ..listing },
            Self::Day(day) => {
                let (begins, ends) = (day.begins(), day.next().begins());
                let from = Some(listing.from.map_or(begins, |from| from.max(begins)));
                Listing { from, until: Some(listing.until.map_or(ends, |until| until.min(ends))), ..listing }
            }
        }
    }
}

/// All that can be meant by what was typed today, the likeliest first; nothing: there is no such number, day or amount.
pub fn readings(typed: &str, today: Day) -> Vec<Sought> {
    let typed = typed.trim();
    if let Some(said) = said_in_words(typed, today) {
        return vec![said];
    }
    if let Ok(checkout_id) = typed.parse() {
        return vec![Sought::Checkout(checkout_id)];
    }
    let is_number = !typed.is_empty() && typed.bytes().all(|b| b.is_ascii_digit());
    let [day, amount] = [day(typed).map(Sought::Day), yuan(typed).map(Sought::Amount)];
    let seller = if is_number { seller(typed).map(Sought::Seller) } else { None };
    let order = typed.parse().ok().map(Sought::Order);
    let is_printed = (1..=45).contains(&typed.len()) && typed.bytes().all(|b| b.is_ascii_graphic());
    let transaction = is_printed.then(|| Sought::Transaction(typed.to_owned()));
    let reference = typed.parse().ok().map(Sought::Reference);
    let part = typed.parse().ok().filter(|_| typed.len() >= SHORTEST_PART).map(Sought::Part);
    let in_order = if is_number && typed.len() == TRANSACTION {
        [transaction, order, reference, day, seller, amount, part]
    } else {
        [day, seller, amount, order, reference, transaction, part]
    };
    in_order.into_iter().flatten().collect()
}

/// What says itself what it is: `¥12.34`, `12.34 元`, `seller 12`, `商户 12`, `today`.
fn said_in_words(typed: &str, today: Day) -> Option<Sought> {
    let lower = typed.to_lowercase();
    let fee = ['¥', '￥'].iter().find_map(|sign| lower.strip_prefix(*sign)).or_else(|| lower.strip_suffix('元'));
    if let Some(fee) = fee.or_else(|| lower.strip_suffix("yuan")).and_then(|text| yuan(text.trim())) {
        return Some(Sought::Amount(fee));
    }
    let whose = ["seller", "merchant", "商户编号", "商户", "卖家"].iter().find_map(|word| lower.strip_prefix(word));
    if let Some(number) = whose.and_then(|text| seller(text.trim_start_matches([' ', ':', '：', '#']))) {
        return Some(Sought::Seller(number));
    }
    match &*lower {
        "today" | "今天" => Some(Sought::Day(today)),
        "yesterday" | "昨天" => Some(Sought::Day(today.before(1))),
        _ => None,
    }
}

/// Exactly, with or without commas between thousands.
fn yuan(text: &str) -> Option<Fen> {
    let (whole, decimals) = text.split_once('.').map_or((text, None), |(whole, decimals)| (whole, Some(decimals)));
    let mut groups = whole.split(',');
    let is_grouped = groups.next().is_some_and(|first| (1..=3).contains(&first.len())) && groups.all(|group| group.len() == 3);
    let whole: Cow<'_, str> = if is_grouped { whole.replace(',', "").into() } else { whole.into() };
    let plain = decimals.map_or_else(|| whole.to_string(), |decimals| format!("{whole}.{decimals}"));
    Fen::from_yuan(&plain).ok()
}

/// `2026-11-26`, `2026/11/26`, `20261126`, `2026年11月26日`.
fn day(text: &str) -> Option<Day> {
    if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        return format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]).parse().ok();
    }
    let text = text.replace(['/', '年', '月'], "-");
    let mut parts = text.trim_end_matches('日').split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let is_whole = parts.next().is_none() && year.len() == 4;
    if is_whole { format!("{year}-{month:0>2}-{day:0>2}").parse().ok() } else { None }
}

fn seller(text: &str) -> Option<i64> {
    let is_plain = (1..=10).contains(&text.len()) && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|seller| is_plain && *seller <= LARGEST_SELLER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deal::Timestamp;

    fn today() -> Day {
        "2026-11-27".parse().unwrap()
    }

    fn words(typed: &str) -> String {
        readings(typed, today()).iter().map(Sought::word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_says_what_it_is_has_one_reading() {
        let fen = |fen| Fen::new(fen).map(Sought::Amount).unwrap();
        let day = |text: &str| Sought::Day(text.parse().unwrap());
        for (typed, meant) in [
            ("¥12.34", fen(1234)),
            ("￥ 12.3", fen(1230)),
            ("12 元", fen(1200)),
            ("12.34yuan", fen(1234)),
            ("¥1,234,567.80", fen(123_456_780)),
            ("seller 12", Sought::Seller(12)),
            ("Merchant: 12", Sought::Seller(12)),
            ("商户编号12", Sought::Seller(12)),
            ("商户：12", Sought::Seller(12)),
            ("今天", day("2026-11-27")),
            (" Yesterday ", day("2026-11-26")),
            ("C20200430001623000000000000000007", Sought::Checkout("C20200430001623000000000000000007".parse().unwrap())),
        ] {
            assert_eq!(readings(typed, today()), [meant], "{typed}");
        }
    }

    #[test]
    fn what_may_be_several_things_has_several_readings() {
        for (typed, expected) in [
            ("12", "seller amount order reference transaction"),
            ("12.34", "amount reference transaction"),
            ("1,234.50", "amount reference transaction"),
            ("20261126", "day seller amount order reference transaction part"),
            ("2026-11-26", "day order reference transaction part"),
            ("2026/11/26", "day reference transaction"),
            ("2026年11月26日", "day"),
            ("2026年1月6日", "day"),
            ("20261126143000", "order reference transaction part"),
            ("20261126143000123456789012345678", "order reference transaction part"),
            ("4200002100202604010000000001", "transaction order reference part"),
            ("A-7", "order reference transaction"),
            ("order A 7", "reference"),
            ("a1b2c3@shop", "order reference transaction part"),
        ] {
            assert_eq!(words(typed), expected, "{typed}");
        }
        assert_eq!(readings("20261126", today())[0], Sought::Day("2026-11-26".parse().unwrap()));
    }

    #[test]
    fn what_is_nothing_is_not_guessed_at() {
        for typed in ["", "   ", "红茶", "¥", "-5.00", "¥12.345", "seller twelve 红", "a\u{0}b", &"9".repeat(65)] {
            assert!(!words(typed).contains("amount") && !words(typed).contains("seller"), "{typed}: {}", words(typed));
        }
        for typed in ["", "   ", "红茶", "今日", &"9".repeat(65)] {
            assert_eq!(words(typed), "", "{typed}");
        }
        for (typed, is_amount) in [("1,23", false), ("12,345", true), ("1234,567", false), ("0", false), ("0.00", false), ("1e3", false)] {
            assert_eq!(words(typed).contains("amount"), is_amount, "{typed}");
        }
        for typed in ["0", "012", "2147483648"] {
            assert!(!words(typed).contains("seller"), "{typed}");
        }
        for typed in ["2026-02-30", "20261301", "26-11-26", "2026-11-26-1"] {
            assert!(!words(typed).contains("day"), "{typed}");
        }
    }

    #[test]
    fn a_day_narrows_the_range_that_is_there() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let day = Sought::Day(today());
        let whole = day.among(&Listing::default());
        assert_eq!((whole.from, whole.until), (Some(time("2026-11-26T16:00:00Z")), Some(time("2026-11-27T16:00:00Z"))));
        let narrow = Listing { from: Some(time("2026-11-27T00:00:00Z")), until: Some(time("2026-12-01T00:00:00Z")), ..Listing::default() };
        assert_eq!((day.among(&narrow).from, day.among(&narrow).until), (narrow.from, Some(time("2026-11-27T16:00:00Z"))));
        let other = Listing { until: Some(time("2026-11-01T00:00:00Z")), ..Listing::default() };
        assert!(day.among(&other).is_empty());
    }
}
