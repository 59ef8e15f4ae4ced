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
        Ok(seal(&account.derived_key(SEAL), &checkout.checkout_id, text))
    }

    /// Exchanges a code for the payer's token; of several that bring one code at once, one does.
    ///
    /// # Errors
    /// Why the payer is not known.
    pub async fn log_in(&self, checkout: &Checkout, code: &str) -> Result<LoggedIn, LoginFailed> {
        let account = self.accounts.get(&checkout.account).map_err(|_| LoginFailed::Trouble)?;
        let login = account.login().ok_or(LoginFailed::Trouble)?;
        let (checkout_id, now) = (&checkout.checkout_id, self.clock.ticks());
        let Some(outcome) = self.logins.of(account.id(), checkout_id, code, now) else { return Err(LoginFailed::Trouble) };
        let told = outcome.get_or_init(|| login.openid(code)).await.clone();
        if matches!(told, Err(LoginError::NoAnswer | LoginError::Refused(_))) {
            // It may pass, and is not remembered.
            self.logins.forget(account.id(), code, &outcome);
        }
        match told {
            Ok(openid) => Ok(LoggedIn(token(&account.derived_key(TOKEN), checkout_id, &openid))),
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
        mac(&account.derived_key(TOKEN), &checkout.checkout_id, openid.as_str()).verify_slice(&tag).ok()?;
        Some(openid)
    }
}

impl Logins {
    /// What came of an exchange is forgotten, unless another one has begun since; that the code was brought is not.
    fn forget(&self, account: &AccountId, code: &str, outcome: &Outcome) {
        let mut logins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(login) = logins.get_mut(&(account.clone(), code.to_owned()))
            && Arc::ptr_eq(&login.outcome, outcome)
        {
            login.outcome = Arc::default();
        }
    }

    /// `None`: too many codes were brought for this checkout.
    fn of(&self, account: &AccountId, checkout_id: &CheckoutId, code: &str, now: Duration) -> Option<Outcome> {
        let mut logins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (account.clone(), code.to_owned());
        let brought = logins.values().filter(|login| login.checkout_id == *checkout_id && now < login.begun + KEPT);
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
        let new = || Login { checkout_id: checkout_id.clone(), begun: now, outcome: Arc::default() };
        Some(Arc::clone(&logins.entry(key).or_insert_with(new).outcome))
    }
}

fn seal(key: &[u8], checkout_id: &CheckoutId, text: &str) -> String {
    let tag = mac(key, checkout_id, text).finalize().into_bytes();
    tag.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn token(key: &[u8], checkout_id: &CheckoutId, openid: &Openid) -> String {
    let tag = mac(key, checkout_id, openid.as_str()).finalize().into_bytes();
    format!("{}.{}", openid.as_str(), URL_SAFE_NO_PAD.encode(tag))
}

fn mac(key: &[u8], checkout_id: &CheckoutId, text: &str) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key length");
    mac.update(format!("{checkout_id}\n{text}").as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECONDS: fn(u64) -> Duration = Duration::from_secs;

    fn checkouts() -> [CheckoutId; 2] {
        ["C20260401120000000000000000000001", "C20260401120000000000000000000002"].map(|number| number.parse().unwrap())
    }

    #[test]
    fn a_seal_is_of_one_key_one_checkout_and_one_text() {
        let [one, other] = checkouts();
        let sealed = seal(&[1; 32], &one, "0abc");
        assert!(sealed.len() == 32 && sealed.bytes().all(|byte| b"0123456789abcdef".contains(&byte)), "{sealed}");
        assert_eq!(seal(&[1; 32], &one, "0abc"), sealed);
        for another in [seal(&[2; 32], &one, "0abc"), seal(&[1; 32], &other, "0abc"), seal(&[1; 32], &one, "1abc")] {
            assert_ne!(another, sealed);
        }
    }

    #[test]
    fn so_many_codes_of_one_checkout_are_exchanged_and_those_that_were_are_known() {
        let (logins, account, [one, other]) = (Logins::default(), AccountId::default(), checkouts());
        for n in 0..OF_A_CHECKOUT {
            assert!(logins.of(&account, &one, &format!("code{n}"), SECONDS(0)).is_some());
        }
        assert!(logins.of(&account, &one, "another", SECONDS(599)).is_none());
        assert!(logins.of(&account, &one, "code0", SECONDS(599)).is_some(), "it was brought before");
        assert!(logins.of(&account, &other, "another", SECONDS(599)).is_some(), "each checkout has its own");
        assert!(logins.of(&account, &one, "one more", SECONDS(600)).is_some(), "after a while");
    }

    #[test]
    fn what_failed_in_passing_is_tried_again_and_counts_all_the_same() {
        let (logins, account, [one, _]) = (Logins::default(), AccountId::default(), checkouts());
        let of = |code: &str| logins.of(&account, &one, code, SECONDS(0));
        let first = of("code0").unwrap();
        logins.forget(&account, "code0", &first);
        let second = of("code0").unwrap();
        assert!(!Arc::ptr_eq(&first, &second));
        logins.forget(&account, "code0", &first);
        assert!(Arc::ptr_eq(&second, &of("code0").unwrap()), "the second try has begun");
        for n in 1..OF_A_CHECKOUT {
            let code = format!("code{n}");
            logins.forget(&account, &code, &of(&code).unwrap());
        }
        assert!(of("another").is_none(), "or who brings codes while WeChat is busy would be unbounded");
    }
}
