//! Calls about refunds to a WeChat that says what the simulator does not: each is made once, and leaves open what is not certain.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use wechat_pay::chance::Chance;
use wechat_pay::channel::wechat::v2::{ApiKey, Client, Endpoints, Fields, Http, Merchant, PreviousKey, SignType, Signer, Wire, xml};
use wechat_pay::channel::{
    CallError, CertificateFault, Channel, Doubt, Misconfiguration, Postponed, RefundOrder, RefundOutcome, RefundQueryOutcome,
    RefundSubject, Refunding,
};
use wechat_pay::clock::Clock;
use wechat_pay::deal::Fen;
use wechat_pay::trust::ExtraRoots;

use crate::support::merchant::{merchant, signer};
use crate::support::stub::{Reply, Stub};

const NUMBER: &str = "20150806125346";
const REFUND: &str = "R20150806125346_1";
const SIGN_ERROR: &str = "<xml><return_code>FAIL</return_code><return_msg>签名错误</return_msg></xml>";

fn page(complaint: &str) -> String {
    format!("<html>\r\n<head><title>400 {complaint}</title></head>\r\n<body>\r\n<center>{complaint}</center>\r\n</body>\r\n</html>\r\n")
}

/// A signed answer about the refund that was asked for.
fn right(signer: &Signer, more: &[(&str, &str)]) -> String {
    let merchant = merchant(SignType::Md5);
    let envelope = [("return_code", "SUCCESS"), ("appid", &merchant.appid), ("mch_id", &merchant.mch_id), ("nonce_str", "n")];
    let order = [("out_trade_no", NUMBER), ("transaction_id", "4200002100202401160000000001"), ("total_fee", "88")];
    xml::write(&signer.signed(envelope.into_iter().chain(order).chain(more.iter().copied()).collect()))
}

fn accepted(signer: &Signer) -> String {
    right(
        signer,
        &[("result_code", "SUCCESS"), ("out_refund_no", REFUND), ("refund_id", "50303108562024011601487282563"), ("refund_fee", "30")],
    )
}

fn no(err_code: &str, description: &str) -> String {
    right(&signer(SignType::Md5), &[("result_code", "FAIL"), ("err_code", err_code), ("err_code_des", description)])
}

/// A channel whose WeChat answers so, and how often it was asked.
fn wired(
    merchant: Merchant,
    answer: impl Fn(&Fields) -> Result<String, CallError> + Send + Sync + 'static,
) -> (Channel, Arc<Mutex<usize>>) {
    let asked = Arc::new(Mutex::new(0));
    let count = Arc::clone(&asked);
    let wire = Wire::new(Clock::System, move |_, request, _| {
        *count.lock().unwrap() += 1;
        let answer = answer(&xml::parse(request.as_bytes()).unwrap()).map(String::into_bytes);
        async move { answer }.boxed()
    });
    (Channel::WeChatV2(Client::wired(merchant, wire, Chance::seeded(1))), asked)
}

async fn refunds(channel: &Channel) -> Result<RefundOutcome, CallError> {
    let (refund_id, order_id) = (REFUND.parse().unwrap(), NUMBER.parse().unwrap());
    let (total_fee, fee) = (Fen::new(88).unwrap(), Fen::new(30).unwrap());
    let refund = RefundOrder { refund_id: &refund_id, order_id: &order_id, transaction_id: None, total_fee, fee, reason: None };
    channel.refund(&order_id, &refund_id, channel.draft_refund(&refund, &Chance::System)).await
}

#[tokio::test]
async fn whatever_wechat_says_of_a_refund_it_is_asked_once() {
    type Says = fn() -> Result<String, CallError>;
    let answers: [(Says, &str); 9] = [
        (|| Err(Doubt::Timeout.into()), "the outcome at WeChat is unknown: no reply in time"),
        (|| Err(Doubt::Broken.into()), "the outcome at WeChat is unknown: the connection broke"),
        (|| Err(CallError::RateLimited), "WeChat limits the rate of calls"),
        (
            || Ok("<xml><return_code>SUCCESS</return_code><result_code>FAIL</result_code><err_code>SYSTEMERROR</err_code></xml>".to_owned()),
            "the outcome at WeChat is unknown: SYSTEMERROR",
        ),
        (|| Ok(no("BIZERR_NEED_RETRY", "并发")), "the outcome at WeChat is unknown: BIZERR_NEED_RETRY"),
        (|| Ok(no("FREQUENCY_LIMITED", "频率限制")), "WeChat asks to be asked again later"),
        (|| Ok(page("No required SSL certificate was sent")), "WeChat was shown no client certificate"),
        (|| Ok(no("TRADE_OVERDUE", "订单已经超过退款期限")), "TRADE_OVERDUE: 订单已经超过退款期限"),
        (|| Ok("<xml><return_code>FAIL</return_code><return_msg>invalid refund_fee</return_msg></xml>".to_owned()), "invalid refund_fee"),
    ];
    for (says, expected) in answers {
        let (channel, asked) = wired(merchant(SignType::Md5), move |_| says());
        let told = match refunds(&channel).await {
            Ok(RefundOutcome::Accepted(_)) => panic!("accepted, instead of {expected}"),
            Ok(RefundOutcome::NotNow(postponed)) => postponed.to_string(),
            Ok(RefundOutcome::Refused(refusal)) => refusal.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!((told.as_str(), *asked.lock().unwrap()), (expected, 1));
        assert_eq!(channel.refunding(), Refunding::Uncertified);
    }
}

#[tokio::test]
async fn a_wechat_that_does_not_take_the_key_yet_is_asked_with_the_previous_one() {
    let old = Signer::new(ApiKey::new("8934e7d15453e97507ef794cf7b0519d").unwrap(), SignType::Md5);
    let changing = merchant(SignType::Md5);
    let previous_key = Some(PreviousKey::new(ApiKey::new("8934e7d15453e97507ef794cf7b0519d").unwrap(), &changing.signer));
    let changing = Merchant { previous_key, ..changing };
    let takes = old.clone();
    let (channel, asked) =
        wired(changing.clone(), move |request| Ok(if takes.verify(request).is_ok() { accepted(&takes) } else { SIGN_ERROR.to_owned() }));
    assert!(matches!(refunds(&channel).await, Ok(RefundOutcome::Accepted(_))));
    assert_eq!(*asked.lock().unwrap(), 2);
    let (channel, asked) = wired(changing, |_| Ok(SIGN_ERROR.to_owned()));
    let misconfigured = Postponed::Misconfigured(Misconfiguration::Signature);
    assert!(matches!(refunds(&channel).await, Ok(RefundOutcome::NotNow(postponed)) if postponed == misconfigured));
    assert_eq!(*asked.lock().unwrap(), 2, "once with each");
}

#[tokio::test]
async fn what_nginx_says_is_heard_behind_its_status() {
    for (status, complaint, fault) in [
        ("400 Bad Request", "No required SSL certificate was sent", Some(CertificateFault::Missing)),
        ("400 Bad Request", "The SSL certificate error", Some(CertificateFault::Rejected)),
        ("400 Bad Request", "Request Header Or Cookie Too Large", None),
        ("502 Bad Gateway", "The SSL certificate error", None),
    ] {
        let head = format!("HTTP/1.1 {status}\r\ncontent-type: text/html\r\nconnection: close\r\n");
        let page = page(complaint);
        let stub = Stub::start(move |_, _| Reply::Raw(format!("{head}content-length: {}\r\n\r\n{page}", page.len()).into_bytes())).await;
        let primary = format!("http://{}", stub.address).parse().unwrap();
        let http =
            Http::new(Endpoints { primary, backup: None, proxy: None, extra_roots: ExtraRoots::default() }, Chance::seeded(1)).unwrap();
        let channel = Channel::WeChatV2(Client::new(merchant(SignType::Md5), Arc::new(http), Chance::seeded(2)));
        match (refunds(&channel).await, fault) {
            (Ok(RefundOutcome::NotNow(Postponed::Certificate(told))), Some(fault)) => assert_eq!(told, fault),
            (Err(CallError::Unknown(_)), None) => {}
            (other, _) => panic!("{status} {complaint}: {other:?}"),
        }
        let queried = channel.query_refund(&NUMBER.parse().unwrap(), RefundSubject::OfOrder(0)).await;
        assert!(
            matches!(queried, Err(CallError::Unknown(Doubt::Status(400 | 502)))),
            "a certificate is no matter of this call: {queried:?}"
        );
    }
}

#[tokio::test]
async fn both_calls_are_counted_by_what_they_brought() {
    let answers = Mutex::new(vec![
        no("REFUNDNOTEXIST", "not exist"),
        accepted(&signer(SignType::Md5)),
        page("The SSL certificate error"),
        no("NOTENOUGH", "基本账户余额不足，请充值后重新发起"),
        no("USER_ACCOUNT_ABNORMAL", "用户账户异常或已注销，不能原路退回，请使用其他方式进行退款"),
    ]);
    let (channel, _) = wired(merchant(SignType::Md5), move |_| Ok(answers.lock().unwrap().pop().unwrap()));
    for _ in 0..4 {
        refunds(&channel).await.unwrap();
    }
    let refund_id = REFUND.parse().unwrap();
    let found = channel.query_refund(&NUMBER.parse().unwrap(), RefundSubject::Refund(&refund_id)).await;
    assert!(matches!(found, Ok(RefundQueryOutcome::NotExist)));
    let (mut registry, mut shown) = (Registry::default(), String::new());
    Channel::register_metrics([&channel], &mut registry);
    text::encode(&mut shown, &registry).unwrap();
    for (api, err_code) in [
        ("refund", "USER_ACCOUNT_ABNORMAL"),
        ("refund", "NOTENOUGH"),
        ("refund", "certificate"),
        ("refund", "SUCCESS"),
        ("refundquery", "REFUNDNOTEXIST"),
    ] {
        let line = format!("upstream_calls_total{{account=\"default\",api=\"{api}\",err_code=\"{err_code}\"}} 1");
        assert!(shown.contains(&line), "{line}\n{shown}");
    }
}
