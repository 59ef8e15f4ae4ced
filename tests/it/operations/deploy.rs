//! The files of `config/deploy`, held against the programs that read them.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use wechat_pay::simulator::DEFAULT_MERCHANT;

use crate::support::database::{Database, Engine};
use crate::support::nginx::Nginx;
use crate::support::ports::free_address;
use crate::support::program::{Program, environment};
use crate::support::stub::{Reply, Stub};
use crate::support::wechat_message::WeChatMessage;

const UNIT: &str = include_str!("../../../config/deploy/wechat-pay.service");
const BLOCK: &str = include_str!("../../../config/deploy/nginx.conf");

/// What systemd says to a unit, and its exit code.
fn systemd_analyze(arguments: &[&str], unit: &str) -> (bool, String) {
    let home = TempDir::new().unwrap();
    let file = home.path().join("wechat-pay.service");
    std::fs::write(&file, unit.replace("/usr/local/bin/wechat-pay", env!("CARGO_BIN_EXE_wechat-pay"))).unwrap();
    let output = Command::new("systemd-analyze").args(arguments).arg(&file).stdin(Stdio::null()).output().expect("systemd-analyze");
    (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn systemd_understands_the_unit_to_the_last_line() {
    let verify = ["verify", "--man=no"];
    assert_eq!(systemd_analyze(&verify, UNIT), (true, String::new()));
    let (_, said) = systemd_analyze(&verify, &UNIT.replace("ProtectHome=yes", "ProtectHome=perhaps"));
    assert!(said.contains("perhaps"), "or it would say so: {said}");
}

#[test]
fn the_unit_may_do_little_more_than_use_the_network() {
    let security = ["security", "--offline=true", "--no-pager", "--threshold=20"];
    let (is_tight, said) = systemd_analyze(&security, UNIT);
    assert!(is_tight, "exposed: {said}");
    let (is_tight, said) = systemd_analyze(&security, &UNIT.replace("ProtectSystem=strict\n", "").replace("CapabilityBoundingSet=\n", ""));
    assert!(!is_tight, "{said}");
}

/// The wrapper with a systemd that only repeats what it is told.
#[test]
fn commands_are_given_what_the_unit_gives_the_service() {
    use std::os::unix::fs::PermissionsExt;
    let home = TempDir::new().unwrap();
    let unit = UNIT.replace("UMask=0077", "UMask=0077\nEnvironment=RUST_LOG=warn\nUser=till");
    let drop_in = "[Service]\nUser=other\nEnvironment=\nEnvironment=RUST_LOG=debug\n";
    let unit = format!("{unit}\n# /etc/systemd/system/wechat-pay.service.d/override.conf\n{drop_in}");
    std::fs::write(home.path().join("unit"), unit).unwrap();
    for (name, script) in [("systemctl", "#!/bin/sh\ncat \"$0/../unit\"\n"), ("systemd-run", "#!/bin/sh\nprintf '%s\\n' \"$@\"\n")] {
        let file = home.path().join(name);
        std::fs::write(&file, script.replace("$0/..", &home.path().display().to_string())).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let wrapper = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/deploy/wechat-pay-ctl");
    let path = format!("{}:/usr/bin:/bin", home.path().display());
    let output = Command::new(wrapper).args(["explain", "a b"]).env("PATH", path).env("LC_ALL", "zh_CN.UTF-8").output().unwrap();
    let told = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let told: Vec<_> = told.lines().collect();
    for property in [
        "User=wechat-pay",
        "User=till",
        "DynamicUser=yes",
        "StateDirectory=wechat-pay",
        "WorkingDirectory=/var/lib/wechat-pay",
        "UMask=0077",
        "Environment=RUST_LOG=warn",
        "EnvironmentFile=/etc/wechat-pay/environment",
        "LoadCredential=wechat.api_key:/etc/wechat-pay/wechat.api_key",
        "LoadCredential=database.url:/etc/wechat-pay/database.url",
    ] {
        assert!(told.contains(&&*format!("--property={property}")), "{property}: {told:?}");
    }
    assert!(told.contains(&"--setenv=LANG=zh_CN.UTF-8"), "{told:?}");
    let place = |property: &str| told.iter().position(|word| *word == format!("--property={property}"));
    for later in
        [["User=wechat-pay", "User=till", "User=other"], ["Environment=RUST_LOG=warn", "Environment=", "Environment=RUST_LOG=debug"]]
    {
        assert!(later.iter().all(|property| place(property).is_some()), "{told:?}");
        assert!(
            later.is_sorted_by_key(|property| place(property)),
            "the unit's word comes after ours, a drop-in's after the unit's: {told:?}"
        );
    }
    assert!(told.ends_with(&["--", "/usr/local/bin/wechat-pay", "explain", "a b"]), "{told:?}");
    assert!(!told.iter().any(|word| word.contains("ExecStart") || word.contains("Restart")), "{told:?}");
}

/// A certificate for this machine, and its key.
fn certificate(home: &Path) -> (String, String) {
    let (certificate, key) = (home.join("certificate.pem"), home.join("key.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
        ])
        .args(["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .expect("openssl");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (certificate.display().to_string(), key.display().to_string())
}

/// The block with TLS, in front of a service; the proxy is seen as an address that no caller has.
fn block(service: SocketAddr, certificate: &str, key: &str) -> String {
    BLOCK
        .replace("listen 443 ssl;", "listen 127.0.0.1:{port} ssl; proxy_bind 127.0.0.3;")
        .replace("127.0.0.1:8360", &service.to_string())
        .replace("/etc/ssl/pay.example.com.pem", certificate)
        .replace("/etc/ssl/pay.example.com.key", key)
}

/// The whole of it as `config/deploy/README.md` says: the program behind nginx with TLS, and the doctor that comes through the public name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_finds_nothing_wrong_behind_our_block_and_tls() {
    let wechat = Stub::start(|_, _| Reply::Body(WeChatMessage::no("ORDERNOTEXIST", "order not exist").signed())).await;
    let database = Database::fresh(Engine::Sqlite).await;
    let home = database.directory().unwrap();
    let (certificate, key) = certificate(home);
    let (door, service) = (free_address(), free_address());
    let mut variables = environment(&database.url, &service.to_string());
    variables.extend([
        ("DATABASE__URL", format!("sqlite://{}/var/deal.db", home.display())),
        ("SERVER__TRUSTED_PROXIES", "127.0.0.3".to_owned()),
        ("WECHAT__APPID", DEFAULT_MERCHANT.appid.to_owned()),
        ("WECHAT__MCH_ID", DEFAULT_MERCHANT.mch_id.to_owned()),
        ("WECHAT__API_KEY", DEFAULT_MERCHANT.api_key.to_owned()),
        ("WECHAT__BASE_URL", format!("http://{}", wechat.address)),
        ("WECHAT__NOTIFY_URL", format!("https://localhost:{}/wxPay/notify", door.port())),
        ("AUTH__MODE", "open".to_owned()),
    ]);
    let program = Program::start("serve", home, &variables);
    assert_eq!(program.address().await, service);
    let _nginx = Nginx::configured(door, &block(service, &certificate, &key)).await;

    let trusting = [variables.clone(), vec![("SSL_CERT_FILE", certificate)]].concat();
    for (variables, well, words) in [
        (&trusting, true, &["the body untouched", "sees 127.0.0.1, and a forged one is not believed", "is served by this service"][..]),
        (&variables, false, &["FAIL  notify URL", "no TLS", "check the certificate and its chain"][..]),
    ] {
        let doctor = Program::start_with(&["doctor", "--fetch"], home, variables);
        let (status, said) = doctor.end(Duration::from_secs(20)).await;
        assert_eq!(status.unwrap().success(), well, "{said}");
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
    }
}

/// A service that tells of one event, and of no other while there are listeners.
async fn events() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut open = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                stream.read_buf(&mut request).await.unwrap();
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: first\n").await.unwrap();
            open.push(stream);
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_come_through_our_block_as_they_happen() {
    let plain: String = BLOCK.lines().filter(|line| !line.contains("ssl_certificate")).map(|line| format!("{line}\n")).collect();
    let plain = plain.replace("listen 443 ssl;", "listen 127.0.0.1:{port};").replace("127.0.0.1:8360", &events().await.to_string());
    let nginx = Nginx::configured(free_address(), &plain).await;
    for (path, arrives) in [("/wxPay/events?order_id=1", true), ("/", false)] {
        let mut stream = TcpStream::connect(nginx.address).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: till\r\n\r\n").as_bytes()).await.unwrap();
        let mut heard = Vec::new();
        let first = async {
            while !String::from_utf8_lossy(&heard).contains("event: first") {
                assert_ne!(stream.read_buf(&mut heard).await.unwrap(), 0, "{}", nginx.log());
            }
        };
        // Elsewhere it is held back, so there is a difference.
        let patience = Duration::from_millis(if arrives { 5000 } else { 700 });
        assert_eq!(timeout(patience, first).await.is_ok(), arrives, "{path}");
    }
}
