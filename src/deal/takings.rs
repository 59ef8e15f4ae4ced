//! Takings: what was paid and what went back, summed up by days, sellers, products or accounts.
//!
//! A payment counts on the day on which it was paid, a refund on the day on which its payer had it. A second payment of an order is
//! in no deal, so it does not count; neither does the refund that gives it back. So `net` is what the deals have brought in.

use std::collections::BTreeMap;

use super::{Day, Reach};

/// By what takings are summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TakingsBy {
    /// By days in Beijing.
    #[default]
    Day,
    /// By the API's `merchant_id`.
    Seller,
    /// By the front end's number for what is sold.
    Product,
    /// By the account that the money goes through.
    Account,
}

/// Which takings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakingsWish {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// By what they are summed up.
    pub by: TakingsBy,
    /// Only of deals within this.
    pub reach: Reach,
}

/// How much, in fen, and by how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// Payments.
    pub paid_count: i64,
    /// In fen.
    pub paid_fee: i64,
    /// Refunds that have reached their payers.
    pub refunded_count: i64,
    /// In fen.
    pub refunded_fee: i64,
}

impl Sums {
    /// What is left, in fen; negative where more went back than came in.
    pub fn net_fee(&self) -> i64 {
        self.paid_fee - self.refunded_fee
    }

    /// Adds others to them.
    pub fn add(&mut self, more: Self) {
        self.paid_count += more.paid_count;
        self.paid_fee += more.paid_fee;
        self.refunded_count += more.refunded_count;
        self.refunded_fee += more.refunded_fee;
    }
}

/// The sums of each day, seller, product or account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Takings(BTreeMap<Key, Sums>);

/// Numbers are in the order of numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(i64),
    Text(String),
}

impl Takings {
    /// Nothing yet. By days, each of them is there.
    pub fn of(wish: &TakingsWish) -> Self {
        let mut takings = Self::default();
        let mut day = wish.from;
        while wish.by == TakingsBy::Day && day <= wish.to {
            takings.add(day.to_string(), Sums::default());
            day = day.next();
        }
        takings
    }

    /// Adds to the sums of one key.
    pub fn add(&mut self, key: String, sums: Sums) {
        let key = key.parse().map_or(Key::Text(key), Key::Number);
        self.0.entry(key).or_default().add(sums);
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each key with its sums, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = (String, Sums)> {
        self.0.iter().map(|(key, sums)| match key {
            Key::Number(number) => (number.to_string(), *sums),
            Key::Text(text) => (text.clone(), *sums),
        })
    }

    /// All sums together.
    pub fn total(&self) -> Sums {
        let mut total = Sums::default();
        self.0.values().for_each(|sums| total.add(*sums));
        total
    }
}

/// A sum in yuan with two decimals; unlike a price it may be nothing, or negative.
pub fn yuan(fen: i64) -> String {
    let (sign, fen) = (if fen < 0 { "-" } else { "" }, fen.unsigned_abs());
    format!("{sign}{}.{:02}", fen / 100, fen % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_added_by_their_keys_in_the_order_of_numbers() {
        let mut takings = Takings::default();
        for (key, paid_fee, refunded_fee) in [("10", 100, 0), ("9", 1, 2), ("10", 50, 30)] {
            takings.add(key.to_owned(), Sums { paid_count: 1, paid_fee, refunded_count: 0, refunded_fee });
        }
        let told: Vec<_> = takings.iter().map(|(key, sums)| (key, sums.paid_count, sums.net_fee())).collect();
        assert_eq!(told, [("9".to_owned(), 1, -1), ("10".to_owned(), 2, 120)]);
        assert_eq!((takings.total().net_fee(), takings.len()), (119, 2));
    }

    #[test]
    fn days_without_takings_are_there() {
        let [from, to] = ["2026-02-28", "2026-03-01"].map(|day| day.parse().unwrap());
        let days = |by| Takings::of(&TakingsWish { from, to, by, reach: Reach::default() }).iter().map(|(key, _)| key).collect::<Vec<_>>();
        assert_eq!((days(TakingsBy::Day), days(TakingsBy::Seller)), (vec!["2026-02-28".to_owned(), "2026-03-01".to_owned()], vec![]));
    }

    #[test]
    fn a_sum_may_be_nothing_or_negative() {
        assert_eq!([0, 5, 1990, -5, -1990, i64::MIN].map(yuan), ["0.00", "0.05", "19.90", "-0.05", "-19.90", "-92233720368547758.08"]);
    }
}
