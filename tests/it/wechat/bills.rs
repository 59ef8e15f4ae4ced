//! Bills from a WeChat that sends a file, or whatever else: what is no whole file is told from one, in time and within bounds.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::FutureExt;
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wechat_pay::chance::Chance;
use wechat_pay::channel::wechat::v2::{ApiKey, Client, Endpoints, Fields, Http, Merchant, PreviousKey, SignType, Signer, Wire, xml};
use wechat_pay::channel::{
    BillError, BillReader, BillRow, CallError, CertificateFault, Channel, ClientCertificate, Doubt, Download, Malformed, Refusal,
};
use wechat_pay::clock::Clock;
use wechat_pay::deal::{BillKind, Day};
use wechat_pay::trust::ExtraRoots;

use crate::support::certificates;
use crate::support::merchant::{merchant, signer};
use crate::support::proxy::Reserved;
use crate::support::stub::{Reply, Stub};

const OLD_KEY: &str = "8934e7d15453e97507ef794cf7b0519d";
const BILL: &str = "\u{feff}交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,总金额,代金券或立减优惠金额,手续费\r\n\
    `2024-01-16 10:01:02,`wxd930ea5d5a258f4f,`10000100,`4200002100202401160000000001,`20240116100001,`SUCCESS,`CNY,`88.00,`0.00,`0.53000\r\n\
    总交易单数,总交易额,手续费总金额\r\n`1,`88.00,`0.53000\r\n";
const FLOW: &str = "\u{feff}记账时间,微信支付业务单号,资金流水单号,业务类型,收支类型,收支金额(元),账户结余(元),业务凭证号\r\n";

fn day() -> Day {
    "2024-01-16".parse().unwrap()
}

fn packed(text: &str) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

fn sha(bytes: &[u8]) -> String {
    Sha1::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A whole answer on the wire, with these headers.
fn raw(headers: &str, body: impl AsRef<[u8]>) -> Reply {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    Reply::Raw([head.as_bytes(), body].concat())
}

/// The channel of a merchant to a WeChat without TLS.
fn channel_to(primary: &str, backup: Option<&str>, merchant: Merchant) -> Channel {
    let [primary, backup] = [Some(primary), backup].map(|url| url.map(|url| url.parse().unwrap()));
    let endpoints = Endpoints { primary: primary.unwrap(), backup, proxy: None, extra_roots: ExtraRoots::default() };
    let http = Http::new(endpoints, Chance::seeded(1)).unwrap();
    Channel::WeChatV2(Client::new(merchant, Arc::new(http), Chance::seeded(2)))
}

fn channel(stub: &Stub) -> Channel {
    channel_to(&format!("http://{}", stub.address), None, merchant(SignType::Md5))
}

/// What WeChat gives for a bill, once all of it has come.
async fn fetched(channel: &Channel, kind: BillKind) -> Result<Vec<u8>, BillError> {
    let mut download = channel.download(kind, day()).await?;
    let mut file = Vec::new();
    while let Some(piece) = download.next().await? {
        assert!(!piece.is_empty());
        file.extend_from_slice(&piece);
    }
    assert!(matches!(download.next().await, Ok(None)), "the end stays one");
    assert_eq!(download.is_packed(), file.starts_with(&[0x1f, 0x8b]));
    Ok(file)
}

/// The same from a WeChat that answers so.
async fn answered(kind: BillKind, reply: Reply) -> Result<Vec<u8>, BillError> {
    let stub = Stub::start(move |_, _| reply.clone()).await;
    fetched(&channel(&stub), kind).await
}

#[tokio::test]
async fn a_file_is_told_by_its_first_bytes_and_given_on_as_it_comes() {
    for headers in
        ["", "content-encoding: gzip\r\n", "content-type: text/xml\r\n", "content-encoding: br\r\ncontent-type: application/gzip\r\n"]
    {
        for file in [packed(BILL), BILL.as_bytes().to_vec(), b"x".to_vec(), vec![0x1f, 0x8b], packed(&"x".repeat(1 << 20))] {
            let whole = answered(BillKind::Trade, raw(headers, &file)).await.unwrap();
            assert!(whole == file, "{headers}: {} bytes of {}", whole.len(), file.len());
        }
    }
    let file = answered(BillKind::Trade, raw("", packed(BILL))).await.unwrap();
    let mut bill = BillReader::open(&file[..]).unwrap();
    assert!(matches!(bill.next(), Some(Ok(BillRow::Payment(payment))) if payment.total_fee.get() == 8800));
    assert!(bill.end().unwrap().agrees);
}

#[tokio::test]
async fn each_bill_is_asked_for_at_its_place_and_unpacked_by_nobody() {
    for (kind, path, own) in [
        (BillKind::Trade, "/pay/downloadbill", [("bill_type", "ALL"), ("tar_type", "GZIP")]),
        (BillKind::FundFlow, "/pay/downloadfundflow", [("account_type", "Basic"), ("sign_type", "HMAC-SHA256")]),
    ] {
        let stub = Stub::start(|_, _| raw("", BILL)).await;
        fetched(&channel(&stub), kind).await.unwrap();
        let (asked, request) = stub.requests.lock().unwrap().pop().unwrap();
        let request = xml::parse(request.as_bytes()).unwrap();
        assert_eq!((asked.as_str(), request.get("bill_date")), (path, Some("20240116")));
        assert!(own.iter().all(|(name, value)| request.get(name) == Some(value)), "{request:?}");
        let sign_type = if kind == BillKind::Trade { SignType::Md5 } else { SignType::HmacSha256 };
        assert_eq!(signer(sign_type).verify(&request), Ok(()));
        let head = stub.heads.lock().unwrap().pop().unwrap().to_lowercase();
        assert!(!head.contains("accept-encoding"), "{head}");
    }
}

#[tokio::test]
async fn an_error_document_is_no_file_whatever_stands_before_it() {
    let no = "<xml><return_code><![CDATA[FAIL]]></return_code>\n<return_msg><![CDATA[No Bill Exist]]></return_msg><error_code>20002</error_code></xml>";
    for before in ["", "\u{feff}", "\r\n \t", "\r\n\u{feff}\n"] {
        let told = answered(BillKind::Trade, raw("content-type: application/gzip\r\n", format!("{before}{no}"))).await;
        assert!(matches!(told, Err(BillError::NoBillExists)), "{told:?}");
    }
    let document = |fields: &str| format!("<xml><return_code>FAIL</return_code>{fields}</xml>");
    let creating = answered(BillKind::Trade, raw("", document("<return_msg>Bill Creating</return_msg>"))).await;
    assert!(matches!(creating, Err(BillError::BillCreating)));
    let system = answered(BillKind::FundFlow, raw("", document("<err_code>SYSTEMERROR</err_code>"))).await;
    assert!(matches!(system, Err(BillError::SystemError)));
    let refused =
        answered(BillKind::Trade, raw("", document("<return_msg>invalid bill_date</return_msg><error_code>20001</error_code>"))).await;
    let Err(BillError::Refused(Refusal { err_code, description, .. })) = refused else { panic!("{refused:?}") };
    assert_eq!((err_code.as_deref(), description.as_str()), (Some("20001"), "invalid bill_date"));
    let long = format!("<xml><a>{}</a></xml>", "x".repeat(1 << 20));
    for page in ["", " ", "\u{feff}", "<html><body>502 Bad Gateway</body></html>", "<", "<xml>", &long, &" ".repeat(1 << 20)] {
        let told = answered(BillKind::Trade, raw("", page)).await;
        assert!(matches!(told, Err(BillError::NotABill)), "{}: {told:?}", &page[..page.len().min(20)]);
    }
}

#[tokio::test]
async fn a_document_that_comes_byte_by_byte_is_one() {
    let document = "\u{feff}\r\n<xml><return_msg>No Bill Exist</return_msg></xml>";
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", document.len());
    let pieces = std::iter::once(head.into_bytes()).chain(document.bytes().map(|byte| vec![byte])).collect();
    let address = saying(pieces, End::Stays, Duration::from_millis(5)).await;
    let told = fetched(&channel_to(&address, None, merchant(SignType::Md5)), BillKind::Trade).await;
    assert!(matches!(told, Err(BillError::NoBillExists)), "{told:?}");
}

/// What becomes of a connection behind what was said.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Stays,
    Closes,
    /// The last piece again and again.
    Never,
}

/// A server that says these pieces to everybody, with pauses before each.
async fn saying(pieces: Vec<Vec<u8>>, end: End, pause: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let pieces = pieces.clone();
            tokio::spawn(async move {
                let _request = stream.read(&mut [0; 8192]).await;
                for piece in &pieces {
                    tokio::time::sleep(pause).await;
                    let _gone = stream.write_all(piece).await;
                }
                while end == End::Never && stream.write_all(pieces.last().unwrap()).await.is_ok() {}
                if end == End::Stays {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                }
            });
        }
    });
    address
}

fn chunk(length: usize) -> Vec<u8> {
    format!("{length:x}\r\n{}\r\n", "x".repeat(length)).into_bytes()
}

const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_does_not_end_does() {
    let address = saying(vec![CHUNKED.to_vec(), chunk(1 << 20)], End::Never, Duration::ZERO).await;
    let channel = channel_to(&address, None, merchant(SignType::Md5));
    let mut download = channel.download(BillKind::Trade, day()).await.unwrap();
    let mut received = 0;
    let failure = loop {
        match download.next().await {
            Ok(Some(piece)) => received += piece.len(),
            Ok(None) => panic!("it has no end"),
            Err(failure) => break failure,
        }
    };
    assert!(matches!(failure, BillError::Call(CallError::Unknown(Doubt::Malformed(Malformed::TooLarge)))), "{failure:?}");
    assert!((255 << 20..=256 << 20).contains(&received), "{received} bytes");
    assert!(download.next().await.is_err(), "it is no file for whoever asks again");
}

#[tokio::test]
async fn an_answer_that_is_cut_is_no_file() {
    let of_a_length = |sent: &[u8]| [b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", sent].concat();
    let file = packed(BILL);
    for (what, said) in [
        ("behind the head", of_a_length(b"")),
        ("behind a byte", of_a_length(&file[..1])),
        ("behind some", of_a_length(&file[..100])),
        ("behind all of it, as far as the file knows", of_a_length(&file)),
        ("in a document", of_a_length(b"<xml><return_msg>No Bill Exist</return_msg>")),
        ("between two chunks", [CHUNKED, &chunk(5000)].concat()),
        ("in a chunk", [CHUNKED, &chunk(5000)[..3000]].concat()),
    ] {
        let address = saying(vec![said], End::Closes, Duration::ZERO).await;
        let told = fetched(&channel_to(&address, None, merchant(SignType::Md5)), BillKind::Trade).await;
        assert!(matches!(told, Err(BillError::Call(CallError::Unknown(Doubt::Broken)))), "{what}: {told:?}");
    }
}

#[tokio::test]
async fn a_silent_wechat_is_given_ten_seconds_and_a_slow_one_more_than_any_other_call() {
    let slow = async {
        let said = std::iter::once(CHUNKED.to_vec()).chain((0..5).map(|_| chunk(100))).chain([b"0\r\n\r\n".to_vec()]).collect();
        let address = saying(said, End::Closes, Duration::from_millis(1500)).await;
        let began = Instant::now();
        let file = fetched(&channel_to(&address, None, merchant(SignType::Md5)), BillKind::Trade).await.unwrap();
        (file.len(), began.elapsed())
    };
    let silent = async {
        let began = Instant::now();
        (answered(BillKind::Trade, Reply::Silence).await, began.elapsed())
    };
    let ((length, took), (told, waited)) = tokio::join!(slow, silent);
    assert!(length == 500 && took > Duration::from_secs(9), "{length} bytes in {took:?}");
    assert!(matches!(told, Err(BillError::Call(CallError::Unknown(Doubt::Timeout)))), "{told:?}");
    assert!((9..12).contains(&waited.as_secs()), "{waited:?}");
}

#[tokio::test]
async fn the_other_host_is_asked_only_while_nothing_was_sent() {
    let closed = Reserved::new();
    let (backup, asked) = (Stub::start(|_, _| raw("", BILL)).await, |stub: &Stub| stub.requests.lock().unwrap().len());
    let backup_url = format!("http://{}", backup.address);
    let away = channel_to(&format!("http://{}", closed.address), Some(&backup_url), merchant(SignType::Md5));
    assert_eq!(fetched(&away, BillKind::Trade).await.unwrap(), BILL.as_bytes());
    assert_eq!(asked(&backup), 1);
    for reply in [Reply::Close, Reply::Raw(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n".to_vec())] {
        let primary = Stub::start(move |_, _| reply.clone()).await;
        let broken = channel_to(&format!("http://{}", primary.address), Some(&backup_url), merchant(SignType::Md5));
        assert!(matches!(fetched(&broken, BillKind::Trade).await, Err(BillError::Call(CallError::Unknown(_)))));
        assert_eq!((asked(&primary), asked(&backup)), (1, 1), "once, for a bill is asked for again hours later");
    }
    let nobody = channel_to(&format!("http://{}", closed.address), None, merchant(SignType::Md5));
    assert!(matches!(fetched(&nobody, BillKind::Trade).await, Err(BillError::Call(CallError::Unreachable))));
}

#[tokio::test]
async fn two_bills_are_under_way_and_no_more() {
    let address = saying(vec![[CHUNKED, &chunk(10)].concat()], End::Stays, Duration::ZERO).await;
    let channel = channel_to(&address, None, merchant(SignType::Md5));
    let bill = async || channel.download(BillKind::Trade, day()).await;
    let first: Download = bill().await.unwrap();
    let _second = channel.download(BillKind::FundFlow, day()).await.unwrap();
    assert!(matches!(bill().await, Err(BillError::Call(CallError::Busy))));
    drop(first);
    assert!(bill().await.is_ok());
    assert!(numbers(&channel).contains("api=\"downloadbill\",err_code=\"busy\"} 1"));
}

#[tokio::test]
async fn a_fund_flow_is_held_against_its_digest() {
    let rows = format!("{FLOW}{}", "`2024-01-16 10:01:02,`,`\r\n".repeat(5000));
    for file in [rows.as_bytes().to_vec(), packed(&rows)] {
        let with = |digest: String| answered(BillKind::FundFlow, raw(&digest, &file));
        for right in [sha(&file), sha(rows.as_bytes()), sha(rows.as_bytes()).to_uppercase()] {
            for header in [
                format!("Digest: SHA={right}\r\n"),
                format!("digest: md5=x, sha={right}\r\n"),
                format!("Digest: MD5=x\r\nDigest: SHA={right}\r\n"),
            ] {
                assert_eq!(with(header.clone()).await.unwrap().len(), file.len(), "{header}");
            }
        }
        for none in ["", "Digest: SHA-256=abc\r\n", "Digest: \r\n"] {
            assert!(with(none.to_owned()).await.is_ok(), "a file without one is read all the same");
        }
        for wrong in [sha(b"another"), String::new(), sha(&file)[1..].to_owned()] {
            let told = with(format!("Digest: SHA={wrong}\r\n")).await;
            assert!(matches!(told, Err(BillError::Digest)), "{told:?}");
        }
    }
    let no = "<xml><err_code>NO_BILL_EXIST</err_code></xml>";
    assert!(matches!(answered(BillKind::FundFlow, raw("Digest: SHA=x\r\n", no)).await, Err(BillError::NoBillExists)));
}

#[tokio::test]
async fn a_fund_flow_wants_the_certificate() {
    let page = |complaint: &str| {
        let page = format!("<html>\r\n<head><title>400 {complaint}</title></head>\r\n</html>\r\n");
        Reply::Raw(format!("HTTP/1.1 400 Bad Request\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{page}", page.len()).into_bytes())
    };
    for (complaint, fault) in
        [("No required SSL certificate was sent", CertificateFault::Missing), ("The SSL certificate error", CertificateFault::Rejected)]
    {
        let told = answered(BillKind::FundFlow, page(complaint)).await;
        assert!(matches!(told, Err(BillError::Certificate(told)) if told == fault), "{told:?}");
        let told = answered(BillKind::Trade, page(complaint)).await;
        assert!(matches!(told, Err(BillError::Call(CallError::Unknown(Doubt::Status(400))))), "it is no matter of this bill: {told:?}");
    }
    for other in [page("Request Header Or Cookie Too Large"), Reply::Raw(b"HTTP/1.1 400 Bad\r\ncontent-length: 3\r\n\r\n`20".to_vec())] {
        let told = answered(BillKind::FundFlow, other).await;
        assert!(matches!(told, Err(BillError::Call(CallError::Unknown(Doubt::Status(400))))), "{told:?}");
    }
    // Behind TLS nothing is even sent without one.
    let closed = Reserved::new();
    let channel = channel_to(&format!("https://{}", closed.address), None, merchant(SignType::Md5));
    let told = fetched(&channel, BillKind::FundFlow).await;
    assert!(matches!(told, Err(BillError::Certificate(CertificateFault::Missing))), "{told:?}");
    let [certificate, key] = certificates::fresh_pair("10000100");
    channel.set_certificate(Some(Arc::new(ClientCertificate::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap())));
    assert!(matches!(fetched(&channel, BillKind::FundFlow).await, Err(BillError::Call(CallError::Unreachable))));
}

/// A channel whose WeChat is within this process, and how often it was asked.
fn wired(merchant: Merchant, answer: impl Fn(&str, &Fields) -> String + Send + Sync + 'static) -> (Channel, Arc<Mutex<usize>>) {
    let asked = Arc::new(Mutex::new(0));
    let count = Arc::clone(&asked);
    let wire = Wire::new(Clock::System, move |api, request, _| {
        *count.lock().unwrap() += 1;
        let answer = answer(api, &xml::parse(request.as_bytes()).unwrap()).into_bytes();
        async move { Ok(answer) }.boxed()
    });
    (Channel::WeChatV2(Client::wired(merchant, wire, Chance::seeded(1))), asked)
}

#[tokio::test]
async fn a_wechat_that_does_not_take_the_key_yet_is_asked_with_the_previous_one() {
    let old = ApiKey::new(OLD_KEY).unwrap();
    for (kind, sign_error) in [
        (BillKind::Trade, "<xml><return_code>FAIL</return_code><return_msg>sign error</return_msg><error_code>20001</error_code></xml>"),
        (BillKind::FundFlow, "<xml><return_code>SUCCESS</return_code><result_code>FAIL</result_code><err_code>SIGNERROR</err_code></xml>"),
        (BillKind::FundFlow, "<xml><return_code>FAIL</return_code><return_msg>签名错误</return_msg></xml>"),
    ] {
        for sign_type in [SignType::Md5, SignType::HmacSha256] {
            let changing = merchant(sign_type);
            let changing = Merchant { previous_key: Some(PreviousKey::new(old.clone(), &changing.signer)), ..changing };
            let takes = Signer::new(old.clone(), if kind == BillKind::FundFlow { SignType::HmacSha256 } else { sign_type });
            let (channel, asked) =
                wired(
                    changing.clone(),
                    move |_, request| {
                        if takes.verify(request).is_ok() { BILL.to_owned() } else { sign_error.to_owned() }
                    },
                );
            assert_eq!(fetched(&channel, kind).await.unwrap(), BILL.as_bytes());
            assert_eq!(*asked.lock().unwrap(), 2);
            let (channel, asked) = wired(changing, move |_, _| sign_error.to_owned());
            assert!(matches!(fetched(&channel, kind).await, Err(BillError::Refused(_))));
            assert_eq!(*asked.lock().unwrap(), 2, "once with each");
        }
    }
}

fn numbers(channel: &Channel) -> String {
    let (mut registry, mut shown) = (Registry::default(), String::new());
    Channel::register_metrics([channel], &mut registry);
    text::encode(&mut shown, &registry).unwrap();
    shown
}

#[tokio::test]
async fn each_bill_is_counted_once_by_what_it_brought() {
    let digest = |digest: &str| raw(&format!("Digest: SHA={digest}\r\n"), BILL);
    let said = |text: &str| raw("", format!("<xml><return_msg>{text}</return_msg></xml>"));
    let cut = Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n`2024".to_vec());
    for (kind, reply, err_code) in [
        (BillKind::Trade, raw("", BILL), "SUCCESS"),
        (BillKind::FundFlow, digest(&sha(BILL.as_bytes())), "SUCCESS"),
        (BillKind::FundFlow, digest("x"), "digest"),
        (BillKind::Trade, said("No Bill Exist"), "NO_BILL_EXIST"),
        (BillKind::Trade, said("Bill Creating"), "BILL_CREATING"),
        (BillKind::Trade, said("system error"), "SYSTEMERROR"),
        (BillKind::Trade, said("invalid bill_date"), "return_code_fail"),
        (BillKind::Trade, raw("", "<html>"), "malformed"),
        (BillKind::Trade, cut, "broken"),
        (BillKind::Trade, Reply::Close, "broken"),
        (BillKind::Trade, Reply::Raw(b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n".to_vec()), "FREQUENCY_LIMITED"),
    ] {
        let stub = Stub::start(move |_, _| reply.clone()).await;
        let channel = channel(&stub);
        assert_eq!(fetched(&channel, kind).await.is_ok(), err_code == "SUCCESS");
        let (shown, api) = (numbers(&channel), if kind == BillKind::Trade { "downloadbill" } else { "downloadfundflow" });
        let counts: Vec<_> = shown.lines().filter(|line| line.starts_with("upstream_calls_total{")).collect();
        assert_eq!(counts, [format!("upstream_calls_total{{account=\"default\",api=\"{api}\",err_code=\"{err_code}\"}} 1")]);
    }
}

#[tokio::test]
async fn a_wire_brings_bills_at_once_and_nothing_of_them_is_shown() {
    let (channel, _) = wired(merchant(SignType::Md5), |api, _| if api == "downloadbill" { BILL.to_owned() } else { FLOW.to_owned() });
    let mut download = channel.download(BillKind::Trade, day()).await.unwrap();
    assert_eq!((format!("{download:?}"), download.is_packed()), ("Download".to_owned(), false));
    let mut pieces: Vec<Bytes> = Vec::new();
    while let Some(piece) = download.next().await.unwrap() {
        pieces.push(piece);
    }
    assert_eq!(pieces.concat(), BILL.as_bytes());
    assert_eq!(fetched(&channel, BillKind::FundFlow).await.unwrap(), FLOW.as_bytes());
}
