//! Each device gets its way to pay, opened when it is first needed, and once: however often and wherever the page is asked for.

use futures_util::future::join_all;
use wechat_pay::channel::wechat::v2::{Fields, SignType};
use wechat_pay::deal::TradeType;
use wechat_pay::simulator::Payer;

use super::browser::Browser;
use super::made::{checkout, instance, paid_at};
use crate::support::database::{Database, Engine};
use crate::support::merchant::signer;
use crate::support::on_both_engines;
use crate::support::test_app::{TestApp, TestAppBuilder};

on_both_engines! {
    async fn a_desk_a_phone_and_wechat_get_each_its_own(engine) {
        let app = TestApp::open(engine).await;
        let bought = checkout(&app).await;
        let desk = bought.at_a_desk(&app).await;
        assert_eq!((desk.state().as_str(), desk.has_code(), desk.says("checkout"), desk.says("order")), ("waiting", true, bought.id.clone(), bought.id.clone()));
        assert_eq!(bought.deals(&app).await, ["NATIVE 0"]);

        let phone = bought.on_a_phone(&app).await;
        let link = phone.h5().expect("a link to WeChat");
        let back: String = form_urlencoded::byte_serialize(format!("{}?back=h5", bought.page(&app)).as_bytes()).collect();
        assert!(phone.state() == "waiting" && !phone.has_code() && link.ends_with(&format!("&redirect_url={back}")), "{link}");
        assert_ne!(phone.answer.header("referrer-policy"), Some("no-referrer"), "WeChat wants to know from where a browser comes");

        let page = Browser::in_wechat(&app, Payer::Second).open(&bought.page(&app)).await;
        let params = page.pay_params().expect("a bridge");
        let fields: Fields = ["appId", "timeStamp", "nonceStr", "package", "signType"].iter().map(|name| (*name, params[*name].as_str().unwrap())).collect();
        assert_eq!(params["paySign"], signer(SignType::Md5).sign(&fields));
        assert_eq!(bought.deals(&app).await, ["JSAPI 0", "MWEB 0", "NATIVE 0"]);
        let look = app.look().await;
        for expires_at in look.texts("SELECT CAST(expires_at AS CHAR(19)) FROM deal").await {
            assert_eq!(expires_at.as_deref(), Some("2026-04-01 14:00:00"), "none is payable longer than the checkout");
        }
        assert_eq!((app.calls("unifiedorder"), bought.column(&app, "attempts").await.as_deref()), (3, Some("3")));
    }

    async fn each_way_pays_it(engine) {
        let app = TestApp::open(engine).await;
        let (by_code, by_h5, by_bridge) = (checkout(&app).await, checkout(&app).await, checkout(&app).await);
        by_code.at_a_desk(&app).await;
        app.payer_pays(&by_code.order(&app, "NATIVE").await).await;

        let mut phone = Browser::on_a_phone(&app);
        let link = phone.open(&by_h5.page(&app)).await.h5().unwrap();
        let led = phone.pays_by_h5(&link, &by_h5.page(&app)).await;
        assert_eq!(led.status, 303, "{}", led.body);

        let mut payer = Browser::in_wechat(&app, Payer::Third);
        let page = payer.open(&by_bridge.page(&app)).await;
        assert_eq!(payer.pays_by_bridge(&app, &page).await["err_msg"], "get_brand_wcpay_request:ok");

        for (bought, way) in [(by_code, "NATIVE"), (by_h5, "MWEB"), (by_bridge, "JSAPI")] {
            let order = bought.order(&app, way).await;
            app.notified(&order, 1).await;
            let told = bought.query(&app).await;
            assert_eq!((told["trade_state"].as_str(), told["order_id"].as_str(), told["paid_at"].as_str()), (Some("SUCCESS"), Some(&*order.id), Some("2026-04-01T12:00:00+08:00")), "{told}");
            assert_eq!((bought.deals(&app).await, bought.column(&app, "paid_by").await), (vec![format!("{way} 1")], Some(order.id.clone())));
            for page in [bought.at_a_desk(&app).await, bought.on_a_phone(&app).await, Browser::in_wechat(&app, Payer::First).open(&bought.page(&app)).await] {
                assert_eq!((page.state().as_str(), page.led.len()), ("paid", 0), "on every device, without a login");
                assert!(page.answer.body.contains(&order.id), "the receipt names the order");
            }
        }
    }

    async fn however_many_ask_at_once_on_however_many_instances_a_way_is_opened_once(engine) {
        let wechat = TestApp::open(Engine::Sqlite).await;
        let app = instance(TestAppBuilder::on(Database::fresh(engine).await), &wechat).open().await;
        let other = instance(TestAppBuilder::new(Engine::Sqlite).await, &wechat).set("DATABASE__URL", &app.database.url).open().await;
        wechat.wechat().faults.latency_ms = 200;
        let bought = checkout(&app).await;
        let mut payer = Browser::in_wechat(&app, Payer::First);
        payer.open(&bought.site()).await;
        assert_eq!(wechat.calls("unifiedorder"), 1);
        let visits = (0..18).map(|n| {
            let (at, bought, payer) = (if n % 2 == 0 { &app } else { &other }, &bought, &payer);
            async move {
                let mut browser = match n % 3 {
                    0 => Browser::at_a_desk(at),
                    1 => Browser::on_a_phone(at),
                    _ => payer.at(at),
                };
                browser.open(&bought.site()).await
            }
        });
        for page in join_all(visits).await {
            assert_eq!(page.state(), "waiting", "{}", page.answer.body);
        }
        assert_eq!(bought.deals(&app).await, ["JSAPI 0", "MWEB 0", "NATIVE 0"]);
        assert_eq!(wechat.calls("unifiedorder"), 3);
    }

    async fn a_phone_whose_shop_has_no_h5_is_told_to_open_wechat(engine) {
        let app = TestAppBuilder::new(engine).await.set("WECHAT__TRADE_TYPES", "NATIVE,JSAPI").open().await;
        let bought = checkout(&app).await;
        let page = bought.on_a_phone(&app).await;
        assert_eq!((page.state().as_str(), page.h5(), page.has_code(), page.pay_params()), ("waiting", None, false, None));
        assert!(page.answer.body.contains("这笔订单要在微信里付款"), "{}", page.answer.body);
        assert_eq!((app.all_calls(), app.look().await.count().await), (0, 0), "nothing is opened for it");
        assert_eq!(bought.query(&app).await["trade_state"], "NOTPAY");

        let only_codes = TestAppBuilder::new(engine).await.set("WECHAT__TRADE_TYPES", "NATIVE").open().await;
        let bought = checkout(&only_codes).await;
        for mut browser in [Browser::on_a_phone(&only_codes), Browser::in_wechat(&only_codes, Payer::First)] {
            let page = browser.open(&bought.page(&only_codes)).await;
            assert!(page.has_code() && page.led.is_empty(), "another phone scans it");
        }
        assert_eq!(bought.deals(&only_codes).await, ["NATIVE 0"]);
    }

    async fn an_h5_link_is_renewed_while_the_deal_stays(engine) {
        let app = TestApp::open(engine).await;
        let bought = checkout(&app).await;
        let first = bought.on_a_phone(&app).await.h5();
        app.time_passes(239);
        assert_eq!(bought.on_a_phone(&app).await.h5(), first);
        app.time_passes(2);
        let second = bought.on_a_phone(&app).await.h5();
        assert!(second.is_some() && second != first);
        assert_eq!((bought.deals(&app).await, app.calls("unifiedorder")), (vec!["MWEB 0".to_owned()], 2));
    }

    async fn a_way_that_wechat_refuses_leaves_the_others(engine) {
        let app = TestApp::open(engine).await;
        app.wechat().habits.trade_types = vec![TradeType::Native];
        let bought = checkout(&app).await;
        let phone = bought.on_a_phone(&app).await;
        assert_eq!((phone.state().as_str(), phone.h5()), ("waiting", None), "it is told to open WeChat");
        let in_wechat = Browser::in_wechat(&app, Payer::First).open(&bought.page(&app)).await;
        assert!(in_wechat.state() == "waiting" && in_wechat.has_code(), "where another phone can scan it: {}", in_wechat.answer.body);
        let desk = bought.at_a_desk(&app).await;
        assert!(desk.state() == "waiting" && desk.has_code());
        app.payer_pays(&bought.order(&app, "NATIVE").await).await;
        assert_eq!(bought.query(&app).await["trade_state"], "SUCCESS");
    }

    async fn nothing_is_opened_once_it_is_paid_closed_or_over(engine) {
        let app = TestApp::open(engine).await;
        let (paid, closed, over) = (checkout(&app).await, checkout(&app).await, checkout(&app).await);
        paid.at_a_desk(&app).await;
        let order = paid.order(&app, "NATIVE").await;
        app.notify(paid_at(&app, &order)).await.acknowledged("paid");
        assert_eq!(closed.close(&app).await.json()["code"], 0);
        let asked = app.all_calls();
        for (bought, state) in [(&paid, "paid"), (&closed, "closed")] {
            for mut browser in [Browser::at_a_desk(&app), Browser::on_a_phone(&app), Browser::in_wechat(&app, Payer::First)] {
                let page = browser.open(&bought.page(&app)).await;
                assert_eq!((page.state().as_str(), page.led.len()), (state, 0));
            }
        }
        app.time_passes(7200);
        for mut browser in [Browser::at_a_desk(&app), Browser::on_a_phone(&app), Browser::in_wechat(&app, Payer::First)] {
            let page = browser.open(&over.page(&app)).await;
            assert_eq!((page.state().as_str(), page.led.len()), ("expired", 0));
        }
        assert_eq!((app.look().await.count().await, app.all_calls()), (1, asked));
        assert_eq!(over.query(&app).await["trade_state"], "CLOSED");
        assert_eq!(closed.query(&app).await["trade_state"], "CLOSED");
    }
}
