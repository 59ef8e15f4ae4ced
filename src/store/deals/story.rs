//! All that is known of an order, read through a connection on which nothing can be changed: for the operator who asks at any
//! time, on any database.

use sqlx::Error;

use crate::deal::{Deal, EventDelivery, OrderId, Refund};
use crate::store::deliveries::of_order::DeliveriesOf;
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

/// A deal, its refunds, its journal, and what the merchant's endpoints were told of it.
#[derive(Debug, Clone)]
pub struct Story {
    /// The deal, if there is one.
    pub deal: Option<Deal>,
    /// Its refunds, oldest first.
    pub refunds: Vec<Refund>,
    /// The journal, oldest first. WeChat may have told of an order that is not here.
    pub events: Vec<StoredEvent>,
    /// How its events are on their way to the merchant's endpoints, oldest first.
    pub deliveries: Vec<EventDelivery>,
}

impl Store {
    /// All that is known of an order. Nothing is changed, and nothing of a database that is not up to date is told.
    ///
    /// # Errors
    /// The database cannot be opened, is not up to date, or holds an impossible row.
    pub async fn story(url: &DatabaseUrl, order_id: &OrderId) -> Result<Story, StoreError> {
        let mut conn = open_up_to_date(url).await?;
        read(&mut conn, order_id).await.map_err(|error| not_told(&error))?.into_story()
    }
}

/// As it stands in the tables.
pub struct Read {
    row: Option<DealRow>,
    refunds: Vec<RefundRow>,
    events: Vec<StoredEvent>,
    deliveries: Vec<EventDelivery>,
    clock: ForeignClock,
}

impl Read {
    /// What the rows mean.
    pub fn into_story(self) -> Result<Story, StoreError> {
        let deal = self.row.map(|row| row.into_deal(self.clock)).transpose()?;
        Ok(Story { deal, refunds: readable(self.refunds), events: self.events, deliveries: self.deliveries })
    }
}

/// Reads all that there is of an order.
pub async fn read(conn: &mut Conn, order_id: &OrderId) -> Result<Read, Error> {
    let row = match Find(order_id.clone()).run(conn).await? {
        Some(row) => Some(row),
        None => DealRow::of_record(FindUnclaimed(order_id.clone()).run(conn).await?, order_id),
    };
    Ok(Read {
        row,
        refunds: FindRefunds(order_id.clone()).run(conn).await?,
        events: Events(order_id.clone()).run(conn).await?,
        deliveries: DeliveriesOf(order_id.clone()).run(conn).await?,
        clock: ForeignClock::read_from(conn).await?,
    })
}
