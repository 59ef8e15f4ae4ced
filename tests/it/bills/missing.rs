//! A bill that is not to be had: why is said, it is asked for again hourly, and whatever was known of it stays.

use serde_json::{Value, json};
use wechat_pay::gateway::Fetch;
use wechat_pay::simulator::BillTrap;

use super::shop::{DAY, Shop};
use crate::refunds::books::refund_directly;
use crate::support::on_both_engines;
use crate::telling::told::told;

const AN_HOUR: i64 = 3600;

/// With an order that is paid, on the morning after.
async fn after_a_day(engine: crate::support::database::Engine) -> Shop {
    let shop = Shop::open(engine).await;
    let order = shop.app.to_pay("19.90").await;
    shop.app.payer_pays(&order).await;
    shop.morning();
    shop
}

/// What was told of the day's bill.
async fn told_of_bill(shop: &Shop) -> Vec<Value> {
    let bills =
        told(&shop.app).await.into_iter().filter(|(event_type, data)| event_type == "bill.reconciled" && data["bill"]["date"] == DAY);
    bills.map(|(_, data)| data["bill"]["state"].clone()).collect()
}

on_both_engines! {
    async fn it_is_asked_for_every_hour_until_it_comes(engine) {
        let shop = after_a_day(engine).await;
        let app = &shop.app;
        let nothing = (0.0, 0.0);
        let mut asked = 0;
        for (traps, (html, reset), detail) in [
            (&[BillTrap::NoBill][..], nothing, "WeChat says that there is no bill, and the books have payments"),
            (&[BillTrap::Creating], nothing, "WeChat is still making the bill of that day"),
            (&[BillTrap::SystemError], nothing, "WeChat could not make the bill now"),
            (&[], (1.0, 0.0), "the answer is no bill"),
            (&[], (0.0, 1.0), "connection broke"),
            (&[BillTrap::BrokenOff], nothing, "the bill cannot be read"),
            (&[BillTrap::Cut], nothing, "the file has no summary: it was cut"),
        ] {
            {
                let mut wechat = app.wechat();
                wechat.habits.bill_traps = traps.to_vec();
                (wechat.faults.html, wechat.faults.reset) = (html, reset);
            }
            let looked = shop.look().await;
            let bill = shop.bill().await;
            assert_eq!((&bill["state"], &bill["payments"]), (&json!("MISSING"), &json!(0)), "{bill}");
            assert!(bill["detail"].as_str().unwrap().contains(detail), "{detail}: {bill}");
            assert!(looked >= 1, "{detail}");
            app.time_passes(AN_HOUR - 1);
            asked = app.calls("downloadbill");
            assert_eq!((shop.look().await, app.calls("downloadbill")), (0, asked), "{detail}: not before an hour has passed");
            app.time_passes(1);
        }
        {
            let mut wechat = app.wechat();
            wechat.habits.bill_traps.clear();
            (wechat.faults.html, wechat.faults.reset) = (0.0, 0.0);
        }
        assert_eq!((shop.look().await, app.calls("downloadbill")), (1, asked + 1));
        assert_eq!((shop.state().await, shop.bill().await.get("detail")), (("AGREED".to_owned(), 2, 0), None), "what a cut file left is healed");
        app.time_passes(AN_HOUR);
        assert_eq!((shop.look().await, told_of_bill(&shop).await), (0, vec![json!("AGREED")]));
    }

    async fn a_day_without_trades_is_believed_where_the_books_have_none(engine) {
        let shop = Shop::open(engine).await;
        let app = &shop.app;
        let order = app.to_pay("19.90").await;
        app.payer_pays(&order).await;
        app.time_passes(86_400);
        refund_directly(app, &order, "first", 500).await;
        shop.morning();
        app.wechat().habits.bill_traps = vec![BillTrap::NoBill];
        shop.look().await;
        let states = |bills: Vec<Value>| bills.iter().map(|bill| bill["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(states(shop.bills("2026-03-31", "2026-04-02").await), ["MISSING", "MISSING", "NO_TRADES"], "a refund alone is a trade");
    }

    async fn it_is_given_up_after_seven_days_and_an_operator_can_still_have_it(engine) {
        let shop = after_a_day(engine).await;
        let app = &shop.app;
        app.wechat().habits.bill_traps = vec![BillTrap::Creating];
        shop.look().await;
        // Seven days behind its own, a minute before midnight.
        app.time_passes(6 * 86_400 + 13 * AN_HOUR + 29 * 60);
        shop.look().await;
        assert!(told_of_bill(&shop).await.is_empty(), "it may come yet");
        app.time_passes(AN_HOUR);
        shop.look().await;
        assert_eq!((shop.state().await.0, told_of_bill(&shop).await), ("MISSING".to_owned(), vec![json!("MISSING")]));
        app.wechat().habits.bill_traps.clear();
        app.time_passes(2 * AN_HOUR);
        shop.look().await;
        assert_eq!(shop.state().await.0, "MISSING", "nobody asks any more");
        let missing = app.gateway().store().missing_days(DAY.parse().unwrap(), DAY.parse().unwrap()).await.unwrap();
        assert_eq!(missing.len(), 1, "and it is counted: {missing:?}");
        shop.reconcile(DAY, Fetch::IfMissing).await.unwrap();
        assert_eq!((shop.state().await.0, told_of_bill(&shop).await), ("AGREED".to_owned(), vec![json!("MISSING"), json!("AGREED")]));
    }

    async fn what_is_fetched_again_by_hand_in_vain_leaves_what_was_known(engine) {
        let shop = after_a_day(engine).await;
        shop.reconcile_with(&[BillTrap::WrongAmount]).await.unwrap();
        let known = (shop.bill().await, shop.differences_on(DAY).await);
        let file = shop.get(&format!("/wxPay/bills/{DAY}/file")).await;
        assert_eq!((&known.0["state"], file.status), (&json!("DIFFERENT"), 200));
        for trap in [BillTrap::NoBill, BillTrap::Creating, BillTrap::SystemError, BillTrap::BrokenOff, BillTrap::Cut] {
            let told = shop.reconcile_with(&[trap]).await;
            assert!(told.is_err(), "{trap:?}: {told:?}");
            assert_eq!((shop.bill().await, shop.differences_on(DAY).await), known, "{trap:?}");
            let kept = shop.get(&format!("/wxPay/bills/{DAY}/file")).await;
            assert_eq!(kept.header("x-sha256"), file.header("x-sha256"), "{trap:?}: the file as well");
            assert_eq!(shop.look().await, if trap == BillTrap::NoBill { 6 } else { 0 }, "{trap:?}: the other days once, and nothing of this one");
            shop.reconcile(DAY, Fetch::IfMissing).await.unwrap();
            assert_eq!(shop.state().await.0, "DIFFERENT", "{trap:?}: it can still be held against the books");
        }
    }

    async fn a_day_of_which_it_is_known_that_there_were_no_trades_stays_so(engine) {
        let shop = after_a_day(engine).await;
        shop.look().await;
        assert_eq!(shop.bill_of("2026-03-31", "default").await["state"], "NO_TRADES");
        shop.app.wechat().faults.html = 1.0;
        assert!(shop.reconcile("2026-03-31", Fetch::Again).await.is_err());
        let bill = shop.bill_of("2026-03-31", "default").await;
        assert_eq!((&bill["state"], bill.get("detail")), (&json!("NO_TRADES"), None), "{bill}");
        shop.app.time_passes(AN_HOUR);
        assert_eq!(shop.look().await, 0);
    }
}
