//! Receipt: what a payer keeps of a payment, to be printed or shown to the shop.

use crate::deal::{BeijingTime, Fen, OrderId};
use crate::gateway::Bought;
use crate::page::{Language, Value, fill};

use super::words::{text, told};

const RECEIPT: &str = include_str!("html/receipt.html");
const LINE: &str = "<div><dt>{{label}}</dt><dd class=\"number\">{{value}}</dd></div>";

/// The receipt of what was paid: a line for whatever is known of it. WeChat's bill shows the payer the same numbers.
pub fn receipt(bought: &Bought, merchant: &str, language: Language) -> String {
    let word = |name| text(language, name).unwrap_or_default();
    let product =
        bought.details.description.as_ref().map_or_else(|| bought.product_id.to_string(), |description| description.as_str().to_owned());
    let amount = bought.price.map(|fen| format!("¥{}", Fen::grouped(fen))).unwrap_or_default();
    let paid_at = bought.paid_at.map(|at| format!("{}{}", clock_time(BeijingTime::from(at)), word("time_zone"))).unwrap_or_default();
    let transaction = bought.transaction_id.as_deref().unwrap_or_default();
    let lines = [
        ("payee_label", merchant),
        ("product_label", &product),
        ("amount_label", &amount),
        ("paid_at_label", &paid_at),
        ("order_label", bought.order_id.as_ref().map(OrderId::as_str).unwrap_or_default()),
        ("transaction_label", transaction),
    ];
    let lines: String = lines.iter().filter(|(_, value)| !value.is_empty()).map(|(label, value)| line(word(label), value)).collect();
    told(RECEIPT, language, &[("lines", Value::Markup(&lines))])
}

fn line(label: &str, value: &str) -> String {
    fill(LINE, |name| Some(Value::Text(if name == "label" { label } else { value })))
}

/// `2026-04-01 12:00:00`
fn clock_time(time: BeijingTime) -> String {
    time.naive().format("%Y-%m-%d %H:%M:%S").to_string()
}
