//! The refunds of a deal.

use crate::console::parts;
use crate::deal::{Refund, RefundState, Timestamp};
use crate::explain;
use crate::language::{Text, pair, text};
use crate::page::{Language, Value, bilingual};

const TABLE: &str = include_str!("html/refunds.html");
const ROW: &str = "<tr><th scope=\"row\"><code>{{refund}}</code></th><td>{{time}}</td><td class=\"amount\">{{fee}}</td><td>{{state}}</td>\
                   <td>{{reason}}</td><td>{{standing}}</td></tr>\n";
/// The newest so many are shown.
const SHOWN: usize = 30;

/// A state's class and word.
pub fn state(state: RefundState) -> (&'static str, Text) {
    match state {
        RefundState::Processing => ("processing", pair("under way", "退款处理中")),
        RefundState::Success => ("success", pair("arrived", "已到账")),
        RefundState::Closed => ("closed", pair("closed", "已关闭")),
        RefundState::Abnormal => ("abnormal", pair("refused by the bank", "银行拒收")),
        RefundState::Failed => ("failed", pair("refused by WeChat", "微信拒绝")),
    }
}

/// A table of them; nothing where there is none.
pub fn view(refunds: &[Refund], now: Timestamp, has_account: bool, language: Language) -> String {
    if refunds.is_empty() {
        return String::new();
    }
    let rows: String = refunds.iter().rev().take(SHOWN).map(|refund| row(refund, now, has_account, language)).collect();
    let caption = match refunds.len() {
        1 => pair("1 refund", "1 笔退款"),
        count if count > SHOWN => text(format!("The newest {SHOWN} of {count} refunds"), format!("共 {count} 笔退款，显示最新 {SHOWN} 笔")),
        count => text(format!("{count} refunds, the newest first"), format!("{count} 笔退款，最新的在前")),
    };
    bilingual(TABLE, language, &[("caption", Value::Text(caption.read(language))), ("rows", Value::Markup(&rows))])
}

fn row(refund: &Refund, now: Timestamp, has_account: bool, language: Language) -> String {
    let (class, word) = state(refund.state);
    let standing = explain::refund_standing(refund, now, has_account);
    bilingual(
        ROW,
        language,
        &[
            ("refund", Value::Text(refund.refund_id.as_str())),
            ("time", Value::Markup(&parts::time(refund.created_at))),
            ("fee", Value::Text(&parts::fee(Some(refund.fee)))),
            ("state", Value::Markup(&parts::state(class, word.read(language)))),
            ("reason", Value::Text(refund.reason.as_ref().map(|reason| reason.as_str()).unwrap_or_default())),
            ("standing", Value::Text(standing.read(language).trim())),
        ],
    )
}
