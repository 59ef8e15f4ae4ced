//! For whom the deals in the database were opened: a service with another merchant's number could settle none of them.

use crate::channel::wechat::v2::merchant_number;
use crate::store::Store;

use super::{Doctor, Finding};

const CHECK: &str = "merchant";

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
        let found = format!("the database holds deals of the merchant number {}, and ours is {}", others.join(", "), merchant.mch_id);
        let advice = "check wechat.mch_id and database.url: neither what WeChat tells of those deals nor its answers are believed";
        let starts = self.settings.wechat.is_some() || self.settings.simulator.accept_database;
        Some(if starts { Finding::warn(CHECK, found, advice) } else { Finding::fail(CHECK, found, advice) })
    }
}
