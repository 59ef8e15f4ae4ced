//! `wechat-pay webhooks`: a table of the endpoints.

use std::process::ExitCode;

use crate::config::Settings;
use crate::deal::{BeijingTime, Timestamp};
use crate::language::{Language, columns, padded};
use crate::store::{EndpointStanding, LastFailure};
use crate::webhook::Unanswered;

use super::super::{Outcome, say};
use super::{standings, words};

/// Of what an endpoint says so many characters are shown.
const SHOWN: usize = 60;

pub async fn list(settings: &Settings, language: Language) -> Outcome {
    let webhooks = &settings.webhooks;
    if webhooks.is_empty() {
        say(&format!("{}\n", words::none().read(language)));
        return Ok(ExitCode::SUCCESS);
    }
    let names: Vec<_> = webhooks.iter().map(|webhook| webhook.name.clone()).collect();
    let standings = standings(settings, &names, "webhooks").await?;
    let headings = words::HEADINGS.iter().map(|heading| heading.read(language).to_owned()).collect();
    let rows = webhooks.iter().zip(&standings).map(|(webhook, standing)| {
        let host = webhook.url.host_str().unwrap_or_default().to_owned();
        [vec![webhook.name.to_string(), host], cells(standing, language)].concat()
    });
    say(&table(&[headings].into_iter().chain(rows).collect::<Vec<_>>()));
    Ok(ExitCode::SUCCESS)
}

fn cells(standing: &EndpointStanding, language: Language) -> Vec<String> {
    let state = if standing.paused_at.is_some() {
        words::paused()
    } else if standing.failing > 0 {
        words::failing()
    } else {
        words::well()
    };
    vec![
        state.read(language).to_owned(),
        standing.waiting.to_string(),
        shown(standing.waiting_since),
        standing.given_up.to_string(),
        standing.last_failure.as_ref().map_or_else(|| "-".to_owned(), |last| failure(last, language)),
    ]
}

fn shown(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| BeijingTime::from(time).to_string())
}

fn failure(LastFailure { at, status, answer }: &LastFailure, language: Language) -> String {
    let answer = answer.as_deref().filter(|answer| !answer.is_empty());
    let what: Vec<_> = match status {
        Some(status) => {
            [Some(format!("HTTP {status}")), answer.map(|words| words.chars().take(SHOWN).collect())].into_iter().flatten().collect()
        }
        None => answer.map(|why| Unanswered::told(why).read(language).to_owned()).into_iter().collect(),
    };
    format!("{} {}", shown(Some(*at)), what.join(": "))
}

/// Each column as wide as its widest cell, but for the last.
fn table(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| columns(cell)).max().unwrap_or(0);
    let line = |row: &Vec<String>| {
        let (last, others) = row.split_last()?;
        let others = others.iter().enumerate().map(|(column, cell)| padded(cell, width(column)) + "  ");
        Some(format!("{}{last}\n", others.collect::<String>()))
    };
    rows.iter().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_in_the_operator_s_language_and_a_refusal_in_its_own() {
        let told = |status, answer: &str| {
            let failure_of_it = LastFailure { at: Timestamp::UNIX_EPOCH, status, answer: Some(answer.to_owned()) };
            [Language::English, Language::Chinese].map(|language| failure(&failure_of_it, language).split_once(' ').unwrap().1.to_owned())
        };
        assert_eq!(told(None, "nothing answers at its address"), ["nothing answers at its address", "连接不上"]);
        assert_eq!(told(Some(500), "TLS failed"), ["HTTP 500: TLS failed"; 2]);
        assert_eq!(told(Some(404), ""), ["HTTP 404"; 2]);
    }
}
