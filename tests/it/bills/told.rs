//! What came of a morning is told: to an endpoint and in the feed, once a day and account, and to nobody who may not see all sellers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::shop::{DAY, Shop};
use crate::feed::told::read_with;
use crate::front_end::keys::with_keys;
use crate::support::database::Engine;
use crate::support::on_both_engines;
use crate::support::stub::{Reply, Stub};
use crate::support::test_app::TestAppBuilder;

fn bill(state: &str) -> Value {
    json!({
        "date": DAY, "account": "default", "state": state, "payments": 1, "paid_fee": 1990, "refunds": 0, "refunded_fee": 0, "fee": 12_000,
        "differences": 1, "open": 0,
    })
}

on_both_engines! {
    async fn an_endpoint_hears_of_each_bill_once(engine) {
        let heard = Arc::new(Mutex::new(Vec::<Value>::new()));
        let hears = Arc::clone(&heard);
        let endpoint = Stub::start(move |_, body| {
            hears.lock().unwrap().push(serde_json::from_str(body).unwrap());
            Reply::Body(String::new())
        })
        .await;
        let builder = TestAppBuilder::new(engine).await.set("WEBHOOKS__SHOP__URL", format!("http://{}/", endpoint.address));
        let shop = Shop::of(builder.set("WEBHOOKS__SHOP__SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).await;
        shop.paid_unheard().await;
        shop.morning();
        shop.look().await;
        shop.look().await;
        let of_type = |event_type: &str| {
            let heard = heard.lock().unwrap();
            heard.iter().filter(|event| event["type"] == event_type).map(|event| event["data"].clone()).collect::<Vec<_>>()
        };
        for _ in 0..500 {
            if of_type("bill.reconciled").len() >= 7 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        let bills = of_type("bill.reconciled");
        assert_eq!(bills.len(), 7, "{bills:?}");
        assert_eq!(bills.iter().filter(|data| data["bill"]["state"] == "NO_TRADES").count(), 6);
        assert_eq!(bills.iter().filter(|data| data["bill"]["date"] == DAY).collect::<Vec<_>>(), [&json!({"bill": bill("AGREED")})]);
        assert_eq!(of_type("deal.paid").len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_limited_to_sellers_hears_of_the_deal_and_not_of_the_bill() {
    let keys = [("ALL", &[("SCOPES", "read,manage")][..]), ("SHOP", &[("SCOPES", "read,manage"), ("SELLERS", "12")][..])];
    let (app, [all, seller]) = with_keys(Engine::Sqlite, "open", keys).await;
    let order = app.to_pay("19.90").await;
    app.payer_pays_silently(&order);
    app.clock.advance(chrono::TimeDelta::hours(23));
    app.gateway().plan_bills().await.unwrap();
    while app.gateway().reconcile_due().await.unwrap() {}
    crate::telling::told::outbox(app.gateway()).await;
    let types = async |key: &str| {
        let page = read_with(&app, key, "after=").await.json();
        let changes = page["changes"].as_array().unwrap_or_else(|| panic!("{page}"));
        let mut types: Vec<_> = changes.iter().map(|change| change["type"].as_str().unwrap().to_owned()).collect();
        types.dedup();
        types
    };
    assert_eq!(
        (types(&all).await, types(&seller).await),
        (vec!["bill.reconciled".to_owned(), "deal.paid".to_owned(), "bill.reconciled".to_owned()], vec!["deal.paid".to_owned()])
    );
    for path in ["/wxPay/bills".to_owned(), format!("/wxPay/bills/{DAY}/differences"), format!("/wxPay/bills/{DAY}/file")] {
        let asked = async |key: &str| {
            app.till.request("GET", &path).header("authorization", format!("Bearer {key}")).send().await.unwrap().status().as_u16()
        };
        assert_eq!((asked(&all).await, asked(&seller).await, app.till.get(&path).await.status), (200, 403, 200), "{path}");
    }
}
