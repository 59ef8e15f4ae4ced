use proptest::prelude::*;

use super::*;
use crate::channel::error::SignatureError;
use crate::channel::proof::ProvenPayment;
use crate::channel::wechat::v2::fields::Fields;
use crate::channel::wechat::v2::refund_cipher::RefundCipher;
use crate::channel::wechat::v2::sign::{ApiKey, SignType, Signer};
use crate::channel::wechat::v2::testing::{BOTH, canonical, fields, merchant, message, read, signer, with, without};
use crate::channel::wechat::v2::vectors::V5;
use crate::channel::wechat::v2::xml::XmlError;
use crate::deal::Timestamp;

mod forgeries;
mod of_accounts;
mod of_refunds;

/// A notification as most are: without `sign_type`.
fn paid_lines() -> String {
    with(V5, "sign", "?")
}

/// The notification of these lines, signed as they say, read by a merchant who signs with MD5.
fn posted(lines: &str) -> Result<News, NoticeError> {
    read(&merchant(SignType::Md5), message(&signer(SignType::Md5), lines))
}

fn paid(lines: &str) -> ProvenPayment {
    match posted(lines) {
        Ok(News::Paid(paid)) => paid,
        other => panic!("not paid: {other:?}\n{lines}"),
    }
}

fn refused(lines: &str) -> NoticeError {
    posted(lines).map(|notification| panic!("believed: {notification:?}\n{lines}")).unwrap_err()
}

/// What decides over money.
fn facts(paid: &ProvenPayment) -> (String, String, i64) {
    (paid.order_id().to_string(), paid.transaction_id().to_owned(), paid.total_fee().get())
}

fn expected_facts() -> (String, String, i64) {
    ("20150806125346".to_owned(), "1004400740201409030005092168".to_owned(), 88)
}

#[test]
fn a_signed_payment_of_an_order_of_ours_is_proof() {
    for sign_type in BOTH {
        let merchant = merchant(sign_type);
        let body = message(&merchant.signer, &paid_lines());
        let News::Paid(paid) = read(&merchant, &body).unwrap() else { panic!("paid") };
        assert_eq!(facts(&paid), expected_facts());
        assert!(paid.is_cny());
        assert_eq!(paid.source(), Source::Notification);
        assert_eq!(paid.evidence().xml().as_bytes(), body);
        let shown = format!("{paid:?}");
        assert!(!shown.contains("oUpF8uMEb4qRXf22hE3X68TekukE"), "the payer is not for logs: {shown}");
    }
}

#[test]
fn the_fields_that_real_notifications_always_have_suffice() {
    let minimal = "appid=wxd930ea5d5a258f4f\nbank_type=CFT\ncash_fee=88\nfee_type=CNY\nis_subscribe=N\nmch_id=10000100\nnonce_str=1585\n\
                   openid=oUpF8uMEb4qRXf22hE3X68TekukE\nout_trade_no=20150806125346\nresult_code=SUCCESS\nreturn_code=SUCCESS\nsign=?\n\
                   time_end=20140903131540\ntotal_fee=88\ntrade_type=NATIVE\ntransaction_id=1004400740201409030005092168";
    assert_eq!(facts(&paid(minimal)), expected_facts());
}

#[test]
fn a_sign_type_that_is_there_is_part_of_the_signature() {
    for sign_type in BOTH {
        let merchant = merchant(sign_type);
        let lines = with(&paid_lines(), "sign_type", sign_type.as_str());
        let body = message(&merchant.signer, &lines);
        assert!(matches!(read(&merchant, &body), Ok(News::Paid(_))));

        let sign_without = merchant.signer.sign(&fields(V5));
        let body = message(&merchant.signer, &with(&lines, "sign", &sign_without));
        assert_eq!(read(&merchant, &body).unwrap_err(), NoticeError::Signature(SignatureError::Wrong));
    }
}

#[test]
fn empty_elements_are_as_good_as_none() {
    let merchant = merchant(SignType::Md5);
    let plain = String::from_utf8(message(&merchant.signer, &paid_lines())).unwrap();
    for empty in
        ["<device_info/>", "<device_info></device_info>", "<sub_mch_id><![CDATA[]]></sub_mch_id>", "<sign_type/><err_code></err_code>"]
    {
        let body = plain.replace("<xml>", &format!("<xml>{empty}"));
        let Ok(News::Paid(paid)) = read(&merchant, &body) else { panic!("{empty}") };
        assert_eq!(facts(&paid), expected_facts());
    }
    for field in ["fee_type", "time_end", "attach", "openid"] {
        assert_eq!(facts(&paid(&with(&paid_lines(), field, ""))), expected_facts(), "{field}");
    }
}

#[test]
fn a_coupon_lessens_cash_fee_but_not_what_the_order_cost() {
    let coupons = "cash_fee=1\nsettlement_total_fee=50\ncoupon_fee=87\ncoupon_count=2\ncoupon_type_0=CASH\ncoupon_id_0=10000\ncoupon_fee_0=38\n\
                   coupon_type_1=NO_CASH\ncoupon_id_1=10001\ncoupon_fee_1=49";
    let lines =
        coupons.lines().filter_map(|line| line.split_once('=')).fold(paid_lines(), |lines, (name, value)| with(&lines, name, value));
    assert_eq!(paid(&lines).total_fee().get(), 88);
    // The document's sample has coupons without an index; live ones leave some of these fields out.
    let unindexed = with(&with(&paid_lines(), "coupon_type", "CASH"), "coupon_id", "10000");
    assert_eq!(paid(&without(&unindexed, "coupon_type_0")).total_fee().get(), 88);
    assert_eq!(paid(&without(&paid_lines(), "cash_fee")).total_fee().get(), 88);
}

#[test]
fn a_field_with_nearly_the_name_of_the_total_is_not_the_total() {
    for name in ["Total_Fee", "total_fee_0", "TOTAL_FEE", "total-fee", "totalfee"] {
        assert_eq!(paid(&with(&paid_lines(), name, "1")).total_fee().get(), 88, "{name}");
        let instead = with(&without(&paid_lines(), "total_fee"), name, "88");
        assert_eq!(refused(&instead), NoticeError::Incomplete("total_fee"), "{name}");
    }
}

#[test]
fn a_total_is_a_plain_positive_number_of_fen() {
    for text in [
        "+88",
        "088",
        "0088",
        "88.0",
        "8.8e1",
        " 88",
        "88 ",
        "８８",
        "-88",
        "0",
        "",
        "0x58",
        "88,",
        "9223372036854775808",
        "10000000000",
        "NaN",
    ] {
        assert_eq!(refused(&with(&paid_lines(), "total_fee", text)), NoticeError::Incomplete("total_fee"), "{text:?}");
    }
    for (text, fen) in [("1", 1), ("9999999999", 9_999_999_999)] {
        assert_eq!(paid(&with(&paid_lines(), "total_fee", text)).total_fee().get(), fen);
    }
}

#[test]
fn a_currency_that_is_not_named_is_cny() {
    assert!(paid(&without(&paid_lines(), "fee_type")).is_cny());
    for currency in ["USD", "cny", "CNY ", "HKD"] {
        assert!(!paid(&with(&paid_lines(), "fee_type", currency)).is_cny(), "{currency}");
    }
}

#[test]
fn an_order_number_is_one_that_we_could_have_sent() {
    for text in [
        "",
        " ",
        "123456789012345678901234567890123",
        "1' OR '1'='1",
        "%",
        "_ ",
        "20150806125346 ",
        "２０１５",
        "😀",
        "a&b",
        "a=b",
        "../x",
        "<b>",
    ] {
        assert_eq!(refused(&with(&paid_lines(), "out_trade_no", text)), NoticeError::Incomplete("out_trade_no"), "{text:?}");
    }
    for text in ["1", "aB_-|*@", "12345678901234567890123456789012", "20150806125346"] {
        assert_eq!(paid(&with(&paid_lines(), "out_trade_no", text)).order_id().as_str(), text);
    }
}

#[test]
fn a_transaction_id_is_kept_as_it_is_or_not_believed() {
    for text in ["4200001234202401011234567890", "1", &"4".repeat(45)] {
        assert_eq!(paid(&with(&paid_lines(), "transaction_id", text)).transaction_id(), text);
    }
    for text in ["", " ", "1004400740201409030005092168 ", "1004 4007", "４２００", "微信", "1\u{7f}", "1004&version=1.0", &"4".repeat(46)]
    {
        assert_eq!(refused(&with(&paid_lines(), "transaction_id", text)), NoticeError::Incomplete("transaction_id"), "{text:?}");
    }
}

#[test]
fn the_time_of_the_payment_decides_nothing() {
    for (text, time) in [
        ("20140903131540", Some("2014-09-03T05:15:40Z")),
        ("19700101000000", Some("1969-12-31T16:00:00Z")),
        ("99991231235959", Some("9999-12-31T15:59:59Z")),
        ("20140132000000", None),
        ("20140903256000", None),
        ("2014-09-03 13:15:40", None),
        ("0", None),
        ("", None),
    ] {
        let paid = paid(&with(&paid_lines(), "time_end", text));
        assert_eq!(facts(&paid), expected_facts());
        assert_eq!(paid.time_end(), time.map(|time| time.parse::<Timestamp>().unwrap()), "{text}");
    }
    assert_eq!(paid(&without(&paid_lines(), "time_end")).time_end(), None);
}

#[test]
fn what_is_required_must_be_there_and_not_empty() {
    for field in ["return_code", "result_code", "appid", "mch_id", "out_trade_no", "transaction_id", "total_fee"] {
        for lines in [without(&paid_lines(), field), with(&paid_lines(), field, "")] {
            assert_eq!(refused(&lines), NoticeError::Incomplete(field));
        }
    }
    for field in ["return_code", "result_code"] {
        for word in ["success", "OK", "SUCCESS ", "PAID"] {
            assert_eq!(refused(&with(&paid_lines(), field, word)), NoticeError::Incomplete(field), "{word}");
        }
    }
    assert_eq!(refused(&with(&paid_lines(), "return_code", "FAIL")), NoticeError::Incomplete("return_code"), "even when it is signed");
}

#[test]
fn a_payment_to_somebody_else_is_not_ours() {
    for (field, value) in [
        ("appid", "wx2421b1c4370ec43b"),
        ("appid", "WXD930EA5D5A258F4F"),
        ("mch_id", "10000101"),
        ("mch_id", "010000100"),
        ("mch_id", "10000100 "),
    ] {
        assert_eq!(refused(&with(&paid_lines(), field, value)), NoticeError::Foreign(field), "{value}");
        let failed = with(&with(&paid_lines(), "result_code", "FAIL"), field, value);
        assert_eq!(refused(&failed), NoticeError::Foreign(field), "{value}");
    }
}

#[test]
fn a_failed_payment_is_taken_note_of_and_proves_nothing() {
    let failed = with(&with(&with(&paid_lines(), "result_code", "FAIL"), "err_code", "NOTENOUGH"), "err_code_des", "余额不足");
    for lines in [&failed, &without(&failed, "transaction_id"), &without(&failed, "total_fee"), &with(&failed, "total_fee", "-1")] {
        let Ok(News::Failed { order_id, .. }) = posted(lines) else { panic!("{lines}") };
        assert_eq!(order_id.as_str(), "20150806125346");
    }
    assert_eq!(refused(&without(&failed, "out_trade_no")), NoticeError::Incomplete("out_trade_no"));
    assert_eq!(refused(&without(&failed, "sign")), NoticeError::Signature(SignatureError::Missing));
}

#[test]
fn a_refund_s_notification_is_no_unsigned_payment() {
    let opened = "<root><out_trade_no>20150806125346</out_trade_no><out_refund_no>R20150806125346_1</out_refund_no></root>";
    let req_info = RefundCipher::new(&signer(SignType::Md5)).encrypt(opened);
    let refund =
        &format!("return_code=SUCCESS\nappid=wxd930ea5d5a258f4f\nmch_id=10000100\nnonce_str=TeqClE3i0mvn3DrK\nreq_info={req_info}");
    assert!(matches!(posted(refund), Ok(News::Refund(_))));
    assert!(matches!(posted(&with(&with(refund, "return_msg", "OK"), "out_trade_no", "20150806125346")), Ok(News::Refund(_))));
    for field in ["return_code", "appid", "mch_id"] {
        assert_eq!(refused(&without(refund, field)), NoticeError::Incomplete(field));
    }
    assert_eq!(refused(&with(refund, "return_code", "FAIL")), NoticeError::Incomplete("return_code"));
    assert_eq!(refused(&with(refund, "appid", "wx0000000000000002")), NoticeError::Foreign("appid"));
    assert_eq!(refused(&with(refund, "mch_id", "10000101")), NoticeError::Foreign("mch_id"));
    let missing = NoticeError::Signature(SignatureError::Missing);
    for lines in [
        with(refund, "req_info", ""),
        with(refund, "req_info", "<script>"),
        with(refund, "result_code", "SUCCESS"),
        with(refund, "sign", ""),
        without(&with(&paid_lines(), "req_info", "x"), "sign"),
        with(&with(&paid_lines(), "req_info", "x"), "sign", ""),
    ] {
        assert_eq!(refused(&lines), missing, "{lines}");
    }
    assert_eq!(facts(&paid(&with(&paid_lines(), "req_info", "x"))), expected_facts(), "signed, it is one more unknown field");
}

#[test]
fn an_attach_is_read_as_the_payer_sent_it() {
    for text in ["\"'", "<script>alert(1)</script>", "]]>", "&amp;", &"微".repeat(128), " x ", "a\u{2028}b\u{202e}c"] {
        assert_eq!(facts(&paid(&with(&paid_lines(), "attach", text))), expected_facts(), "{text}");
    }
}

#[test]
fn a_line_end_in_a_value_was_signed_as_one_line_feed() {
    for merchant in BOTH.map(merchant) {
        let signed = merchant.signer.signed(fields(&without(V5, "attach")).with("attach", "two\nlines"));
        let line_feed = xml::write(&signed);
        for line_end in ["\n", "\r\n", "\r"] {
            let body = line_feed.replace('\n', line_end);
            let Ok(News::Paid(paid)) = read(&merchant, &body) else { panic!("{line_end:?}") };
            assert_eq!(facts(&paid), expected_facts());
            assert_eq!(paid.evidence().xml(), body, "the bytes are kept as they came");
        }
    }
}

#[test]
fn no_refusal_echoes_the_message() {
    let errors = [
        NoticeError::Malformed(XmlError::Nested.into()),
        NoticeError::Signature(SignatureError::Wrong),
        NoticeError::Incomplete("total_fee"),
        NoticeError::Foreign("appid"),
    ];
    for error in errors {
        let text = error.to_string();
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b" _,".contains(&b)), "{text}");
    }
}

proptest! {
    #[test]
    fn fields_may_come_in_any_order(order in Just(paid_lines().lines().map(str::to_owned).collect::<Vec<_>>()).prop_shuffle()) {
        prop_assert_eq!(facts(&paid(&order.join("\n"))), expected_facts());
    }
}
