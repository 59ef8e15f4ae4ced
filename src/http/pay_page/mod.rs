//! `GET /pay/{order_id}`: the payer's page. Everything of it is in one answer (style and script inline, allowed by
//! their hashes and nothing else), so whoever gets the page has it whole, also under a proxy's path of its own: addresses
//! in it are relative. It shows the code without JavaScript too.

mod qr;
mod words;

use std::sync::LazyLock;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use sha2::{Digest, Sha256};

use crate::config::PageSettings;
use crate::deal::{DealStatus, Fen, OrderId, Timestamp};
use crate::gateway::{GatewayError, PayPage, Standing};
use crate::page::{self, Language, Value, fill};

use super::edge::Begun;
use super::{App, Unheard};
use words::{Place, how, text};

const PAGE: &str = include_str!("page.html");
const MESSAGE: &str = include_str!("message.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Seconds after which a page without JavaScript, or without a link, is asked for again: a twentieth of the deal's age,
/// between these.
const AGAIN: (i64, i64) = (5, 30);
/// Seconds that the payer has to read that it is paid, before the page leads on.
const READING: &str = "3";

pub async fn pay_page(
    State(app): State<App>,
    Extension(begun): Extension<Begun>,
    order_id: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Some(order_id) = order_id.ok().and_then(|Path(text)| text.parse::<OrderId>().ok()) else {
        return Message::of(&GatewayError::NotFound).into_response();
    };
    let gateway = app.gateway.clone();
    let page = match app.detached(begun.front_end_due(), async move { gateway.pay_page(order_id).await }).await {
        Ok(Ok(page)) => page,
        Ok(Err(error)) => return Message::of(&error).into_response(),
        Err(unheard) => return Message::from(unheard).into_response(),
    };
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let reader = Reader { language: Language::of(&uri, &headers), place: Place::of(agent), now: app.gateway.now() };
    secured(Html(reader.page(&page, &app.page)))
}

/// Who reads the page, and when.
struct Reader {
    language: Language,
    place: Place,
    now: Timestamp,
}

impl Reader {
    fn page(&self, page: &PayPage, settings: &PageSettings) -> String {
        let deal = &page.deal;
        let word = |name| text(self.language, name).unwrap_or_default();
        let qr = match &page.standing {
            Standing::Waiting(code_url) => qr::svg(code_url, word("qr_label")),
            _ => None,
        };
        let state = match page.standing {
            Standing::Waiting(_) if qr.is_none() => "trouble",
            Standing::Waiting(_) => "waiting",
            Standing::Paid => "paid",
            Standing::Expired => "expired",
            Standing::Closed => "closed",
            Standing::Trouble => "trouble",
        };
        let return_url = settings.return_url.as_ref().map(|url| url.of(&deal.order_id)).unwrap_or_default();
        let again = ((self.now - deal.created_at).num_seconds() / 20).clamp(AGAIN.0, AGAIN.1).to_string();
        let refresh = match (deal.status, state) {
            (_, "paid") if return_url.is_empty() => String::new(),
            (_, "paid") => fill(REFRESH_TO, |name| Some(Value::Text(if name == "to" { &return_url } else { READING }))),
            (DealStatus::Unpaid, "waiting" | "expired" | "trouble") => fill(REFRESH, |_| Some(Value::Text(&again))),
            _ => String::new(),
        };
        let back = match return_url.as_str() {
            "" => String::new(),
            url => fill(BACK, |name| Some(Value::Text(if name == "to" { url } else { word("back") }))),
        };
        let amount = deal.charged.map_or(word("unknown_amount").to_owned(), Fen::yuan);
        let product = format!("{} {}", word("product_label"), deal.product_id);
        let left = clock_face((page.expires_at - self.now).num_seconds());
        let (now, expires) = (self.now.timestamp_millis().to_string(), page.expires_at.timestamp_millis().to_string());
        fill(PAGE, |name| {
            Some(match name {
                "style" => Value::Markup(STYLE),
                "script" => Value::Markup(SCRIPT),
                "qr" => Value::Markup(qr.as_deref().unwrap_or_default()),
                "refresh" => Value::Markup(&refresh),
                "back" => Value::Markup(&back),
                "lang" => Value::Text(self.language.tag()),
                "other_lang" => Value::Text(self.language.other().tag()),
                "merchant" => Value::Text(&settings.merchant_name),
                "order_id" => Value::Text(deal.order_id.as_str()),
                "state" => Value::Text(state),
                "status" => Value::Text(word(state)),
                "how" => Value::Text(how(self.language, self.place)),
                "amount" => Value::Text(&amount),
                "product" => Value::Text(&product),
                "left" => Value::Text(&left),
                "now" => Value::Text(&now),
                "expires" => Value::Text(&expires),
                "again" => Value::Text(&again),
                "return_url" => Value::Text(&return_url),
                word => Value::Text(text(self.language, word)?),
            })
        })
    }
}

const REFRESH: &str = "<meta http-equiv=\"refresh\" content=\"{{seconds}}\">";
const REFRESH_TO: &str = "<meta http-equiv=\"refresh\" content=\"{{seconds}};url={{to}}\">";
const BACK: &str = "<a class=\"back\" href=\"{{to}}\">{{word}}</a>";

/// `59:59`, `1:59:59`; nothing less than nothing.
fn clock_face(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes:02}:{seconds:02}") }
}

/// A page that has no deal to show. In both languages: there is little to say.
struct Message {
    status: StatusCode,
    chinese: &'static str,
    english: &'static str,
}

impl Message {
    fn of(error: &GatewayError) -> Self {
        match error {
            GatewayError::NotFound => Self { status: StatusCode::NOT_FOUND, chinese: "订单不存在", english: "There is no such order" },
            GatewayError::Store(_) => Self::unavailable(),
            _ => Self { status: StatusCode::BAD_GATEWAY, ..Self::unavailable() },
        }
    }

    fn unavailable() -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            chinese: "服务暂不可用，请稍后刷新本页",
            english: "The service is not available just now. Please reload this page in a moment.",
        }
    }
}

impl From<Unheard> for Message {
    fn from(unheard: Unheard) -> Self {
        let status = match unheard {
            Unheard::TooSlow => StatusCode::GATEWAY_TIMEOUT,
            Unheard::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, ..Self::unavailable() }
    }
}

impl IntoResponse for Message {
    fn into_response(self) -> Response {
        let page = fill(MESSAGE, |name| {
            Some(match name {
                "style" => Value::Markup(STYLE),
                "chinese" => Value::Text(self.chinese),
                _ => Value::Text(self.english),
            })
        });
        secured((self.status, Html(page)))
    }
}

/// It runs and loads nothing but its own.
fn secured(page: impl IntoResponse) -> Response {
    static POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
        let hash = |text: &str| base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; img-src data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            hash(STYLE),
            hash(SCRIPT)
        );
        HeaderValue::from_str(&policy).ok()
    });
    page::secured(page, POLICY.clone().unwrap_or(HeaderValue::from_static("default-src 'none'")))
}
