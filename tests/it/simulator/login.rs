//! The payers' login: a page's way to an openid, and each answer on it.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use reqwest::Url;
use serde_json::{Value, json};
use wechat_pay::channel::wechat::v2::SignType;
use wechat_pay::simulator::{DEFAULT_APP_SECRET, Faults, OauthFault, Payer, SimMerchant, published_secret};

use super::browser::{Browser, encoded};
use super::merchants::{FIRST, SECOND, Served};

const BACK: &str = "http://127.0.0.1:8360/pay/1/openid?a=b#c";

fn link(appid: &str, redirect_uri: &str, scope: &str) -> String {
    let redirect_uri = encoded(redirect_uri);
    format!("/_wechat/connect/oauth2/authorize?appid={appid}&redirect_uri={redirect_uri}&response_type=code&scope={scope}&state=S1")
}

/// The code with which a payer's browser is led back.
async fn code(served: &Served, appid: &str, payer: u8) -> String {
    let seen = Browser::of(served, payer).get(&link(appid, BACK, "snsapi_base"), &[]).await;
    assert_eq!(seen.status, 302, "{}", seen.page);
    let url: Url = seen.led_to.unwrap().parse().unwrap();
    let pairs: Vec<_> = url.query_pairs().collect();
    let [(a, b), (name, code), (state, s1)] = &pairs[..] else { panic!("{url}") };
    assert_eq!((a.as_ref(), b.as_ref(), name.as_ref(), state.as_ref(), s1.as_ref()), ("a", "b", "code", "state", "S1"));
    assert_eq!((url.path(), url.fragment()), ("/pay/1/openid", Some("c")));
    code.clone().into_owned()
}

async fn exchange(served: &Served, appid: &str, secret: &str, code: &str) -> Value {
    let query = format!("appid={appid}&secret={secret}&code={code}&grant_type=authorization_code");
    let answer = served.phone.get(&format!("/_wechat/sns/oauth2/access_token?{query}")).await;
    assert_eq!(answer.status, 200, "whatever it says");
    answer.json()
}

fn refusal(code: i32, text: &str) -> Value {
    json!({ "errcode": code, "errmsg": text })
}

#[tokio::test]
async fn a_code_becomes_the_payer_s_openid_in_the_appid() {
    let served = Served::new().await;
    for (appid, secret) in [
        (FIRST.appid, DEFAULT_APP_SECRET.to_owned()),
        (SECOND.appid, published_secret(SECOND.appid)),
        ("wx0000000000000109", published_secret("wx0000000000000109")),
    ] {
        for payer in Payer::ALL {
            let code = code(&served, appid, payer.number()).await;
            let told = exchange(&served, appid, &secret, &code).await;
            assert_eq!(told["openid"], payer.login_openid(appid));
            assert_eq!(told["openid"] == payer.openid(appid), payer != Payer::SnapshotVisitor);
            assert_eq!((&told["scope"], &told["expires_in"]), (&json!("snsapi_base"), &json!(7200)));
            assert_eq!(told["is_snapshotuser"], if payer == Payer::SnapshotVisitor { json!(1) } else { Value::Null });
            assert!(told["access_token"].is_string() && told["refresh_token"].is_string(), "{told}");
        }
    }
    assert_eq!(served.simulator.world().calls("/_wechat/sns/oauth2/access_token"), 12);
}

#[tokio::test]
async fn who_logs_in_is_said_by_the_address_or_the_cookie() {
    let served = Served::new().await;
    let openid = async |cookie: u8, more: &str| {
        let seen = Browser::of(&served, cookie).get(&format!("{}{more}", link(FIRST.appid, BACK, "snsapi_base")), &[]).await;
        let url: Url = seen.led_to.unwrap().parse().unwrap();
        let code = url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
        exchange(&served, FIRST.appid, DEFAULT_APP_SECRET, &code).await["openid"].clone()
    };
    for (cookie, more, payer) in
        [(2, "", Payer::Second), (2, "&payer=3", Payer::Third), (9, "", Payer::First), (2, "&payer=x", Payer::Second)]
    {
        assert_eq!(openid(cookie, more).await, payer.openid(FIRST.appid), "{cookie} {more}");
    }
}

#[tokio::test]
async fn a_page_that_may_not_is_told_by_code() {
    let served = Served::new().await;
    for (appid, redirect_uri, scope, code, text) in [
        (FIRST.appid, "", "snsapi_base", "10003", "redirect_uri 参数错误"),
        (FIRST.appid, "javascript:alert(1)", "snsapi_base", "10003", "redirect_uri 参数错误"),
        (FIRST.appid, "http://[/", "snsapi_base", "10003", "redirect_uri 参数错误"),
        (FIRST.appid, BACK, "snsapi_userinfo", "10005", "Scope 参数错误或没有 Scope 权限"),
        (FIRST.appid, BACK, "", "10005", "Scope 参数错误或没有 Scope 权限"),
        ("wxffffffffffffffff", BACK, "snsapi_base", "10005", "Scope 参数错误或没有 Scope 权限"),
    ] {
        let seen = Browser::of(&served, 1).get(&link(appid, redirect_uri, scope), &[]).await;
        assert_eq!((seen.status, seen.led_to), (200, None), "{redirect_uri} {scope}");
        assert!(seen.page.contains(code) && seen.page.contains(text), "{}", seen.page);
    }
}

#[tokio::test]
async fn a_code_is_good_once_for_five_minutes_and_one_appid() {
    let served = Served::new().await;
    let (used, other, old) =
        (code(&served, FIRST.appid, 1).await, code(&served, SECOND.appid, 1).await, code(&served, FIRST.appid, 1).await);
    assert!(exchange(&served, FIRST.appid, DEFAULT_APP_SECRET, &used).await["openid"].is_string());
    for (appid, secret, code, error) in [
        (FIRST.appid, DEFAULT_APP_SECRET, used.as_str(), refusal(40163, "code been used")),
        (FIRST.appid, DEFAULT_APP_SECRET, &other, refusal(40029, "invalid code")),
        (FIRST.appid, DEFAULT_APP_SECRET, "unknown", refusal(40029, "invalid code")),
        (FIRST.appid, DEFAULT_APP_SECRET, "", refusal(41008, "missing code")),
        (FIRST.appid, "", &old, refusal(41004, "appsecret missing")),
        (FIRST.appid, "0123456789abcdef0123456789abcdef", &old, refusal(40125, "invalid appsecret")),
        (FIRST.appid, &published_secret(SECOND.appid), &old, refusal(40125, "invalid appsecret")),
        ("wxffffffffffffffff", DEFAULT_APP_SECRET, &old, refusal(40013, "invalid appid")),
        ("", DEFAULT_APP_SECRET, &old, refusal(41002, "appid missing")),
    ] {
        assert_eq!(exchange(&served, appid, secret, code).await, error);
    }
    let query = format!("appid={}&secret={DEFAULT_APP_SECRET}&code={old}&grant_type=client_credential", FIRST.appid);
    let answer = served.phone.get(&format!("/_wechat/sns/oauth2/access_token?{query}")).await.json();
    assert_eq!(answer, refusal(40002, "invalid grant_type"));
    served.clock.advance(TimeDelta::minutes(5));
    assert_eq!(exchange(&served, FIRST.appid, DEFAULT_APP_SECRET, &old).await, refusal(40029, "invalid code"));
    assert_eq!(exchange(&served, FIRST.appid, DEFAULT_APP_SECRET, &used).await, refusal(40163, "code been used"), "it is still known");
}

#[tokio::test]
async fn an_exchange_may_fail_or_be_slow() {
    let served = Served::new().await;
    let code = code(&served, FIRST.appid, 1).await;
    served.simulator.world().faults = Faults { oauth: OauthFault::Error, ..Faults::default() };
    assert_eq!(exchange(&served, FIRST.appid, DEFAULT_APP_SECRET, &code).await, refusal(-1, "system error"));
    let switched = served.phone.request("PUT", "/_sim/faults").body(r#"{"oauth":"slow"}"#);
    assert_eq!(served.phone.send(switched).await.json()["oauth"], "slow");
    let started = Instant::now();
    let (slow, meanwhile) = tokio::join!(exchange(&served, FIRST.appid, DEFAULT_APP_SECRET, &code), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        served.simulator.world().faults.oauth = OauthFault::Normal;
        exchange(&served, FIRST.appid, DEFAULT_APP_SECRET, &code).await
    });
    assert!(slow["openid"].is_string() && started.elapsed() >= Duration::from_secs(5), "the error has not spent the code: {slow}");
    assert_eq!(meanwhile, refusal(40163, "code been used"), "though nobody has the openid yet");
}

#[tokio::test]
async fn a_merchant_s_secret_may_be_set_and_is_not_shown() {
    const SECRET: &str = "a0a1a2a3a4a5a6a7a8a9b0b1b2b3b4b5";
    let merchant = SimMerchant::new(FIRST.appid, FIRST.mch_id, FIRST.signer(SignType::Md5)).with_app_secret(SECRET);
    let served = Served::of(vec![merchant.clone()]).await;
    let code = code(&served, FIRST.appid, 1).await;
    assert_eq!(exchange(&served, FIRST.appid, DEFAULT_APP_SECRET, &code).await, refusal(40125, "invalid appsecret"));
    assert!(format!("{:?}", served.simulator).contains("1 codes"));
    let shown = format!("{merchant:?} {:?}", served.simulator);
    assert!(!shown.contains(SECRET) && !shown.contains(&code), "{shown}");
    assert!(exchange(&served, FIRST.appid, SECRET, &code).await["openid"].is_string());
    assert_eq!(published_secret(FIRST.appid), DEFAULT_APP_SECRET);
    assert_ne!(published_secret(SECOND.appid), published_secret("wx0000000000000109"));
}
