//! What was sent as a body, or behind a request that was refused, is never taken for a request: a stranger could speak
//! behind a proxy's back.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::support::database::Engine;
use crate::support::test_app::TestApp;
use crate::support::wire::Wire;

const HEALTHZ: &str = "GET /healthz HTTP/1.1\r\nhost: pay\r\n\r\n";

fn post(path: &str, headers: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: pay\r\ncontent-type: application/json\r\n{headers}\r\n")
}

/// A request that leaves a row behind, if it is taken for one.
fn wish() -> String {
    let wish = json!({"merchant_id": 12, "product_id": 34, "price": "19.90"}).to_string();
    post("/wxPay/toPay", &format!("content-length: {}\r\n", wish.len())) + &wish
}

/// The statuses of all answers on a connection until its end. What is said may meet a closed door.
async fn statuses(address: SocketAddr, pieces: &[&str]) -> Vec<u16> {
    let mut wire = Wire::to(address).await;
    for piece in pieces {
        let _ = wire.try_say(piece).await;
        sleep(Duration::from_millis(150)).await;
    }
    let (_, said) = wire.end().await;
    let said = String::from_utf8(said).unwrap();
    said.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rest_of_a_refused_body_is_never_taken_for_a_request() {
    let app = TestApp::open(Engine::Sqlite).await;
    let (address, wish) = (app.till.address, wish());
    let half = wish.len() / 2;
    let chunked = |data: &str| format!("{:x}\r\n{data}\r\n", data.len());
    let long = "x".repeat(70_000);
    let announced = |path: &str, length: usize| post(path, &format!("content-length: {length}\r\n"));
    let cases: [(&str, u16, Vec<String>); 9] = [
        ("too large by its own word", 413, vec![announced("/wxPay/toPay", 1_000_000), wish.clone()]),
        ("too large by its own word, at once", 413, vec![announced("/wxPay/toPay", 1_000_000) + &wish]),
        (
            "too large by what comes",
            413,
            vec![post("/wxPay/notify", "transfer-encoding: chunked\r\n") + &chunked(&long), chunked(&wish) + &wish],
        ),
        ("nobody reads it", 405, vec![announced("/healthz", wish.len()), wish.clone()]),
        ("nobody reads it, at once", 405, vec![announced("/healthz", wish.len()) + &wish]),
        (
            "it ends in the middle of the next head",
            405,
            vec![announced("/healthz", half), wish[..half].to_owned(), wish[half..].to_owned()],
        ),
        ("it begins in the middle of one", 404, vec![announced("/nowhere", half) + &wish[..half], wish[half..].to_owned() + &wish]),
        ("another type", 415, vec![announced("/wxPay/toPay", 9).replace("json", "xml") + "<xml/>\r\n\r\n", wish.clone()]),
        (
            "compressed",
            415,
            vec![post("/wxPay/notify", "content-encoding: gzip\r\ntransfer-encoding: chunked\r\n"), chunked(&wish) + "0\r\n\r\n" + &wish],
        ),
    ];
    for (what, status, pieces) in cases {
        let pieces: Vec<_> = pieces.iter().map(String::as_str).collect();
        assert_eq!(statuses(address, &pieces).await, [status], "{what}");
    }
    assert_eq!(app.look().await.count().await, 0, "what was sent as a body opened a deal");
    let served = Wire::saying(address, &wish).await.answer().await.unwrap();
    assert_eq!((served.status, app.look().await.count().await), (200, 1), "as a request it opens one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_behind_a_refused_request_are_not_answered() {
    let app = TestApp::open(Engine::Sqlite).await;
    let row = [HEALTHZ, &post("/wxPay/notify", "content-length: 99999999\r\n"), HEALTHZ, &wish(), HEALTHZ].concat();
    assert_eq!(statuses(app.till.address, &[&row]).await, [200, 413]);
    let row = [HEALTHZ, "GET /healthz HTTP/1.1\r\nhost : pay\r\n\r\n", HEALTHZ, &wish()].concat();
    assert_eq!(statuses(app.till.address, &[&row]).await, [200, 400]);
    assert_eq!(app.look().await.count().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_refused_before_100_continue_is_not_read_on() {
    let app = TestApp::open(Engine::Sqlite).await;
    let wish = wish();
    for (headers, status) in [
        (format!("content-length: {}\r\nexpect: 100-continue\r\ncontent-encoding: gzip\r\n", wish.len()), 415),
        ("content-length: 70000\r\nexpect: 100-continue\r\n".to_owned(), 413),
        ("transfer-encoding: chunked\r\nexpect: 100-continue\r\ncontent-encoding: gzip\r\n".to_owned(), 415),
    ] {
        let head = post("/wxPay/toPay", &headers);
        assert_eq!(statuses(app.till.address, &[&head, &wish]).await, [status], "{headers}");
        assert_eq!(statuses(app.till.address, &[&(head + &wish)]).await, [status], "{headers}");
    }
    assert_eq!(app.look().await.count().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_hung_up_is_answered_for_what_was_whole_and_no_more() {
    let app = TestApp::open(Engine::Sqlite).await;
    let half_closed = async |said: String| {
        let mut wire = Wire::saying(app.till.address, said).await;
        wire.hang_up().await;
        let (took, said) = wire.end().await;
        // The rest of a head would be waited for for five seconds.
        assert!(took < Duration::from_secs(4), "{took:?}: nothing more can come");
        let said = String::from_utf8(said).unwrap();
        said.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].to_owned()).collect::<Vec<_>>()
    };
    let wish = wish();
    assert_eq!(half_closed(wish.clone()).await, ["200"]);
    assert_eq!(half_closed(HEALTHZ.repeat(3)).await, ["200", "200", "200"]);
    assert_eq!(half_closed(wish[..wish.len() - 1].to_owned()).await, ["400"], "half a body");
    assert_eq!(half_closed(post("/wxPay/toPay", "content-length: 99999\r\n") + &wish).await, ["413"], "a refused one");
    assert_eq!(app.look().await.count().await, 1);
    assert!(half_closed(HEALTHZ[..20].to_owned()).await.iter().all(|status| status == "400"), "half a head");
}
