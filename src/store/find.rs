//! Deals that are asked for by what they are known by.

use crate::deal::{Deal, OrderId};

use super::row::DealRow;
use super::statement::{Purpose, Statement};
use super::{Store, StoreError};

impl Store {
    /// The deal of this number.
    ///
    /// A row that the original inserted after adoption is claimed as the row of record on first sight.
    pub async fn find(&self, order_id: &OrderId) -> Result<Option<Deal>, StoreError> {
        self.find_for(Purpose::Begins, order_id).await
    }

    /// The same for what was begun and must be finished: it goes before those who only ask.
    pub async fn find_to_finish(&self, order_id: &OrderId) -> Result<Option<Deal>, StoreError> {
        self.find_for(Purpose::Finishes, order_id).await
    }

    async fn find_for(&self, purpose: Purpose, order_id: &OrderId) -> Result<Option<Deal>, StoreError> {
        if let Some(deal) = self.find_claimed(purpose, order_id).await? {
            return Ok(Some(deal));
        }
        let strays = self.rows_for(purpose, Statement::FindStrays(order_id.clone())).await?;
        let Some(stray) = DealRow::of_record(strays, order_id) else { return Ok(None) };
        let clock = self.foreign_clock();
        match self.change_for(purpose, Statement::Claim { id: stray.id, due_at: stray.first_look(clock) }).await {
            Ok(1) => Ok(Some(stray.into_deal(clock)?)),
            // Somebody else has claimed one.
            Ok(_) | Err(StoreError::Conflict) => self.find_claimed(purpose, order_id).await,
            Err(error) => Err(error),
        }
    }

    async fn find_claimed(&self, purpose: Purpose, order_id: &OrderId) -> Result<Option<Deal>, StoreError> {
        let row = self.rows_for(purpose, Statement::Find(order_id.clone())).await?.pop();
        Ok(row.map(|row| row.into_deal(self.foreign_clock())).transpose()?)
    }

    /// The deal that a merchant opened under an idempotency key.
    pub async fn find_by_key(&self, merchant_id: i64, key: &str) -> Result<Option<Deal>, StoreError> {
        self.one(Statement::FindByKey { merchant_id, key: key.to_owned() }).await
    }

    /// Those of these deals that are paid or expired, by one statement.
    pub async fn find_decided(&self, order_ids: &[OrderId]) -> Result<Vec<Deal>, StoreError> {
        // No character of a number needs escaping in JSON.
        let numbers: Vec<_> = order_ids.iter().map(|order_id| format!("\"{order_id}\"")).collect();
        self.readable(Statement::FindDecided(format!("[{}]", numbers.join(",")))).await
    }

    /// Whether a merchant's signed offer with this nonce has opened a deal.
    pub async fn is_nonce_used(&self, merchant_id: i64, nonce: &str) -> Result<bool, StoreError> {
        let deals = self.rows(Statement::FindByNonce { merchant_id, nonce: nonce.to_owned() }).await?;
        Ok(!deals.is_empty())
    }

    async fn one(&self, statement: Statement) -> Result<Option<Deal>, StoreError> {
        let row = self.rows(statement).await?.pop();
        Ok(row.map(|row| row.into_deal(self.foreign_clock())).transpose()?)
    }
}
