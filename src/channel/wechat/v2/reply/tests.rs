use super::*;
use crate::channel::error::{Ground, SignatureError};
use crate::channel::wechat::v2::sign::SignType;
use crate::channel::wechat::v2::testing::{BOTH, fields, merchant, message, provider, with, without};
use crate::channel::wechat::v2::xml::XmlError;
use crate::deal::Fen;

mod of_each_call;
mod of_refunds;

const ORDER_ID: &str = "20150806125346";
const REFUND_ID: &str = "R20150806125346_1";

/// Each call with an answer in the older layout that succeeds, and the gate, which here tells only whether it does.
type Gate = fn(&Merchant, &OrderId, &[u8]) -> Result<(), CallError>;
const CALLS: [(&str, &str, Gate); 4] = [
    ("unifiedorder", PREPAID, |merchant, order_id, body| unified_order(merchant, order_id, TradeType::Native, body).map(|_| ())),
    ("orderquery", PAID, |merchant, order_id, body| order_query(merchant, order_id, body).map(|_| ())),
    ("closeorder", CLOSED, |merchant, order_id, body| close_order(merchant, order_id, body).map(|_| ())),
    ("refundquery", REFUNDS, |merchant, order_id, body| refund_query(merchant, order_id, RefundSubject::OfOrder(0), body).map(|_| ())),
];
/// The one call whose refusals are mostly no errors.
const REFUND: (&str, &str, Gate) =
    ("refund", ACCEPTED, |merchant, order_id, body| super::refund(merchant, order_id, &REFUND_ID.parse().unwrap(), body).map(|_| ()));

fn all_calls() -> impl Iterator<Item = (&'static str, &'static str, Gate)> {
    CALLS.into_iter().chain([REFUND])
}

const PREPAID: &str = "\
return_code=SUCCESS
return_msg=OK
appid=wxd930ea5d5a258f4f
mch_id=10000100
nonce_str=IITRi8Iabbblz1Jc
sign=?
result_code=SUCCESS
prepay_id=wx30165715577881d4d4de0c5d2282184633
trade_type=NATIVE
code_url=weixin://wxpay/bizpayurl?pr=4v3fQYUz3";

const PAID: &str = "\
return_code=SUCCESS
return_msg=OK
appid=wxd930ea5d5a258f4f
mch_id=10000100
device_info=
nonce_str=TN55wO9Pba5yENl8
sign=?
result_code=SUCCESS
openid=oUpF8uN95-Ptaags6E_roPHg7AG0
is_subscribe=N
trade_type=NATIVE
bank_type=OTHERS
total_fee=88
fee_type=CNY
transaction_id=1004400740201409030005092168
out_trade_no=20150806125346
attach=
time_end=20140903131540
trade_state=SUCCESS
cash_fee=78
coupon_fee=10
coupon_count=1
coupon_id_0=10000
coupon_fee_0=10
trade_state_desc=支付成功
cash_fee_type=CNY";

const NOT_PAID: &str = "\
return_code=SUCCESS
return_msg=OK
appid=wxd930ea5d5a258f4f
mch_id=10000100
nonce_str=1p0MDfw4V3sjvKVz
sign=?
result_code=SUCCESS
out_trade_no=20150806125346
trade_state=NOTPAY
trade_state_desc=订单未支付";

const CLOSED: &str = "\
return_code=SUCCESS
return_msg=OK
appid=wxd930ea5d5a258f4f
mch_id=10000100
sub_mch_id=
nonce_str=BFK89FC6rxKCOjLX
sign=?
result_code=SUCCESS";

const ACCEPTED: &str = "\
return_code=SUCCESS
return_msg=OK
appid=wxd930ea5d5a258f4f
mch_id=10000100
nonce_str=IwCgHIrcqGyVKUVZ
sign=?
result_code=SUCCESS
transaction_id=1004400740201409030005092168
out_trade_no=20150806125346
out_refund_no=R20150806125346_1
refund_id=50303108562024011601487282563
refund_channel=
refund_fee=30
coupon_refund_fee=3
total_fee=88
cash_fee=78
coupon_refund_count=1
cash_refund_fee=27";

/// An answer to `refundquery` without a refund.
const ENVELOPE: &str = "\
return_code=SUCCESS
return_msg=OK
appid=wxd930ea5d5a258f4f
mch_id=10000100
nonce_str=TeqClE3i0mvn3DrK
sign=?
result_code=SUCCESS
transaction_id=1004400740201409030005092168
out_trade_no=20150806125346
total_fee=88
cash_fee=78";

/// Three refunds of one order, the last one made by hand.
const REFUNDS: &str = "\
return_code=SUCCESS
return_msg=OK
appid=wxd930ea5d5a258f4f
mch_id=10000100
nonce_str=TeqClE3i0mvn3DrK
sign=?
result_code=SUCCESS
transaction_id=1004400740201409030005092168
out_trade_no=20150806125346
total_fee=88
cash_fee=78
refund_count=3
refund_fee=60
out_refund_no_0=R20150806125346_1
refund_account_0=REFUND_SOURCE_RECHARGE_FUNDS
refund_channel_0=ORIGINAL
refund_fee_0=30
refund_id_0=50303108562024011601487282563
refund_recv_accout_0=支付用户零钱
refund_status_0=SUCCESS
refund_success_time_0=2024-01-16 14:28:31
out_refund_no_2=R20150806125346_3
refund_fee_2=20
refund_id_2=50303108562024011601487282564
refund_recv_accout_2=招商银行信用卡0403
refund_status_2=REFUNDCLOSE
out_refund_no_10=4501200020150806125346
refund_fee_10=10
refund_id_10=50303108562024011601487282565
refund_status_10=CHANGE";

const NO: &str = "\
return_code=SUCCESS
return_msg=OK
appid=wxd930ea5d5a258f4f
mch_id=10000100
nonce_str=BFK89FC6rxKCOjLX
sign=?
result_code=FAIL";

fn order_id() -> OrderId {
    ORDER_ID.parse().unwrap()
}

/// A business failure as WeChat signs it.
fn no(err_code: &str, err_code_des: &str) -> String {
    with(&with(NO, "err_code", err_code), "err_code_des", err_code_des)
}

/// The message, signed where it says so, as the given merchant reads it.
fn asked<T>(gate: impl Fn(&Merchant, &OrderId, &[u8]) -> Result<T, CallError>, lines: &str) -> Result<T, CallError> {
    let merchant = merchant(SignType::Md5);
    gate(&merchant, &order_id(), &message(&merchant.signer, lines))
}

fn unknown(doubt: impl Into<Doubt>) -> CallError {
    CallError::Unknown(doubt.into())
}

#[test]
fn every_call_succeeds_in_both_layouts_and_with_both_algorithms() {
    // The newer layout has result_code before the ids and the signature after them.
    let newer = ["return_code", "return_msg", "result_code", "mch_id", "appid", "device_info", "sub_mch_id", "nonce_str", "sign"];
    for (call, answer, gate) in all_calls() {
        for merchant in BOTH.map(merchant) {
            let older = message(&merchant.signer, answer);
            assert_eq!(gate(&merchant, &order_id(), &older), Ok(()), "{call}");
            let newer = xml::parse(&older).unwrap().reordered(|name| newer.iter().position(|n| *n == name).unwrap_or(newer.len()));
            assert_eq!(gate(&merchant, &order_id(), xml::write(&newer).replace("><", ">\n<").as_bytes()), Ok(()), "{call}");
        }
    }
}

#[test]
fn a_field_that_nobody_knows_yet_is_welcome_when_it_is_signed() {
    for (call, answer, gate) in all_calls() {
        assert_eq!(asked(gate, &with(answer, "future_field", "x")), Ok(()), "{call}");
        let merchant = merchant(SignType::Md5);
        let added = String::from_utf8(message(&merchant.signer, answer)).unwrap().replace("</xml>", "<future_field>1</future_field></xml>");
        assert_eq!(gate(&merchant, &order_id(), added.as_bytes()), Err(unknown(SignatureError::Wrong)), "{call}");
    }
}

#[test]
fn systemerror_is_an_unknown_outcome_signed_or_not() {
    let unsigned = "return_code=SUCCESS\nreturn_msg=OK\nresult_code=FAIL\nerr_code=SYSTEMERROR\nerr_code_des=system error";
    for answer in [
        unsigned,
        &with(unsigned, "err_code_des", "系统繁忙，请稍后再试"),
        &with(unsigned, "return_msg", ""),
        &without(unsigned, "return_msg"),
        &no("SYSTEMERROR", "system error"),
        &with(&no("SYSTEMERROR", "system error"), "sign", "9A0A8659F005D6984697E2CA0A9CF3B7"),
    ] {
        for (call, _, gate) in all_calls() {
            assert_eq!(asked(gate, answer), Err(unknown(Doubt::SystemError)), "{call}: {answer}");
        }
    }
}

#[test]
fn nothing_else_is_believed_unsigned() {
    let unsigned_no = |err_code: &str| without(&no(err_code, "because"), "sign");
    for answer in [
        &unsigned_no("ORDERNOTEXIST"),
        &unsigned_no("ORDERPAID"),
        &unsigned_no("ORDERCLOSED"),
        &unsigned_no("FREQUENCY_LIMITED"),
        &without(NO, "sign"),
    ] {
        for (call, _, gate) in all_calls() {
            assert_eq!(asked(gate, answer), Err(unknown(SignatureError::Missing)), "{call}: {answer}");
        }
    }
    for (call, answer, gate) in all_calls() {
        for unsigned in [&without(answer, "sign"), &with(answer, "sign", ""), &with(&without(answer, "sign"), "err_code", "SYSTEMERROR")] {
            assert_eq!(asked(gate, unsigned), Err(unknown(SignatureError::Missing)), "{call}: {unsigned}");
        }
    }
}

#[test]
fn a_protocol_failure_is_a_refusal_without_a_code() {
    let texts = [
        "签名错误",
        "签名错误，请检查后再试",
        "缺少参数",
        "appid参数长度有误",
        "商户号mch_id与appid不匹配",
        "time_expire时间过短,刷卡至少1分钟,其他5分钟",
        "不识别的参数spbill_create_ip",
        "invalid total_fee",
        "输入源“/body/xml/body”映射到值字段“商品描述”字符串规则校验失败，字节数 145，大于最大值 127",
        "SYSTEMERROR",
    ];
    for (call, answer, gate) in CALLS {
        for text in texts {
            let refusal = refusal(None, text);
            assert_eq!(refusal.to_string(), text);
            let failure = format!("return_code=FAIL\nreturn_msg={text}");
            assert_eq!(asked(gate, &failure), Err(CallError::Refused(refusal.clone())), "{call}");
            // Whatever else such a message claims, it is a refusal and no more.
            let claims_more = with(&with(answer, "return_code", "FAIL"), "return_msg", text);
            assert_eq!(asked(gate, &claims_more), Err(CallError::Refused(refusal)), "{call}");
        }
        for silent in ["return_code=FAIL", "return_code=FAIL\nreturn_msg="] {
            let refusal = refusal(None, "return_code FAIL");
            assert_eq!(asked(gate, silent), Err(CallError::Refused(refusal)), "{call}");
        }
    }
}

#[test]
fn a_request_for_patience_is_told_from_a_refusal() {
    for answer in [
        "return_code=FAIL\nreturn_msg=频率限制",
        "return_code=FAIL\nreturn_msg=请求频率限制，请稍后再试",
        &no("FREQUENCY_LIMITED", "频率限制，1个月之前的订单申请退款请降低频率再重试。"),
        &without(&no("FREQUENCY_LIMITED", ""), "err_code_des"),
    ] {
        for (call, _, gate) in CALLS {
            assert_eq!(asked(gate, answer), Err(CallError::RateLimited), "{call}: {answer}");
        }
    }
}

#[test]
fn a_business_failure_is_a_refusal_in_wechats_words() {
    let refused = |err_code: &str, description: &str| CallError::Refused(refusal(Some(err_code), description));
    for (call, _, gate) in CALLS {
        for (err_code, description) in [
            ("INVALID_REQUEST", "201 商户订单号重复"),
            ("NOAUTH", "商户无此接口权限"),
            ("OUT_TRADE_NO_USED", "商户订单号重复"),
            ("APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配"),
            ("A_CODE_OF_THE_FUTURE", "&<b>"),
        ] {
            assert_eq!(asked(gate, &no(err_code, description)), Err(refused(err_code, description)), "{call}");
        }
        // Without a description of its own, return_msg has to do.
        assert_eq!(asked(gate, &no("NOAUTH", "")), Err(refused("NOAUTH", "OK")), "{call}");
        assert_eq!(asked(gate, &without(&no("NOAUTH", ""), "return_msg")), Err(refused("NOAUTH", "")), "{call}");
    }
}

#[test]
fn what_a_refusal_means_is_recognised_by_code_and_words() {
    for (err_code, description, ground) in [
        (Some("OUT_TRADE_NO_USED"), "商户订单号重复", Ground::NumberTaken),
        (Some("OUT_TRADE_NO_USED"), "", Ground::NumberTaken),
        (Some("INVALID_REQUEST"), "201 商户订单号重复", Ground::NumberTaken),
        (Some("INVALID_REQUEST"), "该产品未开通", Ground::Other),
        (Some("ORDERPAID"), "商户订单号重复", Ground::Decided),
        (Some("ORDERCLOSED"), "order closed", Ground::Decided),
        (None, "201 商户订单号重复", Ground::Other),
        (Some("SIGNERROR"), "", Ground::OurSignature),
        (None, "签名错误，请检查后再试", Ground::OurSignature),
        (Some("NOAUTH"), "签名错误", Ground::Other),
    ] {
        assert_eq!(refusal(err_code, description).ground, ground, "{err_code:?} {description}");
    }
}

#[test]
fn a_wrong_signature_is_no_answer() {
    for (call, answer, gate) in all_calls() {
        for lines in [answer, &no("ORDERNOTEXIST", "order not exist")] {
            let merchant = merchant(SignType::Md5);
            for (why, forged) in [
                ("another algorithm", message(&merchant.signer.with(SignType::HmacSha256), lines)),
                ("another message's", message(&merchant.signer, &with(lines, "sign", "9A0A8659F005D6984697E2CA0A9CF3B7"))),
                ("another text's", String::from_utf8(message(&merchant.signer, lines)).unwrap().replace("OK", "ok").into_bytes()),
            ] {
                assert_eq!(gate(&merchant, &order_id(), &forged), Err(unknown(SignatureError::Wrong)), "{call}, {why}");
            }
        }
    }
}

#[test]
fn a_reply_about_somebody_else_is_no_answer() {
    for (call, answer, gate) in all_calls() {
        for (field, value) in [
            ("appid", "wx2421b1c4370ec43b"),
            ("appid", "WXD930EA5D5A258F4F"),
            ("mch_id", "10000101"),
            ("mch_id", "010000100"),
            ("out_trade_no", "20150806125347"),
        ] {
            assert_eq!(asked(gate, &with(answer, field, value)), Err(unknown(Doubt::Foreign(field))), "{call}, {value}");
        }
        for (field, value) in [("appid", "wx2421b1c4370ec43b"), ("mch_id", "10000101")] {
            let refusal = with(&no("ORDERNOTEXIST", "order not exist"), field, value);
            assert_eq!(asked(gate, &refusal), Err(unknown(Doubt::Foreign(field))), "{call}, {value}");
        }
    }
}

#[test]
fn a_provider_believes_replies_about_its_sub_merchant_only() {
    for (call, answer, gate) in all_calls() {
        for lines in [answer, &no("ORDERNOTEXIST", "order not exist")] {
            let provider = provider(SignType::Md5);
            let asked = |lines: &str| gate(&provider, &order_id(), &message(&provider.signer, lines));
            let right = with(lines, "sub_mch_id", "1900000109");
            let believed = asked(&right);
            assert!(!matches!(believed, Err(CallError::Unknown(_))), "{call}: {believed:?}");
            assert_eq!(asked(&with(&right, "sub_appid", "wx2421b1c4370ec43b")), believed, "{call}");
            let foreign = |lines: &str, field| assert_eq!(asked(lines), Err(unknown(Doubt::Foreign(field))), "{call}: {lines}");
            foreign(&with(&right, "sub_appid", "wx2421b1c4370ec43c"), "sub_appid");
            for sub_mch_id in ["1900000110", "01900000109", "10000100", ""] {
                foreign(&with(lines, "sub_mch_id", sub_mch_id), "sub_mch_id");
            }
            foreign(&without(&right, "sub_mch_id"), "sub_mch_id");
        }
    }
}

#[test]
fn a_direct_merchant_may_be_named_as_its_own_sub_merchant_and_as_no_other_s() {
    for (call, answer, gate) in all_calls() {
        assert_eq!(asked(gate, &with(answer, "sub_mch_id", "10000100")), Ok(()), "{call}");
        let foreign = with(answer, "sub_mch_id", "1900000109");
        assert_eq!(asked(gate, &foreign), Err(unknown(Doubt::Foreign("sub_mch_id"))), "{call}");
    }
}

#[test]
fn a_reply_without_what_the_protocol_promises_is_no_answer() {
    for (call, answer, gate) in all_calls() {
        for field in ["return_code", "appid", "mch_id", "result_code"] {
            for lines in [without(answer, field), with(answer, field, "")] {
                assert_eq!(asked(gate, &lines), Err(unknown(Doubt::Incomplete(field))), "{call}");
            }
        }
        for field in ["return_code", "result_code"] {
            for word in ["OK", "success", "SUCCESS ", "失败"] {
                assert_eq!(asked(gate, &with(answer, field, word)), Err(unknown(Doubt::Incomplete(field))), "{call}, {word}");
            }
        }
        assert_eq!(asked(gate, NO), Err(unknown(Doubt::Incomplete("err_code"))), "{call}");
    }
}

#[test]
fn what_is_no_message_of_the_protocol_is_no_answer() {
    for (call, answer, gate) in all_calls() {
        let merchant = merchant(SignType::Md5);
        let signed = String::from_utf8(message(&merchant.signer, answer)).unwrap();
        for (body, error) in [
            (String::new(), XmlError::Malformed),
            ("<html><head><title>404 Not Found</title></head></html>".to_owned(), XmlError::Root),
            ("<!DOCTYPE html><html></html>".to_owned(), XmlError::Forbidden),
            (r#"{"return_code":"SUCCESS"}"#.to_owned(), XmlError::Malformed),
            (format!("<!DOCTYPE xml>{signed}"), XmlError::Forbidden),
            (format!("{signed}{signed}"), XmlError::Malformed),
            (signed.replace("</xml>", "<result_code>SUCCESS</result_code></xml>"), XmlError::Repeated),
            (signed.replace("</xml>", "<sign>0</sign></xml>"), XmlError::Repeated),
            (signed.replace("</xml>", ""), XmlError::Malformed),
            (signed.replace("</xml>", &" ".repeat(64 * 1024)), XmlError::TooLarge),
        ] {
            assert_eq!(gate(&merchant, &order_id(), body.as_bytes()), Err(unknown(Malformed::from(error))), "{call}");
        }
    }
}
