//! A message on its way, and what is heard of it: the endpoint's answer, or why there is none.

use std::process::Command;

use chrono::TimeDelta;
use wechat_pay::resolver::Resolver;
use wechat_pay::webhook::{Answer, Secrets, Unanswered};

use super::client::{BROKEN, Client, SECRET, message, post};
use crate::support::ports::free_address;
use crate::support::stub::{Reply, Stub};

async fn answering(raw: impl Into<Vec<u8>>) -> Stub {
    let raw = raw.into();
    Stub::start(move |_, _| Reply::Raw(raw.clone())).await
}

/// What is made of an answer on the wire.
async fn heard(raw: impl Into<Vec<u8>>) -> Answer {
    let shop = answering(raw).await;
    post(&Client::default().endpoint(format!("http://{}/", shop.address))).await
}

#[tokio::test]
async fn a_message_is_signed_by_the_standard() {
    let shop = answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let mut endpoint = Client::default().endpoint(format!("http://{}/events?shop=1", shop.address));
    let previous = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".parse().unwrap();
    assert_eq!(post(&endpoint).await, Answer::Taken(204));
    endpoint.secrets.previous = Some(previous);
    assert_eq!(post(&endpoint).await, Answer::Taken(204));
    let (heads, requests) = (shop.heads.lock().unwrap().clone(), shop.requests.lock().unwrap().clone());
    let body = r#"{"type":"deal.paid","timestamp":"2021-02-25T23:02:09+08:00","data":{"deal":{"order_id":"o1","description":"茶"}}}"#;
    assert_eq!(requests, [("/events?shop=1".to_owned(), body.to_owned()), ("/events?shop=1".to_owned(), body.to_owned())]);
    let id = message().id;
    let alone = Secrets { present: SECRET.parse().unwrap(), previous: None }.sign(id.as_str(), 1_614_265_330, body);
    for (head, secrets) in heads.iter().zip([1, 2]) {
        assert!(head.starts_with("POST /events?shop=1 HTTP/1.1\r\n"), "{head}");
        let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(header("webhook-id"), id.as_str());
        assert_eq!(header("webhook-timestamp"), "1614265330");
        let signatures: Vec<_> = header("webhook-signature").split(' ').collect();
        assert_eq!((signatures[0], signatures.len()), (alone.as_str(), secrets));
        assert_eq!(header("content-type"), "application/json");
        assert_eq!(header("user-agent"), format!("wechat-pay/{}", env!("CARGO_PKG_VERSION")));
        assert_eq!(header("host"), shop.address.to_string());
        assert_eq!(header("traceparent").len(), 55);
        for absent in ["cookie", "referer", "accept-encoding", "authorization", "expect"] {
            assert!(!head.lines().any(|line| line.to_lowercase().starts_with(&format!("{absent}:"))), "{absent}");
        }
    }
}

#[tokio::test]
async fn any_2xx_is_taken_and_nothing_else() {
    for status in [200, 201, 202, 204, 299] {
        assert_eq!(heard(format!("HTTP/1.1 {status} X\r\nconnection: close\r\n\r\nok")).await, Answer::Taken(status));
    }
    for status in [300, 304, 400, 404, 429, 500, 503, 599] {
        let answer = heard(format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n")).await;
        assert_eq!(answer, Answer::Refused { status, words: String::new(), retry_after: None });
    }
    assert_eq!(heard("HTTP/1.1 410 Gone\r\ncontent-length: 5\r\n\r\ngone!").await, Answer::Gone("gone!".to_owned()));
}

#[tokio::test]
async fn an_interim_answer_is_none() {
    assert_eq!(heard("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await, Answer::Taken(200));
    assert_eq!(heard("HTTP/1.1 100 Continue\r\n\r\n").await, BROKEN);
    let switched = heard("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: tls\r\n\r\n").await;
    assert!(!matches!(switched, Answer::Taken(_)), "{switched:?}");
}

#[tokio::test]
async fn an_endpoint_says_how_long_it_wants_to_be_left_alone() {
    for (wish, seconds) in [("120", Some(120)), ("Thu, 25 Feb 2021 15:03:10 GMT", Some(60)), ("soon", None)] {
        let answer = heard(format!("HTTP/1.1 503 X\r\nretry-after: {wish}\r\ncontent-length: 4\r\n\r\nbusy")).await;
        let retry_after = seconds.map(TimeDelta::seconds);
        assert_eq!(answer, Answer::Refused { status: 503, words: "busy".to_owned(), retry_after }, "{wish}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_a_broken_answer() {
    for raw in ["SSH-2.0-OpenSSH_9.6\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-le", "", "HTTP/0.9"] {
        assert_eq!(heard(raw).await, BROKEN, "{raw}");
    }
}

#[tokio::test]
async fn a_flood_of_headers_is_not_listened_to() {
    let headers = |count, value: &str| format!("HTTP/1.1 200 OK\r\n{}\r\n", format!("x: {value}\r\n").repeat(count));
    assert_eq!(heard(headers(60, "1")).await, Answer::Taken(200));
    assert_eq!(heard(headers(100, "1")).await, BROKEN, "too many");
    assert_eq!(heard(headers(40, &"y".repeat(1000))).await, BROKEN, "too large");
}

#[tokio::test]
async fn without_an_address_or_a_listener_there_is_no_answer() {
    let unreachable = post(&Client::default().endpoint(format!("http://{}/", free_address()))).await;
    assert_eq!(unreachable, Answer::Unanswered(Unanswered::Unreachable));
    for look_up in [(|_| Err(std::io::ErrorKind::NotFound.into())) as fn(&str) -> _, |_| Ok(Vec::new())] {
        let unresolved = Client { resolver: Resolver::with(look_up), ..Client::default() };
        assert_eq!(post(&unresolved.endpoint("https://shop.example/")).await, Answer::Unanswered(Unanswered::Unresolved));
    }
}

/// Beside it the story is told again in a process whose environment names proxies where nothing listens.
#[tokio::test]
async fn proxies_of_the_environment_are_for_others() {
    let nowhere = format!("http://{}", free_address());
    let names = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    let told_again = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "webhooks::sending::a_message_is_signed_by_the_standard"])
        .envs(names.map(|name| (name, &nowhere)))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap();
    let said = String::from_utf8(told_again.stdout).unwrap();
    assert!(told_again.status.success() && said.contains("1 passed"), "{said}");
}
