//! Degradation: accounts that undecided deals and refunds go through and the configuration lacks. Nothing is asked about these, so an
//! operator must hear of them before their payers do.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use tracing::{debug, error};

use crate::deal::AccountId;
use crate::store::StoreError;

use super::Gateway;
use super::follow::DueItems;
use super::throttle::Throttle;

/// The undecided deals and refunds are looked through at most so often.
const LOOKED_FOR_EVERY: TimeDelta = TimeDelta::seconds(60);

/// An account that undecided deals or refunds go through and the configuration lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingAccount {
    /// Its name.
    pub account: AccountId,
    /// How many undecided deals and refunds go through it.
    pub undecided: i64,
}

impl fmt::Display for MissingAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = if self.undecided == 1 { "deal or refund goes" } else { "deals or refunds go" };
        write!(f, "{} undecided {words} through the account {}, which is not configured", self.undecided, self.account)
    }
}

/// Those that are known.
#[derive(Debug)]
pub struct MissingAccounts {
    throttle: Throttle,
    known: Mutex<Vec<MissingAccount>>,
}

impl Default for MissingAccounts {
    fn default() -> Self {
        Self { throttle: Throttle::once_in(LOOKED_FOR_EVERY), known: Mutex::default() }
    }
}

impl MissingAccounts {
    fn known(&self) -> MutexGuard<'_, Vec<MissingAccount>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gateway {
    /// The accounts that undecided deals or refunds go through and the configuration lacks, as of a minute ago at the most.
    pub fn missing_accounts(&self) -> Vec<MissingAccount> {
        self.missing.known().clone()
    }

    /// Looks for them, if it is time to. An account that vanishes is told of once; a database that is away leaves what was known.
    pub async fn look_for_missing_accounts(&self) {
        if !self.missing.throttle.admits(self.clock.now()) {
            return;
        }
        let followed = match self.store.followed_accounts().await {
            Ok(followed) => followed,
            Err(error) => return debug!(%error, "which accounts deals and refunds go through is not known"),
        };
        let is_missing = |account: &AccountId| self.accounts.get(account).is_err();
        let found = followed.into_iter().filter(|(account, _)| is_missing(account));
        let found: Vec<_> = found.map(|(account, undecided)| MissingAccount { account, undecided }).collect();
        let before = std::mem::replace(&mut *self.missing.known(), found.clone());
        for missing in &found {
            self.metrics.without_account(missing);
            if !is_among(&before, missing) {
                self.metrics.no_account();
                let MissingAccount { account, undecided } = missing;
                error!(
                    alarm = "no_account", %account, undecided,
                    "the account of undecided deals or refunds is not configured: they are not followed"
                );
            }
        }
        for decided in before.iter().filter(|missing| !is_among(&found, missing)) {
            self.metrics.none_without_account(&decided.account);
        }
    }

    /// What is due of the accounts that there are. `ask` is asked for what is due but of some accounts; what is due of those that the
    /// configuration lacks stays so, for an instance that has them.
    pub(super) async fn due_of_present_accounts<T, A>(
        &self,
        but_of: &[AccountId],
        account: impl Fn(&T) -> &AccountId + Send,
        ask: impl Fn(Vec<AccountId>) -> A + Send,
    ) -> Result<DueItems<T>, StoreError>
    where
        T: Send,
        A: Future<Output = Result<DueItems<T>, StoreError>> + Send,
    {
        let missing = self.missing_accounts().into_iter().map(|missing| missing.account);
        let mut but_of: Vec<_> = but_of.iter().cloned().chain(missing).collect();
        loop {
            let DueItems { items, is_cut } = ask(but_of.clone()).await?;
            let (items, orphans): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| self.has_account(account(item)));
            let met: BTreeSet<_> =
                orphans.iter().map(|orphan| account(orphan).clone()).filter(|account| !but_of.contains(account)).collect();
            if met.is_empty() || !is_cut {
                return Ok(DueItems { items, is_cut });
            }
            // They have taken the places of what can be looked at.
            but_of.extend(met);
        }
    }
}

fn is_among(accounts: &[MissingAccount], missing: &MissingAccount) -> bool {
    accounts.iter().any(|other| other.account == missing.account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_counts_what_waits() {
        let [one, many] = [1, 3].map(|undecided| MissingAccount { account: "shop2".parse().unwrap(), undecided }.to_string());
        assert_eq!(one, "1 undecided deal or refund goes through the account shop2, which is not configured");
        assert_eq!(many, "3 undecided deals or refunds go through the account shop2, which is not configured");
    }
}
