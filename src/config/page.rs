//! The section `page`: the payer's page.

use serde::Deserialize;

use crate::gateway::Site;
use crate::language::pair;

use super::checks::{endpoint, list, value};
use super::error::ConfigError;
use super::mistakes::{ConfigErrors, Mistakes};
use super::page_color::Color;
use super::page_frames::FrameAncestors;
use super::page_logo::Logo;
use super::return_url::{ReturnHosts, ReturnUrl, in_a_url};
use super::table::{Shown, plain};

/// The payer's page.
#[derive(Debug, Clone)]
pub struct PageSettings {
    /// The seller's name; empty: none is shown.
    pub merchant_name: String,
    /// The seller's picture.
    pub logo: Option<Logo>,
    /// The seller's colour.
    pub color: Option<Color>,
    /// Which sites may show the page in a frame.
    pub frame_ancestors: FrameAncestors,
    /// Where the page leads once the order is paid.
    pub return_url: Option<ReturnUrl>,
    /// Where else merchants may let it lead.
    pub return_hosts: ReturnHosts,
    /// The public address of this service, without a slash at its end; empty: unknown.
    pub base_url: String,
}

impl PageSettings {
    /// What WeChat shows of the shop to a payer that comes from a phone's browser.
    pub fn site(&self) -> Site {
        let name = if self.merchant_name.is_empty() { "微信支付" } else { &self.merchant_name };
        Site { url: self.base_url.clone(), name: name.to_owned() }
    }

    /// The address of the page of this order or checkout: absolute where the public one is known.
    pub fn address_of(&self, number: &str) -> String {
        format!("{}/pay/{}", self.base_url, in_a_url(number))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawPage {
    merchant_name: String,
    logo: String,
    color: String,
    frame_ancestors: String,
    return_url: String,
    return_hosts: String,
    base_url: String,
}

impl RawPage {
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

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
        let return_url = mistakes.take(self.return_url());
        let return_hosts = mistakes.take(self.return_hosts());
        let (logo, color) = (mistakes.take(self.logo()), mistakes.take(self.color()));
        let frame_ancestors = mistakes.take(self.frame_ancestors());
        let settings = || {
            Some(PageSettings {
                merchant_name: self.merchant_name.trim().to_owned(),
                logo: logo?,
                color: color?,
                frame_ancestors: frame_ancestors?,
                return_url: return_url?,
                return_hosts: return_hosts?,
                base_url: self.base_url.trim_end_matches('/').to_owned(),
            })
        };
        mistakes.or_else(settings())
    }

    fn logo(&self) -> Result<Option<Logo>, ConfigError> {
        let read = (!self.logo.is_empty()).then(|| Logo::read(&self.logo));
        read.transpose().map_err(|why| value("page.logo", why))
    }

    fn color(&self) -> Result<Option<Color>, ConfigError> {
        if self.color.is_empty() {
            return Ok(None);
        }
        let why = || pair("a colour such as #07c160", "应为颜色，如 #07c160");
        Color::read(&self.color).map(Some).ok_or_else(|| value("page.color", why()))
    }

    fn frame_ancestors(&self) -> Result<FrameAncestors, ConfigError> {
        let why = || {
            pair(
                "origins such as https://shop.example.com, separated by commas (http is for loopback hosts only)",
                "应为来源，如 https://shop.example.com，逗号分隔（http 只用于本机）",
            )
        };
        FrameAncestors::read(&self.frame_ancestors).ok_or_else(|| value("page.frame_ancestors", why()))
    }

    fn return_url(&self) -> Result<Option<ReturnUrl>, ConfigError> {
        if self.return_url.is_empty() {
            return Ok(None);
        }
        let why = || {
            pair(
                "an https:// URL without user and backslash (http is for loopback hosts only), with {order_id} in its path or query",
                "应为 https:// 开头的地址，不带用户和反斜杠（http 只用于本机），{order_id} 写在路径或参数里",
            )
        };
        ReturnUrl::configured(&self.return_url).map(Some).ok_or_else(|| value("page.return_url", why()))
    }

    fn return_hosts(&self) -> Result<ReturnHosts, ConfigError> {
        let why = || {
            pair(
                "hosts such as shop.example.com or shop.example.com:8443, separated by commas",
                "应为主机名，可带端口，如 shop.example.com、shop.example.com:8443，逗号分隔",
            )
        };
        ReturnHosts::read(list(&self.return_hosts)).ok_or_else(|| value("page.return_hosts", why()))
    }

    pub fn shown(&self) -> Vec<(&'static str, Shown)> {
        vec![
            ("page.merchant_name", plain(&self.merchant_name)),
            ("page.logo", plain(&self.logo)),
            ("page.color", plain(&self.color)),
            ("page.frame_ancestors", plain(&self.frame_ancestors)),
            ("page.return_url", plain(&self.return_url)),
            ("page.return_hosts", plain(&self.return_hosts)),
            ("page.base_url", plain(&self.base_url)),
        ]
    }
}
