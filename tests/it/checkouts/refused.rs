//! What WeChat has just refused, a page does not ask for again: strangers may open a page as often as they like.

use serde_json::json;
use wechat_pay::deal::TradeType;

use super::made::checkout;
use crate::support::database::Look;
use crate::support::on_both_engines;
use crate::support::test_app::{TestApp, TestAppBuilder};

async fn refusals(look: &Look) -> usize {
    look.column("SELECT kind FROM deal_event WHERE kind = 'link_refused'", "kind").await.len()
}

on_both_engines! {
    async fn a_page_asks_again_after_a_pause(engine) {
        let app = TestApp::open(engine).await;
        app.wechat().habits.trade_types = vec![TradeType::Native, TradeType::Jsapi];
        let (bought, look) = (checkout(&app).await, app.look().await);
        for (pause, asked) in [(0, 1), (9, 1), (1, 2), (9, 2), (1, 3)] {
            app.time_passes(pause);
            for _ in 0..5 {
                let page = bought.on_a_phone(&app).await;
                assert_eq!((page.state().as_str(), page.h5()), ("waiting", None));
                assert!(page.answer.body.contains("这笔订单要在微信里付款"), "{}", page.answer.body);
            }
            assert_eq!((app.calls("unifiedorder"), refusals(&look).await), (asked, usize::try_from(asked).unwrap()));
        }
        app.wechat().habits.trade_types.push(TradeType::Mweb);
        app.time_passes(10);
        assert!(bought.on_a_phone(&app).await.h5().is_some(), "once the merchant may");
        assert_eq!(bought.deals(&app).await, ["MWEB 0"]);
    }

    async fn a_phone_without_a_bridge_gets_a_code(engine) {
        let app = TestAppBuilder::new(engine).await.set("WECHAT__TRADE_TYPES", "NATIVE,MWEB").open().await;
        app.wechat().habits.trade_types = vec![TradeType::Native];
        let bought = checkout(&app).await;
        for _ in 0..3 {
            let page = bought.on_a_phone(&app).await;
            assert!(page.state() == "waiting" && page.has_code(), "{}", page.answer.body);
        }
        assert_eq!((bought.deals(&app).await, app.calls("unifiedorder")), (vec!["MWEB 0".to_owned(), "NATIVE 0".to_owned()], 2));
    }

    async fn an_order_s_own_page_pauses_and_its_caller_does_not(engine) {
        let app = TestAppBuilder::new(engine).await.set("WECHAT__TRADE_TYPES", "NATIVE,MWEB").open().await;
        app.wechat().habits.trade_types = vec![TradeType::Native];
        let wish = json!({"merchant_id": 12, "product_id": 34, "price": "19.90", "trade_type": "MWEB"});
        let ask = async || {
            let request = app.till.request("POST", "/wxPay/toPay").header("content-type", "application/json").header("idempotency-key", "cart-7");
            app.till.send(request.body(wish.to_string())).await
        };
        let told = ask().await.refused(200, "WECHAT_REFUSED", None, "not opened");
        let page = format!("/pay/{}", told["order_id"].as_str().unwrap());
        for _ in 0..5 {
            assert!(app.till.get(&page).await.body.contains("data-state=\"trouble\""));
        }
        assert_eq!(app.calls("unifiedorder"), 1);
        ask().await.refused(200, "WECHAT_REFUSED", None, "still not");
        assert_eq!(app.calls("unifiedorder"), 2, "a merchant's own caller knows why it asks again");
        app.time_passes(10);
        app.till.get(&page).await;
        assert_eq!((app.calls("unifiedorder"), refusals(&app.look().await).await), (3, 3));
    }
}
