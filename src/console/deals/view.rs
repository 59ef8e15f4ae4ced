//! The markup of a list of deals.

use crate::console::{Visitor, parts};
use crate::deal::{Deal, DealStatus, ListedBy, Sought};
use crate::gateway::Found;
use crate::language::{Text, pair};
use crate::page::{Language, Value, bilingual};
use crate::told;

use super::LIMIT;
use super::wish::Wish;
use super::words;

const PAGE: &str = include_str!("html/page.html");
const TABLE: &str = include_str!("html/table.html");
const ROW: &str = "<tr><th scope=\"row\">{{order}}</th><td>{{time}}</td><td>{{state}}</td>\
                   <td class=\"amount\">{{fee}}</td><td class=\"amount\">{{back}}</td><td class=\"number\">{{seller}}</td>\
                   <td>{{description}}</td><td>{{reference}}</td></tr>\n";

/// The form, and what was found.
pub fn list(wish: &Wish, found: &Found, visitor: &Visitor) -> String {
    let language = visitor.language;
    let deals = &found.page.deals;
    let table = if deals.is_empty() { String::new() } else { table(deals, wish.listing.by, language) };
    whole(wish, language, &understood(wish, found, language), &table, &pages(wish, found, language))
}

/// The form, and which filter cannot be read.
pub fn misread(wish: &Wish, visitor: &Visitor) -> String {
    let why = words::wrong(wish.wrong.unwrap_or_default());
    let said = format!("<p role=\"alert\" class=\"trouble\">{}</p>", parts::escaped(why.read(visitor.language)));
    whole(wish, visitor.language, &said, "", "")
}

fn whole(wish: &Wish, language: Language, understood: &str, table: &str, pages: &str) -> String {
    let statuses = DealStatus::ALL.map(|status| (told::status(status), words::status(status).1));
    let statuses = options(wish.filter("status"), &statuses, Some(pair("all", "全部")), language);
    let times = [("created", pair("opened", "下单时间")), ("paid", pair("paid", "支付时间"))];
    let times = options(wish.filter("by"), &times, None, language);
    bilingual(
        PAGE,
        language,
        &[
            ("typed", Value::Text(&wish.typed)),
            ("open", Value::Markup(if wish.is_filtered() { " open" } else { "" })),
            ("statuses", Value::Markup(&statuses)),
            ("times", Value::Markup(&times)),
            ("from", Value::Text(wish.filter("from"))),
            ("to", Value::Text(wish.filter("to"))),
            ("account", Value::Text(wish.filter("account"))),
            ("understood", Value::Markup(understood)),
            ("table", Value::Markup(table)),
            ("pages", Value::Markup(pages)),
        ],
    )
}

fn options(chosen: &str, known: &[(&str, Text)], none: Option<Text>, language: Language) -> String {
    let none = none.map(|none| format!("<option value=\"\">{}</option>", none.read(language)));
    let known = known.iter().map(|(word, label)| {
        let selected = if *word == chosen { " selected" } else { "" };
        format!("<option value=\"{word}\"{selected}>{}</option>", label.read(language))
    });
    none.into_iter().chain(known).collect()
}

/// How it was understood, what else it may mean, and how far it was looked for.
fn understood(wish: &Wish, found: &Found, language: Language) -> String {
    let is_nothing = found.reading.is_none() && !wish.typed.trim().is_empty();
    let (said, lead) = match &found.reading {
        Some(reading) => (words::understood(reading), words::may_also_mean()),
        None if !is_nothing => (words::all(), words::may_also_mean()),
        None if found.others.is_empty() => (words::not_understood(&wish.typed), words::may_also_mean()),
        None => (words::found_nothing(), Text::untranslated("")),
    };
    let mut markup = format!("<div class=\"understood\"><p role=\"status\">{}", parts::escaped(said.read(language)));
    if let Some(next) = found.page.next.as_ref().filter(|_| found.page.deals.len() < LIMIT as usize) {
        markup.push(' ');
        markup.push_str(&parts::escaped(words::looked_back_to(next).read(language)));
    } else if found.page.deals.is_empty() && found.reading.is_some() {
        markup.push_str(&parts::escaped(pair(" There is none.", "没有这样的订单。").read(language)));
    }
    markup.push_str("</p>");
    if !found.others.is_empty() {
        let link = |other: &Sought| {
            let address = wish.address("/deals", Some(other.word()), None);
            format!("<li><a href=\"{}\">{}</a></li>", parts::escaped(&address), parts::escaped(words::reading(other).read(language)))
        };
        let links: String = found.others.iter().map(link).collect();
        markup.push_str(&format!("<p class=\"muted\">{}</p><ul class=\"readings\">{links}</ul>", lead.read(language)));
    }
    markup.push_str("</div>");
    markup
}

fn table(deals: &[Deal], by: ListedBy, language: Language) -> String {
    let rows: String = deals.iter().map(|deal| row(deal, by, language)).collect();
    let caption = words::caption(deals.len());
    bilingual(TABLE, language, &[("caption", Value::Text(caption.read(language))), ("rows", Value::Markup(&rows))])
}

fn row(deal: &Deal, by: ListedBy, language: Language) -> String {
    let time = match by {
        ListedBy::Created => parts::time(deal.created_at),
        ListedBy::Paid => deal.paid_at.map(parts::time).unwrap_or_default(),
    };
    let (class, word) = words::status(deal.status);
    let state = parts::state(class, word.read(language));
    let details = &deal.details;
    bilingual(
        ROW,
        language,
        &[
            ("order", Value::Markup(&parts::order(deal.order_id.as_str()))),
            ("time", Value::Markup(&time)),
            ("state", Value::Markup(&state)),
            ("fee", Value::Text(&parts::fee(deal.charged))),
            ("back", Value::Text(&deal.refunded.fee.map(|fee| parts::fee(Some(fee))).unwrap_or_default())),
            ("seller", Value::Text(&deal.merchant_id.to_string())),
            ("description", Value::Text(details.description.as_ref().map(|text| text.as_str()).unwrap_or_default())),
            ("reference", Value::Text(details.reference.as_ref().map(|text| text.as_str()).unwrap_or_default())),
        ],
    )
}

fn pages(wish: &Wish, found: &Found, language: Language) -> String {
    let reading = found.reading.as_ref().map(Sought::word);
    let link = |address: String, class: &str, words: Text| {
        format!("<a class=\"{class}\" href=\"{}\">{}</a>", parts::escaped(&address), words.read(language))
    };
    let mut links = String::new();
    if wish.after.is_some() {
        links.push_str(&link(wish.address("/deals", reading, None), "button quiet", pair("First page", "第一页")));
    }
    if let Some(next) = &found.page.next {
        let address = wish.address("/deals", reading, Some(next));
        links.push_str(&link(address, "button", pair("Older ones", "更早的")));
    }
    if !found.page.deals.is_empty() {
        let address = wish.address("/deals.csv", reading, None);
        links.push_str(&link(address, "button quiet", pair("All of them as CSV", "全部导出 CSV")));
    }
    links
}
