//! Ways to pay: a page in WeChat (JSAPI), a phone's browser (MWEB) and an app (APP), beside the code to scan.

use futures_util::future::join_all;
use serde_json::{Value, json};
use wechat_pay::channel::wechat::v2::{Fields, SignType};
use wechat_pay::deal::TradeType;
use wechat_pay::simulator::{DEFAULT_MERCHANT, Payer, published_secret};

use crate::checkouts::browser::{Browser, SITE};
use crate::checkouts::made::{checkout, instance, paid_at};
use crate::support::database::{Database, Engine};
use crate::support::http::Answer;
use crate::support::listener::{Heard, Listener};
use crate::support::merchant::signer;
use crate::support::on_both_engines;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::telling::told::{telling, told};

const OF_A_PAGE: [&str; 6] = ["appId", "timeStamp", "nonceStr", "package", "signType", "paySign"];
const OF_AN_APP: [&str; 7] = ["appid", "partnerid", "prepayid", "package", "noncestr", "timestamp", "sign"];
/// Of another merchant of this WeChat's.
const OTHER_APPID: &str = "wx0000000000000002";

async fn builder(engine: Engine) -> TestAppBuilder {
    TestAppBuilder::new(engine).await.set("WECHAT__TRADE_TYPES", "NATIVE,JSAPI,MWEB,APP")
}

async fn open(engine: Engine) -> TestApp {
    builder(engine).await.open().await
}

fn openid(payer: Payer) -> String {
    payer.openid(DEFAULT_MERCHANT.appid)
}

/// What is asked for in this way.
fn wish(trade_type: &str) -> Value {
    let mut wish = json!({"merchant_id": 12, "product_id": 34, "price": "19.90", "trade_type": trade_type});
    if trade_type == "JSAPI" {
        wish["openid"] = json!(openid(Payer::First));
    }
    wish
}

async fn to_pay(app: &TestApp, key: &str, wish: &Value) -> Answer {
    let request = app.till.request("POST", "/wxPay/toPay").header("content-type", "application/json").header("idempotency-key", key);
    app.till.send(request.body(wish.to_string())).await
}

fn order(answer: &Answer) -> Order {
    assert_eq!((answer.status, &answer.json()["code"]), (200, &json!(0)), "{}", answer.body);
    Order { id: answer.json()["order_id"].as_str().unwrap().to_owned(), code_url: String::new() }
}

/// The parameters, after they were found to be texts of these names, signed by this algorithm.
fn pay_params(answer: &Answer, names: &[&'static str], sign_type: SignType) -> Value {
    let params = answer.json()["pay_params"].clone();
    let (sign, signed) = names.split_last().unwrap();
    assert_eq!(params.as_object().unwrap().len(), names.len(), "{params}");
    let fields: Fields = signed.iter().map(|name| (*name, params[*name].as_str().expect("a text"))).collect();
    assert_eq!(params[*sign].as_str(), Some(signer(sign_type).sign(&fields).as_str()), "{params}");
    params
}

fn payables(answer: &Answer) -> Vec<&'static str> {
    ["code_url", "mweb_url", "pay_params"].into_iter().filter(|name| answer.json().get(name).is_some()).collect()
}

on_both_engines! {
    async fn each_way_gives_what_its_device_needs_and_is_paid_by_that(engine) {
        let app = open(engine).await;
        let (wechat, payer) = (app.phone(), Browser::in_wechat(&app, Payer::First));

        let jsapi = app.till.post_json("/wxPay/toPay", &wish("JSAPI")).await;
        let params = pay_params(&jsapi, &OF_A_PAGE, SignType::Md5);
        let now = app.clock.now().timestamp().to_string();
        assert_eq!((params["appId"].as_str(), params["timeStamp"].as_str(), params["signType"].as_str()), (Some(DEFAULT_MERCHANT.appid), Some(&*now), Some("MD5")));
        assert_eq!(payer.invokes(&wechat, "invoke", &params).await, json!({"err_msg": "get_brand_wcpay_request:ok"}));

        let of_app = app.till.post_json("/wxPay/toPay", &wish("APP")).await;
        let params = pay_params(&of_app, &OF_AN_APP, SignType::Md5);
        assert_eq!((params["partnerid"].as_str(), params["package"].as_str()), (Some(DEFAULT_MERCHANT.mch_id), Some("Sign=WXPay")));
        assert_eq!(payer.invokes(&wechat, "app", &params).await, json!({"errCode": 0}));

        let mweb = app.till.post_json("/wxPay/toPay", &wish("MWEB")).await;
        let page = format!("http://{}/pay/{}", app.till.address, order(&mweb).id);
        let led = Browser::on_a_phone(&app).pays_by_h5(mweb.json()["mweb_url"].as_str().unwrap(), &page).await;
        assert_eq!((led.status, led.header("location")), (303, Some(&*page)), "{}", led.body);

        let native = app.till.post_json("/wxPay/toPay", &wish("NATIVE")).await;
        app.payer_pays(&order(&native)).await;

        let look = app.look().await;
        for (answer, given, columns) in [
            (&jsapi, "pay_params", [Some("JSAPI"), None, None, Some("prepay_id")]),
            (&of_app, "pay_params", [Some("APP"), None, None, Some("prepay_id")]),
            (&mweb, "mweb_url", [Some("MWEB"), None, Some("mweb_url"), None]),
            (&native, "code_url", [None, Some("code_url"), None, None]),
        ] {
            let order = order(answer);
            assert_eq!(payables(answer), [given]);
            app.notified(&order, 1).await;
            assert_eq!(app.trade_state(&order.id).await, "SUCCESS", "{given}");
            let stored = join_all(["trade_type", "code_url", "mweb_url", "prepay_id"].map(|column| look.value(&order.id, column))).await;
            assert_eq!(stored[0].as_deref(), columns[0]);
            assert_eq!(stored[1..].iter().map(Option::is_some).collect::<Vec<_>>(), columns[1..].iter().map(Option::is_some).collect::<Vec<_>>());
            assert_eq!(look.status(&order.id).await, 1);
        }
        let prepay_id = look.value(&order(&jsapi).id, "prepay_id").await.unwrap();
        assert_eq!(jsapi.json()["pay_params"]["package"], format!("prepay_id={prepay_id}"));
    }

    async fn a_repeat_is_signed_anew_and_asks_nobody_and_another_way_or_payer_is_none(engine) {
        let app = open(engine).await;
        for (trade_type, names, [package, time, nonce]) in [("JSAPI", &OF_A_PAGE[..], ["package", "timeStamp", "nonceStr"]), ("APP", &OF_AN_APP, ["prepayid", "timestamp", "noncestr"])] {
            let first = to_pay(&app, trade_type, &wish(trade_type)).await;
            let before = pay_params(&first, names, SignType::Md5);
            app.time_passes(3000);
            let asked = app.all_calls();
            let again = to_pay(&app, trade_type, &wish(trade_type)).await;
            let after = pay_params(&again, names, SignType::Md5);
            assert_eq!((order(&first), &before[package], app.all_calls()), (order(&again), &after[package], asked));
            assert_ne!((&before[nonce], &before["paySign"]), (&after[nonce], &json!("")));
            assert_eq!(after[time], app.clock.now().timestamp().to_string());
        }
        let mut foreign = wish("JSAPI");
        foreign["openid"] = json!(openid(Payer::Second));
        to_pay(&app, "JSAPI", &foreign).await.refused(409, "IDEMPOTENCY_CONFLICT", Some("openid"), "another payer");
        for other in ["NATIVE", "MWEB", "APP"] {
            to_pay(&app, "JSAPI", &wish(other)).await.refused(409, "IDEMPOTENCY_CONFLICT", Some("trade_type"), other);
        }
        to_pay(&app, "APP", &wish("JSAPI")).await.refused(409, "IDEMPOTENCY_CONFLICT", Some("trade_type"), "and back");
        let unsaid = json!({"merchant_id": 12, "product_id": 34, "price": "19.90"});
        order(&to_pay(&app, "NATIVE", &unsaid).await);
        assert_eq!(order(&to_pay(&app, "NATIVE", &wish("NATIVE")).await), order(&to_pay(&app, "NATIVE", &unsaid).await), "NATIVE need not be said");
    }

    async fn a_browser_s_link_is_asked_for_again_after_four_minutes_and_not_before(engine) {
        let app = open(engine).await;
        let link = async || to_pay(&app, "cart-7", &wish("MWEB")).await.json()["mweb_url"].as_str().unwrap().to_owned();
        let first = link().await;
        app.time_passes(239);
        assert_eq!((link().await, app.calls("unifiedorder")), (first.clone(), 1));
        app.time_passes(2);
        let fresh = join_all((0..5).map(|_| link())).await;
        assert!(fresh.iter().all(|link| *link == fresh[0] && *link != first), "{fresh:?}");
        assert_eq!((app.calls("unifiedorder"), app.wechat().orders().count()), (2, 1), "once, by the identical request");
        assert_eq!(app.look().await.count().await, 1);
        app.time_passes(239);
        assert_eq!((link().await, app.calls("unifiedorder")), (fresh[0].clone(), 2), "from when it was given");

        // While WeChat does not answer, the one that is too old is not shown in its place.
        app.time_passes(2);
        app.wechat().faults.reset = 1.0;
        for _ in 0..2 {
            to_pay(&app, "cart-7", &wish("MWEB")).await.refused(502, "UPSTREAM", None, "WeChat is away");
        }
        app.wechat().faults.reset = 0.0;
        let last = link().await;
        assert!(last != fresh[0] && last != first);
        assert_eq!(app.look().await.value(&order(&to_pay(&app, "cart-7", &wish("MWEB")).await).id, "mweb_url").await, Some(last));
    }

    async fn an_order_is_handed_over_by_the_algorithm_that_it_was_sent_with(engine) {
        let wechat = open(Engine::Sqlite).await;
        for (old, new) in [(SignType::Md5, SignType::HmacSha256), (SignType::HmacSha256, SignType::Md5)] {
            let by = |database, sign_type: SignType| instance(TestAppBuilder::on(database), &wechat).set("WECHAT__SIGN_TYPE", sign_type.as_str());
            let before = by(Database::fresh(engine).await, old).open().await;
            let (page, of_app) = (to_pay(&before, "page", &wish("JSAPI")).await, to_pay(&before, "app", &wish("APP")).await);
            let app = by(before.stop().await, new).open().await;
            let payer = Browser::in_wechat(&app, Payer::First);
            let params = pay_params(&to_pay(&app, "page", &wish("JSAPI")).await, &OF_A_PAGE, old);
            assert_eq!((params["signType"].as_str(), &params["package"]), (Some(old.as_str()), &page.json()["pay_params"]["package"]));
            assert_eq!(payer.invokes(&wechat.phone(), "invoke", &params).await["err_msg"], "get_brand_wcpay_request:ok");
            let params = pay_params(&to_pay(&app, "app", &wish("APP")).await, &OF_AN_APP, old);
            assert_eq!(payer.invokes(&wechat.phone(), "app", &params).await["errCode"], 0);
            let after = pay_params(&app.till.post_json("/wxPay/toPay", &wish("JSAPI")).await, &OF_A_PAGE, new);
            assert_eq!(after["signType"], new.as_str());
            for answer in [&page, &of_app] {
                assert_eq!(app.trade_state(&order(answer).id).await, "SUCCESS");
            }
        }
    }

    async fn wechat_s_refusals_are_told_with_its_words(engine) {
        let other = [("APPID", OTHER_APPID), ("MCH_ID", "1900000002"), ("API_KEY", "8934e7d15453e97507ef794cf7b0519d")];
        let builder = other.iter().fold(builder(engine).await, |builder, (key, value)| builder.set(&format!("SIMULATOR__MERCHANTS__OTHER__{key}"), value));
        let app = builder.open().await;
        app.wechat().habits.mweb_without_url = true;
        let mut foreign = wish("JSAPI");
        foreign["openid"] = json!(Payer::First.openid(OTHER_APPID));
        for (key, wish, words) in [("mweb", wish("MWEB"), "mweb_url"), ("openid", foreign, "appid与openid不匹配")] {
            for _ in 0..2 {
                let told = to_pay(&app, key, &wish).await.refused(200, "WECHAT_REFUSED", None, key);
                assert!(told["detail"].as_str().unwrap().contains(words) && told["order_id"].is_string(), "{told}");
            }
        }
        app.wechat().habits.trade_types = vec![TradeType::Native];
        let told = app.till.post_json("/wxPay/toPay", &wish("APP")).await.refused(200, "WECHAT_REFUSED", None, "no permission");
        assert_eq!(told["detail"], "NOAUTH: 商户无此接口权限");
        app.wechat().habits.mweb_without_url = false;
        app.wechat().habits.trade_types = TradeType::ALL.to_vec();
        assert_eq!(payables(&to_pay(&app, "mweb", &wish("MWEB")).await), ["mweb_url"], "once WeChat allows it");
    }

    async fn back_ends_and_pages_are_told_of_each_way_alike(engine) {
        let app = telling(builder(engine).await).open().await;
        let order = order(&app.till.post_json("/wxPay/toPay", &wish("JSAPI")).await);
        let mut listener = Listener::to(&app.till, &order.id).await;
        assert_eq!(listener.next(std::time::Duration::from_secs(3)).await.word(), "NOTPAY");
        let notification = paid_at(&app, &order);
        app.notify(notification.clone()).await.acknowledged("paid");
        app.notify(notification).await.acknowledged("again");
        assert_eq!(listener.next(std::time::Duration::from_secs(3)).await.word(), "SUCCESS");
        assert_eq!(listener.next(std::time::Duration::from_secs(3)).await, Heard::End);
        let [(event_type, data)] = told(&app).await.try_into().unwrap();
        assert_eq!((&*event_type, &data["deal"]["trade_type"], &data["deal"]["checkout_id"]), ("deal.paid", &json!("JSAPI"), &Value::Null));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_way_needs_is_asked_for_and_what_it_does_not_know_refused() {
    let app = open(Engine::Sqlite).await;
    let long = "x".repeat(129);
    for (trade_type, openid, field) in [
        ("JSAPI", Value::Null, "openid"),
        ("JSAPI", json!(""), "openid"),
        ("JSAPI", json!("o A"), "openid"),
        ("JSAPI", json!("付款人"), "openid"),
        ("JSAPI", json!("o<b>"), "openid"),
        ("JSAPI", json!(long), "openid"),
        ("JSAPI", json!(7), "openid"),
        ("MWEB", json!("oUpF8uMEb4qRXf22hE3X68TekukE"), "openid"),
        ("APP", json!("oUpF8uMEb4qRXf22hE3X68TekukE"), "openid"),
        ("MICROPAY", Value::Null, "trade_type"),
        ("jsapi", Value::Null, "trade_type"),
        ("", Value::Null, "trade_type"),
    ] {
        let mut wish = json!({"merchant_id": 12, "product_id": 34, "price": "19.90", "trade_type": trade_type});
        if !openid.is_null() {
            wish["openid"] = openid;
        }
        app.till.post_json("/wxPay/toPay", &wish).await.refused(400, "INVALID_PARAMETER", Some(field), &wish.to_string());
    }
    assert_eq!((app.look().await.count().await, app.all_calls()), (0, 0));
    // Callers of the original may send what means nothing for a code.
    let wish = json!({"merchant_id": 12, "product_id": 34, "price": "19.90", "openid": {"of": "whom"}});
    assert_eq!(app.till.post_json("/wxPay/toPay", &wish).await.json()["ignored"], json!(["openid"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_way_that_an_account_does_not_have_is_not_set_up_there() {
    let unset = TestApp::open(Engine::Sqlite).await;
    for trade_type in ["JSAPI", "MWEB", "APP"] {
        let told = unset.till.post_json("/wxPay/toPay", &wish(trade_type)).await.refused(501, "NOT_CONFIGURED", None, trade_type);
        assert_eq!(told["detail"], "wechat.trade_types");
    }
    assert_eq!(unset.look().await.count().await, 0);

    let shop2 = [
        ("ACCOUNTS__SHOP2__APPID", "wx0000000000000002"),
        ("ACCOUNTS__SHOP2__MCH_ID", "1900000002"),
        ("ACCOUNTS__SHOP2__API_KEY", "abcdef0123456789abcdef0123456789"),
        ("ACCOUNTS__SHOP2__SELLERS", "13"),
        ("ACCOUNTS__SHOP2__TRADE_TYPES", "NATIVE,APP"),
    ];
    let builder = instance(TestAppBuilder::new(Engine::Sqlite).await, &unset);
    let app = shop2.into_iter().fold(builder, |builder, (key, value)| builder.set(key, value)).open().await;
    let mut of_13 = wish("JSAPI");
    of_13["merchant_id"] = json!(13);
    let told = app.till.post_json("/wxPay/toPay", &of_13).await.refused(501, "NOT_CONFIGURED", None, "an account of its own");
    assert_eq!(told["detail"], "accounts.shop2.trade_types");
    let told = pay_params(&app.till.post_json("/wxPay/toPay", &wish("JSAPI")).await, &OF_A_PAGE, SignType::Md5);
    assert_eq!(told["appId"], DEFAULT_MERCHANT.appid);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_s_order_names_the_site_and_the_payer_s_own_address() {
    let wechat = open(Engine::Sqlite).await;
    let builder = instance(TestAppBuilder::new(Engine::Sqlite).await, &wechat).set("PAGE__MERCHANT_NAME", "微茶");
    let app = builder.open().await;
    let request =
        app.till.request("POST", "/wxPay/toPay").header("content-type", "application/json").header("x-forwarded-for", "203.0.113.7");
    let order = order(&app.till.send(request.body(wish("MWEB").to_string())).await);
    let world = wechat.wechat();
    let sent = world.order(&order.id).unwrap();
    assert_eq!(sent.parameter("spbill_create_ip"), Some("203.0.113.7"));
    let scene = format!("{{\"h5_info\":{{\"type\":\"Wap\",\"wap_url\":\"{SITE}\",\"wap_name\":\"微茶\"}}}}");
    assert_eq!(sent.parameter("scene_info"), Some(&*scene));
}

/// A service provider's sub-merchant, which has an appid of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sub_merchant_s_payer_is_known_and_pays_in_its_own_appid() {
    const SUB_APPID: &str = "wx0000000000000109";
    let provider = [("APPID", "wx0000000000000003"), ("MCH_ID", "1900000003"), ("API_KEY", "0f1e2d3c4b5a69788796a5b4c3d2e1f0")];
    let merchant = |builder: TestAppBuilder, section: &str| {
        provider.iter().fold(builder, |builder, (key, value)| builder.set(&format!("{section}__{key}"), value))
    };
    let wechat = merchant(TestAppBuilder::new(Engine::Sqlite).await, "SIMULATOR__MERCHANTS__PROVIDER");
    let wechat = wechat.set("SIMULATOR__MERCHANTS__PROVIDER__SUB_MERCHANTS", format!("1900000109:{SUB_APPID}")).open().await;
    let builder = merchant(instance(TestAppBuilder::new(Engine::Sqlite).await, &wechat), "ACCOUNTS__SHOP2");
    let browser = format!("http://{}/_wechat", wechat.phone().address);
    let own = [
        ("SUB_MCH_ID", "1900000109"),
        ("SUB_APPID", SUB_APPID),
        ("SELLERS", "12"),
        ("APP_SECRET", &published_secret(SUB_APPID)),
        ("OAUTH_BASE_URL", &browser),
        ("OAUTH_API_BASE_URL", &browser),
    ];
    let app = own.iter().fold(builder, |builder, (key, value)| builder.set(&format!("ACCOUNTS__SHOP2__{key}"), value)).open().await;

    let mut of_its_own = wish("JSAPI");
    of_its_own["openid"] = json!(Payer::First.openid(SUB_APPID));
    let answer = app.till.post_json("/wxPay/toPay", &of_its_own).await;
    let mut payer = Browser::in_wechat(&app, Payer::First);
    assert_eq!(answer.json()["pay_params"]["appId"], SUB_APPID, "{}", answer.body);
    let paid = payer.invokes(&wechat.phone(), "invoke", &answer.json()["pay_params"]).await;
    assert_eq!(paid["err_msg"], "get_brand_wcpay_request:ok", "{paid}");
    assert_eq!(app.trade_state(&order(&answer).id).await, "SUCCESS");
    assert_eq!(app.look().await.value(&order(&answer).id, "account").await.as_deref(), Some("shop2"));

    let bought = checkout(&app).await;
    let page = payer.open(&bought.site()).await;
    assert!(page.led[0].contains(&format!("?appid={SUB_APPID}&")), "{:?}", page.led);
    assert_eq!(payer.pays_by_bridge(&wechat, &page).await["err_msg"], "get_brand_wcpay_request:ok");
    assert_eq!(bought.query(&app).await["trade_state"], "SUCCESS");
}
