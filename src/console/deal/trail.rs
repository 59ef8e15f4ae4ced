//! Who did what with a deal, for those that may see it.

use crate::console::{names, parts};
use crate::deal::AuditEntry;
use crate::page::{Language, Value, bilingual};

const TRAIL: &str = include_str!("html/trail.html");
const ROW: &str = "<li>{{time}} <span>{{user}}: {{what}}</span> <span class=\"muted\">{{detail}}</span></li>\n";

/// A line each; nothing where there is none.
pub fn view(entries: &[AuditEntry], language: Language) -> String {
    if entries.is_empty() {
        return String::new();
    }
    let rows: String = entries.iter().map(|entry| row(entry, language)).collect();
    bilingual(TRAIL, language, &[("rows", Value::Markup(&rows))])
}

fn row(entry: &AuditEntry, language: Language) -> String {
    let what = names::action(entry.action);
    let detail = [&entry.subject, &entry.detail].into_iter().flatten().cloned().collect::<Vec<_>>().join(" · ");
    bilingual(
        ROW,
        language,
        &[
            ("time", Value::Markup(&parts::time(entry.at))),
            ("user", Value::Text(&entry.user)),
            ("what", Value::Text(what.read(language))),
            ("detail", Value::Text(&detail)),
        ],
    )
}
