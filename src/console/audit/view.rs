//! The trail as a table.

use crate::console::{names, parts};
use crate::deal::{AuditEntry, AuditWish, BeijingTime};
use crate::page::{Language, Value, bilingual};

/// The page's content. `older`: below which row the next page begins.
pub fn content(entries: &[AuditEntry], wish: &AuditWish, older: Option<i64>, language: Language) -> String {
    let rows: String = entries.iter().map(|entry| row(entry, language)).collect();
    let user = wish.user.as_deref().unwrap_or_default();
    let order = wish.order_id.as_deref().unwrap_or_default();
    let older = older.map_or_else(String::new, |older| link_to_older(older, user, order, language));
    let table = if entries.is_empty() { include_str!("html/none.html") } else { include_str!("html/table.html") };
    let table = bilingual(table, language, &[("rows", Value::Markup(&rows))]);
    let values =
        [("user", Value::Text(user)), ("order", Value::Text(order)), ("table", Value::Markup(&table)), ("older", Value::Markup(&older))];
    bilingual(include_str!("html/page.html"), language, &values)
}

fn row(entry: &AuditEntry, language: Language) -> String {
    let at = BeijingTime::from(entry.at);
    let (at, shown) = (at.to_string(), at.naive().to_string());
    let order = entry.order_id.as_deref().map(parts::order).unwrap_or_default();
    let (action, role) = (names::action(entry.action), names::role(entry.role));
    let values = [
        ("at", Value::Text(&at)),
        ("shown", Value::Text(&shown)),
        ("user", Value::Text(&entry.user)),
        ("role", Value::Text(role.read(language))),
        ("action", Value::Text(action.read(language))),
        ("order", Value::Markup(&order)),
        ("subject", Value::Text(entry.subject.as_deref().unwrap_or_default())),
        ("detail", Value::Text(entry.detail.as_deref().unwrap_or_default())),
        ("address", Value::Text(&entry.address)),
    ];
    bilingual(include_str!("html/row.html"), language, &values)
}

fn link_to_older(older: i64, user: &str, order: &str, language: Language) -> String {
    let (older, chosen) = (older.to_string(), [("user", user), ("order", order)].into_iter().filter(|(_, value)| !value.is_empty()));
    let address = parts::address("/audit", chosen.chain([("before", older.as_str())]));
    bilingual(
        "<p class=\"pages\"><a href=\"{{address}}\" rel=\"next\">{{更早|Older}}</a></p>\n",
        language,
        &[("address", Value::Text(&address))],
    )
}
