//! What goes wrong with refunds at the simulated WeChat: its limits, its refusals, its notifications.

use serde_json::{Value, json};
use wechat_pay::channel::wechat::v2::{RefundCipher, SignType, xml};
use wechat_pay::simulator::{Faults, Payment, RefundNotify, RefundRefusal, RefundState};

use super::merchants::{FIRST, Served, gist, now};
use super::refunds::{HOOK, NUMBER, Shop, asked, read};
use crate::support::http::try_send;
use crate::support::stub::{Reply, Stub};

fn with(faults: Faults) -> Shop {
    let mut shop = Shop::with_a_paid_order();
    shop.world.faults = faults;
    shop
}

#[test]
fn the_shared_limit_hits_some_and_the_same_request_passes_later() {
    let mut shop = with(Faults { refund_frequency_limited: 0.5, ..Faults::default() });
    let mut limited = 0;
    for number in 0..50 {
        let number = format!("R{number}");
        if gist(&shop.refund(&number, "1")) == "FREQUENCY_LIMITED" {
            limited += 1;
            assert!(shop.world.refunds().all(|refund| refund.out_refund_no != number), "not accepted");
            assert_eq!(gist(&shop.refund(&number, "1")), "SUCCESS", "{number}");
        }
        assert_eq!(gist(&shop.refund(&number, "1")), "SUCCESS", "{number}");
        shop.time_passes(60);
    }
    assert!((5..45).contains(&limited), "{limited}");
    assert_eq!(shop.world.refunds().count(), 50);
}

#[test]
fn refunds_end_as_the_tester_wants_it() {
    for refund_end in [RefundState::Success, RefundState::RefundClose, RefundState::Change] {
        let mut shop = with(Faults { refund_end, ..Faults::default() });
        shop.refund("R1", "30");
        shop.time_passes(1);
        assert!(shop.told().is_empty(), "{refund_end:?}");
        shop.time_passes(1);
        assert_eq!(shop.told()[0].get("refund_status"), Some(refund_end.as_str()));
        assert_eq!(shop.ask("refundquery", &[("out_refund_no", "R1")]).get("refund_status_0"), Some(refund_end.as_str()));
    }
}

#[test]
fn a_refusal_that_is_switched_on_meets_new_refunds_only() {
    let mut shop = with(Faults::default());
    shop.refund("R1", "30");
    shop.time_passes(60);
    for refused in [
        RefundRefusal::BizerrNeedRetry,
        RefundRefusal::InvalidReqTooMuch,
        RefundRefusal::UserAccountAbnormal,
        RefundRefusal::Noauth,
        RefundRefusal::CertError,
    ] {
        shop.world.faults.refund_refused = Some(refused);
        assert_eq!(gist(&shop.refund("R2", "30")), refused.told().0);
        assert_eq!(gist(&shop.refund("R1", "30")), "SUCCESS", "what was accepted stays accepted");
    }
    shop.world.faults.refund_refused = None;
    assert_eq!(gist(&shop.refund("R2", "30")), "SUCCESS");
}

#[test]
fn a_slow_refund_stays_under_way() {
    let mut shop = with(Faults { refund_delay_s: 3 * 86_400, ..Faults::default() });
    shop.refund("R1", "30");
    shop.time_passes(3 * 86_400 - 1);
    assert!(shop.told().is_empty());
    shop.time_passes(1);
    assert_eq!(shop.told()[0].get("success_time"), Some("2026-04-04 12:00:00"));
}

#[test]
fn a_notification_is_lost_or_doubled() {
    for (refund_notify, count) in [(RefundNotify::Normal, 1), (RefundNotify::Lost, 0), (RefundNotify::Twice, 2)] {
        let mut shop = with(Faults { refund_notify, ..Faults::default() });
        shop.refund("R1", "30");
        let now = shop.now;
        shop.world.finish_refund("R1", RefundState::RefundClose, now).unwrap();
        let told = shop.told();
        assert_eq!(told.len(), count, "{refund_notify:?}");
        for told in told {
            assert_eq!((told.get("refund_fee"), told.get("refund_status")), (Some("30"), Some("REFUNDCLOSE")), "{refund_notify:?}");
        }
    }
}

#[test]
fn a_forged_notification_can_be_believed_and_none_of_it_is_true() {
    for (fee, other, end) in [
        ("30", "31", RefundState::Success),
        ("30", "31", RefundState::RefundClose),
        ("30", "31", RefundState::Change),
        ("88", "87", RefundState::Success),
    ] {
        let mut shop = with(Faults { refund_notify: RefundNotify::Forged, ..Faults::default() });
        shop.refund("R1", fee);
        let while_under_way = shop.told();
        let now = shop.now;
        shop.world.finish_refund("R1", end, now).unwrap();
        let when_decided = shop.told();
        let the_opposite = if end == RefundState::Success { "REFUNDCLOSE" } else { "SUCCESS" };
        for (told, state) in [(while_under_way, "SUCCESS"), (when_decided, the_opposite)] {
            let [told] = told.try_into().unwrap();
            for (name, value) in [
                ("refund_status", state),
                ("refund_fee", other),
                ("settlement_refund_fee", other),
                ("cash_refund_fee", other),
                ("total_fee", "88"),
                ("out_refund_no", "R1"),
                ("refund_recv_accout", "支付用户零钱"),
            ] {
                assert_eq!(told.get(name), Some(value), "{end:?} {name}");
            }
            assert_eq!(told.contains("success_time"), state == "SUCCESS", "{end:?}");
        }
        assert_eq!(shop.ask("refundquery", &[("out_refund_no", "R1")]).get("refund_fee_0"), Some(fee), "the books are as they were");
    }
}

#[test]
fn a_notification_of_another_key_a_cut_one_and_noise_tell_nothing() {
    for refund_notify in [RefundNotify::Foreign, RefundNotify::Truncated, RefundNotify::Random] {
        let mut shop = with(Faults { refund_notify, ..Faults::default() });
        shop.refund("R1", "30");
        shop.time_passes(2);
        let [posted] = shop.world.notifications_due(shop.now).try_into().unwrap();
        let message = xml::parse(posted.body.as_bytes()).unwrap();
        assert_eq!((&*posted.url, message.get("mch_id")), (HOOK, Some(FIRST.mch_id)), "{refund_notify:?}");
        let plain = RefundCipher::new(&FIRST.signer(SignType::Md5)).decrypt(message.get("req_info").unwrap());
        assert_eq!(plain, None, "{refund_notify:?}");
        shop.world.faults.refund_notify = RefundNotify::Normal;
        let again = shop.world.delivered(posted.delivery, Some(401), false, shop.now).unwrap();
        shop.now = again;
        assert_eq!(shop.told()[0].get("refund_status"), Some("SUCCESS"), "{refund_notify:?}: as it should, the next time");
    }
}

#[test]
fn without_an_address_nothing_is_told_and_without_an_answer_it_is_told_again() {
    let mut shop = Shop::with_a_paid_order();
    let mut silent = asked("R1", "30");
    silent.retain(|(name, _)| *name != "notify_url");
    shop.ask("refund", &silent);
    shop.time_passes(60);
    assert!(shop.told().is_empty());
    shop.refund("R2", "30");
    shop.time_passes(2);
    let mut pauses = vec![0];
    loop {
        let posted = shop.world.notifications_due(shop.now).pop().unwrap();
        assert_eq!(read(FIRST, &posted.body).get("out_refund_no"), Some("R2"));
        let Some(again) = shop.world.delivered(posted.delivery, Some(500), false, shop.now) else { break };
        pauses.push((again - shop.now).num_seconds());
        shop.now = again;
    }
    assert_eq!(pauses, [0, 15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600]);
    let attempts = shop.world.refunds().next().unwrap().attempts.len();
    assert_eq!((attempts, shop.world.order(NUMBER).unwrap().attempts.len()), (16, 0), "they are the refund's, not the payment's");
}

/// A served simulator whose merchant has an order paid.
async fn served() -> Served {
    let served = Served::new().await;
    let mut world = served.simulator.world();
    world.call("unifiedorder", FIRST.unified_order(NUMBER, "88").as_bytes(), now()).unwrap();
    let payment = Payment { notify: Some(wechat_pay::simulator::Notify::Lost), ..Payment::default() };
    world.pay_order(&FIRST.order(NUMBER), payment, now()).unwrap();
    drop(world);
    served
}

async fn switch(served: &Served, faults: Value) -> u16 {
    served.phone.send(served.phone.request("PUT", "/_sim/faults").body(faults.to_string())).await.status
}

#[tokio::test]
async fn a_refund_whose_reply_is_lost_is_accepted_and_reads_as_a_story() {
    let served = served().await;
    let yes = "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>";
    let merchant = Stub::start(move |_, _| Reply::Body(yes.to_owned())).await;
    let url = format!("http://{}/wxPay/refundNotify", merchant.address);
    let mut own = asked("R1", "30");
    own.retain(|(name, _)| *name != "notify_url");
    own.push(("notify_url", &url));
    let request = FIRST.request(SignType::Md5, &own);
    assert_eq!(switch(&served, json!({"drop_reply": 1.0, "refund_delay_s": 0})).await, 200);
    let unheard = served.phone.request("POST", "/secapi/pay/refund").body(request.clone());
    assert!(try_send(unheard).await.is_err());
    assert_eq!(switch(&served, json!({"drop_reply": 0.0})).await, 200);
    let again = served.phone.post("/secapi/pay/refund", "text/xml", request).await.body;
    let refund_id = xml::parse(again.as_bytes()).unwrap().get("refund_id").unwrap().to_owned();
    let asked_about = FIRST.about("out_refund_no", "R1");
    served.phone.post("/pay/refundquery", "text/xml", asked_about).await;
    for _ in 0..500 {
        if served.simulator.world().refunds().next().is_some_and(|refund| !refund.attempts.is_empty()) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let refunds = served.phone.get("/_sim/refunds").await.json();
    assert_eq!((refunds.as_array().unwrap().len(), &refunds[0]["attempts"][0]["acknowledged"]), (1, &json!(true)));
    assert_eq!(served.phone.get("/_sim/orders").await.json()[0]["attempts"], json!([]));
    let story = served.phone.get(&format!("/_sim/orders/{NUMBER}/messages")).await.json();
    let told: Vec<_> =
        story.as_array().unwrap().iter().map(|message| (message["what"].as_str().unwrap(), message["says"].as_str())).collect();
    for expected in [
        ("refund", Some(&*refund_id)),
        ("refund-decided", Some("SUCCESS")),
        ("refund-notification", None),
        ("refundquery", Some("SUCCESS")),
    ] {
        assert!(told.contains(&expected), "{expected:?} in {told:?}");
    }
}

#[tokio::test]
async fn switches_of_refunds_are_checked_like_all_others() {
    let served = served().await;
    for (faults, status) in [
        (json!({"refund_frequency_limited": 1.5}), 400),
        (json!({"refund_notify": "late"}), 400),
        (json!({"refund_refused": "NOTHING"}), 400),
        (json!({"refund_delay_s": -1}), 400),
        (json!({"refund_end": "PROCESSING"}), 400),
        (json!({"refund_end": "CHANGE", "refund_notify": "truncated"}), 200),
        (json!({"refund_refused": "CERT_ERROR", "refund_notify": "forged", "refund_delay_s": 60, "refund_frequency_limited": 1.0}), 200),
    ] {
        assert_eq!(switch(&served, faults.clone()).await, status, "{faults}");
    }
}
