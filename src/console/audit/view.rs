//! The trail as a table.

use crate::deal::{AuditAction, AuditEntry, AuditWish, BeijingTime, Role};
use crate::language::{Text, pair};
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
    let order = entry.order_id.as_deref().map_or_else(String::new, |order| link_to_order(order, language));
    let (action, role) = (entry.action.map_or_else(unknown, action), entry.role.map_or_else(unknown, role));
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

fn link_to_order(order: &str, language: Language) -> String {
    let path: String = form_urlencoded::byte_serialize(order.as_bytes()).collect();
    bilingual(
        "<a href=\"/deals/{{path}}\"><code>{{order}}</code></a>",
        language,
        &[("path", Value::Text(&path)), ("order", Value::Text(order))],
    )
}

fn link_to_older(older: i64, user: &str, order: &str, language: Language) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in [("user", user), ("order", order)].into_iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    let query = query.append_pair("before", &older.to_string()).finish();
    bilingual(
        "<p class=\"pages\"><a href=\"/audit?{{query}}\" rel=\"next\">{{更早|Older}}</a></p>\n",
        language,
        &[("query", Value::Text(&query))],
    )
}

fn action(action: AuditAction) -> Text {
    match action {
        AuditAction::Login => pair("logged in", "登录"),
        AuditAction::Logout => pair("logged out", "退出"),
        AuditAction::Refund => pair("asked for a refund", "申请退款"),
        AuditAction::Close => pair("closed an order", "关闭订单"),
        AuditAction::Ask => pair("had WeChat asked", "向微信查询"),
        AuditAction::Resend => pair("had an event posted again", "重发事件"),
        AuditAction::ResumeEndpoint => pair("resumed an endpoint", "恢复端点"),
        AuditAction::AnswerAlarm => pair("answered an alarm", "处理告警"),
        AuditAction::ExplainDifference => pair("explained a difference", "说明差异"),
    }
}

fn role(role: Role) -> Text {
    match role {
        Role::Viewer => pair("viewer", "只读"),
        Role::Operator => pair("operator", "操作员"),
        Role::Admin => pair("admin", "管理员"),
    }
}

/// Of a later version.
fn unknown() -> Text {
    pair("unknown to this version", "本版本不识别")
}
