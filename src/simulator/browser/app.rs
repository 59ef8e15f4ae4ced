//! WeChat as a merchant's app opens it with the SDK: the same checks and choices, for programs that play the app.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::super::Simulator;
use super::super::control::refused;
use super::bridge::Invocation;
use super::sheet::{Choice, told};

/// `errCode` 0: paid; -1: an error; -2: the payer left. Looking answers the sheet.
pub async fn invoke(State(simulator): State<Simulator>, body: Bytes) -> Response {
    let Invocation { choice, payer, parameters } = match serde_json::from_slice(&body) {
        Ok(invocation) => invocation,
        Err(error) => return refused(StatusCode::BAD_REQUEST, error.to_string()),
    };
    let now = simulator.now();
    let mut world = simulator.world();
    let done = world.invoked_by_app(&parameters, payer, now).and_then(|order| {
        world.choose_to(&order, choice, payer, now).map_err(told)?;
        Ok(order)
    });
    let answer = match (done, choice) {
        (Ok(order), Choice::Look) => json!({ "sheet": world.sheet(&order).map(|sheet| sheet.json()) }),
        (Ok(_), Choice::Pay) => json!({ "errCode": 0 }),
        (Ok(_), Choice::Cancel) => json!({ "errCode": -2 }),
        (Ok(_), Choice::Fail) => json!({ "errCode": -1 }),
        (Err(text), _) => json!({ "errCode": -1, "errStr": text }),
    };
    Json(answer).into_response()
}
