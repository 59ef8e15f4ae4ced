//! A streamed answer: the CSV of all deals of a listing, read page by page while the client takes it.

use std::sync::Arc;

use axum::response::Response;
use futures_util::TryStreamExt;

use crate::auth::Caller;
use crate::deal::Listing;
use crate::http::App;
use crate::http::refusal::Refusal;
use crate::page;
use crate::told::csv;

pub async fn export(app: &Arc<App>, caller: &Caller, listing: Arc<Listing>) -> Result<Response, Refusal> {
    let place = app.shares.export(caller.name()).ok_or_else(Refusal::unavailable)?;
    // What goes wrong before the first line is answered as for any call.
    let first = app.gateway.export_page(&listing, None).await?;
    let rest = app.gateway.export(listing, first.next).map_ok(move |page| {
        let _held_to_the_end = &place;
        csv::lines(&page.deals)
    });
    Ok(page::csv(csv::beginning(&first.deals), rest))
}
