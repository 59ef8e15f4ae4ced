//! The way to WeChat through a proxy: the configured one and no other.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wechat_pay::config::Overview;
use wechat_pay::doctor::Verdict::{Fail, Ok};
use wechat_pay::language::Language::English;

use crate::operations::doctor::Patient;
use crate::support::configured::{run, variables as merchants_variables};
use crate::support::database::{Database, Engine};
use crate::support::scripted_wechat::{ScriptedWeChat, right, says};
use crate::support::stub::Stub;
use crate::support::test_app::TestAppBuilder;
use wechat_pay::channel::wechat::v2::xml;

/// Nothing listens there: a call that is answered has gone another way.
const NOWHERE: &str = "127.0.0.1:9";

/// An HTTP proxy that is WeChat itself.
async fn http_proxy() -> Stub {
    Stub::start(|url, request| {
        let api = url.strip_prefix(&format!("http://{NOWHERE}/pay/")).expect("the whole URL, as proxies are asked");
        says(&right(api, &xml::parse(request.as_bytes()).unwrap()))
    })
    .await
}

/// A SOCKS5 proxy that wants a user and a password, and leads to `target` wherever one wishes to go.
async fn socks_proxy(target: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Result::Ok((mut caller, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = [0; 300];
                let _ = caller.read(&mut bytes).await?;
                caller.write_all(&[5, 2]).await?;
                let length = caller.read(&mut bytes).await?;
                let is_known = &bytes[..length] == b"\x01\x04till\x08password";
                caller.write_all(&[1, u8::from(!is_known)]).await?;
                let _ = caller.read(&mut bytes).await?;
                caller.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 9]).await?;
                let mut stream = TcpStream::connect(target).await?;
                tokio::io::copy_bidirectional(&mut caller, &mut stream).await
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wechat_is_asked_through_the_configured_proxy() {
    let http = http_proxy().await;
    let wechat = ScriptedWeChat::new().await;
    let socks = socks_proxy(wechat.stub.address).await;
    for proxy in [format!("http://till:password@{}", http.address), format!("socks5://till:password@{socks}")] {
        let builder = TestAppBuilder::new(Engine::Sqlite).await.with_wechat_at(NOWHERE.parse().unwrap()).set("WECHAT__PROXY", proxy);
        let order = builder.open().await.to_pay("19.90").await;
        assert_eq!(order.code_url, crate::support::scripted_wechat::LINK);
    }
    assert!(http.heads.lock().unwrap()[0].to_lowercase().contains("proxy-authorization: basic"), "the proxy is told who asks");
    assert_eq!(wechat.asked("unifiedorder").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_asks_through_the_proxy_too() {
    let (database, proxy) = (Database::fresh(Engine::Sqlite).await, http_proxy().await);
    let patient = |proxy: String| Patient::on(&database).with_wechat_at(format!("http://{NOWHERE}")).set("WECHAT__PROXY", proxy);
    let findings = patient(format!("http://till:CANARY@{}", proxy.address)).examined().await;
    findings.say(Ok, "primary host", &format!("through the proxy http://{}", proxy.address));
    let findings = patient(format!("http://till:CANARY@{NOWHERE}")).examined().await;
    findings.say(Fail, "primary host", &format!("no way through the proxy http://{NOWHERE}"));
    assert!(!format!("{findings:?}").contains("CANARY"), "{findings:?}");
}

#[test]
fn a_proxy_of_the_environment_is_told_of_and_its_password_is_not() {
    let variables = [
        ("WECHAT__APPID", "wxd930ea5d5a258f4f"),
        ("WECHAT__MCH_ID", "10000100"),
        ("WECHAT__API_KEY", "192006250b4c09247ec02edce69f6a2d"),
        ("WECHAT__NOTIFY_URL", "https://pay.example.com/wxPay/notify"),
        ("AUTH__MODE", "open"),
    ];
    let ignored = [&variables[..], &[("HTTPS_PROXY", "http://till:CANARY@proxy.internal:3128")]].concat();
    let (code, _, stderr) = run(&["check-config"], &ignored);
    assert!(code == 0 && stderr.contains("HTTPS_PROXY is set, and not looked at") && stderr.contains("wechat.proxy"), "{stderr}");
    let taken = [&ignored[..], &[("WECHAT__PROXY", "socks5://till:CANARY@proxy.internal:1080")]].concat();
    let (code, stdout, stderr) = run(&["check-config"], &taken);
    assert!(code == 0 && stdout.contains("socks5://proxy.internal:1080") && stderr.is_empty(), "{stdout}{stderr}");
    let overview = Overview::of(&merchants_variables(&[("WECHAT__PROXY", "http://till:CANARY@proxy.internal")])).unwrap();
    assert!(!format!("{overview:?}{}{stdout}{stderr}", overview.tell(English)).contains("CANARY"));
}
