//! The markup of a list of alarms.

use crate::console::{Visitor, parts};
use crate::deal::Alarm;
use crate::language::{Text, pair};
use crate::page::{Language, Value, bilingual};
use crate::told::sentence;

use super::{WishedAlarms, words};

const PAGE: &str = include_str!("html/page.html");
const ALARM: &str = include_str!("html/alarm.html");
const ANSWER: &str = include_str!("html/answer.html");

pub fn list(wish: &WishedAlarms, alarms: &[Alarm], has_more: bool, visitor: &Visitor) -> String {
    let language = visitor.language;
    let current = |is_shown: bool| Value::Markup(if is_shown { " aria-current=\"true\"" } else { "" });
    let listed: String = alarms.iter().map(|alarm| one(alarm, visitor)).collect();
    let listed = if alarms.is_empty() {
        format!("<p class=\"card none\">{}</p>", none(wish).read(language))
    } else {
        format!("<ul class=\"cards\">\n{listed}</ul>")
    };
    bilingual(
        PAGE,
        language,
        &[
            ("open", current(!wish.is_for_all)),
            ("all", current(wish.is_for_all)),
            ("alarms", Value::Markup(&listed)),
            ("pages", Value::Markup(&pages(wish, alarms.last().filter(|_| has_more), language))),
        ],
    )
}

fn none(wish: &WishedAlarms) -> Text {
    match (wish.before, wish.is_for_all) {
        (Some(_), _) => pair("There are no older ones.", "没有更早的告警。"),
        (None, true) => pair("There was no alarm yet.", "还没有过告警。"),
        (None, false) => pair("No alarm is open.", "没有未处理的告警。"),
    }
}

fn one(alarm: &Alarm, visitor: &Visitor) -> String {
    let language = visitor.language;
    let (class, state) = words::state(alarm);
    let sentence = alarm.kind.map(sentence);
    let account = (!alarm.account.is_default()).then(|| parts::escaped(alarm.account.as_str()));
    let order = alarm.order_id.as_ref().map(|order_id| parts::order(order_id.as_str()));
    let detail = alarm.detail.as_ref().map(|detail| format!("<code>{}</code>", parts::escaped(detail)));
    let answered = alarm.answered.as_ref().map(|answer| {
        let by = parts::escaped(&answer.by);
        format!("<strong>{by}</strong>, {}: <span class=\"note\">{}</span>", parts::time(answer.at), parts::escaped(&answer.note))
    });
    let resolved = alarm.resolved.zip(words::resolved(alarm));
    let resolved = resolved.map(|(resolved, by)| format!("{}, {}", parts::escaped(by.read(language)), parts::time(resolved.at)));
    let fact = |name: Text, value: Option<String>| parts::fact(name.read(language), value);
    let form = if alarm.is_open() && visitor.may_act() { form(alarm, visitor) } else { String::new() };
    bilingual(
        ALARM,
        language,
        &[
            ("id", Value::Text(&alarm.id.to_string())),
            ("title", Value::Text(words::title(alarm.kind).read(language))),
            ("state", Value::Markup(&parts::state(class, state.read(language)))),
            ("sentence", Value::Text(sentence.as_ref().map_or("", |sentence| sentence.read(language)))),
            ("at", Value::Markup(&parts::time(alarm.at))),
            ("order", Value::Markup(&fact(pair("Order", "订单"), order))),
            ("account", Value::Markup(&fact(pair("Account", "账户"), account))),
            ("detail", Value::Markup(&fact(pair("More", "详情"), detail))),
            ("answered", Value::Markup(&fact(pair("Answered by", "处理人"), answered))),
            ("resolved", Value::Markup(&fact(pair("Over, because", "消除原因"), resolved))),
            ("form", Value::Markup(&form)),
        ],
    )
}

fn form(alarm: &Alarm, visitor: &Visitor) -> String {
    let values = [("id", alarm.id.to_string()), ("csrf", visitor.csrf_field())];
    let values: Vec<_> = values.iter().map(|(name, value)| (*name, Value::Markup(value))).collect();
    bilingual(ANSWER, visitor.language, &values)
}

fn pages(wish: &WishedAlarms, last: Option<&Alarm>, language: Language) -> String {
    let address = |before: Option<&str>| {
        let show = wish.is_for_all.then_some(("show", "all"));
        parts::address("/alarms", show.into_iter().chain(before.map(|before| ("before", before))))
    };
    let first = wish.before.map(|_| parts::link(&address(None), pair("The newest", "最新的").read(language)));
    let next = last.map(|last| parts::link(&address(Some(&last.id.to_string())), pair("Older ones", "更早的").read(language)));
    parts::pages(first.into_iter().chain(next), language)
}
