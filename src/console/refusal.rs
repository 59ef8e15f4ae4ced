//! Why a visitor does not get what was asked for, as a page: what happened, that nothing was done, and where to go on.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use crate::gateway::GatewayError;
use crate::language::{Text, pair, text};
use crate::page::{Language, Value, bilingual};

use super::visitor::Visitor;
use super::{Console, frame, words};

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The user's role is not for this.
    NotAllowed,
    /// The form is not one of this session's, or comes from another site.
    Foreign,
    /// The form lacks something, or something in it is not what it should be.
    BadForm(Text),
    /// There is no such page, order or refund.
    NotFound,
    /// It cannot be done as things stand.
    Conflict(Text),
    /// It is not known what was done.
    NotKnown(Text),
    /// The password or the code is wrong.
    Unproven,
    /// Too many wrong passwords from here; when to come again.
    TooMany(Duration),
    /// The session is over.
    LoggedOut,
    /// There is no room for one more at once.
    Busy,
    /// WeChat or the database does not answer; whether it was done is said by the page to go back to.
    Unavailable,
}

/// Answers with what came of it.
pub fn answer(visitor: &Visitor, console: &Console, outcome: Result<Response, Refusal>) -> Response {
    outcome.unwrap_or_else(|refusal| refusal.page(visitor, console))
}

impl Refusal {
    /// The page for somebody who is logged in.
    pub fn page(&self, visitor: &Visitor, console: &Console) -> Response {
        let content = self.content(visitor.language, &visitor.back);
        self.with_status(frame::page(visitor, console, self.title(), content))
    }

    /// The page for somebody who is not.
    pub fn bare(&self, language: Language, is_simulated: bool) -> Response {
        let content = self.content(language, "/login");
        self.with_status(frame::bare(language, is_simulated, &self.title(), &content, "/login", ""))
    }

    /// The same page, with what a program reads.
    pub fn with_status(&self, mut page: Response) -> Response {
        *page.status_mut() = self.status();
        let wait = match self {
            Self::TooMany(wait) => Some(wait.as_secs()),
            Self::Unavailable | Self::Busy => Some(5),
            _ => None,
        };
        if let Some(Ok(wait)) = wait.map(|wait| HeaderValue::try_from(wait.to_string())) {
            page.headers_mut().insert(header::RETRY_AFTER, wait);
        }
        page
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotAllowed | Self::Foreign => StatusCode::FORBIDDEN,
            Self::BadForm(_) | Self::Unproven => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Conflict(_) | Self::NotKnown(_) => StatusCode::CONFLICT,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::LoggedOut => StatusCode::UNAUTHORIZED,
            Self::Unavailable | Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn title(&self) -> Text {
        match self {
            Self::NotFound => pair("Not found", "找不到"),
            Self::NotAllowed => pair("Not allowed", "没有权限"),
            Self::LoggedOut => pair("Logged out", "已退出登录"),
            Self::NotKnown(_) => pair("Not known", "结果未知"),
            Self::Unavailable => pair("Not available now", "暂时不可用"),
            Self::Busy => pair("Too much at once", "太忙"),
            _ => pair("Nothing was done", "没有执行"),
        }
    }

    /// What happened, in a sentence.
    pub fn reason(&self) -> Text {
        match self {
            Self::NotAllowed => pair("Your role is not for this. Nothing was done.", "您的角色不能这样做。没有执行任何操作。"),
            Self::Foreign => pair(
                "The form does not belong to your login, or comes from another site. Nothing was done. Open the page again and repeat it.",
                "表单不属于本次登录，或来自其他网站。没有执行任何操作。请重新打开页面再试。",
            ),
            Self::BadForm(why) | Self::Conflict(why) | Self::NotKnown(why) => why.clone(),
            Self::NotFound => pair("There is no such page, order or refund.", "没有这个页面、订单或退款。"),
            Self::Unproven => pair(
                "The password or the code is wrong, or the code has been used. Nothing was done.",
                "密码或动态码不对，或动态码已用过。没有执行任何操作。",
            ),
            Self::TooMany(wait) => text(
                format!("Too many wrong passwords from here. Try again in {} s.", wait.as_secs()),
                format!("密码错误次数过多，请在 {} 秒后再试。", wait.as_secs()),
            ),
            Self::LoggedOut => pair("Your login is over. Nothing was done.", "登录已失效。没有执行任何操作。"),
            Self::Busy => pair(
                "Others are doing the same right now, and there is no room for one more. Nothing was done: try again in a moment.",
                "正有其他人在做同样的事，暂时没有空位。没有执行任何操作，请稍后再试。",
            ),
            Self::Unavailable => pair(
                "The database or WeChat does not answer now. Look again before you repeat anything.",
                "数据库或微信暂时没有应答。重复操作之前请先查看结果。",
            ),
        }
    }

    fn content(&self, language: Language, back: &str) -> String {
        let reason = self.reason();
        let values = [("reason", Value::Text(reason.read(language))), ("back", Value::Text(back))];
        let template = match self {
            Self::LoggedOut => "<p role=\"alert\">{{reason}}</p>\n<p><a href=\"/login\">{{重新登录|Log in again}}</a></p>\n",
            _ => "<p role=\"alert\">{{reason}}</p>\n<p><a href=\"{{back}}\">{{返回|Go back}}</a></p>\n",
        };
        bilingual(template, language, &values)
    }
}

impl From<GatewayError> for Refusal {
    fn from(error: GatewayError) -> Self {
        match error {
            GatewayError::NotFound | GatewayError::RefundNotFound | GatewayError::BillNotFound | GatewayError::DifferenceNotFound => {
                Self::NotFound
            }
            GatewayError::Busy | GatewayError::Store(_) => {
                tracing::warn!(%error, "the console could not be answered");
                Self::Unavailable
            }
            error => Self::Conflict(words::of(&error)),
        }
    }
}
