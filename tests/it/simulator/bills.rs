//! The simulated WeChat's trade bills: what stands in them, whose they are, when they can be had, and what comes instead.

use std::io::Read;

use chrono::TimeDelta;
use flate2::bufread::GzDecoder;
use wechat_pay::chance::Chance;
use wechat_pay::channel::wechat::v2::SignType;
use wechat_pay::channel::wechat::v2::bill::{BillEnd, BillReader, Row, TradeSums, UnreadableLine};
use wechat_pay::deal::{BeijingTime, Day, Fen, RefundState as BillState, Timestamp};
use wechat_pay::simulator::{BillGeneration, Payment, RefundState, World};

use super::merchants::{ALL, FIRST, Merchant, PROVIDER, SECOND, WITH_APPID, WITHOUT_APPID, now, world};

/// The day on which everything is sold here, and a time at which its bill is made.
pub const DAY: &str = "20260401";

pub fn on(compact: &str) -> Timestamp {
    BeijingTime::from_compact(compact).unwrap().timestamp()
}

pub fn morning_after() -> Timestamp {
    on("20260402100000")
}

/// What a merchant hears that asks for a day's bill of all trades.
pub fn asked(world: &mut World, merchant: Merchant, own: &[(&str, &str)], at: Timestamp) -> Vec<u8> {
    let usual = Some(("bill_date", DAY)).filter(|_| own.iter().all(|(name, _)| *name != "bill_date"));
    let own: Vec<_> = usual.into_iter().chain(own.iter().copied()).filter(|(_, value)| !value.is_empty()).collect();
    world.download("downloadbill", merchant.request(SignType::Md5, &own).as_bytes(), at).unwrap().body
}

pub fn text(file: Vec<u8>) -> String {
    String::from_utf8(file).unwrap()
}

/// The rows of a bill, its lines that cannot be read, and its end.
pub fn read(file: &[u8]) -> (Vec<Row>, Vec<UnreadableLine>, BillEnd<TradeSums>) {
    let mut bill = BillReader::new(file).unwrap();
    let (mut rows, mut unreadable) = (Vec::new(), Vec::new());
    for row in &mut bill {
        match row {
            Ok(row) => rows.push(row),
            Err(line) => unreadable.push(line),
        }
    }
    (rows, unreadable, bill.end().unwrap())
}

pub fn is_paid(world: &mut World, merchant: Merchant, number: &str, total_fee: &str, at: Timestamp) {
    world.call("unifiedorder", merchant.unified_order(number, total_fee).as_bytes(), at).unwrap();
    world.pay_order(&merchant.order(number), Payment::default(), at).unwrap();
}

/// A day of the first merchant's: two payments, one of them with a coupon, a third that never came about, and a refund of each of the two.
pub fn a_day() -> World {
    let mut world = world();
    is_paid(&mut world, FIRST, "A", "8800", now());
    world.call("unifiedorder", FIRST.unified_order("B", "5000").as_bytes(), now()).unwrap();
    world.pay_order(&FIRST.order("B"), Payment { coupon: Fen::new(500), ..Payment::default() }, now()).unwrap();
    world.call("unifiedorder", FIRST.unified_order("C", "100").as_bytes(), now()).unwrap();
    world.refund_by_hand("A", Fen::new(4000), now() + TimeDelta::hours(1)).unwrap();
    // What is due by then is decided.
    world.notifications_due(now() + TimeDelta::hours(2));
    world.faults.refund_delay_s = 3600;
    world.refund_by_hand("B", Fen::new(1000), now() + TimeDelta::hours(2)).unwrap();
    world
}

#[test]
fn a_day_s_bill_is_what_the_books_say_in_every_generation() {
    let mut world = a_day();
    for (generation, columns) in [(BillGeneration::A, 24), (BillGeneration::B, 24), (BillGeneration::C, 27)] {
        world.habits.bill_generation = generation;
        let file = asked(&mut world, FIRST, &[("bill_type", "ALL")], morning_after());
        assert_eq!(String::from_utf8_lossy(&file).lines().next().unwrap().split(',').count(), columns);
        let (rows, unreadable, end) = read(&file);
        assert!(end.agrees && unreadable.is_empty(), "{generation:?}: {end:?} {unreadable:?}");
        let sums = TradeSums {
            payments: 2,
            refunds: 2,
            total_fee: 13_800,
            settlement_fee: 13_800,
            refund_fee: 5000,
            settlement_refund_fee: 5000,
            coupon_refund_fee: 100,
            fee: (53 + 30 - 24 - 6) * 1000,
        };
        assert_eq!(end.sums, sums, "{generation:?}");
        let number = |order: &str| world.order(order).unwrap().transaction_id.clone().unwrap();
        for row in rows {
            match row {
                Row::Payment(row) => {
                    let is_a = row.order_id == "A";
                    assert_eq!((row.transaction_id, row.paid_at), (number(&row.order_id), now()));
                    let amounts = (row.total_fee.get(), row.settlement_fee, row.coupon_fee, row.fee);
                    assert_eq!(amounts, if is_a { (8800, 8800, 0, 53_000) } else { (5000, 5000, 500, 30_000) });
                    assert_eq!((row.appid.as_str(), row.mch_id.as_str(), row.sub_mch_id), (FIRST.appid, FIRST.mch_id, None));
                }
                Row::Refund(row) => {
                    let refund = world.refunds().find(|refund| Some(&refund.out_refund_no) == row.refund_id.as_ref()).unwrap();
                    assert_eq!((row.transaction_id, row.wechat_refund_id), (number(&row.order_id), Some(refund.refund_id.clone())));
                    assert_eq!((row.booked_at, row.refund_fee), (refund.accepted_at, refund.refund_fee));
                    // The one had arrived when it was written down, the other had not, and stays so.
                    let arrived = row.order_id == "A";
                    assert_eq!(row.state, Some(if arrived { BillState::Success } else { BillState::Processing }));
                    assert_eq!(refund.state, RefundState::Success);
                }
            }
        }
    }
}

#[test]
fn a_bill_comes_as_it_was_asked_for_and_twice_the_same() {
    let mut world = a_day();
    let plain = asked(&mut world, FIRST, &[], morning_after());
    let packed = asked(&mut world, FIRST, &[("tar_type", "GZIP")], morning_after());
    assert_eq!(asked(&mut world, FIRST, &[("tar_type", "GZIP")], on("20260501000000")), packed, "whenever it is asked for");
    let mut gzip = GzDecoder::new(&packed[..]);
    let mut unpacked = Vec::new();
    gzip.read_to_end(&mut unpacked).unwrap();
    assert_eq!((&unpacked, gzip.header().unwrap().filename()), (&plain, Some(&b"1900000001All2026-04-01.csv"[..])));
    world.habits.bill_plain = true;
    assert_eq!(asked(&mut world, FIRST, &[("tar_type", "GZIP")], morning_after()), plain);
    let text = text(plain);
    assert!(text.starts_with("\u{feff}交易时间,公众账号ID,") && text.ends_with("\r\n"), "{text}");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    assert_eq!(text.lines().last().unwrap(), "`4,`138.00,`50.00,`1.00,`0.53000,`138.00,`50.00");
}

#[test]
fn a_bill_of_one_kind_has_that_kind_alone() {
    let mut world = a_day();
    let kinds = |world: &mut World, bill_type: &str| {
        let (rows, _, end) = read(&asked(world, FIRST, &[("bill_type", bill_type)], morning_after()));
        assert!(end.agrees, "{bill_type}: {end:?}");
        let refunds: Vec<_> = rows.iter().filter_map(|row| if let Row::Refund(row) = row { Some(row.clone()) } else { None }).collect();
        (rows.len() - refunds.len(), refunds)
    };
    assert_eq!(kinds(&mut world, "SUCCESS"), (2, Vec::new()));
    let (payments, refunds) = kinds(&mut world, "REFUND");
    assert_eq!((payments, refunds.len()), (0, 2));
    for refund in refunds {
        assert_eq!(refund.requested_at, Some(refund.booked_at));
        let arrived = refund.order_id == "A";
        assert_eq!(refund.refunded_at, arrived.then_some(refund.booked_at + TimeDelta::seconds(2)));
    }
    let none = text(asked(&mut world, FIRST, &[("bill_type", "RECHARGE_REFUND")], morning_after()));
    assert!(none.contains("No Bill Exist"), "{none}");
}

#[test]
fn texts_stand_as_merchants_wrote_them() {
    let mut world = world();
    let own = [
        ("body", "奶茶,大杯"),
        ("attach", "{\"a\":1,\"b\":\"x,y\"}\n,`0"),
        ("device_info", "till-7"),
        ("out_trade_no", "A"),
        ("total_fee", "100"),
        ("spbill_create_ip", "123.12.12.123"),
        ("notify_url", "http://127.0.0.1:9/wxPay/notify"),
        ("trade_type", "NATIVE"),
    ];
    world.call("unifiedorder", FIRST.request(SignType::Md5, &own).as_bytes(), now()).unwrap();
    world.pay("A", None, None, now()).unwrap();
    let file = asked(&mut world, FIRST, &[], morning_after());
    assert!(read(&file).2.agrees);
    let text = text(file);
    assert!(text.contains(",`0,`till-7,`4200") && text.contains(r#",`奶茶,大杯,`{"a":1,"b":"x,y"}\n,`0,`0.01000,`0.60%,`1.00,"#), "{text}");
}

#[test]
fn rows_are_in_no_order_of_time() {
    let mut world = world();
    for number in 0..20 {
        is_paid(&mut world, FIRST, &format!("{number:02}"), "100", now() + TimeDelta::minutes(number));
    }
    let times = |rows: Vec<Row>| rows.into_iter().map(|row| if let Row::Payment(row) = row { row.paid_at } else { panic!("{row:?}") });
    let times: Vec<_> = times(read(&asked(&mut world, FIRST, &[], morning_after())).0).collect();
    assert!(times.len() == 20 && !times.is_sorted() && !times.iter().rev().is_sorted(), "{times:?}");
}

#[test]
fn what_happened_around_midnight_is_of_the_day_on_which_it_happened() {
    let mut world = world();
    is_paid(&mut world, FIRST, "A", "100", on("20260401235959"));
    is_paid(&mut world, FIRST, "B", "200", on("20260402000000"));
    world.refund_by_hand("A", Fen::new(30), on("20260401235959")).unwrap();
    world.refund_by_hand("A", Fen::new(20), on("20260402235959")).unwrap();
    let mut of_day = |day: &str| {
        let (rows, _, end) = read(&asked(&mut world, FIRST, &[("bill_date", day)], on("20260403120000")));
        assert!(end.agrees);
        let mut amounts: Vec<_> = rows
            .into_iter()
            .map(|row| match row {
                Row::Payment(row) => row.total_fee.get(),
                // It arrived on the next day, and stands in the bill of this one.
                Row::Refund(row) => {
                    assert_eq!(row.state, Some(BillState::Success));
                    -row.refund_fee.get()
                }
            })
            .collect();
        amounts.sort_unstable();
        amounts
    };
    assert_eq!(of_day("20260401"), [-30, 100]);
    assert_eq!(of_day("20260402"), [-20, 200], "a refund of an order of the day before");
}

#[test]
fn a_bill_is_of_a_merchant_number_and_a_provider_s_of_all_its_sub_merchants() {
    let mut world = world();
    for (merchant, total_fee) in ALL.iter().zip(["101", "102", "103", "104"]) {
        is_paid(&mut world, *merchant, "A", total_fee, now());
    }
    for (merchant, expected) in [
        (FIRST, vec![(101, None)]),
        (SECOND, vec![(102, None)]),
        (WITH_APPID, vec![(103, Some("1900000109"))]),
        (WITHOUT_APPID, vec![(104, Some("1900000110"))]),
        (PROVIDER, vec![(103, Some("1900000109")), (104, Some("1900000110"))]),
    ] {
        let (rows, _, end) = read(&asked(&mut world, merchant, &[], morning_after()));
        assert!(end.agrees);
        let row = |row: &Row| if let Row::Payment(row) = row { (row.total_fee.get(), row.sub_mch_id.clone()) } else { panic!("{row:?}") };
        let mut told: Vec<_> = rows.iter().map(row).collect();
        told.sort();
        let expected: Vec<_> = expected.into_iter().map(|(fee, sub)| (fee, sub.map(str::to_owned))).collect();
        assert_eq!(told, expected, "{merchant:?}");
    }
}

/// Of one day: how many payments, what they come to, how many refunds, what they come to.
type Told = (i64, i64, i64, i64);

/// By the world's own lists.
fn by_the_books(world: &World, day: Day) -> Told {
    let paid: Vec<_> =
        world.orders().filter(|order| order.paid_at.is_some_and(|at| Day::of(at) == day)).map(|o| o.total_fee.get()).collect();
    let back: Vec<_> = world.refunds().filter(|refund| Day::of(refund.accepted_at) == day).map(|r| r.refund_fee.get()).collect();
    let count = |amounts: &[i64]| i64::try_from(amounts.len()).unwrap();
    (count(&paid), paid.iter().sum(), count(&back), back.iter().sum())
}

#[test]
fn whatever_happens_bills_say_what_the_books_do() {
    let mut days_without_trades = 0;
    for seed in 0..30 {
        let dice = Chance::seeded(seed);
        let below = |limit: u128| i64::try_from(dice.draw() % limit).unwrap();
        let (mut world, mut at) = (world(), now());
        for number in 0..40 {
            at += TimeDelta::minutes(below(2000));
            world.faults.refund_delay_s = [2, 3600, 200_000][usize::try_from(below(3)).unwrap()];
            world.faults.refund_end =
                [RefundState::Success, RefundState::RefundClose, RefundState::Change][usize::try_from(below(3)).unwrap()];
            if below(3) > 0 {
                world
                    .call("unifiedorder", FIRST.unified_order(&number.to_string(), &(1 + below(99_999)).to_string()).as_bytes(), at)
                    .unwrap();
                _ = world.pay(&number.to_string(), Fen::new(below(500)), None, at);
            } else {
                // Of any order, also of one that there is not.
                _ = world.refund_by_hand(&below(40).to_string(), Fen::new(1 + below(20_000)), at);
            }
        }
        world.habits.bill_generation = [BillGeneration::A, BillGeneration::B, BillGeneration::C][usize::try_from(below(3)).unwrap()];
        let mut day = Day::of(now());
        while day <= Day::of(at) {
            let file = asked(&mut world, FIRST, &[("bill_date", &day.to_string().replace('-', ""))], at + TimeDelta::days(2));
            let expected = by_the_books(&world, day);
            if expected == (0, 0, 0, 0) {
                assert_eq!(text(file), document("No Bill Exist", "20002"), "seed {seed}, {day}");
                days_without_trades += 1;
            } else {
                let BillEnd { sums, agrees, .. } = read(&file).2;
                assert!(agrees, "seed {seed}, {day}");
                assert_eq!((sums.payments, sums.total_fee, sums.refunds, sums.refund_fee), expected, "seed {seed}, {day}");
            }
            day = day.next();
        }
    }
    assert!(days_without_trades > 0);
}

fn document(message: &str, code: &str) -> String {
    format!(
        "<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[{message}]]></return_msg><error_code>{code}</error_code></xml>"
    )
}

#[test]
fn a_bill_can_be_had_from_ten_on_and_for_three_months() {
    let mut world = a_day();
    let mut said = |day: &str, at: &str| text(asked(&mut world, FIRST, &[("bill_date", day), ("tar_type", "GZIP")], on(at)));
    let (creating, invalid, none) =
        (document("Bill Creating", "20002"), document("invalid bill_date", "20001"), document("No Bill Exist", "20002"));
    assert_eq!(said("20260401", "20260401235959"), invalid, "the day is not over");
    assert_eq!(said("20260402", "20260401235959"), invalid);
    assert_eq!(said("20260401", "20260402000000"), creating);
    assert_eq!(said("20260401", "20260402095959"), creating);
    assert_eq!(said("20260331", "20260401000000"), creating, "also of a day without trades");
    assert_eq!(said("20260331", "20260402000000"), none);
    assert_eq!(said("20260101", "20260401235959"), none);
    assert_eq!(said("20251231", "20260401235959"), invalid, "longer ago than three months");
    assert!(read(&asked(&mut world, FIRST, &[], on("20260701235959"))).2.agrees);
    assert_eq!(text(asked(&mut world, FIRST, &[], on("20260702000000"))), invalid);
}

#[test]
fn what_is_wrong_with_a_question_is_said_in_english() {
    let mut world = a_day();
    for (own, complaint) in [
        (&[("bill_date", "")][..], "missing parameter"),
        (&[("bill_date", "2026-04-01")], "invalid bill_date"),
        (&[("bill_date", "20260431")], "invalid bill_date"),
        (&[("bill_date", "202604")], "invalid bill_date"),
        (&[("bill_type", "all")], "invalid bill_type"),
        (&[("tar_type", "ZIP")], "invalid tar_type, Only GZIP supported"),
        (&[("out_trade_no", "A")], "invalid parameter"),
        (&[("bill_type", "0123456789012345678901234567890123")], "invalid parameter"),
    ] {
        assert_eq!(text(asked(&mut world, FIRST, own, morning_after())), document(complaint, "20001"), "{own:?}");
    }
    let thief = Merchant { key: SECOND.key, ..FIRST };
    let stranger = Merchant { appid: "wxffffffffffffffff", ..FIRST };
    let unknown = Merchant { mch_id: "1900000003", ..FIRST };
    let foreign = Merchant { sub_merchant: Some(("1900000111", None)), ..PROVIDER };
    for (merchant, complaint) in
        [(thief, "sign error"), (stranger, "invalid appid"), (unknown, "invalid parameter"), (foreign, "invalid parameter")]
    {
        assert_eq!(text(asked(&mut world, merchant, &[], morning_after())), document(complaint, "20001"), "{merchant:?}");
    }
    for (body, complaint) in [("", "empty post data"), ("bill", "data format error"), ("<a><b>1</b></a>", "data format error")] {
        let said = world.download("downloadbill", body.as_bytes(), morning_after()).unwrap();
        assert_eq!(text(said.body), document(complaint, "20001"), "{body}");
    }
    assert!(world.call("downloadbill", b"", now()).is_none() && world.download("orderquery", b"", now()).is_none());
}
