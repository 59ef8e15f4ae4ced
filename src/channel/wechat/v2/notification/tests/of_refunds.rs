//! Notifications of refunds: not signed, so they wake and prove nothing. Their key opens them, and who posts one need not have it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::*;
use crate::channel::notice::RefundWake;
use crate::channel::wechat::v2::PreviousKey;

const OLD: &str = "8934e7d15453e97507ef794cf7b0519d";
const BLOCK: usize = 16;

fn cipher_of(key: &str) -> RefundCipher {
    RefundCipher::new(&Signer::new(ApiKey::new(key).unwrap(), SignType::Md5))
}

fn cipher() -> RefundCipher {
    RefundCipher::new(&signer(SignType::Md5))
}

/// What is encrypted, as WeChat writes it.
fn plain(refund_id: &str, fee: &str) -> String {
    let fields = [
        ("out_refund_no", refund_id),
        ("out_trade_no", "20150806125346"),
        ("refund_account", "REFUND_SOURCE_RECHARGE_FUNDS"),
        ("refund_fee", fee),
        ("refund_id", "50303108562024011601487282564"),
        ("refund_recv_accout", "招商银行信用卡0403"),
        ("refund_request_source", "API"),
        ("refund_status", "SUCCESS"),
        ("settlement_refund_fee", fee),
        ("total_fee", "88"),
        ("transaction_id", "1004400740201409030005092168"),
    ];
    let lines: String = fields.into_iter().map(|(name, value)| format!("<{name}><![CDATA[{value}]]></{name}>\n")).collect();
    format!("<root>\n{lines}</root>")
}

/// The notification around it.
fn around(req_info: &str) -> String {
    format!("return_code=SUCCESS\nappid=wxd930ea5d5a258f4f\nmch_id=10000100\nnonce_str=TeqClE3i0mvn3DrK\nreq_info={req_info}")
}

fn wake(merchant: &Merchant, req_info: &str) -> Result<RefundWake, NoticeError> {
    match read(merchant, message(&merchant.signer, &around(req_info)))? {
        News::Refund(wake) => Ok(wake),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_notification_wakes_the_refund_that_it_names() {
    for merchant in BOTH.map(merchant) {
        let woken = wake(&merchant, &cipher().encrypt(&plain("R0001", "30"))).unwrap();
        assert_eq!((woken.order_id.as_str(), woken.refund_id.as_str(), &woken.account), ("20150806125346", "R0001", &merchant.account));
    }
    let by_hand = wake(&merchant(SignType::Md5), &cipher().encrypt(&plain("4501200020150806125346", "30"))).unwrap();
    assert_eq!(by_hand.refund_id.as_str(), "4501200020150806125346", "of a refund that others made, too");
    let broken_up =
        cipher().encrypt(&plain("R0001", "30")).as_bytes().chunks(76).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n");
    let fields = fields(&around("x")).iter().map(|(name, value)| (name, if name == "req_info" { &*broken_up } else { value })).collect();
    assert!(matches!(read(&merchant(SignType::Md5), xml::write(&fields)), Ok(News::Refund(_))), "in lines, as Base64 often is");
}

#[test]
fn the_previous_key_opens_what_was_encrypted_before_the_change() {
    let present = merchant(SignType::Md5);
    let previous_key = Some(PreviousKey::new(ApiKey::new(OLD).unwrap(), &present.signer));
    let changing = Merchant { previous_key, ..present.clone() };
    let matched = || changing.previous_key.as_ref().unwrap().matched();
    let (new, old) = (cipher().encrypt(&plain("R0001", "30")), cipher_of(OLD).encrypt(&plain("R0001", "30")));
    assert_eq!((wake(&changing, &new).is_ok(), matched()), (true, 0));
    assert_eq!((wake(&changing, &old).is_ok(), matched()), (true, 1));
    assert_eq!(wake(&present, &old).unwrap_err(), NoticeError::Incomplete("req_info"));
    assert_eq!(
        wake(&changing, &cipher_of("fedcba9876543210fedcba9876543210").encrypt(&plain("R0001", "30"))).unwrap_err(),
        NoticeError::Incomplete("req_info")
    );
}

/// Two old messages make a third, without the key: the number of one and the amount of the other. So a wake has no amount, and what is
/// booked is what a signed query says.
#[test]
fn a_message_put_together_of_two_is_opened_and_says_nothing_of_money() {
    let [one, other, forged] = [("R0001", "30"), ("R0002", "58"), ("R0001", "58")].map(|(number, fee)| plain(number, fee));
    let [mut spliced, donor] = [&one, &other].map(|plain| BASE64_STANDARD.decode(cipher().encrypt(plain)).unwrap());
    for at in (0..one.len()).step_by(BLOCK) {
        let block = at..(at + BLOCK).min(one.len());
        if one.as_bytes()[block.clone()] != forged.as_bytes()[block] {
            spliced[at..at + BLOCK].copy_from_slice(&donor[at..at + BLOCK]);
        }
    }
    let spliced = BASE64_STANDARD.encode(spliced);
    assert_eq!(cipher().decrypt(&spliced), Some(forged), "it reads as well as the others");
    let RefundWake { account, order_id, refund_id } = wake(&merchant(SignType::Md5), &spliced).unwrap();
    assert_eq!((account.is_default(), order_id.as_str(), refund_id.as_str()), (true, "20150806125346", "R0001"));
}

#[test]
fn what_does_not_name_a_refund_is_an_error_that_says_nothing_of_it() {
    let right = plain("R0001", "30");
    for text in [
        right.replace("root>", "xml>"),
        right.replace("<root>", "<root><root>"),
        right.replace("out_trade_no", "out_trade_number"),
        right.replace("out_refund_no", "refund_no"),
        right.replace("[20150806125346]", "[]"),
        right.replace("R0001", "R 0001"),
        right.replace("R0001", &"R".repeat(65)),
        right.replace("</root>", "<out_trade_no>1</out_trade_no></root>"),
        format!("<!DOCTYPE root>{right}"),
        String::new(),
    ] {
        let refused = wake(&merchant(SignType::Md5), &cipher().encrypt(&text)).unwrap_err();
        assert_eq!(refused.to_string(), "the notification has no valid req_info", "{text}");
    }
}

#[test]
fn the_outer_numbers_choose_the_key_and_must_be_the_account_s() {
    let lines = around(&cipher().encrypt(&plain("R0001", "30")));
    for (field, value) in [("appid", "wx0000000000000002"), ("mch_id", "10000101"), ("sub_mch_id", "1900000109")] {
        assert_eq!(refused(&with(&lines, field, value)), NoticeError::Foreign(field));
    }
}

proptest! {
    #[test]
    fn a_damaged_message_wakes_nothing_or_what_it_named(at in 0usize..400, mask in 1u8.., keep in 0usize..500) {
        let right = BASE64_STANDARD.decode(cipher().encrypt(&plain("R0001", "30"))).unwrap();
        let mut flipped = right.clone();
        flipped[at] ^= mask;
        for bytes in [&flipped[..], &right[..keep.min(right.len() - 1)], &flipped[keep.min(right.len())..]] {
            if let Ok(wake) = wake(&merchant(SignType::Md5), &BASE64_STANDARD.encode(bytes)) {
                prop_assert_eq!((wake.order_id.as_str(), wake.refund_id.as_str()), ("20150806125346", "R0001"));
            }
        }
    }

    #[test]
    fn random_bytes_wake_nothing(blocks in proptest::collection::vec(any::<[u8; BLOCK]>(), 1..8)) {
        let refused = wake(&merchant(SignType::Md5), &BASE64_STANDARD.encode(blocks.concat())).unwrap_err();
        prop_assert_eq!(refused, NoticeError::Incomplete("req_info"));
    }
}
