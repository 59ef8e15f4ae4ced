//! What each refusal of a refund demands, a row of the table (PROTOCOL.md, 4.5) each, and what nginx says of a certificate.

use super::*;
use crate::channel::wechat::v2::refusal::refusal;

fn demanded(err_code: Option<&str>, description: &str) -> Result<Postponed, CallError> {
    demand(refusal(err_code, description))
}

#[test]
fn what_asks_for_patience_is_asked_again_later() {
    for (err_code, description) in [
        (Some("FREQUENCY_LIMITED"), "频率限制，超过2个月之前的订单申请退款请降低频率再重试。"),
        (Some("FREQUENCY_LIMITED"), "频率限制，1个月之前的订单请降低申请频率再重试"),
        (Some("FREQUENCY_LIMITED"), ""),
        (Some("ORDER_NOT_READY"), "订单处理中，暂时无法退款，请稍后再试"),
        (None, "频率限制"),
    ] {
        assert_eq!(demanded(err_code, description), Ok(Postponed::Later), "{err_code:?} {description}");
    }
}

#[test]
fn what_asks_for_a_minute_gets_one() {
    for (err_code, description) in [
        ("FREQUENCY_LIMITED", "单笔订单请求频率过高，请于1分钟后重试."),
        ("FREQUENCY_LIMITED", "单笔订单请求频率过高，请于1分钟后重试"),
        ("INVALID_REQ_TOO_MUCH", "无效请求过多"),
    ] {
        assert_eq!(demanded(Some(err_code), description), Ok(Postponed::InAMinute), "{description}");
    }
}

#[test]
fn what_an_operator_must_mend_waits_for_that() {
    for (err_code, description, postponed) in [
        (Some("NOTENOUGH"), "基本账户余额不足，请充值后重新发起", Postponed::NotEnough),
        (Some("NOAUTH"), "没有接口权限", Postponed::NotAllowed),
        (Some("APPID_NOT_EXIST"), "APPID不存在", Postponed::Misconfigured(Misconfiguration::Appid)),
        (Some("MCHID_NOT_EXIST"), "MCHID不存在", Postponed::Misconfigured(Misconfiguration::MchId)),
        (Some("CERT_ERROR"), "证书校验错误", Postponed::Certificate(CertificateFault::Revoked)),
        (None, "certificate not match", Postponed::Certificate(CertificateFault::Foreign)),
        (None, WORDLESS, Postponed::Certificate(CertificateFault::Foreign)),
    ] {
        assert_eq!(demanded(err_code, description), Ok(postponed), "{err_code:?} {description}");
    }
}

#[test]
fn what_met_another_request_of_its_number_has_an_unknown_outcome() {
    assert_eq!(demanded(Some("BIZERR_NEED_RETRY"), "并发情况下，业务被拒绝，请重试"), Err(Doubt::NeedRetry.into()));
}

#[test]
fn everything_else_is_a_refusal_which_a_query_has_to_confirm() {
    for (err_code, description) in [
        (Some("REFUND_FEE_MISMATCH"), "订单金额或退款金额不一致"),
        (Some("REFUND_FEE_MISMATCH"), "同一个out_refund_no退款金额要一致"),
        (Some("REFUND_FEE_INVALID"), "累计退款金额大于支付金额"),
        (Some("TRADE_OVERDUE"), "订单已经超过退款期限"),
        (Some("USER_ACCOUNT_ABNORMAL"), "用户账户异常或已注销，不能原路退回，请使用其他方式进行退款"),
        (Some("ERROR"), "可退款的余额不足"),
        (Some("ERROR"), "订单已全额退款"),
        (Some("TRADE_STATE_ERROR"), "订单状态错误"),
        (Some("ORDERNOTEXIST"), "订单不存在"),
        (Some("INVALID_TRANSACTIONID"), "订单不存在"),
        (Some("INVALID_REQUEST"), "参数错误"),
        (Some("PARAM_ERROR"), "参数错误"),
        (Some("REQUIRE_POST_METHOD"), "请使用post方法"),
        (Some("SIGNERROR"), "签名错误"),
        (Some("XML_FORMAT_ERROR"), "XML格式错误"),
        (Some("A_CODE_OF_THE_FUTURE"), "certificate not match"),
        (None, "invalid refund_fee"),
        (None, "签名错误"),
    ] {
        let refused = Err(CallError::Refused(refusal(err_code, description)));
        assert_eq!(demanded(err_code, description), refused, "{err_code:?} {description}");
    }
}

#[test]
fn a_signature_that_neither_key_gives_waits_for_the_right_key_and_is_no_refusal() {
    for (err_code, description) in [(Some("SIGNERROR"), "签名错误"), (None, "签名错误，请检查后再试")] {
        let outcome = refused(refusal(err_code, description));
        assert!(matches!(outcome, RefundOutcome::NotNow(Postponed::Misconfigured(Misconfiguration::Signature))), "{outcome:?}");
    }
    let told = refusal(Some("REFUND_FEE_INVALID"), "累计退款金额大于支付金额");
    assert!(matches!(refused(told.clone()), RefundOutcome::Refused(refusal) if refusal == told));
}

/// As nginx writes it, to a browser with padding.
fn page(complaint: &str) -> String {
    format!(
        "<html>\r\n<head><title>400 {complaint}</title></head>\r\n<body bgcolor=\"white\">\r\n<center><h1>400 Bad Request</h1></center>\r\n\
         <center>{complaint}</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n\
         <!-- a padding to disable MSIE and Chrome friendly error page -->\r\n"
    )
}

#[test]
fn nginx_says_which_fault_a_certificate_has_and_of_other_pages_nothing_is_concluded() {
    for (complaint, fault) in [
        ("No required SSL certificate was sent", Some(CertificateFault::Missing)),
        ("The SSL certificate error", Some(CertificateFault::Rejected)),
        ("Request Header Or Cookie Too Large", None),
        ("The plain HTTP request was sent to HTTPS port", None),
    ] {
        assert_eq!(certificate_fault(page(complaint).as_bytes()), fault, "{complaint}");
    }
    let said_in_xml = "<xml><return_msg><![CDATA[<html>The SSL certificate error]]></return_msg></xml>";
    for body in ["", "The SSL certificate error", said_in_xml] {
        assert_eq!(certificate_fault(body.as_bytes()), None, "{body}");
    }
    assert_eq!(certificate_fault(b"<html>\xff The SSL certificate error"), None);
}
