//! Refunds that are not decided: which are due, which wait for a certificate, how many there are.

use chrono::TimeDelta;
use wechat_pay::channel::ProvenPayment;
use wechat_pay::deal::{RefundState, Timestamp};
use wechat_pay::store::{EventKind, NextRefundStep, RefundCounts, Store};

use super::accounts::{account, event, given_back, now, number, opened};
use super::refunds::{paid_deal, read, refund, reserves};
use crate::support::database::{Database, Look};
use crate::support::on_both_engines;

/// A deal of each of these accounts in turn, with a refund that is due a second after the one before.
async fn refunds(store: &Store, look: &Look, count: usize) {
    for n in 0..count {
        let order_id = format!("order-{n}");
        paid_deal(store, &order_id, ["default", "shop2", "shop3"][n % 3]).await;
        assert!(reserves(store, &order_id, &format!("refund-{n}"), 100).await);
        look.run(&format!("UPDATE refund SET due_at = '2026-04-01 11:59:0{n}' WHERE order_id = '{order_id}'")).await;
        look.run(&format!("UPDATE deal SET refunds_due_at = '2026-04-01 11:59:0{n}' WHERE order_id = '{order_id}'")).await;
    }
}

fn step(due_at: Timestamp, refused_certificate: Option<&str>) -> NextRefundStep {
    NextRefundStep {
        due_at: Some(due_at),
        sent_at: Some(now()),
        detail: Some("later".to_owned()),
        refused_certificate: refused_certificate.map(str::to_owned),
    }
}

on_both_engines! {
    async fn what_is_due_is_read_from_both_ends_and_without_the_accounts_that_are_full(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        refunds(&store, &look, 9).await;
        let due = async |limit, but_of: &[&str]| {
            let but_of: Vec<_> = but_of.iter().map(|name| account(name)).collect();
            let refunds = store.due_refunds(now(), limit, &but_of).await.unwrap();
            let lists = store.due_lists(now(), limit, &but_of).await.unwrap();
            let numbers: String = refunds.refunds.iter().map(|refund| refund.refund_id.as_str().trim_start_matches("refund-").to_owned()).collect();
            let orders: String = lists.deals.iter().map(|deal| deal.order_id.as_str().trim_start_matches("order-").to_owned()).collect();
            assert_eq!((&numbers, refunds.is_cut), (&orders, lists.is_cut));
            (numbers, refunds.is_cut)
        };
        assert_eq!(due(9, &[]).await, ("876543210".to_owned(), false));
        assert_eq!(due(5, &[]).await, ("876543210".to_owned(), false), "the ends overlap, and none is read twice");
        assert_eq!(due(2, &[]).await, ("8710".to_owned(), true));
        assert_eq!(due(9, &["default"]).await, ("875421".to_owned(), false));
        assert_eq!(due(1, &["shop2"]).await, ("80".to_owned(), true));
        look.run("UPDATE refund SET account = 'default' WHERE account IS NULL; UPDATE deal SET account = 'default' WHERE account IS NULL").await;
        assert_eq!(due(9, &["default"]).await.0, "875421", "by its name too");
    }

    async fn a_refund_that_cannot_be_read_takes_no_place_of_another(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        refunds(&store, &look, 4).await;
        look.run("UPDATE refund SET refund_fee = 0 WHERE refund_id = 'refund-3'; UPDATE refund SET source = '?' WHERE refund_id = 'refund-0'").await;
        assert_eq!(store.due_refunds(now(), 1, &[]).await.unwrap().refunds.len(), 0);
        assert_eq!(store.due_refunds(now(), 1, &[]).await.unwrap().refunds.len(), 2, "they are put off");
        let due_at = look.texts("SELECT CAST(due_at AS CHAR(19)) FROM refund WHERE refund_id IN ('refund-0', 'refund-3')").await;
        assert_eq!(due_at, ["2026-04-01 13:00:00", "2026-04-01 13:00:00"].map(|time| Some(time.to_owned())), "a later version may read them");
    }

    async fn a_step_is_planned_by_the_instance_that_took_it(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        refunds(&store, &look, 1).await;
        let (as_read, until) = (refund(&store, "refund-0").await, now() + TimeDelta::seconds(20));
        assert!(store.take_refund(&as_read, now(), until).await.unwrap());
        let plan = async |taken_until| {
            let event = event("order-0", EventKind::RefundPostponed);
            store.plan_refund(&as_read, taken_until, step(now() + TimeDelta::hours(1), Some("")), event).await.unwrap();
            refund(&store, "refund-0").await.due_at
        };
        assert_eq!(plan(as_read.due_at.unwrap()).await, Some(until), "its lease is another's");
        assert_eq!(plan(until).await, Some(now() + TimeDelta::hours(1)));
        let planned = refund(&store, "refund-0").await;
        assert_eq!((planned.detail.as_deref(), planned.refused_certificate.as_deref(), planned.sent_at), (Some("later"), Some(""), Some(now())));
        look.run("UPDATE refund SET state = 'SUCCESS'").await;
        assert!(!store.take_refund(&planned, now(), until).await.unwrap(), "it is decided");
        let postponed = look.texts("SELECT kind FROM deal_event WHERE kind = 'refund_postponed'").await.len();
        assert_eq!(postponed, 1);
    }

    async fn refunds_that_wait_for_a_certificate_are_due_when_there_is_another(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        refunds(&store, &look, 6).await;
        let (later, held) = (now() + TimeDelta::hours(1), [Some("old"), Some("old"), None, Some(""), Some("new"), Some("old")]);
        for (n, certificate) in held.into_iter().enumerate() {
            let read = refund(&store, &format!("refund-{n}")).await;
            store.plan_refund(&read, read.due_at.unwrap(), step(later, certificate), event(read.order_id.as_str(), EventKind::RefundPostponed)).await.unwrap();
        }
        let due = async || {
            let due = store.due_refunds(now(), 9, &[]).await.unwrap();
            due.refunds.into_iter().rev().map(|refund| refund.refund_id.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(store.release_held_refunds(&account("default"), "old", now()).await.unwrap(), 1, "the one that had none");
        assert_eq!(store.release_held_refunds(&account("shop2"), "new", now()).await.unwrap(), 1, "not the one that has tried it");
        assert_eq!(due().await, ["refund-1", "refund-3"]);
        look.run("UPDATE refund SET state = 'FAILED', due_at = NULL WHERE refund_id = 'refund-0'").await;
        assert_eq!(store.release_held_refunds(&account("default"), "new", now()).await.unwrap(), 0, "they are due, or decided");
        assert_eq!(store.release_held_refunds(&account("shop3"), "new", now()).await.unwrap(), 1);
        assert_eq!(due().await, ["refund-1", "refund-3", "refund-5"], "and never one that waits for something else");
    }

    async fn undecided_refunds_are_counted_from_the_oldest_on(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        assert_eq!(store.undecided_refunds().await.unwrap(), RefundCounts::default());
        refunds(&store, &look, 4).await;
        look.run("UPDATE refund SET state = 'SUCCESS', created_at = '2026-03-30 12:00:00' WHERE refund_id = 'refund-0'").await;
        look.run("UPDATE refund SET wechat_refund_id = '5001', created_at = '2026-03-31 12:00:00' WHERE refund_id = 'refund-1'").await;
        look.run("UPDATE refund SET wechat_refund_id = '5002', due_at = NULL, created_at = '2026-03-24 12:00:00' WHERE refund_id = 'refund-2'").await;
        look.run("UPDATE refund SET created_at = '2026-04-01 11:00:00' WHERE refund_id = 'refund-3'").await;
        let expected = RefundCounts {
            undecided: 3,
            oldest_followed: Some(now() - TimeDelta::days(1)),
            unaccepted: 1,
            oldest_unaccepted: Some(now() - TimeDelta::hours(1)),
        };
        assert_eq!(store.undecided_refunds().await.unwrap(), expected, "one was given up, and is undecided all the same");
    }

    async fn an_order_s_story_tells_its_refunds(engine) {
        let database = Database::fresh(engine).await;
        let store = opened(&database).await;
        paid_deal(&store, "order", "default").await;
        for refund_id in ["r1", "r2"] {
            assert!(reserves(&store, "order", refund_id, 100).await);
        }
        let story = Store::story(&database.url.parse().unwrap(), &number("order")).await.unwrap();
        assert_eq!(story.refunds, store.find_refunds(&number("order")).await.unwrap());
        assert_eq!(story.refunds.iter().map(|refund| (refund.refund_id.as_str(), refund.state)).collect::<Vec<_>>(), [("r1", RefundState::Processing), ("r2", RefundState::Processing)]);
        assert_eq!(story.events.len(), 4);
    }

    async fn the_refunds_of_a_deal_are_asked_for_until_they_are_known(engine) {
        let database = Database::fresh(engine).await;
        let store = opened(&database).await;
        paid_deal(&store, "order", "shop2").await;
        let payment: ProvenPayment = given_back("shop2", "order").await;
        assert!(store.note_given_back(&read(&store, "order").await, &payment, event("order", EventKind::Refunded)).await.unwrap());
        let as_read = store.due_lists(now(), 9, &[]).await.unwrap().deals.remove(0);
        assert_eq!(as_read.refunded.list_due_at, Some(now()));
        let until = now() + TimeDelta::seconds(20);
        assert!(store.move_list(&as_read, now(), Some(until)).await.unwrap());
        assert!(!store.move_list(&as_read, now(), Some(until)).await.unwrap(), "another instance has it");
        assert!(store.due_lists(now(), 9, &[]).await.unwrap().deals.is_empty());
        assert!(store.move_list(&as_read, until, None).await.unwrap());
        assert!(store.due_lists(until, 9, &[]).await.unwrap().deals.is_empty(), "they are known");
    }
}
