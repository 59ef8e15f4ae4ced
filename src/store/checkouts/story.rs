//! All that is known of a checkout, as an operator asks for it at any time: read through a connection on which nothing can be changed.

use sqlx::Error;

use crate::deal::{Checkout, CheckoutId, OrderId};
use crate::store::deals::story::{Read, Story, read};
use crate::store::engine::connection::Conn;
use crate::store::engine::database_url::DatabaseUrl;
use crate::store::engine::statement::Query;
use crate::store::error::{StoreError, not_told};
use crate::store::handle::Store;
use crate::store::open::open_up_to_date;

use super::find::{FindAttempts, FindCheckouts};
use super::row::CheckoutRow;

/// A checkout, and the story of each of its deals.
#[derive(Debug, Clone)]
pub struct CheckoutStory {
    /// The checkout.
    pub checkout: Checkout,
    /// Its deals, oldest first.
    pub deals: Vec<Story>,
}

impl Store {
    /// All that is known of a checkout; `None`: there is none of this number. Nothing is changed, and nothing of a database that is not
    /// up to date is told.
    ///
    /// # Errors
    /// The database cannot be opened, is not up to date, or holds an impossible row.
    pub async fn checkout_story(url: &DatabaseUrl, checkout_id: &CheckoutId) -> Result<Option<CheckoutStory>, StoreError> {
        let mut conn = open_up_to_date(url).await?;
        let (row, deals) = read_all(&mut conn, checkout_id).await.map_err(|error| not_told(&error))?;
        let Some(checkout) = row.and_then(CheckoutRow::into_checkout) else { return Ok(None) };
        let deals = deals.into_iter().map(Read::into_story).collect::<Result<_, _>>()?;
        Ok(Some(CheckoutStory { checkout, deals }))
    }
}

async fn read_all(conn: &mut Conn, checkout_id: &CheckoutId) -> Result<(Option<CheckoutRow>, Vec<Read>), Error> {
    let row = FindCheckouts(vec![checkout_id.to_string()]).run(conn).await?.pop();
    let attempts = FindAttempts { checkout_id: checkout_id.clone() }.run(conn).await?;
    let mut deals = Vec::new();
    for order_id in attempts.iter().filter_map(|row| row.order_id.parse::<OrderId>().ok()) {
        deals.push(read(conn, &order_id).await?);
    }
    Ok((row, deals))
}
