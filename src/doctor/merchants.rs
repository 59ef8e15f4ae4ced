//! The merchant numbers of the deals in the database: a service with another number could settle none of them.

use crate::store::Store;

use super::words::configuration as words;
use super::{Check, Doctor, Finding};

impl Doctor {
    pub(super) async fn merchants(&self) -> Option<Finding> {
        // What cannot be looked at is told of by the other checks.
        let others = Store::merchants(&self.settings.database, |request| self.settings.others_number(request)).await.ok()?;
        if others.is_empty() {
            return None;
        }
        let trouble = words::other_merchants(&Vec::from_iter(others), &Vec::from_iter(self.settings.mch_ids()));
        let starts = !self.settings.is_simulated() || self.settings.simulator.accept_database;
        Some(if starts { Finding::warn(Check::Merchant, trouble) } else { Finding::fail(Check::Merchant, trouble) })
    }
}
