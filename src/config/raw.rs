//! The configuration as it is written, all sections of it. [`Raw::validate`] turns it into [`Settings`], or says what is wrong.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::Deserialize;

use crate::deal::TradeType;
use crate::gateway::Terms;
use crate::language::{Text, pair, text};
use crate::store::DatabaseUrl;

use super::account::{AccountSettings, RawAccount, WECHAT};
use super::accounts::RawAccounts;
use super::auth::RawAuth;
use super::bill::RawBill;
use super::checks::networks;
use super::console::RawConsole;
use super::database::RawDatabase;
use super::deal::RawDeal;
use super::events::RawEvents;
use super::limits::LimitSettings;
use super::metrics::RawMetrics;
use super::mistakes::{ConfigErrors, Mistakes};
use super::origin::{Origin, Origins};
use super::page::RawPage;
use super::refund::RawRefund;
use super::secrets::Secrets;
use super::server::{RawServer, ServerSettings};
use super::settings::Settings;
use super::simulator::{RawSimulator, SimulatorSettings};
use super::sweep::RawSweep;
use super::table::{Row, Shown};
use super::webhooks::{RawWebhook, WebhookSettings};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    server: RawServer,
    database: RawDatabase,
    metrics: RawMetrics,
    wechat: RawAccount,
    accounts: BTreeMap<String, RawAccount>,
    deal: RawDeal,
    refund: RawRefund,
    bill: RawBill,
    auth: RawAuth,
    events: RawEvents,
    webhooks: BTreeMap<String, RawWebhook>,
    page: RawPage,
    console: RawConsole,
    limits: LimitSettings,
    sweep: RawSweep,
    simulator: RawSimulator,
}

impl Raw {
    /// With the secrets that are written elsewhere, and what accounts take over from `[wechat]`.
    pub fn with_secrets(mut self, secrets: &Secrets, origins: &mut Origins) -> Result<Self, ConfigErrors> {
        let (database, auth) = (&mut self.database, &mut self.auth);
        let mut mistakes = Mistakes::default();
        for (key, value, file) in [
            ("database.url", &mut database.url, &database.url_file),
            ("auth.api_keys", &mut auth.api_keys, &auth.api_keys_file),
            ("auth.signing_secrets", &mut auth.signing_secrets, &auth.signing_secrets_file),
        ] {
            mistakes.take(secrets.fill(key, value, file, origins));
        }
        let others = self.accounts.iter_mut().map(|(name, account)| (format!("accounts.{name}"), account));
        for (section, account) in [(WECHAT.to_owned(), &mut self.wechat)].into_iter().chain(others) {
            mistakes.take(account.take_secrets(&section, secrets, origins));
        }
        for (name, webhook) in &mut self.webhooks {
            mistakes.take(webhook.take_secrets(name, secrets, origins));
        }
        mistakes.take(self.console.take_secrets(secrets, origins));
        for (name, account) in &mut self.accounts {
            for key in account.inherit(name, &self.wechat) {
                origins.set(&format!("accounts.{name}.{key}"), Origin::Inherited(format!("{WECHAT}.{key}")));
            }
        }
        mistakes.or_else(Some(self))
    }

    pub fn validate(&self) -> Result<Settings, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let server = mistakes.take(self.server.validate());
        let database = mistakes.take(self.database.validate());
        let metrics_listen = mistakes.take(self.metrics.validate());
        let accounts = mistakes.take(self.accounts().validate());
        let has_credentials = self.wechat.missing_credentials().is_empty();
        let notify_sources = mistakes.take(networks("wechat.notify_sources", &self.wechat.notify_sources));
        let deal = mistakes.take(self.deal.validate());
        let refund = mistakes.take(self.refund.validate());
        let bill = mistakes.take(self.bill.validate(has_credentials));
        let auth = mistakes.take(self.auth.validate(has_credentials, &self.accounts().names()));
        let keep_events = mistakes.take(self.events.validate());
        let page = mistakes.take(self.page.validate());
        let console = mistakes.take(self.console.validate(has_credentials));
        let schedule = mistakes.take(self.sweep.validate());
        let simulator_listen = mistakes.take(self.simulator.validate());
        let simulator_tls = mistakes.take(self.simulator.tls());
        let merchants = accounts.as_ref().and_then(|(wechat, others)| {
            let merchants = self.simulator.merchants([wechat].into_iter().chain(others));
            mistakes.take(merchants)
        });
        self.wants_public_address(accounts.as_ref(), &mut mistakes);
        let listeners = [
            ("server.listen", server.as_ref().map(|server| server.listen)),
            ("metrics.listen", metrics_listen.flatten()),
            ("console.listen", console.as_ref().and_then(|console| console.listen)),
            ("simulator.listen", simulator_listen.filter(|_| !has_credentials)),
            ("simulator.tls_listen", simulator_tls.as_ref().and_then(|tls| Some(tls.as_ref()?.0)).filter(|_| !has_credentials)),
        ];
        let webhooks = mistakes.take(self.webhooks(&listeners));
        let made = || {
            let (server, database, simulator_listen) = (server?, database?, simulator_listen?);
            let ((wechat, accounts), deal, bill) = (accounts?, deal?, bill?);
            let simulator_tls = simulator_tls?;
            let tls_listen = simulator_tls.as_ref().map(|(listen, _)| *listen);
            let forbidden_by = self.forbids_simulating(&server, &database, simulator_listen, tls_listen);
            Some(Settings {
                server,
                database,
                metrics_listen: metrics_listen?,
                accept_weak_durability: self.database.accept_weak_durability,
                largest_batch: self.database.largest_batch,
                wechat,
                accounts,
                notify_sources: notify_sources?,
                auth: auth?,
                webhooks: webhooks?,
                keep_events: keep_events?,
                terms: Terms {
                    expire_after: deal.expire_after,
                    close_min_age: deal.close_min_age,
                    schedule: schedule?,
                    site: page.as_ref()?.site(),
                    refund: refund?,
                    bill: bill.terms,
                },
                bill_enabled: bill.enabled,
                max_price: deal.max_price,
                page: page?,
                console: console?,
                limits: self.limits,
                sweep_calls_per_second: self.sweep.calls_per_second,
                simulator: SimulatorSettings {
                    listen: simulator_listen,
                    tls: simulator_tls,
                    time_scale: self.simulator.time_scale,
                    merchants: merchants?,
                    accept_database: self.simulator.accept_database,
                    forbidden_by,
                },
                warnings: Vec::new(),
            })
        };
        mistakes.or_else(made())
    }

    /// WeChat leads payers' browsers back to this service by its public address.
    fn wants_public_address(&self, accounts: Option<&(AccountSettings, Vec<AccountSettings>)>, mistakes: &mut Mistakes) {
        let Some((wechat, others)) = accounts.filter(|(wechat, _)| wechat.endpoints.is_some()) else { return };
        let leads_back = |way: &TradeType| matches!(way, TradeType::Jsapi | TradeType::Mweb);
        let terms = || [wechat].into_iter().chain(others).map(|account| &account.terms);
        let is_wanted = terms().any(|terms| terms.checkout_types.iter().any(leads_back) || terms.trade_types.contains(&TradeType::Mweb));
        let why = pair(
            "is required with app_secret and with trade_type MWEB: the public https address under which payers reach this service",
            "配置了 app_secret 或 MWEB 就必须填写：付款人访问本服务的公网 https 地址",
        );
        mistakes.check(!is_wanted || !self.page.base_url().is_empty(), "page.base_url", why);
    }

    /// The account `default` and the others.
    pub fn accounts(&self) -> RawAccounts<'_> {
        RawAccounts { wechat: &self.wechat, others: &self.accounts }
    }

    /// The endpoints. `listeners`: this service's own, by their keys.
    fn webhooks(&self, listeners: &[(&'static str, Option<SocketAddr>)]) -> Result<Vec<WebhookSettings>, ConfigErrors> {
        let (mut mistakes, accounts) = (Mistakes::default(), self.accounts().names());
        let listeners: Vec<_> = listeners.iter().filter_map(|(key, listener)| Some((*key, (*listener)?))).collect();
        let read = self.webhooks.iter().map(|(name, webhook)| mistakes.take(webhook.validate(name, &accounts, &listeners)));
        let webhooks = read.collect::<Vec<_>>().into_iter().collect();
        mistakes.or_else(webhooks)
    }

    /// Every key, in the order of `config/default.toml`. Of values that are right: wrong ones may be secrets in the wrong place.
    pub fn rows(&self, origins: &Origins) -> Vec<Row> {
        let named = |keys: Vec<(&str, Shown)>| keys.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let keys: [Vec<_>; _] = [
            named(self.server.shown()),
            named(self.database.shown()),
            named(self.metrics.shown()),
            self.wechat.shown(WECHAT),
            self.accounts.iter().flat_map(|(name, account)| account.shown(&format!("accounts.{name}"))).collect(),
            named(self.deal.shown()),
            named(self.refund.shown()),
            named(self.bill.shown()),
            named(self.auth.shown()),
            self.auth.shown_keys().collect(),
            named(self.events.shown()),
            self.webhooks.iter().flat_map(|(name, webhook)| webhook.shown(name)).collect(),
            named(self.sweep.shown()),
            named(self.page.shown()),
            named(self.console.shown()),
            self.console.shown_users().collect(),
            named(self.limits.shown()),
            named(self.simulator.shown()),
            self.simulator.shown_merchants().collect(),
        ];
        keys.into_iter().flatten().map(|(key, value)| Row { origin: origins.get(&key), key, value }).collect()
    }

    /// What tells that this is meant to be a real service, so that without credentials it is none that may simulate.
    fn forbids_simulating(
        &self,
        server: &ServerSettings,
        database: &DatabaseUrl,
        simulator_listen: SocketAddr,
        tls_listen: Option<SocketAddr>,
    ) -> Vec<Text> {
        let mut signs = Vec::new();
        if !database.is_sqlite() {
            signs.push(pair("database.url names a MySQL or MariaDB database", "database.url 指向 MySQL 或 MariaDB"));
        }
        let of_auth = self.auth.set_without_credentials().into_iter().map(str::to_owned);
        let useless: Vec<_> = self.accounts().set_without_credentials().into_iter().chain(of_auth).collect();
        if !useless.is_empty() {
            let verb = if useless.len() == 1 { "is" } else { "are" };
            signs.push(text(format!("{} {verb} set", useless.join(", ")), format!("设置了 {}", useless.join("、"))));
        }
        let tls = tls_listen.map(|listen| ("simulator.tls_listen", listen));
        let listeners = [("server.listen", server.listen), ("simulator.listen", simulator_listen)];
        for (key, listen) in listeners.into_iter().chain(tls).filter(|(_, listen)| !listen.ip().to_canonical().is_loopback()) {
            signs.push(text(format!("{key} {listen} can be reached from other machines"), format!("{key} {listen} 能被其他机器访问")));
        }
        signs
    }
}
