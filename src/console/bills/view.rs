//! The markup of a list of bills.

use crate::console::parts;
use crate::deal::{Bill, fee_in_yuan, yuan};
use crate::language::{Text, pair, text};
use crate::page::{Language, Value, bilingual};
use crate::told::bill_detail;

use super::wish::{LIMIT, Wish};
use super::words;

pub fn list(wish: &Wish, bills: &[Bill], language: Language) -> String {
    let (from, to) = (wish.from(), wish.to);
    let listed = if bills.is_empty() {
        let none = text(format!("There is no bill from {from} to {to}."), format!("{from} 至 {to} 没有账单。"));
        format!("<p class=\"card none\">{}</p>", none.read(language))
    } else {
        let rows: String = bills.iter().map(|bill| row(bill, language)).collect();
        let caption = caption(wish, bills.len());
        let values = [("caption", Value::Text(caption.read(language))), ("rows", Value::Markup(&rows))];
        bilingual(include_str!("html/bills.html"), language, &values)
    };
    let newest = wish.is_chosen.then(|| link(wish.address(None), pair("The latest", "最新的"), language));
    let older = link(wish.address(Some(from.before(1))), pair("Days before", "更早的"), language);
    bilingual(
        include_str!("html/page.html"),
        language,
        &[
            ("account", Value::Text(wish.account.as_ref().map_or("", |account| account.as_str()))),
            ("to", Value::Text(&to.to_string())),
            ("bills", Value::Markup(&listed)),
            ("pages", Value::Markup(&parts::pages(newest.into_iter().chain([older]), language))),
        ],
    )
}

fn caption(wish: &Wish, count: usize) -> Text {
    let (from, to) = (wish.from(), wish.to);
    if count >= LIMIT as usize {
        return text(
            format!("The first {LIMIT} bills of {from} to {to}: name an account to see all of it"),
            format!("{from} 至 {to} 的前 {LIMIT} 份账单：填写账户可看全部"),
        );
    }
    text(format!("Bills of {from} to {to}, the latest day first"), format!("{from} 至 {to} 的账单，最近的在前"))
}

fn link(address: String, words: Text, language: Language) -> String {
    parts::link(&address, words.read(language))
}

/// The path of a bill's page.
pub fn path(bill: &Bill) -> String {
    format!("/bills/{}/{}", bill.account, bill.day)
}

/// Why there is none, or what else is to be said of it.
pub fn detail(bill: &Bill, language: Language) -> String {
    let words = bill.detail.as_deref().map(bill_detail);
    words.map_or_else(String::new, |words| format!(" <span class=\"muted\">{}</span>", parts::escaped(words.read(language))))
}

fn row(bill: &Bill, language: Language) -> String {
    let (class, state) = words::state(bill.state);
    let sums = &bill.sums;
    bilingual(
        include_str!("html/row.html"),
        language,
        &[
            ("address", Value::Text(&path(bill))),
            ("day", Value::Text(&bill.day.to_string())),
            ("account", Value::Text(bill.account.as_str())),
            ("state", Value::Markup(&parts::state(class, state.read(language)))),
            ("detail", Value::Markup(&detail(bill, language))),
            ("open", Value::Text(&bill.open.to_string())),
            ("payments", Value::Text(&sums.payments.to_string())),
            ("paid", Value::Text(&format!("¥{}", yuan(sums.paid_fee)))),
            ("refunds", Value::Text(&sums.refunds.to_string())),
            ("refunded", Value::Text(&format!("¥{}", yuan(sums.refunded_fee)))),
            ("fee", Value::Text(&format!("¥{}", fee_in_yuan(sums.fee)))),
        ],
    )
}
