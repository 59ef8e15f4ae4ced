//! Several instances with one database: each bill is one's at a time, and what one has begun and not finished another does.

use std::time::Duration;

use serde_json::json;
use wechat_pay::deal::AccountId;
use wechat_pay::gateway::{Fetch, ReconcileError};
use wechat_pay::simulator::BillTrap;

use super::shop::{DAY, Shop};
use crate::support::database::Engine;
use crate::support::on_both_engines;
use crate::support::overheard_wechat::OverheardWeChat;
use crate::support::stub::Reply;
use crate::telling::told::{told, told_of};

/// How long an instance has a bill.
const LEASE: i64 = 300;

/// An instance works on the day's bill until WeChat has heard so many of these calls, and is killed.
async fn killed(shop: &Shop, wechat: &OverheardWeChat, api: &str, calls: usize) {
    let gateway = shop.app.gateway().clone();
    let work = tokio::spawn(async move { gateway.reconcile(&AccountId::default(), DAY.parse().unwrap(), Fetch::IfMissing).await });
    for _ in 0..500 {
        if wechat.heard(api).len() >= calls {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(wechat.heard(api).len(), calls);
    work.abort();
    assert!(work.await.unwrap_err().is_cancelled());
}

/// From the call of this number on, nothing is heard of WeChat about it.
fn silent_from(wechat: &OverheardWeChat, of: &'static str, number: usize) {
    let mut calls = 0;
    wechat.answers_by(move |api, _, carry_out| {
        calls += usize::from(api == of);
        if api == of && calls >= number { Reply::Silence } else { Reply::Body(carry_out()) }
    });
}

on_both_engines! {
    async fn two_that_look_at_once_fetch_each_bill_once(engine) {
        let wechat = OverheardWeChat::new().await;
        let shop = Shop::on(&wechat, engine).await;
        let other = shop.beside(&wechat).await;
        wechat.paid(&shop.app).await;
        shop.morning();
        let (one, two) = tokio::join!(shop.look(), other.look());
        assert_eq!(one + two, 7);
        assert_eq!(wechat.heard("downloadbill").len(), 7);
        assert_eq!((shop.state().await.0, other.state().await.0), ("AGREED".to_owned(), "AGREED".to_owned()));
        let known = shop.bill().await;
        // An operator takes it over from one that hears nothing of WeChat, which then finishes nothing.
        let mut calls = 0;
        wechat.answers_by(move |_, _, carry_out| {
            calls += 1;
            if calls == 1 { Reply::Silence } else { Reply::Body(carry_out()) }
        });
        let gateway = shop.app.gateway().clone();
        let slow = tokio::spawn(async move { gateway.reconcile(&AccountId::default(), DAY.parse().unwrap(), Fetch::Again).await });
        while wechat.heard("downloadbill").len() < 8 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        other.reconcile(DAY, Fetch::Again).await.unwrap();
        assert_eq!(other.bill().await, known);
        let told = slow.await.unwrap();
        assert!(matches!(told, Err(ReconcileError::TakenOver)), "{told:?}");
        assert_eq!((other.bill().await, other.look().await, wechat.heard("downloadbill").len()), (known, 0, 9));
    }

    async fn what_one_began_and_did_not_finish_another_does_when_the_lease_is_over(engine) {
        let wechat = OverheardWeChat::new().await;
        let shop = Shop::on(&wechat, engine).await;
        let other = shop.beside(&wechat).await;
        let orders = [shop.app.to_pay("19.90").await, shop.app.to_pay("19.90").await];
        for order in &orders {
            wechat.world().pay(&order.id, None, Some(wechat_pay::simulator::Notify::Lost), wechat.clock.now()).unwrap();
        }
        shop.morning();

        // In the middle of the download.
        silent_from(&wechat, "downloadbill", 1);
        killed(&shop, &wechat, "downloadbill", 1).await;
        wechat.answers_rightly();
        assert_eq!((other.look().await, other.look().await), (6, 0), "the others' bills; this one is somebody's");

        // After the first question was answered, before the second was.
        wechat.time_passes(LEASE);
        silent_from(&wechat, "orderquery", 2);
        killed(&shop, &wechat, "orderquery", 2).await;
        wechat.answers_rightly();
        assert_eq!((other.look().await, wechat.heard("downloadbill").len()), (0, 8), "not before the lease is over");
        let look = shop.app.look().await;
        assert_eq!(look.status(&orders[0].id).await + look.status(&orders[1].id).await, 1, "what was proved was stored");

        wechat.time_passes(LEASE);
        assert_eq!((other.look().await, wechat.heard("downloadbill").len()), (1, 8), "the file is kept and was whole");
        assert_eq!((wechat.heard("orderquery").len(), other.differs().await), (3, vec!["PAID_THERE_ONLY HEALED -/1990".to_owned()]));
        let bill = other.bill().await;
        assert_eq!((&bill["state"], &bill["payments"], &bill["paid_fee"]), (&json!("AGREED"), &json!(2), &json!(3980)));
        for order in &orders {
            assert_eq!(told_of(&shop.app, order).await, ["deal.paid"]);
        }
        let of_bill = told(&other.app).await.into_iter().filter(|(_, data)| data["bill"]["date"] == DAY).count();
        assert_eq!(of_bill, 1, "nothing is doubled");
        let files = look.texts("SELECT CAST(COUNT(*) AS CHAR(20)) FROM bill_file WHERE kind = 'trade'").await;
        assert_eq!(files, [Some("1".to_owned())], "of six days there are none");
    }

    async fn who_was_taken_for_dead_and_is_not_finishes_nothing(engine) {
        let wechat = OverheardWeChat::new().await;
        let shop = Shop::on(&wechat, engine).await;
        let other = shop.beside(&wechat).await;
        let order = shop.app.to_pay("19.90").await;
        wechat.world().pay(&order.id, None, Some(wechat_pay::simulator::Notify::Lost), wechat.clock.now()).unwrap();
        shop.morning();
        // It hears of its question after another has done all of it.
        let mut questions = 0;
        wechat.answers_by(move |api, _, carry_out| {
            questions += usize::from(api == "orderquery");
            let said = carry_out();
            if api == "orderquery" && questions == 1 { Reply::Late(Duration::from_secs(3), said) } else { Reply::Body(said) }
        });
        let gateway = shop.app.gateway().clone();
        let slow = tokio::spawn(async move { gateway.reconcile(&AccountId::default(), DAY.parse().unwrap(), Fetch::IfMissing).await });
        while wechat.heard("orderquery").is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        wechat.time_passes(LEASE);
        other.look().await;
        let finished = (other.bill().await, other.differs().await);
        assert_eq!(finished.0["state"], "AGREED");
        let told = slow.await.unwrap();
        assert!(matches!(told, Err(ReconcileError::TakenOver)), "{told:?}");
        assert_eq!((other.bill().await, other.differs().await), finished);
        assert_eq!(told_of(&shop.app, &order).await, ["deal.paid"]);
    }

    async fn what_a_person_has_explained_stays_explained_and_what_is_gone_is_healed(engine) {
        let shop = Shop::open(engine).await;
        let order = shop.app.to_pay("19.90").await;
        shop.app.payer_pays(&order).await;
        shop.morning();
        shop.reconcile_with(&[BillTrap::InventedPayment, BillTrap::WrongAmount]).await.unwrap();
        assert_eq!(shop.state().await, ("DIFFERENT".to_owned(), 2, 2));
        let before = shop.differences_on(DAY).await;
        let unknown = before.iter().find(|one| one["kind"] == "UNKNOWN_ORDER").unwrap();
        let explained = shop.explain(&unknown["id"], "另一系统的测试单").await;
        assert_eq!(explained.status, 200, "{}", explained.body);
        let noted = json!({"state": "EXPLAINED", "explained_by": "desk", "note": "另一系统的测试单"});
        let has_note = |one: &serde_json::Value| ["state", "explained_by", "note"].iter().all(|name| one[*name] == noted[*name]);
        assert!(has_note(&explained.json()), "{}", explained.body);
        for _ in 0..2 {
            let bill = shop.reconcile_with(&[BillTrap::InventedPayment, BillTrap::WrongAmount]).await.unwrap();
            assert_eq!((bill.differences, bill.open), (2, 1));
            let again = shop.differences_on(DAY).await.into_iter().find(|one| one["id"] == unknown["id"]).unwrap();
            assert!(has_note(&again), "{again}");
        }
        let bill = shop.reconcile_with(&[]).await.unwrap();
        assert_eq!((bill.state.as_str(), bill.differences, bill.open), ("AGREED", 2, 0));
        let after = shop.differences_on(DAY).await;
        assert!(has_note(after.iter().find(|one| one["id"] == unknown["id"]).unwrap()), "{after:?}");
        let gone = after.iter().find(|one| one["kind"] == "AMOUNT").unwrap();
        assert!(gone["state"] == "HEALED" && gone["sentence"].as_str().unwrap().contains("再次核对时两边已经一致"), "{gone}");
        let told = shop.explain(&gone["id"], "too late").await;
        assert_eq!(told.status, 409, "{}", told.body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_locked_for_a_moment_is_no_other_instance() {
    let wechat = OverheardWeChat::new().await;
    let shop = Shop::on(&wechat, Engine::MySql).await;
    wechat.paid(&shop.app).await;
    shop.morning();
    shop.look().await;
    let publisher = shop.app.look().await;
    publisher.run("BEGIN; SELECT id FROM bill FOR UPDATE").await;
    let released = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        publisher.run("COMMIT").await;
    };
    let (bill, ()) = tokio::join!(shop.reconcile(DAY, Fetch::Again), released);
    assert_eq!(bill.expect("it is free again").open, 0);
}
