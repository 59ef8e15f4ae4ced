//! Answers about refunds: what is accepted, what pages of them hold, and that none is ever about another order.

use proptest::prelude::*;

use super::*;
use crate::channel::outcome::CertificateFault;
use crate::channel::proof::ProvenRefund;
use crate::channel::wechat::v2::reply;
use crate::channel::wechat::v2::testing::{any_fields, any_value, signer};
use crate::deal::{RefundState, Timestamp};

fn refund_id(number: &str) -> RefundId {
    number.parse().unwrap()
}

fn refund(lines: &str) -> Result<RefundOutcome, CallError> {
    asked(|merchant, order_id, body| reply::refund(merchant, order_id, &refund_id(REFUND_ID), body), lines)
}

fn listed(lines: &str) -> Result<RefundQueryOutcome, CallError> {
    asked(|merchant, order_id, body| reply::refund_query(merchant, order_id, RefundSubject::OfOrder(0), body), lines)
}

fn known(lines: &str) -> (Vec<ProvenRefund>, u32) {
    match listed(lines) {
        Ok(RefundQueryOutcome::Known(refunds, total)) => (refunds, total),
        other => panic!("{other:?}: {lines}"),
    }
}

fn postponed(lines: &str) -> Postponed {
    match refund(lines) {
        Ok(RefundOutcome::NotNow(postponed)) => postponed,
        other => panic!("{other:?}: {lines}"),
    }
}

/// The first refund of an answer with one field of it changed.
fn changed(name: &str, value: &str) -> ProvenRefund {
    known(&with(REFUNDS, name, value)).0.into_iter().find(|refund| refund.refund_id().as_str() == "R20150806125346_1").unwrap()
}

mod acceptance {
    use super::*;

    #[test]
    fn proves_the_refund_and_that_it_is_on_its_way() {
        let Ok(RefundOutcome::Accepted(proof)) = refund(ACCEPTED) else { panic!("accepted") };
        assert_eq!((proof.order_id().as_str(), proof.refund_id().as_str()), (ORDER_ID, REFUND_ID));
        assert_eq!((proof.fee().get(), proof.total_fee().get()), (30, 88), "not cash_refund_fee, which is 27");
        assert_eq!(proof.wechat_refund_id(), "50303108562024011601487282563");
        assert_eq!(proof.transaction_id(), "1004400740201409030005092168");
        assert_eq!((proof.state(), proof.receiver(), proof.refunded_at()), (RefundState::Processing, None, None));
        let old = with(ACCEPTED, "refund_id", "2001592001201612230671008913");
        assert!(matches!(refund(&old), Ok(RefundOutcome::Accepted(_))), "WeChat's numbers have more than one form");
    }

    #[test]
    fn of_another_number_is_no_answer() {
        let other = with(ACCEPTED, "out_refund_no", "R20150806125346_2");
        assert_eq!(refund(&other).unwrap_err(), unknown(Doubt::Foreign("out_refund_no")));
    }

    #[test]
    fn wants_every_number_and_amount() {
        for field in ["transaction_id", "out_trade_no", "out_refund_no", "refund_id", "refund_fee", "total_fee"] {
            for lines in [without(ACCEPTED, field), with(ACCEPTED, field, "")] {
                assert_eq!(refund(&lines).unwrap_err(), unknown(Doubt::Incomplete(field)));
            }
        }
        for (field, value) in
            [("refund_fee", "0"), ("refund_fee", "-30"), ("refund_fee", "0.30"), ("out_refund_no", "R 1"), ("total_fee", "x")]
        {
            assert_eq!(refund(&with(ACCEPTED, field, value)).unwrap_err(), unknown(Doubt::Incomplete(field)), "{value}");
        }
    }

    #[test]
    fn may_come_later_when_wechat_says_so_in_signed_words() {
        assert_eq!(postponed(&no("FREQUENCY_LIMITED", "频率限制，1个月之前的订单请降低申请频率再重试")), Postponed::Later);
        assert_eq!(postponed(&no("FREQUENCY_LIMITED", "单笔订单请求频率过高，请于1分钟后重试.")), Postponed::InAMinute);
        assert_eq!(postponed(&no("NOTENOUGH", "基本账户余额不足，请充值后重新发起")), Postponed::NotEnough);
        let unsigned = without(&no("NOTENOUGH", "基本账户余额不足，请充值后重新发起"), "sign");
        assert_eq!(refund(&unsigned).unwrap_err(), unknown(SignatureError::Missing));
    }

    #[test]
    fn may_come_later_when_the_certificate_is_another_merchant_s() {
        for lines in ["return_code=FAIL\nreturn_msg=certificate not match", "return_code=FAIL\nreturn_msg=", "return_code=FAIL"] {
            assert_eq!(postponed(lines), Postponed::Certificate(CertificateFault::Foreign), "{lines}");
        }
    }

    #[test]
    fn may_come_later_when_nginx_does_not_take_the_certificate() {
        let read = |body: &str| reply::refund(&merchant(SignType::Md5), &order_id(), &refund_id(REFUND_ID), body.as_bytes());
        for (complaint, fault) in
            [("No required SSL certificate was sent", CertificateFault::Missing), ("The SSL certificate error", CertificateFault::Rejected)]
        {
            let page = format!("<html>\r\n<head><title>400 {complaint}</title></head></html>");
            assert!(matches!(read(&page), Ok(RefundOutcome::NotNow(Postponed::Certificate(told))) if told == fault), "{complaint}");
        }
        let other = read("<html><head><title>400 Bad Request</title></head></html>");
        assert_eq!(other.unwrap_err(), unknown(Malformed::from(XmlError::Root)), "neither carried out nor refused");
    }

    #[test]
    fn is_refused_in_signed_words_or_unsigned_ones() {
        for (lines, told) in [
            (no("REFUND_FEE_INVALID", "累计退款金额大于支付金额"), "REFUND_FEE_INVALID: 累计退款金额大于支付金额"),
            ("return_code=FAIL\nreturn_msg=invalid refund_fee".to_owned(), "invalid refund_fee"),
        ] {
            let Err(CallError::Refused(refusal)) = refund(&lines) else { panic!("{lines}") };
            assert_eq!(refusal.to_string(), told);
        }
        let Err(CallError::Refused(refusal)) = refund(&no("SIGNERROR", "签名错误")) else { panic!("refused") };
        assert_eq!(refusal.ground, Ground::OurSignature, "so that the previous key is tried");
    }
}

mod query {
    use super::*;

    #[test]
    fn tells_each_refund_of_a_page_by_its_suffix() {
        let (refunds, total) = known(REFUNDS);
        assert_eq!(total, 3);
        let told: Vec<_> = refunds.iter().map(|refund| (refund.refund_id().as_str(), refund.fee().get(), refund.state())).collect();
        let expected = [
            ("R20150806125346_1", 30, RefundState::Success),
            ("R20150806125346_3", 20, RefundState::Closed),
            ("4501200020150806125346", 10, RefundState::Abnormal),
        ];
        assert_eq!(told, expected, "a gap and a number of two digits are suffixes, too");
        let first = &refunds[0];
        assert_eq!((first.receiver(), first.total_fee().get()), (Some("支付用户零钱"), 88));
        assert_eq!(first.refunded_at(), Some("2024-01-16T06:28:31Z".parse::<Timestamp>().unwrap()));
        assert_eq!((refunds[2].receiver(), refunds[2].refunded_at()), (None, None));
        assert!(refunds.iter().all(|refund| refund.order_id().as_str() == ORDER_ID && refund.account().is_default()));
    }

    #[test]
    fn says_how_many_there_are_where_a_page_does_not_hold_all() {
        for (name, count, total) in
            [("total_refund_count", "12", 12), ("total_refund_count", "2", 3), ("refund_count", "11", 11), ("refund_count", "3", 3)]
        {
            assert_eq!(known(&with(REFUNDS, name, count)).1, total, "{name} {count}");
        }
        for count in ["-1", "many", "4294967296"] {
            let lines = with(REFUNDS, "total_refund_count", count);
            assert_eq!(listed(&lines).unwrap_err(), unknown(Doubt::Incomplete("total_refund_count")), "{count}");
        }
    }

    #[test]
    fn takes_a_word_of_the_future_for_a_refund_on_its_way() {
        for word in ["PROCESSING", "NOTSURE", "FAIL", "A_WORD_OF_THE_FUTURE", "success"] {
            assert_eq!(changed("refund_status_0", word).state(), RefundState::Processing, "{word}");
        }
        let lines = without(REFUNDS, "refund_status_0");
        assert_eq!(listed(&lines).unwrap_err(), unknown(Doubt::Incomplete("refund_status")), "none is none");
    }

    #[test]
    fn does_without_a_time_that_is_none() {
        for text in ["20240116142831", "2024-01-16", "2024-13-01 00:00:00", "0000-00-00 00:00:00", ""] {
            assert_eq!(changed("refund_success_time_0", text).refunded_at(), None, "{text}");
        }
    }

    #[test]
    fn reads_past_coupons_and_other_names_with_numbers() {
        let more = [
            ("coupon_refund_fee_0", "3"),
            ("coupon_refund_count_0", "1"),
            ("coupon_refund_fee_0_0", "3"),
            ("coupon_type_0_0", "CASH"),
            ("cash_refund_fee_0", "27"),
            ("refund_fee_7", "99"),
            ("out_refund_no_", "R9"),
            ("out_refund_no_0_0", "R9"),
            ("out_refund_no_x", "R9"),
            ("out_refund_no", "R9"),
        ];
        let lines = more.into_iter().fold(REFUNDS.to_owned(), |lines, (name, value)| with(&lines, name, value));
        assert_eq!(known(&lines).0.len(), 3);
    }

    #[test]
    fn for_one_number_is_answered_by_that_one() {
        let one = "\
out_refund_no_0=R20150806125346_1
refund_fee_0=30
refund_id_0=50303108562024011601487282563
refund_status_0=PROCESSING";
        let lines = [ENVELOPE, one].join("\n");
        let read = |asked_for: &str| {
            let asked_for = refund_id(asked_for);
            asked(|merchant, order_id, body| reply::refund_query(merchant, order_id, RefundSubject::Refund(&asked_for), body), &lines)
        };
        assert!(matches!(read("R20150806125346_1"), Ok(RefundQueryOutcome::Known(refunds, 1)) if refunds.len() == 1));
        assert_eq!(read("R20150806125346_2").unwrap_err(), unknown(Doubt::Foreign("out_refund_no")));
    }

    #[test]
    fn finds_none_in_signed_words_only() {
        let none = no("REFUNDNOTEXIST", "not exist");
        assert!(matches!(listed(&none), Ok(RefundQueryOutcome::NotExist)));
        assert_eq!(listed(&without(&none, "sign")).unwrap_err(), unknown(SignatureError::Missing));
        assert_eq!(listed(ENVELOPE).unwrap_err(), unknown(Doubt::Incomplete("out_refund_no")), "an empty list is no answer");
        assert_eq!(listed(&no("FREQUENCY_LIMITED", "")).unwrap_err(), CallError::RateLimited);
    }
}

/// Fields that refunds have, in any number, with values that are right, wrong or of another order.
fn any_refund_fields() -> impl Strategy<Value = Vec<(String, String)>> {
    let names = ["out_refund_no", "refund_id", "refund_fee", "refund_status", "refund_success_time", "refund_recv_accout", "refund_count"];
    let suffixes = ["", "_", "_0", "_1", "_10", "_0_0", "_00", "_99999999999999999999"];
    let values = [ORDER_ID, "20150806125347", REFUND_ID, "R2", "30", "-1", "SUCCESS", "2024-01-16 14:28:31", ""];
    let name = (proptest::sample::select(names.to_vec()), proptest::sample::select(suffixes.to_vec())).prop_map(|(n, s)| format!("{n}{s}"));
    let whole = proptest::sample::select(vec!["out_trade_no", "transaction_id", "total_fee", "total_refund_count", "result_code"]);
    let name = prop_oneof![name, whole.prop_map(str::to_owned)];
    let value = prop_oneof![proptest::sample::select(values.to_vec()).prop_map(str::to_owned), any_value()];
    proptest::collection::vec((name, value), 0..12)
}

proptest! {
    /// Whatever is in a signed answer, it is read without a fault, and what it proves is about the order that was asked for.
    #[test]
    fn nothing_signed_proves_a_refund_of_another_order(
        base in proptest::sample::select(vec![ACCEPTED, REFUNDS, NO]),
        changes in any_refund_fields(),
        more in any_fields(),
    ) {
        let mut values: std::collections::BTreeMap<String, String> =
            fields(base).iter().chain(more.iter()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        values.extend(changes);
        values.remove("sign");
        let body = xml::write(&signer(SignType::Md5).signed(values.into_iter().collect()));
        let (merchant, asked_for) = (merchant(SignType::Md5), refund_id(REFUND_ID));
        if let Ok(RefundOutcome::Accepted(proof)) = reply::refund(&merchant, &order_id(), &asked_for, body.as_bytes()) {
            prop_assert_eq!((proof.order_id(), proof.refund_id()), (&order_id(), &asked_for));
        }
        for subject in [RefundSubject::OfOrder(0), RefundSubject::Refund(&asked_for)] {
            if let Ok(RefundQueryOutcome::Known(refunds, total)) = reply::refund_query(&merchant, &order_id(), subject, body.as_bytes()) {
                prop_assert!(!refunds.is_empty() && refunds.len() <= total as usize);
                prop_assert!(refunds.iter().all(|refund| *refund.order_id() == order_id()));
                prop_assert!(matches!(subject, RefundSubject::OfOrder(_)) || refunds.iter().all(|refund| *refund.refund_id() == asked_for));
            }
        }
    }
}
