//! `/audit`: who did what. For admins; nobody changes it, and nobody's row is left out.

mod view;

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;

use crate::deal::AuditWish;
use crate::language::pair;

use super::{Console, Refusal, Visitor, answer, page};

/// Rows of a page, of some hundred bytes each.
const ROWS: u32 = 50;
/// Characters of what is looked for.
const LONGEST: usize = 128;

/// The trail, the newest first.
pub async fn audit(State(console): State<Arc<Console>>, Extension(visitor): Extension<Visitor>) -> Response {
    let outcome = shown(&console, &visitor).await;
    answer(&visitor, &console, outcome)
}

async fn shown(console: &Console, visitor: &Visitor) -> Result<Response, Refusal> {
    if !visitor.role.is_admin() {
        return Err(Refusal::NotAllowed);
    }
    let wish = wish(&visitor.query);
    // One more than is shown says whether there are older ones.
    let mut entries = console.gateway.audit(AuditWish { limit: ROWS + 1, ..wish.clone() }).await?;
    let is_cut = entries.len() > ROWS as usize;
    entries.truncate(ROWS as usize);
    let older = entries.last().filter(|_| is_cut).map(|entry| entry.id);
    let content = view::content(&entries, &wish, older, visitor.language);
    Ok(page(visitor, console, pair("Who did what", "操作记录"), content))
}

/// What the address asks for. What it cannot mean is left out.
fn wish(query: &str) -> AuditWish {
    let mut wish = AuditWish::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let text = Some(value.trim()).filter(|text| (1..=LONGEST).contains(&text.chars().count())).map(str::to_owned);
        match &*name {
            "user" => wish.user = text,
            "order" => wish.order_id = text,
            "before" => wish.before = value.parse().ok(),
            _ => {}
        }
    }
    wish
}
