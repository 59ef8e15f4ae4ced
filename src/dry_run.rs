//! `wechat-pay migrate --dry-run`: what a migration would do, in plain sentences.

use std::fmt::Write;

use crate::store::{Adoption, DryRun, ForeignClock};

/// Tells what would be done.
pub fn tell(plan: &DryRun) -> String {
    let mut text = String::new();
    if let Some(refused) = &plan.refused {
        let _ =
            writeln!(text, "nothing has been changed, nor would anything be: the service would refuse to start\n  refused     {refused}");
        return text;
    }
    if plan.steps.is_empty() {
        let _ = writeln!(text, "the schema is up to date: nothing would be done");
        tell_of_elsewhere(&mut text, &plan.elsewhere);
        return text;
    }
    let _ = writeln!(text, "nothing has been changed; `wechat-pay migrate`, or the next start, would do this:");
    let _ = writeln!(text, "  steps       {}", plan.steps.join(", "));
    match plan.rows {
        None => _ = writeln!(text, "  table       {} is made", plan.table),
        Some(rows) => {
            let _ =
                writeln!(text, "  table       {} has {rows} rows; it gets more columns, all of them nullable, and no row goes", plan.table);
        }
    }
    tell_of_elsewhere(&mut text, &plan.elsewhere);
    if !plan.indexes.is_empty() && plan.rows.is_some() {
        let _ = writeln!(text, "  indexes     {}: about {}", plan.indexes.join(", "), size(plan.index_bytes));
    }
    match plan.foreign_clock.map(ForeignClock::ahead_of_beijing) {
        None | Some(Some(0)) => {}
        Some(Some(seconds)) => {
            let hours =
                format!("{}:{:02} h {}", seconds.abs() / 3600, seconds.abs() / 60 % 60, if seconds < 0 { "behind" } else { "ahead of" });
            let _ = writeln!(text, "  time zone   the server's is {hours} Beijing's: create_at of other programs' rows is read so");
        }
        Some(None) => {
            let _ =
                writeln!(text, "  time zone   init_connect sets one of its own for other programs: their orders are given up a day late");
        }
    }
    if let Some(adoption) = &plan.adoption {
        tell_of_rows(&mut text, adoption);
    }
    text
}

fn tell_of_elsewhere(text: &mut String, tables: &[String]) {
    for table in tables {
        let _ = writeln!(text, "  elsewhere   {table} looks like the Node.js service's table: {}", advice(table));
    }
}

/// How a table of the Node.js service is taken instead.
pub fn advice(table: &str) -> String {
    match table.strip_suffix("deal").unwrap_or_default() {
        "" => "to take it, leave database.table_prefix empty".to_owned(),
        prefix => format!("to take it, set database.table_prefix to {prefix}"),
    }
}

fn tell_of_rows(text: &mut String, adoption: &Adoption) {
    let Adoption { of_record, followed, repeated, repeating_rows, unreadable, impossible } = adoption;
    let _ = writeln!(text, "  adopted     {of_record} rows become the row of record of their order id");
    let _ = writeln!(text, "  followed    {followed} of them are undecided and younger than seven days: WeChat is asked how they stand");
    if *repeated > 0 {
        let _ = writeln!(
            text,
            "  repeated    {repeated} order ids are those of {repeating_rows} rows: the paid one counts, else the newest; the others stay as they are"
        );
    }
    for (count, examples, word, what) in [
        (
            unreadable.count,
            &unreadable.examples,
            "unreadable",
            "have an order id that WeChat could not have: they stay, and are never found",
        ),
        (impossible.count, &impossible.examples, "impossible", "have no lawful status or no price: they stay, and are never settled"),
    ] {
        if count > 0 {
            let more = if usize::try_from(count).is_ok_and(|count| count > examples.len()) { ", …" } else { "" };
            let _ = writeln!(text, "  {word}  {count} rows {what} (id {}{more})", examples.join(", "));
        }
    }
}

fn size(bytes: i64) -> String {
    match bytes {
        ..1_048_576 => format!("{} KiB", (bytes + 1023) / 1024),
        _ => format!("{} MiB", (bytes + 1_048_575) / 1_048_576),
    }
}
