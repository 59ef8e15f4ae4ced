//! What is counted of bills: what differs and nobody has explained, and the days of which there is none.

use std::collections::HashMap;

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::deal::{AccountId, Day, DifferenceKind};
use crate::metrics::{Label, Labelled, OfAccount, Registry};
use crate::store::StoreError;

use super::super::Gateway;
use super::DAYS;

impl Label for DifferenceKind {
    const NAME: &'static str = "kind";
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::PaidThereOnly, "PAID_THERE_ONLY"),
        (Self::PaidHereOnly, "PAID_HERE_ONLY"),
        (Self::Amount, "AMOUNT"),
        (Self::SecondTransaction, "SECOND_TRANSACTION"),
        (Self::UnknownOrder, "UNKNOWN_ORDER"),
        (Self::RefundThereOnly, "REFUND_THERE_ONLY"),
        (Self::RefundHereOnly, "REFUND_HERE_ONLY"),
        (Self::RefundAmount, "REFUND_AMOUNT"),
        (Self::Summary, "SUMMARY"),
    ];
}

/// The numbers of one instance, which are those of the database as of the last count.
#[derive(Debug)]
pub struct BillMetrics {
    differences: Labelled<DifferenceKind, Gauge>,
    days_missing: Family<OfAccount, Gauge>,
}

impl Default for BillMetrics {
    fn default() -> Self {
        Self { differences: Labelled::gauges(), days_missing: Family::default() }
    }
}

impl BillMetrics {
    pub fn register(&self, registry: &mut Registry) {
        self.differences.register(registry, "bill_differences", "Differences between bills and books that nobody has explained, by kind");
        registry.register(
            "bill_days_missing",
            "Days of the last seven whose bill was not to be had, by account",
            self.days_missing.clone(),
        );
    }

    fn note_differences(&self, open: Vec<(DifferenceKind, i64)>) {
        let open: HashMap<_, _> = open.into_iter().collect();
        for kind in DifferenceKind::ALL {
            self.differences.set(kind, open.get(&kind).copied().unwrap_or(0));
        }
    }

    fn note_days_missing(&self, account: &AccountId, days: i64) {
        self.days_missing.get_or_create(&OfAccount(account.clone())).set(days);
    }
}

impl Gateway {
    /// Counts what differs, and the days that are missing of each account that is configured.
    pub(in super::super) async fn count_bills(&self) {
        let metrics = &self.metrics.bills;
        if let Ok(open) = self.store.open_differences().await {
            metrics.note_differences(open);
        }
        if let Ok(missing) = self.missing_bills().await {
            let missing: HashMap<_, _> = missing.into_iter().collect();
            for account in self.accounts.iter() {
                metrics.note_days_missing(account.id(), missing.get(account.id()).copied().unwrap_or(0));
            }
        }
    }

    /// How many days of the last seven have no bill, by the accounts that lack any.
    pub(in super::super) async fn missing_bills(&self) -> Result<Vec<(AccountId, i64)>, StoreError> {
        let today = Day::of(self.clock.now());
        self.store.missing_days(today.before(DAYS), today.before(1)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_one_word_for_callers_and_in_metrics() {
        let told = <DifferenceKind as Label>::ALL.iter().map(|(kind, word)| (*kind, *word));
        assert!(told.eq(DifferenceKind::ALL.into_iter().map(|kind| (kind, kind.as_str()))));
    }
}
