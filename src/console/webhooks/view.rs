//! The markup of the endpoints, and of what goes to one.

use crate::console::{Visitor, names, parts};
use crate::deal::{DeliveryList, ListedDelivery};
use crate::gateway::StandingEndpoint;
use crate::language::pair;
use crate::page::{Language, Value, bilingual};

use super::wish::{LISTS, Wish};
use super::words;

/// Deliveries are counted so far; and of what an endpoint says so many characters are shown.
const COUNTED: i64 = 1000;

pub fn none(language: Language) -> String {
    let words = pair("No endpoint is configured.", "没有配置回调地址。");
    format!("<p class=\"card none\">{} <code>webhooks.&lt;name&gt;</code></p>", words.read(language))
}

pub fn endpoints(endpoints: &[StandingEndpoint], visitor: &Visitor) -> String {
    let rows: String = endpoints.iter().map(|endpoint| row(endpoint, visitor)).collect();
    bilingual(include_str!("html/endpoints.html"), visitor.language, &[("rows", Value::Markup(&rows))])
}

fn row(endpoint: &StandingEndpoint, visitor: &Visitor) -> String {
    let (language, standing) = (visitor.language, &endpoint.standing);
    let (class, state) = words::standing(endpoint);
    let failure = standing.last_failure.as_ref().map(|last| {
        let answer = parts::answer(last.status, last.answer.as_deref());
        format!("{} {}", parts::time(last.at), parts::escaped(answer.read(language)))
    });
    let resume = if standing.paused_at.is_some() && visitor.role.is_admin() { resume(endpoint, visitor) } else { String::new() };
    bilingual(
        include_str!("html/endpoint.html"),
        language,
        &[
            ("name", Value::Text(endpoint.name.as_str())),
            ("host", Value::Text(&endpoint.host)),
            ("state", Value::Markup(&parts::state(class, state.read(language)))),
            ("resume", Value::Markup(&resume)),
            ("waiting", Value::Text(&counted(standing.waiting))),
            ("since", Value::Markup(&standing.waiting_since.map(parts::time).unwrap_or_default())),
            ("given_up", Value::Text(&counted(standing.given_up))),
            ("failure", Value::Markup(&failure.unwrap_or_default())),
        ],
    )
}

fn resume(endpoint: &StandingEndpoint, visitor: &Visitor) -> String {
    let values = [("name", Value::Text(endpoint.name.as_str())), ("csrf", Value::Markup(&visitor.csrf_field()))];
    bilingual(include_str!("html/resume.html"), visitor.language, &values)
}

fn counted(count: i64) -> String {
    if count >= COUNTED { format!("{COUNTED}+") } else { count.to_string() }
}

pub fn deliveries(wish: &Wish, deliveries: &[ListedDelivery], has_more: bool, visitor: &Visitor) -> String {
    let language = visitor.language;
    let table = if deliveries.is_empty() {
        format!("<p class=\"card none\">{}</p>", words::none(wish.list).read(language))
    } else {
        table(wish, deliveries, has_more, visitor)
    };
    bilingual(
        include_str!("html/deliveries.html"),
        language,
        &[
            ("endpoint", Value::Text(wish.endpoint.as_deref().unwrap_or_default())),
            ("lists", Value::Markup(&lists(wish, language))),
            ("table", Value::Markup(&table)),
            ("pages", Value::Markup(&pages(wish, deliveries.last().filter(|_| has_more), language))),
        ],
    )
}

fn lists(wish: &Wish, language: Language) -> String {
    let link = |(word, list): &(&str, DeliveryList)| {
        let is_shown = std::mem::discriminant(list) == std::mem::discriminant(&wish.list);
        let current = if is_shown { " aria-current=\"true\"" } else { "" };
        format!("<a href=\"{}\"{current}>{}</a>", parts::escaped(&wish.address(word)), words::list(*list).read(language))
    };
    LISTS.iter().map(link).collect()
}

fn table(wish: &Wish, deliveries: &[ListedDelivery], has_more: bool, visitor: &Visitor) -> String {
    let language = visitor.language;
    let rows: String = deliveries.iter().map(|listed| delivery(listed, visitor)).collect();
    let caption = match wish.list {
        DeliveryList::Latest { .. } => pair("The newest first", "最新的在前"),
        DeliveryList::Waiting if has_more => pair("Those that are tried next; more wait behind them", "即将发送的；后面还有"),
        DeliveryList::Waiting => pair("Those that are tried next first", "先发送的在前"),
        DeliveryList::GivenUp if has_more => pair("The last that were given up; there are more", "最近放弃的；还有更多"),
        DeliveryList::GivenUp => pair("The last that was given up first", "最近放弃的在前"),
    };
    let what =
        pair("Send again: the endpoint gets the same event once more, under the same number", "重发：端点会再收到同一事件，编号不变");
    let resend = format!("<th scope=\"col\"><span id=\"resend-what\">{}</span></th>", what.read(language));
    bilingual(
        include_str!("html/table.html"),
        language,
        &[
            ("caption", Value::Text(caption.read(language))),
            ("resend", Value::Markup(if visitor.may_act() { &resend } else { "" })),
            ("rows", Value::Markup(&rows)),
        ],
    )
}

fn delivery(ListedDelivery { order_id, delivery, .. }: &ListedDelivery, visitor: &Visitor) -> String {
    let language = visitor.language;
    let (class, state) = names::delivery(delivery);
    let order = order_id.as_ref().map(|order_id| parts::order(order_id.as_str())).unwrap_or_default();
    let is_tried = delivery.status.is_some() || delivery.answer.is_some();
    let answer = is_tried.then(|| parts::answer(delivery.status.map(i64::from), delivery.answer.as_deref()));
    let values = [
        ("event", Value::Text(delivery.event_id.as_str())),
        ("endpoint", Value::Text(delivery.endpoint.as_str())),
        ("csrf", Value::Markup(&visitor.csrf_field())),
    ];
    let resend = match (visitor.may_act(), delivery.may_be_sent_again()) {
        (false, _) => String::new(),
        (true, true) => bilingual(include_str!("html/resend.html"), language, &values),
        (true, false) => "<td></td>".to_owned(),
    };
    bilingual(
        include_str!("html/delivery.html"),
        language,
        &[
            ("event", Value::Text(delivery.event_id.as_str())),
            ("type", Value::Text(&delivery.event_type)),
            ("order", Value::Markup(&order)),
            ("state", Value::Markup(&parts::state(class, state.read(language)))),
            ("tries", Value::Text(&delivery.tries.to_string())),
            ("tried", Value::Markup(&delivery.tried_at.map(parts::time).unwrap_or_default())),
            ("due", Value::Markup(&delivery.due_at.map(parts::time).unwrap_or_default())),
            ("answer", Value::Markup(&answer.map(|answer| parts::escaped(answer.read(language))).unwrap_or_default())),
            ("resend", Value::Markup(&resend)),
        ],
    )
}

fn pages(wish: &Wish, last: Option<&ListedDelivery>, language: Language) -> String {
    let DeliveryList::Latest { before } = wish.list else { return String::new() };
    let latest = wish.address("latest");
    let first = before.map(|_| parts::link(&latest, pair("The newest", "最新的").read(language)));
    let next = last.map(|last| parts::link(&format!("{latest}&before={}", last.position), pair("Older ones", "更早的").read(language)));
    parts::pages(first.into_iter().chain(next), language)
}
