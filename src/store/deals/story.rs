//! All that is known of an order, read through a connection on which nothing can be changed: for the operator who asks at any
//! time, on any database.

use sqlx::Error;

use crate::deal::{Deal, OrderId, Refund};
use crate::store::engine::connection::Conn;
use crate::store::engine::database_url::DatabaseUrl;
use crate::store::engine::session::open_to_look;
use crate::store::engine::statement::Query;
use crate::store::error::{NotMigrated, StoreError, not_told};
use crate::store::handle::Store;
use crate::store::journal::event::StoredEvent;
use crate::store::journal::read::Events;
use crate::store::refunds::find::FindRefunds;
use crate::store::refunds::row::RefundRow;
use crate::store::schema::foreign_clock::ForeignClock;
use crate::store::schema::migrate::pending;

use super::claim::FindUnclaimed;
use super::find::Find;
use super::row::DealRow;

/// A deal, its journal and its refunds.
#[derive(Debug, Clone)]
pub struct Story {
    /// The deal, if there is one.
    pub deal: Option<Deal>,
    /// The journal, oldest first. WeChat may have told of an order that is not here.
    pub events: Vec<StoredEvent>,
    /// The refunds, oldest first.
    pub refunds: Vec<Refund>,
}

impl Store {
    /// All that is known of an order. Nothing is changed, and nothing of a database that is not up to date is told.
    ///
    /// # Errors
    /// The database cannot be opened, is not up to date, or holds an impossible row.
    pub async fn story(url: &DatabaseUrl, order_id: &OrderId) -> Result<Story, StoreError> {
        let mut conn = open_to_look(url).await?;
        let steps = pending(&mut conn).await.map_err(|error| not_told(&error))?.names();
        if !steps.is_empty() {
            return Err(NotMigrated { database: url.to_string(), steps }.into());
        }
        let (row, events, refunds, clock) = read(&mut conn, order_id).await.map_err(|error| not_told(&error))?;
        let refunds = refunds.into_iter().map(RefundRow::into_refund).collect::<Result<_, _>>()?;
        Ok(Story { deal: row.map(|row| row.into_deal(clock)).transpose()?, events, refunds })
    }
}

type Read = (Option<DealRow>, Vec<StoredEvent>, Vec<RefundRow>, ForeignClock);

async fn read(conn: &mut Conn, order_id: &OrderId) -> Result<Read, Error> {
    let row = match Find(order_id.clone()).run(conn).await? {
        Some(row) => Some(row),
        None => DealRow::of_record(FindUnclaimed(order_id.clone()).run(conn).await?, order_id),
    };
    let refunds = FindRefunds(order_id.clone()).run(conn).await?;
    Ok((row, Events(order_id.clone()).run(conn).await?, refunds, ForeignClock::read_from(conn).await?))
}
