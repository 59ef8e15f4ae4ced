//! The client certificate: whose it is, how long it is good, and whether WeChat takes it.

use std::path::Path;

use chrono::TimeDelta;
use tempfile::TempDir;
use wechat_pay::clock::Clock;
use wechat_pay::doctor::Verdict::{Fail, Ok, Warn};
use wechat_pay::simulator::{Certificates, DEFAULT_MERCHANT};

use super::{Findings, Patient};
use crate::support::certificates::{Files, pair};
use crate::support::database::{Database, Engine};
use crate::support::secured_wechat::{BAKERY, SecuredWeChat};

/// An installation that is examined beside a WeChat behind TLS.
struct Secured {
    database: Database,
    wechat: SecuredWeChat,
}

impl Secured {
    async fn new() -> Self {
        Self { database: Database::fresh(Engine::Sqlite).await, wechat: SecuredWeChat::new().await }
    }

    fn patient(&self) -> Patient {
        let patient =
            Patient::on(&self.database).with_wechat_at(&self.wechat.url).set("WECHAT__CA_FILE", self.wechat.authority().display());
        Patient { clock: Clock::System, ..patient }
    }

    /// With the pair of this name in this folder.
    async fn examined_with(&self, folder: &Path, name: &str) -> Findings {
        let [certificate, key] = [format!("{name}.pem"), format!("{name}-key.pem")].map(|file| folder.join(file));
        let patient = self.patient().set("WECHAT__CLIENT_CERT_FILE", certificate.display());
        patient.set("WECHAT__CLIENT_KEY_FILE", key.display()).examined().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_merchant_s_own_certificate_is_taken() {
    let secured = Secured::new().await;
    let findings = secured.examined_with(secured.wechat.folder(), DEFAULT_MERCHANT.mch_id).await;
    findings.say(Ok, "primary host", "TLS");
    findings.say(Ok, "credentials", "are right");
    findings.say(Ok, "certificate", "the pair fits, was issued to CN=1900000001");
    findings.say(Ok, "certificate", "takes it below /secapi");
    assert_eq!(findings.of("certificate"), 2, "{findings:?}");
    findings.are_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_ones_are_told_apart() {
    let secured = Secured::new().await;
    let findings = secured.examined_with(secured.wechat.folder(), BAKERY).await;
    findings.say(Warn, "certificate", "issued to CN=1900000077, which does not name the merchant number 1900000001");
    findings.say(Fail, "certificate", "another merchant number's");

    let elsewhere = TempDir::new().unwrap();
    Certificates::in_folder(elsewhere.path(), [DEFAULT_MERCHANT.mch_id]).unwrap();
    let findings = secured.examined_with(elsewhere.path(), DEFAULT_MERCHANT.mch_id).await;
    findings.say(Fail, "certificate", "WeChat does not take it");
    findings.say(Ok, "credentials", "are right");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_expires_is_told_of_a_month_before() {
    let secured = Secured::new().await;
    let home = TempDir::new().unwrap();
    for (days, verdict, found) in [(-1, Fail, "it was good until"), (29, Warn, "it is good until"), (60, Ok, "and is good until")] {
        let files = Files::of(home.path(), &pair(DEFAULT_MERCHANT.mch_id, Clock::System.now() + TimeDelta::days(days)));
        let patient = files.variables().into_iter().fold(secured.patient(), |patient, (key, file)| patient.set(key, file));
        let findings = patient.examined().await;
        findings.say(verdict, "certificate", found);
        findings.say(Fail, "certificate", "WeChat does not take it");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_one_everything_else_is_well() {
    let secured = Secured::new().await;
    let findings = secured.patient().examined().await;
    findings.say(Ok, "certificate", "none is configured: refunds answer 501");
    findings.are_well();
    let untrusting = Patient { clock: Clock::System, ..Patient::on(&secured.database).with_wechat_at(&secured.wechat.url) };
    untrusting.examined().await.say(Fail, "primary host", "no TLS");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_otherwise_is_not_blamed_on_the_certificate() {
    let secured = Secured::new().await;
    let [certificate, key] = ["1900000001.pem", "1900000001-key.pem"].map(|file| secured.wechat.folder().join(file));
    let patient = secured.patient().set("WECHAT__CLIENT_CERT_FILE", certificate.display()).set("WECHAT__CLIENT_KEY_FILE", key.display());
    let findings = patient.set("WECHAT__API_KEY", "192006250b4c09247ec02edce69f6a2d").examined().await;
    findings.say(Fail, "credentials", "the API key is wrong");
    findings.say(Warn, "certificate", "the certificate is not proved");
}
