//! What is kept, and that it is the same world afterwards.

use chrono::TimeDelta;

use super::super::{DEFAULT_MERCHANT, Notify, SimMerchant, World};
use super::snapshot::Snapshot;
use crate::chance::Chance;
use crate::channel::wechat::v2::{ApiKey, SignType, Signer, xml};
use crate::deal::{Fen, Timestamp};

fn now() -> Timestamp {
    "2026-04-01T04:00:00Z".parse().unwrap()
}

fn signer(sign_type: SignType) -> Signer {
    Signer::new(ApiKey::new(DEFAULT_MERCHANT.api_key).unwrap(), sign_type)
}

fn world() -> World {
    let merchant = SimMerchant::new(DEFAULT_MERCHANT.appid, DEFAULT_MERCHANT.mch_id, signer(SignType::Md5));
    World::with_merchants(vec![merchant], Chance::seeded(1), 1)
}

fn order(world: &mut World, number: &str, sign_type: SignType) {
    let fields = [
        ("appid", DEFAULT_MERCHANT.appid),
        ("mch_id", DEFAULT_MERCHANT.mch_id),
        ("nonce_str", "1"),
        ("sign_type", sign_type.as_str()),
        ("out_trade_no", number),
        ("body", "x"),
        ("total_fee", "100"),
        ("spbill_create_ip", "127.0.0.1"),
        ("notify_url", "http://127.0.0.1/"),
        ("trade_type", "NATIVE"),
    ];
    let request = xml::write(&signer(sign_type).signed(fields.into_iter().collect()));
    assert!(world.call("unifiedorder", request.as_bytes(), now()).unwrap().contains("prepay_id"));
}

/// Through the file's form and back, into a world without orders.
fn restarted(world: &World) -> World {
    let text = serde_json::to_vec(&Snapshot::of(world)).unwrap();
    let mut again = self::world();
    again.restore(serde_json::from_slice(&text).unwrap(), now());
    again
}

#[test]
fn a_restarted_world_is_the_same_world() {
    let mut world = world();
    for (number, sign_type) in [("A", SignType::Md5), ("B", SignType::HmacSha256), ("C", SignType::Md5)] {
        order(&mut world, number, sign_type);
    }
    world.pay("A", Fen::new(30), Some(Notify::Twice), now()).unwrap();
    world.pay("B", None, Some(Notify::Late), now()).unwrap();
    world.refund_by_hand("A", Fen::new(40), now()).unwrap();
    world.refund_by_hand("B", None, now()).unwrap();
    world.day_passes(now());
    let again = restarted(&world);
    assert_eq!(again.time(now()), now() + TimeDelta::days(1));
    assert!(Snapshot::of(&again) == Snapshot::of(&world));
    let sign_types: Vec<_> = again.orders().map(|order| order.signer.sign_type()).collect();
    assert_eq!(sign_types, [SignType::Md5, SignType::HmacSha256, SignType::Md5], "each is signed for as it was opened");
}

#[test]
fn a_notification_whose_answer_is_not_known_comes_again() {
    let mut world = world();
    order(&mut world, "A", SignType::Md5);
    world.pay("A", None, None, now()).unwrap();
    let posted = world.notifications_due(now());
    assert_eq!((posted.len(), world.next_due()), (1, None));
    assert_eq!(restarted(&world).notifications_due(now()).len(), 1);
    world.delivered(posted[0].delivery.clone(), Some(200), true, now());
    assert!(restarted(&world).notifications_due(now()).is_empty());
}

#[test]
fn of_many_orders_the_newest_are_kept_and_those_of_which_something_is_to_come() {
    let mut world = world();
    for number in 0..2500 {
        order(&mut world, &format!("{number:04}"), SignType::Md5);
    }
    for (number, notify) in [("0003", Notify::Lost), ("0002", Notify::Late), ("0001", Notify::Lost)] {
        world.pay(number, None, Some(notify), now()).unwrap();
    }
    for number in ["0003", "0001"] {
        world.refund_by_hand(number, None, now()).unwrap();
        world.decide_due_refunds(now() + TimeDelta::seconds(if number == "0003" { 5 } else { 0 }));
    }
    let again = restarted(&world);
    let mut numbers: Vec<_> = again.orders().map(|order| order.out_trade_no.as_str()).collect();
    numbers.sort_unstable();
    assert_eq!((numbers.len(), &numbers[..3]), (2002, &["0001", "0002", "0500"][..]), "what is decided is forgotten");
    assert_eq!(again.refunds.len(), world.refunds.len(), "a number is drawn once");
    assert_eq!(again.refunds().count(), 1);
}

#[test]
fn orders_of_a_merchant_that_is_configured_no_more_are_left_out() {
    let mut world = world();
    order(&mut world, "A", SignType::Md5);
    world.pay("A", None, None, now()).unwrap();
    world.refund_by_hand("A", None, now()).unwrap();
    let mut other = World::with_merchants(vec![SimMerchant::new("wx2", "1900000002", signer(SignType::Md5))], Chance::seeded(1), 1);
    assert_eq!(other.restore(Snapshot::of(&world), now()), (0, 1));
    assert_eq!((other.orders().count(), other.refunds().count()), (0, 0));
    assert!(other.notifications_due(now() + TimeDelta::days(1)).is_empty());
}

#[test]
fn what_may_have_changed_is_seen() {
    let mut world = world();
    order(&mut world, "A", SignType::Md5);
    let mut former = world.revision();
    let acts: [fn(&mut World); 4] = [
        |world| world.pay("A", None, None, now()).unwrap(),
        |world| world.refund_by_hand("A", Fen::new(1), now()).unwrap(),
        |world| world.balances.set((DEFAULT_MERCHANT.mch_id.to_owned(), None), 5),
        |world| world.day_passes(now()),
    ];
    for act in acts {
        act(&mut world);
        assert_ne!(world.revision(), former);
        former = world.revision();
    }
    assert_eq!(world.revision(), former);
}
