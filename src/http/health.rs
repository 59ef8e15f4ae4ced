//! `GET /healthz` (the process lives) and `GET /readyz` (it may be sent callers).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::Durability;

use super::App;
use super::refusal::Refusal;

/// All is well.
#[derive(Serialize, ToSchema)]
pub struct Healthy {
    status: &'static str,
}

pub async fn healthz() -> Json<Healthy> {
    Json(Healthy { status: "ok" })
}

pub async fn readyz(State(app): State<Arc<App>>) -> Result<Json<Healthy>, Refusal> {
    readiness(&app).await.map(|()| Json(Healthy { status: "ready" }))
}

/// Whether the service may be sent callers, or why not.
pub async fn readiness(app: &App) -> Result<(), Refusal> {
    if app.stopping.is_cancelled() {
        return Err(Refusal::unavailable().detail("the service is stopping"));
    }
    let store = app.gateway.store();
    let condition = store.condition().await.map_err(|error| Refusal::unavailable().detail(error.to_string()))?;
    app.gateway.note_database_clock(condition.clock);
    let clocks_agree = app.gateway.clocks_agree();
    match condition.durability {
        Durability::Weak { variable, value } if !app.accept_weak_durability => {
            let detail = format!("{variable} is {value}: a crash could lose acknowledged payments; set it to 1");
            Err(Refusal::unavailable().detail(detail))
        }
        _ if !clocks_agree => {
            let skew = app.gateway.skew().num_seconds();
            let detail = format!(
                "the database's clock is {skew} s ahead of this machine's (behind, if negative): no order is given up until they agree"
            );
            Err(Refusal::unavailable().detail(detail))
        }
        _ => store
            .can_write()
            .await
            .map_err(|error| Refusal::unavailable().detail(format!("the database could not write a moment ago: {error}"))),
    }
}
