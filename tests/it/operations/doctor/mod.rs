//! `wechat-pay doctor`: each check with what is right and with what is wrong.

mod certificate;
mod database;
mod files;
mod hosts;
mod login;
mod notify_url;
mod program;
mod webhooks;

use std::collections::HashMap;

use wechat_pay::chance::Chance;
use wechat_pay::clock::Clock;
use wechat_pay::config::Settings;
use wechat_pay::doctor::{Doctor, Finding, Verdict, tell};
use wechat_pay::language::Language::English;
use wechat_pay::simulator::DEFAULT_MERCHANT;

use crate::support::database::Database;
use crate::support::test_app::OPENING_TIME;

/// A service to be looked at, by its environment.
pub struct Patient {
    variables: HashMap<String, String>,
    clock: Clock,
    fetch: bool,
}

impl Patient {
    /// With a database, the simulator for a WeChat, and a port that is free.
    pub fn on(database: &Database) -> Self {
        let patient = Self { variables: HashMap::new(), clock: Clock::manual(OPENING_TIME.parse().unwrap()), fetch: false };
        patient
            .set("DATABASE__URL", &database.url)
            .set("SERVER__LISTEN", "127.0.0.1:0")
            .set("SIMULATOR__LISTEN", "127.0.0.1:0")
            .set("SIMULATOR__ACCEPT_DATABASE", true)
    }

    /// With the simulator's credentials, and WeChat there.
    pub fn with_wechat_at(self, base_url: impl ToString) -> Self {
        self.set("WECHAT__APPID", DEFAULT_MERCHANT.appid)
            .set("WECHAT__MCH_ID", DEFAULT_MERCHANT.mch_id)
            .set("WECHAT__API_KEY", DEFAULT_MERCHANT.api_key)
            .set("WECHAT__BASE_URL", base_url)
            .set("WECHAT__NOTIFY_URL", "http://127.0.0.1:9/wxPay/notify")
            .set("AUTH__MODE", "open")
    }

    pub fn set(mut self, key: &str, value: impl ToString) -> Self {
        self.variables.insert(format!("WECHAT_PAY__{key}"), value.to_string());
        self
    }

    pub async fn examined(self) -> Findings {
        let settings = Settings::from_environment(self.variables.clone()).unwrap();
        let doctor = Doctor { settings, variables: self.variables, clock: self.clock, chance: Chance::System, fetch: self.fetch };
        Findings(doctor.examine().await)
    }
}

#[derive(Debug)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Whether a check has found this, with that verdict; and something to do about it, unless it is well.
    #[track_caller]
    pub fn say(&self, verdict: Verdict, check: &str, words: &str) {
        let is_it = |finding: &&Finding| {
            finding.check.name().read(English) == check && finding.verdict == verdict && finding.found.read(English).contains(words)
        };
        let Some(finding) = self.0.iter().find(is_it) else {
            panic!("no {verdict} {check:?} {words:?} in\n{}", tell(&self.0, English, false))
        };
        assert_eq!(finding.advice.is_none(), verdict == Verdict::Ok, "{finding:?}");
    }

    /// How many there are of one check.
    fn of(&self, check: &str) -> usize {
        self.0.iter().filter(|finding| finding.check.name().read(English) == check).count()
    }

    /// What there is to do.
    fn advice(&self) -> Vec<&str> {
        self.0.iter().filter_map(|finding| Some(finding.advice.as_ref()?.read(English))).collect()
    }

    #[track_caller]
    fn are_well(&self) {
        assert!(self.0.iter().all(|finding| finding.verdict != Verdict::Fail), "\n{}", tell(&self.0, English, false));
    }
}
