//! Behind the real nginx, with the server block that front ends of the original stand behind, and with the one that we deliver:
//! only ports, root and TLS are other ones. nginx is needed, and nothing here is skipped without it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

use crate::support::database::Engine;
use crate::support::http::Caller;
use crate::support::listener::{Heard, Listener};
use crate::support::nginx::Nginx;
use crate::support::ports::free_address;
use crate::support::test_app::{TestApp, TestAppBuilder};
use crate::support::wechat_message::{ACKNOWLEDGED, WeChatMessage};

/// The payer's address: not that of nginx, which is a trusted proxy.
const PAYER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// The original's block.
const ORIGINAL: &str = r#"
    server {
        listen 127.0.0.1:{port};
        server_name localhost;
        root {home}/www;
        set $node_port {service};

        index index.js index.html index.htm;
        if ( -f $request_filename/index.html ){
            rewrite (.*) $1/index.html break;
        }
        if ( !-f $request_filename ){
            rewrite (.*) /index.js;
        }
        location = /index.js {
            proxy_http_version 1.1;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header Host $http_host;
            proxy_set_header X-NginX-Proxy true;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
            proxy_pass http://127.0.0.1:$node_port$request_uri;
            proxy_redirect off;
        }

        location ~ /static/ {
            etag         on;
            expires      max;
        }
    }
"#;

/// Ours, without TLS.
fn ours() -> String {
    let block = include_str!("../../../config/deploy/nginx.conf").replace("listen 443 ssl;", "listen 127.0.0.1:{port};");
    block.lines().filter(|line| !line.contains("ssl_certificate")).map(|line| line.replace(":8360", ":{service}") + "\n").collect()
}

fn both_blocks() -> [String; 2] {
    [ORIGINAL.to_owned(), ours()]
}

/// An app whose front door is nginx: the till goes through it, and so do WeChat's notifications.
async fn app_behind(block: &str, engine: Engine) -> (TestApp, Nginx) {
    let address = free_address();
    let builder = TestAppBuilder::new(engine).await.set("SERVER__TRUSTED_PROXIES", "127.0.0.1");
    let mut app = builder.set("WECHAT__NOTIFY_URL", format!("http://{address}/wxPay/notify")).open().await;
    let nginx = Nginx::configured(address, &block.replace("{service}", &app.till.address.port().to_string())).await;
    app.till = Caller::coming_from(PAYER, address);
    (app, nginx)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_and_its_events_come_through_it_as_they_happen() {
    for block in both_blocks() {
        let (app, _nginx) = app_behind(&block, Engine::Sqlite).await;
        let order = app.to_pay("19.90").await;
        assert!(app.till.get(&format!("/pay/{}", order.id)).await.body.contains("19.90"));
        let mut listener = Listener::to(&app.till, &order.id).await;
        assert_eq!(listener.next(Duration::from_secs(10)).await.word(), "NOTPAY", "nothing waits for a buffer to be full");
        app.payer_pays(&order).await;
        assert_eq!(listener.next(Duration::from_secs(10)).await.word(), "SUCCESS");
        assert_eq!(listener.next(Duration::from_secs(10)).await, Heard::End);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_path_goes_through_it() {
    for block in both_blocks() {
        let (app, nginx) = app_behind(&block, Engine::Sqlite).await;
        let order = app.to_pay("19.90").await;
        assert_eq!(app.trade_state(&order.id).await, "NOTPAY");
        app.payer_pays(&order).await;
        {
            let wechat = app.wechat();
            let known = wechat.order(&order.id).unwrap();
            assert_eq!(known.notify_url, format!("http://{}/wxPay/notify", nginx.address));
            assert!(known.attempts[0].acknowledged, "{:?}", known.attempts);
        }
        let asked = app.calls("orderquery");
        let answer = app.query(&order.id).await;
        assert_eq!((answer.json()["trade_state"].as_str(), answer.header("server").is_some()), (Some("SUCCESS"), true));
        assert_eq!(app.calls("orderquery"), asked, "it was the notification that told");

        let other = app.to_pay("0.29").await;
        app.time_passes(300);
        assert_eq!(app.close(&order.id).await.reason(), "ORDER_PAID");
        assert_eq!(app.close(&other.id).await.json(), json!({"code": 0, "msg": "关单成功"}));
        assert_eq!(app.trade_state(&other.id).await, "CLOSED");

        for path in ["/healthz", "/readyz"] {
            assert_eq!(app.till.get(path).await.status, 200, "{path}");
        }
        let unknown = app.till.get("/nowhere?x=1").await;
        assert_eq!((unknown.status, unknown.reason().as_str()), (404, "NOT_FOUND"));
        if block != ORIGINAL {
            continue;
        }
        let file = app.till.get("/static/till.css").await;
        assert_eq!(
            (file.status, file.body.as_str(), file.header("etag").is_some()),
            (200, "body{}", true),
            "from the disk, not from the service"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notification_arrives_as_it_was_sent() {
    for block in both_blocks() {
        let (app, nginx) = app_behind(&block, Engine::MySql).await;
        let look = app.look().await;
        // The second does not fit into nginx's buffers and takes the way over its disk.
        for attach in ["a&b=<c>\"d'é 腾讯充值中心".to_owned(), "长".repeat(15_000)] {
            let order = app.to_pay("19.90").await;
            let transaction = format!("42000002602026040112{}", &order.id[20..30]);
            let message =
                WeChatMessage::notification(&order.id, 1990).with("attach", &attach).with("transaction_id", &transaction).signed();
            let message = message.replace("<xml>", "<xml>\r\n  ");
            let answer = app.notify(message.clone()).await;
            assert_eq!((answer.status, answer.body.as_str()), (200, ACKNOWLEDGED), "{} bytes", message.len());
            assert_eq!(answer.header("content-type"), Some("text/xml; charset=utf-8"));
            assert_eq!(look.value(&order.id, "payBack").await.unwrap(), message, "{} bytes", message.len());
        }
        let order = app.to_pay("19.90").await;
        let forged = app.notify(WeChatMessage::notification(&order.id, 1991).signed().replace("1991", "1990")).await;
        assert_eq!((forged.status, forged.body.contains("FAIL")), (401, true), "nginx leaves refusals as they are");
        let message = WeChatMessage::notification(&order.id, 1990).signed();
        let (half, rest) = message.split_at(message.len() / 2);
        let chunks = [half, rest, ""].map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len())).concat();
        let head = "POST /wxPay/notify HTTP/1.1\r\nHost: till\r\nTransfer-Encoding: chunked\r\n\r\n";
        let answer = nginx.say(format!("{head}{chunks}").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(ACKNOWLEDGED), "in chunks: {answer}");
        assert_eq!(look.value(&order.id, "payBack").await.unwrap(), message);
    }
}

/// Two instances behind nginx, the first of which loses each answer after everything is done. As delivered, nginx gives up on a
/// POST then; told to repeat it (`non_idempotent`), it does no harm.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nginx_sends_twice_is_done_once() {
    for repeats in [false, true] {
        let mut app = TestApp::open(Engine::Sqlite).await;
        let service = app.till.address;
        let lossy = lossy_relay(service).await;
        let policy = if repeats { "proxy_next_upstream error timeout non_idempotent;" } else { "" };
        let instances = format!("upstream till {{ server {lossy} max_fails=0; server {service} backup; }} {policy}\n    server {{");
        let configuration = ORIGINAL.replace("server {", &instances).replace("http://127.0.0.1:$node_port", "http://till");
        let nginx = Nginx::configured(free_address(), &configuration.replace("{service}", "0")).await;
        app.till = Caller::new(nginx.address);

        let opened = app.to_pay_once("cart-7", "19.90").await;
        let (look, status) = (app.look().await, if repeats { 200 } else { 502 });
        assert_eq!((opened.status, look.count().await, app.calls("unifiedorder")), (status, 1, 1));
        let order_id = app.wechat().orders().next().unwrap().out_trade_no.clone();
        let paid = WeChatMessage::notification(&order_id, 1990).signed();
        let notified = app.notify(paid.clone()).await;
        assert_eq!((notified.status, notified.body == ACKNOWLEDGED, look.status(&order_id).await), (status, repeats, 1));

        let stored = look.everything().await;
        let direct = Caller::new(service);
        assert_eq!(direct.post("/wxPay/notify", "text/xml", paid).await.body, ACKNOWLEDGED, "WeChat comes again");
        assert_eq!(look.everything().await, stored);
    }
}

/// Passes requests on, waits until they are answered, and hangs up instead of passing the answer back.
async fn lossy_relay(service: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(service).await.unwrap();
                let (mut answers, mut requests) = stream.split();
                tokio::select! {
                    _ = tokio::io::copy(&mut caller, &mut requests) => {}
                    _ = answers.read_u8() => {}
                }
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wechat_is_told_the_real_payer_whatever_he_says() {
    for block in both_blocks() {
        let (app, _nginx) = app_behind(&block, Engine::Sqlite).await;
        let body = json!({"merchant_id": 12, "product_id": 34, "price": "19.90"}).to_string();
        let forgeries: [&[&str]; 6] = [
            &[],
            &["6.6.6.6"],
            &["1.2.3.4, <script>"],
            &["6.6.6.6, 127.0.0.1"],
            &["6.6.6.6", "7.7.7.7, 127.0.0.1"],
            &["", ",", "unknown, for=6.6.6.6, [::1]:80"],
        ];
        for forged in forgeries {
            let mut request = app.till.request("POST", "/wxPay/toPay").header("content-type", "application/json");
            for name in ["x-forwarded-for", "x-real-ip", "forwarded", "x-client-ip"] {
                request = forged.iter().fold(request, |request, value| request.header(name, *value));
            }
            let answer = app.till.send(request.body(body.clone())).await;
            assert_eq!(answer.status, 200, "{forged:?}: {}", answer.body);
            let wechat = app.wechat();
            let order = wechat.order(answer.json()["order_id"].as_str().unwrap()).unwrap();
            assert_eq!(order.parameter("spbill_create_ip"), Some(PAYER.to_string().as_str()), "{forged:?}");
        }
    }
}

/// Requests that two readers could take for one or for two. The second, if there were one, would open a deal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_smuggles_a_second_request() {
    for block in both_blocks() {
        let (app, nginx) = app_behind(&block, Engine::Sqlite).await;
        let look = app.look().await;
        let form = "merchant_id=12&product_id=34&price=19.90";
        let hidden = format!(
            "POST /wxPay/toPay HTTP/1.1\r\nHost: till\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        let answer = nginx.say(hidden.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(look.count().await, 1, "said openly, it opens a deal");

        let length = hidden.len();
        let chunked = format!("{length:x}\r\n{hidden}\r\n0\r\n\r\n");
        let post = "POST /wxPay/queryOrder HTTP/1.1\r\nHost: till\r\nContent-Type: application/json\r\n";
        let get = "GET /healthz HTTP/1.1\r\nHost: till\r\n";
        let refused = [
            ("two lengths, the shorter first", format!("{post}Content-Length: 0\r\nContent-Length: {length}\r\n\r\n{hidden}")),
            ("two lengths, the longer first", format!("{post}Content-Length: {length}\r\nContent-Length: 0\r\n\r\n{hidden}")),
            ("two lengths in one line", format!("{post}Content-Length: 0, {length}\r\n\r\n{hidden}")),
            ("a signed length", format!("{post}Content-Length: +{length}\r\n\r\n{hidden}")),
            ("a negative length", format!("{post}Content-Length: -1\r\n\r\n{hidden}")),
            ("a length in hexadecimal", format!("{post}Content-Length: 0x{length:x}\r\n\r\n{hidden}")),
            (
                "chunks and a length that hides the rest",
                format!("{post}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{hidden}"),
            ),
            (
                "a length and chunks that hide the rest",
                format!("{post}Content-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}", 4),
            ),
            ("a coding nobody knows", format!("{post}Content-Length: {length}\r\nTransfer-Encoding: xchunked\r\n\r\n{hidden}")),
            ("a blank before the colon", format!("{post}Content-Length: {length}\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n{hidden}")),
            (
                "a control character before the coding",
                format!("{post}Content-Length: {length}\r\nTransfer-Encoding: \x0bchunked\r\n\r\n{hidden}"),
            ),
            ("two codings", format!("{post}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n{hidden}")),
            ("a folded header", format!("{post}Transfer-Encoding:\r\n chunked\r\nContent-Length: {length}\r\n\r\n0\r\n\r\n{hidden}")),
            ("chunks in HTTP/1.0", format!("{}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}", post.replace("1.1", "1.0"))),
            ("a chunk that is longer than it says", format!("{post}Transfer-Encoding: chunked\r\n\r\n1\r\n{hidden}")),
            ("a chunk size beyond counting", format!("{post}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{hidden}")),
            ("a line of nothing but a carriage return", format!("{get}X-Other: a\r\rContent-Length: {length}\r\n\r\n{hidden}")),
            ("a zero byte in a header", format!("{post}X-Other: a\0\r\nContent-Length: {length}\r\n\r\n{hidden}")),
        ];
        for (what, bytes) in refused {
            let answer = nginx.say(bytes.as_bytes()).await;
            let status = answer.split(' ').nth(1).unwrap_or_default();
            assert!(status.starts_with('4') || status.starts_with('5'), "{what}: {answer}");
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{what}: {answer}");
            assert_eq!(look.count().await, 1, "{what}");
        }

        // These are requests, and each of them is one: what looks like another is its body.
        let bare = |head: &str| head.replace("\r\n", "\n");
        let one_request = [
            ("bare line feeds", format!("{}Content-Length: {length}\n\n{hidden}", bare(post))),
            ("bare line feeds in both", format!("{}Content-Length: {}\n\n{}", bare(post), bare(&hidden).len(), bare(&hidden))),
            ("a bare line feed before the length", format!("{post}X-Other: a\nContent-Length: {length}\r\n\r\n{hidden}")),
            ("chunks", format!("{post}Transfer-Encoding: chunked\r\n\r\n{chunked}")),
            ("chunks with bare line feeds", format!("{post}Transfer-Encoding: chunked\r\n\r\n{length:x}\n{hidden}\n0\n\n")),
            ("chunks with an extension", format!("{post}Transfer-Encoding: chunked\r\n\r\n{length:x};a=\"\n\"\r\n{hidden}\r\n0\r\n\r\n")),
            ("a length of one digit more", format!("{post}Content-Length: 0{length}\r\n\r\n{hidden}")),
            ("an upgrade", format!("{post}Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: {length}\r\n\r\n{hidden}")),
            ("a body nobody reads", format!("{get}Content-Length: {length}\r\n\r\n{hidden}")),
            ("a method with a body", format!("{}Content-Length: {length}\r\n\r\n{hidden}", get.replace("GET", "OPTIONS"))),
        ];
        for (what, bytes) in one_request {
            let answer = nginx.say(bytes.as_bytes()).await;
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{what}: {answer}");
            assert_eq!(look.count().await, 1, "{what}: {answer}");
        }
        assert_eq!(app.till.get("/healthz").await.status, 200, "and all is well");
    }
}
