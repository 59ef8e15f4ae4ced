//! The AppSecret, tried with a code that no payer has.

use wechat_pay::doctor::Verdict::{Fail, Ok, Warn};
use wechat_pay::simulator::{DEFAULT_MERCHANT, published_secret};

use super::Patient;
use super::hosts::beside_the_simulator;

/// With the simulator's login, and its default merchant's way into it.
fn with_login(patient: Patient, address: &str) -> Patient {
    patient
        .set("WECHAT__TRADE_TYPES", "NATIVE,JSAPI")
        .set("WECHAT__APP_SECRET", published_secret(DEFAULT_MERCHANT.appid))
        .set("WECHAT__OAUTH_BASE_URL", format!("{address}/_wechat"))
        .set("WECHAT__OAUTH_API_BASE_URL", format!("{address}/_wechat"))
        .set("PAGE__BASE_URL", "https://pay.example.com")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_secret_is_told_from_a_wrong_one_and_from_a_silent_host() {
    let (_database, patient, address, _simulator) = beside_the_simulator().await;
    let findings = with_login(patient, &address).examined().await;
    findings.say(Ok, "login", "takes the AppSecret");
    findings.are_well();

    let (_database, patient, address, _simulator) = beside_the_simulator().await;
    let wrong = with_login(patient, &address).set("WECHAT__APP_SECRET", "0".repeat(32)).examined().await;
    wrong.say(Fail, "login", "the AppSecret is wrong (WeChat: 40125)");
    assert!(!format!("{wrong:?}").contains(&"0".repeat(32)), "{wrong:?}");

    let (_database, patient, address, _simulator) = beside_the_simulator().await;
    let silent = with_login(patient, &address).set("WECHAT__OAUTH_API_BASE_URL", "http://127.0.0.1:9").examined().await;
    silent.say(Warn, "login", "127.0.0.1 did not answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_one_nothing_is_tried_and_an_idle_one_is_told_of() {
    let (_database, patient, _, _simulator) = beside_the_simulator().await;
    let findings = patient.examined().await;
    assert_eq!(findings.of("login"), 0);

    let (_database, patient, address, _simulator) = beside_the_simulator().await;
    let idle = with_login(patient, &address).set("WECHAT__TRADE_TYPES", "NATIVE").examined().await;
    idle.say(Warn, "configuration", "wechat.app_secret is set and wechat.trade_types has no JSAPI");
}
