//! Health checks: `GET /healthz` (the process lives) and `GET /readyz` (it may be sent callers).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::refusal::Refusal;

/// All is well.
#[derive(Serialize, ToSchema)]
pub struct Healthy {
    status: &'static str,
}

/// Callers may be sent.
#[derive(Serialize, ToSchema)]
pub struct Ready {
    status: &'static str,
    /// What an operator should see to all the same; left out when there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

pub async fn healthz() -> Json<Healthy> {
    Json(Healthy { status: "ok" })
}

pub async fn readyz(State(app): State<Arc<App>>) -> Result<Json<Ready>, Refusal> {
    readiness(&app).await?;
    let warnings = app.gateway.missing_accounts().iter().map(ToString::to_string).collect();
    Ok(Json(Ready { status: "ready", warnings }))
}

/// Whether the service may be sent callers, or why not.
pub async fn readiness(app: &App) -> Result<(), Refusal> {
    if app.stopping.is_cancelled() {
        return Err(Refusal::unavailable().detail("the service is stopping"));
    }
    app.gateway.readiness(app.accept_weak_durability).await.map_err(|why| Refusal::unavailable().detail(why.to_string()))
}
