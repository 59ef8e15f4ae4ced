//! WeChat's API over HTTP, faults included.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use tokio::time::sleep;

use crate::listener::Sever;

use super::Simulator;
use super::rules::{Api, PATHS};

pub fn routes() -> Router<Simulator> {
    let mut router = Router::new();
    for (path, api) in PATHS {
        router = router.route(path, any(move |state, method, uri, body| call(state, method, uri, body, api, false)));
        let sandbox = format!("/sandboxnew{path}");
        router = router.route(&sandbox, any(move |state, method, uri, body| call(state, method, uri, body, api, true)));
    }
    for path in ["/sandboxnew/pay/getsignkey", "/xdc/apiv2getsignkey/sign/getsignkey"] {
        router = router.route(path, any(move |state, method, uri, body| call(state, method, uri, body, Api::GetSignKey, true)));
    }
    router
}

async fn call(
    State(simulator): State<Simulator>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    body: Bytes,
    api: Api,
    sandbox: bool,
) -> Response {
    let (latency, fate) = {
        let mut world = simulator.world();
        *world.stats.calls.entry(uri.path().to_owned()).or_default() += 1;
        (world.faults.latency_ms, world.draw_fate())
    };
    sleep(Duration::from_millis(latency)).await;
    if method != Method::POST {
        return xml("<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[请使用post方法]]></return_msg></xml>".to_owned());
    }
    let now = simulator.clock.now();
    match fate {
        Fate::Answer => xml(simulator.world().answer(api, sandbox, &body, now)),
        Fate::Reset => severed(),
        Fate::Html => {
            (StatusCode::OK, [(header::CONTENT_TYPE, "text/html")], "<!DOCTYPE html><html><body>404</body></html>").into_response()
        }
        Fate::DropReply => {
            simulator.world().answer(api, sandbox, &body, now);
            severed()
        }
        Fate::SystemError { carried_out } => {
            let mut world = simulator.world();
            if carried_out {
                world.answer(api, sandbox, &body, now);
            }
            xml(world.system_error(sandbox))
        }
    }
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    Answer,
    Reset,
    Html,
    DropReply,
    SystemError { carried_out: bool },
}

/// WeChat labels its XML as plain text.
fn xml(body: String) -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/plain")], body).into_response()
}

fn severed() -> Response {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(Sever);
    response
}
