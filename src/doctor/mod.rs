//! Health checks of an installation, `wechat-pay doctor`: what goes wrong in practice is looked for, and each finding says
//! what to do about it. Nothing is changed: the database is looked at through a connection that cannot, and WeChat is asked
//! about an order that does not exist.
//!
//! No finding holds a secret: keys, files, hosts and order ids are named, never their values or messages.

mod accounts;
mod certificate;
mod cluster;
mod database;
mod files;
mod finding;
mod hosts;
mod line;
mod login;
mod merchants;
mod notify_url;
mod port;
mod service;
mod webhooks;
mod words;

pub use finding::{Check, Finding, Trouble, Verdict, tell};

use std::collections::HashMap;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::{ConfigErrors, Settings};
use crate::language::Text;

/// Examines one installation.
#[derive(Debug)]
pub struct Doctor {
    /// What is configured.
    pub settings: Settings,
    /// The environment, in which files with secrets are named.
    pub variables: HashMap<String, String>,
    /// The service's clock.
    pub clock: Clock,
    /// For nonces.
    pub chance: Chance,
    /// Whether the notify URL is fetched through its public name.
    pub fetch: bool,
}

impl Doctor {
    /// Looks at everything. One finding a check, in the order in which one would mend things.
    pub async fn examine(&self) -> Vec<Finding> {
        let warn = |warning: &Text| Finding::warn(Check::Configuration, words::configuration::warning(warning));
        let mut findings: Vec<_> = self.settings.warnings.iter().map(warn).collect();
        findings.extend(files::examine(&self.settings, &self.variables));
        findings.extend(self.database().await);
        findings.extend(self.merchants().await);
        findings.extend(self.port().await);
        if self.settings.is_simulated() {
            findings.push(match self.settings.may_simulate() {
                Ok(()) => Finding::ok(Check::Credentials, words::configuration::simulator(self.settings.simulator.listen)),
                Err(error) => Finding::fail(Check::Credentials, words::configuration::no_simulator(&error)),
            });
        }
        findings.extend(self.accounts().await);
        findings.extend(self.webhooks().await);
        findings
    }
}

/// Of a configuration that cannot be read: all that is wrong with it. Nothing else can be looked at.
pub fn unreadable(errors: &ConfigErrors) -> Vec<Finding> {
    errors.iter().map(|error| Finding::fail(Check::Configuration, words::configuration::unreadable(error))).collect()
}
