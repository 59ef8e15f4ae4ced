//! The section `auth`: which callers may open a deal.

use std::time::Duration;

use serde::Deserialize;

use crate::auth::{ApiKeys, Auth, SigningSecrets};

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
}

impl RawAuth {
    /// Keys that are set and that only a merchant with credentials needs.
    pub fn set_without_credentials(&self) -> Vec<&'static str> {
        let set = [("auth.api_keys", &self.api_keys), ("auth.signing_secrets", &self.signing_secrets)];
        set.into_iter().filter(|(_, value)| !value.is_empty()).map(|(key, _)| key).collect()
    }

    pub fn validate(&self, has_credentials: bool) -> Result<Auth, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let window = duration::seconds("auth.signed_window", &self.signed_window, 1..=3600, "1s to 1h, in whole seconds");
        let window = mistakes.take(window).map_or(Duration::ZERO, |seconds| Duration::from_secs(seconds.into()));
        let keys = ApiKeys::parse(&self.api_keys).map_err(|why| ConfigError::List { key: "auth.api_keys", why });
        let secrets = SigningSecrets::parse(&self.signing_secrets, window);
        let secrets = secrets.map_err(|why| ConfigError::List { key: "auth.signing_secrets", why });
        let both = mistakes.take(keys).zip(mistakes.take(secrets));
        let auth = both.and_then(|(keys, secrets)| mistakes.take(self.mode(keys, secrets, has_credentials)));
        mistakes.or_else(auth)
    }

    fn mode(&self, keys: ApiKeys, secrets: SigningSecrets, has_credentials: bool) -> Result<Auth, ConfigError> {
        // Keys that no mode looks at would let every caller in while the operator believes that they do not.
        let unused = |key| Err(value(key, "is given, and auth.mode is another one"));
        match self.mode.as_str() {
            "" if has_credentials => {
                let why = "must be set with real credentials: api_key or signed, or open, which lets every caller that reaches the port \
                           open deals at any price";
                Err(value("auth.mode", why))
            }
            "api_key" if keys.is_empty() => {
                Err(value("auth.api_keys", "at least one is wanted by auth.mode api_key: `wechat-pay new-key` draws one"))
            }
            "signed" if secrets.is_empty() => {
                Err(value("auth.signing_secrets", "at least one is wanted by auth.mode signed: `openssl rand -hex 32` draws one"))
            }
            "" | "open" | "signed" if !keys.is_empty() => unused("auth.api_keys"),
            "" | "open" | "api_key" if !secrets.is_empty() => unused("auth.signing_secrets"),
            "" | "open" => Ok(Auth::Open),
            "api_key" => Ok(Auth::ApiKey(keys)),
            "signed" => Ok(Auth::Signed(secrets)),
            _ => Err(value("auth.mode", "open, api_key or signed")),
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
}
