//! An alarm is answered: somebody has looked at it, and says what was done.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;

use crate::console::parts::note;
use crate::console::{Console, PostedForm, Refusal, Visitor, answer as answered, done};
use crate::deal::AuditAction;

use super::words;

pub async fn answer(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    form: PostedForm,
) -> Response {
    answered(&visitor, &console, answer_it(&console, &visitor, &id, &form).await)
}

async fn answer_it(console: &Arc<Console>, visitor: &Visitor, id: &str, form: &PostedForm) -> Result<Response, Refusal> {
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    let note = note(form)?;
    let (gateway, said) = (Arc::clone(&console.gateway), note.clone());
    let alarm = gateway.alarm(id).await?.ok_or(Refusal::NotFound)?;
    let by = visitor.audit(console, AuditAction::AnswerAlarm).to(id.to_string()).with(note.as_str());
    let by = if let Some(order_id) = &alarm.order_id { by.of_order(order_id) } else { by };
    if console.detached(async move { gateway.answer_alarm(id, &said, by).await }).await?? {
        return Ok(done(visitor, "/alarms", "answer"));
    }
    let alarm = console.gateway.alarm(id).await?.ok_or(Refusal::NotFound)?;
    Err(Refusal::Conflict(words::not_open(&alarm)))
}
