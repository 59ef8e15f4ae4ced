//! The configuration as the program uses it: checked, typed, without the places it came from.

use std::net::SocketAddr;

use chrono::TimeDelta;
use ipnet::IpNet;

use crate::auth::Auth;
use crate::deal::{AccountId, Fen};
use crate::gateway::Terms;
use crate::language::Text;
use crate::store::DatabaseUrl;

use super::account::AccountSettings;
use super::console::ConsoleSettings;
use super::error::ConfigError;
use super::limits::LimitSettings;
use super::page::PageSettings;
use super::server::ServerSettings;
use super::simulator::SimulatorSettings;
use super::webhooks::WebhookSettings;

/// Everything that an operator may decide.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The listener.
    pub server: ServerSettings,
    /// Where deals are kept.
    pub database: DatabaseUrl,
    /// Where `/metrics` is shown; `None`: nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// Be ready although the database may lose what it acknowledged.
    pub accept_weak_durability: bool,
    /// How many changes travel in one transaction at most.
    pub largest_batch: usize,
    /// The account `default`.
    pub wechat: AccountSettings,
    /// The others, by their names.
    pub accounts: Vec<AccountSettings>,
    /// From where notifications are taken; empty: from everywhere.
    pub notify_sources: Vec<IpNet>,
    /// Which callers may open a deal.
    pub auth: Auth,
    /// The merchant's endpoints, by their names.
    pub webhooks: Vec<WebhookSettings>,
    /// How long events that were told are kept.
    pub keep_events: TimeDelta,
    /// How deals live.
    pub terms: Terms,
    /// Whether each day's bills are fetched from WeChat and held against the books.
    pub bill_enabled: bool,
    /// The highest price of one deal.
    pub max_price: Fen,
    /// The payer's page.
    pub page: PageSettings,
    /// How often one caller may open deals.
    pub limits: LimitSettings,
    /// Calls to WeChat that the sweeper may make a second; 0: it does not sweep.
    pub sweep_calls_per_second: u32,
    /// The console for people.
    pub console: ConsoleSettings,
    /// The built-in WeChat.
    pub simulator: SimulatorSettings,
    /// What is no mistake, and most likely not meant.
    pub warnings: Vec<Text>,
}

impl Settings {
    /// Every account, `default` first.
    pub fn all_accounts(&self) -> impl Iterator<Item = &AccountSettings> {
        [&self.wechat].into_iter().chain(&self.accounts)
    }

    /// Whether there is an account of this name.
    pub fn has_account(&self, name: &AccountId) -> bool {
        self.all_accounts().any(|account| account.merchant.account == *name)
    }

    /// Whether the simulator is WeChat, for all accounts then.
    pub fn is_simulated(&self) -> bool {
        self.wechat.endpoints.is_none()
    }

    /// Whether the simulator may be WeChat, if it would be: its key is published, so it could make any order of a real
    /// database paid. A service whose credentials were forgotten must not become one.
    ///
    /// # Errors
    /// [`ConfigError::Simulator`], with what tells that this is meant to be a real service.
    pub fn may_simulate(&self) -> Result<(), ConfigError> {
        let SimulatorSettings { accept_database, forbidden_by, .. } = &self.simulator;
        if !self.is_simulated() || *accept_database || forbidden_by.is_empty() {
            return Ok(());
        }
        Err(ConfigError::Simulator(forbidden_by.clone()))
    }
}
