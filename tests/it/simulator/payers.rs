//! Several payers at one WeChat: who may pay which order.

use chrono::TimeDelta;
use serde_json::{Value, json};
use wechat_pay::channel::wechat::v2::xml;
use wechat_pay::simulator::{CannotPay, Payer, Payment, World};

use super::merchants::{FIRST, Served, ask, now, world};
use super::trade_types::{NUMBER, order};

fn pays(world: &mut World, payer: Option<Payer>, minutes: i64) -> Result<(), CannotPay> {
    world.pay_order(&FIRST.order(NUMBER), Payment { payer, ..Payment::default() }, now() + TimeDelta::minutes(minutes))
}

#[test]
fn a_jsapi_order_is_its_payer_s() {
    let openid = Payer::Second.openid(FIRST.appid);
    let mut world = world();
    ask(&mut world, "unifiedorder", &order(FIRST, "JSAPI", &[("openid", &openid)]));
    for payer in [Payer::First, Payer::Third, Payer::SnapshotVisitor] {
        assert_eq!(pays(&mut world, Some(payer), 0), Err(CannotPay::AnotherPayer));
    }
    assert_eq!(pays(&mut world, Some(Payer::Second), 120), Err(CannotPay::Expired));
    assert_eq!(pays(&mut world, Some(Payer::Second), 119), Ok(()));
}

#[test]
fn the_openid_of_a_virtual_account_is_nobody_s() {
    let openid = Payer::SnapshotVisitor.login_openid(FIRST.appid);
    let mut world = world();
    ask(&mut world, "unifiedorder", &order(FIRST, "JSAPI", &[("openid", &openid)]));
    for payer in Payer::ALL {
        assert_eq!(pays(&mut world, Some(payer), 0), Err(CannotPay::AnotherPayer));
    }
}

#[test]
fn who_pays_is_told_by_their_openid() {
    for trade_type in ["NATIVE", "MWEB", "APP"] {
        for payer in Payer::ALL {
            let mut world = world();
            ask(&mut world, "unifiedorder", &order(FIRST, trade_type, &[]));
            pays(&mut world, Some(payer), 0).unwrap();
            let told = xml::parse(world.notifications_due(now()).pop().unwrap().body.as_bytes()).unwrap();
            assert_eq!(told.get("openid"), Some(payer.openid(FIRST.appid).as_str()), "{trade_type} {payer:?}");
        }
    }
}

#[test]
fn a_page_of_an_h5_order_is_opened_within_five_minutes() {
    let mut world = world();
    ask(&mut world, "unifiedorder", &order(FIRST, "MWEB", &[]));
    assert_eq!(pays(&mut world, None, 5), Err(CannotPay::Expired));
    assert_eq!(pays(&mut world, None, 4), Ok(()));
}

async fn act(served: &Served, what: &str) -> (u16, Value) {
    let answer = served.phone.post_json(&format!("/_sim/orders/{NUMBER}/{what}"), &json!({})).await;
    (answer.status, answer.json())
}

#[tokio::test]
async fn a_link_belongs_to_the_payer_who_scanned_it_first() {
    for trade_type in ["NATIVE", "MWEB"] {
        let served = Served::new().await;
        let opened = || served.phone.post("/pay/unifiedorder", "text/xml", order(FIRST, trade_type, &[]));
        opened().await;
        assert_eq!(act(&served, "enter-password?payer=2").await.0, 200);
        for what in ["enter-password?payer=3", "fail?payer=1", "pay?payer=1"] {
            let (status, json) = act(&served, what).await;
            assert_eq!((status, &json["error"]), (409, &json!("商家订单信息有误")), "{what}");
        }
        // A fresh link is free again.
        opened().await;
        assert_eq!(act(&served, "enter-password?payer=3").await.0, 200);
        let (status, paid) = act(&served, "pay").await;
        assert_eq!((status, &paid["trade_state"], &paid["trade_type"]), (200, &json!("SUCCESS"), &json!(trade_type)));
        assert_eq!(served.simulator.world().order(NUMBER).unwrap().payer, Some(Payer::Third), "who came last is meant");
    }
}

#[tokio::test]
async fn the_control_calls_show_what_an_order_is_paid_by() {
    let served = Served::new().await;
    served.phone.post("/pay/unifiedorder", "text/xml", order(FIRST, "MWEB", &[])).await;
    let listed = served.phone.get("/_sim/orders").await.json()[0].clone();
    let page = format!("http://{}/_wechat/checkmweb?prepay_id={}&package=", served.phone.address, listed["prepay_id"].as_str().unwrap());
    assert!(listed["mweb_url"].as_str().unwrap().starts_with(&page), "by the host that was called: {listed}");
    assert_eq!((&listed["trade_type"], &listed["code_url"]), (&json!("MWEB"), &Value::Null));
    for (what, status) in [("pay?payer=5", 400), ("pay?payer=x", 400), ("pay?payer=4", 200)] {
        let answer = served.phone.post_json(&format!("/_sim/orders/{NUMBER}/{what}"), &json!({})).await;
        assert_eq!(answer.status, status, "{what}");
    }
}
