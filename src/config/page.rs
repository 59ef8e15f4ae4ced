//! `[page]`: the payer's page.

use reqwest::Url;
use serde::Deserialize;

use super::error::ConfigError;
use super::mistakes::{ConfigErrors, Mistakes};
use super::raw::{endpoint, is_loopback, value};
use super::settings::{ORDER_ID, PageSettings, ReturnUrl};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawPage {
    merchant_name: String,
    return_url: String,
    base_url: String,
}

impl RawPage {
    pub fn validate(&self) -> Result<PageSettings, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let is_name = self.merchant_name.chars().count() <= 64 && !self.merchant_name.contains(char::is_control);
        mistakes.check(is_name, "page.merchant_name", "at most 64 characters, none of them a control character");
        if !self.base_url.is_empty() {
            mistakes.take(endpoint("page.base_url", &self.base_url));
        }
        let settings = |return_url| PageSettings {
            merchant_name: self.merchant_name.trim().to_owned(),
            return_url,
            base_url: self.base_url.trim_end_matches('/').to_owned(),
        };
        let return_url = mistakes.take(self.return_url());
        mistakes.or_else(return_url.map(settings))
    }

    fn return_url(&self) -> Result<Option<ReturnUrl>, ConfigError> {
        if self.return_url.is_empty() {
            return Ok(None);
        }
        let why = "an https URL without user (http is for loopback hosts only), with {order_id} in its path or query";
        // With the placeholder in the host, or in the scheme, the number would decide where the payer is led.
        let read = |number| Url::parse(&self.return_url.replace(ORDER_ID, number)).ok();
        match (read("1"), read("2")) {
            (Some(url), Some(other))
                if (url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)))
                    && url.username().is_empty()
                    && url.password().is_none()
                    && url.origin() == other.origin() =>
            {
                Ok(Some(ReturnUrl(self.return_url.clone())))
            }
            _ => Err(value("page.return_url", why)),
        }
    }
}
