//! All that is known of an order, read through a connection on which nothing can be changed: for the operator who asks at any
//! time, on any database.

use sqlx::Error;

use crate::deal::{Deal, OrderId, Refund};
use crate::store::engine::connection::Conn;
use crate::store::engine::database_url::DatabaseUrl;
use crate::store::engine::statement::Query;
use crate::store::error::{StoreError, not_told};
use crate::store::handle::Store;
use crate::store::journal::event::StoredEvent;
use crate::store::journal::read::Events;
use crate::store::open::open_up_to_date;
use crate::store::refunds::find::{FindRefunds, readable};
use crate::store::refunds::row::RefundRow;
use crate::store::schema::foreign_clock::ForeignClock;

use super::claim::FindUnclaimed;
use super::find::Find;
use super::row::DealRow;

/// A deal, its refunds and its journal.
#[derive(Debug, Clone)]
pub struct Story {
    /// The deal, if there is one.
    pub deal: Option<Deal>,
    /// Its refunds, oldest first.
    pub refunds: Vec<Refund>,
    /// The journal, oldest first. WeChat may have told of an order that is not here.
    pub events: Vec<StoredEvent>,
}

impl Store {
    /// All that is known of an order. Nothing is changed, and nothing of a database that is not up to date is told.
    ///
    /// # Errors
    /// The database cannot be opened, is not up to date, or holds an impossible row.
    pub async fn story(url: &DatabaseUrl, order_id: &OrderId) -> Result<Story, StoreError> {
        let mut conn = open_up_to_date(url).await?;
        let (row, refunds, events, clock) = read(&mut conn, order_id).await.map_err(|error| not_told(&error))?;
        Ok(Story { deal: row.map(|row| row.into_deal(clock)).transpose()?, refunds: readable(refunds), events })
    }
}

type Read = (Option<DealRow>, Vec<RefundRow>, Vec<StoredEvent>, ForeignClock);

async fn read(conn: &mut Conn, order_id: &OrderId) -> Result<Read, Error> {
    let row = match Find(order_id.clone()).run(conn).await? {
        Some(row) => Some(row),
        None => DealRow::of_record(FindUnclaimed(order_id.clone()).run(conn).await?, order_id),
    };
    let refunds = FindRefunds(order_id.clone()).run(conn).await?;
    Ok((row, refunds, Events(order_id.clone()).run(conn).await?, ForeignClock::read_from(conn).await?))
}
