//! The section `page`: the payer's page.

use reqwest::Url;
use serde::Deserialize;

use crate::deal::OrderId;
use crate::language::pair;

use super::checks::{endpoint, is_loopback, value};
use super::error::ConfigError;
use super::mistakes::{ConfigErrors, Mistakes};
use super::table::{Shown, plain};

/// Where the number goes.
const ORDER_ID: &str = "{order_id}";

/// The payer's page.
#[derive(Debug, Clone)]
pub struct PageSettings {
    /// The seller's name; empty: none is shown.
    pub merchant_name: String,
    /// Where the page leads once the order is paid.
    pub return_url: Option<ReturnUrl>,
    /// The public address of this service, without a slash at its end; empty: unknown.
    pub base_url: String,
}

impl PageSettings {
    /// The address of an order's page: absolute where the public one is known.
    pub fn address_of(&self, order_id: &OrderId) -> String {
        format!("{}/pay/{}", self.base_url, in_a_url(order_id))
    }
}

/// An address with `{order_id}` to be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnUrl(String);

impl ReturnUrl {
    /// The address for one order.
    pub fn of(&self, order_id: &OrderId) -> String {
        self.0.replace(ORDER_ID, &in_a_url(order_id))
    }
}

/// The number as a path's segment or a query's value. (Ours have digits only, but an adopted one may have a `|`.)
fn in_a_url(order_id: &OrderId) -> String {
    form_urlencoded::byte_serialize(order_id.as_str().as_bytes()).collect()
}

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
        mistakes.check(
            is_name,
            "page.merchant_name",
            pair("at most 64 characters, none of them a control character", "最多 64 个字符，不能有控制字符"),
        );
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
        let why = || {
            pair(
                "an https URL without user (http is for loopback hosts only), with {order_id} in its path or query",
                "应为不带用户的 https URL（http 只用于本机），{order_id} 写在路径或参数里",
            )
        };
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
            _ => Err(value("page.return_url", why())),
        }
    }

    pub fn shown(&self) -> Vec<(&'static str, Shown)> {
        vec![
            ("page.merchant_name", plain(&self.merchant_name)),
            ("page.return_url", plain(&self.return_url)),
            ("page.base_url", plain(&self.base_url)),
        ]
    }
}
