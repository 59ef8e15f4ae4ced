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
/// Parameters of the page that are kept on the way over WeChat's login.
const KEPT: [&str; 3] = ["in=wechat", "lang=zh", "lang=en"];
/// How long a `state` is before its seal: a digit and a nonce.
const DRAWN: usize = 33;
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
    let drawn = format!("{tries}{}", Chance::System.nonce());
    let state = format!("{drawn}{}", app.gateway.login_seal(checkout, &drawn)?);
    let page = page_address(app, headers, checkout);
    let Some(address) = app.gateway.login_address(checkout, &format!("{page}/openid{}", kept(uri)), &state)? else { return Ok(None) };
    Ok(Some(led(&address, Some(&set_cookie(&page, STATE, &state, STATE_AGE)))))
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
    // Who is known has nothing to say, and who cannot pay any more need not be known.
    if payer_of(&gateway, &checkout, headers).is_some() || !gateway.is_open(&checkout) {
        return Ok(led(&back_to(&checkout, uri), None));
    }
    let is_its_own = cookie(headers, STATE).is_some_and(|own| bool::from(own.as_bytes().ct_eq(state.as_bytes())));
    let is_code = (1..=128).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if !is_its_own || !is_code || !is_sealed(&gateway, &checkout, &state)? {
        return Err(Message::login(StatusCode::BAD_REQUEST, &back_to(&checkout, uri)));
    }
    let known = checkout.clone();
    let outcome = app.serve(begun, async move { gateway.log_in(&known, &code).await }).await?;
    let tries = state.bytes().next().map_or(TRIES, |digit| digit.saturating_sub(b'0'));
    let trouble = || Message::login(StatusCode::BAD_GATEWAY, &back_to(&checkout, uri));
    match outcome {
        Ok(LoggedIn(token)) => {
            let page = page_address(app, headers, &checkout);
            Ok(led(&back_to(&checkout, uri), Some(&set_cookie(&page, PAYER, &token, PAYER_AGE))))
        }
        Err(LoginFailed::Again) if tries + 1 < TRIES => lead_to(app, &checkout, (uri, headers), tries + 1)?.ok_or_else(trouble),
        Err(LoginFailed::Snapshot) => Err(Message::snapshot()),
        Err(LoginFailed::Again | LoginFailed::Trouble) => Err(trouble()),
    }
}

/// Whether a `state` is one that this service has drawn for this checkout, so that only who was led to WeChat has it asked.
fn is_sealed(gateway: &Gateway, checkout: &Checkout, state: &str) -> Result<bool, GatewayError> {
    let Some((drawn, seal)) = state.split_at_checked(DRAWN) else { return Ok(false) };
    Ok(bool::from(gateway.login_seal(checkout, drawn)?.as_bytes().ct_eq(seal.as_bytes())))
}

/// The checkout's page, from below it.
fn back_to(checkout: &Checkout, uri: &Uri) -> String {
    format!("../{}{}", checkout.checkout_id, kept(uri))
}

/// What was chosen and is kept on the way, as a query.
fn kept(uri: &Uri) -> String {
    super::kept(uri, &KEPT).replacen('&', "?", 1)
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
fn led(address: &str, cookie: Option<&str>) -> Response {
    let headers = [
        (header::LOCATION, Some(address)),
        (header::SET_COOKIE, cookie),
        (header::CACHE_CONTROL, Some("no-store")),
        (header::REFERRER_POLICY, Some("no-referrer")),
    ];
    let mut response = StatusCode::FOUND.into_response();
    for (name, value) in headers {
        if let Some(Ok(value)) = value.map(HeaderValue::try_from) {
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
