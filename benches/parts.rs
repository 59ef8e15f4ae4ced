//! The parts that every message passes, each by itself and without a net or a database: what a signature, the parser, the
//! gates and an amount cost.
//!
//! ```sh
//! cargo bench --bench parts
//! ```

#![allow(missing_docs, reason = "Criterion's macro makes a public function")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench that cannot go on ends")]

#[path = "../tests/support/merchant.rs"]
#[allow(dead_code, reason = "each bench uses its own part of it")]
mod merchant;
#[path = "support/messages.rs"]
#[allow(dead_code, reason = "each bench uses its own part of it")]
mod messages;
#[path = "../tests/support/wechat_message.rs"]
#[allow(dead_code, reason = "each bench uses its own part of it")]
mod wechat_message;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wechat_pay::channel::wechat::v2::{Merchant, SignType, UnverifiedNotice, reply, xml};
use wechat_pay::deal::{BeijingTime, Fen, OrderId, TradeType};

use messages::Writer;

const ORDER_ID: &str = "20261124120000123456789012345678";
const BOTH: [SignType; 2] = [SignType::Md5, SignType::HmacSha256];

fn signatures(c: &mut Criterion) {
    let mut group = c.benchmark_group("signature of a notification");
    for sign_type in BOTH {
        let signer = merchant::signer(sign_type);
        let signed = xml::parse(Writer::new(sign_type).paid(ORDER_ID).as_bytes()).unwrap();
        group.bench_function(format!("sign, {}", sign_type.as_str()), |b| b.iter(|| signer.sign(black_box(&signed))));
        group.bench_function(format!("verify, {}", sign_type.as_str()), |b| b.iter(|| signer.verify(black_box(&signed)).unwrap()));
    }
}

fn messages(c: &mut Criterion) {
    let notification = Writer::new(SignType::Md5).paid(ORDER_ID);
    let fields = xml::parse(notification.as_bytes()).unwrap();
    let longest = format!("<xml><attach><![CDATA[{}]]></attach></xml>", "x".repeat(xml::MAX_BYTES - 64));
    let mut group = c.benchmark_group("xml");
    group.throughput(Throughput::Bytes(notification.len() as u64));
    group.bench_function("parse a notification", |b| b.iter(|| xml::parse(black_box(notification.as_bytes())).unwrap()));
    group.bench_function("write a notification", |b| b.iter(|| xml::write(black_box(&fields))));
    group.throughput(Throughput::Bytes(longest.len() as u64));
    group.bench_function("parse the longest message", |b| b.iter(|| xml::parse(black_box(longest.as_bytes())).unwrap()));
}

fn gates(c: &mut Criterion) {
    let order_id: OrderId = ORDER_ID.parse().unwrap();
    for sign_type in BOTH {
        let (merchant, writer): (Merchant, _) = (merchant::merchant(sign_type), Writer::new(sign_type));
        let (paid, link) = (writer.paid(ORDER_ID).into_bytes(), writer.link().into_bytes());
        let (paid_state, forged) =
            (writer.paid_state(ORDER_ID).into_bytes(), writer.paid("another").replace("another", ORDER_ID).into_bytes());
        let mut group = c.benchmark_group(format!("gate, {}", sign_type.as_str()));
        group.bench_function("notification", |b| {
            b.iter(|| merchant.read_notification(&UnverifiedNotice::parse(black_box(&paid)).unwrap()).unwrap())
        });
        group.bench_function("forged notification", |b| {
            b.iter(|| merchant.read_notification(&UnverifiedNotice::parse(black_box(&forged)).unwrap()).unwrap_err())
        });
        group.bench_function("reply to unifiedorder", |b| {
            b.iter(|| reply::unified_order(&merchant, &order_id, TradeType::Native, black_box(&link)).unwrap())
        });
        group.bench_function("reply to orderquery", |b| {
            b.iter(|| reply::order_query(&merchant, &order_id, black_box(&paid_state)).unwrap())
        });
    }
}

fn domain(c: &mut Criterion) {
    let now = "2026-11-24T04:00:00Z".parse().unwrap();
    let mut group = c.benchmark_group("domain");
    group.bench_function("yuan to fen", |b| b.iter(|| Fen::from_yuan(black_box("99999.99")).unwrap()));
    group.bench_function("fen to yuan", |b| b.iter(|| black_box(Fen::new(9_999_999).unwrap()).yuan()));
    group.bench_function("order id, entropy given", |b| b.iter(|| OrderId::draw(now, black_box(u128::MAX))));
    group.bench_function("Beijing time as text", |b| b.iter(|| BeijingTime::from(black_box(now)).to_string()));
}

criterion_group!(parts, signatures, messages, gates, domain);
criterion_main!(parts);
