//! Error page: what a payer sees where there is no deal to show.

use axum::http::StatusCode;
use axum::response::{Html, Response};

use crate::gateway::GatewayError;
use crate::http::NoOutcome;
use crate::page::{Value, fill};

use super::look::Look;
use super::signs;

const MESSAGE: &str = include_str!("html/message.html");

const AGAIN: &str = "<p><a class=\"button\" href=\"{{to}}\">重新打开 · Open it again</a></p>\n";

/// In both languages: there is little to say.
pub struct Message {
    status: StatusCode,
    chinese: &'static str,
    english: &'static str,
    /// Where it can be tried again.
    again: Option<String>,
}

impl Message {
    pub fn of(error: &GatewayError) -> Self {
        match error {
            GatewayError::NotFound => {
                Self { status: StatusCode::NOT_FOUND, chinese: "订单不存在", english: "There is no such order", again: None }
            }
            GatewayError::Store(_) => Self::unavailable(),
            _ => Self { status: StatusCode::BAD_GATEWAY, ..Self::unavailable() },
        }
    }

    /// Who the payer is could not be learned; `again`: the page, where that begins anew.
    pub fn login(status: StatusCode, again: &str) -> Self {
        Self {
            status,
            chinese: "暂时无法在微信中打开付款页",
            english: "This page could not be opened in WeChat just now.",
            again: Some(again.to_owned()),
        }
    }

    /// WeChat shows a snapshot of a page to a reader whom it does not tell.
    pub fn snapshot() -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            chinese: "当前是快照页，不能付款。请点右下角“使用完整服务”后再付款",
            english: "This is a snapshot, which cannot be paid. Please tap “Use full service” and pay then.",
            again: None,
        }
    }

    fn unavailable() -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            chinese: "服务暂时不可用，请稍后刷新本页",
            english: "The service is not available just now. Please reload this page in a moment.",
            again: None,
        }
    }

    pub fn page(self, look: &Look) -> Response {
        let icon = signs::icon("trouble");
        let again = self.again.map(|to| fill(AGAIN, |_| Some(Value::Text(&to)))).unwrap_or_default();
        let page = fill(MESSAGE, |name| {
            Some(match name {
                "style" => Value::Markup(&look.style),
                "ribbon" => Value::Markup(look.ribbon),
                "signs" => Value::Markup(&look.signs),
                "again" => Value::Markup(&again),
                "icon" => Value::Text(&icon),
                "chinese" => Value::Text(self.chinese),
                _ => Value::Text(self.english),
            })
        });
        look.dress((self.status, Html(page)), false)
    }
}

impl From<GatewayError> for Message {
    fn from(error: GatewayError) -> Self {
        Self::of(&error)
    }
}

impl From<NoOutcome> for Message {
    fn from(no_outcome: NoOutcome) -> Self {
        let status = match no_outcome {
            NoOutcome::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
            NoOutcome::TooSlow => StatusCode::GATEWAY_TIMEOUT,
            NoOutcome::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, ..Self::unavailable() }
    }
}
