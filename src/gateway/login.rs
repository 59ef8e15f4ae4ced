//! The login of a payer inside WeChat: a code is exchanged once, however often a browser brings it, and the payer's openid comes back in
//! a token that only this service can make.
//!
//! The token is for one checkout and one appid, and it is the payer's own browser that keeps it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::OnceCell;
use tracing::{info, warn};

use crate::channel::LoginError;
use crate::deal::{AccountId, Checkout, Openid};

use super::accounts::Account;
use super::{Gateway, GatewayError};

/// How long what a code gave is kept: longer than a code lives, and than a browser goes on sending it.
const KEPT: Duration = Duration::from_secs(600);
/// So many codes are kept at most; the oldest go first.
const MOST: usize = 4096;
/// What the key of tokens is derived for.
const PURPOSE: &str = "the openid of a checkout's payer";

/// What codes gave, by account and code.
#[derive(Debug, Default)]
pub struct Logins(Mutex<HashMap<(AccountId, String), Login>>);

#[derive(Debug, Clone)]
struct Login {
    begun: Duration,
    outcome: Arc<OnceCell<Result<Openid, LoginError>>>,
}

/// Who a payer is, in a token for the payer's browser to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedIn(pub String);

/// Why a payer is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginFailed {
    /// The code is worth nothing (any more): the payer's browser gets another one by itself.
    Again,
    /// A snapshot page's reader, who is asked to open the page itself.
    Snapshot,
    /// WeChat refuses, or does not answer.
    Trouble,
}

impl Gateway {
    /// Where a payer's browser inside WeChat says who it is, and from where it comes back to `back` with `state`.
    ///
    /// # Errors
    /// [`GatewayError::NoAccount`]; `Ok(None)`: there is no login for this checkout.
    pub fn login_address(&self, checkout: &Checkout, back: &str, state: &str) -> Result<Option<String>, GatewayError> {
        Ok(self.accounts.get(&checkout.account)?.login().map(|login| login.address(back, state)))
    }

    /// Exchanges a code for the payer's token; of several that bring one code at once, one does.
    ///
    /// # Errors
    /// Why the payer is not known.
    pub async fn log_in(&self, checkout: &Checkout, code: &str) -> Result<LoggedIn, LoginFailed> {
        let account = self.accounts.get(&checkout.account).map_err(|_| LoginFailed::Trouble)?;
        let login = account.login().ok_or(LoginFailed::Trouble)?;
        let outcome = self.logins.of(account.id(), code, self.clock.ticks());
        match outcome.get_or_init(|| login.openid(code)).await {
            Ok(openid) => Ok(LoggedIn(token(account, checkout, openid))),
            Err(error @ LoginError::Code(_)) => {
                info!(%error, "a payer's login begins again");
                Err(LoginFailed::Again)
            }
            Err(error @ LoginError::Snapshot) => {
                info!(%error, "a payer is not known");
                Err(LoginFailed::Snapshot)
            }
            Err(error) => {
                warn!(%error, account = account.id().column(), "a payer is not known");
                Err(LoginFailed::Trouble)
            }
        }
    }

    /// Whose token this is; `None`: it is none of this service's, or another checkout's.
    pub fn logged_in(&self, checkout: &Checkout, LoggedIn(text): &LoggedIn) -> Option<Openid> {
        let account = self.accounts.get(&checkout.account).ok()?;
        let (openid, tag) = text.rsplit_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        let openid: Openid = openid.parse().ok()?;
        mac(account, checkout, &openid).verify_slice(&tag).ok()?;
        Some(openid)
    }
}

impl Logins {
    fn of(&self, account: &AccountId, code: &str, now: Duration) -> Arc<OnceCell<Result<Openid, LoginError>>> {
        let mut logins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if logins.len() >= MOST {
            logins.retain(|_, login| now < login.begun + KEPT);
        }
        if logins.len() >= MOST
            && let Some(oldest) = logins.iter().min_by_key(|(_, login)| login.begun).map(|(key, _)| key.clone())
        {
            logins.remove(&oldest);
        }
        let new = || Login { begun: now, outcome: Arc::default() };
        Arc::clone(&logins.entry((account.clone(), code.to_owned())).or_insert_with(new).outcome)
    }
}

fn token(account: &Account, checkout: &Checkout, openid: &Openid) -> String {
    let tag = mac(account, checkout, openid).finalize().into_bytes();
    format!("{}.{}", openid.as_str(), URL_SAFE_NO_PAD.encode(tag))
}

fn mac(account: &Account, checkout: &Checkout, openid: &Openid) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(&account.derived_key(PURPOSE)).expect("any key length");
    mac.update(format!("{}\n{}", checkout.checkout_id, openid.as_str()).as_bytes());
    mac
}
