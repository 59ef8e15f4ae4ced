//! What was done just now, said at the head of the page that follows. Its address is vouched for by the session that did it, so no link
//! of anybody else's makes a page say that something was done.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::language::{Text, pair};
use crate::page::{Value, bilingual};

use super::entry::token::vouched;
use super::visitor::Visitor;

/// The words for what was done. Nothing else is said, whatever an address asks for.
static DONE: [(&str, Text); 12] = [
    ("refund", pair("WeChat has accepted the refund.", "微信已受理退款。")),
    (
        "refund_followed",
        pair(
            "The refund is stored, and WeChat has not confirmed it yet. The service follows it by itself: do not ask for it again.",
            "退款已入库，微信暂未确认。服务会自动跟进，请不要再次退款。",
        ),
    ),
    ("refund_arrived", pair("The refund has reached its payer.", "退款已到账。")),
    ("refund_refused", pair("WeChat did not carry the refund out: see below why.", "微信没有退款：原因见下。")),
    ("close", pair("The order is closed.", "订单已关闭。")),
    ("close_paid", pair("The order was not closed: it is paid.", "订单没有关闭：它已支付。")),
    ("ask", pair("WeChat was asked, and what it said is shown.", "已向微信查询，以下为最新结果。")),
    ("resend", pair("The event will be posted again.", "事件将重新发送。")),
    ("resume", pair("The endpoint is delivered to again.", "已恢复向该端点发送。")),
    ("answer", pair("The alarm is answered.", "告警已处理。")),
    ("explain", pair("The difference is explained.", "差异已说明。")),
    ("nothing", pair("There was nothing to do.", "没有需要做的。")),
];

/// After an action of this visitor's: the browser asks for a page, which says what was done. A reload does nothing twice.
pub fn done(visitor: &Visitor, address: &str, word: &'static str) -> Response {
    let (path, separator) = address.split_once('?').map_or((address, '?'), |(path, _)| (path, '&'));
    see_other(&format!("{address}{separator}done={word}.{}", vouched(&visitor.csrf, path, word)))
}

/// Leads the browser to a page of this console.
pub fn see_other(path: &str) -> Response {
    let headers = [("location", path), ("cache-control", "no-store")];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// What this visitor did just now, as a screen reader is told it.
pub fn told(visitor: &Visitor) -> String {
    let said = visitor.done.as_deref().and_then(|done| done.split_once('.'));
    let said = said.filter(|(word, voucher)| *voucher == vouched(&visitor.csrf, &visitor.path, word));
    let told = said.and_then(|(said, _)| DONE.iter().find(|(word, _)| *word == said));
    let told = told.map(|(_, text)| text.read(visitor.language));
    told.map_or_else(String::new, |text| {
        bilingual("<p class=\"done\" role=\"status\">{{text}}</p>\n", visitor.language, &[("text", Value::Text(text))])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deal::Role;
    use crate::page::Language;

    fn visitor(csrf: &str, path: &str, done: Option<&str>) -> Visitor {
        Visitor {
            name: "li".to_owned(),
            role: Role::Operator,
            csrf: csrf.to_owned(),
            language: Language::English,
            address: [127, 0, 0, 1].into(),
            path: path.to_owned(),
            query: String::new(),
            back: "/".to_owned(),
            done: done.map(str::to_owned),
        }
    }

    #[test]
    fn a_page_says_what_was_done_to_whoever_did_it_and_nobody_else() {
        let answer = done(&visitor("mine", "/", None), "/webhooks?endpoint=shop", "resend");
        let address = answer.headers()["location"].to_str().unwrap();
        let done = address.strip_prefix("/webhooks?endpoint=shop&done=").unwrap();
        let said = |csrf: &str, path: &str, done: Option<&str>| !told(&visitor(csrf, path, done)).is_empty();
        assert!(said("mine", "/webhooks", Some(done)));
        assert!(!said("another's", "/webhooks", Some(done)), "a link that somebody sends");
        assert!(!said("mine", "/deals/1", Some(done)), "another page");
        assert!(!said("mine", "/webhooks", Some(&done.replace("resend", "resume"))));
        assert!(!said("mine", "/webhooks", Some("resend")) && !said("mine", "/webhooks", Some("")) && !said("mine", "/webhooks", None));
    }
}
