//! The bridge between a page and WeChat (`WeixinJSBridge`): a script that gives it to an ordinary browser, and the call that the
//! script makes.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::page::{self, JAVASCRIPT};

use super::super::control::refused;
use super::super::{Payer, Simulator};
use super::sheet::{Choice, told};
use super::viewer::Viewer;

/// The script, for the payer who asks for it.
pub async fn script(viewer: Viewer) -> Response {
    let number = viewer.0.number().to_string();
    let text = page::fill(include_str!("jsbridge.js"), |name| (name == "payer").then_some(page::Value::Text(&number)));
    ([(header::CACHE_CONTROL, "no-store")], ([(header::CONTENT_TYPE, JAVASCRIPT)], text)).into_response()
}

/// What a page or an app asks of the payer's WeChat.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invocation {
    pub choice: Choice,
    #[serde(default)]
    pub payer: Payer,
    pub parameters: Value,
}

/// `getBrandWCPayRequest`: the parameters are checked before each choice. Looking answers the sheet, all else the page's result.
pub async fn invoke(State(simulator): State<Simulator>, body: Bytes) -> Response {
    let Invocation { choice, payer, parameters } = match serde_json::from_slice(&body) {
        Ok(invocation) => invocation,
        Err(error) => return refused(StatusCode::BAD_REQUEST, error.to_string()),
    };
    let now = simulator.now();
    let mut world = simulator.world();
    let done = world.invoked_by_page(&parameters, payer, now).and_then(|order| {
        world.choose_to(&order, choice, payer, now).map_err(told)?;
        Ok(order)
    });
    let result = |word: &str| json!({ "err_msg": format!("get_brand_wcpay_request:{word}") });
    let answer = match (done, choice) {
        (Ok(order), Choice::Look) => json!({ "sheet": world.sheet(&order).map(|sheet| sheet.json()) }),
        (Ok(_), Choice::Pay) => result("ok"),
        (Ok(_), Choice::Cancel) => result("cancel"),
        (Ok(_), Choice::Fail) => result("fail"),
        (Err(text), _) => json!({ "err_msg": "get_brand_wcpay_request:fail", "err_desc": text }),
    };
    Json(answer).into_response()
}
