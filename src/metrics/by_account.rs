//! Label sets with an account: counters that hundreds of accounts have in common, with series for those that are used.

use std::fmt;
use std::marker::PhantomData;

use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use crate::deal::AccountId;

use super::{Label, One, Registry};

/// The label that names an account. Its clones share the text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OfAccount(pub AccountId);

impl EncodeLabelSet for OfAccount {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        [("account", self.0.as_str())].encode(encoder)
    }
}

/// One counter for each account and value of a label. Those of the account `default` are there from the start, those of
/// another one, all together, from its first event on.
#[derive(Debug)]
pub struct ByAccount<L> {
    family: Family<(OfAccount, One), Counter>,
    label: PhantomData<L>,
}

impl<L: Label> ByAccount<L> {
    /// Counters that stand at zero.
    pub fn counters() -> Self {
        let counters = Self { family: Family::default(), label: PhantomData };
        counters.begin(&AccountId::default());
        counters
    }

    /// Shows them under this name.
    pub fn register(&self, registry: &mut Registry, name: &str, help: &str) {
        registry.register(name, help, self.family.clone());
    }

    /// Counts one.
    pub fn inc(&self, account: &AccountId, value: L) {
        let labels = Self::labels(account, value.as_str());
        if self.family.get(&labels).is_none() {
            self.begin(account);
        }
        self.family.get_or_create(&labels).inc();
    }

    /// How many of all values together.
    pub fn sum(&self, account: &AccountId) -> u64 {
        let count = |word| self.family.get(&Self::labels(account, word)).map_or(0, |counter| counter.get());
        L::ALL.iter().map(|(_, word)| count(word)).sum()
    }

    fn begin(&self, account: &AccountId) {
        for (_, word) in L::ALL {
            drop(self.family.get_or_create(&Self::labels(account, word)));
        }
    }

    fn labels(account: &AccountId, word: &'static str) -> (OfAccount, One) {
        (OfAccount(account.clone()), [(L::NAME, word)])
    }
}
