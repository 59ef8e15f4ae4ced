//! The notify URL, visited through the real nginx.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wechat_pay::chance::Chance;
use wechat_pay::channel::wechat::v2::{ApiKey, SignType, Signer};
use wechat_pay::doctor::Verdict::{Fail, Ok, Warn};
use wechat_pay::handshake::{Answer, HEADER, Key, Question, digest};

use super::{Findings, Patient};
use crate::support::database::{Database, Engine};
use crate::support::merchant::signer;
use crate::support::nginx::Nginx;
use crate::support::ports::free_address;
use crate::support::stub::{Reply, Stub};
use crate::support::test_app::{TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

/// The proxy is seen as this address, which no caller has.
const PROXY: &str = "127.0.0.3";
const RIGHT: &str = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;";

/// A location of nginx's in front of a service.
fn location(service: SocketAddr, headers: &str) -> String {
    format!("server {{ listen 127.0.0.1:{{port}}; location / {{ proxy_pass http://{service}; proxy_bind {PROXY}; {headers} }} }}")
}

/// A service with a WeChat that knows no orders.
async fn app(trusted: &str) -> (TestApp, Stub) {
    let wechat = Stub::start(|_, _| Reply::Body(WeChatMessage::no("ORDERNOTEXIST", "order not exist").signed())).await;
    let builder = TestAppBuilder::new(Engine::Sqlite).await.with_wechat_at(wechat.address).set("SERVER__TRUSTED_PROXIES", trusted);
    (builder.open().await, wechat)
}

/// What the doctor finds at this URL.
async fn visited(app: &TestApp, wechat: &Stub, trusted: &str, url: &str) -> Findings {
    let patient = Patient::on(&app.database).with_wechat_at(format!("http://{}", wechat.address));
    let patient = patient.set("SERVER__TRUSTED_PROXIES", trusted).set("WECHAT__NOTIFY_URL", url);
    Patient { fetch: true, ..patient.set("SERVER__LISTEN", app.till.address) }.examined().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_behind_its_proxy_proves_itself_and_sees_the_caller() {
    let (app, wechat) = app(PROXY).await;
    let nginx = Nginx::configured(free_address(), &location(app.till.address, RIGHT)).await;
    app.try_to_pay("19.90").await;
    let look = app.look().await;
    let before = look.everything().await;
    let findings = visited(&app, &wechat, PROXY, &format!("http://{}/wxPay/notify", nginx.address)).await;
    findings.say(Ok, "notify URL", "the body untouched");
    findings.say(Ok, "proxy headers", "the service sees 127.0.0.1, and a forged one is not believed");
    findings.say(Warn, "notify URL", "127.0.0.1 is 127.0.0.1, which WeChat cannot reach");
    assert_eq!(look.everything().await, before, "the visit changes nothing");
    assert_eq!((app.alarms(), app.disbelieved()), ((0, 0), 0), "and alarms nobody");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_forwarding_headers_are_found_out() {
    for (headers, trusted, found) in [
        ("", PROXY, "callers can claim any address"),
        ("proxy_set_header X-Forwarded-For $http_x_forwarded_for;", PROXY, "callers can claim any address"),
        ("proxy_set_header X-Forwarded-For \"\";", PROXY, "the service sees 127.0.0.3, that of a trusted proxy"),
        (RIGHT, "192.0.2.1", "the service sees 127.0.0.3, no caller's from outside"),
    ] {
        let (app, wechat) = app(trusted).await;
        let nginx = Nginx::configured(free_address(), &location(app.till.address, headers)).await;
        let findings = visited(&app, &wechat, trusted, &format!("http://{}/wxPay/notify", nginx.address)).await;
        findings.say(Ok, "notify URL", "the body untouched");
        findings.say(Fail, "proxy headers", found);
    }
}

/// Passes each request on with its entities written in another way, as some filters do.
async fn meddler(service: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let std::result::Result::Ok((mut caller, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = Vec::new();
                while !bytes.ends_with(b"</xml>\r\n") {
                    caller.read_buf(&mut bytes).await.unwrap();
                }
                let request = String::from_utf8(bytes).unwrap().replace("&amp;", "&#38;");
                let mut stream = TcpStream::connect(service).await.unwrap();
                stream.write_all(request.as_bytes()).await.unwrap();
                tokio::io::copy_bidirectional(&mut caller, &mut stream).await
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_stands_in_the_way_is_told_apart() {
    let (app, wechat) = app(PROXY).await;
    let service = app.till.address;
    let meddler = meddler(service).await;
    let servers = format!(
        "server {{ listen 127.0.0.1:{{port}};
           location /moved {{ return 301 https://elsewhere.invalid/; }}
           location /login {{ return 401; }}
           location /missing {{ return 404; }}
           location /other {{ proxy_pass http://{service}/wxPay/notify; {RIGHT} }}
           location /changed {{ proxy_pass http://{meddler}/wxPay/notify; proxy_http_version 1.1; }}
           location /stripped {{ proxy_pass http://{service}/wxPay/notify; proxy_hide_header {HEADER}; }} }}"
    );
    let nginx = Nginx::configured(free_address(), &servers).await;
    for (path, verdict, found) in [
        ("/moved", Fail, "HTTP status 301"),
        ("/login", Fail, "HTTP status 401"),
        ("/missing", Fail, "HTTP status 404"),
        ("/stripped", Fail, "HTTP status 400 comes from something that is not this service"),
        ("/changed", Fail, "the body arrives changed"),
        ("/other", Warn, "its path is /other"),
        ("/other", Ok, "the body untouched"),
    ] {
        let findings = visited(&app, &wechat, PROXY, &format!("http://{}{path}", nginx.address)).await;
        findings.say(verdict, "notify URL", found);
    }
    let findings = visited(&app, &wechat, PROXY, "https://pay.invalid/wxPay/notify").await;
    findings.say(Fail, "notify URL", "pay.invalid: its name is not resolved");
    drop(nginx);
    let findings = visited(&app, &wechat, PROXY, &format!("http://{}/wxPay/notify", free_address())).await;
    findings.say(Fail, "notify URL", "no TCP connection");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_instance_behind_the_public_name_is_told_of() {
    let (here, wechat) = app(PROXY).await;
    let (there, _other_wechat) = app(PROXY).await;
    let nginx = Nginx::configured(free_address(), &location(there.till.address, RIGHT)).await;
    let findings = visited(&here, &wechat, PROXY, &format!("http://{}/wxPay/notify", nginx.address)).await;
    findings.say(Warn, "notify URL", "here runs instance");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_notify_url_is_visited_only_when_asked_to() {
    let database = Database::fresh(Engine::Sqlite).await;
    let public = Stub::start(|_, _| Reply::Close).await;
    let patient = Patient::on(&database).with_wechat_at("http://127.0.0.1:9");
    patient.set("WECHAT__NOTIFY_URL", format!("http://{}/wxPay/notify", public.address)).examined().await;
    assert_eq!(public.requests.lock().unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notify_url_that_the_world_cannot_reach_is_told_of() {
    let database = Database::fresh(Engine::Sqlite).await;
    let key = "192006250b4c09247ec02edce69f6a2d";
    for url in ["http://localhost:8360/wxPay/notify", "https://192.168.1.7/wxPay/notify", "http://[::1]:8360/wxPay/notify"] {
        let patient = Patient::on(&database).with_wechat_at("https://wechat.invalid").set("WECHAT__API_KEY", key);
        patient.set("WECHAT__NOTIFY_URL", url).examined().await.say(Fail, "notify URL", "WeChat cannot reach");
    }
    let public = Patient::on(&database).with_wechat_at("https://wechat.invalid").set("WECHAT__API_KEY", key);
    let findings = public.set("WECHAT__NOTIFY_URL", "https://101.226.103.1/wxPay/notify").examined().await;
    findings.say(Ok, "notify URL", "https, no query, 1 IPv4 and 0 IPv6 addresses, all public");
}

/// What the service tells is told to the holder of the key alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_learns_nothing_by_asking() {
    let (app, _wechat) = app("127.0.0.1").await;
    let ours = Key::derive(|purpose| signer(SignType::Md5).derived_key(purpose));
    let question = Question::new(app.clock.now(), &Chance::System);
    let stale = Question::new(app.clock.now() - chrono::TimeDelta::minutes(6), &Chance::System);
    let stranger = Signer::new(ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap(), SignType::Md5);
    let other = Key::derive(|purpose| stranger.derived_key(purpose));
    let post = |header: Option<String>, body: String| {
        let request = app.till.request("POST", "/wxPay/notify").header("x-forwarded-for", "198.51.100.7");
        let request = header.iter().fold(request, |request, header| request.header(HEADER, header));
        app.till.send(request.body(body))
    };
    for asked in [None, Some(String::new()), Some("x".repeat(4000)), Some(stale.header(&ours)), Some(question.header(&other))] {
        let answer = post(asked.clone(), "<xml>".to_owned()).await;
        answer.not_believed(400, "a stranger");
        assert_eq!(answer.header(HEADER), None, "{asked:?}");
    }
    assert_eq!(app.disbelieved(), 5, "each is a notification that was not believed");

    let answer = post(Some(question.header(&ours)), "hello".to_owned()).await;
    answer.not_believed(400, "the doctor");
    let told = Answer::read(answer.header(HEADER).unwrap(), &question, &ours).unwrap();
    assert_eq!((told.client.to_string().as_str(), told.body), ("198.51.100.7", digest(b"hello")));

    // A question never stands between a payment and its row: what is asked beside is not settled, and comes again.
    let order = app.try_to_pay("19.90").await;
    assert_eq!(order.json()["reason"], "WECHAT_REFUSED");
    let order_id = order.json()["order_id"].as_str().unwrap().to_owned();
    let paid = WeChatMessage::notification(&order_id, 1990).signed();
    post(Some(question.header(&ours)), paid.clone()).await.not_believed(400, "asked beside a payment");
    assert_eq!(app.look().await.status(&order_id).await, 0);
    app.notify(paid).await.acknowledged("and comes again");
    let too_large = post(Some(question.header(&ours)), "x".repeat(70_000)).await;
    assert_eq!((too_large.status, too_large.header(HEADER)), (400, None));
}
