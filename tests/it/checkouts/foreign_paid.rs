//! A deal of a checkout is marked as paid by a program that knows no checkouts: the original, or this service before there were any. It
//! pays its checkout all the same, and no other deal does.

use serde_json::json;
use wechat_pay::deal::TradeType;
use wechat_pay::simulator::Payer;

use super::browser::Browser;
use super::cut::{id, insert_attempt, new_checkout, pay_attempt};
use super::made::{Checkout, checkout, paid_at, try_checkout};
use crate::database::accounts::{now, number, opened};
use crate::refunds::books::{alarms, states};
use crate::support::database::{Database, Look};
use crate::support::on_both_engines;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::transaction_id;
use crate::telling::told::{telling, told, told_of};

/// As the original does, which does not say by which payment.
async fn marked(look: &Look, order_id: &str) {
    look.run(&format!("UPDATE deal SET status = 1, update_at = '2026-04-01 12:03:00' WHERE order_id = '{order_id}'")).await;
}

/// As this service did, which writes what WeChat has signed.
async fn settled(look: &Look, order_id: &str) {
    let transaction = transaction_id(order_id);
    look.run(&format!(
        "UPDATE deal SET status = 1, transaction_id = '{transaction}', transaction_key = '{transaction}', due_at = NULL, \
         update_at = '2026-04-01 12:03:00' WHERE order_id = '{order_id}'"
    ))
    .await;
}

/// With a code and a way for phones.
async fn with_two_ways(app: &TestApp) -> (Checkout, Order, Order) {
    let bought = checkout(app).await;
    assert_eq!((bought.at_a_desk(app).await.state(), bought.on_a_phone(app).await.state()), ("waiting".to_owned(), "waiting".to_owned()));
    let (code, h5) = (bought.order(app, "NATIVE").await, bought.order(app, "MWEB").await);
    (bought, code, h5)
}

on_both_engines! {
    async fn its_checkout_is_paid_and_nobody_begins_to_pay_it(engine) {
        let app = TestApp::open(engine).await;
        let made = try_checkout(&app.till, Some("cart-7"), &json!({})).await.json();
        let bought = Checkout { id: made["checkout_id"].as_str().unwrap().to_owned() };
        bought.at_a_desk(&app).await;
        let order = bought.order(&app, "NATIVE").await;
        marked(&app.look().await, &order.id).await;
        let asked = app.all_calls();
        let told = bought.query(&app).await;
        assert_eq!((told["trade_state"].as_str(), told["order_id"].as_str()), (Some("SUCCESS"), Some(&*order.id)), "{told}");
        for mut browser in [Browser::at_a_desk(&app), Browser::on_a_phone(&app), Browser::in_wechat(&app, Payer::First)] {
            let page = browser.open(&bought.page(&app)).await;
            assert_eq!((page.state().as_str(), page.led.len()), ("paid", 0));
        }
        app.time_passes(300);
        assert_eq!(bought.close(&app).await.refused(200, "ORDER_PAID", None, "paid")["order_id"], order.id);
        assert_eq!(try_checkout(&app.till, Some("cart-7"), &json!({})).await.refused(200, "ORDER_PAID", None, "paid")["order_id"], order.id);
        assert_eq!((bought.deals(&app).await, bought.column(&app, "given_up_at").await, app.all_calls()), (vec!["NATIVE 1".to_owned()], None, asked));
    }

    async fn a_second_payment_beside_one_that_wechat_signed_goes_back(engine) {
        let app = telling(TestAppBuilder::new(engine).await).open().await;
        let (bought, code, h5) = with_two_ways(&app).await;
        settled(&app.look().await, &code.id).await;
        let second = paid_at(&app, &h5);
        for _ in 0..2 {
            app.notify(second.clone()).await.not_believed(409, "the second");
        }
        assert_eq!((bought.deals(&app).await, states(&app, &h5).await), (vec!["MWEB 2".to_owned(), "NATIVE 1".to_owned()], vec!["PROCESSING".to_owned()]));
        for _ in 0..4 {
            app.sweep().await;
            app.time_passes(121);
        }
        assert_eq!((states(&app, &h5).await, states(&app, &code).await), (vec!["SUCCESS".to_owned()], vec![]));
        assert_eq!((told_of(&app, &h5).await, alarms(&app, "money").await), (vec!["refund.succeeded".to_owned()], 0.0));
        assert_eq!(bought.query(&app).await["order_id"], code.id);
    }

    async fn beside_one_of_which_no_payment_is_known_a_second_is_an_operator_s(engine) {
        let app = telling(TestAppBuilder::new(engine).await).open().await;
        let (bought, code, h5) = with_two_ways(&app).await;
        marked(&app.look().await, &code.id).await;
        let second = paid_at(&app, &h5);
        for _ in 0..2 {
            app.notify(second.clone()).await.not_believed(409, "the second");
        }
        assert_eq!((bought.deals(&app).await, states(&app, &h5).await), (vec!["MWEB 2".to_owned(), "NATIVE 1".to_owned()], vec![]), "it may be the only one");
        assert_eq!((told_of(&app, &h5).await, alarms(&app, "money").await), (vec!["alarm money".to_owned()], 1.0));
    }

    async fn once_its_payment_is_told_it_is_stored_as_the_checkout_s(engine) {
        let app = telling(TestAppBuilder::new(engine).await).open().await;
        let (bought, code, h5) = with_two_ways(&app).await;
        let look = app.look().await;
        app.time_passes(120);
        app.sweep().await;
        assert!(look.value(&h5.id, "due_at").await.as_deref() > Some("2026-04-01 12:02:00"), "the other was looked at");
        marked(&look, &code.id).await;
        let notification = paid_at(&app, &code);
        for _ in 0..2 {
            app.notify(notification.clone()).await.acknowledged("the payment that the other program did not name");
        }
        assert_eq!((bought.column(&app, "paid_by").await, told_of(&app, &code).await), (Some(code.id.clone()), vec!["deal.paid".to_owned()]));
        assert_eq!(look.value(&h5.id, "due_at").await.as_deref(), Some("2026-04-01 12:02:00"), "and is at once again");
        app.notify(paid_at(&app, &h5)).await.not_believed(409, "the second");
        assert_eq!((states(&app, &h5).await, bought.deals(&app).await), (vec!["PROCESSING".to_owned()], vec!["MWEB 2".to_owned(), "NATIVE 1".to_owned()]));
    }

    async fn of_the_others_nothing_is_told_when_they_end(engine) {
        let app = telling(TestAppBuilder::new(engine).await).open().await;
        let (bought, code, _) = with_two_ways(&app).await;
        marked(&app.look().await, &code.id).await;
        app.time_passes(7300);
        for _ in 0..3 {
            app.sweep().await;
            app.time_passes(300);
        }
        assert_eq!((bought.deals(&app).await, told(&app).await), (vec!["MWEB 2".to_owned(), "NATIVE 1".to_owned()], vec![]));
        assert_eq!(bought.query(&app).await["trade_state"], "SUCCESS");
    }

    async fn no_turn_is_taken_beside_it(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        for (n, trade_type) in [(0, TradeType::Native), (1, TradeType::Jsapi)] {
            let (first, second) = (format!("first-{n}"), format!("second-{n}"));
            store.insert_checkout(new_checkout(n)).await.unwrap();
            let other = if trade_type == TradeType::Native { TradeType::Jsapi } else { TradeType::Native };
            for (order_id, trade_type) in [(&first, trade_type), (&second, other)] {
                assert!(insert_attempt(&store, n, order_id, trade_type).await.unwrap());
            }
            marked(&look, &first).await;
            assert!(!insert_attempt(&store, n, &format!("third-{n}"), TradeType::Mweb).await.unwrap(), "none is opened");
            assert!(!store.give_up_checkout(&id(n), now(), now()).await.unwrap(), "it is not given up");
            assert!(!pay_attempt(&store, &second).await, "nor paid again");
            assert_eq!((look.status(&first).await, look.status(&second).await), (1, 0));
            assert_eq!(store.find_checkout(&id(n)).await.unwrap().unwrap().paid_by, Some(number(&first)));
            let found = store.find_checkouts([&id(n)]).await.unwrap();
            assert_eq!(found.into_iter().map(|checkout| checkout.paid_by).collect::<Vec<_>>(), [Some(number(&first))]);
        }
    }
}
