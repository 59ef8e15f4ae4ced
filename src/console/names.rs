//! What roles, actions and deliveries are called, on whichever page they stand.

use crate::deal::{AuditAction, EventDelivery, Role};
use crate::language::{Text, pair};

/// A user's role, if it is one of this version's.
pub fn role(role: Option<Role>) -> Text {
    match role {
        Some(Role::Viewer) => pair("viewer", "只读"),
        Some(Role::Operator) => pair("operator", "操作员"),
        Some(Role::Admin) => pair("admin", "管理员"),
        None => unknown(),
    }
}

/// What a user did, if it is something of this version's. What WeChat is called for is written before: it says what was asked for.
pub fn action(action: Option<AuditAction>) -> Text {
    match action {
        Some(AuditAction::Login) => pair("logged in", "登录"),
        Some(AuditAction::Logout) => pair("logged out", "退出"),
        Some(AuditAction::Refund) => pair("asked for a refund", "申请退款"),
        Some(AuditAction::Close) => pair("asked for an order to be closed", "请求关单"),
        Some(AuditAction::Ask) => pair("had WeChat asked", "向微信查询"),
        Some(AuditAction::Resend) => pair("had an event sent again", "重发事件"),
        Some(AuditAction::ResumeEndpoint) => pair("resumed an endpoint", "恢复端点"),
        Some(AuditAction::AnswerAlarm) => pair("answered an alarm", "处理告警"),
        Some(AuditAction::ExplainDifference) => pair("explained a difference", "说明差异"),
        None => unknown(),
    }
}

fn unknown() -> Text {
    pair("unknown to this version", "本版本不识别")
}

/// How a delivery stands, with the class of its look.
pub fn delivery(delivery: &EventDelivery) -> (&'static str, Text) {
    match (delivery.delivered_at, delivery.given_up_at) {
        (Some(_), _) => ("good", pair("delivered", "已送达")),
        (None, Some(_)) => ("bad", pair("given up", "已放弃")),
        (None, None) if delivery.tries > 0 => ("waiting", pair("tried again later", "稍后重试")),
        (None, None) => ("waiting", pair("waiting", "待发送")),
    }
}
