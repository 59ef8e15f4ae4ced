//! What must always hold of money that goes back, whatever merchants, staff and testers do.

use chrono::TimeDelta;

use super::*;
use crate::chance::Chance;
use crate::channel::wechat::v2::{ApiKey, SignType, Signer, xml};
use crate::simulator::{DEFAULT_MERCHANT, SimMerchant, World};

const ORDERS: [&str; 3] = ["A", "B", "C"];

fn signer() -> Signer {
    Signer::new(ApiKey::new(DEFAULT_MERCHANT.api_key).unwrap(), SignType::Md5)
}

fn request(own: &[(&str, &str)]) -> String {
    let ids = [("appid", DEFAULT_MERCHANT.appid), ("mch_id", DEFAULT_MERCHANT.mch_id), ("nonce_str", "1")];
    xml::write(&signer().signed(ids.into_iter().chain(own.iter().copied()).collect()))
}

/// A WeChat at which each order of 100 fen is paid.
fn world(chance: Chance, now: Timestamp) -> World {
    let merchant = SimMerchant::new(DEFAULT_MERCHANT.appid, DEFAULT_MERCHANT.mch_id, signer());
    let mut world = World::with_merchants(vec![merchant], chance, 1);
    for order in ORDERS {
        let own = [
            ("out_trade_no", order),
            ("body", "x"),
            ("total_fee", "100"),
            ("spbill_create_ip", "127.0.0.1"),
            ("notify_url", "http://127.0.0.1/"),
            ("trade_type", "NATIVE"),
        ];
        world.call("unifiedorder", request(&own).as_bytes(), now).unwrap();
        world.pay(order, None, None, now).unwrap();
    }
    world
}

#[test]
fn never_more_goes_back_than_was_paid_and_the_balance_agrees() {
    let mut accepted = 0;
    for seed in 0..50 {
        let dice = Chance::seeded(seed);
        let below = |limit: u128| usize::try_from(dice.draw() % limit).unwrap();
        let mut now = "2026-04-01T04:00:00Z".parse().unwrap();
        let mut world = world(dice.clone(), now);
        for _ in 0..60 {
            let (order, number, fee) = (ORDERS[below(3)], format!("R{}", below(20)), (1 + below(60)).to_string());
            match below(6) {
                0 | 1 => {
                    let own = [("out_trade_no", order), ("out_refund_no", &number), ("total_fee", "100"), ("refund_fee", &fee)];
                    world.call("refund", request(&own).as_bytes(), now).unwrap();
                }
                2 => _ = world.refund_by_hand(order, fee.parse().ok().and_then(Fen::new), now),
                3 => {
                    let state = [RefundState::Success, RefundState::RefundClose, RefundState::Change][below(3)];
                    _ = world.finish_refund(&number, state, now);
                }
                4 => drop(world.notifications_due(now)),
                _ => now += TimeDelta::seconds(i64::try_from(below(90)).unwrap()),
            }
            let sum = |wanted: &dyn Fn(&SimRefund) -> bool| {
                world.refunds().filter(|refund| wanted(refund)).map(|r| r.refund_fee.get()).sum::<i64>()
            };
            for order in ORDERS {
                assert!(
                    sum(&|refund| refund.order.out_trade_no == order && refund.state != RefundState::RefundClose) <= 100,
                    "seed {seed}"
                );
            }
            let out = sum(&|refund| matches!(refund.state, RefundState::Processing | RefundState::Success));
            let payee = (DEFAULT_MERCHANT.mch_id.to_owned(), None);
            assert_eq!(world.balances.of(&payee), 300 - out, "seed {seed}");
        }
        let mut numbers: Vec<_> = world.refunds().map(|refund| (&refund.out_refund_no, &refund.refund_id)).collect();
        accepted += numbers.len();
        numbers.sort_unstable();
        numbers.dedup_by_key(|(number, _)| *number);
        assert_eq!(numbers.len(), world.refunds().count(), "seed {seed}: each number is one refund");
    }
    assert!(accepted > 200, "{accepted}");
}
