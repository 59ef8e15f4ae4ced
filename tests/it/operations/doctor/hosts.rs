//! WeChat's hosts, its clock, and our credentials.

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;
use wechat_pay::app;
use wechat_pay::chance::Chance;
use wechat_pay::channel::wechat::v2::{ApiKey, SignType, Signer, xml};
use wechat_pay::clock::Clock;
use wechat_pay::config::Settings;
use wechat_pay::doctor::Verdict::{Fail, Ok, Warn};

use super::Patient;
use crate::support::database::{Database, Engine};
use crate::support::proxy::Reserved;
use crate::support::scripted_wechat::{ScriptedWeChat, says};
use crate::support::stub::{Reply, Stub};
use crate::support::test_app::OPENING_TIME;
use crate::support::wechat_message::WeChatMessage;

const NO_SUCH_ORDER: (&str, &str) = ("ORDERNOTEXIST", "order not exist");

/// A service that is examined beside the simulator running alone, for as long as the token lives, and where that is.
pub async fn beside_the_simulator() -> (Database, Patient, String, tokio_util::sync::DropGuard) {
    let database = Database::fresh(Engine::Sqlite).await;
    let stop = CancellationToken::new();
    let settings = Settings::from_environment([("WECHAT_PAY__SIMULATOR__LISTEN".to_owned(), "127.0.0.1:0".to_owned())].into()).unwrap();
    let (address, _) = app::run_simulator(settings, Clock::System, Chance::System, stop.clone()).await.unwrap();
    let address = format!("http://{address}");
    let patient = Patient::on(&database).with_wechat_at(&address);
    (database, Patient { clock: Clock::System, ..patient }, address, stop.drop_guard())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn right_credentials_are_proved_by_wechat_s_own_signature() {
    for sign_type in ["MD5", "HMAC-SHA256"] {
        let (_database, patient, _, _simulator) = beside_the_simulator().await;
        let findings = patient.set("WECHAT__SIGN_TYPE", sign_type).examined().await;
        findings.say(Ok, "credentials", sign_type);
        findings.say(Ok, "primary host", "127.0.0.1: DNS");
        findings.say(Ok, "clock", "");
        findings.are_well();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_key_is_told_from_wrong_numbers() {
    for (key, value, found) in [
        ("WECHAT__API_KEY", "192006250b4c09247ec02edce69f6a2d", "the API key is wrong"),
        ("WECHAT__MCH_ID", "1900000002", "mch_id"),
        ("WECHAT__APPID", "wx0000000000000002", "appid"),
    ] {
        let (_database, patient, _, _simulator) = beside_the_simulator().await;
        let findings = patient.set(key, value).examined().await;
        findings.say(Fail, "credentials", found);
        findings.say(Ok, "primary host", "HTTP");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_account_s_key_is_tried_and_shared_hosts_are_told_of_once() {
    let (_database, patient, _, _simulator) = beside_the_simulator().await;
    let findings = patient
        .set("ACCOUNTS__SHOP2__APPID", "wx2421b1c4370ec43b")
        .set("ACCOUNTS__SHOP2__MCH_ID", "1900000002")
        .set("ACCOUNTS__SHOP2__API_KEY", "192006250b4c09247ec02edce69f6a2d")
        .examined()
        .await;
    findings.say(Ok, "credentials", "account default: ");
    findings.say(Ok, "primary host", "account default: 127.0.0.1: DNS");
    findings.say(Fail, "credentials", "account shop2: the merchant number is wrong");
    assert!(findings.advice().iter().any(|advice| advice.contains("check accounts.shop2.mch_id")), "{findings:?}");
    assert_eq!(findings.of("primary host"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_proves_nothing_is_not_taken_for_a_proof() {
    let database = Database::fresh(Engine::Sqlite).await;
    let wechat = ScriptedWeChat::new().await;
    let look = || Patient::on(&database).with_wechat_at(format!("http://{}", wechat.stub.address)).examined();
    let no = WeChatMessage::no(NO_SUCH_ORDER.0, NO_SUCH_ORDER.1);
    let other = Signer::new(ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap(), SignType::Md5);

    let answer = no.clone();
    wechat.answers_by(move |_, _| says(&answer));
    look().await.say(Ok, "credentials", "are right");
    let answer = no.signed_by(&other);
    wechat.answers_by(move |_, _| Reply::Body(answer.clone()));
    look().await.say(Fail, "credentials", "not signed with our key");
    let answer = no.clone().with("mch_id", "1900000002");
    wechat.answers_by(move |_, _| says(&answer));
    look().await.say(Fail, "credentials", "another mch_id");
    wechat.answers_by(|_, _| Reply::Body("<html>please log in</html>".to_owned()));
    look().await.say(Fail, "credentials", "no message of WeChat's");
    wechat.answers_by(|_, request| says(&WeChatMessage::state(request.get("out_trade_no").unwrap(), "NOTPAY")));
    look().await.say(Warn, "credentials", "cannot exist");
    wechat.answers_by(|_, _| says(&WeChatMessage::no("SYSTEMERROR", "系统错误")));
    look().await.say(Warn, "credentials", "could not be tried");

    for (_, request) in wechat.stub.requests.lock().unwrap().iter() {
        let number = xml::parse(request.as_bytes()).unwrap().get("out_trade_no").unwrap().to_owned();
        assert!(number.starts_with("doctor") && number.len() == 32, "never a number that an order could have: {number}");
    }
    assert_eq!(wechat.asked("orderquery").len(), 6, "and nothing else is asked");
}

/// A WeChat whose clock is so far behind ours.
async fn wechat_behind_by(seconds: i64) -> Stub {
    let date =
        (OPENING_TIME.parse::<wechat_pay::deal::Timestamp>().unwrap() - TimeDelta::seconds(seconds)).to_rfc2822().replace("+0000", "GMT");
    Stub::start(move |_, _| {
        let body = WeChatMessage::no(NO_SUCH_ORDER.0, NO_SUCH_ORDER.1).signed();
        let head = format!("HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        Reply::Raw([head, body].concat().into_bytes())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clock_is_held_against_wechat_s() {
    let database = Database::fresh(Engine::Sqlite).await;
    for (behind, verdict, found) in [
        (0, Ok, "agrees"),
        (4, Ok, "4 s ahead"),
        (-30, Warn, "30 s behind"),
        (30, Warn, "30 s ahead"),
        (3600, Fail, "3600 s ahead"),
        (-8 * 3600, Fail, "28800 s behind"),
    ] {
        let wechat = wechat_behind_by(behind).await;
        let findings = Patient::on(&database).with_wechat_at(format!("http://{}", wechat.address)).examined().await;
        findings.say(verdict, "clock", found);
    }
    let wechat = ScriptedWeChat::new().await;
    let findings = Patient::on(&database).with_wechat_at(format!("http://{}", wechat.stub.address)).examined().await;
    findings.say(Warn, "clock", "not told the time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_host_is_looked_at_phase_by_phase() {
    let database = Database::fresh(Engine::Sqlite).await;
    let nobody = Reserved::new();
    let wechat = wechat_behind_by(0).await;
    let (dead, alive) = (format!("http://{}", nobody.address), format!("http://{}", wechat.address));

    let findings = Patient::on(&database).with_wechat_at(&dead).set("WECHAT__BACKUP_BASE_URL", &alive).examined().await;
    findings.say(Fail, "primary host", "no TCP connection");
    findings.say(Ok, "backup host", "no TLS, HTTP");
    findings.say(Ok, "credentials", "are right");

    let findings = Patient::on(&database).with_wechat_at(&alive).set("WECHAT__BACKUP_BASE_URL", &dead).examined().await;
    findings.say(Ok, "primary host", "TCP");
    findings.say(Fail, "backup host", "no TCP connection");

    let findings = Patient::on(&database).with_wechat_at(alive.replace("http:", "https:")).examined().await;
    findings.say(Fail, "primary host", "no TLS");
    findings.say(Warn, "credentials", "could not be tried");

    let elsewhere =
        Patient::on(&database).with_wechat_at("https://wechat.invalid").set("WECHAT__API_KEY", "192006250b4c09247ec02edce69f6a2d");
    let findings = elsewhere.examined().await;
    findings.say(Fail, "primary host", "its name is not resolved");

    let gate = Stub::start(|_, _| Reply::Raw(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".to_vec())).await;
    let findings = Patient::on(&database).with_wechat_at(format!("http://{}", gate.address)).examined().await;
    findings.say(Fail, "primary host", "HTTP status 403");

    let findings = Patient::on(&database).examined().await;
    findings.say(Ok, "credentials", "the simulator");
    findings.are_well();
}
