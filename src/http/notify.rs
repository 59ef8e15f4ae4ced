//! `POST /wxPay/notify`: the webhook to which WeChat posts that an order was paid; and `/wxPay/notify/{account}`, the same for
//! one account. Both also below `/wxPay/callback`, and below `/wxPay/refundNotify`, to which WeChat posts that a refund has come to
//! its end: either kind is taken at either address.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tracing::warn;

use crate::channel::{Acknowledgement, Receipt};
use crate::deal::AccountId;
use crate::gateway::{Disbelief, Taken, TakenNotice};
use crate::listener::Peer;

use super::body::{self, UnreadBody};
use super::edge::Begun;
use super::refusal::Reason;
use super::{App, NoOutcome};

pub async fn notify(State(app): State<Arc<App>>, Extension(begun): Extension<Begun>, Notice(bytes): Notice) -> Response {
    take(app, begun, bytes, None).await
}

pub async fn notify_account(
    State(app): State<Arc<App>>,
    Extension(begun): Extension<Begun>,
    account: Result<Path<String>, PathRejection>,
    Notice(bytes): Notice,
) -> Response {
    match account.ok().and_then(|Path(name)| name.parse::<AccountId>().ok()) {
        Some(account) => take(app, begun, bytes, Some(account)).await,
        None => answer(&app, &TakenNotice { taken: Taken::Disbelieved(Disbelief::NoAccount), account: None }),
    }
}

/// `addressed`: the account that the path names.
async fn take(app: Arc<App>, begun: Begun, bytes: Bytes, addressed: Option<AccountId>) -> Response {
    let (gateway, work, account) = (Arc::clone(&app.gateway), app.work.clone(), addressed.clone());
    let outcome = app.detached(begun.wechat_due(), async move { gateway.take_notice(&bytes, addressed.as_ref(), &work).await }).await;
    answer(&app, &outcome.unwrap_or_else(|no_outcome| TakenNotice { taken: no_outcome.into(), account }))
}

/// The answer to what became of a notification.
fn answer(app: &App, notice: &TakenNotice) -> Response {
    written(status(notice.taken), notice.taken.receipt(), app.gateway.acknowledge(notice))
}

/// A refusal of a post that was not looked at; so nothing of it is counted.
pub fn refused(status: StatusCode, why: &'static str) -> Response {
    let receipt = Receipt::Refused(why);
    written(status, receipt, Acknowledgement::of(receipt))
}

fn written(status: StatusCode, receipt: Receipt, acknowledgement: Acknowledgement) -> Response {
    let Acknowledgement { body, content_type } = acknowledgement;
    let mut response = (status, [(header::CONTENT_TYPE, content_type)], body).into_response();
    if let Receipt::Refused(why) = receipt {
        response.extensions_mut().insert(Reason(why));
    }
    response
}

/// WeChat looks at the body; the status is for our own logs and proxies.
fn status(taken: Taken) -> StatusCode {
    match taken {
        Taken::Stored | Taken::Repeated | Taken::PaymentFailed | Taken::Refund => StatusCode::OK,
        Taken::Mismatch(_) | Taken::UnknownRefund | Taken::Disbelieved(Disbelief::Foreign) => StatusCode::CONFLICT,
        Taken::NotStored => StatusCode::SERVICE_UNAVAILABLE,
        Taken::Fault => StatusCode::INTERNAL_SERVER_ERROR,
        Taken::Disbelieved(Disbelief::Sender | Disbelief::Signature | Disbelief::NoAccount) => StatusCode::UNAUTHORIZED,
        Taken::Disbelieved(Disbelief::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
        Taken::Disbelieved(Disbelief::Malformed | Disbelief::Incomplete) => StatusCode::BAD_REQUEST,
    }
}

impl From<NoOutcome> for Taken {
    fn from(no_outcome: NoOutcome) -> Self {
        match no_outcome {
            NoOutcome::TooSlow | NoOutcome::NoRoom => Self::NotStored,
            NoOutcome::Panicked => Self::Fault,
        }
    }
}

/// The body of a notification from a sender that may post one.
pub struct Notice(Bytes);

impl FromRequest<Arc<App>> for Notice {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Response> {
        if !is_source(&request, app) {
            warn!("a notification from a sender that is not in wechat.notify_sources");
            return Err(answer(app, &TakenNotice { taken: Taken::Disbelieved(Disbelief::Sender), account: None }));
        }
        body::read(request).await.map(Self).map_err(|unread| match unread {
            UnreadBody::TooLarge => refused(StatusCode::PAYLOAD_TOO_LARGE, "TOO LARGE"),
            UnreadBody::TooSlow => refused(StatusCode::REQUEST_TIMEOUT, "TOO SLOW"),
            UnreadBody::Broken => refused(StatusCode::BAD_REQUEST, "MALFORMED"),
            UnreadBody::Encoded => refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "ENCODED"),
        })
    }
}

/// Whether the sender is one of those that were listed, if any were. The signature decides in any case; a list keeps
/// strangers from making us check it.
fn is_source(request: &Request, app: &App) -> bool {
    let sender = request.extensions().get::<Peer>().map(|peer| app.proxies.client(peer.0.ip(), request.headers()));
    app.notify_sources.is_empty() || sender.is_some_and(|sender| app.notify_sources.iter().any(|network| network.contains(&sender)))
}
