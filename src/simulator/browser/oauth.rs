//! The login over HTTP, at WeChat's two paths: the payer's browser is sent back with a code, and the merchant's server exchanges it.

use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::page::Language;

use super::super::Simulator;
use super::super::codes::LoginError;
use super::super::login::{Authorization, CannotAuthorize, Exchange};
use super::super::switches::OauthFault;
use super::notice::notice;
use super::viewer::Viewer;

/// How slow a slow exchange is.
const SLOW: Duration = Duration::from_secs(5);

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct AuthorizeQuery {
    appid: String,
    redirect_uri: String,
    response_type: String,
    scope: String,
    state: String,
}

pub async fn authorize(
    State(simulator): State<Simulator>,
    uri: Uri,
    headers: HeaderMap,
    viewer: Viewer,
    Query(query): Query<AuthorizeQuery>,
) -> Response {
    let AuthorizeQuery { appid, redirect_uri, response_type, scope, state } = &query;
    let now = simulator.now();
    let authorized = simulator.world().authorize(&Authorization { appid, redirect_uri, response_type, scope }, viewer.0, now);
    let led_back = authorized.and_then(|code| {
        let mut url = Url::parse(redirect_uri).map_err(|_| CannotAuthorize::Redirect)?;
        url.query_pairs_mut().append_pair("code", &code).append_pair("state", state);
        Ok(String::from(url))
    });
    match led_back {
        Ok(url) => (StatusCode::FOUND, [(header::LOCATION, url)]).into_response(),
        Err(error) => {
            let (text, code) = error.told();
            notice(Language::of(&uri, &headers), text, code)
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ExchangeQuery {
    appid: String,
    secret: String,
    code: String,
    grant_type: String,
}

/// WeChat answers HTTP 200 whatever it says.
pub async fn access_token(State(simulator): State<Simulator>, uri: Uri, Query(query): Query<ExchangeQuery>) -> Response {
    let (answer, is_slow) = exchanged(&simulator, uri.path(), &query);
    if is_slow {
        sleep(SLOW).await;
    }
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

/// The answer, and whether it comes slowly.
fn exchanged(simulator: &Simulator, path: &str, query: &ExchangeQuery) -> (Value, bool) {
    let ExchangeQuery { appid, secret, code, grant_type } = query;
    let now = simulator.now();
    let mut world = simulator.world();
    *world.stats.calls.entry(path.to_owned()).or_default() += 1;
    let fault = world.faults.oauth;
    if fault == OauthFault::Error {
        return (refused((-1, "system error")), false);
    }
    let answer = match world.exchange(&Exchange { appid, secret, code, grant_type }, now) {
        Err(error) => refused(error),
        Ok(payer) => {
            let mut answer = json!({
                "access_token": world.chance.nonce(),
                "expires_in": 7200,
                "refresh_token": world.chance.nonce(),
                "openid": payer.login_openid(appid),
                "scope": "snsapi_base",
            });
            if payer.is_snapshot() {
                answer["is_snapshotuser"] = json!(1);
            }
            answer
        }
    };
    (answer, fault == OauthFault::Slow)
}

fn refused((code, text): LoginError) -> Value {
    json!({ "errcode": code, "errmsg": text })
}
