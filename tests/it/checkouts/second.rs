//! A checkout is paid twice, by two devices: one payment counts, and the other goes back by itself, whatever `refund.automatic` says.

use futures_util::future::join_all;
use serde_json::json;
use wechat_pay::simulator::{Payer, RefundState};

use super::browser::Browser;
use super::made::{Checkout, checkout, instance, paid_at};
use crate::refunds::books::{alarms, states, stored};
use crate::support::database::{Database, Engine};
use crate::support::http::Answer;
use crate::support::on_both_engines;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::{ACKNOWLEDGED, WeChatMessage};
use crate::telling::told::{telling, told, told_of};

/// The wire, on which the two instances meet one database.
struct Shop {
    wechat: TestApp,
    app: TestApp,
    other: TestApp,
}

impl Shop {
    async fn new(engine: Engine) -> Self {
        let wechat = TestApp::open(Engine::Sqlite).await;
        let app = instance(telling(TestAppBuilder::on(Database::fresh(engine).await)), &wechat).open().await;
        let other =
            instance(telling(TestAppBuilder::new(Engine::Sqlite).await), &wechat).set("DATABASE__URL", &app.database.url).open().await;
        Self { wechat, app, other }
    }

    /// One with a code and a bridge.
    async fn opened(&self) -> Checkout {
        let bought = checkout(&self.app).await;
        for mut browser in [Browser::at_a_desk(&self.app), Browser::in_wechat(&self.app, Payer::First)] {
            assert_eq!(browser.open(&bought.site()).await.state(), "waiting");
        }
        bought
    }

    /// Follows until whatever is due has come to its end.
    async fn followed(&self) {
        for _ in 0..4 {
            self.app.sweep().await;
            self.app.time_passes(121);
        }
        self.app.sweep().await;
    }

    /// After both were paid: the winner and the loser, of whom one refund is on its way, and nobody need look.
    async fn judged(&self, bought: &Checkout) -> (Order, Order) {
        let (code, bridge) = (bought.order(&self.app, "NATIVE").await, bought.order(&self.app, "JSAPI").await);
        let paid_by = bought.column(&self.app, "paid_by").await.expect("paid");
        let (winner, loser) = if paid_by == code.id { (code, bridge) } else { (bridge, code) };
        let look = self.app.look().await;
        assert_eq!((look.status(&winner.id).await, look.status(&loser.id).await), (1, 2));
        assert_eq!(states(&self.app, &winner).await, [""; 0]);
        let columns = ["source", "refund_fee", "of_second_payment", "transaction_id"];
        let row = join_all(columns.map(|column| stored(&self.app, &loser, column))).await.concat();
        let transaction = self.wechat.wechat().order(&loser.id).unwrap().transaction_id.clone();
        assert_eq!(row, [Some("automatic".to_owned()), Some("1990".to_owned()), Some("1".to_owned()), transaction]);
        assert_eq!((alarms(&self.app, "money").await, alarms(&self.other, "money").await), (0.0, 0.0), "nobody need look");
        (winner, loser)
    }
}

/// WeChat repeats what was not acknowledged, until it is heard.
async fn heard(app: &TestApp, notification: &str) -> Answer {
    app.notify_until_heard(notification.to_owned()).await
}

on_both_engines! {
    async fn two_payments_in_one_second_are_one_paid_deal_and_one_refund(engine) {
        let shop = Shop::new(engine).await;
        for round in 0..4 {
            let bought = shop.opened().await;
            let (code, bridge) = (paid_at(&shop.wechat, &bought.order(&shop.app, "NATIVE").await), paid_at(&shop.wechat, &bought.order(&shop.app, "JSAPI").await));
            // On one instance, and on two.
            let at = if round % 2 == 0 { &shop.app } else { &shop.other };
            let (one, two) = tokio::join!(heard(&shop.app, &code), heard(at, &bridge));
            let acknowledged = [&one, &two].iter().filter(|answer| answer.body == ACKNOWLEDGED).count();
            assert_eq!((acknowledged, one.status + two.status), (1, 200 + 409), "{} {}", one.body, two.body);
            let (winner, loser) = shop.judged(&bought).await;

            // WeChat repeats them, to whichever instance.
            for (app, notification) in [(&shop.other, &code), (&shop.app, &bridge), (&shop.app, &code), (&shop.other, &bridge)] {
                heard(app, notification).await;
            }
            assert_eq!(shop.judged(&bought).await, (winner.clone(), loser.clone()), "nothing more is given back");
            shop.followed().await;
            let refunds: Vec<_> = shop.wechat.wechat().refunds().map(|refund| (refund.order.out_trade_no.clone(), refund.refund_fee.get(), refund.state)).collect();
            assert_eq!((refunds[0].clone(), refunds.len()), ((loser.id.clone(), 1990, RefundState::Success), round + 1));
            assert_eq!((shop.judged(&bought).await, states(&shop.app, &loser).await), ((winner.clone(), loser.clone()), vec!["SUCCESS".to_owned()]));
            assert_eq!(bought.query(&shop.app).await["order_id"], json!(winner.id));
            assert_eq!((told_of(&shop.app, &winner).await, told_of(&shop.app, &loser).await), (vec!["deal.paid".to_owned()], vec!["refund.succeeded".to_owned()]));
        }
    }

    async fn a_second_payment_whose_notification_was_lost_is_found_by_the_sweeper(engine) {
        let shop = Shop::new(engine).await;
        let bought = shop.opened().await;
        paid_at(&shop.wechat, &bought.order(&shop.app, "JSAPI").await);
        shop.app.notify(paid_at(&shop.wechat, &bought.order(&shop.app, "NATIVE").await)).await.acknowledged("the first");
        shop.app.sweep().await;
        let (winner, loser) = shop.judged(&bought).await;
        assert_eq!(winner, bought.order(&shop.app, "NATIVE").await);
        shop.followed().await;
        assert_eq!((states(&shop.app, &loser).await, shop.wechat.calls("closeorder")), (vec!["SUCCESS".to_owned()], 0));
        assert_eq!(told(&shop.app).await.iter().filter(|(event_type, _)| event_type == "deal.paid").count(), 1);
        let story = shop.app.explain(&loser.id).await;
        for sentence in ["a second payment beside the one that counts; it goes back", "Its checkout had been paid in another way before", "It was paid second"] {
            assert!(story.contains(sentence), "{story}");
        }
        assert!(!story.contains("ALARM") && !story.contains("cannot be paid any more"), "{story}");
    }

    async fn a_payer_who_pays_while_the_other_way_is_closed_gets_the_money_back(engine) {
        let shop = Shop::new(engine).await;
        let bought = shop.opened().await;
        shop.app.notify(paid_at(&shop.wechat, &bought.order(&shop.app, "NATIVE").await)).await.acknowledged("the first");
        shop.app.time_passes(301);
        shop.wechat.wechat().faults.pay_at_close = true;
        shop.app.sweep().await;
        shop.judged(&bought).await;
    }

    async fn takings_count_a_purchase_once_although_it_was_paid_twice(engine) {
        let app = telling(TestAppBuilder::new(engine).await).open().await;
        let bought = checkout(&app).await;
        for mut browser in [Browser::at_a_desk(&app), Browser::on_a_phone(&app)] {
            browser.open(&bought.page(&app)).await;
        }
        app.notify(paid_at(&app, &bought.order(&app, "NATIVE").await)).await.acknowledged("the first");
        app.notify(paid_at(&app, &bought.order(&app, "MWEB").await)).await.not_believed(409, "the second");
        for _ in 0..4 {
            app.sweep().await;
            app.time_passes(121);
        }
        assert_eq!(states(&app, &bought.order(&app, "MWEB").await).await, ["SUCCESS"]);
        let total = app.till.get("/wxPay/takings?from=2026-04-01&to=2026-04-01&by=day").await.json()["total"].clone();
        assert_eq!(["paid_count", "paid_fee", "refunded_count", "refunded_fee"].map(|name| total[name].as_i64()), [Some(1), Some(1990), Some(0), Some(0)], "{total}");
        let told = bought.query(&app).await;
        assert!(told["trade_state"] == "SUCCESS" && told.get("refunded").is_none(), "{told}");
    }

    async fn without_a_certificate_a_second_payment_is_an_operator_s_and_told_once(engine) {
        let wechat = TestApp::open(Engine::Sqlite).await;
        // Where nobody listens: so the orders are known to this service alone.
        let builder = instance(telling(TestAppBuilder::new(engine).await), &wechat).set("WECHAT__BASE_URL", "https://127.0.0.1:9");
        let app = builder.open().await;
        let bought = checkout(&app).await;
        for mut browser in [Browser::at_a_desk(&app), Browser::on_a_phone(&app)] {
            assert_eq!(browser.open(&bought.site()).await.state(), "trouble");
        }
        let (first, second) = (bought.order(&app, "NATIVE").await, bought.order(&app, "MWEB").await);
        app.notify(WeChatMessage::notification(&first.id, 1990).signed()).await.acknowledged("the first");
        for _ in 0..3 {
            app.notify(WeChatMessage::notification(&second.id, 1990).signed()).await.not_believed(409, "the second");
        }
        assert_eq!((alarms(&app, "money").await, states(&app, &second).await), (1.0, vec![]));
        assert_eq!(bought.deals(&app).await, ["MWEB 2", "NATIVE 1"]);
        assert_eq!((told_of(&app, &first).await, told_of(&app, &second).await), (vec!["deal.paid".to_owned()], vec!["alarm money".to_owned()]));
    }
}
