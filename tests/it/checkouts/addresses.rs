//! WeChat lets a phone's browser pay from the address alone that the order was made for: who comes from another one is not led to a dead
//! end.

use wechat_pay::simulator::Payer;

use super::browser::Browser;
use super::made::{checkout, paid_at};
use crate::support::on_both_engines;
use crate::support::test_app::{TestApp, TestAppBuilder};

/// A messenger that looks at each link which is sent.
const PREVIEW: &str = "66.249.66.1";
const PAYER: &str = "203.0.113.9";

on_both_engines! {
    async fn who_comes_from_another_address_pays_in_wechat(engine) {
        let app = TestApp::open(engine).await;
        let bought = checkout(&app).await;
        let first = Browser::on_a_phone(&app).from(PREVIEW).open(&bought.page(&app)).await.h5();
        assert!(first.is_some());
        for address in [PAYER, "2001:db8::9"] {
            let page = Browser::on_a_phone(&app).from(address).open(&bought.page(&app)).await;
            assert_eq!((page.state().as_str(), page.h5(), page.has_code()), ("waiting", None, false));
            assert!(page.answer.body.contains("这笔订单要在微信里付款"), "{}", page.answer.body);
        }
        for address in [PREVIEW, "::ffff:66.249.66.1"] {
            let page = Browser::on_a_phone(&app).from(address).open(&bought.page(&app)).await;
            assert_eq!(page.h5(), first, "for {address} it is good");
        }
        assert_eq!((bought.deals(&app).await, app.calls("unifiedorder")), (vec!["MWEB 0".to_owned()], 1));

        let mut payer = Browser::in_wechat(&app, Payer::First).from(PAYER);
        let page = payer.open(&bought.page(&app)).await;
        assert_eq!(payer.pays_by_bridge(&app, &page).await["err_msg"], "get_brand_wcpay_request:ok");
        app.notified(&bought.order(&app, "JSAPI").await, 1).await;
        let page = Browser::on_a_phone(&app).from(PAYER).open(&bought.page(&app)).await;
        assert_eq!((page.state().as_str(), &*bought.query(&app).await["trade_state"].to_string()), ("paid", "\"SUCCESS\""));
    }

    async fn where_there_is_no_bridge_a_code_is_shown(engine) {
        let app = TestAppBuilder::new(engine).await.set("WECHAT__TRADE_TYPES", "NATIVE,MWEB").open().await;
        let bought = checkout(&app).await;
        Browser::on_a_phone(&app).from(PREVIEW).open(&bought.page(&app)).await;
        for _ in 0..2 {
            let page = Browser::on_a_phone(&app).from(PAYER).open(&bought.page(&app)).await;
            assert_eq!((page.state().as_str(), page.h5(), page.has_code()), ("waiting", None, true), "{}", page.answer.body);
        }
        assert_eq!((bought.deals(&app).await, app.calls("unifiedorder")), (vec!["MWEB 0".to_owned(), "NATIVE 0".to_owned()], 2));
        app.notify(paid_at(&app, &bought.order(&app, "NATIVE").await)).await.acknowledged("paid");
        assert_eq!(bought.query(&app).await["trade_state"], "SUCCESS");
    }

    async fn who_is_decided_by_is_no_matter_of_addresses(engine) {
        let app = TestAppBuilder::new(engine).await.set("WECHAT__TRADE_TYPES", "MWEB").open().await;
        let bought = checkout(&app).await;
        Browser::on_a_phone(&app).from(PREVIEW).open(&bought.page(&app)).await;
        let page = Browser::on_a_phone(&app).from(PAYER).open(&bought.page(&app)).await;
        assert_eq!((page.h5(), page.has_code()), (None, false), "there is no other way");
        app.notify(paid_at(&app, &bought.order(&app, "MWEB").await)).await.acknowledged("paid");
        assert_eq!(Browser::on_a_phone(&app).from(PAYER).open(&bought.page(&app)).await.state(), "paid");
        assert_eq!(bought.deals(&app).await, ["MWEB 1"]);
    }
}
