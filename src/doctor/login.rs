//! The AppSecret of an account: whether WeChat takes it. It is tried with a code that no payer can have been given.

use crate::channel::wechat::v2::{Endpoints, http_client};
use crate::channel::{Login, LoginError};
use crate::config::AccountSettings;
use crate::trust::Trust;

use super::words::login as words;
use super::{Check, Doctor, Finding};

const CHECK: Check = Check::Login;

impl Doctor {
    /// `None`: there is no AppSecret to try.
    pub(super) async fn login(&self, account: &AccountSettings, endpoints: &Endpoints) -> Option<Finding> {
        let login = account.login.as_ref()?.endpoints(endpoints);
        let host = login.api.host_str().unwrap_or_default().to_owned();
        let tls = Trust::new(&endpoints.extra_roots).and_then(|trust| trust.tls(None)).ok()?;
        let client = http_client(endpoints.proxy.as_ref(), tls).ok()?;
        let code = format!("doctor{}", self.chance.nonce());
        Some(match Login::new(login, client).openid(&code).await {
            Err(LoginError::Code(_)) => Finding::ok(CHECK, words::right()),
            Err(LoginError::Refused(40125)) => Finding::fail(CHECK, words::wrong_secret()),
            Err(LoginError::Refused(40013)) => Finding::fail(CHECK, words::wrong_appid()),
            Err(LoginError::Refused(code)) => Finding::warn(CHECK, words::refused(code)),
            Err(LoginError::NoAnswer) => Finding::warn(CHECK, words::no_answer(&host)),
            Ok(_) | Err(LoginError::Snapshot) => Finding::warn(CHECK, words::impossible_code()),
        })
    }
}
