//! Posts to the notify address that are not WeChat's words, or not in WeChat's form: nothing of the database moves.
//! And the forms that WeChat may use, all of which count.

use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::database::Engine;
use crate::support::http::Answer;
use crate::support::on_both_engines;
use crate::support::test_app::{Order, TestApp};
use crate::support::wechat_message::WeChatMessage;

/// Writes and signs a message in its own way.
type Form = Box<dyn Fn(WeChatMessage) -> String>;

/// An app with one open deal, and a right message about it.
async fn awaiting(engine: Engine) -> (TestApp, Order, String) {
    let app = TestApp::open(engine).await;
    let order = app.to_pay("19.90").await;
    let message = WeChatMessage::notification(&order.id, 1990).signed();
    (app, order, message)
}

/// Each post gets this status in the fixed form, and the table stays as it was; afterwards the right message counts.
async fn none_counts(app: &TestApp, order: &Order, status: u16, posts: Vec<(&str, Vec<u8>)>) {
    let look = app.look().await;
    let (stored, asked) = (look.everything().await, app.all_calls());
    for (what, body) in posts {
        let started = Instant::now();
        let answer = app.notify(body).await;
        answer.not_believed(status, what);
        assert!(started.elapsed() < Duration::from_secs(3), "{what} took {:?}", started.elapsed());
        assert_eq!(look.status(&order.id).await, 0, "{what}");
    }
    assert_eq!((look.everything().await, app.all_calls()), (stored, asked));
    app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("the right message");
}

/// The message with one piece of it replaced; the piece must be there.
fn edited(message: &str, from: &str, to: &str) -> Vec<u8> {
    assert!(message.contains(from), "{from} in {message}");
    message.replacen(from, to, 1).into_bytes()
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_dtd_no_entity_no_bomb() {
    let (app, order, message) = awaiting(Engine::Sqlite).await;
    let before = |prolog: &str| format!("{prolog}{message}").into_bytes();
    let in_attach = |value: &str| edited(&message, "</xml>", &format!("<attach>{value}</attach></xml>"));
    let lol: String = (1..10).map(|i| format!("<!ENTITY l{i} \"{}\">", format!("&l{};", i - 1).repeat(10))).collect();
    let posts = vec![
        ("XXE", before("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>")),
        ("billion laughs", before(&format!("<!DOCTYPE xml [<!ENTITY l0 \"lol\">{lol}]>"))),
        ("external DTD", before("<!DOCTYPE xml SYSTEM \"http://127.0.0.1:1/evil.dtd\">")),
        ("parameter entity", before("<!DOCTYPE xml [<!ENTITY % p SYSTEM \"http://127.0.0.1:1/p\">%p;]>")),
        ("DOCTYPE after a declaration", before("<?xml version=\"1.0\"?><!DOCTYPE xml>")),
        ("DOCTYPE after a comment", before("<!-- x --><!DOCTYPE xml>")),
        ("lower-case doctype", before("<!doctype xml>")),
        ("DOCTYPE inside", edited(&message, "<xml>", "<xml><!DOCTYPE xml>")),
        ("stylesheet", before("<?xml-stylesheet href=\"http://127.0.0.1:1/x\"?>")),
        ("PI inside", edited(&message, "<xml>", "<xml><?php echo 1 ?>")),
        ("PI in a value", in_attach("a<?pi?>b")),
        ("comment in a value", in_attach("a<!-- -->b")),
        ("undefined entity", in_attach("&e;")),
        ("entity of HTML", in_attach("&nbsp;")),
        ("NUL reference", in_attach("&#0;")),
        ("not a character", in_attach("&#xFFFE;")),
        ("beyond Unicode", in_attach("&#x110000;")),
        ("a surrogate", in_attach("&#xD800;")),
        ("open reference", in_attach("&amp")),
        ("XInclude", edited(&message, "</xml>", "<xi:include href=\"file:///etc/passwd\"/></xml>")),
    ];
    none_counts(&app, &order, 400, posts).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_flat_whole_unambiguous_xml_is_read() {
    let (app, order, message) = awaiting(Engine::Sqlite).await;
    let more = |fields: &str| edited(&message, "</xml>", &format!("{fields}</xml>"));
    let sign = message.split("<sign>").nth(1).unwrap().split("</sign>").next().unwrap().to_owned();
    let fee = "<total_fee>1990</total_fee>";
    let twice = WeChatMessage::notification(&order.id, 1990).with("total_fee", "1").signed();
    let posts = vec![
        ("nested", edited(&message, fee, "<total_fee><a>1990</a></total_fee>")),
        ("deep", [b"<xml>".as_slice(), &b"<a>".repeat(20_000)].concat()),
        ("deep and closed", [b"<xml>".as_slice(), &b"<a>".repeat(9_000), &b"</a>".repeat(9_000), b"</xml>"].concat()),
        ("an attribute", edited(&message, "<total_fee>", "<total_fee a=\"1\">")),
        ("an attribute of the root", edited(&message, "<xml>", "<xml xml:base=\"x\">")),
        ("10 000 attributes", edited(&message, "<xml>", &format!("<xml {}>", "a='' ".repeat(10_000)))),
        ("10 000 namespaces", edited(&message, "<xml>", &format!("<xml {}>", "x:a='' ".repeat(8_000)))),
        ("a default namespace", edited(&message, "<xml>", "<xml xmlns=\"urn:x\">")),
        ("a prefix", more("<w:total_fee>1</w:total_fee>")),
        ("a field twice, the same", more(fee)),
        ("a field twice, other, last", more("<total_fee>1</total_fee>")),
        ("a field twice, other, first", edited(&message, "<xml>", "<xml><total_fee>1</total_fee>")),
        ("a field twice, signed with the other", edited(&twice, "<xml>", &format!("<xml>{fee}"))),
        ("sign twice", more(&format!("<sign>{sign}</sign>"))),
        ("sign_type twice", more("<sign_type>MD5</sign_type><sign_type>MD5</sign_type>")),
        ("a field called key", more("<key>1</key>")),
        ("two roots", format!("{message}{message}").into_bytes()),
        ("garbage before", format!("garbage{message}").into_bytes()),
        ("garbage behind", format!("{message}garbage").into_bytes()),
        ("text between fields", edited(&message, "<xml>", "<xml>text")),
        ("no end", edited(&message, "</xml>", "")),
        ("only an end", b"</xml>".to_vec()),
        ("tags that cross", edited(&message, "</total_fee>", "</total_fees>")),
        ("another root", message.replace("<xml>", "<html>").replace("</xml>", "</html>").into_bytes()),
        ("a root in capitals", message.replace("<xml>", "<XML>").replace("</xml>", "</XML>").into_bytes()),
        ("5,000 fields and one of them twice", more(&(0..5_001).map(|i| format!("<f{0}/>", i % 5_000)).collect::<String>())),
        ("a name with a space at its end", more("<sign >1</sign ><b>")),
    ];
    none_counts(&app, &order, 400, posts).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_utf_8_text_is_read() {
    let (app, order, message) = awaiting(Engine::Sqlite).await;
    let raw = |bytes: &[u8]| {
        let mut body = message.replace("</xml>", "<attach>").into_bytes();
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"</attach></xml>");
        body
    };
    let mut noise = 0x2545_f491_4f6c_dd1d_u64;
    let random: Vec<u8> = std::iter::repeat_with(|| {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        noise.to_le_bytes()[0]
    })
    .take(16 * 1024)
    .collect();
    let posts = vec![
        ("nothing", Vec::new()),
        ("white space", b" \r\n ".to_vec()),
        ("JSON", br#"{"return_code":"SUCCESS"}"#.to_vec()),
        ("a form", b"return_code=SUCCESS&sign=1".to_vec()),
        ("HTML", b"<!DOCTYPE html><html><body>hi</body></html>".to_vec()),
        ("UTF-16 LE", utf16(&message, u16::to_le_bytes)),
        ("UTF-16 BE", utf16(&message, u16::to_be_bytes)),
        ("UTF-16 with a mark", [vec![0xff, 0xfe], utf16(&message, u16::to_le_bytes)].concat()),
        ("declared as GBK", format!("<?xml version=\"1.0\" encoding=\"GBK\"?>{message}").into_bytes()),
        ("declared as UTF-16", format!("<?xml version=\"1.0\" encoding=\"UTF-16\"?>{message}").into_bytes()),
        ("GBK bytes", raw(&[0xce, 0xa2, 0xd0, 0xc5])),
        ("invalid UTF-8", raw(&[0xff])),
        ("overlong", raw(&[0xc0, 0xaf])),
        ("a surrogate in UTF-8", raw(&[0xed, 0xa0, 0x80])),
        ("NUL", raw(&[0])),
        ("a control character", raw(&[0x1b])),
        ("protobuf", vec![0x08, 0x96, 0x01, 0x12, 0x07, 0x74, 0x65, 0x73]),
        ("noise", random),
    ];
    none_counts(&app, &order, 400, posts).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notification_over_64_kib_or_compressed_is_not_read() {
    let (app, order, message) = awaiting(Engine::Sqlite).await;
    let long = WeChatMessage::notification(&order.id, 1990).with("attach", &"x".repeat(64 * 1024)).signed();
    let look = app.look().await;
    let stored = look.everything().await;
    app.notify(long.clone()).await.not_believed(413, "announced");
    // A body of no announced length goes in chunks.
    let pieces: Vec<Vec<u8>> = long.into_bytes().chunks(8 * 1024).map(<[u8]>::to_vec).collect();
    let frames = pieces.into_iter().map(|piece| std::io::Result::Ok(hyper::body::Frame::data(bytes::Bytes::from(piece))));
    let unannounced = reqwest::Body::wrap(http_body_util::StreamBody::new(futures_util::stream::iter(frames)));
    app.notify(unannounced).await.not_believed(413, "in chunks");
    for encoding in ["gzip", "deflate", "br"] {
        let request = app.till.request("POST", "/wxPay/notify").header("content-encoding", encoding).body(message.clone());
        app.till.send(request).await.not_believed(415, encoding);
    }
    assert_eq!(look.everything().await, stored);

    let room = 64 * 1024 - WeChatMessage::notification(&order.id, 1990).with("attach", "x").signed().len();
    let full = WeChatMessage::notification(&order.id, 1990).with("attach", &"x".repeat(room + 1)).signed();
    assert_eq!(full.len(), 64 * 1024);
    app.notify(full).await.acknowledged("64 KiB are allowed");
}

on_both_engines! {
    async fn whatever_form_the_notification_has_the_payment_counts(engine) {
        let app = TestApp::open(engine).await;
        let look = app.look().await;
        let attach = |message: &WeChatMessage, value: &str, form: &str| message.clone().with("attach", value).signed().replace(&format!("<![CDATA[{value}]]>"), form);
        let forms: Vec<(&str, Form)> = vec![
            ("another order", Box::new(|message| message.reversed().signed())),
            ("unknown fields", Box::new(|message| message.with("future_field", "x").with("Total_Fee", "1").with("Sign", "x").with("promotion_detail", "{\"a\":[1,2]}").signed())),
            ("empty elements", Box::new(|message| message.with("attach", "").with("device_info", "").with("sub_mch_id", "").signed())),
            ("short empty elements", Box::new(move |message| attach(&message, "", "").replace("<attach></attach>", "<attach/><device_info></device_info>"))),
            ("sign_type", Box::new(|message| message.with("sign_type", "MD5").signed())),
            ("no fee_type", Box::new(|message| message.without("fee_type").signed())),
            ("no more than is required", Box::new(|message| {
                ["bank_type", "cash_fee", "fee_type", "is_subscribe", "nonce_str", "openid", "time_end", "trade_type"].iter().fold(message, |message, name| message.without(name)).signed()
            })),
            ("a coupon", Box::new(|message| {
                message.with("cash_fee", "990").with("coupon_fee", "1000").with("coupon_count", "1").with("coupon_id_0", "1").with("coupon_fee_0", "1000").with("settlement_total_fee", "990").signed()
            })),
            ("seventy coupons", Box::new(|message| {
                (0..70).fold(message.with("coupon_count", "70"), |message, n| {
                    message.with(&format!("coupon_type_{n}"), "CASH").with(&format!("coupon_id_{n}"), "1").with(&format!("coupon_fee_{n}"), "1")
                }).signed()
            })),
            ("a long name", Box::new(|message| message.with(&"n".repeat(300), "1").signed())),
            ("a byte order mark", Box::new(|message| format!("\u{feff}{}", message.signed()))),
            ("a declaration", Box::new(|message| format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n{}", message.signed()))),
            ("indentation", Box::new(|message| format!("\n{}\r\n", message.signed().replace("><", ">\r\n\t <")))),
            ("white space around CDATA", Box::new(|message| message.signed().replace("<![CDATA[", " \n<![CDATA[").replace("]]>", "]]>\n "))),
            ("comments between fields", Box::new(|message| message.signed().replace("<total_fee>", "<!-- 订单 --><total_fee>"))),
            ("no CDATA", Box::new(|message| message.signed().replace("<![CDATA[", "").replace("]]>", ""))),
            ("all CDATA", Box::new(|message| message.signed().replace("<total_fee>1990</total_fee>", "<total_fee><![CDATA[1990]]></total_fee>"))),
            ("pieces", Box::new(|message| message.signed().replace("<total_fee>1990</total_fee>", "<total_fee><![CDATA[1]]>9<![CDATA[9]]>&#48;</total_fee>"))),
            ("character references", Box::new(move |message| attach(&message, "a&b<c>1", "a&amp;b&lt;c&gt;&#x31;"))),
            ("predefined entities", Box::new(move |message| attach(&message, "\"quoted\" and 'so'", "&quot;quoted&quot; and &apos;so&apos;"))),
            ("an end mark in a value", Box::new(|message| message.with("attach", "]]><total_fee>1</total_fee>").signed())),
            ("a line end in a value", Box::new(move |message| attach(&message, "one\ntwo", "one\r\ntwo"))),
            ("spaces in a value", Box::new(move |message| attach(&message, " a b ", "<![CDATA[ a b ]]>"))),
            ("odd characters", Box::new(|message| message.with("attach", "<script>alert('1')</script>\u{2028}\u{202e}微信支付").signed())),
            ("a body of 128 characters", Box::new(|message| message.with("attach", &"微".repeat(128)).signed())),
        ];
        for (form, write) in forms {
            let order = app.to_pay("19.90").await;
            let message = write(WeChatMessage::notification(&order.id, 1990).with("transaction_id", &format!("42{}", &order.id[6..])));
            app.notify(message.clone()).await.acknowledged(form);
            assert_eq!(look.status(&order.id).await, 1, "{form}");
            assert_eq!(look.value(&order.id, "payBack").await.as_deref(), Some(message.as_str()), "{form}: the evidence as received");
            app.notify(message).await.acknowledged("again");
        }
    }

    async fn what_the_post_calls_itself_does_not_matter(engine) {
        let app = TestApp::open(engine).await;
        let look = app.look().await;
        let labels = [None, Some("text/xml"), Some("application/json"), Some("text/xml; charset=gbk"), Some("application/x-www-form-urlencoded"), Some("text/plain"), Some(""), Some("multipart/form-data")];
        for (path, label) in ["/wxPay/notify", "/wxPay/callback", "/wxPay/notify?x=1&sign=2"].into_iter().flat_map(|path| labels.map(|label| (path, label))) {
            let order = app.to_pay("19.90").await;
            let mut request = app.till.request("POST", path);
            if let Some(label) = label {
                request = request.header("content-type", label);
            }
            let answer: Answer = app.till.send(request.body(WeChatMessage::notification(&order.id, 1990).signed())).await;
            answer.acknowledged(&format!("{path} {label:?}"));
            assert!(answer.header("x-request-id").is_some());
            assert_eq!(look.status(&order.id).await, 1, "{path} {label:?}");
        }
    }

    async fn a_sender_that_hangs_up_after_the_last_byte_has_been_heard(engine) {
        let app = TestApp::open(engine).await;
        let look = app.look().await;
        for _ in 0..20 {
            let order = app.to_pay("19.90").await;
            let message = WeChatMessage::notification(&order.id, 1990).signed();
            hang_up_after(&app, &message, message.len()).await;
            for _ in 0..300 {
                if look.status(&order.id).await == 1 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            assert_eq!(look.status(&order.id).await, 1);
        }
    }

    async fn half_a_notification_does_nothing(engine) {
        let (app, order, message) = awaiting(engine).await;
        let look = app.look().await;
        let stored = look.everything().await;
        for sent in [0, 1, message.len() / 2, message.len() - 1] {
            hang_up_after(&app, &message, sent).await;
        }
        app.till.get("/readyz").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(look.everything().await, stored);
        app.notify(message).await.acknowledged("the whole message");
        assert_eq!(look.status(&order.id).await, 1);
    }
}

/// Announces the message, sends so many bytes of it, and closes.
async fn hang_up_after(app: &TestApp, message: &str, sent: usize) {
    let mut stream = TcpStream::connect(app.till.address).await.unwrap();
    let head = format!("POST /wxPay/notify HTTP/1.1\r\nhost: pay\r\ncontent-length: {}\r\n\r\n", message.len());
    stream.write_all(&[head.as_bytes(), &message.as_bytes()[..sent]].concat()).await.unwrap();
}
