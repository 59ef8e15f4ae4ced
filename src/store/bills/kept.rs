//! Bills as they are kept, read through a connection on which nothing can be changed: for the operator who asks at any time.

use crate::deal::{AccountId, Day, Difference, OrderId};
use crate::store::engine::connection::Conn;
use crate::store::engine::database_url::DatabaseUrl;
use crate::store::engine::statement::Query;
use crate::store::error::{StoreError, not_told};
use crate::store::open::open_up_to_date;

use super::difference;
use super::differences::DifferencesOfOrder;
use super::due::FindBill;
use super::file::{BillFile, FindFile};
use super::part::FindPart;
use super::row::{self, StoredBill};

/// The bills of a database.
pub struct KeptBills(Box<Conn>);

impl KeptBills {
    /// Those of a database that is up to date.
    ///
    /// # Errors
    /// The database cannot be opened, or is not up to date.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, StoreError> {
        Ok(Self(Box::new(open_up_to_date(url).await?)))
    }

    /// The bill of an account's day, if it was ever planned.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn bill(&mut self, account: &AccountId, day: Day) -> Result<Option<StoredBill>, StoreError> {
        Ok(row::readable(self.ask(FindBill { account: account.clone(), day }).await?).pop())
    }

    /// A file that is whole.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn file(&mut self, file: i64) -> Result<Option<BillFile>, StoreError> {
        self.ask(FindFile(file)).await
    }

    /// A part of a file.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn part(&mut self, file: i64, part: u32) -> Result<Option<Vec<u8>>, StoreError> {
        self.ask(FindPart { file, part }).await
    }

    /// The differences that name an order, those of the oldest bill first.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn differences_of(&mut self, order_id: &OrderId) -> Result<Vec<Difference>, StoreError> {
        Ok(difference::readable(self.ask(DifferencesOfOrder(order_id.clone())).await?))
    }

    async fn ask<Q: Query>(&mut self, query: Q) -> Result<Q::Answer, StoreError> {
        query.run(&mut self.0).await.map_err(|error| not_told(&error))
    }
}
