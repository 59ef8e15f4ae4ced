//! A difference is explained: it is none that matters, and a person says why.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;

use crate::console::parts::note;
use crate::console::{Console, PostedForm, Refusal, Visitor, answer, done};
use crate::deal::AuditAction;

use super::words;

pub async fn explain(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    form: PostedForm,
) -> Response {
    answer(&visitor, &console, explain_it(&console, &visitor, &id, &form).await)
}

async fn explain_it(console: &Arc<Console>, visitor: &Visitor, id: &str, form: &PostedForm) -> Result<Response, Refusal> {
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    let note = note(form)?;
    let (gateway, said) = (Arc::clone(&console.gateway), note.clone());
    let difference = gateway.find_difference(id).await?.ok_or(Refusal::NotFound)?;
    let by = visitor.audit(console, AuditAction::ExplainDifference).to(id.to_string()).with(note.as_str());
    let order_id = difference.found.order_id.as_deref().and_then(|number| number.parse().ok());
    let by = if let Some(order_id) = &order_id { by.of_order(order_id) } else { by };
    if console.detached(async move { gateway.explain_difference_by(id, &said, by).await }).await?? {
        return Ok(done(visitor, &format!("/bills/{}/{}", difference.account, difference.day), "explain"));
    }
    let difference = console.gateway.find_difference(id).await?.ok_or(Refusal::NotFound)?;
    Err(Refusal::Conflict(words::not_open(&difference)))
}
