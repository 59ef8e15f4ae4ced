//! What any message costs at most (and any bill: `bills`): in memory a small multiple of its bytes, at the same moment and altogether; in
//! time some milliseconds.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../support/merchant.rs"]
#[allow(dead_code, reason = "the stories use the rest")]
mod merchant;

mod bills;

use std::time::{Duration, Instant};

use allocation_counter::measure;
use merchant::merchant;
use wechat_pay::channel::wechat::v2::{Fields, Merchant, SignType, UnverifiedNotice, reply, xml};
use wechat_pay::deal::{OrderId, TradeType};

/// The most that is read of any message.
const LONGEST: usize = 64 * 1024;
/// Bytes held at once for each byte read, and for a message of no bytes at all.
const MULTIPLE: u64 = 8;
const LEAST: u64 = 16 * 1024;

/// The quickest of ten readings. Without optimisation the same work takes some ten times as long, and up to four times that
/// on a processor that compiles beside it; what is not in proportion to a message's length takes seconds.
const LONG: Duration = Duration::from_millis(if cfg!(debug_assertions) { 200 } else { 5 });

fn timed(work: impl Fn()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

/// Messages as long as they may be, each made to cost as much as it can.
fn worst_messages(merchant: &Merchant) -> Vec<(&'static str, Vec<u8>)> {
    let filled = |unit: &str| unit.repeat((LONGEST - 64) / unit.len());
    let wrapped = |inside: String| format!("<xml>{inside}</xml>").into_bytes();
    let many: String = (0..199).map(|n| format!("<f{n}>{}</f{n}>", "x".repeat(300))).collect();
    let signed: Fields = (0..190).map(|n| (format!("f{n}"), "&<>".repeat(30))).collect();
    vec![
        ("one long value", wrapped(format!("<attach>{}</attach>", filled("x")))),
        ("one long value in CDATA", wrapped(format!("<attach><![CDATA[{}]]></attach>", filled("x")))),
        ("references", wrapped(format!("<attach>{}</attach>", filled("&#x10FFFF;")))),
        ("short references", wrapped(format!("<attach>{}</attach>", filled("&lt;")))),
        ("pieces", wrapped(format!("<attach>{}</attach>", filled("<![CDATA[x]]>y")))),
        ("many fields", wrapped(many)),
        ("fields of one name", wrapped(filled("<f></f>"))),
        ("attributes", format!("<xml {}>", filled("a=\"\" ")).into_bytes()),
        ("depth", filled("<a>").into_bytes()),
        ("entities", format!("<!DOCTYPE x [{}]>", filled("<!ENTITY a \"bb\">")).into_bytes()),
        ("comments", wrapped(filled("<!---->"))),
        ("no XML", vec![0xff; LONGEST]),
        ("signed by WeChat", xml::write(&merchant.signer.signed(signed)).into_bytes()),
    ]
}

#[test]
fn no_message_costs_more_than_a_small_multiple_of_its_bytes() {
    let merchant = merchant(SignType::Md5);
    let order_id: OrderId = "20150806125346".parse().unwrap();
    for (what, message) in worst_messages(&merchant) {
        assert!(message.len() <= LONGEST, "{what}");
        let readers: [(&str, &dyn Fn()); 5] = [
            ("parser", &|| drop(xml::parse(&message))),
            ("notification", &|| drop(UnverifiedNotice::parse(&message).and_then(|notice| merchant.read_notification(&notice)))),
            ("unifiedorder", &|| drop(reply::unified_order(&merchant, &order_id, TradeType::Native, &message))),
            ("orderquery", &|| drop(reply::order_query(&merchant, &order_id, &message))),
            ("closeorder", &|| drop(reply::close_order(&merchant, &order_id, &message))),
        ];
        for (reader, read) in readers {
            let cost = measure(read);
            let limit = LEAST + MULTIPLE * message.len() as u64;
            assert!(cost.bytes_max <= limit, "{reader}, {what}: {} bytes at once for {}", cost.bytes_max, message.len());
            assert!(cost.bytes_total <= 4 * limit, "{reader}, {what}: {} bytes for {}", cost.bytes_total, message.len());
            assert_eq!(cost.bytes_current, 0, "{reader}, {what}: nothing is kept");
            let quickest = (0..10).map(|_| timed(read)).min().unwrap();
            assert!(quickest < LONG, "{reader}, {what}: {quickest:?}");
        }
    }
}
