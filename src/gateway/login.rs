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
use crate::deal::{AccountId, Checkout, CheckoutId, Openid};

use super::accounts::Account;
use super::{Gateway, GatewayError};

/// How long what a code gave is kept: longer than a code lives, and than a browser goes on sending it.
const KEPT: Duration = Duration::from_secs(600);
/// So many codes are kept at most; the oldest go first.
const MOST: usize = 4096;
/// What the keys of tokens and of seals are derived for.
const TOKEN: &str = "the openid of a checkout's payer";
const SEAL: &str = "the state of a checkout's login";
/// So many codes of one checkout are exchanged while they are kept: who pays needs one, and who shares a link may bring some.
const OF_A_CHECKOUT: usize = 32;

/// What codes gave, by account and code.
#[derive(Debug, Default)]
pub struct Logins(Mutex<HashMap<(AccountId, String), Login>>);

#[derive(Debug, Clone)]
struct Login {
    checkout_id: CheckoutId,
    begun: Duration,
    outcome: Outcome,
}

/// What came of an exchange, once it has ended.
type Outcome = Arc<OnceCell<Result<Openid, LoginError>>>;

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

    /// What only this service can put behind a text that goes to WeChat's login and back: 32 hexadecimal digits, for this checkout.
    ///
    /// # Errors
    /// [`GatewayError::NoAccount`].
    pub fn login_seal(&self, checkout: &Checkout, text: &str) -> Result<String, GatewayError> {
        let account = self.accounts.get(&checkout.account)?;
        let tag = mac(account, SEAL, checkout, text).finalize().into_bytes();
        Ok(tag.iter().take(16).map(|byte| format!("{byte:02x}")).collect())
    }

    /// Exchanges a code for the payer's token; of several that bring one code at once, one does.
    ///
    /// # Errors
    /// Why the payer is not known.
    pub async fn log_in(&self, checkout: &Checkout, code: &str) -> Result<LoggedIn, LoginFailed> {
        let account = self.accounts.get(&checkout.account).map_err(|_| LoginFailed::Trouble)?;
        let login = account.login().ok_or(LoginFailed::Trouble)?;
        let Some(outcome) = self.logins.of(account.id(), checkout, code, self.clock.ticks()) else { return Err(LoginFailed::Trouble) };
        let told = outcome.get_or_init(|| login.openid(code)).await.clone();
        if matches!(told, Err(LoginError::NoAnswer | LoginError::Refused(_))) {
            // It may pass, and is not remembered.
            self.logins.forget(account.id(), code);
        }
        match told {
            Ok(openid) => Ok(LoggedIn(token(account, checkout, &openid))),
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
        mac(account, TOKEN, checkout, openid.as_str()).verify_slice(&tag).ok()?;
        Some(openid)
    }
}

impl Logins {
    fn forget(&self, account: &AccountId, code: &str) {
        let mut logins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        logins.remove(&(account.clone(), code.to_owned()));
    }

    /// `None`: too many codes were brought for this checkout.
    fn of(&self, account: &AccountId, checkout: &Checkout, code: &str, now: Duration) -> Option<Outcome> {
        let mut logins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (account.clone(), code.to_owned());
        let brought = logins.values().filter(|login| login.checkout_id == checkout.checkout_id && now < login.begun + KEPT);
        if !logins.contains_key(&key) && brought.count() >= OF_A_CHECKOUT {
            return None;
        }
        if logins.len() >= MOST {
            logins.retain(|_, login| now < login.begun + KEPT);
        }
        if logins.len() >= MOST
            && let Some(oldest) = logins.iter().min_by_key(|(_, login)| login.begun).map(|(key, _)| key.clone())
        {
            logins.remove(&oldest);
        }
        let new = || Login { checkout_id: checkout.checkout_id.clone(), begun: now, outcome: Arc::default() };
        Some(Arc::clone(&logins.entry(key).or_insert_with(new).outcome))
    }
}

fn token(account: &Account, checkout: &Checkout, openid: &Openid) -> String {
    let tag = mac(account, TOKEN, checkout, openid.as_str()).finalize().into_bytes();
    format!("{}.{}", openid.as_str(), URL_SAFE_NO_PAD.encode(tag))
}

fn mac(account: &Account, purpose: &str, checkout: &Checkout, text: &str) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(&account.derived_key(purpose)).expect("any key length");
    mac.update(format!("{}\n{text}", checkout.checkout_id).as_bytes());
    mac
}
