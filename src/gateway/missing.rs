//! Degradation: accounts that undecided deals go through and the configuration lacks. Nothing is asked about these deals, so an
//! operator must hear of them before their payers do.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use tracing::{debug, error};

use crate::deal::AccountId;

use super::Gateway;
use super::throttle::Throttle;

/// The undecided deals are looked through at most so often.
const LOOKED_FOR_EVERY: TimeDelta = TimeDelta::seconds(60);

/// An account that undecided deals go through and the configuration lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingAccount {
    /// Its name.
    pub account: AccountId,
    /// How many undecided deals go through it.
    pub deals: i64,
}

impl fmt::Display for MissingAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (deals, go) = if self.deals == 1 { ("deal", "goes") } else { ("deals", "go") };
        write!(f, "{} undecided {deals} {go} through the account {}, which is not configured", self.deals, self.account)
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
    /// The accounts that undecided deals go through and the configuration lacks, as of a minute ago at the most.
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
            Err(error) => return debug!(%error, "which accounts deals go through is not known"),
        };
        let is_missing = |account: &AccountId| self.accounts.get(account).is_err();
        let found = followed.into_iter().filter(|(account, _)| is_missing(account));
        let found: Vec<_> = found.map(|(account, deals)| MissingAccount { account, deals }).collect();
        let before = std::mem::replace(&mut *self.missing.known(), found.clone());
        for missing in &found {
            self.metrics.without_account(missing);
            if !is_among(&before, missing) {
                self.metrics.no_account();
                let MissingAccount { account, deals } = missing;
                error!(alarm = "no_account", %account, deals, "the account of undecided deals is not configured: they are not followed");
            }
        }
        for decided in before.iter().filter(|missing| !is_among(&found, missing)) {
            self.metrics.none_without_account(&decided.account);
        }
    }
}

fn is_among(accounts: &[MissingAccount], missing: &MissingAccount) -> bool {
    accounts.iter().any(|other| other.account == missing.account)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(account: &str, deals: i64) -> MissingAccount {
        MissingAccount { account: account.parse().unwrap(), deals }
    }

    #[test]
    fn a_warning_counts_the_deals() {
        let sentences = [missing("shop2", 1), missing("shop2", 3)].map(|missing| missing.to_string());
        let [one, many] = sentences;
        assert_eq!(one, "1 undecided deal goes through the account shop2, which is not configured");
        assert_eq!(many, "3 undecided deals go through the account shop2, which is not configured");
    }
}
