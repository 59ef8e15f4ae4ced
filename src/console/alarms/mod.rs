//! `/alarms`: what somebody must look at, and what became of it; `/alarms/{id}/answer`.

mod answer;
mod view;
mod words;

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;

use super::{Console, Refusal, Visitor, answer as answered, page};

pub use answer::answer;

/// Alarms on one page, which is to stay below 100 KiB.
const LIMIT: usize = 30;

/// Which alarms are shown, as the address says.
#[derive(Debug, Default)]
struct WishedAlarms {
    /// All of them, and not only those that are open.
    is_for_all: bool,
    /// Those before the alarm of this number.
    before: Option<i64>,
}

impl WishedAlarms {
    fn of(query: &str) -> Self {
        let mut wish = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "show" => wish.is_for_all = value == "all",
                "before" => wish.before = value.parse().ok(),
                _ => {}
            }
        }
        wish
    }
}

pub async fn alarms(State(console): State<Arc<Console>>, Extension(visitor): Extension<Visitor>) -> Response {
    answered(&visitor, &console, show(&console, &visitor).await)
}

async fn show(console: &Console, visitor: &Visitor) -> Result<Response, Refusal> {
    let wish = WishedAlarms::of(&visitor.query);
    // One more says whether there are more.
    let limit = u32::try_from(LIMIT + 1).unwrap_or(u32::MAX);
    let mut alarms = console.gateway.alarms(!wish.is_for_all, wish.before, limit).await?;
    let has_more = alarms.len() > LIMIT;
    alarms.truncate(LIMIT);
    Ok(page(visitor, console, words::TITLE, view::list(&wish, &alarms, has_more, visitor)))
}
