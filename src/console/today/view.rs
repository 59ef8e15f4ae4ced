//! The page of today: figures, the alarms that wait, the hours as a chart and as a table, and the health of what the till needs.

use crate::console::parts::{order, time};
use crate::deal::{Alarm, Hour};
use crate::gateway::Board;
use crate::language::pair;
use crate::page::{Language, Value, bilingual};
use crate::told::sentence;

use super::chart::chart;
use super::figures::figures;
use super::health::{Facts, health};
use super::table::table;
use super::words::clock;

const TODAY: &str = include_str!("html/today.html");
const ALARMS: &str = include_str!("html/alarms.html");
const ALARM: &str = include_str!("html/alarm.html");
const COUNTING: &str = include_str!("html/counting.html");
/// The figures are older than they should be.
const FAILED: &str = "<strong>{{最近一次统计失败，数字是之前的。|The last count failed, so these figures are older ones.}}</strong> ";
const AWAY: &str = include_str!("html/away.html");

/// All of it, as far as it is known.
pub fn today(facts: &Facts<'_>, language: Language) -> String {
    let health = health(facts, language);
    let Some(board) = facts.board else {
        return bilingual(if facts.has_failed { AWAY } else { COUNTING }, language, &[]) + &health;
    };
    let (figures, alarms, hour) = (figures(board, facts.now, language), alarms(board, language), Hour::of(board.at).number());
    let chart = chart(&board.today, &board.yesterday, &board.week_ago, hour, language);
    let table = table(&board.today, &board.yesterday, &board.week_ago, hour, language);
    let day = board.today.day.to_string();
    let failed = if facts.has_failed { bilingual(FAILED, language, &[]) } else { String::new() };
    let values = [
        ("day", Value::Text(&day)),
        ("at", Value::Markup(&clock(board.at))),
        ("failed", Value::Markup(&failed)),
        ("alarms", Value::Markup(&alarms)),
        ("figures", Value::Markup(&figures)),
        ("chart", Value::Markup(&chart)),
        ("table", Value::Markup(&table)),
        ("health", Value::Markup(&health)),
    ];
    bilingual(TODAY, language, &values)
}

/// The alarms that nobody has answered: how many, and the latest of them.
fn alarms(board: &Board, language: Language) -> String {
    if board.open_alarms == 0 {
        return bilingual("<p class=\"muted\">{{没有待处理的告警。|No alarm waits for an answer.}}</p>", language, &[]);
    }
    let rows: String = board.latest_alarms.iter().map(|latest| alarm(latest, language)).collect();
    bilingual(ALARMS, language, &[("count", Value::Text(&board.open_alarms.to_string())), ("rows", Value::Markup(&rows))])
}

fn alarm(Alarm { kind, order_id, at, .. }: &Alarm, language: Language) -> String {
    let sentence = kind.map_or_else(|| pair("a later version has raised it", "由更新的版本发出"), sentence);
    let (at, order) = (time(*at), order_id.as_ref().map(|order_id| order(order_id.as_str())).unwrap_or_default());
    let values = [("at", Value::Markup(&at)), ("sentence", Value::Text(sentence.read(language))), ("order", Value::Markup(&order))];
    bilingual(ALARM, language, &values)
}
