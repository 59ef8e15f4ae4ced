//! A migration's plan, `wechat-pay migrate --dry-run`: what would be done, in plain sentences.

mod words;

use crate::language::{Language, Text, padded};
use crate::store::{Adoption, DryRun, ForeignClock};

pub use words::advice;

/// What a line is about, and what it says; the first line of a plan is about all of it.
type Line = (Option<Text>, Text);

/// The column in which sentences begin is as wide as the longest word before them.
const WORDS: usize = 10;

/// Tells what would be done.
pub fn tell(plan: &DryRun, language: Language) -> String {
    let written = lines(plan).into_iter().map(|(about, sentence)| match about {
        None => format!("{}\n", sentence.read(language)),
        Some(about) => format!("  {}  {}\n", padded(about.read(language), WORDS), sentence.read(language)),
    });
    written.collect()
}

fn lines(plan: &DryRun) -> Vec<Line> {
    if let Some(refused) = &plan.refused {
        return vec![(None, words::refused()), words::refused_because(refused.to_string())];
    }
    if plan.steps.is_empty() {
        return [(None, words::up_to_date())].into_iter().chain(elsewhere(plan)).collect();
    }
    let mut lines = vec![(None, words::would_be_done()), words::steps(&plan.steps.join(", ")), words::table(&plan.table, plan.rows)];
    lines.extend(elsewhere(plan));
    if !plan.indexes.is_empty() && plan.rows.is_some() {
        lines.push(words::indexes(&plan.indexes.join(", "), &size(plan.index_bytes)));
    }
    match plan.foreign_clock.map(ForeignClock::ahead_of_beijing) {
        None | Some(Some(0)) => {}
        Some(Some(seconds)) => lines.push(words::time_zone(seconds)),
        Some(None) => lines.push(words::time_zone_unknown()),
    }
    lines.extend(plan.adoption.as_ref().into_iter().flat_map(rows));
    lines
}

fn elsewhere(plan: &DryRun) -> impl Iterator<Item = Line> {
    plan.elsewhere.iter().map(|table| words::elsewhere(table, &advice(table)))
}

fn rows(adoption: &Adoption) -> Vec<Line> {
    let Adoption { of_record, followed, repeated, repeating_rows, unreadable, impossible } = adoption;
    let mut lines = vec![words::adopted(*of_record), words::followed(*followed)];
    if *repeated > 0 {
        lines.push(words::repeated(*repeated, *repeating_rows));
    }
    if unreadable.count > 0 {
        lines.push(words::unreadable(unreadable));
    }
    if impossible.count > 0 {
        lines.push(words::impossible(impossible));
    }
    lines
}

fn size(bytes: i64) -> String {
    match bytes {
        ..1_048_576 => format!("{} KiB", (bytes + 1023) / 1024),
        _ => format!("{} MiB", (bytes + 1_048_575) / 1_048_576),
    }
}
