//! `POST /wxPay/bills/differences/{id}/explain`: a person says why a difference is none that matters.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, Path, Request, State};
use axum::{Extension, Json};

use crate::auth::{Caller, Scope};
use crate::deal::{InvalidNote, Note};
use crate::http::App;
use crate::http::body::Params;
use crate::http::edge::Begun;
use crate::http::refusal::Refusal;
use crate::told::ToldDifference;

use super::caller;

/// Who explains where no caller needs a key.
const NOBODY: &str = "demonstration";

/// What is said, by a caller that may say it.
pub struct Explanation {
    caller: Arc<Caller>,
    note: Note,
}

impl FromRequest<Arc<App>> for Explanation {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Refusal> {
        let caller = caller(app, request.headers(), Scope::Manage)?;
        let params = Params::from_request(request, app).await?;
        params.only(&["note"])?;
        let note = params.text("note")?.parse().map_err(|invalid: InvalidNote| Refusal::invalid_field("note", invalid.to_string()))?;
        Ok(Self { caller, note })
    }
}

pub async fn explain(
    State(app): State<Arc<App>>,
    Extension(begun): Extension<Begun>,
    id: Result<Path<String>, PathRejection>,
    Explanation { caller, note }: Explanation,
) -> Result<Json<ToldDifference>, Refusal> {
    let id = id.ok().and_then(|Path(text)| number(&text));
    let id = id.ok_or_else(|| Refusal::invalid_field("id", "the id of a difference is expected, such as 17"))?;
    let gateway = Arc::clone(&app.gateway);
    let explained = async move {
        let by = if caller.name().is_empty() { NOBODY } else { caller.name() };
        gateway.explain_difference(id, by, &note, caller.reach()).await
    };
    Ok(Json(ToldDifference::from(&app.serve(begun, explained).await??)))
}

/// Written in one way only.
fn number(text: &str) -> Option<i64> {
    let is_plain = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    if is_plain { text.parse().ok() } else { None }
}
