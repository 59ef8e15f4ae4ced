//! What several pages are made of: times, amounts and states as markup.

use crate::deal::{BeijingTime, Fen, Note, Timestamp};
use crate::language::{Text, pair};
use crate::page::Language;
use crate::webhook::Unanswered;

use super::{PostedForm, Refusal};

/// A text as it may stand in markup.
pub fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

/// A time in Beijing, for people and for programs.
pub fn time(at: Timestamp) -> String {
    let at = BeijingTime::from(at);
    format!("<time class=\"number\" datetime=\"{at}\">{}</time>", at.naive())
}

/// An amount; nothing is a dash.
pub fn fee(fee: Option<Fen>) -> String {
    fee.map_or_else(|| "–".to_owned(), |fee| format!("¥{}", fee.grouped()))
}

/// What came of a try to deliver: the answer's status, or why there was none. An endpoint's own words may be about any order; they stay
/// where only the merchant's back end asks for them.
pub fn answer(status: Option<i64>, answer: Option<&str>) -> Text {
    match status {
        Some(status) => Text::untranslated(format!("HTTP {status}")),
        None => Unanswered::told(answer.unwrap_or_default()),
    }
}

/// A state: a word, and a class for its look.
pub fn state(class: &str, word: &str) -> String {
    format!("<span class=\"state {class}\">{word}</span>")
}

/// The address of a page of the console, with what its query says, if it says anything.
pub fn address<'a>(path: &str, query: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A link to a page of the console.
pub fn link(address: &str, words: &str) -> String {
    format!("<a href=\"{}\">{words}</a>", escaped(address))
}

/// Links to what is listed before and behind, if there are any.
pub fn pages(links: impl IntoIterator<Item = String>, language: Language) -> String {
    let links: String = links.into_iter().collect();
    let name = pair("Newer and older ones", "翻页");
    if links.is_empty() { links } else { format!("<nav class=\"pages\" aria-label=\"{}\">{links}</nav>", name.read(language)) }
}

/// An order's number, which leads to its page.
pub fn order(order_id: &str) -> String {
    format!("<a class=\"number\" href=\"{}\">{}</a>", order_path(order_id), escaped(order_id))
}

/// The path of an order's page.
pub fn order_path(order_id: &str) -> String {
    let number: String = form_urlencoded::byte_serialize(order_id.as_bytes()).collect();
    format!("/deals/{number}")
}

/// One line of a list of facts, if there is something to say; the value is markup.
pub fn fact(name: &str, value: Option<String>) -> String {
    value.map_or_else(String::new, |value| format!("<dt>{name}</dt><dd>{value}</dd>\n"))
}

/// What a person has to say to what was posted. (A browser's text has line breaks of its own, which are white space here.)
pub fn note(form: &PostedForm) -> Result<Note, Refusal> {
    let said: Vec<_> = form.text("note").unwrap_or_default().lines().collect();
    said.join(" ").parse().map_err(|_| {
        Refusal::BadForm(pair(
            "Please say in a note of 1 to 500 characters what was done. Nothing was changed.",
            "请写明处理情况，不超过 500 字。没有作任何更改。",
        ))
    })
}
