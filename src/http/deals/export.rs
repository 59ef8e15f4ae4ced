//! A streamed answer: the CSV of all deals of a listing, read page by page while the client takes it.
//!
//! Each page is a question of its own, so that other reports are asked in between, and none is asked for a client that has gone.
//! What cannot be read to its end is cut off in the middle of the transfer, which a client sees: it never looks whole.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::time::sleep;

use crate::auth::Caller;
use crate::deal::{DealPage, Listing, Place};
use crate::gateway::GatewayError;
use crate::told::csv;

use crate::http::App;
use crate::http::refusal::Refusal;
use crate::http::shares;

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

/// What is left of an export.
struct Export {
    app: Arc<App>,
    listing: Arc<Listing>,
    next: Option<Place>,
    _place: shares::Place,
}

pub async fn export(app: &Arc<App>, caller: &Caller, listing: Arc<Listing>) -> Result<Response, Refusal> {
    let place = app.shares.export(caller.name()).ok_or_else(Refusal::unavailable)?;
    let mut export = Export { app: Arc::clone(app), listing, next: None, _place: place };
    // What goes wrong before the first line is answered as for any call.
    let first = export.page().await?;
    let beginning = Bytes::from(format!("{}{}{}", csv::BYTE_ORDER_MARK, csv::HEADER, lines(&first)));
    let has_more = first.next.is_some();
    export.next = first.next;
    let rest = stream::try_unfold((export, has_more), |(mut export, has_more)| async move {
        if !has_more {
            return Ok(None);
        }
        let page = export.page().await.map_err(io::Error::other)?;
        let bytes = Bytes::from(lines(&page));
        let has_more = page.next.is_some();
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
            match self.app.gateway.list_deals(&self.listing, self.next.clone(), PAGE).await {
                Err(GatewayError::Store(error)) if error.is_unavailability() && tries < TRIES && !self.app.stopping.is_cancelled() => {
                    tries += 1;
                    sleep(PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    }
}
