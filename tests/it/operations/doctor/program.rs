//! The command as an operator types it.

use std::process::{Command, Output};

use wechat_pay::channel::wechat::v2::xml;

use crate::support::database::{Database, Engine};
use crate::support::program::environment;
use crate::support::stub::{Reply, Stub};

fn run(arguments: &[&str], database: &Database, more: &[(&str, &str)]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_wechat-pay"));
    program.args(arguments).env_clear().current_dir(database.directory().unwrap());
    let variables =
        environment(&database.url, "127.0.0.1:0").into_iter().chain(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    for (name, value) in variables {
        let name = if name.contains("__") && !name.starts_with("WECHAT_PAY__") { format!("WECHAT_PAY__{name}") } else { name.to_owned() };
        program.env(name, value);
    }
    program.output().unwrap()
}

fn credentials(base_url: &str) -> [(&str, &str); 6] {
    [
        ("WECHAT__APPID", "wx0000000000000001"),
        ("WECHAT__MCH_ID", "1900000001"),
        ("WECHAT__API_KEY", "CanaryKey0CanaryKey1CanaryKey2ab"),
        ("WECHAT__BASE_URL", base_url),
        ("WECHAT__NOTIFY_URL", "http://127.0.0.1:9/wxPay/notify"),
        ("AUTH__MODE", "open"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_exit_code_says_whether_something_must_be_mended() {
    let database = Database::fresh(Engine::Sqlite).await;
    let well = run(&["doctor"], &database, &[]);
    let said = String::from_utf8(well.stdout).unwrap();
    assert_eq!(well.status.code(), Some(0), "{said}");
    assert!(said.lines().all(|line| line.starts_with("ok ") || line.starts_with("warn ")), "{said}");
    assert!(said.contains("is WeChat and no money moves") && !said.contains('\x1b'), "{said}");

    let wechat =
        Stub::start(|_, _| Reply::Body("<xml><return_code>FAIL</return_code><return_msg>签名错误</return_msg></xml>".to_owned())).await;
    let base_url = format!("http://{}", wechat.address);
    let most_talkative = [&credentials(&base_url)[..], &[("RUST_LOG", "trace")]].concat();
    let ill = run(&["doctor", "--fetch"], &database, &most_talkative);
    let said = String::from_utf8([ill.stdout, ill.stderr].concat()).unwrap();
    let requests = wechat.requests.lock().unwrap().clone();
    let sign = xml::parse(requests[0].1.as_bytes()).unwrap().get("sign").unwrap().to_owned();
    assert!(!said.contains(&sign), "{said}");
    assert_eq!(ill.status.code(), Some(1), "{said}");
    assert!(said.contains("FAIL  credentials     the API key is wrong (WeChat: 签名错误)  → copy the API key"), "{said}");
    assert!(!said.contains("Canary"), "{said}");

    let unreadable = run(&["doctor"], &database, &[("WECHAT__APPID", "wx0000000000000001")]);
    let said = String::from_utf8(unreadable.stdout).unwrap();
    assert_eq!(unreadable.status.code(), Some(1));
    assert!(said.contains("FAIL  configuration   wechat.mch_id and wechat.api_key are missing"), "{said}");

    for usage in [&["doctor", "--all"][..], &["doctor", "--fetch", "x"], &["migrate", "--fetch"], &["serve", "--dry-run"]] {
        assert_eq!(run(usage, &database, &[]).status.code(), Some(2), "{usage:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_s_secrets_that_everybody_can_read_are_told_of() {
    use std::os::unix::fs::PermissionsExt;
    let database = Database::fresh(Engine::Sqlite).await;
    let config = database.directory().unwrap().join("config");
    std::fs::create_dir(&config).unwrap();
    let profile = config.join("shop.toml");
    let credentials = "appid = \"wx0000000000000001\"\nmch_id = \"1900000001\"\napi_key = \"CanaryKey0CanaryKey1CanaryKey2ab\"\n\
                       base_url = \"http://127.0.0.1:9\"\nnotify_url = \"http://127.0.0.1:9/wxPay/notify\"";
    for (wechat, mode, told) in [(credentials, 0o644, true), (credentials, 0o600, false), ("query_budget = 100", 0o644, false)] {
        std::fs::write(&profile, format!("[auth]\nmode = \"open\"\n[wechat]\n{wechat}\n")).unwrap();
        std::fs::set_permissions(&profile, std::fs::Permissions::from_mode(mode)).unwrap();
        let output = run(&["doctor"], &database, &[("WECHAT_PAY__PROFILE", "shop")]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(said.contains("everybody on this machine can read secrets in config/shop.toml"), told, "{mode:o}: {said}");
        assert!(!said.contains("Canary"), "{said}");
    }
}
