//! The merchant numbers of the deals in the database: a service with another number could settle none of them.

use crate::channel::wechat::v2::merchant_number;
use crate::store::Store;

use super::words::configuration as words;
use super::{Check, Doctor, Finding};

impl Doctor {
    pub(super) async fn merchants(&self) -> Option<Finding> {
        // What cannot be looked at is told of by the other checks.
        let merchants = Store::merchants(&self.settings.database, merchant_number).await.ok()?;
        let ours = self.settings.mch_ids();
        let others: Vec<_> = merchants.into_iter().filter(|merchant| !ours.contains(merchant.as_str())).collect();
        if others.is_empty() {
            return None;
        }
        let trouble = words::other_merchants(&others, &ours.into_iter().collect::<Vec<_>>());
        let starts = !self.settings.is_simulated() || self.settings.simulator.accept_database;
        Some(if starts { Finding::warn(Check::Merchant, trouble) } else { Finding::fail(Check::Merchant, trouble) })
    }
}
