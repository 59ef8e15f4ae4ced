//! A streamed answer: the CSV of all deals of a list, read page by page while the browser takes it.
//!
//! What cannot be read to its end is cut off in the middle of the transfer, which a browser sees: it never looks whole.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use crate::console::{Console, Refusal, Visitor};
use crate::deal::{DealPage, Listing, Place};
use crate::gateway::GatewayError;
use crate::told::csv;

use super::wish::Wish;
use super::words;

/// Deals of one question.
const PAGE: u32 = 500;
/// While the database is busy or away, a page is asked for so often, with pauses between.
const TRIES: u32 = 6;
const PAUSE: Duration = Duration::from_millis(500);

const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
    (header::CONTENT_DISPOSITION, "attachment; filename=\"deals.csv\""),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // nginx would keep it in its buffer.
    (HeaderName::from_static("x-accel-buffering"), "no"),
];

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

/// What is left of an export.
struct Export {
    console: Arc<Console>,
    listing: Arc<Listing>,
    next: Option<Place>,
    _place: OwnedSemaphorePermit,
}

pub async fn csv(State(console): State<Arc<Console>>, Extension(visitor): Extension<Visitor>, RawQuery(query): RawQuery) -> Response {
    let wish = Wish::of(query.as_deref().unwrap_or_default());
    export(&console, &wish).await.unwrap_or_else(|refusal| refusal.page(&visitor, &console))
}

async fn export(console: &Arc<Console>, wish: &Wish) -> Result<Response, Refusal> {
    if let Some(wrong) = wish.wrong {
        return Err(Refusal::BadForm(words::wrong(wrong)));
    }
    let place = Arc::clone(&console.exports.0).try_acquire_owned().map_err(|_| Refusal::Unavailable)?;
    // What goes wrong before the first line is answered as a page.
    let found = console.gateway.search(&wish.typed, wish.reading.as_deref(), &wish.listing, None, PAGE).await?;
    let beginning = Bytes::from(format!("{}{}{}", csv::BYTE_ORDER_MARK, csv::HEADER, lines(&found.page)));
    let has_more = found.page.next.is_some();
    let export = Export { console: Arc::clone(console), listing: found.listing, next: found.page.next, _place: place };
    let rest = stream::try_unfold((export, has_more), |(mut export, has_more)| async move {
        if !has_more {
            return Ok(None);
        }
        let page = export.page().await.map_err(io::Error::other)?;
        let (bytes, has_more) = (Bytes::from(lines(&page)), page.next.is_some());
        export.next = page.next;
        Ok::<_, io::Error>(Some((bytes, (export, has_more))))
    });
    let body = Body::from_stream(futures_util::StreamExt::chain(stream::iter([Ok(beginning)]), rest));
    Ok((HEADERS, body).into_response())
}

fn lines(page: &DealPage) -> String {
    page.deals.iter().map(csv::line).collect()
}

impl Export {
    async fn page(&self) -> Result<DealPage, GatewayError> {
        let mut tries = 1;
        loop {
            match self.console.gateway.list_deals(&self.listing, self.next.clone(), PAGE).await {
                Err(GatewayError::Store(error)) if error.is_unavailability() && tries < TRIES => {
                    tries += 1;
                    sleep(PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    }
}
