//! Refunds in the table: what is reserved of a payment, settled, released and booked, by how many callers and instances at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::join_all;
use wechat_pay::channel::{ProvenRefund, RefundQueryOutcome, RefundSubject};
use wechat_pay::deal::{Deal, Details, Fen, Refund, RefundId, RefundSource, RefundState};
use wechat_pay::store::{Decision, EventKind, Fault, FaultHook, LARGEST_BATCH, NewRefund, Store, StoreError, Verdict};

use super::accounts::{account, channel, deal, event, now, number, opened, paid, settles, told};
use crate::support::database::{Database, Look};
use crate::support::on_both_engines;
use crate::support::wechat_message::{WeChatMessage, transaction_id};

/// The number of another payment of a deal.
const SECOND: &str = "4200000260999999999999999999";

/// A deal of this account that was paid, 19.90.
pub async fn paid_deal(store: &Store, order_id: &str, of: &str) {
    deal(store, order_id, of, Details::default()).await;
    assert!(settles(store, &paid(of, order_id)).await);
}

pub async fn read(store: &Store, order_id: &str) -> Deal {
    store.find(&number(order_id)).await.unwrap().unwrap()
}

/// A refund of so many fen of this deal, under this number, which is its key too.
pub fn wish(deal: &Deal, refund_id: &str, fee: i64) -> NewRefund {
    NewRefund {
        refund_id: refund_id.parse().unwrap(),
        order_id: deal.order_id.clone(),
        account: deal.account.clone(),
        transaction_id: deal.transaction_id.clone(),
        fee: Fen::new(fee).unwrap(),
        asked: Fen::new(fee),
        reason: Some("商品已售完".parse().unwrap()),
        source: RefundSource::Api,
        idempotency_key: refund_id.to_owned(),
        request: format!("<xml>{refund_id}</xml>"),
        created_at: now(),
        due_at: now() + TimeDelta::seconds(20),
    }
}

/// The refund of another payment of this deal.
fn of_second(deal: &Deal, refund_id: &str) -> NewRefund {
    NewRefund { transaction_id: Some(SECOND.to_owned()), ..wish(deal, refund_id, 1990) }
}

/// Reserves it on the deal as it is read now.
pub async fn reserves(store: &Store, order_id: &str, refund_id: &str, fee: i64) -> bool {
    let deal = read(store, order_id).await;
    store.reserve_refund(&deal, wish(&deal, refund_id, fee), None, event(order_id, EventKind::RefundRequested)).await.unwrap()
}

pub async fn refund(store: &Store, refund_id: &str) -> Refund {
    store.find_refund(&refund_id.parse().unwrap()).await.unwrap().unwrap()
}

/// What a query of this account's proves of a refund that stands so at WeChat.
pub async fn proven(of: &str, order_id: &str, refund_id: &str, fee: i64, state: &str) -> ProvenRefund {
    proven_by(of, refund_message(order_id, refund_id, fee, state)).await
}

fn refund_message(order_id: &str, refund_id: &str, fee: i64, state: &str) -> WeChatMessage {
    [
        ("out_trade_no", order_id),
        ("transaction_id", &transaction_id(order_id)),
        ("total_fee", "1990"),
        ("refund_count", "1"),
        ("out_refund_no_0", refund_id),
        ("refund_id_0", &format!("50000000{refund_id}")),
        ("refund_fee_0", &fee.to_string()),
        ("refund_status_0", state),
        ("refund_recv_accout_0", "支付用户零钱"),
        ("refund_success_time_0", "2026-04-01 12:30:00"),
    ]
    .into_iter()
    .fold(WeChatMessage::yes(), |message, (name, value)| message.with(name, value))
}

async fn proven_by(of: &str, message: WeChatMessage) -> ProvenRefund {
    let order_id = message.fields().get("out_trade_no").unwrap().parse().unwrap();
    match channel(of, message.signed()).query_refund(&order_id, RefundSubject::OfOrder(0)).await.unwrap() {
        RefundQueryOutcome::Known(mut refunds, _) => refunds.remove(0),
        RefundQueryOutcome::NotExist => panic!("known"),
    }
}

/// Settles a refund, as it is read now, as it stands at WeChat.
async fn becomes(store: &Store, refund_id: &str, state: &str) -> bool {
    let read = refund(store, refund_id).await;
    let proof = proven(read.account.as_str(), read.order_id.as_str(), refund_id, read.fee.get(), state).await;
    store
        .settle_refund(&read, Verdict::Proven(Box::new(proof), None), event(read.order_id.as_str(), EventKind::RefundSucceeded))
        .await
        .unwrap()
}

async fn is_refused(store: &Store, read: &Refund) -> bool {
    let verdict = Verdict::Refused("no".to_owned());
    store.settle_refund(read, verdict, event(read.order_id.as_str(), EventKind::RefundFailed)).await.unwrap()
}

async fn books(store: &Store, order_id: &str, proof: &ProvenRefund) -> Result<bool, StoreError> {
    store.book_refund(&read(store, order_id).await, proof, None, event(order_id, EventKind::RefundBooked)).await
}

/// What the deal keeps of its refunds: the amount and how many.
async fn totals(store: &Store, order_id: &str) -> (i64, u32) {
    let refunded = read(store, order_id).await.refunded;
    (refunded.fee.map_or(0, Fen::get), refunded.count)
}

/// Numbers of the refunds that are stored.
async fn stored(look: &Look) -> Vec<String> {
    look.texts("SELECT refund_id FROM refund ORDER BY id").await.into_iter().flatten().collect()
}

on_both_engines! {
    async fn a_refund_is_reserved_and_stored_with_its_event_or_none_of_it(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        paid_deal(&store, "order", "shop2").await;
        let before = read(&store, "order").await;
        assert!(reserves(&store, "order", "r1", 500).await);
        let after = read(&store, "order").await;
        assert_eq!((after.refunded.fee, after.refunded.count, after.refunded.last_at), (Fen::new(500), 1, Some(now())));
        assert_eq!((after.left(), after.status, after.paid_at), (Fen::new(1490), before.status, before.paid_at));
        let stored_one = refund(&store, "r1").await;
        assert_eq!((stored_one.request.as_deref(), stored_one.idempotency_key.as_deref()), (Some("<xml>r1</xml>"), Some("r1")));
        assert_eq!((stored_one.state, stored_one.account.as_str(), stored_one.due_at), (RefundState::Processing, "shop2", Some(now() + TimeDelta::seconds(20))));
        assert_eq!(stored_one.reason.as_ref().map(ToString::to_string).as_deref(), Some("商品已售完"));

        // What was read before is so no more.
        let stale = store.reserve_refund(&before, wish(&before, "r2", 500), None, event("order", EventKind::RefundRequested)).await;
        assert!(!stale.unwrap());
        // A number, or a key, that is taken.
        for (refund_id, key) in [("r1", "another"), ("r2", "r1")] {
            let taken = NewRefund { idempotency_key: key.to_owned(), ..wish(&after, refund_id, 500) };
            let reserved = store.reserve_refund(&after, taken, None, event("order", EventKind::RefundRequested)).await;
            assert!(matches!(reserved, Err(StoreError::Conflict)), "{reserved:?}");
        }
        assert_eq!((stored(&look).await, totals(&store, "order").await), (vec!["r1".to_owned()], (500, 1)));
        assert_eq!(told(&look, "order", "refund_requested").await, 1);
    }

    async fn never_more_is_reserved_than_was_paid(engine) {
        let database = Database::fresh(engine).await;
        let store = opened(&database).await;
        paid_deal(&store, "order", "default").await;
        assert!(!reserves(&store, "order", "r1", 1991).await);
        assert!(reserves(&store, "order", "r2", 1500).await);
        assert!(!reserves(&store, "order", "r3", 491).await);
        assert!(reserves(&store, "order", "r4", 490).await);
        assert!(!reserves(&store, "order", "r5", 1).await);
        assert_eq!((totals(&store, "order").await, read(&store, "order").await.left()), ((1990, 2), None));
    }

    async fn nothing_is_reserved_of_what_is_not_paid_or_another_account_s(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        paid_deal(&store, "order", "shop2").await;
        let deal = read(&store, "order").await;
        let of_another = NewRefund { account: account("default"), ..wish(&deal, "r1", 500) };
        assert!(!store.reserve_refund(&deal, of_another, None, event("order", EventKind::RefundRequested)).await.unwrap());
        for status in ["0", "2", "NULL"] {
            look.run(&format!("UPDATE deal SET status = {status}")).await;
            assert!(!store.reserve_refund(&deal, wish(&deal, "r1", 500), None, event("order", EventKind::RefundRequested)).await.unwrap(), "{status}");
        }
        assert_eq!(stored(&look).await, [""; 0]);
    }

    async fn many_callers_at_two_instances_get_no_more_back_than_was_paid(engine) {
        let database = Database::fresh(engine).await;
        let stores = [opened(&database).await, opened(&database).await];
        paid_deal(&stores[0], "order", "default").await;
        let callers = (0..20).map(|caller| {
            let store = &stores[caller % 2];
            async move {
                // As long as there is something left.
                while read(store, "order").await.left().is_some_and(|left| left.get() >= 300) {
                    let deal = read(store, "order").await;
                    let refund = wish(&deal, &format!("caller-{caller}"), 300);
                    match store.reserve_refund(&deal, refund, None, event("order", EventKind::RefundRequested)).await {
                        Ok(true) => return true,
                        // Too many were at the row.
                        Ok(false) | Err(StoreError::Unavailable(_)) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
                false
            }
        });
        let reserved = join_all(callers).await.into_iter().filter(|is_reserved| *is_reserved).count();
        assert_eq!((reserved, totals(&stores[0], "order").await), (6, (1800, 6)));
        assert_eq!(stored(&database.look().await).await.len(), 6);
    }

    async fn a_key_that_many_callers_use_at_once_is_one_refund(engine) {
        let database = Database::fresh(engine).await;
        let stores = [opened(&database).await, opened(&database).await];
        paid_deal(&stores[0], "order", "default").await;
        let callers = (0..20).map(|caller| {
            let store = &stores[caller % 2];
            async move {
                loop {
                    if let Some(refund) = store.find_refund_by_key(&number("order"), "the key").await.unwrap() {
                        return refund.refund_id.to_string();
                    }
                    let deal = read(store, "order").await;
                    let refund = NewRefund { idempotency_key: "the key".to_owned(), ..wish(&deal, &format!("caller-{caller}"), 300) };
                    match store.reserve_refund(&deal, refund, None, event("order", EventKind::RefundRequested)).await {
                        Ok(_) | Err(StoreError::Conflict | StoreError::Unavailable(_)) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        });
        let heard = join_all(callers).await;
        let look = database.look().await;
        assert_eq!(stored(&look).await, [heard[0].clone()]);
        assert!(heard.iter().all(|refund_id| *refund_id == heard[0]), "{heard:?}");
        assert_eq!((totals(&stores[0], "order").await, told(&look, "order", "refund_requested").await), ((300, 1), 1));
    }

    async fn a_reservation_whose_answer_is_lost_is_found_by_its_key_and_made_once(engine) {
        let database = Database::fresh(engine).await;
        opened(&database).await;
        let is_lost = Arc::new(AtomicBool::new(false));
        let in_the_hook = Arc::clone(&is_lost);
        let hook = FaultHook::new(move |tried| {
            let fault = match tried.name {
                "reserve refund" | "book refund" | "add refund of second payment" if !in_the_hook.swap(true, Ordering::Relaxed) => Fault::Broken { carried_out: true },
                _ => Fault::None,
            };
            std::future::ready(Decision { fault, until_over: Box::new(()) }).boxed()
        });
        let store = Store::open_with(&database.url.parse().unwrap(), "i1", LARGEST_BATCH, now(), Some(&hook)).await.unwrap();
        let look = database.look().await;
        paid_deal(&store, "order", "default").await;
        assert!(!reserves(&store, "order", "r1", 500).await, "the second try finds the amount moved");
        let found = store.find_refund_by_key(&number("order"), "r1").await.unwrap().unwrap();
        assert_eq!((found.refund_id.as_str(), totals(&store, "order").await), ("r1", (500, 1)));

        is_lost.store(false, Ordering::Relaxed);
        let proof = proven("default", "order", "by-hand", 300, "SUCCESS").await;
        assert!(books(&store, "order", &proof).await.unwrap(), "the second try finds its own");
        assert_eq!(totals(&store, "order").await, (800, 2));

        is_lost.store(false, Ordering::Relaxed);
        let deal = read(&store, "order").await;
        assert!(store.add_refund_of_second_payment(of_second(&deal, "second"), event("order", EventKind::RefundRequested)).await.unwrap());
        assert_eq!((totals(&store, "order").await, stored(&look).await.len()), ((800, 2), 3));
        assert_eq!((told(&look, "order", "refund_requested").await, told(&look, "order", "refund_booked").await), (2, 1));
        // Nothing is left open on the connection: other programs may alter the tables.
        look.run("ALTER TABLE deal ADD COLUMN note int NULL").await;
    }

    async fn what_becomes_of_a_refund_moves_what_its_deal_has_left_once(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        paid_deal(&store, "order", "shop2").await;
        for (n, (states, held, counted)) in [
            (&["SUCCESS"][..], 100, 1),
            (&["PROCESSING", "SUCCESS"], 100, 1),
            (&["PROCESSING", "CHANGE"], 100, 1),
            // WeChat counts it among the fifty.
            (&["PROCESSING", "REFUNDCLOSE"], 0, 1),
        ]
        .into_iter()
        .enumerate()
        {
            let before = totals(&store, "order").await;
            let refund_id = format!("r{n}");
            assert!(reserves(&store, "order", &refund_id, 100).await);
            for state in states {
                assert!(becomes(&store, &refund_id, state).await, "{states:?}");
                assert!(!becomes(&store, &refund_id, state).await, "{states:?}: a repeat");
            }
            assert_eq!(totals(&store, "order").await, (before.0 + held, before.1 + counted), "{states:?}");
        }
        let settled = refund(&store, "r1").await;
        assert_eq!((settled.state, settled.due_at, settled.accepted_at, settled.receiver.as_deref()), (RefundState::Success, None, Some(now()), Some("支付用户零钱")));
        assert_eq!(settled.wechat_refund_id.as_deref(), Some("50000000r1"));

        // Refused for good, which WeChat proves wrong later.
        let before = totals(&store, "order").await;
        assert!(reserves(&store, "order", "refused", 100).await);
        let as_read = refund(&store, "refused").await;
        assert!(is_refused(&store, &as_read).await);
        assert!(!is_refused(&store, &as_read).await);
        assert_eq!(totals(&store, "order").await, before);
        assert_eq!(read(&store, "order").await.refunded.list_due_at, Some(now()), "others may have given it back");
        assert_eq!(refund(&store, "refused").await.detail.as_deref(), Some("no"));
        assert!(becomes(&store, "refused", "PROCESSING").await);
        assert_eq!(totals(&store, "order").await, (before.0 + 100, before.1 + 1));
        assert_eq!(told(&look, "order", "refund_failed").await, 1);
    }

    async fn of_two_instances_that_settle_a_refund_at_once_one_moves_the_totals(engine) {
        let database = Database::fresh(engine).await;
        let stores = [opened(&database).await, opened(&database).await];
        paid_deal(&stores[0], "order", "default").await;
        assert!(reserves(&stores[0], "order", "other", 200).await);
        for n in 0..5 {
            let refund_id = format!("r{n}");
            assert!(reserves(&stores[0], "order", &refund_id, 100).await);
            let read = refund(&stores[0], &refund_id).await;
            let proof = proven("default", "order", &refund_id, 100, "REFUNDCLOSE").await;
            let settle = |store: Store| {
                let (read, verdict) = (read.clone(), Verdict::Proven(Box::new(proof.clone()), None));
                async move { store.settle_refund(&read, verdict, event("order", EventKind::RefundClosed)).await.unwrap() }
            };
            let settled = join_all((0..6).map(|n| settle(stores[n % 2].clone()))).await;
            assert_eq!(settled.iter().filter(|settled| **settled).count(), 1);
            assert_eq!(totals(&stores[0], "order").await, (200, 2 + n));
        }
    }

    async fn a_refund_is_settled_by_the_word_about_it_and_no_other(engine) {
        let database = Database::fresh(engine).await;
        let store = opened(&database).await;
        for (order_id, of) in [("order", "shop2"), ("other", "shop2")] {
            paid_deal(&store, order_id, of).await;
        }
        assert!(reserves(&store, "order", "r1", 100).await);
        assert!(reserves(&store, "order", "r2", 100).await);
        let read = refund(&store, "r1").await;
        for proof in [
            proven("default", "order", "r1", 100, "REFUNDCLOSE").await,
            proven("shop2", "other", "r1", 100, "REFUNDCLOSE").await,
            proven("shop2", "order", "r2", 100, "REFUNDCLOSE").await,
            proven("shop2", "order", "r1", 99, "REFUNDCLOSE").await,
        ] {
            let told = format!("{proof:?}");
            let verdict = Verdict::Proven(Box::new(proof), None);
            assert!(!store.settle_refund(&read, verdict, event("order", EventKind::RefundClosed)).await.unwrap(), "{told}");
        }
        assert_eq!((refund(&store, "r1").await, totals(&store, "order").await), (read, (200, 2)));
    }

    async fn a_refusal_counts_while_no_other_step_may_be_sending(engine) {
        let database = Database::fresh(engine).await;
        let store = opened(&database).await;
        paid_deal(&store, "order", "default").await;
        assert!(reserves(&store, "order", "r1", 100).await);
        let as_read = refund(&store, "r1").await;
        // The lease ran out, and another instance sends.
        assert!(store.take_refund(&as_read, now(), now() + TimeDelta::seconds(40)).await.unwrap());
        assert!(!store.take_refund(&as_read, now(), now() + TimeDelta::seconds(41)).await.unwrap(), "one instance at a time");
        assert!(!is_refused(&store, &as_read).await);
        assert_eq!((refund(&store, "r1").await.state, totals(&store, "order").await), (RefundState::Processing, (100, 1)));
        assert!(becomes(&store, "r1", "PROCESSING").await, "an acceptance counts whoever heard it");
        assert!(!is_refused(&store, &refund(&store, "r1").await).await, "what WeChat has accepted is never refused");
        assert_eq!(totals(&store, "order").await, (100, 1));
    }

    async fn a_refund_of_a_deal_that_another_program_has_deleted_is_settled_all_the_same(engine) {
        let database = Database::fresh(engine).await;
        let store = opened(&database).await;
        paid_deal(&store, "order", "default").await;
        assert!(reserves(&store, "order", "r1", 100).await);
        database.look().await.run("DELETE FROM deal").await;
        assert!(becomes(&store, "r1", "REFUNDCLOSE").await);
        assert_eq!(refund(&store, "r1").await.state, RefundState::Closed);
    }

    async fn what_others_gave_back_is_booked_once_and_leaves_less(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        paid_deal(&store, "order", "shop2").await;
        let proof = proven("shop2", "order", "by-hand", 300, "SUCCESS").await;
        assert!(books(&store, "order", &proof).await.unwrap());
        assert!(matches!(books(&store, "order", &proof).await, Err(StoreError::Conflict)));
        let deal = read(&store, "order").await;
        assert_eq!((totals(&store, "order").await, deal.left(), deal.refunded_at), ((300, 1), Fen::new(1690), Some(now())));
        assert_eq!(deal.refunded.last_at, None, "the next of ours need not wait for it");
        let booked = refund(&store, "by-hand").await;
        assert_eq!((booked.source, booked.state, booked.due_at), (RefundSource::Platform, RefundState::Success, None));
        assert_eq!((booked.request, booked.idempotency_key, booked.asked), (None, None, None));
        assert_eq!(told(&look, "order", "refund_booked").await, 1);
        // More than is left by our own books, as one that is reserved and not sent: WeChat's word is no wish.
        assert!(reserves(&store, "order", "r1", 1690).await);
        assert!(books(&store, "order", &proven("shop2", "order", "by-hand-2", 400, "PROCESSING").await).await.unwrap());
        assert_eq!((totals(&store, "order").await, read(&store, "order").await.left()), ((2390, 3), None));
    }

    async fn a_booked_refund_that_was_closed_leaves_the_payment_as_it_was(engine) {
        let database = Database::fresh(engine).await;
        let store = opened(&database).await;
        paid_deal(&store, "order", "default").await;
        assert!(books(&store, "order", &proven("default", "order", "closed", 300, "REFUNDCLOSE").await).await.unwrap());
        assert_eq!((totals(&store, "order").await, read(&store, "order").await.refunded_at), ((0, 1), None));
    }

    async fn a_booked_refund_is_its_own_deal_s_and_account_s(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        paid_deal(&store, "order", "shop2").await;
        let as_read = read(&store, "order").await;
        let proof = proven("shop2", "order", "by-hand", 300, "SUCCESS").await;
        let booked = async |proof: &ProvenRefund| store.book_refund(&as_read, proof, None, event("order", EventKind::RefundBooked)).await.unwrap();
        assert!(!booked(&proven("default", "order", "by-hand", 300, "SUCCESS").await).await, "another account's");
        assert!(!booked(&proven("shop2", "other", "by-hand", 300, "SUCCESS").await).await, "another order's");
        for changed in ["status = 0", "status = 1, transaction_key = NULL", "transaction_key = 'another'"] {
            look.run(&format!("UPDATE deal SET {changed}")).await;
            assert!(!booked(&proof).await, "{changed}");
        }
        assert_eq!((stored(&look).await, totals(&store, "order").await), (vec![], (0, 0)));
        // What another program has written for the number of the payment says nothing.
        look.run(&format!("UPDATE deal SET transaction_key = '{}', transaction_id = '{SECOND}'", as_read.transaction_key.as_deref().unwrap())).await;
        assert!(books(&store, "order", &proof).await.unwrap());
        assert_eq!((refund(&store, "by-hand").await.is_of_second_payment, totals(&store, "order").await), (false, (300, 1)));
    }

    async fn refunds_of_a_second_payment_are_no_part_of_what_the_deal_has_left(engine) {
        let database = Database::fresh(engine).await;
        let store = opened(&database).await;
        paid_deal(&store, "order", "default").await;
        let second = refund_message("order", "by-hand", 1990, "SUCCESS").with("transaction_id", SECOND);
        assert!(books(&store, "order", &proven_by("default", second).await).await.unwrap());
        let deal = read(&store, "order").await;
        assert!(store.add_refund_of_second_payment(of_second(&deal, "automatic"), event("order", EventKind::RefundRequested)).await.unwrap());
        let again = store.add_refund_of_second_payment(of_second(&deal, "automatic"), event("order", EventKind::RefundRequested)).await;
        assert!(matches!(again, Err(StoreError::Conflict)));
        assert!(refund(&store, "by-hand").await.is_of_second_payment && refund(&store, "automatic").await.is_of_second_payment);
        assert!(becomes(&store, "automatic", "PROCESSING").await);
        assert!(becomes(&store, "automatic", "REFUNDCLOSE").await);
        let deal = read(&store, "order").await;
        assert_eq!((totals(&store, "order").await, deal.left(), deal.refunded_at, deal.refunded.last_at), ((0, 0), Fen::new(1990), None, None));
    }

    async fn a_late_payment_and_its_refund_are_stored_together_or_neither(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        for order_id in ["order", "taken"] {
            deal(&store, order_id, "shop2", Details::default()).await;
            look.run(&format!("UPDATE deal SET status = 2 WHERE order_id = '{order_id}'")).await;
        }
        let late = async |order_id: &str, refund_id: &str, of: &str| {
            let deal = read(&store, order_id).await;
            let events = [event(order_id, EventKind::SettledLate), event(order_id, EventKind::RefundRequested)];
            store.mark_paid_and_reserve_refund(&deal, &paid(of, order_id), now(), wish(&deal, refund_id, 1990), events).await
        };
        assert!(!late("order", "r1", "default").await.unwrap(), "another account's");
        assert!(late("order", "r1", "shop2").await.unwrap());
        assert!(!late("order", "r1", "shop2").await.unwrap(), "it is paid");
        assert_eq!((look.status("order").await, totals(&store, "order").await, read(&store, "order").await.left()), (1, (1990, 1), None));
        assert!(matches!(late("taken", "r1", "shop2").await, Err(StoreError::Conflict)), "the refund cannot be stored");
        assert_eq!((look.status("taken").await, totals(&store, "taken").await), (2, (0, 0)));
        let journal = look.column("SELECT order_id, kind FROM deal_event WHERE kind <> 'opened' ORDER BY id", "kind").await;
        assert_eq!(journal, ["settled_late", "refund_requested"], "of the one that was stored");
    }

    async fn whatever_wechat_signs_of_a_refund_can_be_stored(engine) {
        let database = Database::fresh(engine).await;
        let store = opened(&database).await;
        paid_deal(&store, "order", "default").await;
        let refund_id = "*".repeat(64);
        let bank = "招商银行信用卡尾号零四零三".repeat(30);
        let message = refund_message("order", "r", 300, "SUCCESS").with("out_refund_no_0", &refund_id).with("refund_recv_accout_0", &bank);
        assert!(books(&store, "order", &proven_by("default", message).await).await.unwrap());
        let booked = refund(&store, &refund_id).await;
        assert_eq!(booked.receiver, Some(bank.chars().take(255).collect()));
    }

    async fn numbers_of_refunds_are_told_apart_by_their_letters(engine) {
        let database = Database::fresh(engine).await;
        let store = opened(&database).await;
        paid_deal(&store, "order", "default").await;
        for (refund_id, fee) in [("abc", 100), ("ABC", 200), ("Abc", 300)] {
            assert!(reserves(&store, "order", refund_id, fee).await, "{refund_id}");
        }
        for (refund_id, fee) in [("abc", 100), ("ABC", 200), ("Abc", 300)] {
            let (by_number, by_key) = (refund(&store, refund_id).await, store.find_refund_by_key(&number("order"), refund_id).await.unwrap());
            assert_eq!((by_number.fee.get(), Some(by_number)), (fee, by_key));
        }
        assert_eq!(store.find_refund(&"aBC".parse::<RefundId>().unwrap()).await.unwrap(), None);
    }
}
