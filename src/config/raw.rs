//! The configuration as it is written, all sections of it. [`Raw::validate`] turns it into [`Settings`], or says what is wrong.

use std::net::SocketAddr;

use serde::Deserialize;

use crate::deal::Sellers;
use crate::gateway::{AccountTerms, Terms};
use crate::language::{Text, pair, text};
use crate::store::DatabaseUrl;

use super::auth::RawAuth;
use super::database::RawDatabase;
use super::deal::RawDeal;
use super::limits::LimitSettings;
use super::metrics::RawMetrics;
use super::mistakes::{ConfigErrors, Mistakes};
use super::origin::Origins;
use super::page::RawPage;
use super::secrets::Secrets;
use super::server::{RawServer, ServerSettings};
use super::settings::Settings;
use super::simulator::{RawSimulator, SimulatorSettings};
use super::sweep::RawSweep;
use super::table::Row;
use super::wechat::RawWechat;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    server: RawServer,
    database: RawDatabase,
    metrics: RawMetrics,
    wechat: RawWechat,
    deal: RawDeal,
    auth: RawAuth,
    page: RawPage,
    limits: LimitSettings,
    sweep: RawSweep,
    simulator: RawSimulator,
}

impl Raw {
    /// With the secrets that are written elsewhere.
    pub fn with_secrets(mut self, secrets: &Secrets, origins: &mut Origins) -> Result<Self, ConfigErrors> {
        let (database, wechat, auth) = (&mut self.database, &mut self.wechat, &mut self.auth);
        let mut mistakes = Mistakes::default();
        for (key, value, file) in [
            ("database.url", &mut database.url, &database.url_file),
            ("wechat.api_key", &mut wechat.api_key, &wechat.api_key_file),
            ("wechat.previous_api_key", &mut wechat.previous_api_key, &wechat.previous_api_key_file),
            ("wechat.proxy", &mut wechat.proxy, &wechat.proxy_file),
            ("auth.api_keys", &mut auth.api_keys, &auth.api_keys_file),
            ("auth.signing_secrets", &mut auth.signing_secrets, &auth.signing_secrets_file),
        ] {
            mistakes.take(secrets.fill(key, value, file, origins));
        }
        mistakes.or_else(Some(self))
    }

    pub fn validate(&self) -> Result<Settings, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let server = mistakes.take(self.server.validate());
        let database = mistakes.take(self.database.validate());
        let metrics_listen = mistakes.take(self.metrics.validate());
        let has_credentials = mistakes.take(self.wechat.has_credentials()).unwrap_or(false);
        let wechat = mistakes.take(self.wechat.validate(has_credentials));
        let deal = mistakes.take(self.deal.validate());
        let auth = mistakes.take(self.auth.validate(has_credentials));
        let page = mistakes.take(self.page.validate());
        let schedule = mistakes.take(self.sweep.validate());
        let simulator_listen = mistakes.take(self.simulator.validate());
        let simulator_tls = mistakes.take(self.simulator.tls());
        let made = || {
            let (server, database, simulator_listen) = (server?, database?, simulator_listen?);
            let (wechat, deal) = (wechat?, deal?);
            let forbidden_by = self.forbids_simulating(&server, &database, simulator_listen);
            Some(Settings {
                server,
                database,
                metrics_listen: metrics_listen?,
                accept_weak_durability: self.database.accept_weak_durability,
                largest_batch: self.database.largest_batch,
                wechat: wechat.real,
                notify_sources: wechat.notify_sources,
                auth: auth?,
                terms: Terms { expire_after: deal.expire_after, close_min_age: deal.close_min_age, schedule: schedule? },
                account_terms: AccountTerms { sellers: Sellers::default(), body: wechat.body, query_budget: self.wechat.query_budget },
                max_price: deal.max_price,
                page: page?,
                limits: self.limits,
                sweep_calls_per_second: self.sweep.calls_per_second,
                simulator: SimulatorSettings {
                    listen: simulator_listen,
                    tls: simulator_tls?,
                    time_scale: self.simulator.time_scale,
                    merchant: wechat.merchant,
                    accept_database: self.simulator.accept_database,
                    forbidden_by,
                },
                warnings: Vec::new(),
            })
        };
        mistakes.or_else(made())
    }

    /// Every key, in the order of `config/default.toml`. Of values that are right: wrong ones may be secrets in the wrong place.
    pub fn rows(&self, origins: &Origins) -> Vec<Row> {
        let keys = [
            self.server.shown(),
            self.database.shown(),
            self.metrics.shown(),
            self.wechat.shown(),
            self.deal.shown(),
            self.auth.shown(),
            self.sweep.shown(),
            self.page.shown(),
            self.limits.shown(),
            self.simulator.shown(),
        ];
        keys.into_iter().flatten().map(|(key, value)| Row { key, value, origin: origins.get(key) }).collect()
    }

    /// What tells that this is meant to be a real service, so that without credentials it is none that may simulate.
    fn forbids_simulating(&self, server: &ServerSettings, database: &DatabaseUrl, simulator_listen: SocketAddr) -> Vec<Text> {
        let mut signs = Vec::new();
        if !database.is_sqlite() {
            signs.push(pair("database.url names a MySQL or MariaDB database", "database.url 指向 MySQL 或 MariaDB"));
        }
        let useless = [self.wechat.set_without_credentials(), self.auth.set_without_credentials()].concat();
        if !useless.is_empty() {
            let verb = if useless.len() == 1 { "is" } else { "are" };
            signs.push(text(format!("{} {verb} set", useless.join(", ")), format!("设置了 {}", useless.join("、"))));
        }
        let listeners = [("server.listen", server.listen), ("simulator.listen", simulator_listen)];
        for (key, listen) in listeners.into_iter().filter(|(_, listen)| !listen.ip().to_canonical().is_loopback()) {
            signs.push(text(format!("{key} {listen} can be reached from other machines"), format!("{key} {listen} 能被其他机器访问")));
        }
        signs
    }
}
