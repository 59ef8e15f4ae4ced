//! `POST /deals/{order_id}/resend`

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;

use crate::console::{Console, PostedForm, Refusal, Visitor, answer, done};
use crate::deal::{AuditAction, EndpointName, EventId};

use super::{OrderPath, order_number, page_of};

pub async fn resend(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    path: OrderPath,
    form: PostedForm,
) -> Response {
    answer(&visitor, &console, resent(&console, &visitor, path, &form).await)
}

async fn resent(console: &Arc<Console>, visitor: &Visitor, path: OrderPath, form: &PostedForm) -> Result<Response, Refusal> {
    let order_id = order_number(path)?;
    let endpoint: Option<EndpointName> = form.text("endpoint").and_then(|name| name.parse().ok());
    let event: Option<EventId> = form.text("event").and_then(|number| number.parse().ok());
    let (endpoint, event) = endpoint.zip(event).ok_or(Refusal::NotFound)?;
    let (gateway, by, page) = (Arc::clone(&console.gateway), visitor.audit(console, AuditAction::Resend), page_of(&order_id));
    let is_due = console.detached(async move { gateway.resend_of_order(&order_id, &endpoint, &event, by).await }).await??;
    Ok(done(&page, if is_due { "resend" } else { "nothing" }))
}
