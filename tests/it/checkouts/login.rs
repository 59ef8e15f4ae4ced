//! OAuth2 inside WeChat: who a payer is, learned once, for one browser and one checkout.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Url;
use wechat_pay::simulator::{DEFAULT_APP_SECRET, DEFAULT_MERCHANT, OauthFault, Payer};

use super::browser::Browser;
use super::made::{Checkout, checkout, instance};
use crate::support::database::Engine;
use crate::support::http::Answer;
use crate::support::on_both_engines;
use crate::support::test_app::{TestApp, TestAppBuilder};

/// Where codes are exchanged.
const EXCHANGE: &str = "/_wechat/sns/oauth2/access_token";

pub fn exchanges(app: &TestApp) -> u64 {
    app.wechat().calls(EXCHANGE)
}

/// Where a browser that has been led to WeChat comes back to, with WeChat's code.
pub async fn led_back(browser: &mut Browser, bought: &Checkout, app: &TestApp) -> String {
    let to_wechat = browser.ask(&bought.page(app)).await;
    browser.ask(to_wechat.header("location").expect("led to WeChat")).await.header("location").expect("and back").to_owned()
}

/// The same with another value.
pub fn with(url: &str, name: &str, value: &str) -> String {
    let mut url: Url = url.parse().unwrap();
    let pairs: Vec<_> = url
        .query_pairs()
        .map(|(known, own)| (known.to_string(), if known == name { value.to_owned() } else { own.into_owned() }))
        .collect();
    url.query_pairs_mut().clear().extend_pairs(pairs);
    url.into()
}

pub fn query(url: &str, name: &str) -> String {
    Url::parse(url).unwrap().query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// Nobody reads in it who the payer is, or what the merchant's secret is.
#[track_caller]
pub fn tells_nothing(answer: &Answer) {
    let location = answer.header("location").unwrap_or_default();
    for secret in ["oSIMULATED", DEFAULT_APP_SECRET] {
        assert!(!answer.body.contains(secret) && !location.contains(secret), "{location} {}", answer.body);
    }
}

pub fn payer_cookie(browser: &mut Browser) -> &mut (String, String, String) {
    browser.cookies.iter_mut().find(|(name, ..)| name == "wechat_pay_payer").expect("a payer's cookie")
}

on_both_engines! {
    async fn a_payer_is_led_to_wechat_and_back_and_pays(engine) {
        let app = TestApp::open(engine).await;
        let bought = checkout(&app).await;
        let mut payer = Browser::in_wechat(&app, Payer::Second);
        let page = payer.open(&format!("{}?lang=en", bought.page(&app))).await;
        let [to_wechat, back, to_page] = &page.led[..] else { panic!("{:?}", page.led) };
        let state = query(to_wechat, "state");
        let callback: String = form_urlencoded::byte_serialize(format!("{}/openid?lang=en", bought.page(&app)).as_bytes()).collect();
        let expected = format!(
            "http://{}/_wechat/connect/oauth2/authorize?appid={}&redirect_uri={callback}&response_type=code&scope=snsapi_base&state={state}#wechat_redirect",
            app.phone().address, DEFAULT_MERCHANT.appid
        );
        assert_eq!(*to_wechat, expected, "WeChat's parameters in WeChat's order, and the fragment");
        assert!(state.len() == 65 && state.bytes().all(|b| b.is_ascii_alphanumeric()), "{state}");
        assert_eq!((query(back, "state"), query(back, "lang"), to_page.as_str()), (state, "en".to_owned(), &*format!("../{}?lang=en", bought.id)));
        assert!(page.answer.body.contains("Pay now"), "in the language that was chosen");
        tells_nothing(&page.answer);

        let openid = Payer::Second.openid(DEFAULT_MERCHANT.appid);
        let order = bought.order(&app, "JSAPI").await;
        assert_eq!(app.wechat().order(&order.id).unwrap().parameter("openid"), Some(&*openid));
        let again = payer.open(&bought.page(&app)).await;
        assert_eq!((again.led.len(), exchanges(&app), app.calls("unifiedorder")), (0, 1, 1), "the browser is known from then on");
        assert_eq!(payer.pays_by_bridge(&app, &again).await["err_msg"], "get_brand_wcpay_request:ok");
        app.notified(&order, 1).await;
        let paid = payer.open(&bought.page(&app)).await;
        assert_eq!(paid.state(), "paid");
        tells_nothing(&paid.answer);
    }

    async fn one_code_is_exchanged_once_however_often_a_browser_brings_it(engine) {
        let app = TestApp::open(engine).await;
        let bought = checkout(&app).await;
        let mut browser = Browser::in_wechat(&app, Payer::First);
        let back = led_back(&mut browser, &bought, &app).await;
        let again = || {
            let (mut browser, back) = (browser.clone(), back.clone());
            async move { (browser.ask(&back).await, payer_cookie(&mut browser).clone()) }
        };
        app.wechat().faults.latency_ms = 100;
        let mut came = join_all((0..5).map(|_| again())).await;
        app.time_passes(20);
        came.push(again().await);
        for (answer, cookie) in &came {
            assert_eq!((answer.status, answer.header("location"), cookie), (302, Some(&*format!("../{}", bought.id)), &came[0].1));
            tells_nothing(answer);
        }
        assert_eq!(exchanges(&app), 1);
    }

    async fn a_second_payer_at_the_same_checkout_does_not_get_the_first_one_s_order(engine) {
        let app = TestApp::open(engine).await;
        let bought = checkout(&app).await;
        let mut first = Browser::in_wechat(&app, Payer::First);
        let page = first.open(&bought.page(&app)).await;
        let taken = Browser::in_wechat(&app, Payer::Second).open(&bought.page(&app)).await;
        assert_ne!(taken.state(), "waiting", "it is taken");
        assert_eq!((taken.pay_params(), taken.has_code(), taken.h5()), (None, false, None));
        tells_nothing(&taken.answer);
        assert_eq!(bought.deals(&app).await, ["JSAPI 0"]);
        assert_eq!(first.pays_by_bridge(&app, &page).await["err_msg"], "get_brand_wcpay_request:ok", "the first one pays");
        app.notified(&bought.order(&app, "JSAPI").await, 1).await;
        assert_eq!(Browser::in_wechat(&app, Payer::Second).open(&bought.page(&app)).await.state(), "paid");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_login_s_cookies_are_for_this_page_alone_and_no_script() {
    let app = TestApp::open(Engine::Sqlite).await;
    let bought = checkout(&app).await;
    let mut browser = Browser::in_wechat(&app, Payer::First);
    let to_wechat = browser.ask(&bought.page(&app)).await;
    let back = browser.ask(to_wechat.header("location").unwrap()).await.header("location").unwrap().to_owned();
    let home = browser.ask(&back).await;
    for (answer, name) in [(&to_wechat, "wechat_pay_state"), (&home, "wechat_pay_payer")] {
        let cookie = answer.header("set-cookie").unwrap();
        assert!(cookie.starts_with(&format!("{name}=")) && cookie.contains(&format!("; Path=/pay/{}; ", bought.id)), "{cookie}");
        assert!(cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
        assert_eq!(
            (answer.status, answer.header("cache-control"), answer.header("referrer-policy")),
            (302, Some("no-store"), Some("no-referrer"))
        );
    }
    let real = instance(TestAppBuilder::new(Engine::Sqlite).await, &app).open().await;
    let bought = checkout(&real).await;
    let led = Browser::in_wechat(&real, Payer::First).ask(&bought.site()).await;
    assert!(led.header("set-cookie").unwrap().ends_with("; Secure"), "where the page is https");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_brings_no_state_or_another_one_is_nobody() {
    let app = TestApp::open(Engine::Sqlite).await;
    let (bought, other) = (checkout(&app).await, checkout(&app).await);
    let mut victim = Browser::in_wechat(&app, Payer::First);
    let back = led_back(&mut victim, &bought, &app).await;
    // Somebody else's browser gets the victim's link, or the victim that of somebody else.
    let mut stranger = Browser::in_wechat(&app, Payer::Second);
    let strange_back = led_back(&mut stranger, &bought, &app).await;
    let elsewhere = led_back(&mut stranger, &other, &app).await;
    let without = Browser::in_wechat(&app, Payer::Second);
    // A cookie that no page of this checkout's has given: another one's, and such as anybody makes up.
    let planted = |state: &str| {
        let mut browser = Browser::in_wechat(&app, Payer::Second);
        browser.cookies.push(("wechat_pay_state".to_owned(), state.to_owned(), format!("/pay/{}", bought.id)));
        browser
    };
    let (of_other, own) = (query(&elsewhere, "state"), query(&back, "state"));
    let begun_more_often = format!("1{}", &own[1..]);
    for (mut browser, url) in [
        (without.clone(), back.clone()),
        (stranger.clone(), back.clone()),
        (victim.clone(), strange_back),
        (victim.clone(), with(&back, "state", "")),
        (victim.clone(), with(&back, "code", "")),
        (victim.clone(), with(&back, "code", "a b")),
        (victim.clone(), with(&back, "code", &"x".repeat(129))),
        (victim.clone(), back.split_once('?').unwrap().0.to_owned()),
        (planted(&of_other), back.clone()),
        (planted(&of_other), with(&back, "state", &of_other)),
        (planted(""), with(&back, "state", "")),
        (planted("9abc"), with(&back, "state", "9abc")),
        (planted(&own[..33]), with(&back, "state", &own[..33])),
        (planted(&begun_more_often), with(&back, "state", &begun_more_often)),
        (victim.clone(), elsewhere.replace(&other.id, &bought.id)),
    ] {
        let answer = browser.ask(&url).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (400, None), "{url}: {}", answer.body);
        assert!(answer.body.contains(&format!("href=\"../{}\"", bought.id)), "with a way to begin anew: {}", answer.body);
        tells_nothing(&answer);
    }
    assert_eq!((exchanges(&app), app.look().await.count().await), (0, 0), "no code was spent for them");
    assert_eq!(victim.ask(&back).await.status, 302, "and the victim's own is good");
    let unknown = back.replace(&bought.id, "C20260401120000000000000000000000");
    assert_eq!(victim.ask(&unknown).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_is_worth_nothing_begins_the_login_anew_at_most_three_times() {
    let app = TestApp::open(Engine::Sqlite).await;
    let bought = checkout(&app).await;
    let mut browser = Browser::in_wechat(&app, Payer::First);
    // Another program has spent it: 40163.
    let back = led_back(&mut browser, &bought, &app).await;
    let spend = format!(
        "{EXCHANGE}?appid={}&secret={DEFAULT_APP_SECRET}&code={}&grant_type=authorization_code",
        DEFAULT_MERCHANT.appid,
        query(&back, "code")
    );
    assert!(app.phone().get(&spend).await.body.contains("openid"));
    let mut anew = browser.ask(&back).await;
    for n in 1..3 {
        tells_nothing(&anew);
        let to_wechat = anew.header("location").expect("led to WeChat again").to_owned();
        let back = browser.ask(&to_wechat).await.header("location").unwrap().to_owned();
        assert_ne!(query(&back, "state"), "", "a state of its own each time");
        // And one that WeChat never gave: 40029.
        anew = browser.ask(&with(&back, "code", &format!("never{n}"))).await;
    }
    assert_eq!((anew.status, anew.header("location")), (502, None), "{}", anew.body);
    tells_nothing(&anew);
    assert_eq!(browser.open(&bought.page(&app)).await.state(), "waiting", "the payer opens the page again, and it works");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_s_reader_is_no_payer() {
    let app = TestApp::open(Engine::Sqlite).await;
    let bought = checkout(&app).await;
    let page = Browser::in_wechat(&app, Payer::SnapshotVisitor).open(&bought.page(&app)).await;
    assert!(page.answer.status == 403 && page.answer.body.contains("使用完整服务"), "{}", page.answer.body);
    tells_nothing(&page.answer);
    assert_eq!((app.look().await.count().await, app.all_calls()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_another_checkout_or_an_altered_one_is_nobody_s() {
    let app = TestApp::open(Engine::Sqlite).await;
    let (bought, other) = (checkout(&app).await, checkout(&app).await);
    let mut browser = Browser::in_wechat(&app, Payer::First);
    browser.open(&bought.page(&app)).await;
    let (_, token, _) = payer_cookie(&mut browser).clone();
    let (openid, tag) = token.rsplit_once('.').unwrap();
    let second = Payer::Second.openid(DEFAULT_MERCHANT.appid);
    for (at, altered) in [
        (&other, token.clone()),
        (&bought, format!("{second}.{tag}")),
        (&bought, format!("{openid}.{}", tag.chars().rev().collect::<String>())),
        (&bought, openid.to_owned()),
        (&bought, format!("{openid}.")),
        (&bought, String::new()),
    ] {
        let mut forger = Browser::in_wechat(&app, Payer::Second);
        forger.cookies.push(("wechat_pay_payer".to_owned(), altered.clone(), format!("/pay/{}", at.id)));
        let answer = forger.ask(&at.page(&app)).await;
        assert!(
            answer.status == 302 && answer.header("location").unwrap().contains("/connect/oauth2/authorize"),
            "{altered}: {}",
            answer.body
        );
    }
    assert_eq!((bought.deals(&app).await, other.deals(&app).await.len()), (vec!["JSAPI 0".to_owned()], 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_wechat_s_login_is_slow_or_out_of_order_a_payer_is_answered_in_time() {
    let app = TestApp::open(Engine::Sqlite).await;
    for fault in [OauthFault::Slow, OauthFault::Error] {
        let bought = checkout(&app).await;
        let mut browser = Browser::in_wechat(&app, Payer::First);
        app.wechat().faults.oauth = fault;
        let back = led_back(&mut browser, &bought, &app).await;
        let answer = browser.ask(&back).await;
        let took = answer.took;
        assert!(answer.status == 502 && took < Duration::from_secs(8), "{fault:?} {took:?}: {}", answer.body);
        assert!(answer.body.contains(&format!("href=\"../{}\"", bought.id)), "{}", answer.body);
        tells_nothing(&answer);
        app.wechat().faults.oauth = OauthFault::Normal;
        assert_eq!(browser.clone().open(&bought.page(&app)).await.state(), "waiting", "once it is well again");
        assert_eq!(browser.open(&back).await.state(), "waiting", "and by a reload, too");
    }
}
