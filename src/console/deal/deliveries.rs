//! What the merchant's endpoints were told of a deal, and the buttons that tell them once more.

use crate::console::{Console, Visitor, names, parts};
use crate::deal::{Deal, EventDelivery};
use crate::language::{pair, text};
use crate::page::{Language, Value, bilingual};

const TABLE: &str = include_str!("html/deliveries.html");
const ROW: &str = "<tr><th scope=\"row\">{{type}}<br><code>{{event}}</code></th><td>{{endpoint}}</td><td>{{state}}</td>\
                   <td class=\"amount\">{{tries}}</td><td>{{tried}}</td><td>{{due}}</td><td>{{answer}}</td><td>{{again}}</td></tr>\n";
const AGAIN: &str = "<form method=\"post\" action=\"/deliveries/{{event}}/resend\">{{csrf}}<input type=\"hidden\" name=\"endpoint\" \
                     value=\"{{endpoint}}\"><input type=\"hidden\" name=\"order_id\" value=\"{{order}}\"><button class=\"quiet\" \
                     aria-describedby=\"resend-what\">{{重发|Send again}}</button></form>";
/// The newest so many are shown.
const SHOWN: usize = 20;

/// A table of them; nothing where there is none.
pub fn view(deal: &Deal, deliveries: &[EventDelivery], console: &Console, visitor: &Visitor) -> String {
    if deliveries.is_empty() {
        return String::new();
    }
    let may_resend =
        |delivery: &EventDelivery| visitor.may_act() && delivery.may_be_sent_again() && console.gateway.has_endpoint(&delivery.endpoint);
    let language = visitor.language;
    let rows: String = deliveries
        .iter()
        .rev()
        .take(SHOWN)
        .map(|delivery| {
            let again = if may_resend(delivery) { again(deal, delivery, visitor) } else { String::new() };
            row(delivery, &again, language)
        })
        .collect();
    let caption = match deliveries.len() {
        1 => pair("1 delivery", "1 次发送"),
        count if count > SHOWN => text(format!("The newest {SHOWN} of {count} deliveries"), format!("共 {count} 条，显示最新 {SHOWN} 条")),
        count => text(format!("{count} deliveries, the newest first"), format!("{count} 条，最新的在前")),
    };
    bilingual(TABLE, language, &[("caption", Value::Text(caption.read(language))), ("rows", Value::Markup(&rows))])
}

fn row(delivery: &EventDelivery, again: &str, language: Language) -> String {
    let (class, word) = names::delivery(delivery);
    let is_tried = delivery.status.is_some() || delivery.answer.is_some();
    let answer = is_tried.then(|| parts::answer(delivery.status.map(i64::from), delivery.answer.as_deref()));
    let due = delivery.due_at.map(parts::time).unwrap_or_default();
    bilingual(
        ROW,
        language,
        &[
            ("type", Value::Text(&delivery.event_type)),
            ("event", Value::Text(delivery.event_id.as_str())),
            ("endpoint", Value::Text(delivery.endpoint.as_str())),
            ("state", Value::Markup(&parts::state(class, word.read(language)))),
            ("tries", Value::Text(&delivery.tries.to_string())),
            ("tried", Value::Markup(&delivery.tried_at.map(parts::time).unwrap_or_default())),
            ("due", Value::Markup(&due)),
            ("answer", Value::Text(answer.as_ref().map_or("", |answer| answer.read(language)))),
            ("again", Value::Markup(again)),
        ],
    )
}

fn again(deal: &Deal, delivery: &EventDelivery, visitor: &Visitor) -> String {
    bilingual(
        AGAIN,
        visitor.language,
        &[
            ("order", Value::Text(deal.order_id.as_str())),
            ("csrf", Value::Markup(&visitor.csrf_field())),
            ("endpoint", Value::Text(delivery.endpoint.as_str())),
            ("event", Value::Text(delivery.event_id.as_str())),
        ],
    )
}
