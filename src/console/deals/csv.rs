//! A streamed answer: the CSV of all deals of a list, read page by page while the browser takes it.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use futures_util::TryStreamExt;
use tokio::sync::Semaphore;

use crate::console::{Console, Refusal, Visitor};
use crate::gateway::EXPORT_PAGE;
use crate::page;
use crate::told::csv;

use super::wish::Wish;
use super::words;

/// Lists that are exported at once: each keeps asking for pages as long as its browser takes them.
const AT_ONCE: usize = 2;

/// Room for exports.
#[derive(Debug)]
pub struct Exports(Arc<Semaphore>);

impl Default for Exports {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

pub async fn csv(State(console): State<Arc<Console>>, Extension(visitor): Extension<Visitor>, RawQuery(query): RawQuery) -> Response {
    let wish = Wish::of(query.as_deref().unwrap_or_default());
    export(&console, &wish).await.unwrap_or_else(|refusal| refusal.page(&visitor, &console))
}

async fn export(console: &Arc<Console>, wish: &Wish) -> Result<Response, Refusal> {
    if let Some(wrong) = wish.wrong {
        return Err(Refusal::BadForm(words::wrong(wrong)));
    }
    let place = Arc::clone(&console.exports.0).try_acquire_owned().map_err(|_| Refusal::Busy)?;
    // What goes wrong before the first line is answered as a page.
    let found = console.gateway.search(&wish.typed, wish.reading.as_deref(), &wish.listing, None, EXPORT_PAGE).await?;
    let rest = console.gateway.export(found.listing, found.page.next).map_ok(move |page| {
        let _held_to_the_end = &place;
        csv::lines(&page.deals)
    });
    Ok(page::csv(csv::beginning(&found.page.deals), rest))
}
