//! `wechat-pay reconcile [--date 2026-11-25] [--account …] [--file bill.csv] [--fetch]`

mod own_file;
mod words;

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::TimeDelta;
use clap::Args;

use crate::app;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::Settings;
use crate::deal::{AccountId, Bill, BillState, Day, DifferenceState, Finding, Found, Timestamp};
use crate::gateway::{Fetch, Gateway, Rehearsal};
use crate::language::Language;
use crate::store::Books;

use super::words::no_database;
use super::{Failure, Outcome, say};

/// Differences that are shown on a screen.
const SHOWN: usize = 100;

/// A bill that is not to be had is asked for by the service until so many days after its own.
const ASKED_FOR: u32 = 7;

/// Which bill the books are held against.
#[derive(Args)]
pub struct Reconcile {
    #[arg(long = "date", id = "bill_date", value_name = "DAY")]
    date: Option<Day>,
    #[arg(long = "account", id = "bill_account", value_name = "ACCOUNT")]
    account: Option<AccountId>,
    #[arg(long = "file", id = "bill_file", value_name = "FILE", conflicts_with = "bill_fetch")]
    file: Option<PathBuf>,
    #[arg(long = "fetch", id = "bill_fetch")]
    fetch: bool,
}

/// How it ended, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Agreed,
    Different,
    NotDone,
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        match end {
            End::Agreed => Self::SUCCESS,
            End::Different => Self::from(1),
            End::NotDone => Self::from(2),
        }
    }
}

impl From<&Bill> for End {
    fn from(bill: &Bill) -> Self {
        match bill.state {
            BillState::Agreed | BillState::NoTrades => Self::Agreed,
            BillState::Different => Self::Different,
            BillState::Missing => Self::NotDone,
        }
    }
}

pub async fn reconcile(wish: Reconcile, language: Language) -> Outcome {
    let settings = Settings::load()?;
    let database = &settings.database;
    if database.file().is_some_and(|file| !file.exists()) {
        return Err(Failure(vec![no_database(database, "reconcile")]));
    }
    if let Some(account) = wish.account.as_ref().filter(|account| !settings.has_account(account)) {
        return Err(Failure(vec![words::no_such_account(account)]));
    }
    let (today, file) = (Day::of(Clock::System.now()), wish.file.as_deref().map(|path| own_file::open(path, words::no_bill)).transpose()?);
    if let Some(day) = wish.date.filter(|day| !may_be_over(*day, today, settings.is_simulated())) {
        return Err(Failure(vec![words::not_over(day)]));
    }
    // A look, so that a database that is not up to date is not altered.
    drop(Books::open(database).await?);
    let gateway = app::open_gateway(&settings, Clock::System, Chance::System).await?;
    let end = match file {
        Some(file) => rehearsed(&gateway, &wish.account.unwrap_or_default(), wish.date, file, language).await?,
        None => {
            let day = wish.date.unwrap_or_else(|| before(today.begins()));
            let accounts: Vec<_> = match wish.account {
                Some(account) => vec![account],
                None => settings.all_accounts().map(|account| account.merchant.account.clone()).collect(),
            };
            let told = reconciled(&gateway, &accounts, day, if wish.fetch { Fetch::Again } else { Fetch::IfMissing }, language).await;
            tell_of(&gateway, told, settings.bill_enabled && is_asked_for(day, today), language).await?
        }
    };
    Ok(end.into())
}

/// The day before the one that begins then.
fn before(time: Timestamp) -> Day {
    Day::of(time - TimeDelta::seconds(1))
}

/// Whether there may be a bill of this day. At the simulator days pass that have not passed here.
fn may_be_over(day: Day, today: Day, is_simulated: bool) -> bool {
    day < today || is_simulated
}

/// Whether the service asks for the bill of this day by itself.
fn is_asked_for(day: Day, today: Day) -> bool {
    day.days_to(today) <= ASKED_FOR + 1
}

/// The bill of a day of each account; one that cannot be had keeps none of the others from being looked at.
async fn reconciled(gateway: &Gateway, accounts: &[AccountId], day: Day, fetch: Fetch, language: Language) -> (End, Vec<Bill>) {
    let (mut end, mut bills) = (End::Agreed, Vec::new());
    for account in accounts {
        match gateway.reconcile(account, day, fetch).await {
            Ok(bill) => {
                end = end.max(End::from(&bill));
                bills.push(bill);
            }
            Err(error) => {
                end = End::NotDone;
                let _ = writeln!(io::stderr(), "wechat-pay: {}", words::failed(account, day, &error).read(language));
            }
        }
    }
    (end, bills)
}

/// A table, which no line of the log goes through, and below it what differs. `comes`: what is missing is asked for by the service.
async fn tell_of(gateway: &Gateway, (end, bills): (End, Vec<Bill>), comes: bool, language: Language) -> Result<End, Failure> {
    let rows: String = bills.iter().map(|bill| words::row(bill, language)).collect();
    if !rows.is_empty() {
        say(&format!("{}{rows}", words::head(language)));
    }
    for bill in &bills {
        if let Some(sentence) = words::missing(bill, comes) {
            say(&format!("{}\n", sentence.read(language)));
        }
        let differences = gateway.store().differences_of_bill(bill.id).await?;
        let numbered: Vec<_> = differences.iter().map(|difference| (Some(difference.id), &difference.found)).collect();
        tell(&numbered, bill.differences, Some(bill.day), language);
    }
    say(&format!("{}\n", words::end(end == End::Agreed, end == End::NotDone).read(language)));
    Ok(end)
}

/// A file of the merchant's own.
async fn rehearsed(gateway: &Gateway, account: &AccountId, day: Option<Day>, file: File, language: Language) -> Result<End, Failure> {
    let rehearsal = gateway.rehearse(account, day, file).await.map_err(|error| Failure(vec![words::unread(&error)]))?;
    let Rehearsal { days, sums, differences, open, found } = &rehearsal;
    let is_agreed = *open == 0;
    if let Some((first, last)) = *days {
        say(&format!("{}\n", words::of_file(first, last, account).read(language)));
    }
    say(&format!("{}\n", words::sums(sums).read(language)));
    let unnumbered: Vec<_> = found.iter().map(|found| (None, found)).collect();
    tell(&unnumbered, *differences, None, language);
    let end = if is_agreed { End::Agreed } else { End::Different };
    say(&format!("{}\n", words::end_of_file(is_agreed).read(language)));
    Ok(end)
}

/// A line a difference: the open ones first. What is over is counted only, and of which day more can be asked for is said.
fn tell(differences: &[(Option<i64>, &Found)], counted: i64, day: Option<Day>, language: Language) {
    let (over, mut standing): (Vec<_>, Vec<_>) = differences.iter().partition(|(_, found)| found.finding == Some(Finding::AgreesNow));
    standing.sort_by_key(|(_, found)| found.state != DifferenceState::Open);
    for (id, found) in standing.iter().take(SHOWN) {
        say(&format!("{}\n", words::difference(*id, found).read(language)));
    }
    let number = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    let unlisted = counted.saturating_sub(number(differences.len())).max(0);
    let left = unlisted.saturating_add(number(standing.len().saturating_sub(SHOWN)));
    if left > 0 {
        say(&format!("{}\n", words::more(left, day).read(language)));
    }
    if !over.is_empty() {
        say(&format!("{}\n", words::over(over.len()).read(language)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_is_over_when_the_next_has_begun_and_at_the_simulator_whenever_it_says_so() {
        let today = day("2026-11-27");
        let may_be_over = |text, is_simulated| super::may_be_over(day(text), today, is_simulated);
        assert_eq!(["2026-11-26", "2026-11-27", "2026-11-28"].map(|day| may_be_over(day, false)), [true, false, false]);
        assert_eq!(["2026-11-26", "2026-11-27", "2026-11-29"].map(|day| may_be_over(day, true)), [true, true, true]);
    }

    #[test]
    fn for_a_week_the_service_asks_by_itself() {
        let today = day("2026-11-27");
        assert_eq!(
            ["2026-11-26", "2026-11-20", "2026-11-19", "2020-01-01"].map(|text| is_asked_for(day(text), today)),
            [true, true, false, false]
        );
    }
}
