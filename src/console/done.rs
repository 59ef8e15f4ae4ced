//! What was done just now, said at the head of the page that follows.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::language::{Text, pair};
use crate::page::{Value, bilingual};

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

/// After an action: the browser asks for a page, which says what was done. A reload does nothing twice.
pub fn done(path: &str, word: &'static str) -> Response {
    let separator = if path.contains('?') { '&' } else { '?' };
    see_other(&format!("{path}{separator}done={word}"))
}

/// Leads the browser to a page of this console.
pub fn see_other(path: &str) -> Response {
    let headers = [("location", path), ("cache-control", "no-store")];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// What this visitor did just now, as a screen reader is told it.
pub fn told(visitor: &Visitor) -> String {
    let told = DONE.iter().find(|(word, _)| visitor.done.as_deref() == Some(*word));
    let told = told.map(|(_, text)| text.read(visitor.language));
    told.map_or_else(String::new, |text| {
        bilingual("<p class=\"done\" role=\"status\">{{text}}</p>\n", visitor.language, &[("text", Value::Text(text))])
    })
}
