//! The numbers that the deals in the database were opened for: an account with others could settle none of them.

use crate::store::Store;

use super::words::configuration as words;
use super::{Check, Doctor, Finding};

impl Doctor {
    pub(super) async fn merchants(&self) -> Option<Finding> {
        // What cannot be looked at is told of by the other checks.
        let opened = Store::merchants(&self.settings.database, |request| self.settings.numbers_to_hold(request)).await.ok()?;
        let renumbered = self.settings.renumbered(opened);
        if renumbered.is_empty() {
            return None;
        }
        let trouble = words::renumbered(&renumbered);
        let starts = !self.settings.is_simulated() || self.settings.simulator.accept_database;
        let refused = !starts && renumbered.iter().any(|it| it.is_stranger);
        Some(if refused { Finding::fail(Check::Merchant, trouble) } else { Finding::warn(Check::Merchant, trouble) })
    }
}
