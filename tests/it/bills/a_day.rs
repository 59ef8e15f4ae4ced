//! A day of a shop, and the morning after: payments in every way, refunds of every kind, a checkout that was paid twice, and other systems
//! under the same merchant number.

use serde_json::json;
use wechat_pay::deal::Fen;
use wechat_pay::simulator::{DEFAULT_MERCHANT, Payer};

use super::shop::{DAY, Shop, in_words};
use crate::checkouts::browser::Browser;
use crate::checkouts::made::{checkout, instance, paid_at};
use crate::refunds::books::{at_wechat, refund_directly, states};
use crate::refunds::by_others::notified;
use crate::simulator::merchants::FIRST;
use crate::support::database::{Database, Engine};
use crate::support::on_both_engines;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};

const NEXT_DAY: &str = "2026-04-02";

/// A second account of the merchant number: another appid, through which seller 13 is paid.
const SHOP2: [(&str, &str); 3] =
    [("APPID", "wx0000000000000022"), ("MCH_ID", DEFAULT_MERCHANT.mch_id), ("API_KEY", DEFAULT_MERCHANT.api_key)];

fn with_shop2(builder: TestAppBuilder, place: &str) -> TestAppBuilder {
    SHOP2.into_iter().fold(builder, |builder, (key, value)| builder.set(&format!("{place}__{key}"), value))
}

/// The shop, on a WeChat that tells nobody of anything.
async fn opened(engine: Engine) -> (TestApp, Shop) {
    let wechat = with_shop2(TestAppBuilder::new(Engine::Sqlite).await, "SIMULATOR__MERCHANTS__SECOND").open().await;
    let builder = with_shop2(instance(TestAppBuilder::on(Database::fresh(engine).await), &wechat), "ACCOUNTS__SHOP2");
    let builder = builder.set("ACCOUNTS__SHOP2__SELLERS", "13").set("BILL__FOREIGN_PREFIXES", "ERP-");
    let shop = Shop::of(builder).await;
    (wechat, shop)
}

/// An order of 19.90 yuan that is paid in this way, and heard of.
async fn paid(wechat: &TestApp, app: &TestApp, seller: i64, trade_type: &str) -> Order {
    let mut wish = json!({"merchant_id": seller, "product_id": 34, "price": "19.90", "trade_type": trade_type});
    if trade_type == "JSAPI" {
        wish["openid"] = json!(Payer::First.openid(DEFAULT_MERCHANT.appid));
    }
    let told = app.till.post_json("/wxPay/toPay", &wish).await.json();
    let order = Order { id: told["order_id"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned(), code_url: String::new() };
    wechat.payer_pays_silently(&order);
    assert_eq!(app.trade_state(&order.id).await, "SUCCESS", "{trade_type}");
    order
}

/// Another system under the merchant number sells something.
fn others_sell(wechat: &TestApp, number: &str, fee: &str) {
    let now = wechat.clock.now();
    let mut world = wechat.wechat();
    world.call("unifiedorder", FIRST.unified_order(number, fee).as_bytes(), now).unwrap();
    world.pay(number, None, None, now).unwrap();
}

/// A checkout that is paid by its code and in WeChat.
async fn paid_twice(wechat: &TestApp, app: &TestApp) -> Order {
    let bought = checkout(app).await;
    for mut browser in [Browser::at_a_desk(app), Browser::in_wechat(app, Payer::First)] {
        browser.open(&bought.site()).await;
    }
    let (first, second) = (bought.order(app, "NATIVE").await, bought.order(app, "JSAPI").await);
    for order in [&first, &second] {
        app.notify(paid_at(wechat, order)).await;
    }
    for _ in 0..3 {
        app.sweep().await;
        app.time_passes(121);
    }
    assert_eq!((states(app, &first).await.len(), states(app, &second).await.len()), (0, 1), "the second one goes back by itself");
    second
}

on_both_engines! {
    async fn it_agrees_but_for_what_nobody_here_has_sold(engine) {
        let (wechat, shop) = opened(engine).await;
        let app = &shop.app;
        let of_the_day_before = paid(&wechat, app, 12, "NATIVE").await;
        app.time_passes(86_400);

        let mut sold = Vec::new();
        for trade_type in ["NATIVE", "JSAPI", "MWEB", "APP"] {
            sold.push(paid(&wechat, app, 12, trade_type).await);
        }
        let of_shop2 = paid(&wechat, app, 13, "NATIVE").await;
        assert_eq!(app.look().await.value(&of_shop2.id, "account").await.as_deref(), Some("shop2"));
        refund_directly(app, &sold[0], "part", 500).await;
        wechat.wechat().faults.refund_delay_s = 400_000;
        refund_directly(app, &sold[1], "on its way", 700).await;
        wechat.wechat().faults.refund_delay_s = 2;
        wechat.wechat().refund_by_hand(&sold[2].id, Fen::new(300), wechat.clock.now()).unwrap();
        let by_staff = at_wechat(&wechat, &sold[2]).pop().unwrap().0;
        notified(app, &sold[2], &by_staff).await.acknowledged("it is booked");
        refund_directly(app, &of_the_day_before, "late", 1990).await;
        let second = paid_twice(&wechat, app).await;
        others_sell(&wechat, "ERP-1", "100");
        others_sell(&wechat, "OTHER-1", "200");

        shop.morning();
        assert_eq!(shop.look().await, 14, "seven days of each account");
        let yesterday = shop.bill_of(DAY, "default").await;
        assert_eq!((&yesterday["state"], &yesterday["payments"], &yesterday["refunds"]), (&json!("AGREED"), &json!(1), &json!(0)), "{yesterday}");
        for account in ["default", "shop2"] {
            let bill = shop.bill_of(NEXT_DAY, account).await;
            let expected = json!({
                "date": NEXT_DAY, "account": account, "state": "DIFFERENT", "payments": 9, "paid_fee": 7 * 1990 + 300,
                "refunds": 5, "refunded_fee": 500 + 700 + 300 + 1990 + 1990,
                // 12 fen of each payment of 19.90 yuan, and of what went back.
                "fee": (7 * 12 + 1 + 1 - 3 - 4 - 2 - 12 - 12) * 1000, "differences": 3, "open": 1,
            });
            assert_eq!(bill, expected, "one merchant number, one bill");
        }
        let mut differences = shop.differences_on(NEXT_DAY).await;
        differences.retain(|difference| difference["account"] == "default");
        differences.sort_by_key(|difference| difference["order_id"].to_string());
        let told = differences.iter().map(|one| (one["order_id"].as_str().unwrap(), in_words(one), one["sentence"].as_str().unwrap()));
        let expected = [
            (second.id.as_str(), "PAID_THERE_ONLY EXPLAINED -/1990", "属于重复付款，这一笔会退还付款人，无需处理"),
            ("ERP-1", "UNKNOWN_ORDER EXPLAINED -/100", "它属于其他系统，这里无需处理"),
            ("OTHER-1", "UNKNOWN_ORDER OPEN -/200", "请把它的前缀写进 bill.foreign_prefixes；否则请查清是谁收的款"),
        ];
        for ((order_id, words, sentence), expected) in told.zip(expected) {
            assert_eq!((order_id, &*words), (expected.0, expected.1));
            assert!(sentence.contains(expected.2), "{sentence}");
        }
        assert_eq!(differences.len(), 3);
        let quiet = shop.bills("2026-03-26", "2026-03-31").await;
        assert!(quiet.len() == 10 && quiet.iter().all(|bill| bill["state"] == "NO_TRADES"), "{quiet:?}");
        let calls = wechat.calls("downloadbill");
        assert_eq!((calls, shop.look().await, wechat.calls("downloadbill")), (14, 0, 14), "once a day and account");
    }

    async fn a_day_on_which_all_is_in_order_is_agreed_and_its_file_is_kept_as_it_came(engine) {
        let shop = Shop::open(engine).await;
        let app = &shop.app;
        let order = app.to_pay("19.90").await;
        app.payer_pays(&order).await;
        refund_directly(app, &order, "first", 500).await;
        assert_eq!(shop.look().await, 7);
        assert!(shop.bills(DAY, DAY).await.is_empty(), "the day is not over");
        app.time_passes(22 * 3600 + 1799);
        assert_eq!(shop.look().await, 1, "its bill is not there before half past ten; of the day before there was none in the evening either");
        app.time_passes(1);
        assert_eq!(shop.look().await, 1);
        assert_eq!((shop.state().await, shop.differs().await), (("AGREED".to_owned(), 0, 0), Vec::new()));
        let file = shop.get(&format!("/wxPay/bills/{DAY}/file")).await;
        assert_eq!((file.status, file.header("content-type")), (200, Some("application/gzip")), "{}", file.body);
        let sum = app.look().await.texts("SELECT sha256 FROM bill_file WHERE kind = 'trade'").await;
        assert_eq!(file.header("x-sha256"), sum[0].as_deref());
    }
}
