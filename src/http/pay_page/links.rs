//! Links out of the payer's page: to the shop once the order is paid, and to where a payer goes who gives up.

use std::sync::Arc;

use crate::config::{PageSettings, ReturnUrl};
use crate::deal::OrderId;
use crate::gateway::Bought;
use crate::page::{Language, Value};

use super::words::{text, told};

/// Out of a frame too: the shop belongs in the whole window.
const LINK: &str = "<a class=\"way {{when}}\" href=\"{{to}}\" target=\"_top\"{{does}}>{{word}}</a>\n";
/// Filled by the script, which leads on after some seconds.
const LEAVING: &str = "<p id=\"leaving\" class=\"muted\" hidden><span></span> <button type=\"button\" class=\"quiet\" data-do=\"stay\">{{stay}}</button></p>\n";

/// Where the page leads; empty: nowhere.
pub struct Links {
    /// Once it is paid.
    pub return_url: String,
    /// Before.
    cancel_url: String,
}

impl Links {
    /// Those of a deal: the merchant's, as long as the operator lists their hosts, or else the configured one.
    /// Of a checkout that no payer has begun to pay, `{order_id}` is its own number.
    pub fn of(bought: &Bought, settings: &PageSettings) -> Self {
        let allowed = |url: &Option<Arc<str>>| settings.return_hosts.allow(url.as_deref()?);
        let own = || bought.checkout_id.as_ref().and_then(|checkout_id| checkout_id.as_str().parse::<OrderId>().ok());
        let number = bought.order_id.clone().or_else(own);
        let filled = |url: Option<ReturnUrl>| url.zip(number.as_ref()).map(|(url, number)| url.of(number)).unwrap_or_default();
        Self {
            return_url: filled(allowed(&bought.details.return_url).or_else(|| settings.return_url.clone())),
            cancel_url: filled(allowed(&bought.details.cancel_url)),
        }
    }

    /// A link for each state of the page that has one; the style shows the one of the present state.
    pub fn markup(&self, language: Language) -> String {
        let unpaid = if self.cancel_url.is_empty() { &self.return_url } else { &self.cancel_url };
        let links = [
            ("button paid refunded", &self.return_url, "back_to_shop", ""),
            ("button expired closed", unpaid, "back_to_shop", ""),
            ("waiting trouble taken", &self.cancel_url, "give_up", " data-do=\"give_up\""),
        ];
        let link = |(when, to, word, does): (&str, &String, &str, &str)| {
            let word = text(language, word).unwrap_or_default();
            let values = [("when", Value::Text(when)), ("to", Value::Text(to)), ("does", Value::Markup(does)), ("word", Value::Text(word))];
            told(LINK, language, &values)
        };
        let links = links.into_iter().filter(|(_, to, ..)| !to.is_empty()).map(link).collect::<String>();
        let leaving = if self.return_url.is_empty() { String::new() } else { told(LEAVING, language, &[]) };
        links + &leaving
    }
}
