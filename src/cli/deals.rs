//! `wechat-pay deals`: a table for people, or a CSV.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::clock::Clock;
use crate::config::Settings;
use crate::deal::{AccountId, BeijingTime, Day, Deal, DealStatus, Fen, ListedBy, Listing, Timestamp, range_from, range_to};
use crate::language::{Language, is_obeyed, padded};
use crate::store::Books;
use crate::told::csv;

use super::{Failure, Outcome, books_words as words, say};

/// Deals of one question.
const PAGE: u32 = 500;
/// For a screen; of a CSV all are wanted.
const LIMIT: u32 = 100;

#[derive(Args)]
pub struct Deals {
    #[arg(long, conflicts_with_all = ["from", "to"])]
    day: Option<Day>,
    #[arg(long, value_parser = |text: &str| range_from(text))]
    from: Option<Timestamp>,
    #[arg(long, value_parser = |text: &str| range_to(text))]
    to: Option<Timestamp>,
    #[arg(long)]
    paid: bool,
    #[arg(long, ignore_case = true)]
    status: Option<Status>,
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..=i64::from(i32::MAX)))]
    seller: Option<i64>,
    #[arg(long)]
    account: Option<AccountId>,
    #[arg(long)]
    limit: Option<u32>,
    #[arg(long)]
    csv: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Status {
    Unpaid,
    Paid,
    Expired,
}

impl From<Status> for DealStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Unpaid => Self::Unpaid,
            Status::Paid => Self::Paid,
            Status::Expired => Self::Expired,
        }
    }
}

impl Deals {
    /// Today, unless a range is asked for.
    fn listing(&self, now: Timestamp) -> Listing {
        let has_range = self.from.is_some() || self.to.is_some();
        let day = self.day.or_else(|| (!has_range).then(|| Day::of(now)));
        Listing {
            by: if self.paid { ListedBy::Paid } else { ListedBy::Created },
            from: day.map(Day::begins).or(self.from),
            until: day.map(|day| day.next().begins()).or(self.to),
            status: self.status.map(DealStatus::from),
            merchant_id: self.seller,
            account: self.account.clone(),
            ..Listing::default()
        }
    }
}

pub async fn deals(wish: Deals, language: Language) -> Outcome {
    let database = Settings::load()?.database;
    if database.file().is_some_and(|file| !file.exists()) {
        return Err(Failure(vec![words::no_database(&database, "deals")]));
    }
    let listing = wish.listing(Clock::System.now());
    if let Some(contradiction) = listing.contradiction() {
        return Err(Failure(vec![words::contradiction(contradiction)]));
    }
    let mut books = Books::open(&database).await?;
    let listing = Arc::new(listing);
    let limit = wish.limit.unwrap_or(if wish.csv { u32::MAX } else { LIMIT });
    let (mut after, mut left) = (None, limit);
    say(&if wish.csv { csv::beginning(&[]) } else { head(language) });
    while left > 0 {
        let page = books.deals(&listing, after, left.min(PAGE)).await?;
        left = left.saturating_sub(u32::try_from(page.deals.len()).unwrap_or(u32::MAX));
        say(&if wish.csv { csv::lines(&page.deals) } else { page.deals.iter().map(|deal| row(deal, language)).collect() });
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if !wish.csv {
        say(&format!("{}\n", words::listed(limit - left, after.is_some(), &database).read(language)));
    }
    Ok(ExitCode::SUCCESS)
}

/// So many columns of a terminal for each.
const WIDTHS: [usize; 6] = [33, 20, 9, 12, 9, 9];

fn line(cells: [&str; 7]) -> String {
    let [rest @ .., last] = cells;
    let padded: String = rest.iter().zip(WIDTHS).map(|(cell, width)| padded(cell, width)).collect();
    format!("{padded}{last}\n")
}

fn head(language: Language) -> String {
    line(words::HEADINGS.each_ref().map(|heading| heading.read(language)))
}

fn row(deal: &Deal, language: Language) -> String {
    let opened = BeijingTime::from(deal.created_at).naive().to_string();
    let (price, refunded) = (deal.charged.map_or_else(|| "-".to_owned(), Fen::yuan), Fen::yuan_or_nothing(deal.refunded.fee));
    let state = words::status(deal.status);
    let description = deal.details.description.as_ref().map(|description| description.as_str()).unwrap_or_default();
    line([
        deal.order_id.as_str(),
        &opened,
        state.read(language),
        &price,
        &refunded,
        &deal.merchant_id.to_string(),
        &description.replace(is_obeyed, ""),
    ])
}
