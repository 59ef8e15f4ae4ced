//! An account's secrets that are written elsewhere than its other keys.

use crate::config::mistakes::{ConfigErrors, Mistakes};
use crate::config::origin::Origins;
use crate::config::secrets::Secrets;

use super::RawAccount;
use super::certificate::{CLIENT_CERT, CLIENT_KEY};

impl RawAccount {
    /// Fills them in. The client certificate is not read yet, for where it stands is remembered.
    pub fn take_secrets(&mut self, section: &str, secrets: &Secrets, origins: &mut Origins) -> Result<(), ConfigErrors> {
        let mut mistakes = Mistakes::default();
        for (key, value, file) in [
            ("api_key", &mut self.api_key, &self.api_key_file),
            ("previous_api_key", &mut self.previous_api_key, &self.previous_api_key_file),
            ("app_secret", &mut self.app_secret, &self.app_secret_file),
            ("proxy", &mut self.proxy, &self.proxy_file),
        ] {
            mistakes.take(secrets.fill(&format!("{section}.{key}"), value, file, origins));
        }
        for (key, value, file, place) in [
            (CLIENT_CERT, &self.client_cert, &self.client_cert_file, &mut self.client_cert_place),
            (CLIENT_KEY, &self.client_key, &self.client_key_file, &mut self.client_key_place),
        ] {
            *place = mistakes.take(secrets.place(&format!("{section}.{key}"), value, file, origins)).flatten();
        }
        mistakes.or_else(Some(()))
    }
}
