//! The merchant numbers of the deals in the database: a service with another number could settle none of them.

use crate::channel::wechat::v2::merchant_number;
use crate::store::Store;

use super::words::configuration as words;
use super::{Check, Doctor, Finding};

impl Doctor {
    pub(super) async fn merchants(&self) -> Option<Finding> {
        let merchant = self.settings.wechat.as_ref().map_or(&self.settings.simulator.merchant, |wechat| &wechat.merchant);
        // What cannot be looked at is told of by the other checks.
        let mut others = Store::merchants(&self.settings.database, merchant_number).await.ok()?;
        others.remove(&merchant.mch_id);
        if others.is_empty() {
            return None;
        }
        let others: Vec<_> = others.into_iter().collect();
        let trouble = words::other_merchants(&others, &merchant.mch_id);
        let starts = self.settings.wechat.is_some() || self.settings.simulator.accept_database;
        Some(if starts { Finding::warn(Check::Merchant, trouble) } else { Finding::fail(Check::Merchant, trouble) })
    }
}
