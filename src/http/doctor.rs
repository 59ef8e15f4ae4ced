//! Handshake with `wechat-pay doctor` at the notification's path: it is told which instance answers, from which address it was
//! called and what arrived.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use tracing::info;

use crate::handshake::{Answer, HEADER, Question, digest};
use crate::listener::Peer;

use super::{App, body, notify};

/// Answers a doctor that has proved to hold our key, with a refusal like any other and a header beside it. A caller that has
/// not is led on as if nothing had been asked, so a stranger cannot tell that there is anything to ask.
pub async fn answer(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let asked = request.headers().get(HEADER).and_then(|header| header.to_str().ok());
    let question = asked.and_then(|header| Question::read(header, &app.handshake, app.gateway.now()));
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    let (Some(question), Some(peer)) = (question, peer) else { return next.run(request).await };
    let client = app.proxies.client(peer, request.headers());
    let mut response = notify::refused(StatusCode::BAD_REQUEST, "MALFORMED");
    let Ok(bytes) = body::read(request).await else { return response };
    info!(%client, bytes = bytes.len(), "the doctor has asked");
    let answer = Answer { instance: app.instance.to_string(), client, body: digest(&bytes) };
    if let Ok(header) = HeaderValue::from_str(&answer.header(&question, &app.handshake)) {
        response.headers_mut().insert(HEADER, header);
    }
    response
}
