//! `POST /deals/{order_id}/ask`

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;

use crate::console::{Console, PostedForm, Refusal, Visitor, answer, done};
use crate::deal::AuditAction;

use super::{OrderPath, order_number, page_of};

pub async fn ask(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    path: OrderPath,
    _form: PostedForm,
) -> Response {
    answer(&visitor, &console, asked(&console, &visitor, path).await)
}

async fn asked(console: &Arc<Console>, visitor: &Visitor, path: OrderPath) -> Result<Response, Refusal> {
    let order_id = order_number(path)?;
    let (gateway, by, page) = (Arc::clone(&console.gateway), visitor.audit(console, AuditAction::Ask), page_of(&order_id));
    console.detached(async move { gateway.ask_for(&order_id, by).await }).await??;
    Ok(done(visitor, &page, "ask"))
}
