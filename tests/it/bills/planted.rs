//! Differences of each kind: found, named, asked about once, and healed where WeChat's signed word heals them.

use serde_json::json;
use wechat_pay::deal::{BillState, Fen};
use wechat_pay::simulator::BillTrap;

use super::shop::{DAY, Shop, in_words};
use crate::refunds::api::query_refund;
use crate::refunds::books::{refund_directly, states, stored};
use crate::support::on_both_engines;
use crate::telling::told::told_of;

on_both_engines! {
    async fn a_payment_of_which_nobody_heard_is_found_in_the_bill_and_healed(engine) {
        let shop = Shop::open(engine).await;
        let app = &shop.app;
        let order = shop.paid_unheard().await;
        shop.morning();
        assert_eq!(app.look().await.status(&order.id).await, 0);
        shop.look().await;
        assert_eq!(shop.differs().await, ["PAID_THERE_ONLY HEALED -/1990"]);
        let difference = shop.differences_on(DAY).await.remove(0);
        let transaction_id = app.wechat().order(&order.id).unwrap().transaction_id.clone();
        assert_eq!((difference["order_id"].as_str(), difference["transaction_id"].as_str()), (Some(&*order.id), transaction_id.as_deref()));
        assert!(difference["sentence"].as_str().unwrap().ends_with("订单已按已支付入账：请确认是否已发货"), "{difference}");
        assert_eq!(shop.state().await, ("AGREED".to_owned(), 1, 0));
        let look = app.look().await;
        assert_eq!((look.status(&order.id).await, look.value(&order.id, "transaction_id").await), (1, transaction_id));
        assert_eq!(told_of(app, &order).await, ["deal.paid"]);
        let story = app.explain(&order.id).await;
        assert!(story.contains("the day's bill"), "the journal says what brought it to light: {story}");
        assert_eq!(shop.asked(), (1, 0));
        shop.reconcile_with(&[]).await.unwrap();
        assert_eq!((shop.differs().await, shop.asked(), told_of(app, &order).await.len()), (vec!["PAID_THERE_ONLY HEALED -/1990".to_owned()], (1, 0), 1));
    }

    async fn one_that_was_given_up_before_is_paid_after_all(engine) {
        let shop = Shop::open(engine).await;
        let app = &shop.app;
        let order = shop.paid_unheard().await;
        // Another program has closed it, and did not ask.
        app.look().await.run(&format!("UPDATE deal SET status = 2, due_at = NULL WHERE order_id = '{}'", order.id)).await;
        shop.morning();
        shop.look().await;
        assert_eq!((shop.differs().await.remove(0), app.look().await.status(&order.id).await), ("PAID_THERE_ONLY HEALED -/1990".to_owned(), 1));
        assert_eq!(told_of(app, &order).await, ["deal.paid late", "alarm paid_late"]);
    }

    async fn one_that_another_program_has_marked_and_nobody_has_paid_is_named(engine) {
        let shop = Shop::open(engine).await;
        let app = &shop.app;
        let (paid, marked) = (app.to_pay("19.90").await, app.to_pay("5.00").await);
        app.payer_pays(&paid).await;
        app.look().await.run(&format!("UPDATE deal SET status = 1, update_at = '2026-04-01 12:03:00' WHERE order_id = '{}'", marked.id)).await;
        shop.morning();
        let books = shop.books().await;
        shop.look().await;
        assert_eq!((shop.differs().await, shop.state().await), (vec!["PAID_HERE_ONLY OPEN 500/-".to_owned()], ("DIFFERENT".to_owned(), 1, 1)));
        let told = shop.differences_on(DAY).await.remove(0);
        assert_eq!(told["order_id"].as_str(), Some(&*marked.id));
        assert!(told["sentence"].as_str().unwrap().contains("查询时微信签名回复该订单未支付"), "{told}");
        assert_eq!((shop.books().await, shop.asked()), (books, (1, 0)), "what it is has to be found out by people");
    }

    async fn a_refund_by_staff_of_which_nobody_heard_is_booked(engine) {
        let shop = Shop::open(engine).await;
        let app = &shop.app;
        let order = app.to_pay("19.90").await;
        app.payer_pays(&order).await;
        let now = app.clock.now();
        app.wechat().refund_by_hand(&order.id, Fen::new(500), now).unwrap();
        shop.morning();
        shop.look().await;
        assert_eq!((shop.differs().await, shop.state().await.0), (vec!["REFUND_THERE_ONLY HEALED -/500".to_owned()], "AGREED".to_owned()));
        assert_eq!((stored(app, &order, "source").await, states(app, &order).await), (vec![Some("platform".to_owned())], vec!["SUCCESS".to_owned()]));
        assert_eq!(told_of(app, &order).await, ["deal.paid", "refund.succeeded", "alarm refunded"]);
        assert_eq!(shop.asked(), (0, 1));
        let told = query_refund(app, json!({"order_id": order.id})).await.json();
        assert_eq!((&told["refunded"], &told["left"]), (&json!("5.00"), &json!("14.90")));
    }

    async fn a_refund_that_wechat_accepted_and_did_not_answer_is_booked(engine) {
        let shop = Shop::open(engine).await;
        let app = &shop.app;
        let order = app.to_pay("19.90").await;
        app.payer_pays(&order).await;
        app.wechat().faults.drop_reply = 1.0;
        refund_directly(app, &order, "first", 500).await;
        app.wechat().faults.drop_reply = 0.0;
        assert_eq!(stored(app, &order, "wechat_refund_id").await, [None]);
        shop.morning();
        shop.look().await;
        assert_eq!(shop.differs().await, ["REFUND_THERE_ONLY HEALED 500/500"]);
        assert_eq!((states(app, &order).await, shop.asked()), (vec!["SUCCESS".to_owned()], (0, 1)));
        assert_eq!(told_of(app, &order).await, ["deal.paid", "refund.succeeded"]);
    }

    async fn each_kind_is_named_and_asked_about_once_and_a_lie_settles_nothing(engine) {
        let shop = Shop::open(engine).await;
        let app = &shop.app;
        let order = app.to_pay("19.90").await;
        app.payer_pays(&order).await;
        refund_directly(app, &order, "first", 500).await;
        app.time_passes(10);
        query_refund(app, json!({"order_id": order.id})).await;
        assert_eq!(states(app, &order).await, ["SUCCESS"]);
        shop.morning();
        shop.look().await;
        assert_eq!(shop.state().await, ("AGREED".to_owned(), 0, 0));
        let books = shop.books().await;
        let told = told_of(app, &order).await;
        let (mut left, mut asked) = (Vec::<String>::new(), shop.asked());
        for (trap, kind, found, (queries, refund_queries), sentence) in [
            (BillTrap::MissingPayment, "PAID_HERE_ONLY", &["EXPLAINED 1990/-"][..], (1, 0), "无需处理"),
            (BillTrap::WrongAmount, "AMOUNT", &["OPEN 1990/1991"], (1, 0), "请向微信支付客服核实以哪个结算"),
            (BillTrap::SecondTransaction, "SECOND_TRANSACTION", &["OPEN 1990/1990"], (1, 0), "请到商户平台核对账单里的这一笔并退款"),
            (BillTrap::InventedPayment, "UNKNOWN_ORDER", &["OPEN -/1"], (0, 0), "本地没有这个订单"),
            (BillTrap::InventedRefund, "REFUND_THERE_ONLY", &["OPEN -/1"], (0, 1), "查询时微信说没有这笔退款"),
            (BillTrap::MissingRefund, "REFUND_HERE_ONLY", &["EXPLAINED 500/-"], (0, 1), "无需处理"),
            (BillTrap::WrongRefundAmount, "REFUND_AMOUNT", &["OPEN 500/501"], (0, 1), "请向微信支付客服核实以哪个结算"),
            // The fund flow's second sum is wrong as well.
            (BillTrap::WrongSum, "SUMMARY", &["OPEN 1/11", "OPEN 1990/11990"], (0, 0), "它写的合计与各行相加不符"),
        ] {
            let bill = shop.reconcile_with(&[trap]).await.unwrap();
            let open = found.iter().filter(|words| words.starts_with("OPEN")).count() as i64;
            assert_eq!((bill.open, bill.state), (open, if open == 0 { BillState::Agreed } else { BillState::Different }), "{trap:?}");
            let mut of_kind = shop.differences_on(DAY).await;
            of_kind.retain(|one| one["kind"] == kind);
            of_kind.sort_by_key(in_words);
            assert_eq!(of_kind.iter().map(in_words).collect::<Vec<_>>(), found.iter().map(|words| format!("{kind} {words}")).collect::<Vec<_>>());
            assert!(of_kind.iter().all(|one| one["sentence"].as_str().unwrap().contains(sentence)), "{of_kind:?}");
            asked = (asked.0 + queries, asked.1 + refund_queries);
            assert_eq!(shop.asked(), asked, "{trap:?}: what could be asked was asked once");
            assert_eq!(shop.books().await, books, "{trap:?}: the bill alone settles nothing");
            // The honest bill heals what the lie has left open.
            let honest = shop.reconcile_with(&[]).await.unwrap();
            assert_eq!((honest.open, honest.state, shop.asked()), (0, BillState::Agreed, asked), "{trap:?}");
            left.extend(found.iter().map(|words| format!("{kind} {}", words.replace("OPEN", "HEALED"))));
            let mut all = shop.differs().await;
            all.sort();
            left.sort();
            assert_eq!(all, left, "{trap:?}");
        }
        assert_eq!(told_of(app, &order).await, told, "nobody is told anything");
        assert_eq!(app.wechat().calls("/secapi/pay/refund"), 1, "no money moved");
    }

    async fn lines_that_cannot_be_read_are_differences_and_never_skipped(engine) {
        let shop = Shop::open(engine).await;
        let app = &shop.app;
        let order = app.to_pay("19.90").await;
        app.payer_pays(&order).await;
        shop.morning();
        shop.reconcile_with(&[BillTrap::UnreadableLine]).await.unwrap();
        let told = shop.differs().await;
        assert!(told.contains(&"PAID_HERE_ONLY EXPLAINED 1990/-".to_owned()), "{told:?}");
        let line = shop.differences_on(DAY).await.into_iter().find(|one| one["kind"] == "SUMMARY").expect("the line");
        let sentence = line["sentence"].as_str().unwrap();
        assert!(line["state"] == "OPEN" && sentence.contains("第 2 行") && sentence.contains("该行内容未核对"), "{line}");
        assert_eq!(shop.state().await.0, "DIFFERENT");
    }
}
