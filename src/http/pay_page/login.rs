//! OAuth2 for a payer inside WeChat, on the browser's side: led to WeChat's login with a `state` that this browser alone has, and back
//! with a code, for which it gets a token of its own. Two cookies, of this checkout's page only; neither is read by a script.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use crate::chance::Chance;
use crate::deal::{Checkout, CheckoutId, Openid, Reach};
use crate::gateway::{Gateway, GatewayError, LoggedIn, LoginFailed};
use crate::http::App;
use crate::http::edge::Begun;

use super::look::Look;
use super::message::Message;

/// What the browser that was led to WeChat's login has to bring back.
const STATE: &str = "wechat_pay_state";
/// Who the payer is, in a token of the gateway's.
const PAYER: &str = "wechat_pay_payer";
/// Seconds that each is kept: as long as a code may come back, and as long as a checkout can be paid.
const STATE_AGE: u32 = 600;
const PAYER_AGE: u32 = 7200;
/// A login that has failed so often by itself is not begun again by itself.
const TRIES: u8 = 3;

/// What WeChat's login brings back.
#[derive(Deserialize)]
pub struct Back {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
}

/// Who this browser's payer is, as far as its cookie tells.
pub fn payer_of(gateway: &Gateway, checkout: &Checkout, headers: &HeaderMap) -> Option<Openid> {
    gateway.logged_in(checkout, &LoggedIn(cookie(headers, PAYER)?.to_owned()))
}

/// Leads a browser inside WeChat to WeChat's login. `None`: there is none for this checkout.
pub fn lead_to(app: &App, checkout: &Checkout, (uri, headers): (&Uri, &HeaderMap), tries: u8) -> Result<Option<Response>, GatewayError> {
    // Letters and digits; the first says how often it was begun.
    let state = format!("{tries}{}", Chance::System.nonce());
    let page = page_address(app, headers, checkout);
    let Some(address) = app.gateway.login_address(checkout, &format!("{page}/openid{}", language(uri)), &state)? else { return Ok(None) };
    Ok(Some(led(&address, &set_cookie(&page, STATE, &state, STATE_AGE))))
}

/// `GET /pay/{checkout_id}/openid`: a browser comes back from WeChat's login. However often it brings one code, it gets the same token.
pub async fn come_back(
    State(app): State<Arc<App>>,
    Extension(begun): Extension<Begun>,
    Extension(look): Extension<Arc<Look>>,
    number: Path<String>,
    back: Query<Back>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let (Path(number), Query(back)) = (number, back);
    come_back_to(&app, begun, &number, back, &uri, &headers).await.unwrap_or_else(|message| message.page(&look))
}

async fn come_back_to(
    app: &Arc<App>,
    begun: Begun,
    number: &str,
    Back { code, state }: Back,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, Message> {
    let checkout_id = number.parse::<CheckoutId>().map_err(|_| GatewayError::NotFound)?;
    let gateway = Arc::clone(&app.gateway);
    let checkout = gateway.find_checkout(&checkout_id, &Reach::default()).await?;
    let is_its_own = cookie(headers, STATE).is_some_and(|own| bool::from(own.as_bytes().ct_eq(state.as_bytes())));
    let is_code = (1..=128).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if !is_its_own || !is_code {
        return Err(Message::login(StatusCode::BAD_REQUEST));
    }
    let known = checkout.clone();
    let outcome = app.serve(begun, async move { gateway.log_in(&known, &code).await }).await?;
    let tries = state.bytes().next().map_or(TRIES, |digit| digit.saturating_sub(b'0'));
    match outcome {
        Ok(LoggedIn(token)) => {
            let page = page_address(app, headers, &checkout);
            Ok(led(&format!("../{}{}", checkout.checkout_id, language(uri)), &set_cookie(&page, PAYER, &token, PAYER_AGE)))
        }
        Err(LoginFailed::Again) if tries + 1 < TRIES => {
            lead_to(app, &checkout, (uri, headers), tries + 1)?.ok_or(Message::login(StatusCode::BAD_GATEWAY))
        }
        Err(LoginFailed::Snapshot) => Err(Message::snapshot()),
        Err(LoginFailed::Again | LoginFailed::Trouble) => Err(Message::login(StatusCode::BAD_GATEWAY)),
    }
}

/// The language that was chosen, to be kept on the way.
fn language(uri: &Uri) -> &'static str {
    let mut query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    match query.find(|(name, _)| name == "lang").as_ref().map(|(_, value)| &**value) {
        Some("en") => "?lang=en",
        Some(_) => "?lang=zh",
        None => "",
    }
}

/// The whole address of a checkout's page.
fn page_address(app: &App, headers: &HeaderMap, checkout: &Checkout) -> String {
    format!("{}/pay/{}", app.site(headers), checkout.checkout_id)
}

/// A cookie for this page and what is below it.
fn set_cookie(page: &str, name: &str, value: &str, age: u32) -> String {
    let path = page.split_once("://").and_then(|(_, rest)| Some(rest.split_at(rest.find('/')?).1)).unwrap_or("/");
    let secure = if page.starts_with("https://") { "; Secure" } else { "" };
    format!("{name}={value}; Path={path}; Max-Age={age}; HttpOnly; SameSite=Lax{secure}")
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// A redirection that nobody keeps, and that does not tell from where it comes.
fn led(address: &str, cookie: &str) -> Response {
    let headers = [
        (header::LOCATION, HeaderValue::try_from(address)),
        (header::SET_COOKIE, HeaderValue::try_from(cookie)),
        (header::CACHE_CONTROL, Ok(HeaderValue::from_static("no-store"))),
        (header::REFERRER_POLICY, Ok(HeaderValue::from_static("no-referrer"))),
    ];
    let mut response = StatusCode::FOUND.into_response();
    for (name, value) in headers {
        if let Ok(value) = value {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_of_one_page_and_secure_where_the_page_is() {
        assert_eq!(
            set_cookie("https://pay.example.com/gw/pay/C1", "a", "b", 5),
            "a=b; Path=/gw/pay/C1; Max-Age=5; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(set_cookie("http://127.0.0.1:8360/pay/C1", "a", "b", 5), "a=b; Path=/pay/C1; Max-Age=5; HttpOnly; SameSite=Lax");
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("x=1; a=b"));
        headers.append(header::COOKIE, HeaderValue::from_static("c=d=e"));
        assert_eq!(["a", "c", "ab"].map(|name| cookie(&headers, name)), [Some("b"), Some("d=e"), None]);
    }
}
