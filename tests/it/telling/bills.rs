//! What came of a bill, as back ends are told it: once, and only those that may see all sellers of its account.

use chrono::TimeDelta;
use serde_json::{Value, json};
use wechat_pay::deal::{DifferenceState, Finding};
use wechat_pay::store::{FinishedBill, Store};

use super::told::{app, outbox, told};
use crate::database::bills::{compared, day, found, planned};
use crate::feed::told::{beside, read_with};
use crate::front_end::keys::with_keys;
use crate::support::database::Engine;
use crate::support::on_both_engines;
use crate::support::test_app::{TestApp, TestAppBuilder};

const DAY: &str = "2026-03-31";

/// A bill is held against the books, with so many differences that are open.
pub async fn reconciled(app: &TestApp, store: &Store, of: &str, open: usize, announces: bool) {
    let bill = planned(store, of, DAY).await;
    let until = app.clock.now() + TimeDelta::minutes(10);
    assert!(store.take_bill(&bill, until).await.unwrap());
    let found = (0..open).map(|n| found(&format!("o{n}"), DifferenceState::Open, Finding::NotKnown)).collect();
    let finished = FinishedBill { at: app.clock.now(), announces, ..compared(found) };
    assert!(store.finish_bill(&bill, until, finished).await.unwrap());
}

fn bill(of: &str, state: &str, open: i64) -> Value {
    json!({
        "date": DAY, "account": of, "state": state, "payments": 3, "paid_fee": 5970, "refunds": 1, "refunded_fee": 500, "fee": -32_000,
        "differences": open, "open": open,
    })
}

on_both_engines! {
    async fn a_bill_is_told_of_once_behind_what_the_journal_tells(engine) {
        let app = app(engine).await;
        let store = app.gateway().store();
        let order = app.to_pay("19.90").await;
        app.payer_pays(&order).await;
        reconciled(&app, store, "shop2", 2, true).await;
        assert_eq!(store.untold_bills(10).await.unwrap().len(), 1);
        let all = told(&app).await;
        assert_eq!(all.iter().map(|(event_type, _)| event_type.as_str()).collect::<Vec<_>>(), ["deal.paid", "bill.reconciled"]);
        assert_eq!(all[1].1, json!({"bill": bill("shop2", "DIFFERENT", 2)}));
        let event = outbox(app.gateway()).await.remove(1);
        assert_eq!((event.merchant_id, event.account.as_str(), event.at), (None, "shop2", app.clock.now()));
        assert!(store.untold_bills(10).await.unwrap().is_empty());
        reconciled(&app, store, "shop2", 0, false).await;
        assert_eq!(told(&app).await.len(), 2, "there was nothing to tell");
        app.time_passes(60);
        reconciled(&app, store, "shop2", 0, true).await;
        assert_eq!(told(&app).await.len(), 3);
        assert_eq!(store.find_bill(&"shop2".parse().unwrap(), day(DAY)).await.unwrap().unwrap().at, Some(app.clock.now()));
    }

    async fn without_anybody_to_tell_nothing_waits_to_be_told(engine) {
        let app = TestAppBuilder::new(engine).await.open().await;
        let store = Store::open(&app.database.url.parse().unwrap(), "i2", 1, app.clock.now()).await.unwrap();
        reconciled(&app, &store, "default", 1, true).await;
        assert!(store.untold_bills(10).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_see_all_sellers_of_the_account_is_not_told() {
    let keys = [
        ("ALL", &[("SCOPES", "read")][..]),
        ("BOOKS", &[("SCOPES", "read"), ("ACCOUNTS", "default")][..]),
        ("SHOP", &[("SCOPES", "read"), ("SELLERS", "1-2147483647")][..]),
        ("BRANCH", &[("SCOPES", "read"), ("SELLERS", "12"), ("ACCOUNTS", "default")][..]),
    ];
    let (app, keys) = with_keys(Engine::Sqlite, "open", keys).await;
    let store = beside(&app).await;
    for of in ["shop2", "default"] {
        reconciled(&app, &store, of, 0, true).await;
    }
    outbox(app.gateway()).await;
    for (key, expected) in keys.iter().zip([&["shop2", "default"][..], &["default"], &[], &[]]) {
        for wait in ["", "&wait=1"] {
            let page = read_with(&app, key, &format!("after={wait}")).await.json();
            let told: Vec<_> = page["changes"].as_array().unwrap().iter().map(|change| change["data"]["bill"].clone()).collect();
            assert_eq!(told, expected.iter().map(|of| bill(of, "AGREED", 0)).collect::<Vec<_>>(), "{page}");
            assert_eq!(page["next"], "2", "the cursor moves on");
        }
    }
}
