//! The markup of a list of refunds.

use crate::console::{deal, parts};
use crate::deal::{Place, Refund, RefundPage, RefundSource, RefundState};
use crate::language::{Text, pair, text};
use crate::page::{Language, Value, bilingual};

use super::Wish;

const TABLE: &str = include_str!("table.html");
const ROW: &str = "<tr><th scope=\"row\"><code>{{refund}}</code></th><td>{{time}}</td><td class=\"amount\">{{fee}}</td><td>{{state}}</td>\
                   <td>{{order}}</td><td>{{by}}</td><td>{{reason}}</td><td>{{detail}}</td></tr>\n";

/// The states to choose, and what was found.
pub fn list(wish: &Wish, found: &RefundPage, language: Language) -> String {
    let rows: String = found.refunds.iter().map(|refund| row(refund, language)).collect();
    let caption = match found.refunds.len() {
        0 => pair("There is none.", "没有退款。"),
        1 => pair("1 refund", "1 笔退款"),
        count => text(format!("{count} refunds, the newest first"), format!("{count} 笔退款，最新的在前")),
    };
    bilingual(
        TABLE,
        language,
        &[
            ("states", Value::Markup(&states(wish, language))),
            ("caption", Value::Text(caption.read(language))),
            ("rows", Value::Markup(&rows)),
            ("pages", Value::Markup(&pages(wish, found, language))),
        ],
    )
}

fn states(wish: &Wish, language: Language) -> String {
    let link = |state: Option<RefundState>, word: &Text| {
        let address = address(state, None);
        let current = if state == wish.state { " aria-current=\"true\"" } else { "" };
        format!("<li><a href=\"{address}\"{current}>{}</a></li>", word.read(language))
    };
    let all = link(None, &pair("all", "全部"));
    RefundState::ALL.into_iter().fold(all, |links, state| links + &link(Some(state), &deal::state(state).1))
}

fn row(refund: &Refund, language: Language) -> String {
    let (class, word) = deal::state(refund.state);
    bilingual(
        ROW,
        language,
        &[
            ("refund", Value::Text(refund.refund_id.as_str())),
            ("time", Value::Markup(&parts::time(refund.created_at))),
            ("fee", Value::Text(&parts::fee(Some(refund.fee)))),
            ("state", Value::Markup(&parts::state(class, word.read(language)))),
            ("order", Value::Markup(&parts::order(refund.order_id.as_str()))),
            ("by", Value::Text(source(refund.source).read(language))),
            ("reason", Value::Text(refund.reason.as_ref().map(|reason| reason.as_str()).unwrap_or_default())),
            ("detail", Value::Text(refund.detail.as_deref().unwrap_or_default())),
        ],
    )
}

fn source(source: RefundSource) -> Text {
    match source {
        RefundSource::Api => pair("back end", "商户后端"),
        RefundSource::Cli => pair("command line", "命令行"),
        RefundSource::Console => pair("console", "控制台"),
        RefundSource::Automatic => pair("the service itself", "本服务自动"),
        RefundSource::Platform => pair("others", "他人（商户平台等）"),
    }
}

fn address(state: Option<RefundState>, after: Option<&Place>) -> String {
    let after = after.map(Place::to_string);
    let after = after.as_deref().map(|after| ("after", after));
    parts::address("/refunds", state.map(|state| ("state", state.as_str())).into_iter().chain(after))
}

fn pages(wish: &Wish, found: &RefundPage, language: Language) -> String {
    let link = |class: &str, after: Option<&Place>, words: Text| {
        format!("<a class=\"{class}\" href=\"{}\">{}</a>", parts::escaped(&address(wish.state, after)), words.read(language))
    };
    let first = wish.after.as_ref().map(|_| link("button quiet", None, pair("First page", "第一页")));
    let next = found.next.as_ref().map(|next| link("button", Some(next), pair("Older ones", "更早的")));
    first.into_iter().chain(next).collect()
}
