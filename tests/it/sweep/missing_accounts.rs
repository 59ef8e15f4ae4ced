//! An account that deals need and the configuration lacks: nothing is asked or believed about its deals, an operator hears of it,
//! and an instance that has it decides them.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;
use wechat_pay::app::Service;
use wechat_pay::chance::Chance;
use wechat_pay::channel::wechat::v2::{ApiKey, SignType, Signer};

use crate::support::database::{Database, Engine};
use crate::support::http::Answer;
use crate::support::on_both_engines;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::{ACKNOWLEDGED, WeChatMessage};

/// Whose deals go through the account `default`, and whose through `shop2`.
const FIRST: i64 = 12;
const SECOND: i64 = 2;

const APPID: &str = "wx2421b1c4370ec43b";
const MCH_ID: &str = "10000200";
const KEY: &str = "8934e7d15453e97507ef794cf7b0519d";

fn with_both(database: Database) -> TestAppBuilder {
    with_shop2(with_one(database))
}

fn with_shop2(builder: TestAppBuilder) -> TestAppBuilder {
    let shop2 = [("APPID", APPID), ("MCH_ID", MCH_ID), ("API_KEY", KEY)];
    let builder = builder.set("ACCOUNTS__SHOP2__SELLERS", SECOND);
    shop2.into_iter().fold(builder, |builder, (key, value)| builder.set(&format!("ACCOUNTS__SHOP2__{key}"), value))
}

fn with_one(database: Database) -> TestAppBuilder {
    TestAppBuilder::on(database).set("METRICS__LISTEN", "127.0.0.1:0")
}

async fn try_to_pay(app: &TestApp, seller: i64, key: &str) -> Answer {
    let body = json!({"merchant_id": seller, "product_id": 34, "price": "19.90"}).to_string();
    let request = app.till.request("POST", "/wxPay/toPay").header("content-type", "application/json").header("idempotency-key", key);
    app.till.send(request.body(body)).await
}

async fn to_pay(app: &TestApp, seller: i64, key: &str) -> Order {
    let json = try_to_pay(app, seller, key).await.json();
    assert_eq!(json["code"], 0, "{json}");
    Order { id: json["order_id"].as_str().unwrap().to_owned(), code_url: json["code_url"][0].as_str().unwrap().to_owned() }
}

/// A notification of a payment to shop2, as its merchant number signs it.
fn paid_to_shop2(order: &Order) -> String {
    let signer = Signer::new(ApiKey::new(KEY).unwrap(), SignType::Md5);
    WeChatMessage::notification(&order.id, 1990).with("appid", APPID).with("mch_id", MCH_ID).signed_by(&signer)
}

async fn warnings(app: &TestApp) -> serde_json::Value {
    let ready = app.till.get("/readyz").await;
    assert_eq!(ready.status, 200, "{}", ready.body);
    ready.json()["warnings"].clone()
}

/// Waits until the watcher, which looks once a second, has told of it.
async fn is_warned_of(app: &TestApp, sentence: &str) {
    for _ in 0..500 {
        if warnings(app).await == json!([sentence]) {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("{}", warnings(app).await);
}

/// Two instances on one database: one has both accounts, the other lacks shop2. Neither sweeps by itself.
async fn beside_one_that_lacks_shop2(engine: Engine) -> (TestApp, Service) {
    let builder = with_one(Database::fresh(engine).await);
    let settings = builder.settings();
    let app = with_shop2(builder).open().await;
    let lacking = Service::start(settings, app.clock.clone(), Chance::System).await.unwrap();
    (app, lacking)
}

on_both_engines! {
    async fn the_deals_of_an_account_that_vanishes_wait_until_it_is_back(engine) {
        let app = with_both(Database::fresh(engine).await).open().await;
        to_pay(&app, FIRST, "first").await;
        let second = to_pay(&app, SECOND, "second").await;
        app.wechat().faults.reset = 1.0;
        let linkless = try_to_pay(&app, SECOND, "linkless").await.json()["order_id"].as_str().unwrap().to_owned();
        app.wechat().faults.reset = 0.0;
        app.sweep().await;
        assert_eq!(warnings(&app).await, json!(null), "both accounts are there");

        let app = with_one(app.stop().await).open().await;
        is_warned_of(&app, "2 undecided deals or refunds go through the account shop2, which is not configured").await;
        app.time_passes(310);
        app.sweep().await;
        let look = app.look().await;
        let numbers = app.numbers().await;
        assert_eq!((numbers.get("deals_without_account{account=\"shop2\"}"), numbers.get("ready")), (2.0, 1.0));
        let asked = app.all_calls();
        let stored = app.query(&second.id).await.json();
        assert_eq!(stored["trade_state"], "NOTPAY");
        assert!(stored["as_of"].is_string(), "{stored}");
        for refused in [app.close(&second.id).await, try_to_pay(&app, SECOND, "linkless").await] {
            assert_eq!((refused.status, refused.reason().as_str()), (501, "NOT_CONFIGURED"), "{}", refused.body);
            assert_eq!(refused.json()["detail"], "accounts.shop2");
        }
        let repeat = try_to_pay(&app, SECOND, "second").await.json();
        assert_eq!(repeat["code_url"][0], second.code_url, "the stored link is as good as ever");
        assert_eq!(app.till.get(&format!("/pay/{}", second.id)).await.status, 200);
        assert_eq!(app.till.get(&format!("/pay/{linkless}")).await.status, 200);
        app.notify(paid_to_shop2(&second)).await.not_believed(401, "no key here has signed it");
        let at_its_address = app.till.post("/wxPay/notify/shop2", "text/xml", paid_to_shop2(&second)).await;
        at_its_address.not_believed(401, "no account has this address");
        assert!(at_its_address.body.contains("[NO ACCOUNT]"), "{}", at_its_address.body);
        let explained = app.explain(&second.id).await;
        assert!(explained.ends_with("no notification of its payment is believed.\n") && explained.contains("until accounts.shop2 is there again"), "{explained}");
        for _ in 0..5 {
            app.time_passes(601);
            app.sweep().await;
        }
        assert_eq!(look.status(&second.id).await, 0);
        assert_eq!(app.calls("unifiedorder") + app.calls("closeorder"), 0, "WeChat is asked nothing about the deals of shop2");
        assert!(app.all_calls() > asked, "the other account's deals are looked at");
        assert_eq!(app.numbers().await.get("alarms_total{kind=\"no_account\"}"), 1.0, "it is told once");

        let app = with_both(app.stop().await).open().await;
        app.time_passes(6);
        app.sweep().await;
        assert_eq!(warnings(&app).await, json!(null), "it is back");
        assert!(!app.numbers().await.has("deals_without_account{account=\"shop2\"}"));
        let looked = format!("SELECT kind FROM deal_event WHERE order_id = '{}' AND kind = 'looked'", second.id);
        assert_eq!(app.look().await.texts(&looked).await.len(), 1, "its deals are followed at once");
        assert_eq!(app.notify(paid_to_shop2(&second)).await.body, ACKNOWLEDGED, "WeChat has repeated it");
        assert_eq!(app.look().await.status(&second.id).await, 1);
    }

    async fn an_instance_that_lacks_an_account_leaves_its_deals_to_one_that_has_it(engine) {
        let (app, lacking) = beside_one_that_lacks_shop2(engine).await;
        let order = to_pay(&app, SECOND, "second").await;
        app.payer_pays_silently(&order);
        app.time_passes(6);
        for _ in 0..2 {
            lacking.gateway.sweep_once(100).await.unwrap();
        }
        app.sweep().await;
        assert_eq!(app.look().await.status(&order.id).await, 1, "its look is taken in time");
        lacking.stop().await;
    }

    async fn however_much_is_due_of_a_missing_account_the_others_are_looked_at(engine) {
        let (app, lacking) = beside_one_that_lacks_shop2(engine).await;
        to_pay(&app, SECOND, "before").await;
        app.time_passes(1);
        to_pay(&app, FIRST, "between").await;
        app.time_passes(1);
        to_pay(&app, SECOND, "after").await;
        app.time_passes(10);
        let swept = lacking.gateway.sweep_once(1).await.unwrap();
        assert_eq!((swept.due, swept.looked), (1, 1), "one is read from each end of the line, and both are shop2's");
        lacking.stop().await;
    }
}
