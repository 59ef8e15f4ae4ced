//! Callers' keys and secrets, and the service's own: where they may stand, and that they are never shown.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use wechat_pay::auth::{Caller as Holder, Mode};
use wechat_pay::clock::Clock;
use wechat_pay::config::{Overview, Settings};
use wechat_pay::deal::AccountId;
use wechat_pay::language::Language::English;

use crate::front_end::auth::{carry, drawn, offer_at, with_headers};
use crate::support::configured::{KEY, SHOPS_KEY, merchant, output_of, run, settings, variables};
use crate::support::database::{Database, Engine};
use crate::support::http::Caller;
use crate::support::program::{Program, environment};

/// Keys of callers, and none of WeChat's: for a test.
const ACCEPTED: (&str, &str) = ("SIMULATOR__ACCEPT_DATABASE", "true");

#[test]
fn a_key_that_no_mode_looks_at_is_a_mistake() {
    for (mode, key, value) in [
        ("signed", "AUTH__API_KEYS", SHOPS_KEY),
        ("open", "AUTH__API_KEYS", SHOPS_KEY),
        ("api_key", "AUTH__SIGNING_SECRETS", "shop:0123456789abcdef0123456789abcdef"),
    ] {
        let used = if mode == "signed" { ("AUTH__SIGNING_SECRETS", "shop:0123456789abcdef0123456789abcdef") } else { ("AUTH__MODE", mode) };
        let used = if mode == "api_key" { ("AUTH__API_KEYS", SHOPS_KEY) } else { used };
        let error = merchant(&[("AUTH__MODE", mode), used, (key, value)]).unwrap_err();
        assert!(error.contains("auth.mode is another one"), "{mode}: {error}");
    }
}

#[test]
fn check_config_tells_the_mode_and_the_names_of_keys() {
    let both = format!("{SHOPS_KEY},next:{}", "0".repeat(64));
    let (code, told, _) = run(&["check-config"], &[ACCEPTED, ("AUTH__MODE", "api_key"), ("AUTH__API_KEYS", &both)]);
    assert!(code == 0 && told.contains("one of these keys (auth.mode api_key): shop, next") && !told.contains("e3b0c442"), "{told}");
    let secret = [ACCEPTED, ("AUTH__MODE", "signed"), ("AUTH__SIGNING_SECRETS", "till-1:0123456789abcdef0123456789abcdef")];
    let (code, told, _) = run(&["check-config"], &secret);
    assert!(code == 0 && told.contains("(auth.mode signed): till-1; it is good for 300 s") && !told.contains("0123456789"), "{told}");
    let told = |changes: &[(&'static str, &'static str)]| Overview::of(&variables(changes)).unwrap().tell(English);
    assert!(told(&[]).contains("everybody who reaches the port"));
    let changing = told(&[("WECHAT__PREVIOUS_API_KEY", "8934e7d15453e97507ef794cf7b0519d")]);
    assert!(changing.contains("the previous one is believed too") && !changing.contains("8934e7d1"), "{changing}");
}

#[test]
fn a_drawn_key_is_shown_once_and_its_entry_is_taken() {
    let (code, drawn, _) = run(&["new-key", "till-1"], &[]);
    let lines: Vec<_> = drawn.lines().collect();
    assert!(code == 0 && lines[0].starts_with("wpk_") && lines[0].len() == 68, "{drawn}");
    assert!(lines.last().unwrap().starts_with("till-1:"), "{drawn}");
    assert!(matches!(merchant(&[]).unwrap().auth.mode, Mode::Open));
    let auth = settings(&[("AUTH__MODE", "api_key"), ("AUTH__API_KEYS", lines.last().unwrap())]).unwrap().auth;
    assert!(matches!(auth.mode, Mode::ApiKey));
    assert_eq!(auth.keys.holder(lines[0]).map(|caller| caller.name()), Some("till-1"));
    assert_ne!(run(&["new-key", "till-1"], &[]).1, drawn);
    assert_eq!(run(&["new-key", "a:b"], &[]).0, 1);
    assert_eq!(run(&["new-key", "a", "b"], &[]).0, 2);
}

/// The variables that `new-key` prints for what it has drawn.
fn variables_of(drawn: &str) -> Vec<(&str, &str)> {
    drawn.lines().filter(|line| line.starts_with("WECHAT_PAY__")).map(|line| line.split_once('=').unwrap()).collect()
}

#[test]
fn a_key_is_drawn_with_what_it_is_good_for() {
    let (code, drawn, _) = run(&["new-key", "books", "--scopes", "read,refund", "--accounts", "default", "--sellers", "12,100-199"], &[]);
    let key = drawn.lines().next().unwrap();
    assert!(code == 0 && key.starts_with("wpk_") && key.len() == 68, "{drawn}");
    for line in ["[auth.keys.books]", "scopes = \"refund,read\"", "accounts = \"default\"", "sellers = \"12,100-199\""] {
        assert!(drawn.lines().any(|printed| printed == line), "{line} is missing: {drawn}");
    }
    let entry = [&[ACCEPTED][..], &variables_of(&drawn)].concat();
    let (code, told, why) = run(&["check-config"], &entry);
    assert!(code == 0 && told.contains("auth.keys.books.scopes") && told.contains("refund,read"), "{told}{why}");
    let whole: HashMap<_, _> = entry
        .iter()
        .map(|(name, value)| (format!("WECHAT_PAY__{}", name.trim_start_matches("WECHAT_PAY__")), (*value).to_owned()))
        .collect();
    let auth = Settings::from_environment(whole).unwrap().auth;
    let books = auth.keys.holder(key).unwrap();
    assert_eq!((books.name(), books.scopes().to_string().as_str()), ("books", "refund,read"));
    assert!(books.reach().covers(150, &AccountId::default()) && !books.reach().covers(13, &AccountId::default()));
    for wrong in [
        &["--scopes", "all"][..],
        &["--scopes", ""],
        &["--sellers", "12"],
        &["--scopes", "pay", "--sellers", "0"],
        &["--scopes", "pay", "--sellers", ""],
        &["--scopes", "pay", "--sellers", ","],
        &["--scopes", "pay", "--accounts", ""],
        &["--scopes", "pay", "--accounts", ","],
    ] {
        assert_eq!(run(&[&["new-key", "books"], wrong].concat(), &[]).0, 2, "{wrong:?}");
    }
}

#[test]
fn a_key_is_drawn_by_names_only_that_the_service_starts_with() {
    for name in ["till.1", "Till", "1till", "_till", "a b"] {
        let (code, drawn, why) = run(&["new-key", name, "--scopes", "pay"], &[]);
        assert!(code == 1 && drawn.is_empty() && why.contains("begins with a letter"), "{name}: {drawn}{why}");
    }
    for (name, as_variables) in [("till_1", true), ("till-1", false), ("till__1", false), ("till_", false)] {
        let (code, drawn, _) = run(&["new-key", name, "--scopes", "read"], &[]);
        assert_eq!((code, !variables_of(&drawn).is_empty()), (0, as_variables), "{drawn}");
        let section: String = drawn.lines().skip_while(|line| !line.starts_with('[')).take(3).map(|line| format!("{line}\n")).collect();
        let directory = tempfile::TempDir::new().unwrap();
        std::fs::create_dir(directory.path().join("config")).unwrap();
        let whole = format!("[simulator]\naccept_database = true\n{section}");
        std::fs::write(directory.path().join("config/keys.toml"), whole).unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_wechat-pay"));
        let (code, told, why) =
            output_of(command.arg("check-config").current_dir(&directory).env_clear().env("WECHAT_PAY__PROFILE", "keys"));
        assert!(code == 0 && told.contains(&format!("auth.keys.{name}.scopes")), "{section}{told}{why}");
    }
}

#[test]
fn each_mistake_in_a_key_is_told_by_its_name() {
    let hash = "0".repeat(64);
    let right = [("AUTH__KEYS__BOOKS__HASH", &*hash), ("AUTH__KEYS__BOOKS__SCOPES", "read")];
    let with = |changes: &[(&str, &str)]| settings(&[&[ACCEPTED][..], &right, changes].concat());
    assert!(with(&[]).is_ok_and(|settings| matches!(settings.auth.mode, Mode::Open)), "a key is there in every mode");
    for (key, value, named) in [
        ("AUTH__KEYS__2BOOKS__SCOPES", "read", "auth.keys.2books: the name of a section"),
        ("AUTH__KEYS__BOOKS__HASH", "wpk_0123", "auth.keys.books.hash"),
        ("AUTH__KEYS__BOOKS__HASH", "", "auth.keys.books.hash"),
        ("AUTH__KEYS__BOOKS__SCOPES", "", "auth.keys.books.scopes"),
        ("AUTH__KEYS__BOOKS__SCOPES", "read,all", "auth.keys.books.scopes"),
        ("AUTH__KEYS__BOOKS__ACCOUNTS", "shop2", "auth.keys.books.accounts"),
        ("AUTH__KEYS__BOOKS__ACCOUNTS", ",", "auth.keys.books.accounts"),
        ("AUTH__KEYS__BOOKS__SELLERS", "12,12", "auth.keys.books.sellers"),
        ("AUTH__KEYS__BOOKS__SELLERS", ",", "auth.keys.books.sellers"),
        ("AUTH__KEYS__BOOKS__SCOPE", "read", "auth.keys.books.scope"),
        ("AUTH__MODE", "api_key", "auth.mode api_key"),
    ] {
        let error = with(&[(key, value)]).unwrap_err();
        assert!(error.contains(named) && !error.contains("wpk_0123"), "{named}: {error}");
    }
    let listed = |entry: &str| with(&[("AUTH__MODE", "api_key"), ("AUTH__API_KEYS", entry)]);
    assert!(listed(SHOPS_KEY).is_ok());
    assert!(listed(&format!("books:{}", &SHOPS_KEY[5..])).unwrap_err().contains("auth.keys: the name books comes twice"));
    assert!(listed(&format!("shop:{hash}")).unwrap_err().contains("auth.keys: shop and books are of one key"));
}

#[test]
fn a_key_that_is_good_for_nothing_is_warned_of_by_name() {
    let hashes = ["0", "1"].map(|digit| digit.repeat(64));
    let secret = ("AUTH__SIGNING_SECRETS", "till-1:0123456789abcdef0123456789abcdef");
    for (mode, scopes, is_idle) in [
        (&[("AUTH__MODE", "open")][..], "pay", true),
        (&[("AUTH__MODE", "signed"), secret], "pay", true),
        (&[("AUTH__MODE", "api_key")], "pay", false),
        (&[("AUTH__MODE", "open")], "pay,read", false),
    ] {
        let keys = [
            ("AUTH__KEYS__TILL__HASH", &*hashes[0]),
            ("AUTH__KEYS__TILL__SCOPES", scopes),
            ("AUTH__KEYS__BOOKS__HASH", &*hashes[1]),
            ("AUTH__KEYS__BOOKS__SCOPES", "read"),
        ];
        let read = settings(&[&[ACCEPTED][..], mode, &keys].concat()).unwrap();
        let warned: Vec<_> = read.warnings.iter().map(|warning| warning.read(English)).collect();
        assert_eq!(warned.len(), usize::from(is_idle), "{mode:?} {scopes}: {warned:?}");
        assert!(warned.iter().all(|warning| warning.contains("auth.keys.till has the scope pay alone")), "{warned:?}");
    }
}

#[test]
fn secrets_may_stand_in_files_or_among_systemd_s_credentials() {
    let directory = tempfile::TempDir::new().unwrap();
    let file = |name: &str, text: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let with = |variables: &[(&str, &str)]| {
        let variables: HashMap<_, _> = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::from_environment(variables).map_err(|error| error.to_string())
    };
    let identity = [
        ("WECHAT_PAY__WECHAT__APPID", "wxd930ea5d5a258f4f"),
        ("WECHAT_PAY__WECHAT__MCH_ID", "10000100"),
        ("WECHAT_PAY__WECHAT__NOTIFY_URL", "https://pay.example.com/wxPay/notify"),
        ("WECHAT_PAY__AUTH__MODE", "api_key"),
    ];
    let key = |ending: &str| file("key", format!("{KEY}{ending}").as_bytes());
    let (url, keys) =
        (file("url", b"mysql://u:p@127.0.0.1/d\n"), file("keys", format!("{SHOPS_KEY}\nnext:{}\n", "0".repeat(64)).as_bytes()));
    for ending in ["", "\n", "\r\n"] {
        let key = key(ending);
        let files = [
            ("WECHAT_PAY__WECHAT__API_KEY_FILE", &*key),
            ("WECHAT_PAY__DATABASE__URL_FILE", &url),
            ("WECHAT_PAY__AUTH__API_KEYS_FILE", &keys),
        ];
        let settings = with(&[&identity[..], &files].concat()).unwrap();
        assert!(settings.wechat.merchant.signer.uses_key(KEY) && !settings.database.is_sqlite());
        assert_eq!(settings.auth.keys.callers().map(Holder::name).collect::<Vec<_>>(), ["shop", "next"]);
    }

    file("wechat.api_key", format!("{KEY}\n").as_bytes());
    file("wechat.previous_api_key", b"8934e7d15453e97507ef794cf7b0519d");
    file("auth.api_keys", SHOPS_KEY.as_bytes());
    let credentials = [("CREDENTIALS_DIRECTORY", directory.path().to_str().unwrap())];
    let settings = with(&[&identity[..], &credentials].concat()).unwrap();
    assert!(settings.database.is_sqlite(), "what is not there is not given");
    let merchant = settings.wechat.merchant;
    assert!(merchant.signer.uses_key(KEY) && merchant.previous_key.is_some());

    let key = key("");
    let (empty, binary) = (file("empty", b"\n"), file("binary", &[0xff; 32]));
    let (by_itself, by_file) = (("WECHAT_PAY__WECHAT__API_KEY", KEY), ("WECHAT_PAY__WECHAT__API_KEY_FILE", &*key));
    for (variables, named) in [
        (vec![by_file, by_itself], "by itself as well as by wechat.api_key_file"),
        (vec![by_itself, credentials[0]], "by itself as well as by systemd's credential wechat.api_key"),
        (vec![by_file, credentials[0]], "by wechat.api_key_file as well as by systemd's credential wechat.api_key"),
        (vec![("WECHAT_PAY__WECHAT__API_KEY_FILE", "/etc/none")], "/etc/none: No such file"),
        (vec![("WECHAT_PAY__WECHAT__API_KEY_FILE", "CANARY")], "No such file"),
        (vec![("WECHAT_PAY__WECHAT__API_KEY_FILE", directory.path().to_str().unwrap())], "directory"),
        (vec![("WECHAT_PAY__WECHAT__API_KEY_FILE", &*empty)], "empty"),
        (vec![("WECHAT_PAY__WECHAT__API_KEY_FILE", &*binary)], "UTF-8"),
        (vec![("WECHAT_PAY__WECHAT__APPID_FILE", &*key)], "appid_file"),
    ] {
        let error = with(&[&identity[..], &variables].concat()).unwrap_err();
        assert!(error.contains(named) && !error.contains(KEY) && !error.contains("CANARY"), "{named}: {error}");
    }
}

/// A program at its most talkative, and where it is.
async fn talkative(database: &Database, variables: &[(&'static str, String)]) -> (Program, Caller) {
    let mut all = environment(&database.url, "127.0.0.1:0");
    all.push(("RUST_LOG", "trace".to_owned()));
    all.extend_from_slice(variables);
    let program = Program::start("serve", database.directory().unwrap(), &all);
    let till = Caller::new(program.address().await);
    (program, till)
}

/// What the program wrote, after none of these was found in it. The names of callers were.
async fn shows_none_of(program: Program, secrets: &[&str], caller: &str) {
    program.terminate();
    let (status, written) = program.end(Duration::from_secs(10)).await;
    assert!(status.is_some_and(|status| status.success()) && written.contains("TRACE"));
    for secret in secrets {
        if let Some(line) = written.lines().find(|line| line.contains(secret)) {
            panic!("{secret} was written: {line}");
        }
    }
    let lines = written.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut told: Vec<(u64, bool)> = Vec::new();
    for line in lines.filter(|line| line["message"] == "served") {
        told.push((line["status"].as_u64().unwrap(), line["caller"] == caller));
    }
    assert_eq!(told, [(401, false), (200, true)], "the log tells who opened a deal");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_hash_secret_or_signature_is_written() {
    let (key, entry) = drawn("till-1");
    let database = Database::fresh(Engine::Sqlite).await;
    let previous = "CanaryOld0CanaryOld1CanaryOld2ab";
    let variables =
        [("AUTH__MODE", "api_key".to_owned()), ("AUTH__API_KEYS", entry.clone()), ("WECHAT__PREVIOUS_API_KEY", previous.to_owned())];
    let (program, till) = talkative(&database, &variables).await;
    let wrong = format!("wpk_{}", "ca9a".repeat(16));
    assert_eq!(with_headers(&till, &[&format!("Bearer {wrong}")]).await.status, 401);
    assert_eq!(with_headers(&till, &[&format!("Bearer {key}")]).await.status, 200);
    shows_none_of(program, &[&key, &key[10..40], &wrong, &entry[7..], previous], "till-1").await;

    let secret = "CanarySecret-0123456789abcdef0123456789";
    let database = Database::fresh(Engine::Sqlite).await;
    let variables = [("AUTH__MODE", "signed".to_owned()), ("AUTH__SIGNING_SECRETS", format!("till-2:{secret}"))];
    let (program, till) = talkative(&database, &variables).await;
    let right = offer_at(Clock::System.now().timestamp(), "19.90", "nonce-0001", secret);
    let mut forged = right.clone();
    forged["signature"] = json!("ca9a".repeat(16));
    for (offer, status) in [(&forged, 401), (&right, 200)] {
        assert_eq!(carry(&till, offer, None).await.status, status);
    }
    let signature = right["signature"].as_str().unwrap();
    shows_none_of(program, &[secret, &secret[..12], signature, &signature[..20], forged["signature"].as_str().unwrap()], "till-2").await;
}
