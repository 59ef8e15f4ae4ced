//! What the service says to a configuration before it serves, and the commands around it.

use std::process::Command;

use wechat_pay::config::Overview;
use wechat_pay::language::Language::{Chinese, English};

use crate::support::configured::{KEY, SHOPS_KEY, merchant, output_of, run, settings, variables};
use crate::support::database::Engine;
use crate::support::test_app::TestAppBuilder;

#[test]
fn nothing_configured_means_sqlite_and_the_simulator() {
    let settings = settings(&[]).unwrap();
    assert!(settings.is_simulated());
    assert!(settings.database.is_sqlite());
    assert_eq!(settings.database.names().table("deal"), "deal");
    assert_eq!(settings.server.listen.to_string(), "127.0.0.1:8360");
    assert_eq!(settings.simulator.listen.to_string(), "127.0.0.1:8361");
    assert_eq!(settings.max_price.yuan(), "100000.00");
    assert_eq!(settings.terms.expire_after.num_seconds(), 7200);
}

#[test]
fn bills_are_read_where_there_is_money_unless_it_is_said() {
    for (read, enabled) in [
        (settings(&[]), false),
        (settings(&[("BILL__ENABLED", "true")]), true),
        (merchant(&[]), true),
        (merchant(&[("BILL__ENABLED", "false")]), false),
    ] {
        assert_eq!(read.unwrap().bill_enabled, enabled);
    }
    let bill = merchant(&[("BILL__AT", "11:05"), ("BILL__FOREIGN_PREFIXES", "ERP-, 9")]).unwrap().terms.bill;
    assert_eq!((bill.at.num_minutes(), &bill.foreign_prefixes[..]), (665, &["ERP-".to_owned(), "9".to_owned()][..]));
    let told = |changes: &[(&'static str, &'static str)]| Overview::of(&variables(changes)).unwrap().tell(English);
    assert!(told(&[]).contains("Each day at 10:30 in Beijing WeChat's bill of the day before is fetched"));
    assert!(told(&[("BILL__ENABLED", "false")]).contains("WeChat's bills are not held against the books (bill.enabled)."));
}

#[test]
fn half_the_credentials_are_refused_by_name() {
    let error = settings(&[("WECHAT__APPID", "wxd930ea5d5a258f4f")]).unwrap_err();
    assert!(error.contains("wechat.mch_id and wechat.api_key are missing"), "{error}");
    let error = settings(&[("WECHAT__API_KEY", KEY), ("WECHAT__MCH_ID", "10000100")]).unwrap_err();
    assert!(error.contains("wechat.appid is missing"), "{error}");
}

#[test]
fn whole_credentials_are_taken() {
    let endpoints = merchant(&[]).unwrap().wechat.endpoints.unwrap();
    assert_eq!(endpoints.primary.host_str(), Some("api.mch.weixin.qq.com"));
    assert_eq!(endpoints.backup.unwrap().host_str(), Some("api2.mch.weixin.qq.com"));
}

#[test]
fn a_service_pointed_elsewhere_never_falls_back_to_the_real_wechat() {
    let endpoints = merchant(&[("WECHAT__BASE_URL", "http://127.0.0.1:8361")]).unwrap().wechat.endpoints.unwrap();
    assert!(endpoints.backup.is_none());
    let both = merchant(&[("WECHAT__BASE_URL", "http://127.0.0.1:1"), ("WECHAT__BACKUP_BASE_URL", "http://127.0.0.1:2")]);
    assert_eq!(both.unwrap().wechat.endpoints.unwrap().backup.unwrap().port(), Some(2));
}

#[test]
fn what_cannot_work_is_refused_with_its_key_and_without_its_value() {
    let cases = [
        ("AUTH__MODE", "", "auth.mode"),
        ("AUTH__MODE", "API_KEY", "auth.mode"),
        ("AUTH__MODE", "CANARY", "auth.mode"),
        ("AUTH__MODE", "api_key", "auth.api_keys"),
        ("AUTH__MODE", "signed", "auth.signing_secrets"),
        ("AUTH__API_KEYS", "CANARY", "auth.api_keys"),
        ("AUTH__API_KEYS", "shop:CANARY", "auth.api_keys"),
        ("AUTH__API_KEYS", SHOPS_KEY, "auth.api_keys"),
        ("AUTH__SIGNING_SECRETS", "shop:CANARY", "auth.signing_secrets"),
        ("AUTH__SIGNING_SECRETS", "shop:CANARY0123456789abcdef0123456789", "auth.signing_secrets"),
        ("AUTH__SIGNED_WINDOW", "0", "auth.signed_window"),
        ("WECHAT__NOTIFY_URL", "", "wechat.notify_url"),
        ("WECHAT__NOTIFY_URL", "http://pay.example.com/wxPay/notify", "wechat.notify_url"),
        ("WECHAT__NOTIFY_URL", "https://pay.example.com/wxPay/notify?a=1", "wechat.notify_url: without a query"),
        ("WECHAT__NOTIFY_URL", "https://pay.example.com/wx&Pay", "wechat.notify_url"),
        ("WECHAT__BASE_URL", "http://api.mch.weixin.qq.com", "wechat.base_url: https is wanted"),
        ("WECHAT__BASE_URL", "http://10.0.0.7:8080", "name it as wechat.proxy"),
        ("WECHAT__BASE_URL", "https://user:CANARY@api.mch.weixin.qq.com", "wechat.base_url"),
        ("WECHAT__API_KEY", "0123456789abcdef0123456789abcdef", "wechat.api_key"),
        ("WECHAT__API_KEY", "CANARY", "wechat.api_key"),
        ("WECHAT__API_KEY", "CANARY CANARY CANARY CANARY CANA", "wechat.api_key"),
        ("WECHAT__API_KEY", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "wechat.api_key"),
        ("WECHAT__PREVIOUS_API_KEY", "CANARY", "wechat.previous_api_key"),
        ("WECHAT__PREVIOUS_API_KEY", KEY, "wechat.previous_api_key"),
        ("WECHAT__PREVIOUS_API_KEY", "0123456789abcdef0123456789abcdef", "wechat.previous_api_key"),
        ("WECHAT__NOTIFY_SOURCES", "101.226.103.0/25,CANARY", "wechat.notify_sources"),
        ("WECHAT__APPID", "wx CANARY", "wechat.appid"),
        ("WECHAT__SIGN_TYPE", "SHA1", "wechat.sign_type"),
        ("WECHAT__BODY", "a&b=c", "wechat.body"),
        ("WECHAT__BODY", "笑😀", "wechat.body"),
        ("DEAL__EXPIRE_AFTER", "7201", "deal.expire_after"),
        ("DEAL__EXPIRE_AFTER", "0", "deal.expire_after"),
        ("DEAL__MAX_PRICE", "1e5", "deal.max_price"),
        ("DEAL__MAX_PRICE", "100000000.00", "deal.max_price: at most 99999999.99"),
        ("BILL__ENABLED", "CANARY", "bill.enabled: true or false"),
        ("BILL__AT", "25:00", "bill.at: a time of day in Beijing from 10:00 to 23:59"),
        ("BILL__AT", "CANARY", "bill.at"),
        ("BILL__FOREIGN_PREFIXES", "ERP-,,9", "bill.foreign_prefixes: the prefix number 2 is empty"),
        ("BILL__FOREIGN_PREFIXES", "CANARY!", "bill.foreign_prefixes: the prefix number 1 is no beginning of an out_trade_no"),
        ("BILL__FOREIGN_PREFIXES", "ERP-,2026", "numbers that this service draws"),
        ("WECHAT__PROXY", "CANARY", "wechat.proxy"),
        ("WECHAT__PROXY", "ftp://u:CANARY@proxy.internal:21", "wechat.proxy"),
        ("WECHAT__PROXY", "http://u:CANARY@proxy.internal/path", "wechat.proxy"),
        ("DATABASE__URL", "postgres://u:CANARY@h/d", "database.url"),
        ("DATABASE__URL", "mysql://u:CANARY@h", "database.url"),
        ("DATABASE__URL", "sqlite::memory:", "database.url"),
        ("DATABASE__TABLE_PREFIX", "CANARY`", "database.table_prefix"),
        ("DATABASE__TABLE_PREFIX", "a.CANARY", "database.table_prefix"),
        ("DATABASE__TABLE_PREFIX", "付", "database.table_prefix"),
        ("DATABASE__TABLE_PREFIX", "twentyonetwentyonetwe", "database.table_prefix"),
        ("SERVER__LISTEN", "8360", "server.listen"),
        ("SERVER__TRUSTED_PROXIES", "10.0.0.0/8,CANARY", "server.trusted_proxies"),
        ("SERVER__CORS_ORIGINS", "https://shop.example.com/", "server.cors_origins"),
        ("SERVER__CORS_HEADERS", "x-shop,CANARY:", "server.cors_headers"),
        ("SERVER__CORS_HEADERS", "*", "server.cors_headers"),
        ("SERVER__CORS_HEADERS", "Authorization", "server.cors_headers"),
        ("SERVER__CLIENT_IP_HEADER", "", "server.client_ip_header"),
        ("SERVER__CLIENT_IP_HEADER", "x real ip", "server.client_ip_header"),
        ("SERVER__MAX_CONNECTIONS", "3", "server.max_connections"),
        ("SIMULATOR__TIME_SCALE", "0", "simulator.time_scale"),
        ("PAGE__MERCHANT_NAME", "a\nb", "page.merchant_name"),
        ("PAGE__LOGO", "/nowhere/CANARY.png", "page.logo: a file that can be read"),
        ("PAGE__LOGO", "Cargo.toml", "page.logo: a PNG, JPEG, WebP or SVG picture"),
        ("PAGE__LOGO", "Cargo.lock", "page.logo: a picture of at most 16 KiB"),
        ("PAGE__COLOR", "CANARY", "page.color"),
        ("PAGE__COLOR", "#07c16", "page.color"),
        ("PAGE__FRAME_ANCESTORS", "https://shop.example.com,*", "page.frame_ancestors"),
        ("PAGE__FRAME_ANCESTORS", "http://CANARY.example.com", "page.frame_ancestors"),
        ("PAGE__BASE_URL", "http://pay.example.com", "page.base_url"),
        ("PAGE__BASE_URL", "https://pay.example.com/?CANARY", "page.base_url"),
        ("PAGE__BASE_URL", "/pay", "page.base_url"),
        ("PAGE__RETURN_URL", "http://shop.example.com/{order_id}", "page.return_url"),
        ("PAGE__RETURN_URL", "https://u:CANARY@shop.example.com/", "page.return_url"),
        ("PAGE__RETURN_URL", "https://{order_id}.example.com/", "page.return_url"),
        ("PAGE__RETURN_URL", "javascript:alert({order_id})", "page.return_url"),
        ("PAGE__RETURN_URL", "{order_id}", "page.return_url"),
        ("PAGE__RETURN_URL", "https:shop.example.com/", "page.return_url"),
        ("PAGE__RETURN_URL", "https://shop.example.com/\\@evil.example", "page.return_url"),
        ("PAGE__RETURN_HOSTS", "shop.example.com,https://CANARY.example.com", "page.return_hosts"),
        ("METRICS__LISTEN", "8362CANARY", "metrics.listen"),
        ("CONSOLE__LISTEN", "8363CANARY", "console.listen"),
        ("CONSOLE__LISTEN", "127.0.0.1:8363", "console.users: at least one is wanted by console.listen"),
        ("CONSOLE__CONFIRM_ABOVE", "CANARY", "console.confirm_above"),
        ("CONSOLE__USERS__LI__PASSWORD", "CANARY", "console.users.li.password: an Argon2id hash"),
        ("CONSOLE__USERS__LI__ROLE", "CANARY", "console.users.li.role: viewer, operator or admin"),
        ("CONSOLE__USERS__LI__TOTP", "CANARY", "console.users.li.totp: the Base32"),
        ("CONSOLE__USERS__9", "CANARY", "console.users.9 must be a section"),
    ];
    for (key, value, named) in cases {
        let error = merchant(&[(key, value)]).unwrap_err();
        assert!(error.contains(named), "{key}={value}: {error}");
        assert!(!error.contains("CANARY"), "{key}: {error}");
    }
}

#[test]
fn unknown_keys_and_wrong_types_are_errors() {
    for (key, value, named) in [
        ("SERVER__LISTN", "127.0.0.1:1", "listn"),
        ("SERVRE__LISTEN", "127.0.0.1:1", "servre"),
        ("DEAL__EXPIRE_AFTER", "CANARY", "expire_after"),
        ("DATABASE__ACCEPT_WEAK_DURABILITY", "CANARY", "accept_weak_durability"),
    ] {
        let error = settings(&[(key, value)]).unwrap_err();
        assert!(error.contains(named) && !error.contains("CANARY"), "{key}: {error}");
    }
}

#[test]
fn secrets_are_not_shown_by_debug_or_display() {
    let variables = variables(&[
        ("DATABASE__URL", "mysql://u:CANARYPASSWORD@127.0.0.1/d"),
        ("WECHAT__PREVIOUS_API_KEY", "CANARYPASSWORD0123456789abcdefgh"),
        ("AUTH__MODE", "signed"),
        ("AUTH__SIGNING_SECRETS", "shop:CANARYPASSWORD0123456789abcdefgh"),
    ]);
    let overview = Overview::of(&variables).unwrap();
    for shown in [format!("{overview:?}"), overview.tell(English), overview.tell(Chinese)] {
        assert!(!shown.contains(KEY) && !shown.contains("CANARYPASSWORD"), "{shown}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let wrong = [
        ("SERVER__LISTEN", "8360"),
        ("SERVER__MAX_CONNECTIONS", "0"),
        ("SERVER__LISTN", "127.0.0.1:1"),
        ("DATABASE__URL", "postgres://h/d"),
        ("DATABASE__LARGEST_BATCH", "65"),
        ("DEAL__EXPIRE_AFTER", "soon"),
        ("DEAL__CLOSE_MIN_AGE", "7201"),
        ("DEAL__MAX_PRICE", "1e5"),
        ("WECHAT__APPID", "wx 1"),
        ("WECHAT__SIGN_TYPE", "SHA1"),
        ("WECHAT__BODY", "a&b"),
        ("WECHAT__BASE_URL", "http://10.0.0.7"),
        ("WECHAT__NOTIFY_URL", "http://pay.example.com"),
        ("AUTH__MODE", "CANARY"),
        ("SWEEP__PAUSE", "0"),
        ("PAGE__BASE_URL", "/pay"),
        ("SIMULATOR__TIME_SCALE", "0"),
    ];
    let told = merchant(&wrong).unwrap_err();
    for (key, _) in wrong {
        let key = key.to_lowercase().replace("__", ".");
        assert!(told.lines().filter(|line| line.starts_with(&key)).count() == 1, "{key}: {told}");
    }
    assert_eq!(told.lines().count(), wrong.len(), "{told}");
}

#[test]
fn a_mistyped_name_is_told_with_the_one_that_was_meant() {
    for (name, meant) in [
        ("SERVER__LISTN", "server.listn: there is no such key; did you mean server.listen?"),
        ("SERVRE__LISTEN", "servre: there is no such key; did you mean server?"),
    ] {
        let error = settings(&[(name, "127.0.0.1:1")]).unwrap_err();
        assert!(error.contains(meant), "{error}");
    }
    for (name, meant) in [
        ("WECHAT_PAY_DATABASE_URL", "did you mean WECHAT_PAY__DATABASE__URL?"),
        ("WECHAT_PAY_WECHAT__API_KEY", "did you mean WECHAT_PAY__WECHAT__API_KEY?"),
        ("WECHAT_PAY_PROFILE", "did you mean WECHAT_PAY__PROFILE?"),
        ("WECHAT_PAY_SOMETHING_ELSE", "ours begin with WECHAT_PAY__"),
    ] {
        let (code, _, stderr) = run(&["check-config"], &[(name, "CANARY")]);
        assert!(code == 0 && stderr.contains(&format!("the variable {name} is not looked at: {meant}")), "{name}: {stderr}");
        assert!(!stderr.contains("CANARY"), "{stderr}");
        let (_, found, _) = run(&["doctor"], &[(name, "CANARY")]);
        assert!(found.contains("warn  configuration") && found.contains(meant), "{found}");
    }
    let of_kubernetes = [("WECHAT_PAY_SERVICE_HOST", "10.0.0.1"), ("WECHAT_PAY_PORT_8360_TCP_ADDR", "10.0.0.1")];
    assert_eq!(run(&["check-config"], &of_kubernetes).2, "");
}

#[test]
fn a_variable_that_is_no_text_is_named() {
    use std::os::unix::ffi::OsStrExt;
    let broken = std::ffi::OsStr::from_bytes(b"CANARY\xff");
    for (name, told) in [("WECHAT_PAY__WECHAT__BODY", true), ("WECHAT_PAY_BODY", true), ("LESSOPEN", false)] {
        let directory = tempfile::TempDir::new().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_wechat-pay"));
        let (code, _, stderr) = output_of(command.arg("check-config").current_dir(&directory).env_clear().env(name, broken));
        assert_eq!((code, stderr.contains(&format!("the variable {name} is not UTF-8"))), (i32::from(told), told), "{stderr}");
        assert!(!stderr.contains("CANARY") && !stderr.contains("panic"), "{stderr}");
    }
}

#[test]
fn two_variables_of_one_key_are_refused_by_both_names() {
    let (code, _, stderr) = run(&["check-config"], &[("PAGE__MERCHANT_NAME", "a"), ("PAGE__Merchant_Name", "CANARY")]);
    let named = "WECHAT_PAY__PAGE__MERCHANT_NAME and WECHAT_PAY__PAGE__Merchant_Name are of one key";
    assert!(code == 1 && stderr.contains(named) && !stderr.contains("CANARY"), "{stderr}");
    assert_eq!(run(&["check-config"], &[("PAGE__Merchant_Name", "a"), ("PAGE__BASE_URL", "")]).0, 0, "capitals do not count");
}

#[test]
fn a_profile_that_cannot_be_read_is_told_with_file_and_place() {
    let directory = tempfile::TempDir::new().unwrap();
    let config = directory.path().join("config");
    std::fs::create_dir(&config).unwrap();
    std::fs::write(config.join("broken.toml"), "[wechat]\nbody = \"a\"\napi_key = CANARY\n").unwrap();
    std::fs::write(config.join("odd.toml"), "[server]\nlisten = [1]\nport = 1\n").unwrap();
    std::fs::write(config.join("fine.toml"), "[deal]\nexpire_after = 600\n").unwrap();
    for (profile, code, words) in [
        ("none", 1, &["config/none.toml", "WECHAT_PAY__PROFILE", "No such file"][..]),
        ("broken", 1, &["config/broken.toml", "line 3"]),
        ("odd", 1, &["server.listen in config/odd.toml must be a text", "server.port in config/odd.toml: there is no such key"]),
        ("fine", 0, &["config/fine.toml", "10m"]),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wechat-pay"));
        command.arg("check-config").current_dir(&directory).env_clear().env("WECHAT_PAY__PROFILE", profile);
        let (ended, stdout, stderr) = output_of(&mut command);
        let said = stdout + &stderr;
        assert!(ended == code && words.iter().all(|word| said.contains(word)) && !said.contains("CANARY"), "{profile}: {said}");
    }
}

#[test]
fn the_commands_say_what_they_do() {
    let (code, stdout, _) = run(&["check-config"], &[]);
    assert_eq!(code, 0);
    assert!(stdout.contains("the simulator, on 127.0.0.1:8361: no money moves"), "{stdout}");
    let (code, _, stderr) = run(&["check-config"], &[("WECHAT__APPID", "wx0")]);
    assert_eq!(code, 1);
    assert!(stderr.contains("wechat.mch_id"), "{stderr}");
    let (code, stdout, _) = run(&["migrate"], &[]);
    assert_eq!(
        (code, stdout.as_str()),
        (
            0,
            "taken: 0001_deal, 0002_gateway_columns, 0004_transaction_key, 0005_signed_nonce, 0006_refunded_at, 0007_account_and_details, 0008_refund, 0009_untold, 0010_outbox, 0011_books, 0012_checkout, 0013_bill, 0014_console, 0015_one_column_keys, 0003_adoption\n"
        )
    );
    assert_eq!(run(&["serve"], &[("WECHAT__MCH_ID", "1")]).0, 1);
    assert_eq!(run(&["frobnicate"], &[]).0, 2);
    assert!(run(&["help"], &[]).1.contains("usage"));
    assert_eq!(run(&["--version"], &[]).1, concat!("wechat-pay ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[tokio::test]
async fn limits_are_kept_by_address_and_by_merchant() {
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("LIMITS__PER_ADDRESS", 3).set("LIMITS__PER_MERCHANT", 5).open().await;
    let call = |address: &'static str, merchant_id: u32| {
        let body = format!("merchant_id={merchant_id}&product_id=1&price=1");
        let request = app.till.request("POST", "/wxPay/toPay").header("x-forwarded-for", address);
        app.till.send(request.header("content-type", "application/x-www-form-urlencoded").body(body))
    };
    for _ in 0..3 {
        assert_eq!(call("198.51.100.1", 1).await.status, 200);
    }
    let refused = call("198.51.100.1", 2).await;
    assert_eq!((refused.status, refused.reason().as_str()), (429, "RATE_LIMITED"));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    assert_eq!(call("198.51.100.2", 1).await.status, 200);
    assert_eq!(call("198.51.100.3", 1).await.status, 200);
    assert_eq!(call("198.51.100.4", 1).await.status, 429, "five calls for this merchant");
    assert_eq!(call("198.51.100.4", 2).await.status, 200);
    assert_eq!(app.look().await.count().await, 6, "a refused call leaves nothing");
}
