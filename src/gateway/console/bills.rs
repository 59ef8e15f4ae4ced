//! Bills, for the people who look at them.

use crate::deal::{AccountId, Bill, Day, Difference, NewAudit, Note};
use crate::gateway::{Gateway, GatewayError};
use crate::store::BillWish;

impl Gateway {
    /// The bills that are wished for: the newest day first.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn bills_listed(&self, wish: BillWish) -> Result<Vec<Bill>, GatewayError> {
        Ok(self.store.bills_listed(wish).await?)
    }

    /// The bill of an account's day, if it was ever planned.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn bill_of(&self, account: &AccountId, day: Day) -> Result<Option<Bill>, GatewayError> {
        let wish = BillWish { account: Some(account.clone()), from: day, to: day, limit: 1 };
        Ok(self.store.bills_listed(wish).await?.pop())
    }

    /// Stores why a difference is none that matters, as a user says; `false`: it is not open any more.
    ///
    /// # Errors
    /// When the store cannot keep it.
    pub async fn explain_difference_by(&self, id: i64, note: &Note, by: NewAudit) -> Result<bool, GatewayError> {
        Ok(self.store.explain_difference_by(id, note, by).await?)
    }

    /// A difference by its number.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn find_difference(&self, id: i64) -> Result<Option<Difference>, GatewayError> {
        Ok(self.store.find_difference(id).await?)
    }

    /// So many differences of a bill behind the one of this number: those that are open, or all.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn some_differences(&self, bill_id: i64, is_open: bool, behind: i64, limit: u32) -> Result<Vec<Difference>, GatewayError> {
        Ok(self.store.some_differences(bill_id, is_open, behind, limit).await?)
    }
}
