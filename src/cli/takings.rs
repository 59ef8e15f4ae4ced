//! `wechat-pay takings`

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::clock::Clock;
use crate::config::Settings;
use crate::deal::{Day, Reach, Sums, TakingsBy, TakingsWish, Timestamp, yuan};
use crate::language::{Language, padded};
use crate::store::Books;

use super::{Failure, Outcome, books_words as words, say};

#[derive(Args)]
pub struct Takings {
    #[arg(long, conflicts_with_all = ["from_day", "to_day"])]
    day: Option<Day>,
    #[arg(long = "from", id = "from_day", value_name = "DAY")]
    from: Option<Day>,
    #[arg(long = "to", id = "to_day", value_name = "DAY")]
    to: Option<Day>,
    #[arg(long, value_enum, default_value_t = By::Day)]
    by: By,
}

#[derive(Clone, Copy, ValueEnum)]
enum By {
    Day,
    Seller,
    Product,
    Account,
}

impl From<By> for TakingsBy {
    fn from(by: By) -> Self {
        match by {
            By::Day => Self::Day,
            By::Seller => Self::Seller,
            By::Product => Self::Product,
            By::Account => Self::Account,
        }
    }
}

impl Takings {
    /// Today, unless days are asked for; `None`: the first is after the last.
    fn wish(&self, now: Timestamp) -> Option<TakingsWish> {
        let to = self.day.or(self.to).unwrap_or_else(|| Day::of(now));
        let from = self.day.or(self.from).unwrap_or(to);
        (from <= to).then(|| TakingsWish { from, to, by: self.by.into(), reach: Reach::default() })
    }
}

pub async fn takings(wish: Takings, language: Language) -> Outcome {
    let database = Settings::load()?.database;
    if database.file().is_some_and(|file| !file.exists()) {
        return Err(Failure(vec![words::no_database(&database, "takings")]));
    }
    let wish = wish.wish(Clock::System.now()).ok_or_else(|| Failure(vec![words::no_such_days()]))?;
    let takings = Books::open(&database).await?.takings(&wish).await?.ok_or_else(|| Failure(vec![words::too_many_keys(wish.by)]))?;
    say(&line(words::SUMS.each_ref().map(|heading| heading.read(language))));
    takings.iter().for_each(|(key, sums)| say(&row(&key, sums)));
    say(&row(words::total().read(language), takings.total()));
    say(&format!("{}\n", words::so_it_stands(&database).read(language)));
    Ok(ExitCode::SUCCESS)
}

fn row(key: &str, sums: Sums) -> String {
    let counts = [sums.paid_count, sums.refunded_count].map(|count| count.to_string());
    let fees = [sums.paid_fee, sums.refunded_fee, sums.net_fee()].map(yuan);
    line([key, &counts[0], &fees[0], &counts[1], &fees[1], &fees[2]])
}

fn line(cells: [&str; 6]) -> String {
    let [rest @ .., last] = cells;
    let padded: String = rest.iter().zip([16, 11, 17, 11, 17]).map(|(cell, width)| padded(cell, width)).collect();
    format!("{padded}{last}\n")
}
