//! No way in: events reach no address that is not the merchant's own choice, wherever names lead and whatever answers say.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpListener;
use wechat_pay::webhook::{Answer, Unanswered};

use super::client::{Client, FORBIDDEN, post};
use crate::support::stub::{Reply, Stub};

/// An endpoint on loopback that takes everything.
async fn endpoint() -> Stub {
    Stub::start(|_, _| Reply::Body(String::new())).await
}

fn requests(stub: &Stub) -> usize {
    stub.requests.lock().unwrap().len()
}

fn at(texts: &[&str]) -> io::Result<Vec<SocketAddr>> {
    Ok(texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect())
}

#[tokio::test]
async fn a_name_that_leads_to_this_machine_gets_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for (look_up, shown) in [
        ((|_: &str| at(&["127.0.0.1"])) as fn(&str) -> _, "loopback"),
        (|_| at(&["::ffff:127.0.0.1"]), "loopback, mapped"),
        (|_| at(&["0.0.0.0"]), "no address at all"),
        (|_| at(&["169.254.169.254", "10.0.0.1", "fd00:ec2::254"]), "private ones"),
    ] {
        assert_eq!(post(&Client::asking(look_up).endpoint(format!("http://shop.example:{port}/"))).await, FORBIDDEN, "{shown}");
    }
    tokio::select! {
        biased;
        _ = listener.accept() => panic!("a connection was made"),
        () = tokio::task::yield_now() => {}
    }
}

#[tokio::test]
async fn a_name_that_is_rebound_gets_nothing_more() {
    static TIMES: AtomicUsize = AtomicUsize::new(0);
    let shop = endpoint().await;
    let rebound = Client::asking(|_| match TIMES.fetch_add(1, Ordering::Relaxed) {
        0 => at(&["127.0.0.1"]),
        _ => at(&["192.168.0.1"]),
    });
    // The one name that may lead to loopback, and to nothing else.
    let endpoint = rebound.endpoint(format!("http://localhost:{}/", shop.address.port()));
    assert_eq!(post(&endpoint).await, Answer::Taken(200));
    assert_eq!(post(&endpoint).await, FORBIDDEN);
    assert_eq!((requests(&shop), TIMES.load(Ordering::Relaxed)), (1, 2), "each connection has the name looked up");
}

#[tokio::test]
async fn of_a_name_s_addresses_the_allowed_ones_are_used() {
    let shop = endpoint().await;
    let endpoint = Client::asking(|_| at(&["10.0.0.1", "::ffff:127.0.0.1", "127.0.0.1"]));
    assert_eq!(post(&endpoint.endpoint(format!("http://localhost:{}/", shop.address.port()))).await, Answer::Taken(200));
}

#[tokio::test]
async fn an_address_in_the_url_is_looked_at_too() {
    for url in ["https://10.0.0.1/", "https://169.254.169.254/", "https://[::ffff:127.0.0.1]/", "https://0xa9fea9fe/", "https://[fd00::1]/"]
    {
        assert_eq!(post(&Client::default().endpoint(url)).await, FORBIDDEN, "{url}");
    }
}

#[tokio::test]
async fn a_url_of_this_machine_gets_its_events() {
    let shop = endpoint().await;
    for host in ["127.0.0.1", "localhost"] {
        assert_eq!(
            post(&Client::default().endpoint(format!("http://{host}:{}/", shop.address.port()))).await,
            Answer::Taken(200),
            "{host}"
        );
    }
}

#[tokio::test]
async fn this_service_s_own_listeners_get_nothing() {
    let shop = endpoint().await;
    let (url, port) = (format!("http://{}/", shop.address), shop.address.port());
    for own in [shop.address.to_string(), format!("0.0.0.0:{port}"), format!("[::]:{port}")] {
        let endpoint = Client::guarding(false, &[&own]).endpoint(&url);
        assert_eq!(post(&endpoint).await, FORBIDDEN, "{own}");
        assert_eq!(endpoint.sender.reach(&endpoint.url).await, Err(Unanswered::Forbidden), "{own}");
    }
    assert_eq!(requests(&shop), 0);
    assert_eq!(post(&Client::guarding(false, &["0.0.0.0:1", "127.0.0.2:80"]).endpoint(&url)).await, Answer::Taken(200), "others'");
    assert_eq!(post(&Client::guarding(true, &[&shop.address.to_string()]).endpoint(&url)).await, Answer::Taken(200), "allowed");
}

#[tokio::test]
async fn what_the_merchant_allows_is_private_too() {
    let shop = endpoint().await;
    let client = Client { guard: Client::guarding(true, &[]).guard, ..Client::asking(|_| at(&["127.0.0.1"])) };
    assert_eq!(post(&client.endpoint(format!("http://shop.example:{}/", shop.address.port()))).await, Answer::Taken(200));
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let inside = endpoint().await;
    let location = format!("http://{}/", inside.address);
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let answer = format!("HTTP/1.1 {status}\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n").into_bytes();
        let shop = Stub::start(move |_, _| Reply::Raw(answer.clone())).await;
        let status = status[..3].parse().unwrap();
        let refused = Answer::Refused { status, words: String::new(), retry_after: None };
        assert_eq!(post(&Client::default().endpoint(format!("http://{}/", shop.address))).await, refused);
    }
    assert_eq!(requests(&inside), 0);
}
