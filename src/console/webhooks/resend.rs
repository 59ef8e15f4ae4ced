//! An event is posted to an endpoint once more.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;

use crate::console::{Console, PostedForm, Refusal, Visitor, answer, done, parts};
use crate::deal::{AuditAction, EndpointName, EventId, OrderId};
use crate::language::pair;

pub async fn resend(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    Path(event_id): Path<String>,
    form: PostedForm,
) -> Response {
    answer(&visitor, &console, resend_it(&console, &visitor, &event_id, &form).await)
}

/// The form says to which endpoint; and of which order's page it is, if it is on one.
async fn resend_it(console: &Arc<Console>, visitor: &Visitor, event_id: &str, form: &PostedForm) -> Result<Response, Refusal> {
    let event_id: EventId = event_id.parse().map_err(|_| Refusal::NotFound)?;
    let endpoint: EndpointName = form.text("endpoint").and_then(|name| name.parse().ok()).ok_or(Refusal::NotFound)?;
    let order_id: Option<OrderId> = form.text("order_id").and_then(|order_id| order_id.parse().ok());
    let by = visitor.audit(console, AuditAction::Resend).to(endpoint.as_str()).with(event_id.as_str());
    let back = match &order_id {
        Some(order_id) => parts::order_path(order_id.as_str()),
        None => parts::address("/webhooks", [("endpoint", endpoint.as_str())]),
    };
    let gateway = Arc::clone(&console.gateway);
    match console.detached(async move { gateway.resend_by(&endpoint, &event_id, by).await }).await?? {
        Some(true) => Ok(done(visitor, &back, "resend")),
        Some(false) => Ok(done(visitor, &back, "nothing")),
        None => Err(Refusal::Conflict(pair(
            "The event is no longer kept, or the endpoint is not configured or wants none like it. Nothing was sent.",
            "该事件已不再保留，或端点未配置、不接收此类事件。没有发送。",
        ))),
    }
}
