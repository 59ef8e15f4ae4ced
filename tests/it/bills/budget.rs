//! Questions about a bill are asked with what payers leave of an account's budget, and not again and again of a WeChat that is silent.

use std::time::Duration;

use futures_util::future::join_all;
use wechat_pay::simulator::Notify;

use super::shop::{DAY, Shop};
use crate::support::database::Engine;
use crate::support::on_both_engines;
use crate::support::overheard_wechat::OverheardWeChat;
use crate::support::stub::Reply;
use crate::support::test_app::{Order, TestAppBuilder};
use crate::telling::told::told;

async fn unheard(wechat: &OverheardWeChat, shop: &Shop, number: usize) -> Vec<Order> {
    let orders = shop.app.to_pay_at_once(number).await;
    for order in &orders {
        wechat.world().pay(&order.id, None, Some(Notify::Lost), wechat.clock.now()).unwrap();
    }
    orders
}

/// How many of these orders WeChat was asked about so far.
fn asked_about(wechat: &OverheardWeChat, orders: &[Order]) -> usize {
    let heard = wechat.heard("orderquery");
    orders.iter().filter(|order| heard.iter().any(|body| body.contains(&order.id))).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_payers_wait_no_call_is_made_for_a_bill() {
    let wechat = OverheardWeChat::new().await;
    let builder = wechat.seen_from(TestAppBuilder::new(Engine::Sqlite).await).set("WECHAT__QUERY_BUDGET", "2");
    let shop = Shop::of(builder).await;
    let missed = unheard(&wechat, &shop, 3).await;
    shop.morning();
    let waiting = shop.app.to_pay_at_once(12).await;
    let app = &shop.app;
    let poll = async |order: &Order| {
        for _ in 0..10 {
            app.query(&order.id).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let payers = async {
        join_all(waiting.iter().map(poll)).await;
        let asked = (asked_about(&wechat, &waiting), asked_about(&wechat, &missed));
        assert!(asked.0 >= 3 && asked.1 == 0, "the payers have the budget: {asked:?}");
    };
    let bookkeeper = async {
        while asked_about(&wechat, &waiting) < 3 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        shop.look().await
    };
    tokio::join!(payers, bookkeeper);
    assert_eq!(asked_about(&wechat, &missed), 3, "once they have left");
    assert_eq!(shop.differs().await, ["PAID_THERE_ONLY HEALED -/1990"; 3]);
}

on_both_engines! {
    async fn a_silent_wechat_is_asked_thrice_and_again_in_an_hour(engine) {
        let wechat = OverheardWeChat::new().await;
        let shop = Shop::on(&wechat, engine).await;
        let missed = unheard(&wechat, &shop, 6).await;
        shop.morning();
        wechat.answers_by(|api, _, carry_out| if api == "orderquery" { Reply::Close } else { Reply::Body(carry_out()) });
        shop.look().await;
        assert_eq!(asked_about(&wechat, &missed), 3, "then it is taken for away");
        assert_eq!((shop.state().await, shop.differs().await), (("DIFFERENT".to_owned(), 6, 6), vec!["PAID_THERE_ONLY OPEN -/1990".to_owned(); 6]));
        let sentences = shop.differences_on(DAY).await;
        assert!(sentences.iter().all(|one| one["sentence"].as_str().unwrap().ends_with("一周之内本服务会自动再查，请等待")), "{sentences:?}");
        wechat.answers_rightly();
        wechat.time_passes(3599);
        assert_eq!((shop.look().await, asked_about(&wechat, &missed)), (0, 3));
        wechat.time_passes(1);
        assert_eq!((shop.look().await, asked_about(&wechat, &missed)), (1, 6));
        assert_eq!((shop.state().await, shop.differs().await), (("AGREED".to_owned(), 6, 0), vec!["PAID_THERE_ONLY HEALED -/1990".to_owned(); 6]));
        let of_bill = told(&shop.app).await.into_iter().filter(|(_, data)| data["bill"]["date"] == DAY);
        assert_eq!(of_bill.map(|(_, data)| data["bill"]["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>(), ["DIFFERENT", "AGREED"]);
        assert_eq!(wechat.heard("downloadbill").len(), 7, "what is kept is not fetched again");
    }
}
