//! `wechat-pay reconcile [--date 2026-11-25] [--account …] [--file bill.csv] [--fetch]`

mod words;

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::TimeDelta;
use clap::Args;

use crate::app;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::Settings;
use crate::deal::{AccountId, Bill, BillState, Day, DifferenceState, Found, Timestamp};
use crate::gateway::{Fetch, Gateway, Rehearsal};
use crate::language::{Language, Text};
use crate::store::Books;

use super::words::no_database;
use super::{Failure, Outcome, say};

/// Differences that are shown on a screen.
const SHOWN: usize = 100;

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
    let (today, file) = (Day::of(Clock::System.now()), wish.file.as_deref().map(open).transpose()?);
    if let Some(day) = wish.date.filter(|day| *day > today) {
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
            reconciled(&gateway, &accounts, day, if wish.fetch { Fetch::Again } else { Fetch::IfMissing }, language).await?
        }
    };
    Ok(end.into())
}

/// The day before the one that begins then.
fn before(time: Timestamp) -> Day {
    Day::of(time - TimeDelta::seconds(1))
}

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| Failure(vec![Text::untranslated(format!("{}: {error}", path.display()))]))
}

/// The bill of a day of each account; one that cannot be had keeps none of the others from being looked at.
async fn reconciled(gateway: &Gateway, accounts: &[AccountId], day: Day, fetch: Fetch, language: Language) -> Result<End, Failure> {
    let mut end = End::Agreed;
    say(&words::head(language));
    let mut told = Vec::new();
    for account in accounts {
        match gateway.reconcile(account, day, fetch).await {
            Ok(bill) => {
                end = end.max(End::from(&bill));
                say(&words::row(&bill, language));
                told.push(bill);
            }
            Err(error) => {
                end = End::NotDone;
                let _ = writeln!(io::stderr(), "wechat-pay: {}", words::failed(account, day, &error).read(language));
            }
        }
    }
    for bill in &told {
        if let Some(sentence) = words::missing(bill) {
            say(&format!("{}\n", sentence.read(language)));
        }
        let differences = gateway.store().differences_of_bill(bill.id).await?;
        let numbered: Vec<_> = differences.iter().map(|difference| (Some(difference.id), &difference.found)).collect();
        tell(&numbered, bill.differences, language);
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
    tell(&unnumbered, *differences, language);
    let end = if is_agreed { End::Agreed } else { End::Different };
    say(&format!("{}\n", words::end_of_file(is_agreed).read(language)));
    Ok(end)
}

/// A line a difference: the open ones first.
fn tell(differences: &[(Option<i64>, &Found)], counted: i64, language: Language) {
    let is_open = |(_, found): &&(Option<i64>, &Found)| found.state == DifferenceState::Open;
    let in_order = differences.iter().filter(is_open).chain(differences.iter().filter(|difference| !is_open(difference)));
    in_order.take(SHOWN).for_each(|(id, found)| say(&format!("{}\n", words::difference(*id, found).read(language))));
    let left = counted.saturating_sub(i64::try_from(differences.len().min(SHOWN)).unwrap_or(i64::MAX));
    if left > 0 {
        say(&format!("{}\n", words::more(left).read(language)));
    }
}
