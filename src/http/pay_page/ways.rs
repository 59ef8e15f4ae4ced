//! Links out of the payer's page: to the shop once the order is paid, and to where a payer goes who gives up.

use std::sync::Arc;

use crate::config::{PageSettings, ReturnUrl};
use crate::gateway::Bought;
use crate::page::{Language, Value, fill};

use super::words::text;

const WAY: &str = "<a class=\"way {{when}}\" href=\"{{to}}\">{{word}}</a>";

/// Where the page leads; empty: nowhere.
pub struct Ways {
    /// Once it is paid.
    pub return_url: String,
    /// Before.
    cancel_url: String,
}

impl Ways {
    /// Those of a deal: the merchant's, as long as the operator lists their hosts, or else the configured one.
    pub fn of(bought: &Bought, settings: &PageSettings) -> Self {
        let allowed = |url: &Option<Arc<str>>| settings.return_hosts.allow(url.as_deref()?);
        let filled = |url: Option<ReturnUrl>| url.zip(bought.order_id.as_ref()).map(|(url, order_id)| url.of(order_id)).unwrap_or_default();
        Self {
            return_url: filled(allowed(&bought.details.return_url).or_else(|| settings.return_url.clone())),
            cancel_url: filled(allowed(&bought.details.cancel_url)),
        }
    }

    /// A link for each state of the page that has one; the style shows the one of the present state.
    pub fn links(&self, language: Language) -> String {
        let unpaid = if self.cancel_url.is_empty() { &self.return_url } else { &self.cancel_url };
        let ways = [
            ("button paid refunded", &self.return_url, "back"),
            ("button expired closed", unpaid, "back"),
            ("waiting trouble", &self.cancel_url, "give_up"),
        ];
        let link = |(when, to, word): (&str, &String, &str)| {
            let word = text(language, word).unwrap_or_default();
            let value = |name| match name {
                "when" => when,
                "to" => to,
                _ => word,
            };
            fill(WAY, |name| Some(Value::Text(value(name))))
        };
        ways.into_iter().filter(|(_, to, _)| !to.is_empty()).map(link).collect()
    }
}
