//! The story of a deal: its journal as sentences with their times, and the messages that it rests on.

use std::collections::BTreeMap;

use crate::console::parts;
use crate::explain::Line;
use crate::gateway::ShownField;
use crate::language::Text;
use crate::page::{Language, Value, bilingual};

use super::words;

/// The newest so many are shown: the page is to stay below 100 KiB.
const LINES: usize = 40;

const LINE: &str = "<li>{{time}} <span>{{sentence}}</span> <span class=\"muted\">{{by}}</span>{{evidence}}</li>\n";
const EVIDENCE: &str = "<details><summary>{{微信签名的消息，付款人和密钥类字段已遮盖|WeChat's signed message, without its payer and secrets}}</summary>\
                        <dl class=\"facts\">{{fields}}</dl></details>";
const OF_NOBODY: &str = "<p role=\"alert\" class=\"trouble\">{{unknown}}</p>\n<section aria-labelledby=\"story\">\
                         <h2 id=\"story\">{{经过|Its story}}</h2>\n{{story}}</section>\n";

/// A line an event, and what was left out.
pub fn view(lines: Vec<Line>, evidence: &BTreeMap<i64, Vec<ShownField>>, language: Language) -> String {
    let left_out = lines.len().saturating_sub(LINES);
    let note = match left_out {
        0 => String::new(),
        count => format!("<p class=\"muted\">{}</p>", words::left_out(count).read(language)),
    };
    let lines: String = lines.into_iter().skip(left_out).map(|told| line(&told, evidence.get(&told.id), language)).collect();
    format!("{note}<ol class=\"story\">{lines}</ol>")
}

/// Of an order that is not here.
pub fn of_nobody(unknown: &Text, story: &str, language: Language) -> String {
    bilingual(OF_NOBODY, language, &[("unknown", Value::Text(unknown.read(language))), ("story", Value::Markup(story))])
}

fn line(line: &Line, evidence: Option<&Vec<ShownField>>, language: Language) -> String {
    let evidence = evidence.map(|fields| shown(fields, language)).unwrap_or_default();
    bilingual(
        LINE,
        language,
        &[
            ("time", Value::Markup(&parts::time(line.at))),
            ("sentence", Value::Text(&line.sentence)),
            ("by", Value::Text(&line.by)),
            ("evidence", Value::Markup(&evidence)),
        ],
    )
}

fn shown(fields: &[ShownField], language: Language) -> String {
    let masked = words::masked();
    let field = |ShownField { name, value }: &ShownField| {
        let value = value.as_deref().unwrap_or_else(|| masked.read(language));
        format!("<dt><code>{}</code></dt><dd>{}</dd>", parts::escaped(name), parts::escaped(value))
    };
    let fields: String = fields.iter().map(field).collect();
    bilingual(EVIDENCE, language, &[("fields", Value::Markup(&fields))])
}
