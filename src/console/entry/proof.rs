//! Trying a password, and a code where the user has an app for them. It costs as much for a name that nobody has, and never more than
//! two processors.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tracing::warn;

use crate::config::ConsoleUser;
use crate::console::Console;
use crate::console::refusal::Refusal;
use crate::console::visitor::Visitor;

use super::attempts::Attempt;

/// Passwords that are tried at once: each takes a processor, and some tens of megabytes.
const AT_ONCE: usize = 2;
/// Those that may wait for it. Each is done in some hundredths of a second.
const WAITING: usize = 32;

/// The room for tries. Users who are logged in wait in places of their own, which no stranger takes.
#[derive(Debug)]
pub struct Tries {
    working: Arc<Semaphore>,
    strangers: Semaphore,
    users: Semaphore,
}

impl Default for Tries {
    fn default() -> Self {
        Self { working: Arc::new(Semaphore::new(AT_ONCE)), strangers: Semaphore::new(WAITING), users: Semaphore::new(WAITING) }
    }
}

/// What somebody says to be let in.
pub struct Claim<'c> {
    pub name: &'c str,
    pub password: &'c str,
    pub code: &'c str,
}

impl Console {
    /// The user whose password, and code, these are.
    ///
    /// # Errors
    /// [`Refusal::Unproven`], [`Refusal::TooMany`], [`Refusal::Busy`], [`Refusal::Unavailable`].
    pub(super) async fn prove(&self, claim: Claim<'_>, address: IpAddr) -> Result<&ConsoleUser, Refusal> {
        let attempt = self.entry.attempts.begin(claim.name, address, self.gateway.now());
        self.attempt(claim, attempt, &self.entry.tries.strangers, address).await
    }

    /// The same of a session's user, once more.
    ///
    /// # Errors
    /// As above.
    pub(super) async fn prove_again(&self, claim: Claim<'_>, visitor: &Visitor) -> Result<&ConsoleUser, Refusal> {
        let attempt = self.entry.attempts.begin_again(&visitor.csrf, self.gateway.now());
        self.attempt(claim, attempt, &self.entry.tries.users, visitor.address).await
    }

    async fn attempt(
        &self,
        claim: Claim<'_>,
        attempt: Result<Attempt, Duration>,
        room: &Semaphore,
        address: IpAddr,
    ) -> Result<&ConsoleUser, Refusal> {
        let attempt = attempt.map_err(Refusal::TooMany)?;
        let outcome = self.try_claim(&claim, room).await;
        match &outcome {
            Ok(_) => self.entry.attempts.succeeded(attempt),
            Err(Refusal::Unproven) => {
                self.gateway.console_login_failed();
                warn!(%address, "a login to the console failed");
            }
            Err(_) => self.entry.attempts.withdrawn(attempt),
        }
        outcome
    }

    async fn try_claim(&self, claim: &Claim<'_>, room: &Semaphore) -> Result<&ConsoleUser, Refusal> {
        let user = self.settings.user(claim.name);
        // A name that nobody has takes as long as one of those that there are, and always the same.
        let users = &self.settings.users;
        let stand_in = || users.get(usize::from(Sha256::digest(claim.name)[0]) % users.len().max(1));
        let hash = user.or_else(stand_in).map(|user| user.password.clone()).ok_or(Refusal::Unproven)?;
        let password = claim.password.to_owned();
        let _place = room.try_acquire().map_err(|_| Refusal::Busy)?;
        let working = Arc::clone(&self.entry.tries.working).acquire_owned().await.map_err(|_| Refusal::Unavailable)?;
        let tried = spawn_blocking(move || {
            let _working = working;
            hash.is_of(&password)
        });
        let is_right = tried.await.map_err(|_| Refusal::Unavailable)?;
        let user = user.filter(|_| is_right).ok_or(Refusal::Unproven)?;
        if let Some(totp) = &user.totp {
            let step = totp.step_of(claim.code, self.gateway.now()).ok_or(Refusal::Unproven)?;
            if !self.gateway.use_totp_step(&user.name, step).await? {
                return Err(Refusal::Unproven);
            }
        }
        Ok(user)
    }
}
