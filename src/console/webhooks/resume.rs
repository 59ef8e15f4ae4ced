//! An endpoint that has said 410 Gone is delivered to again: an admin knows that it is back.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;

use crate::console::{Console, PostedForm, Refusal, Visitor, answer, done};
use crate::deal::{AuditAction, EndpointName};

pub async fn resume(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    Path(name): Path<String>,
    _form: PostedForm,
) -> Response {
    answer(&visitor, &console, resume_it(&console, &visitor, &name).await)
}

async fn resume_it(console: &Arc<Console>, visitor: &Visitor, name: &str) -> Result<Response, Refusal> {
    if !visitor.role.is_admin() {
        return Err(Refusal::NotAllowed);
    }
    let name: EndpointName = name.parse().map_err(|_| Refusal::NotFound)?;
    let gateway = Arc::clone(&console.gateway);
    if !gateway.has_endpoint(&name) {
        return Err(Refusal::NotFound);
    }
    let by = visitor.audit(console, AuditAction::ResumeEndpoint).to(name.as_str());
    let is_resumed = console.detached(async move { gateway.resume_endpoint_by(&name, by).await }).await??;
    Ok(done(visitor, "/webhooks", if is_resumed { "resume" } else { "nothing" }))
}
