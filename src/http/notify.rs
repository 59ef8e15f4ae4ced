//! `POST /wxPay/notify`: WeChat tells that an order was paid.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{FromRequest, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tracing::warn;

use crate::channel::wechat::v2::xml::XmlError;
use crate::channel::wechat::v2::{Notification, NotificationError, Reading, Unconfirmed};
use crate::gateway::{Answered, Disbelief, SettleError, Settled, Unbelieved};
use crate::listener::Peer;
use crate::store::Origin;
use crate::trace::carried;

use super::body::{self, UnreadBody};
use super::edge::Begun;
use super::refusal::Reason;
use super::{App, Unheard};

const SUCCESS: &str = "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>";

/// The answer to WeChat. It repeats after anything but SUCCESS; the status is for our own logs and proxies.
pub enum Acknowledgement {
    Success,
    Fail(StatusCode, &'static str),
}

impl IntoResponse for Acknowledgement {
    fn into_response(self) -> Response {
        let xml = [(header::CONTENT_TYPE, "text/xml; charset=utf-8")];
        match self {
            Self::Success => (xml, SUCCESS).into_response(),
            Self::Fail(status, why) => {
                let body = format!("<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[{why}]]></return_msg></xml>");
                let mut response = (status, xml, body).into_response();
                response.extensions_mut().insert(Reason(why));
                response
            }
        }
    }
}

pub async fn notify(
    State(app): State<Arc<App>>,
    Extension(begun): Extension<Begun>,
    SignedNotify(reading): SignedNotify,
) -> Acknowledgement {
    let notification = match reading {
        Reading::Verified(notification) => notification,
        Reading::OtherAlgorithm(unconfirmed) => match confirm(&app, begun, unconfirmed).await {
            Ok(notification) => notification,
            Err(unbelieved) => return unbelieved,
        },
    };
    let trade = match notification {
        Notification::Paid(trade) => trade,
        Notification::Failed { order_id } => {
            let gateway = app.gateway.clone();
            app.work.spawn(carried(async move { gateway.payment_failed(&order_id).await }));
            app.gateway.metrics().answered(Answered::PaymentFailed);
            return Acknowledgement::Success;
        }
        Notification::Refund => {
            warn!("a notification of a refund; it is not read yet");
            app.gateway.metrics().answered(Answered::Refund);
            return Acknowledgement::Success;
        }
    };
    let gateway = app.gateway.clone();
    let outcome = app.detached(begun.wechat_due(), async move { gateway.settle(&trade, Origin::Notification).await }).await;
    app.gateway.metrics().answered(match &outcome {
        Ok(Ok(Settled::Already)) => Answered::Repeated,
        Ok(Ok(_)) => Answered::Acknowledged,
        Ok(Err(SettleError::Store(_))) | Err(_) => Answered::NotStored,
        Ok(Err(_)) => Answered::Mismatch,
    });
    match outcome {
        Ok(Ok(_)) => Acknowledgement::Success,
        Ok(Err(error)) => Acknowledgement::from(error),
        Err(unheard) => Acknowledgement::from(unheard),
    }
}

/// Asks the order by which algorithm it was sent.
async fn confirm(app: &App, begun: Begun, unconfirmed: Unconfirmed) -> Result<Notification, Acknowledgement> {
    let gateway = app.gateway.clone();
    match app.detached(begun.wechat_due(), async move { gateway.confirm(unconfirmed).await }).await {
        Ok(Ok(notification)) => Ok(notification),
        Ok(Err(Unbelieved::Signature(error))) => Err(disbelieved(app, error.into())),
        Ok(Err(Unbelieved::Store(error))) => {
            app.gateway.metrics().answered(Answered::NotStored);
            Err(SettleError::Store(error).into())
        }
        Err(unheard) => {
            app.gateway.metrics().answered(Answered::NotStored);
            Err(unheard.into())
        }
    }
}

fn disbelieved(app: &App, error: NotificationError) -> Acknowledgement {
    app.gateway.metrics().disbelieve(Disbelief::of(&error));
    warn!(%error, "a notification is not believed");
    match error {
        NotificationError::Xml(XmlError::TooLarge) => Acknowledgement::Fail(StatusCode::PAYLOAD_TOO_LARGE, "TOO LARGE"),
        NotificationError::Xml(_) => Acknowledgement::Fail(StatusCode::BAD_REQUEST, "MALFORMED"),
        NotificationError::Incomplete(_) => Acknowledgement::Fail(StatusCode::BAD_REQUEST, "INCOMPLETE"),
        NotificationError::Signature(_) => Acknowledgement::Fail(StatusCode::UNAUTHORIZED, "SIGNATURE"),
        NotificationError::Foreign(_) => Acknowledgement::Fail(StatusCode::CONFLICT, "FOREIGN"),
    }
}

impl From<Unheard> for Acknowledgement {
    fn from(unheard: Unheard) -> Self {
        match unheard {
            Unheard::TooSlow | Unheard::NoRoom => Self::Fail(StatusCode::SERVICE_UNAVAILABLE, "BUSY"),
            Unheard::Panicked => Self::Fail(StatusCode::INTERNAL_SERVER_ERROR, "ERROR"),
        }
    }
}

impl From<SettleError> for Acknowledgement {
    fn from(error: SettleError) -> Self {
        match error {
            SettleError::UnknownOrder | SettleError::NotWeChats => Self::Fail(StatusCode::CONFLICT, "UNKNOWN ORDER"),
            SettleError::Amount => Self::Fail(StatusCode::CONFLICT, "AMOUNT"),
            SettleError::Currency => Self::Fail(StatusCode::CONFLICT, "CURRENCY"),
            SettleError::SecondTransaction => Self::Fail(StatusCode::CONFLICT, "PAID BY ANOTHER TRANSACTION"),
            SettleError::SpentTransaction => Self::Fail(StatusCode::CONFLICT, "TRANSACTION OF ANOTHER ORDER"),
            SettleError::Store(_) => Self::Fail(StatusCode::SERVICE_UNAVAILABLE, "BUSY"),
        }
    }
}

/// Whether the sender is one of those that were listed, if any were. The signature decides in any case; a list keeps
/// strangers from making us check it.
fn is_source(request: &Request, app: &App) -> bool {
    let sender = request.extensions().get::<Peer>().map(|peer| app.proxies.client(peer.0.ip(), request.headers()));
    app.notify_sources.is_empty() || sender.is_some_and(|sender| app.notify_sources.iter().any(|network| network.contains(&sender)))
}

/// A notification that WeChat has signed: size, then XML, then signature, then meaning. Nothing of the database is
/// touched before, so a flood of forged ones costs some hashes each. (Those of refunds have no signature, and touch nothing.)
pub struct SignedNotify(Reading);

impl FromRequest<Arc<App>> for SignedNotify {
    type Rejection = Acknowledgement;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Acknowledgement> {
        if !is_source(&request, app) {
            app.gateway.metrics().disbelieve(Disbelief::Sender);
            warn!("a notification from a sender that is not in wechat.notify_sources");
            return Err(Acknowledgement::Fail(StatusCode::UNAUTHORIZED, "SENDER"));
        }
        let bytes = body::read(request).await.map_err(|unread| match unread {
            UnreadBody::TooLarge => Acknowledgement::Fail(StatusCode::PAYLOAD_TOO_LARGE, "TOO LARGE"),
            UnreadBody::TooSlow => Acknowledgement::Fail(StatusCode::REQUEST_TIMEOUT, "TOO SLOW"),
            UnreadBody::Broken => Acknowledgement::Fail(StatusCode::BAD_REQUEST, "MALFORMED"),
            UnreadBody::Encoded => Acknowledgement::Fail(StatusCode::UNSUPPORTED_MEDIA_TYPE, "ENCODED"),
        })?;
        app.gateway.merchant().read_notification(&bytes).map(Self).map_err(|error| disbelieved(app, error))
    }
}
