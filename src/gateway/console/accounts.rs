//! How the accounts stand: what is configured of each, and how long its client certificate is good. The database is not asked.

use crate::channel::{Addressee, Refunding};
use crate::deal::{AccountId, Sellers, Timestamp, TradeType};

use super::super::{Account, Gateway};

/// How an account stands.
#[derive(Debug)]
pub struct AccountStanding<'a> {
    /// Its name.
    pub id: &'a AccountId,
    /// As what WeChat knows it.
    pub addressee: Addressee,
    /// Whose new deals go through it.
    pub sellers: &'a Sellers,
    /// How its deals may be paid.
    pub trade_types: &'a [TradeType],
    /// How its checkouts may be paid.
    pub checkout_types: &'a [TradeType],
    /// `orderquery` calls a second for waiting payers.
    pub query_budget: u32,
    /// Whether payers inside WeChat are known.
    pub has_login: bool,
    /// What refunds are asked for with.
    pub certificate: CertificateStanding,
    /// Notifications that were not believed, since this instance was started.
    pub disbelieved: u64,
}

/// What refunds through an account are asked for with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateStanding {
    /// A client certificate.
    Shown {
        /// After when WeChat does not take it.
        until: Timestamp,
        /// Whether the files hold another one by now that cannot be used.
        another_not_taken: bool,
    },
    /// None, and none is demanded: WeChat is a simulator without TLS.
    NotDemanded,
    /// None, so there are no refunds.
    Missing,
}

impl Gateway {
    /// How each account of the configuration stands.
    pub fn account_standings(&self) -> Vec<AccountStanding<'_>> {
        let of = |account| self.standing_of(account);
        let mut standings: Vec<_> = self.accounts.iter().map(of).collect();
        standings.sort_by(|one, other| one.id.as_str().cmp(other.id.as_str()));
        standings
    }

    fn standing_of<'a>(&'a self, account: &'a Account) -> AccountStanding<'a> {
        let (id, terms) = (account.id(), account.terms());
        let certificate = match (account.certificate_until(), account.refunding()) {
            (Some(until), _) => CertificateStanding::Shown { until, another_not_taken: self.metrics.another_certificate_is_not_taken(id) },
            (None, Refunding::Uncertified) => CertificateStanding::NotDemanded,
            (None, _) => CertificateStanding::Missing,
        };
        AccountStanding {
            id,
            addressee: account.addressee(),
            sellers: &terms.sellers,
            trade_types: &terms.trade_types,
            checkout_types: &terms.checkout_types,
            query_budget: terms.query_budget,
            has_login: account.login().is_some(),
            certificate,
            disbelieved: self.metrics.disbelieved(id),
        }
    }
}
