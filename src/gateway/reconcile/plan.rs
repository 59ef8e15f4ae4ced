//! Which bills there are to reconcile: those of the last days, of every account.

use crate::deal::Day;

use super::super::{Gateway, GatewayError};
use super::DAYS;

impl Gateway {
    /// Sees to it that the bills of the last seven days are followed, and says how many were new.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn plan_bills(&self) -> Result<u64, GatewayError> {
        let today = Day::of(self.clock.now());
        let days: Vec<_> = (1..=DAYS).map(|days| today.before(days)).collect();
        let bills = self.accounts.iter().flat_map(|account| days.iter().map(|day| (account.id().clone(), *day, self.due_first(*day))));
        let mut bills: Vec<_> = bills.collect();
        // All instances in one order, so that none waits for another that waits for it.
        bills.sort_unstable();
        Ok(self.store.plan_bills(bills).await?)
    }
}
