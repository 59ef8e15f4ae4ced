//! What a bill is held against: deals and refunds by their numbers, and what was paid or accepted within a day.

use chrono::TimeDelta;
use wechat_pay::deal::{DealStatus, Details, Fen, RefundId, RefundState, Timestamp};
use wechat_pay::store::{BookedDeal, BookedRefund, EventKind, Store, Verdict};

use super::accounts::{account, deal, event, now, number, opened};
use super::refunds::{paid_deal, proven, refund, reserves};
use crate::support::database::{Database, Engine, Look};
use crate::support::on_both_engines;

fn tomorrow() -> Timestamp {
    now() + TimeDelta::days(1)
}

/// So many paid deals, a second apart by threes, all of `default` but every fifth; the numbers of those of `default` in their order.
async fn paid_rows(look: &Look, count: usize) -> Vec<String> {
    let mut numbers = Vec::new();
    for first in (0..count).step_by(500) {
        let row = |n: usize| {
            let (of, time) = (if n % 5 == 4 { "'shop2'" } else { "NULL" }, now() + TimeDelta::seconds(n as i64 / 3));
            let time = wechat_pay::deal::BeijingTime::from(time).naive();
            format!("('o{n}', 'o{n}', 34, 12, 19.9, 0, 1, 0, {of}, 'wx{n}', '2026-04-01 11:00:00', '{time}')")
        };
        let rows: Vec<_> = (first..count.min(first + 500)).map(row).collect();
        look.run(&format!(
            "INSERT INTO deal (order_id, order_key, product_id, merchant_id, price, price_last, status, mode, account, transaction_id, create_at, \
             update_at) VALUES {}",
            rows.join(", ")
        ))
        .await;
    }
    numbers.extend((0..count).filter(|n| n % 5 != 4).map(|n| format!("o{n}")));
    numbers
}

/// All that was paid through an account, page by page.
async fn paid_on(store: &Store, of: &str, limit: u32) -> Vec<BookedDeal> {
    let mut all: Vec<BookedDeal> = Vec::new();
    loop {
        let behind = all.last().map(|deal| (deal.paid_at.unwrap(), deal.id));
        let page = store.paid_on(&account(of), now(), tomorrow(), behind, limit).await.unwrap();
        let is_last = page.len() < limit as usize;
        all.extend(page);
        if is_last {
            return all;
        }
    }
}

on_both_engines! {
    async fn deals_are_found_by_their_numbers_as_their_rows_stand(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        deal(&store, "unpaid", "default", Details::default()).await;
        paid_deal(&store, "paid", "shop2").await;
        paid_deal(&store, "Paid", "default").await;
        deal(&store, "alipay", "default", Details::default()).await;
        look.run("UPDATE deal SET mode = 1 WHERE order_id = 'alipay'").await;
        let numbers = ["unpaid", "paid", "none", "alipay"].map(number).to_vec();
        let mut found = store.booked_deals(numbers).await.unwrap();
        found.sort_by_key(|deal| deal.id);
        assert_eq!(found.iter().map(|deal| deal.order_id.as_str()).collect::<Vec<_>>(), ["unpaid", "paid", "alipay"], "and not Paid");
        assert_eq!((found[0].status, found[0].charged, found[0].paid_at), (DealStatus::Unpaid, Fen::new(1990), None));
        let whole = store.find(&number("paid")).await.unwrap().unwrap();
        let expected = BookedDeal {
            id: whole.id,
            order_id: number("paid"),
            account: account("shop2"),
            status: DealStatus::Paid,
            is_wechats: true,
            charged: Fen::new(1990),
            transaction_id: whole.transaction_id.clone(),
            transaction_key: whole.transaction_key.clone(),
            paid_at: Some(now()),
        };
        assert!(expected.transaction_id.is_some() && expected.transaction_key.is_some());
        assert_eq!((&found[1], found[2].is_wechats), (&expected, false));
        assert!(store.booked_deals(Vec::new()).await.unwrap().is_empty());
        let many: Vec<_> = (0..500).map(|n| number(&format!("none-{n}"))).chain([number("paid")]).collect();
        assert_eq!(store.booked_deals(many).await.unwrap(), [expected]);
    }

    async fn what_was_paid_within_a_day_is_read_in_its_order_whatever_lies_between(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        let expected = paid_rows(&look, 4500).await;
        deal(&store, "unpaid", "default", Details::default()).await;
        // Paid another way, before the day, and behind it.
        paid_deal(&store, "alipay", "default").await;
        for (order_id, time) in [("before", "2026-04-01 11:59:59"), ("behind", "2026-04-02 12:00:00")] {
            paid_deal(&store, order_id, "default").await;
            look.run(&format!("UPDATE deal SET update_at = '{time}' WHERE order_id = '{order_id}'")).await;
        }
        look.run("UPDATE deal SET mode = 1 WHERE order_id = 'alipay'").await;
        for limit in [7, 500, 5000] {
            let paid = paid_on(&store, "default", limit).await;
            assert!(paid.iter().map(|deal| deal.order_id.as_str()).eq(expected.iter().map(String::as_str)), "by pages of {limit}");
            assert!(paid.iter().all(|deal| deal.is_wechats && deal.status == DealStatus::Paid && deal.account == account("default")));
        }
        let others = paid_on(&store, "shop2", 100).await;
        assert_eq!((others.len(), others[0].order_id.as_str(), others[899].order_id.as_str()), (900, "o4", "o4499"));
        assert!(store.paid_on(&account("shop3"), now(), tomorrow(), None, 10).await.unwrap().is_empty(), "however many are looked through");
        assert!(store.paid_on(&account("default"), now(), tomorrow(), None, 0).await.unwrap().is_empty());
    }

    async fn refunds_are_found_by_their_numbers_and_by_when_they_were_accepted(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        paid_deal(&store, "order", "shop2").await;
        for refund_id in ["r1", "R1", "r2", "r3", "r4", "r5"] {
            assert!(reserves(&store, "order", refund_id, 100).await);
        }
        for (refund_id, state) in [("r1", "SUCCESS"), ("r2", "PROCESSING"), ("r4", "PROCESSING"), ("r5", "REFUNDCLOSE")] {
            let proof = proven("shop2", "order", refund_id, 100, state).await;
            let verdict = Verdict::Proven(Box::new(proof), None);
            let read = refund(&store, refund_id).await;
            assert!(store.settle_refund(&read, verdict, event("order", EventKind::RefundAccepted)).await.unwrap(), "{refund_id}");
        }
        look.run("UPDATE refund SET source = 'platform' WHERE refund_id = 'r4'").await;
        let numbers = ["r1", "r3", "none"].map(|number| number.parse::<RefundId>().unwrap()).to_vec();
        let mut found = store.booked_refunds(numbers).await.unwrap();
        found.sort_by_key(|refund| refund.id);
        assert_eq!(found.iter().map(|refund| refund.refund_id.as_str()).collect::<Vec<_>>(), ["r1", "r3"], "and not R1");
        let whole = refund(&store, "r1").await;
        let expected = BookedRefund {
            id: whole.id,
            refund_id: whole.refund_id.clone(),
            order_id: number("order"),
            account: account("shop2"),
            state: RefundState::Success,
            fee: Fen::new(100).unwrap(),
            wechat_refund_id: whole.wechat_refund_id.clone(),
            transaction_id: whole.transaction_id.clone(),
            accepted_at: Some(now()),
        };
        assert!(expected.wechat_refund_id.is_some() && expected.transaction_id.is_some());
        assert_eq!((&found[0], found[1].state, found[1].accepted_at), (&expected, RefundState::Processing, None));
        let accepted = async |of: &str, behind, limit| {
            let refunds = store.accepted_on(&account(of), now(), tomorrow(), behind, limit).await.unwrap();
            refunds.into_iter().map(|refund| refund.refund_id.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(accepted("shop2", None, 10).await, ["r1", "r2", "r5"], "however they stand, but for what others made");
        assert_eq!(accepted("shop2", Some((now(), expected.id)), 1).await, ["r2"]);
        assert!(accepted("default", None, 10).await.is_empty());
        look.run("UPDATE refund SET accepted_at = '2026-04-02 12:00:00' WHERE refund_id = 'r2'").await;
        assert_eq!(accepted("shop2", None, 10).await, ["r1", "r5"]);
    }
}

/// Tables of the original may have parts of seconds, which no caller knows of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_of_seconds_hide_no_row_and_repeat_none() {
    let database = Database::fresh(Engine::MySql).await;
    let (store, look) = (opened(&database).await, database.look().await);
    look.run("ALTER TABLE deal MODIFY update_at datetime(3) NOT NULL").await;
    for (order_id, part) in [("third", "900"), ("first", "100"), ("second", "500")] {
        paid_deal(&store, order_id, "default").await;
        look.run(&format!("UPDATE deal SET update_at = '2026-04-01 12:00:00.{part}' WHERE order_id = '{order_id}'")).await;
    }
    let paid = paid_on(&store, "default", 1).await;
    assert_eq!(paid.iter().map(|deal| deal.order_id.as_str()).collect::<Vec<_>>(), ["first", "second", "third"]);
}
