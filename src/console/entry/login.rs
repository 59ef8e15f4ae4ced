//! `GET` and `POST /login`

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use chrono::TimeDelta;
use tracing::info;

use crate::chance::Chance;
use crate::config::ConsoleUser;
use crate::console::Console;
use crate::console::done::see_other;
use crate::console::form::Fields;
use crate::console::frame::bare;
use crate::console::refusal::Refusal;
use crate::deal::{AuditAction, ConsoleSession, NewAudit};
use crate::language::pair;
use crate::page::{Language, Value, bilingual};

use super::cookie;
use super::guard::{address_of, token_of};
use super::language::{keep, language};
use super::origin::is_foreign;
use super::proof::Claim;
use super::token::Token;

/// How long a login is good for.
const HOURS: u32 = 12;

/// The form.
pub async fn form(State(console): State<Arc<Console>>, request: Request) -> Response {
    let (language, is_chosen) = language(request.uri(), request.headers());
    let mut page = shown(&console, language, &next_of(request.uri()), "", None);
    if is_chosen {
        keep(language, page.headers_mut());
    }
    page
}

/// Lets a user in: with a new token, whatever token the browser has brought, and that one is worth nothing any more.
pub async fn log_in(State(console): State<Arc<Console>>, request: Request) -> Response {
    let (language, _) = language(request.uri(), request.headers());
    if is_foreign(request.headers()) {
        return Refusal::Foreign.bare(language, console.is_simulated);
    }
    let (address, former) = (address_of(&console, &request), token_of(request.headers()));
    let fields = match Fields::read(request).await {
        Ok(fields) => fields,
        Err(refusal) => return refusal.bare(language, console.is_simulated),
    };
    let (name, next) = (fields.text("name").unwrap_or_default(), page_of_ours(fields.exact("next")));
    let claim = Claim { name, password: fields.exact("password"), code: fields.exact("totp") };
    let user = match console.prove(claim, address).await {
        Ok(user) => user,
        Err(refusal) => return shown(&console, language, next, name, Some(&refusal)),
    };
    let token = Token::draw(&Chance::System);
    let entry = NewAudit {
        user: user.name.clone(),
        role: user.role,
        action: AuditAction::Login,
        order_id: None,
        subject: None,
        detail: None,
        address: address.to_string(),
        at: console.gateway.now(),
    };
    let session = session_of(&console, user, &token);
    if let Err(error) = console.gateway.open_session(session, former.map(|former| former.hash()), entry).await {
        return shown(&console, language, next, name, Some(&Refusal::from(error)));
    }
    info!(user = %user.name, %address, "logged in to the console");
    let mut response = see_other(next);
    cookie::set(response.headers_mut(), cookie::TOKEN, token.as_str(), HOURS * 3600);
    response
}

fn session_of(console: &Console, user: &ConsoleUser, token: &Token) -> ConsoleSession {
    let created_at = console.gateway.now();
    ConsoleSession {
        token_hash: token.hash(),
        user: user.name.clone(),
        password_hash: user.password.digest(),
        place: console.place.clone(),
        created_at,
        expires_at: created_at + TimeDelta::hours(HOURS.into()),
    }
}

fn shown(console: &Console, language: Language, next: &str, name: &str, refusal: Option<&Refusal>) -> Response {
    let reason = refusal.map(Refusal::reason);
    let trouble = reason.map_or_else(String::new, |reason| {
        let values = [("reason", Value::Text(reason.read(language)))];
        bilingual("<p role=\"alert\" class=\"trouble\">{{reason}}</p>\n", language, &values)
    });
    let values = [("trouble", Value::Markup(&trouble)), ("next", Value::Text(next)), ("name", Value::Text(name))];
    let content = bilingual(include_str!("../html/login.html"), language, &values);
    let query =
        if next == "/" { String::new() } else { form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish() };
    let page = bare(language, console.is_simulated, &pair("Log in", "登录"), &content, "/login", &query);
    match refusal {
        None => page,
        Some(Refusal::Unproven) => with(page, StatusCode::UNAUTHORIZED),
        Some(refusal) => refusal.with_status(page),
    }
}

fn with(mut page: Response, status: StatusCode) -> Response {
    *page.status_mut() = status;
    page
}

/// The page that was wanted before the login.
fn next_of(uri: &Uri) -> String {
    let query = uri.query().unwrap_or_default();
    let next = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "next").map(|(_, next)| next.into_owned());
    page_of_ours(&next.unwrap_or_default()).to_owned()
}

/// A page of this console; whatever would lead elsewhere is the first one.
fn page_of_ours(next: &str) -> &str {
    let is_ours = next.starts_with('/') && !next.starts_with("//") && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if is_ours { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_pages_of_this_console_alone() {
        for next in ["/", "/deals?q=1&x=%20", "/deals/20260401A", "/logout"] {
            assert_eq!(page_of_ours(next), next);
        }
        for next in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/a\r\nSet-Cookie: x=1",
            "javascript:alert(1)",
            "/ a",
            "deals",
        ] {
            assert_eq!(page_of_ours(next), "/", "{next}");
        }
    }
}
