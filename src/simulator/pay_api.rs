//! WeChat's API over HTTP, faults included.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::any;
use tokio::time::sleep;

use crate::channel::wechat::v2::{Fields, xml as wire};
use crate::deal::Timestamp;
use crate::listener::Sever;

use super::message_log::Message;
use super::orders::OrderKey;
use super::origin::Origin;
use super::reply::Reply;
use super::rules::{Api, PATHS};
use super::{Simulator, World, bills};

pub fn routes() -> Router<Simulator> {
    let mut router = Router::new();
    for (path, api) in PATHS {
        router = router.route(path, any(move |state, method, uri, origin, body| call(state, method, uri, origin, body, api, false)));
        let sandbox = format!("/sandboxnew{path}");
        router = router.route(&sandbox, any(move |state, method, uri, origin, body| call(state, method, uri, origin, body, api, true)));
    }
    for path in ["/sandboxnew/pay/getsignkey", "/xdc/apiv2getsignkey/sign/getsignkey"] {
        router =
            router.route(path, any(move |state, method, uri, origin, body| call(state, method, uri, origin, body, Api::GetSignKey, true)));
    }
    router
}

async fn call(
    State(simulator): State<Simulator>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    Origin(origin): Origin,
    body: Bytes,
    api: Api,
    sandbox: bool,
) -> Response {
    let (latency, reply_fault) = {
        let mut world = simulator.world();
        *world.stats.calls.entry(uri.path().to_owned()).or_default() += 1;
        (world.faults.latency_ms, world.draw_reply_fault())
    };
    sleep(Duration::from_millis(latency)).await;
    if method != Method::POST {
        return match api {
            Api::DownloadBill => sent(bills::in_english(NO_POST).into()),
            _ => sent(wire::write(&Fields::new().with("return_code", "FAIL").with("return_msg", NO_POST)).into()),
        };
    }
    let now = simulator.now();
    let mut world = simulator.world();
    let carried_out = !matches!(reply_fault, ReplyFault::Reset | ReplyFault::Html | ReplyFault::SystemError { carried_out: false });
    let answer = carried_out.then(|| world.answer(api, sandbox, &body, &origin, now));
    let (answer, response) = match (reply_fault, answer) {
        (ReplyFault::None, Some(answer)) => (text_of(&answer), sent(answer)),
        (ReplyFault::SystemError { .. }, _) => {
            let answer = world.system_error_to(api, sandbox, &body);
            (Some(answer.clone()), sent(answer.into()))
        }
        (ReplyFault::Html, _) => (Some(HTML.to_owned()), (StatusCode::OK, [(header::CONTENT_TYPE, "text/html")], HTML).into_response()),
        (ReplyFault::DropReply | ReplyFault::Reset | ReplyFault::None, unheard) => (unheard.as_ref().and_then(text_of), severed()),
    };
    write_down(&mut world, api, &body, answer, reply_fault, carried_out, now);
    response
}

const NO_POST: &str = "请使用post方法";
const HTML: &str = "<!DOCTYPE html><html><body>404</body></html>";

/// Notes the call in the log of the order that it names.
fn write_down(
    world: &mut World,
    api: Api,
    body: &[u8],
    answer: Option<String>,
    reply_fault: ReplyFault,
    carried_out: bool,
    now: Timestamp,
) {
    // Of a refund the request may name its own number alone, and the answer the order's.
    let answered = || wire::parse(answer.as_ref()?.as_bytes()).ok()?.get("out_trade_no").map(str::to_owned);
    let order = |fields: Fields| {
        let get = |name| fields.get(name).map(str::to_owned);
        let out_trade_no = get("out_trade_no").or_else(answered)?;
        Some(OrderKey { mch_id: get("mch_id").unwrap_or_default(), sub_mch_id: get("sub_mch_id"), out_trade_no })
    };
    let Some(order) = wire::parse(body).ok().and_then(order) else { return };
    let fault = reply_fault.name();
    let message = Message {
        says: answer.as_ref().map(|answer| gist(answer)),
        fault,
        carried_out: fault.map(|_| carried_out),
        request: Some(String::from_utf8_lossy(body).into_owned()),
        answer,
        ..Message::new(api.name(), now)
    };
    world.log.note(&order, message);
}

/// What a reply says in a word: the state of an order or a refund, the number of a new refund, the error or the complaint.
fn gist(reply: &str) -> String {
    let Ok(fields) = wire::parse(reply.as_bytes()) else { return "HTML".to_owned() };
    let get = |name| fields.get(name);
    match get("return_code") {
        Some("SUCCESS") => {
            let told = ["err_code", "trade_state", "refund_status_0", "refund_id"].into_iter().find_map(get);
            told.unwrap_or("SUCCESS").to_owned()
        }
        _ => get("return_msg").unwrap_or("FAIL").to_owned(),
    }
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy)]
pub(super) enum ReplyFault {
    None,
    Reset,
    Html,
    DropReply,
    SystemError { carried_out: bool },
}

impl ReplyFault {
    /// The name of the fault in `/_sim/faults`, if it is one.
    fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Reset => Some("reset"),
            Self::Html => Some("html"),
            Self::DropReply => Some("drop_reply"),
            Self::SystemError { .. } => Some("system_error"),
        }
    }
}

/// WeChat labels its XML, and its bills, as plain text.
fn sent(reply: Reply) -> Response {
    let digest = reply.digest.map(|digest| [("Digest", digest)]);
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/plain")], digest.map(AppendHeaders), reply.body).into_response()
}

/// What can be read of a reply; a bill that is packed cannot.
fn text_of(reply: &Reply) -> Option<String> {
    str::from_utf8(&reply.body).ok().map(str::to_owned)
}

fn severed() -> Response {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(Sever);
    response
}
