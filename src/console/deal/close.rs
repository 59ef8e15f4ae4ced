//! `POST /deals/{order_id}/close`

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;

use crate::console::{Console, PostedForm, Refusal, Visitor, answer, done};
use crate::deal::AuditAction;
use crate::gateway::{Closed, GatewayError};

use super::{OrderPath, order_number, page_of, words};

pub async fn close(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    path: OrderPath,
    _form: PostedForm,
) -> Response {
    answer(&visitor, &console, closed(&console, &visitor, path).await)
}

async fn closed(console: &Arc<Console>, visitor: &Visitor, path: OrderPath) -> Result<Response, Refusal> {
    let order_id = order_number(path)?;
    let (gateway, by, page) = (Arc::clone(&console.gateway), visitor.audit(console, AuditAction::Close), page_of(&order_id));
    match console.detached(async move { gateway.close_for(&order_id, by).await }).await? {
        Ok(Closed::Closed(_)) => Ok(done(visitor, &page, "close")),
        Ok(Closed::Paid(_)) => Ok(done(visitor, &page, "close_paid")),
        Err(GatewayError::Upstream(..) | GatewayError::LeftOpen(_)) => Err(Refusal::NotKnown(words::left_open())),
        Err(error) => Err(error.into()),
    }
}
