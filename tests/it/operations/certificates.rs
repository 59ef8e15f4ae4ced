//! The client certificate, with which WeChat takes refunds: where it may stand, what is none, whose it is, and that a new one is
//! taken without a restart.

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::sleep;
use wechat_pay::auth::Key;
use wechat_pay::chance::Chance;
use wechat_pay::clock::Clock;
use wechat_pay::config::{Overview, Settings};
use wechat_pay::language::Language::{Chinese, English};
use wechat_pay::simulator::DEFAULT_MERCHANT;

use crate::support::certificates::{Files, fingerprint, fresh_pair, pair};
use crate::support::configured::{KEY, output_of, settings, variables};
use crate::support::database::{Database, Engine};
use crate::support::http::Caller;
use crate::support::merchant;
use crate::support::program::{Program, environment};
use crate::support::proxy::Reserved;
use crate::support::scrape::Scrape;
use crate::support::secured_wechat::{BAKERY, SecuredWeChat};

/// The merchant with these variables, of whatever length they live.
fn merchant_with(changes: &[(&str, &str)]) -> Result<Settings, String> {
    let changes = changes.iter().map(|(key, value)| (format!("WECHAT_PAY__{key}"), (*value).to_owned()));
    let all: HashMap<_, _> = variables(&[]).into_iter().chain(changes).collect();
    Settings::from_environment(all).map_err(|errors| errors.to_string())
}

fn known(settings: &Settings) -> Option<&str> {
    Some(settings.wechat.certificate.as_ref()?.certificate.fingerprint())
}

#[test]
fn a_pair_is_taken_from_texts_from_files_and_from_systemd_alike() {
    let home = TempDir::new().unwrap();
    let pair = fresh_pair("10000100");
    let [certificate, key] = &pair;
    let expected = fingerprint(&pair);
    let texts = merchant_with(&[("WECHAT__CLIENT_CERT", certificate), ("WECHAT__CLIENT_KEY", key)]).unwrap();
    assert_eq!(known(&texts), Some(&*expected));
    let files = Files::of(home.path(), &pair).variables();
    let files = files.each_ref().map(|(name, file)| (*name, file.as_str()));
    assert_eq!(known(&merchant_with(&files).unwrap()), Some(&*expected));
    assert_eq!(known(&merchant_with(&[files[0], ("WECHAT__CLIENT_KEY", key)]).unwrap()), Some(&*expected), "one half of each");
    fs::write(home.path().join("wechat.client_cert"), certificate).unwrap();
    fs::write(home.path().join("wechat.client_key"), key).unwrap();
    let mut handed = variables(&[]);
    handed.insert("CREDENTIALS_DIRECTORY".to_owned(), home.path().display().to_string());
    assert_eq!(known(&Settings::from_environment(handed).unwrap()), Some(&*expected));
    assert_eq!(known(&merchant_with(&[]).unwrap()), None, "and a merchant without one is served");
    let twice = merchant_with(&[files[0], files[1], ("WECHAT__CLIENT_KEY", key)]).unwrap_err();
    assert!(twice.contains("wechat.client_key is given by itself as well as by wechat.client_key_file"), "{twice}");
}

#[test]
fn what_is_no_pair_is_told_by_its_key_in_either_language() {
    let [certificate, key] = fresh_pair("10000100");
    let [_, other_key] = fresh_pair("10000100");
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
    for (pair, english, chinese) in [
        ([&*certificate, ""], "wechat.client_key: is missing: client_cert and client_key belong together", "wechat.client_key：没有填写"),
        (["", &key], "wechat.client_cert: is missing", "wechat.client_cert：没有填写"),
        ([&certificate, &other_key], "wechat.client_key: the key does not fit the certificate", "wechat.client_key：私钥与证书不配对"),
        ([&key, &certificate], "wechat.client_cert, wechat.client_key: certificate and key are swapped", "：证书和私钥写反了"),
        ([&key, &key], "wechat.client_cert: there is no certificate in it", "wechat.client_cert：里面没有证书"),
        ([&certificate, &certificate], "wechat.client_key: there is no private key in it", "wechat.client_key：里面没有私钥"),
        (["CANARY", &key], "wechat.client_cert: this is no PEM text", "wechat.client_cert：不是 PEM 文本"),
        (
            [&certificate, encrypted],
            "wechat.client_key: the key is encrypted; take the password off: openssl pkey",
            "私钥设了密码；去掉密码：openssl pkey",
        ),
        (
            ["MIIJ0QIBAzCCCZcGCSqGSIb3", &key],
            "wechat.client_cert: this is a .p12; make the PEM files of it: openssl pkcs12",
            "这是 .p12 文件；用它生成 PEM 文件：openssl pkcs12",
        ),
    ] {
        let mut all = variables(&[]);
        all.extend(
            [("CLIENT_CERT", pair[0]), ("CLIENT_KEY", pair[1])]
                .map(|(name, text)| (format!("WECHAT_PAY__WECHAT__{name}"), text.to_owned())),
        );
        let errors = Overview::of(&all).unwrap_err();
        let told: Vec<_> = errors.iter().map(|error| error.told()).collect();
        let [told] = &told[..] else { panic!("{errors}") };
        assert!(told.read(English).contains(english), "{}", told.read(English));
        assert!(told.read(Chinese).contains(chinese), "{}", told.read(Chinese));
        assert!(!errors.to_string().contains("CANARY") && !errors.to_string().contains("MII"), "{errors}");
    }
}

#[test]
fn files_that_cannot_be_taken_are_told_of_together() {
    let home = TempDir::new().unwrap();
    let folder = home.path().display();
    // A .p12 as it is, which is no text at all.
    fs::write(home.path().join("apiclient_cert.p12"), [0x30, 0x82, 0x09, 0xd1, 2, 1, 3, 0xff, 0xfe]).unwrap();
    let told = merchant_with(&[
        ("WECHAT__CLIENT_CERT_FILE", &format!("{folder}/apiclient_cert.p12")),
        ("WECHAT__CLIENT_KEY_FILE", &format!("{folder}/apiclient_cert.p12")),
        ("WECHAT__CA_FILE", &format!("{folder}/apiclient_cert.p12")),
        ("REFUND__AUTOMATIC", "all"),
    ]);
    let told = told.unwrap_err();
    assert!(told.contains("wechat.client_cert: this is a .p12"), "{told}");
    assert!(told.contains("wechat.ca_file: PEM certificates of authorities"), "{told}");
    assert!(told.contains("refund.automatic: none, second, or second,late"), "{told}");
    let told = merchant_with(&[("WECHAT__CLIENT_CERT_FILE", "/no/such.pem"), ("WECHAT__CLIENT_KEY_FILE", "/no/such-key.pem")]).unwrap_err();
    for file in
        ["the file of wechat.client_cert: /no/such.pem: No such file", "the file of wechat.client_key: /no/such-key.pem: No such file"]
    {
        assert!(told.contains(file), "{told}");
    }
}

#[test]
fn an_account_has_its_own_certificate_and_never_another_s() {
    let home = TempDir::new().unwrap();
    let wechats = fresh_pair("10000100");
    let shops = fresh_pair("10000200");
    fs::write(home.path().join("ca.pem"), &wechats[0]).unwrap();
    let roots = home.path().join("ca.pem").display().to_string();
    let common = [
        ("ACCOUNTS__SHOP2__APPID", "wx2421b1c4370ec43b"),
        ("ACCOUNTS__SHOP2__MCH_ID", "10000200"),
        ("ACCOUNTS__SHOP2__API_KEY", "8934e7d15453e97507ef794cf7b0519d"),
        // Of the same merchant number as [wechat], as a sub-merchant's is.
        ("ACCOUNTS__SUB__APPID", "wxd930ea5d5a258f4f"),
        ("ACCOUNTS__SUB__MCH_ID", "10000100"),
        ("ACCOUNTS__SUB__SUB_MCH_ID", "10000101"),
        ("ACCOUNTS__SUB__API_KEY", KEY),
        ("WECHAT__CLIENT_CERT", &wechats[0]),
        ("WECHAT__CLIENT_KEY", &wechats[1]),
        ("WECHAT__CA_FILE", &roots),
    ];
    let own = [("ACCOUNTS__SHOP2__CLIENT_CERT", &*shops[0]), ("ACCOUNTS__SHOP2__CLIENT_KEY", &*shops[1])];
    let settings = merchant_with(&[&common[..], &own].concat()).unwrap();
    let [shop2, sub] = &settings.accounts[..] else { panic!("{settings:?}") };
    assert_eq!(shop2.certificate.as_ref().unwrap().certificate.fingerprint(), fingerprint(&shops));
    assert!(sub.certificate.is_none());
    assert_eq!(
        (shop2.endpoints.as_ref(), sub.endpoints.as_ref()),
        (settings.wechat.endpoints.as_ref(), settings.wechat.endpoints.as_ref())
    );
    let elsewhere = merchant_with(&[&common[..], &[("ACCOUNTS__SHOP2__BASE_URL", "https://wechat.example.com")]].concat()).unwrap();
    assert_eq!(elsewhere.accounts[0].endpoints.as_ref().unwrap().extra_roots, Default::default(), "roots belong to the hosts");
    let told = merchant_with(&[&common[..], &own[..1]].concat()).unwrap_err();
    assert!(told.starts_with("accounts.shop2.client_key: is missing") && told.lines().count() == 1, "{told}");
}

#[test]
fn refunds_are_told_of_beside_the_payments_of_each_account() {
    let shop2 = [
        ("ACCOUNTS__SHOP2__APPID", "wx2421b1c4370ec43b"),
        ("ACCOUNTS__SHOP2__MCH_ID", "10000200"),
        ("ACCOUNTS__SHOP2__API_KEY", "8934e7d15453e97507ef794cf7b0519d"),
    ];
    let addresses = |changes: &[(&str, &str)]| {
        let settings = merchant_with(&[&shop2[..], changes].concat()).unwrap();
        [&settings.wechat, &settings.accounts[0]].map(|account| account.merchant_at("").refund_notify_url)
    };
    let own = ("ACCOUNTS__SHOP2__NOTIFY_URL", "https://shop2.example.com/wxPay/notify");
    let of_refunds = ("WECHAT__REFUND_NOTIFY_URL", "https://pay.example.com/refunds");
    for (changes, expected) in [
        (&[][..], ["https://pay.example.com/wxPay/refundNotify", "https://pay.example.com/wxPay/refundNotify/shop2"]),
        (&[own], ["https://pay.example.com/wxPay/refundNotify", "https://shop2.example.com/wxPay/refundNotify"]),
        (&[of_refunds], ["https://pay.example.com/refunds", "https://pay.example.com/refunds/shop2"]),
        (&[of_refunds, own], ["https://pay.example.com/refunds", "https://shop2.example.com/wxPay/refundNotify"]),
        (
            &[own, ("ACCOUNTS__SHOP2__REFUND_NOTIFY_URL", "https://shop2.example.com/r")],
            ["https://pay.example.com/wxPay/refundNotify", "https://shop2.example.com/r"],
        ),
    ] {
        assert_eq!(addresses(changes), expected, "{changes:?}");
    }
    let simulated = settings(&[]).unwrap().wechat.merchant_at("http://127.0.0.1:8360/wxPay/notify");
    assert_eq!(simulated.refund_notify_url, "http://127.0.0.1:8360/wxPay/refundNotify");
    for url in ["http://pay.example.com/wxPay/refundNotify", "https://pay.example.com/r?a=1", "https://pay.example.com/a&b"] {
        let told = merchant_with(&[("WECHAT__REFUND_NOTIFY_URL", url)]).unwrap_err();
        assert!(told.starts_with("wechat.refund_notify_url: "), "{told}");
    }
}

#[test]
fn what_is_given_back_by_itself_is_none_unless_it_is_said() {
    let terms = |changes: &[(&str, &str)]| settings(changes).map(|settings| settings.terms.refund);
    let default = terms(&[]).unwrap();
    assert_eq!((default.automatic.second, default.automatic.late, default.min_interval.num_seconds()), (false, false, 60));
    for (written, second, late) in
        [("none", false, false), ("second", true, false), ("second,late", true, true), ("second, late", true, true)]
    {
        let read = terms(&[("REFUND__AUTOMATIC", written), ("REFUND__MIN_INTERVAL", "0s")]).unwrap();
        assert_eq!((read.automatic.second, read.automatic.late, read.min_interval.num_seconds()), (second, late, 0), "{written}");
    }
    for (key, value, told) in [
        ("REFUND__AUTOMATIC", "late", "refund.automatic: none, second, or second,late"),
        ("REFUND__AUTOMATIC", "", "refund.automatic: "),
        ("REFUND__MIN_INTERVAL", "61m", "refund.min_interval: 0s to 1h"),
    ] {
        assert!(terms(&[(key, value)]).unwrap_err().starts_with(told), "{key}={value}");
    }
}

#[test]
fn what_is_to_go_back_by_itself_and_cannot_is_warned_of() {
    let [certificate, key] = fresh_pair("10000100");
    let pair = [("WECHAT__CLIENT_CERT", &*certificate), ("WECHAT__CLIENT_KEY", &*key)];
    let warned = |changes: &[(&str, &str)]| {
        let warnings = merchant_with(changes).unwrap().warnings;
        warnings.iter().any(|warning| warning.read(English).contains("nothing goes back by itself through default"))
    };
    let automatic = ("REFUND__AUTOMATIC", "second");
    assert!(warned(&[automatic]));
    assert!(!warned(&[]) && !warned(&[automatic, pair[0], pair[1]]));
    assert!(!settings(&[automatic]).unwrap().warnings.iter().any(|warning| warning.read(English).contains("goes back")), "the simulator");
}

#[test]
fn check_config_tells_with_which_certificate_refunds_are_made() {
    let home = TempDir::new().unwrap();
    let checked = |pair: Option<&[String; 2]>, language: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_wechat-pay"));
        command.arg("check-config").current_dir(&home).env_clear().env("LANG", language).envs(variables(&[]));
        if let Some(pair) = pair {
            command.envs(Files::of(home.path(), pair).variables().map(|(name, file)| (format!("WECHAT_PAY__{name}"), file)));
        }
        output_of(&mut command)
    };
    let (code, told, warned) = checked(None, "C");
    assert!(code == 0 && told.contains("Refunds through default answer 501, for there is no client certificate"), "{told}");
    assert_eq!(warned, "");
    let good = fresh_pair("10000100");
    let (code, told, warned) = checked(Some(&good), "C");
    assert!(code == 0 && told.contains("made with the client certificate of CN=10000100, which is good until 20"), "{told}");
    let row = told.lines().find(|line| line.starts_with("wechat.client_key ")).unwrap();
    assert!(row.contains("set, not shown") && row.contains("apiclient_key.pem"), "{row}");
    assert!(!told.contains("BEGIN") && warned.is_empty(), "{told}{warned}");
    let expired = pair("10000100", Clock::System.now() - TimeDelta::days(3));
    let (code, _, warned) = checked(Some(&expired), "C");
    assert!(code == 0 && warned.contains("wechat.client_cert was good until"), "everything else works: {warned}");
    let (_, told, warned) = checked(Some(&expired), "zh_CN.UTF-8");
    assert!(told.contains("用签发给 CN=10000100 的 API 证书退款") && warned.contains("wechat.client_cert 已于"), "{told}{warned}");
}

/// Posts JSON with a back end's key, and gives the JSON that is answered.
async fn post_with(till: &Caller, key: &str, path: &str, body: Value) -> Value {
    let request = till.request("POST", path).header("authorization", format!("Bearer {key}")).header("idempotency-key", "K1");
    till.send(request.header("content-type", "application/json").body(body.to_string())).await.json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_waits_for_the_certificate_that_wechat_takes_and_then_goes_out_by_itself() {
    let wechat = SecuredWeChat::new().await;
    let database = Database::fresh(Engine::Sqlite).await;
    let home = database.directory().unwrap();
    // The pair of another merchant number, put into the wrong place.
    let files = Files::of(home, &wechat.pair(BAKERY));
    let (key, hash) = Key::draw(&Chance::System);
    let mut all = environment(&database.url, "127.0.0.1:0");
    all.extend(merchant::variables(&wechat.url, merchant::NOTIFY_URL));
    all.extend(files.variables());
    all.push(("WECHAT__CA_FILE", wechat.authority().display().to_string()));
    all.extend([("AUTH__KEYS__SHOP__HASH", hash), ("AUTH__KEYS__SHOP__SCOPES", "refund".to_owned())]);
    let program = Program::start("serve", home, &all);
    let till = Caller::new(program.address().await);
    let opened = till.post_json("/wxPay/toPay", &json!({"merchant_id": 12, "product_id": 34, "price": "19.90"})).await.json();
    let order_id = opened["order_id"].as_str().unwrap();
    let paid = wechat.phone.post_json(&format!("/_sim/orders/{order_id}/pay?notify=lost"), &json!({})).await;
    assert_eq!(paid.status, 200, "{}", paid.body);
    assert_eq!(till.post_json("/wxPay/queryOrder", &json!({"order_id": order_id})).await.json()["trade_state"], "SUCCESS");

    let refund = post_with(&till, &key, "/wxPay/refund", json!({"order_id": order_id, "refund": "5.00"})).await;
    assert_eq!((&refund["code"], &refund["refund_state"]), (&json!(0), &json!("PROCESSING")), "{refund}");
    says(&program, &["the client certificate is another merchant number's"]).await;
    let at_wechat = async || wechat.phone.get("/_sim/refunds").await.json().as_array().unwrap().len();
    assert_eq!(at_wechat().await, 0, "nothing was executed");

    files.write(&wechat.pair(DEFAULT_MERCHANT.mch_id));
    says(&program, &["refunds that waited for another client certificate are sent"]).await;
    let begun = Instant::now();
    let refund_id = refund["refund_id"].as_str().unwrap();
    while post_with(&till, &key, "/wxPay/queryRefund", json!({"refund_id": refund_id})).await["refund_state"] != "SUCCESS" {
        assert!(begun.elapsed() < Duration::from_secs(90), "{}", program.written());
        sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(at_wechat().await, 1);
}

/// Which pair it is, as the log has it.
fn shown(pair: &[String; 2]) -> String {
    fingerprint(pair)[..16].to_owned()
}

/// Waits until the log says all of this in one line.
async fn says(program: &Program, words: &[&str]) {
    let begun = Instant::now();
    while !program.written().lines().any(|line| words.iter().all(|word| line.contains(word))) {
        assert!(begun.elapsed() < Duration::from_secs(30), "never said {words:?}: {}", program.written());
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_pair_is_taken_without_a_restart_and_a_wrong_one_leaves_the_former() {
    let database = Database::fresh(Engine::Sqlite).await;
    let home = database.directory().unwrap();
    let [first, second, third] = std::array::from_fn(|_| fresh_pair("1900000001"));
    let files = Files::of(home, &first);
    let mut all = environment(&database.url, "127.0.0.1:0");
    all.extend(merchant::variables("https://127.0.0.1:9", merchant::NOTIFY_URL));
    all.extend(files.variables());
    all.push(("METRICS__LISTEN", "127.0.0.1:0".to_owned()));
    let mut program = Program::start("serve", home, &all);
    let till = Caller::new(program.address().await);
    let metrics = program.says("showing metrics").await["address"].as_str().unwrap().parse().unwrap();
    let not_taken =
        async || Scrape::read(&Caller::new(metrics).get("/metrics").await.body).get("client_certificate_not_taken{account=\"default\"}");
    let taken = "refunds are asked for with this client certificate";
    says(&program, &[taken, &shown(&first)]).await;
    assert_eq!(not_taken().await, 0.0);

    files.write(&second);
    says(&program, &[taken, &shown(&second)]).await;

    files.write(&[third[0].clone(), second[1].clone()]);
    says(&program, &["the client certificate is not taken", "wechat.client_key: the key does not fit the certificate"]).await;
    assert_eq!(not_taken().await, 1.0);
    program.process.hang_up();
    says(&program, &["client certificates were read again"]).await;
    assert!(!program.written().contains(&shown(&third)), "{}", program.written());

    files.write(&third);
    program.process.hang_up();
    says(&program, &[taken, &shown(&third)]).await;
    assert_eq!(not_taken().await, 0.0);
    program.process.hang_up();
    says(&program, &["the client certificate that was read is the one in use"]).await;

    files.write(&pair("1900000001", Clock::System.now() - TimeDelta::days(3)));
    program.process.hang_up();
    says(&program, &["the client certificate is not taken, for it is expired"]).await;
    assert_eq!(not_taken().await, 1.0);
    let fourth = fresh_pair("1900000009");
    files.write(&fourth);
    program.process.hang_up();
    says(&program, &["does not name the account's mch_id", "CN=1900000009"]).await;
    says(&program, &[taken, &shown(&fourth)]).await;
    assert_eq!(not_taken().await, 0.0);
    assert!(program.lives());
    assert_eq!(till.get("/readyz").await.status, 200);
    assert!(!program.written().contains("BEGIN"), "{}", program.written());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hangup_ends_no_start_that_waits_for_its_database() {
    let (directory, nowhere, door) = (TempDir::new().unwrap(), Reserved::new(), Reserved::new());
    let url = format!("mysql://till:secret@{}/shop", nowhere.address);
    let mut program = Program::start("serve", directory.path(), &environment(&url, &door.address.to_string()));
    program.says("waiting for the database").await;
    program.process.hang_up();
    sleep(Duration::from_secs(1)).await;
    assert!(program.lives() && TcpStream::connect(door.address).await.is_ok(), "{}", program.written());
}
