//! The page of an H5 order: which browser is let in, and where it is led to afterwards.

use chrono::TimeDelta;
use wechat_pay::channel::wechat::v2::xml;
use wechat_pay::simulator::{Habits, Payer};

use super::browser::{Browser, Seen, encoded};
use super::merchants::{FIRST, Served, ask};
use super::trade_types::{NUMBER, order};

const SHOP: (&str, &str) = ("referer", "https://shop.example.com/");
const PHONE: (&str, &str) = ("user-agent", "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Mobile");
const IN_WECHAT: (&str, &str) = ("user-agent", "Mozilla/5.0 (iPhone) Mobile/15E148 MicroMessenger/8.0.50");
const BACK: &str = "https://shop.example.com:8443/pay/1?paid=maybe";

/// The path of the page that WeChat answers to an order.
async fn ordered(served: &Served, more: &[(&str, &str)]) -> String {
    let answer = served.phone.post("/pay/unifiedorder", "text/xml", order(FIRST, "MWEB", more)).await.body;
    let answer = xml::parse(answer.as_bytes()).unwrap();
    answer.get("mweb_url").unwrap().strip_prefix(&format!("http://{}", served.phone.address)).unwrap().to_owned()
}

fn is_told(seen: &Seen, text: &str, code: &str) {
    assert_eq!((seen.status, &seen.led_to), (200, &None), "{}", seen.page);
    assert!(seen.page.contains(text) && seen.page.contains(code) && !seen.page.contains("name=\"choice\""), "{text}: {}", seen.page);
}

#[tokio::test]
async fn each_refusal_has_wechat_s_text_and_code() {
    const UNREGISTERED: (&str, &str) = ("商家存在未配置的参数", "268443816");
    const NO_REFERER: (&str, &str) = ("商家参数格式有误", "268443815");
    const EXPIRED: (&str, &str) = ("支付请求已失效", "268498468");
    let served = Served::new().await;
    let (path, browser) = (ordered(&served, &[]).await, Browser::of(&served, 1));
    let to = |url: &str| format!("&redirect_url={}", encoded(url));
    for (what, more, headers, (text, code)) in [
        ("no referer", String::new(), &[PHONE][..], NO_REFERER),
        ("an empty referer", String::new(), &[PHONE, ("referer", "")], NO_REFERER),
        ("another site", String::new(), &[PHONE, ("referer", "https://other.example.com/")], UNREGISTERED),
        ("a site below", String::new(), &[PHONE, ("referer", "https://a.shop.example.com/")], UNREGISTERED),
        ("leads elsewhere", to("https://other.example.com/"), &[PHONE, SHOP], UNREGISTERED),
        ("leads to a script", to("javascript:alert(1)"), &[PHONE, SHOP], UNREGISTERED),
        ("in WeChat", String::new(), &[IN_WECHAT, SHOP], ("请在微信外打开订单", "")),
        ("another word", "x".to_owned(), &[PHONE, SHOP], EXPIRED),
    ] {
        let seen = browser.get(&format!("{path}{more}"), headers).await;
        is_told(&seen, text, code);
        assert_eq!(served.simulator.world().order(NUMBER).unwrap().payer, None, "{what}");
    }
    served.clock.advance(TimeDelta::minutes(5));
    let seen = browser.get(&path, &[PHONE, SHOP]).await;
    is_told(&seen, EXPIRED.0, EXPIRED.1);
    let fresh = ordered(&served, &[]).await;
    assert!(browser.get(&fresh, &[PHONE, SHOP]).await.page.contains("name=\"choice\""), "asked for again it is young again");
    is_told(&browser.get(&path, &[PHONE, SHOP]).await, EXPIRED.0, EXPIRED.1);
}

#[tokio::test]
async fn the_client_is_the_one_for_which_the_order_was_made() {
    for (address, checks, is_let_in) in [
        ("127.0.0.1", true, true),
        ("::1", true, true),
        ("127.0.0.9", true, true),
        ("123.12.12.123", true, false),
        ("240e:1::1", true, false),
        ("123.12.12.123", false, true),
    ] {
        let served = Served::new().await;
        served.simulator.world().habits = Habits { h5_check_address: checks, ..Habits::default() };
        let path = ordered(&served, &[("spbill_create_ip", address)]).await;
        let seen = Browser::of(&served, 1).get(&path, &[PHONE, SHOP]).await;
        if is_let_in {
            assert!(seen.page.contains("name=\"choice\""), "{address}: {}", seen.page);
        } else {
            is_told(&seen, "网络环境未能通过安全验证", "268498465");
        }
    }
}

/// Where a payer's choice leads to.
async fn chosen(browser: &Browser, path: &str, choice: &str, back: &str) -> Seen {
    let query: Vec<(String, String)> = form_urlencoded::parse(path.split_once('?').unwrap().1.as_bytes()).into_owned().collect();
    let get = |name: &str| query.iter().find(|(known, _)| known == name).unwrap().1.clone();
    let form = [("prepay_id", get("prepay_id")), ("package", get("package")), ("back", back.to_owned()), ("choice", choice.to_owned())];
    browser.post("/_wechat/checkmweb", &form.each_ref().map(|(name, value)| (*name, value.as_str()))).await
}

#[tokio::test]
async fn the_payer_sees_the_sheet_and_is_led_back() {
    for (choice, state) in [("pay", "SUCCESS"), ("cancel", "NOTPAY"), ("fail", "PAYERROR")] {
        let served = Served::new().await;
        let (path, browser) = (ordered(&served, &[]).await, Browser::of(&served, 2));
        let seen = browser.get(&format!("{path}&redirect_url={}&lang=en", encoded(BACK)), &[PHONE, SHOP]).await;
        for word in [
            "Merchant 1900000001",
            "¥0.88",
            "腾讯充值中心-QQ会员充值",
            "Wang",
            "Simulation",
            "value=\"https://shop.example.com:8443/pay/1?paid=maybe\"",
        ] {
            assert!(seen.page.contains(word), "{word}: {}", seen.page);
        }
        assert!(!seen.page.contains("{{"), "{}", seen.page);
        assert_eq!(served.simulator.world().order(NUMBER).unwrap().trade_state.as_str(), "USERPAYING");
        let led = chosen(&browser, &path, choice, BACK).await;
        assert_eq!((led.status, led.led_to.as_deref()), (303, Some(BACK)));
        let world = served.simulator.world();
        let order = world.order(NUMBER).unwrap();
        assert_eq!((order.trade_state.as_str(), order.payer), (state, Some(Payer::Second)));
    }
}

#[tokio::test]
async fn without_an_address_the_payer_goes_back_to_where_the_page_was_called() {
    let served = Served::new().await;
    let (path, browser) = (ordered(&served, &[]).await, Browser::of(&served, 1));
    let seen = browser.get(&path, &[PHONE, SHOP]).await;
    assert!(seen.page.contains("name=\"back\" value=\"https://shop.example.com/\""), "{}", seen.page);
    // A form can be written by everybody: it leads to the registered site or nowhere.
    for back in ["https://other.example.com/", "javascript:alert(1)", ""] {
        let led = chosen(&browser, &path, "cancel", back).await;
        assert_eq!((led.status, led.led_to), (200, None), "{back}");
        assert!(led.page.contains("请回到商家的页面"), "{}", led.page);
    }
}

#[tokio::test]
async fn a_page_is_one_payer_s_and_may_be_paid_once() {
    let served = Served::new().await;
    let path = ordered(&served, &[]).await;
    let (first, second) = (Browser::of(&served, 1), Browser::of(&served, 2));
    assert!(first.get(&path, &[PHONE, SHOP]).await.page.contains("name=\"choice\""));
    is_told(&second.get(&path, &[PHONE, SHOP]).await, "商家订单信息有误", "");
    is_told(&chosen(&second, &path, "pay", BACK).await, "商家订单信息有误", "");
    // One who has opened it may take some time.
    served.clock.advance(TimeDelta::minutes(60));
    assert_eq!(chosen(&first, &path, "pay", BACK).await.status, 303);
    is_told(&chosen(&first, &path, "pay", BACK).await, "该订单已支付", "");
    is_told(&first.get(&path, &[PHONE, SHOP]).await, "支付请求已失效", "268498468");
    let told = ask(&mut served.simulator.world(), "orderquery", &FIRST.about("out_trade_no", NUMBER));
    assert_eq!((told.get("trade_type"), told.get("openid")), (Some("MWEB"), Some(Payer::First.openid(FIRST.appid).as_str())));
}

#[tokio::test]
async fn an_app_s_scene_names_no_site() {
    let served = Served::new().await;
    let scene = r#"{"h5_info":{"type":"Android","app_name":"茶铺","package_name":"com.example.tea"}}"#;
    let path = ordered(&served, &[("scene_info", scene)]).await;
    let browser = Browser::of(&served, 1);
    is_told(&browser.get(&path, &[PHONE]).await, "商家参数格式有误", "268443815");
    assert!(browser.get(&path, &[PHONE, ("referer", "https://example.com/")]).await.page.contains("name=\"choice\""));
}
