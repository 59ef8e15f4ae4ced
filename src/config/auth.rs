//! The section `auth`: which callers may do what.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::auth::{Auth, Caller, Key, Keys, Mode, Scope, SigningSecrets};
use crate::deal::AccountId;
use crate::language::pair;

use super::auth_keys::RawKey;
use super::checks::value;
use super::duration;
use super::error::ConfigError;
use super::mistakes::{ConfigErrors, Mistakes};
use super::table::{Shown, plain, secret, time};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawAuth {
    mode: String,
    pub api_keys: String,
    pub api_keys_file: String,
    pub signing_secrets: String,
    pub signing_secrets_file: String,
    signed_window: String,
    keys: BTreeMap<String, RawKey>,
}

impl RawAuth {
    /// Keys that are set and that only a merchant with credentials needs.
    pub fn set_without_credentials(&self) -> Vec<&'static str> {
        let set = [
            ("auth.api_keys", !self.api_keys.is_empty()),
            ("auth.keys", !self.keys.is_empty()),
            ("auth.signing_secrets", !self.signing_secrets.is_empty()),
        ];
        set.into_iter().filter(|(_, is_set)| *is_set).map(|(key, _)| key).collect()
    }

    /// `accounts`: those that there are.
    pub fn validate(&self, has_credentials: bool, accounts: &[AccountId]) -> Result<Auth, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let window =
            duration::seconds("auth.signed_window", &self.signed_window, 1..=3600, pair("1s to 1h, in whole seconds", "1s 到 1h，整秒"));
        let window = mistakes.take(window).map_or(Duration::ZERO, |seconds| Duration::from_secs(seconds.into()));
        let listed = Key::list(&self.api_keys).map_err(|why| ConfigError::List { key: "auth.api_keys".to_owned(), why });
        let listed = mistakes.take(listed);
        let named: Vec<_> = self.keys.iter().map(|(name, key)| mistakes.take(key.validate(name, accounts))).collect();
        let all = listed.zip(named.into_iter().collect::<Option<Vec<_>>>());
        let keys = all.and_then(|(listed, named)| {
            let keys = Keys::new([listed, named].concat());
            mistakes.take(keys.map_err(|why| ConfigError::List { key: "auth.keys".to_owned(), why }))
        });
        let secrets = SigningSecrets::parse(&self.signing_secrets, window);
        let secrets = secrets.map_err(|why| ConfigError::List { key: "auth.signing_secrets".to_owned(), why });
        let both = keys.zip(mistakes.take(secrets));
        let auth = both.and_then(|(keys, secrets)| {
            let mode = mistakes.take(self.mode(&keys, secrets, has_credentials))?;
            Some(Auth { mode, keys })
        });
        mistakes.or_else(auth)
    }

    fn mode(&self, keys: &Keys, secrets: SigningSecrets, has_credentials: bool) -> Result<Mode, ConfigError> {
        // Keys that no mode looks at would let every caller in while the operator believes that they do not.
        let unused = |key| Err(value(key, pair("is given, and auth.mode is another one", "写了，但 auth.mode 不是用它的那种")));
        match self.mode.as_str() {
            "" if has_credentials => {
                let why = pair(
                    "must be set with real credentials: api_key or signed, or open, which lets every caller that reaches the port open deals \
                     at any price",
                    "配置了商户凭证就必须明确填写：api_key 或 signed；open 会让能访问端口的任何人以任意价格下单",
                );
                Err(value("auth.mode", why))
            }
            "api_key" if !keys.callers().any(|caller| caller.may(Scope::Pay)) => Err(value(
                "auth.keys",
                pair(
                    "at least one of scope pay is wanted by auth.mode api_key, or one in auth.api_keys: `wechat-pay new-key` draws one",
                    "auth.mode 为 api_key 时，至少要有一个 scopes 含 pay 的密钥，或在 auth.api_keys 里写一个：用 `wechat-pay new-key` 生成",
                ),
            )),
            "signed" if secrets.is_empty() => Err(value(
                "auth.signing_secrets",
                pair(
                    "at least one is wanted by auth.mode signed: `openssl rand -hex 32` draws one",
                    "auth.mode 为 signed 时至少要有一个：用 `openssl rand -hex 32` 生成",
                ),
            )),
            "" | "open" | "signed" if !self.api_keys.is_empty() => unused("auth.api_keys"),
            "" | "open" | "api_key" if !secrets.is_empty() => unused("auth.signing_secrets"),
            "" | "open" => Ok(Mode::Open),
            "api_key" => Ok(Mode::ApiKey),
            "signed" => Ok(Mode::Signed(secrets)),
            _ => Err(value("auth.mode", pair("open, api_key or signed", "应为 open、api_key 或 signed"))),
        }
    }

    pub fn shown(&self) -> Vec<(&'static str, Shown)> {
        vec![
            ("auth.mode", plain(&self.mode)),
            ("auth.api_keys", secret(&self.api_keys)),
            ("auth.api_keys_file", plain(&self.api_keys_file)),
            ("auth.signing_secrets", secret(&self.signing_secrets)),
            ("auth.signing_secrets_file", plain(&self.signing_secrets_file)),
            ("auth.signed_window", time(&self.signed_window)),
        ]
    }

    pub fn shown_keys(&self) -> impl Iterator<Item = (String, Shown)> {
        self.keys.iter().flat_map(|(name, key)| key.shown(name))
    }
}

/// The keys that only open deals, where `auth.mode` has no deal opened with a key.
pub fn idle_keys(auth: &Auth) -> Vec<&str> {
    let only_pays = |caller: &&Caller| *caller.scopes() == Scope::Pay.into();
    match auth.mode {
        Mode::ApiKey => Vec::new(),
        Mode::Open | Mode::Signed(_) => auth.keys.callers().filter(only_pays).map(Caller::name).collect(),
    }
}
