//! The merchant's endpoints: whether events could reach each, and how its deliveries stand.

use chrono::TimeDelta;
use futures_util::future::join_all;

use crate::app;
use crate::store::{EndpointStanding, Store};
use crate::webhook::Endpoint;

use super::words::webhooks as words;
use super::{Check, Doctor, Finding};

const CHECK: Check = Check::Webhooks;
/// What waits for longer and was never tried waits for a service that does not run.
const LONG: TimeDelta = TimeDelta::minutes(15);

impl Doctor {
    /// Connects to each as the service would, and sends nothing.
    pub(super) async fn webhooks(&self) -> Vec<Finding> {
        let endpoints = match app::open_endpoints(&self.settings) {
            Ok(endpoints) => endpoints,
            Err(error) => return vec![Finding::fail(CHECK, words::no_client(&error))],
        };
        let mut findings = join_all(endpoints.iter().map(reach)).await;
        findings.extend(self.standings().await);
        findings
    }

    /// Of a database that cannot be read, its own check tells.
    async fn standings(&self) -> Vec<Finding> {
        let database = &self.settings.database;
        let names: Vec<_> = self.settings.webhooks.iter().map(|webhook| webhook.name.clone()).collect();
        if names.is_empty() || database.file().is_some_and(|file| !file.exists()) {
            return Vec::new();
        }
        let standings = Store::endpoints(database, &names).await.unwrap_or_default();
        names.iter().zip(&standings).flat_map(|(name, standing)| self.standing(name.as_str(), standing)).collect()
    }

    fn standing(&self, name: &str, standing: &EndpointStanding) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(since) = standing.paused_at {
            findings.push(Finding::warn(CHECK, words::paused(name, since)));
        }
        if standing.failing > 0 {
            findings.push(Finding::warn(CHECK, words::failing(name, standing)));
        } else if let Some(since) = standing.waiting_since.filter(|since| *since < self.clock.now() - LONG) {
            findings.push(Finding::warn(CHECK, words::waiting(name, standing.waiting, since)));
        }
        if standing.given_up > 0 {
            findings.push(Finding::warn(CHECK, words::given_up(name, standing.given_up)));
        }
        if findings.is_empty() {
            findings.push(Finding::ok(CHECK, words::well(name, standing.waiting)));
        }
        findings
    }
}

async fn reach(endpoint: &Endpoint) -> Finding {
    let (name, host) = (endpoint.name.as_str(), endpoint.url.host_str().unwrap_or_default());
    match endpoint.sender.reach(&endpoint.url).await {
        Ok(()) => Finding::ok(CHECK, words::reached(name, host, endpoint.url.scheme() == "https")),
        Err(why) => Finding::fail(CHECK, words::unreached(name, host, why)),
    }
}
