//! Receipt: what a payer keeps of a payment, to be printed or shown to the shop.

use crate::deal::{BeijingTime, Fen, OrderId};
use crate::gateway::Bought;
use crate::page::{Language, Value, fill};

use super::words::{text, told};

const RECEIPT: &str = include_str!("html/receipt.html");
const LINE: &str = "<div><dt>{{label}}</dt><dd class=\"{{kind}}\">{{value}}</dd></div>";

/// What a payer is told of a purchase beside its amount before it is paid: whom the money goes to, and its number.
pub fn facts(number: &str, merchant: &str, language: Language) -> String {
    list(&[("payee_label", merchant), ("order_label", number)], language)
}

/// The receipt of what was paid: a line for whatever is known of it. WeChat's bill shows the payer the same numbers.
pub fn receipt(bought: &Bought, merchant: &str, language: Language) -> String {
    let product =
        bought.details.description.as_ref().map_or_else(|| bought.product_id.to_string(), |description| description.as_str().to_owned());
    let amount = bought.price.map(|fen| format!("¥{}", Fen::grouped(fen))).unwrap_or_default();
    let paid_at = bought
        .paid_at
        .map(|at| format!("{}{}", clock_time(BeijingTime::from(at)), text(language, "time_zone").unwrap_or_default()))
        .unwrap_or_default();
    let transaction = bought.transaction_id.as_deref().unwrap_or_default();
    let lines = [
        ("payee_label", merchant),
        ("product_label", &product),
        ("amount_label", &amount),
        ("paid_at_label", &paid_at),
        ("order_label", bought.order_id.as_ref().map(OrderId::as_str).unwrap_or_default()),
        ("transaction_label", transaction),
    ];
    told(RECEIPT, language, &[("lines", Value::Markup(&list(&lines, language)))])
}

/// A line for each that has a value.
fn list(lines: &[(&str, &str)], language: Language) -> String {
    let known = lines.iter().filter(|(_, value)| !value.is_empty());
    known.map(|(label, value)| line(text(language, label).unwrap_or_default(), value)).collect()
}

fn line(label: &str, value: &str) -> String {
    let is_number = value.len() > 20 && value.bytes().all(|b| b.is_ascii_alphanumeric());
    let kind = if is_number { "digits" } else { "number" };
    let value = |name| match name {
        "label" => label,
        "kind" => kind,
        _ => value,
    };
    fill(LINE, |name| Some(Value::Text(value(name))))
}

/// `2026-04-01 12:00:00`
fn clock_time(time: BeijingTime) -> String {
    time.naive().format("%Y-%m-%d %H:%M:%S").to_string()
}
