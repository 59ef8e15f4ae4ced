//! What a stranger's words cost: 64 KiB of them, or a head as long as one may be, some milliseconds of one processor,
//! whatever they are.

use std::time::{Duration, Instant};

use crate::support::database::Engine;
use crate::support::test_app::TestApp;
use crate::support::wire::Wire;

/// As much as is read of a body, and of a head.
const BODY: usize = 64 * 1024 - 200;
const HEAD: usize = 15 * 1024;

/// 5 ms of an optimised program; without optimisation the same work takes ten times as long and more. One reading among some
/// is to be as quick, whatever else the machine is doing.
const LONG: Duration = Duration::from_millis(if cfg!(debug_assertions) { 100 } else { 5 });
const READINGS: usize = 40;

/// The names `aa`, `ab` … and on with more letters.
fn names() -> impl Iterator<Item = String> {
    let letters = || 'a'..='z';
    letters().flat_map(move |a| letters().flat_map(move |b| letters().map(move |c| format!("{a}{b}{c}"))))
}

/// As many of them as there is room for.
fn filled(room: usize, write: impl Fn(&str) -> String) -> String {
    let mut text = String::new();
    for name in names() {
        let piece = write(&name);
        if text.len() + piece.len() > room {
            break;
        }
        text += &piece;
    }
    text
}

fn posted(path: &str, content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nhost: pay\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

fn got(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: pay\r\n{headers}\r\n").into_bytes()
}

/// In pieces of one byte, as long altogether as a body may be.
fn chunked(path: &str) -> Vec<u8> {
    let head = format!("POST {path} HTTP/1.1\r\nhost: pay\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
    (head + &"1\r\n \r\n".repeat(BODY / 6) + "0\r\n\r\n").into_bytes()
}

fn heaviest() -> Vec<(&'static str, Vec<u8>)> {
    const FORM: &str = "application/x-www-form-urlencoded";
    const JSON: &str = "application/json";
    const MULTIPART: &str = "multipart/form-data; boundary=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    let to_pay = |content_type, body: &str| posted("/wxPay/toPay", content_type, body);
    let members = filled(BODY, |name| format!("\"{name}\":1,"));
    let fields = filled(BODY, |name| format!("<{name}>1</{name}>"));
    let almost_boundary = "x".repeat(69);
    let part = |name: &str| format!("--{almost_boundary}x\r\nContent-Disposition: form-data; name={name}\r\n\r\n1\r\n");
    let repeated = |unit: &str, room: usize| unit.repeat(room / unit.len());
    vec![
        ("names in a form", to_pay(FORM, &filled(BODY, |name| format!("{name}&")))),
        ("names in JSON", to_pay(JSON, &format!("{{{}\"z\":1}}", members))),
        ("names in parts", to_pay(MULTIPART, &filled(BODY, part))),
        ("names in a query", got(&format!("/wxPay/events?{}", filled(HEAD, |name| format!("{name}&"))), "")),
        ("one long value in a form", to_pay(FORM, &format!("price={}", repeated("%41", BODY)))),
        ("one long value in JSON", to_pay(JSON, &format!("{{\"price\":\"{}\"}}", repeated("\\u0041", BODY)))),
        ("one long number", to_pay(JSON, &format!("{{\"price\":0.{}}}", repeated("0", BODY)))),
        ("one long name", to_pay(JSON, &format!("{{\"{}\":1}}", repeated("\\u0041", BODY)))),
        ("depth", to_pay(JSON, &format!("{{\"price\":{}", repeated("[", BODY)))),
        ("depth of objects", to_pay(JSON, &format!("{{\"price\":{}", repeated("{\"a\":", BODY)))),
        ("layout", to_pay(JSON, &repeated(" ", BODY))),
        ("almost delimiters", to_pay(MULTIPART, &repeated(&format!("--{almost_boundary}\r\n"), BODY))),
        ("almost line ends", to_pay(MULTIPART, &repeated("\r", BODY))),
        ("one long part", to_pay(MULTIPART, &(part("price") + &repeated("\r\n-", BODY - 300)))),
        ("single bytes for us", chunked("/wxPay/toPay")),
        ("single bytes for WeChat's path", chunked("/wxPay/notify")),
        ("fields of XML", posted("/wxPay/notify", "text/xml", &format!("<xml>{fields}</xml>"))),
        ("depth of XML", posted("/wxPay/notify", "text/xml", &repeated("<xml>", BODY))),
        ("references in XML", posted("/wxPay/notify", "text/xml", &format!("<xml><a>{}</a></xml>", repeated("&#65;", BODY)))),
        ("proxies", got("/pay/1", &format!("x-forwarded-for: {}\r\n", repeated("127.0.0.1,", HEAD)))),
        ("proxies that are none", got("/pay/1", &format!("x-forwarded-for: {}\r\n", repeated(",", HEAD)))),
        ("languages", got("/pay/1", &format!("accept-language: {}\r\n", repeated("en;q=0.1,", HEAD)))),
        ("languages in a query", got(&format!("/pay/1?{}", repeated("lang=%78%79&", HEAD)), "")),
        ("cookies", got("/pay/1", &format!("cookie: {}\r\n", repeated("a=b; ", HEAD)))),
        ("headers", got("/pay/1", &(0..60).map(|n| format!("x-{n}: {}\r\n", "x".repeat(200))).collect::<String>())),
        ("one header, again and again", got("/pay/1", &"x-forwarded-for: 127.0.0.1\r\n".repeat(60))),
        ("a long path", got(&format!("/pay/{}", repeated("%41", HEAD)), "")),
        ("slashes", got(&format!("/wxPay{}", repeated("/", HEAD)), "")),
        ("segments", got(&format!("//wxPay{}", repeated("/a", HEAD)), "")),
        ("a trace", got("/healthz", &format!("traceparent: {}\r\n", repeated("00-", HEAD)))),
        ("a key", posted("/wxPay/toPay", &format!("{JSON}\r\nidempotency-key: {}", repeated("k", HEAD)), "{}")),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_costs_more_than_some_milliseconds_whoever_wrote_it() {
    let app = TestApp::open(Engine::Sqlite).await;
    for (what, request) in heaviest() {
        let mut quickest = Duration::MAX;
        for _ in 0..READINGS {
            let mut wire = Wire::to(app.till.address).await;
            let begun = Instant::now();
            let _ = wire.try_say(&request).await;
            let answer = wire.answer().await.unwrap_or_else(|| panic!("{what}: no answer"));
            assert!((200..500).contains(&answer.status), "{what}: {}", answer.head);
            quickest = quickest.min(begun.elapsed());
            if quickest < LONG {
                break;
            }
        }
        assert!(quickest < LONG, "{what}: {quickest:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_32_parameters_are_refused() {
    let app = TestApp::open(Engine::Sqlite).await;
    let names = || (0..33).map(|number| format!("n{number}"));
    let json = format!("{{{}}}", names().map(|name| format!("\"{name}\":1")).collect::<Vec<_>>().join(","));
    let form = names().collect::<Vec<_>>().join("=1&");
    for path in ["/wxPay/toPay", "/wxPay/queryOrder", "/wxPay/doCloseOrder"] {
        app.till.post(path, "application/json", json.clone()).await.refused(400, "INVALID_PARAMETER", None, path);
        let refused = app.till.post(path, "application/x-www-form-urlencoded", form.clone()).await;
        assert!(refused.refused(400, "INVALID_PARAMETER", None, path)["detail"].as_str().unwrap().contains("32"));
    }
    app.till.get(&format!("/wxPay/events?{form}")).await.refused(400, "INVALID_PARAMETER", None, "a query");
}
