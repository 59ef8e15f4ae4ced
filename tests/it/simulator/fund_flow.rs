//! The simulated WeChat's fund flow: each movement of a merchant's money, with refunds that closed later among them.

use std::io::Read;

use chrono::TimeDelta;
use flate2::bufread::GzDecoder;
use sha1::{Digest, Sha1};
use wechat_pay::channel::wechat::v2::SignType;
use wechat_pay::channel::wechat::v2::bill::{Direction, FundFlowReader, FundFlowRow, MovementKind};
use wechat_pay::deal::{Fen, Timestamp};
use wechat_pay::simulator::{BillTrap, RefundState, Reply, World};

use super::bills::{DAY, is_paid, morning_after, on, text};
use super::merchants::{FIRST, Merchant, now, world};

fn asked(world: &mut World, by: SignType, own: &[(&str, &str)], at: Timestamp) -> Reply {
    let usual = [("bill_date", DAY), ("account_type", "Basic")];
    let usual = usual.into_iter().filter(|(name, _)| own.iter().all(|(said, _)| said != name));
    let own: Vec<_> = usual.chain(own.iter().copied()).collect();
    world.download("downloadfundflow", FIRST.request(by, &own).as_bytes(), at).unwrap()
}

fn of_day(world: &mut World, day: &str) -> Vec<FundFlowRow> {
    let file = asked(world, SignType::HmacSha256, &[("bill_date", day)], on("20260405120000")).body;
    let mut reader = FundFlowReader::new(&file[..]).unwrap();
    let rows: Vec<_> = reader.by_ref().map(Result::unwrap).collect();
    assert!(reader.end().unwrap().agrees);
    rows
}

/// Two payments and two refunds on the day, of which one is given up on the day behind it and one comes back from the bank.
fn two_days() -> World {
    let mut world = world();
    is_paid(&mut world, FIRST, "A", "8000", now());
    is_paid(&mut world, FIRST, "B", "1", now() + TimeDelta::minutes(1));
    world.faults.refund_delay_s = 1_000_000;
    world.refund_by_hand("A", Fen::new(4000), now() + TimeDelta::hours(1)).unwrap();
    world.refund_by_hand("A", Fen::new(1000), now() + TimeDelta::hours(2)).unwrap();
    let numbers: Vec<_> = world.refunds().map(|refund| refund.out_refund_no.clone()).collect();
    world.finish_refund(&numbers[1], RefundState::RefundClose, on("20260402150000")).unwrap();
    world.finish_refund(&numbers[0], RefundState::Change, on("20260402160000")).unwrap();
    world
}

#[test]
fn each_movement_is_told_on_the_day_on_which_it_was_booked() {
    let mut world = two_days();
    let told = |rows: Vec<FundFlowRow>| {
        let row = |row: FundFlowRow| (row.kind, row.direction, row.amount, row.balance);
        rows.into_iter().map(row).collect::<Vec<_>>()
    };
    let rows = of_day(&mut world, DAY);
    let flow_ids: std::collections::BTreeSet<_> = rows.iter().map(|row| row.flow_id.clone()).collect();
    assert_eq!(flow_ids.len(), rows.len(), "each has a number of its own");
    let payment = &rows[0];
    assert_eq!((payment.booked_at, payment.voucher.as_deref()), (now(), Some("A")));
    assert_eq!(Some(&payment.business_id), world.order("A").unwrap().transaction_id.as_ref());
    assert_eq!(
        told(rows),
        [
            (MovementKind::Payment, Direction::Income, 8000, 8000),
            (MovementKind::Fee, Direction::Expense, 48, 7952),
            // The fee of a fen is nothing, and no movement.
            (MovementKind::Payment, Direction::Income, 1, 7953),
            (MovementKind::Refund, Direction::Expense, 3976, 3977),
            (MovementKind::Refund, Direction::Expense, 994, 2983),
        ]
    );
    let rows = of_day(&mut world, "20260402");
    let closed = world.refunds().find(|refund| refund.state == RefundState::RefundClose).unwrap();
    assert_eq!((&rows[0].business_id, rows[0].voucher.as_ref()), (&closed.refund_id, Some(&closed.out_refund_no)));
    assert_eq!(rows[0].booked_at, on("20260402150000"));
    assert_eq!(
        told(rows),
        [
            (MovementKind::RefundClosed, Direction::Income, 3976, 6959),
            (MovementKind::Other("其他".to_owned()), Direction::Income, 994, 7953),
        ]
    );
}

#[test]
fn who_moved_it_and_why_is_told_in_words() {
    let mut world = two_days();
    let file = text(asked(&mut world, SignType::HmacSha256, &[], morning_after()).body);
    assert!(file.contains(",`1@1900000001,`退款总金额40.00元;含手续费0.24元,`1900000001"), "{file}");
    let own = [("out_trade_no", "B"), ("out_refund_no", "R1"), ("total_fee", "1"), ("refund_fee", "1")];
    world.call("refund", FIRST.request(SignType::Md5, &own).as_bytes(), on("20260402170000")).unwrap();
    let file = text(asked(&mut world, SignType::HmacSha256, &[("bill_date", "20260402")], on("20260403120000")).body);
    assert!(file.contains(",`支出,`0.01,`79.52,`1900000001API,`退款总金额0.01元;含手续费0.00元,`R1\r\n"), "{file}");
}

#[test]
fn its_digest_is_that_of_what_goes_out() {
    let mut world = two_days();
    let sha1 = |content: &[u8]| format!("SHA={}", Sha1::digest(content).iter().map(|b| format!("{b:02x}")).collect::<String>());
    let plain = asked(&mut world, SignType::HmacSha256, &[], morning_after());
    assert_eq!(plain.digest, Some(sha1(&plain.body)));
    let mut packed = |traps: &[BillTrap]| {
        world.habits.bill_traps = traps.to_vec();
        asked(&mut world, SignType::HmacSha256, &[("tar_type", "GZIP")], morning_after())
    };
    let honest = packed(&[]);
    let mut gzip = GzDecoder::new(&honest.body[..]);
    let mut unpacked = Vec::new();
    gzip.read_to_end(&mut unpacked).unwrap();
    assert_eq!((&unpacked, gzip.header().unwrap().filename()), (&plain.body, Some(&b"1900000001Fundflow2026-04-01.csv"[..])));
    assert_eq!(honest.digest, Some(sha1(&honest.body)));
    assert_eq!(packed(&[BillTrap::DigestOfText]), Reply { digest: plain.digest, ..honest.clone() });
    let wrong = packed(&[BillTrap::WrongDigest]);
    assert!(wrong.body == honest.body && wrong.digest.as_ref().is_some_and(|digest| digest.len() == 44) && wrong.digest != honest.digest);
    let broken = packed(&[BillTrap::BrokenOff]);
    assert_eq!((&broken.body[..], &broken.digest), (&honest.body[..honest.body.len() / 2], &honest.digest), "by which it is seen");
    assert!(GzDecoder::new(&broken.body[..]).read_to_end(&mut Vec::new()).is_err());
    let cut = packed(&[BillTrap::Cut]);
    assert_eq!(cut.digest, Some(sha1(&cut.body)), "of a text that is half of one");
}

#[test]
fn it_is_asked_for_by_hmac_alone_and_its_errors_are_words() {
    let mut world = two_days();
    let failed = |code: &str, description: &str| {
        format!(
            "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg>\
             <result_code><![CDATA[FAIL]]></result_code><err_code><![CDATA[{code}]]></err_code>\
             <err_code_des><![CDATA[{description}]]></err_code_des></xml>"
        )
    };
    let md5 = text(asked(&mut world, SignType::Md5, &[], morning_after()).body);
    assert!(md5.contains("签名错误") && md5.contains("<return_code><![CDATA[FAIL]]>"), "{md5}");
    let usual = [("appid", FIRST.appid), ("mch_id", FIRST.mch_id), ("nonce_str", "1"), ("bill_date", DAY), ("account_type", "Basic")];
    let silent = FIRST.signer(SignType::HmacSha256).signed(usual.into_iter().collect());
    let silent = wechat_pay::channel::wechat::v2::xml::write(&silent);
    assert!(text(world.download("downloadfundflow", silent.as_bytes(), morning_after()).unwrap().body).contains("签名错误"));
    let thief = Merchant { key: "8934e7d15453e97507ef794cf7b0519d", ..FIRST };
    let stolen = thief.request(SignType::HmacSha256, &[("bill_date", DAY), ("account_type", "Basic")]);
    assert!(text(world.download("downloadfundflow", stolen.as_bytes(), morning_after()).unwrap().body).contains("签名错误"));
    for (own, at, said) in [
        (&[("account_type", "Operation")][..], morning_after(), failed("NO_BILL_EXIST", "账单不存在")),
        (&[("account_type", "Fees")], morning_after(), failed("NO_BILL_EXIST", "账单不存在")),
        (&[("bill_date", "20260331")], morning_after(), failed("NO_BILL_EXIST", "账单不存在")),
        (&[], on("20260402095959"), failed("BILL_CREATING", "账单未生成")),
        (&[("account_type", "basic")], morning_after(), failed("PARAM_ERROR", "invalid account_type")),
        (&[("bill_date", "2026-4-1")], morning_after(), failed("PARAM_ERROR", "invalid bill_date")),
        (&[("bill_date", "20260402")], morning_after(), failed("PARAM_ERROR", "invalid bill_date")),
        (&[("tar_type", "ZIP")], morning_after(), failed("PARAM_ERROR", "invalid tar_type, Only GZIP supported")),
    ] {
        let reply = asked(&mut world, SignType::HmacSha256, own, at);
        assert_eq!((text(reply.body), reply.digest), (said, None), "{own:?}");
    }
    world.habits.bill_traps = vec![BillTrap::SystemError];
    let trouble = text(asked(&mut world, SignType::HmacSha256, &[], morning_after()).body);
    assert_eq!(trouble, failed("SYSTEMERROR", "系统繁忙，请稍后再试"));
}
