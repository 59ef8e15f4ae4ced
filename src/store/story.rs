//! All that is known of an order, read through a connection on which nothing can be changed: for the operator who asks at any
//! time, on any database.

use sqlx::Error;

use crate::deal::{Deal, OrderId};

use super::connection::{Conn, DatabaseUrl, open_to_look};
use super::event::StoredEvent;
use super::foreign_clock::ForeignClock;
use super::inspect::pending;
use super::row::DealRow;
use super::statement::{Answer, Statement};
use super::{NotMigrated, Store, StoreError, not_told};

/// A deal and its journal.
#[derive(Debug, Clone)]
pub struct Story {
    /// The deal, if there is one.
    pub deal: Option<Deal>,
    /// The journal, oldest first. WeChat may have told of an order that is not here.
    pub events: Vec<StoredEvent>,
}

impl Store {
    /// All that is known of an order. Nothing is changed, and nothing of a database that is not up to date is told.
    pub async fn story(url: &DatabaseUrl, order_id: &OrderId) -> Result<Story, StoreError> {
        story(url, order_id).await
    }
}

async fn story(url: &DatabaseUrl, order_id: &OrderId) -> Result<Story, StoreError> {
    let mut conn = open_to_look(url).await?;
    let steps = pending(&mut conn).await.map_err(|error| not_told(&error))?.names();
    if !steps.is_empty() {
        return Err(NotMigrated { database: url.to_string(), steps }.into());
    }
    read(&mut conn, order_id).await.map_err(|error| not_told(&error))?
}

async fn read(conn: &mut Conn, order_id: &OrderId) -> Result<Result<Story, StoreError>, Error> {
    let mut rows = Vec::new();
    for question in [Statement::Find(order_id.clone()), Statement::FindStrays(order_id.clone())] {
        if let (true, Answer::Rows(found)) = (rows.is_empty(), question.execute(conn, "").await?) {
            rows = found;
        }
    }
    let events = match Statement::Events(order_id.clone()).execute(conn, "").await? {
        Answer::Events(rows) => rows.into_iter().map(StoredEvent::from).collect(),
        _ => Vec::new(),
    };
    let clock = ForeignClock::read_from(conn).await?;
    let deal = DealRow::of_record(rows, order_id).map(|row| row.into_deal(clock)).transpose();
    Ok(deal.map(|deal| Story { deal, events }).map_err(StoreError::from))
}
