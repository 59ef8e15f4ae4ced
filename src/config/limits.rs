//! The section `limits`: rate limits of toPay.

use serde::Deserialize;

use super::table::{Shown, plain};

/// How often one caller may open deals: toPay calls a minute, 0 for no limit.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    /// From one address.
    pub per_address: u32,
    /// For one merchant.
    pub per_merchant: u32,
}

impl LimitSettings {
    pub(super) fn shown(self) -> Vec<(&'static str, Shown)> {
        vec![("limits.per_address", plain(self.per_address)), ("limits.per_merchant", plain(self.per_merchant))]
    }
}
