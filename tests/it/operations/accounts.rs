//! Several merchant numbers in one configuration: what is taken, what is taken over, what is refused; and the service with them.

use std::time::{Duration, Instant};

use serde_json::json;
use wechat_pay::channel::wechat::v2::SignType;
use wechat_pay::config::{Overview, Settings};
use wechat_pay::language::Language::{Chinese, English};

use crate::support::configured::{KEY, merchant, output_of, run, settings, variables};
use crate::support::database::{Database, Engine};
use crate::support::program::{Program, environment};
use crate::support::test_app::{Order, TestAppBuilder};

const OTHER_KEY: &str = "8934e7d15453e97507ef794cf7b0519d";
const SHOP2: [(&str, &str); 3] =
    [("ACCOUNTS__SHOP2__APPID", "wx2421b1c4370ec43b"), ("ACCOUNTS__SHOP2__MCH_ID", "10000200"), ("ACCOUNTS__SHOP2__API_KEY", OTHER_KEY)];

/// The merchant with the account `shop2` and these changes.
fn shop2(changes: &[(&'static str, &'static str)]) -> Result<Settings, String> {
    merchant(&[&SHOP2, changes].concat())
}

#[test]
fn an_account_takes_over_where_wechat_is_and_never_a_key_or_a_number() {
    let of_wechat = [
        ("WECHAT__SIGN_TYPE", "HMAC-SHA256"),
        ("WECHAT__BASE_URL", "https://wechat.example.com"),
        ("WECHAT__BACKUP_BASE_URL", "https://wechat2.example.com"),
        ("WECHAT__PROXY", "http://proxy.internal:3128"),
        ("WECHAT__BODY", "of wechat"),
        ("WECHAT__QUERY_BUDGET", "7"),
        ("WECHAT__PREVIOUS_API_KEY", "a934e7d15453e97507ef794cf7b0519d"),
        ("WECHAT__SUB_MCH_ID", "10000101"),
        ("ACCOUNTS__SHOP2__SELLERS", "12, 100-199"),
    ];
    let settings = shop2(&of_wechat).unwrap();
    let [shop2] = &settings.accounts[..] else { panic!("{settings:?}") };
    assert_eq!(shop2.endpoints, settings.wechat.endpoints);
    assert_eq!((shop2.terms.body.as_str(), shop2.terms.query_budget), ("of wechat", 100));
    assert_eq!(shop2.terms.sellers.to_string(), "12,100-199");
    let merchant = &shop2.merchant;
    assert_eq!((merchant.account.as_str(), merchant.appid.as_str(), merchant.mch_id.as_str()), ("shop2", "wx2421b1c4370ec43b", "10000200"));
    assert_eq!(merchant.signer.sign_type(), SignType::HmacSha256);
    assert!(merchant.signer.uses_key(OTHER_KEY) && merchant.previous_key.is_none() && merchant.sub_mch_id.is_none());
    assert_eq!(merchant.notify_url, "https://pay.example.com/wxPay/notify/shop2");
}

#[test]
fn what_an_account_says_itself_counts() {
    let own = [
        ("ACCOUNTS__SHOP2__SIGN_TYPE", "HMAC-SHA256"),
        ("ACCOUNTS__SHOP2__BASE_URL", "http://127.0.0.1:9"),
        ("ACCOUNTS__SHOP2__BODY", "of shop2"),
        ("ACCOUNTS__SHOP2__NOTIFY_URL", "https://shop2.example.com/wxPay/notify"),
        ("ACCOUNTS__SHOP2__SUB_MCH_ID", "10000201"),
        ("ACCOUNTS__SHOP2__SUB_APPID", "wx8888888888888888"),
    ];
    let settings = shop2(&own).unwrap();
    let shop2 = &settings.accounts[0];
    assert_eq!(settings.wechat.merchant.signer.sign_type(), SignType::Md5);
    assert_eq!((shop2.merchant.signer.sign_type(), shop2.terms.body.as_str()), (SignType::HmacSha256, "of shop2"));
    assert_eq!(shop2.merchant.notify_url, "https://shop2.example.com/wxPay/notify");
    assert_eq!((shop2.merchant.sub_mch_id.as_deref(), shop2.merchant.sub_appid.as_deref()), (Some("10000201"), Some("wx8888888888888888")));
    let endpoints = shop2.endpoints.as_ref().unwrap();
    assert_eq!((endpoints.primary.port(), &endpoints.backup), (Some(9), &None), "it never falls back to another's host");
}

#[test]
fn what_cannot_work_is_refused_by_the_account_s_name() {
    let cases: &[(&[(&'static str, &'static str)], &str)] = &[
        (&[("ACCOUNTS__SHOP2__API_KEY", "")], "accounts.shop2.api_key is missing: accounts.shop2.appid, "),
        (&[("ACCOUNTS__SHOP3__SELLERS", "5")], "accounts.shop3.appid and accounts.shop3.mch_id and accounts.shop3.api_key are missing"),
        (&[("ACCOUNTS__SHOP2__API_KEY", "CANARY")], "accounts.shop2.api_key: "),
        (&[("ACCOUNTS__SHOP2__PREVIOUS_API_KEY", OTHER_KEY)], "accounts.shop2.previous_api_key: this is the present api_key"),
        (&[("ACCOUNTS__SHOP2__API_KEY", "0123456789abcdef0123456789abcdef")], "accounts.shop2.api_key: this is the simulator's key"),
        (&[("ACCOUNTS__SHOP2__APPID", "wx CANARY")], "accounts.shop2.appid: "),
        (&[("ACCOUNTS__SHOP2__SUB_APPID", "wx8888888888888888")], "accounts.shop2.sub_appid: is a sub-merchant's"),
        (&[("ACCOUNTS__SHOP2__SUB_MCH_ID", "10000200")], "accounts.shop2.sub_mch_id: this is mch_id itself"),
        (&[("WECHAT__SUB_APPID", "wx8888888888888888")], "wechat.sub_appid: is a sub-merchant's"),
        (&[("ACCOUNTS__SHOP2__SELLERS", "9-CANARY")], "accounts.shop2.sellers: numbers and ranges"),
        (&[("ACCOUNTS__SHOP2__SIGN_TYPE", "SHA1")], "accounts.shop2.sign_type: "),
        (&[("ACCOUNTS__SHOP2__PROXY", "http://u:CANARY@proxy/path")], "accounts.shop2.proxy: "),
        (&[("ACCOUNTS__SHOP2__BASE_URL", "http://10.0.0.7")], "accounts.shop2.base_url: https is wanted"),
        (&[("ACCOUNTS__SHOP2__NOTIFY_URL", "https://pay.example.com/wxPay/notify?a=1")], "accounts.shop2.notify_url: without a query"),
        (&[("ACCOUNTS__DEFAULT__SELLERS", "5")], "accounts.default: the account of this name is the section [wechat]"),
        (&[("ACCOUNTS__2SHOP__SELLERS", "5")], "accounts.2shop: an account's name has 1 to 32 characters"),
        (
            &[("ACCOUNTS__SHOP2__APPID", "wxd930ea5d5a258f4f"), ("ACCOUNTS__SHOP2__MCH_ID", "10000100"), ("ACCOUNTS__SHOP2__API_KEY", KEY)],
            "accounts.shop2.mch_id: wechat has the same appid, mch_id and sub_mch_id",
        ),
        (&[("ACCOUNTS__SHOP2__MCH_ID", "10000100")], "accounts.shop2.api_key: wechat has the same mch_id and another key"),
        (&[("ACCOUNTS__SHOP2__APID", "CANARY")], "accounts.shop2.apid: there is no such key; did you mean accounts.shop2.appid?"),
        (&[("ACCOUNTS__SHOP2__QUERY_BUDGET", "CANARY")], "accounts.shop2.query_budget must be a whole number"),
        (&[("ACCOUNTS__SHOP4", "CANARY")], "accounts.shop4 must be a section"),
        (&[("WECHAT__SELLERS", "5")], "wechat.sellers: there is no such key"),
    ];
    for (changes, told) in cases {
        let error = shop2(changes).unwrap_err();
        assert!(error.contains(told), "{changes:?}: {error}");
        assert!(!error.contains("CANARY"), "{error}");
    }
}

#[test]
fn all_mistakes_of_all_accounts_are_told_at_once_and_an_inherited_one_only_once() {
    let told = shop2(&[
        ("WECHAT__SIGN_TYPE", "SHA1"),
        ("WECHAT__BASE_URL", "http://10.0.0.7"),
        ("ACCOUNTS__SHOP2__APID", "x"),
        ("ACCOUNTS__SHOP2__BODY", "a&b"),
        ("ACCOUNTS__SHOP3__MCH_ID", "10000300"),
    ])
    .unwrap_err();
    assert_eq!(told.lines().count(), 5, "{told}");
    let forgotten = [("WECHAT__NOTIFY_URL", ""), ("WECHAT__SIGN_TYPE", ""), ("WECHAT__BASE_URL", ""), ("WECHAT__BODY", "")];
    let told = shop2(&forgotten).unwrap_err();
    assert!(told.lines().all(|line| line.starts_with("wechat.")), "{told}");
    assert_eq!(told.lines().count(), forgotten.len(), "{told}");
}

#[test]
fn one_seller_has_one_account() {
    let third = [
        ("ACCOUNTS__SHOP3__APPID", "wx2421b1c4370ec43b"),
        ("ACCOUNTS__SHOP3__MCH_ID", "10000300"),
        ("ACCOUNTS__SHOP3__API_KEY", "a934e7d15453e97507ef794cf7b0519d"),
    ];
    for (of_shop2, of_shop3, overlap) in
        [("12", "12", Some("12")), ("1-100", "50", Some("50")), ("5,90-100", "1-10", Some("5")), ("1-9", "10", None)]
    {
        let sellers = [("ACCOUNTS__SHOP2__SELLERS", of_shop2), ("ACCOUNTS__SHOP3__SELLERS", of_shop3)];
        let read = shop2(&[&third[..], &sellers].concat());
        match overlap {
            None => assert_eq!(read.unwrap().accounts.len(), 2),
            Some(seller) => {
                let error = read.unwrap_err();
                assert!(error.contains(&format!("sellers: seller {seller} is one of accounts.shop")), "{error}");
            }
        }
    }
}

#[test]
fn sub_merchants_of_one_provider_are_several_accounts() {
    let provider =
        [("ACCOUNTS__SHOP2__APPID", "wxd930ea5d5a258f4f"), ("ACCOUNTS__SHOP2__MCH_ID", "10000100"), ("ACCOUNTS__SHOP2__API_KEY", KEY)];
    let settings = merchant(&[&provider[..], &[("ACCOUNTS__SHOP2__SUB_MCH_ID", "10000101")]].concat()).unwrap();
    assert_eq!(settings.accounts[0].merchant.sub_mch_id.as_deref(), Some("10000101"));
}

#[test]
fn without_credentials_the_simulator_draws_numbers_for_every_account() {
    let drawn = [("ACCOUNTS__B__SELLERS", "2"), ("ACCOUNTS__A__SELLERS", "1")];
    let read = settings(&[&drawn[..], &SHOP2].concat()).unwrap();
    let numbers: Vec<_> =
        read.all_accounts().map(|account| (account.merchant.account.as_str(), account.merchant.mch_id.as_str())).collect();
    assert_eq!(numbers, [("default", "1900000001"), ("a", "1900000002"), ("b", "1900000003"), ("shop2", "10000200")]);
    let keys: Vec<_> = read.all_accounts().map(|account| &account.merchant.signer).collect();
    assert!(!keys[1].shares_key_with(keys[0]) && !keys[2].shares_key_with(keys[1]) && keys[3].uses_key(OTHER_KEY));
    assert!(settings(&drawn).unwrap().may_simulate().is_ok());
    let half = settings(&[("ACCOUNTS__A__APPID", "wx2421b1c4370ec43b")]).unwrap_err();
    assert!(half.contains("accounts.a.mch_id and accounts.a.api_key are missing"), "{half}");
}

#[test]
fn credentials_of_an_account_forbid_the_simulator_where_those_of_wechat_were_forgotten() {
    let named = "accounts.shop2.appid, accounts.shop2.mch_id, accounts.shop2.api_key are set";
    let told = settings(&SHOP2).unwrap().may_simulate().unwrap_err().to_string();
    assert!(told.contains("no WeChat credentials are configured") && told.contains(named) && !told.contains(OTHER_KEY), "{told}");
    let (code, _, stderr) = run(&["check-config"], &SHOP2);
    assert!(code == 1 && stderr.contains(named), "{stderr}");
    assert_eq!(run(&["serve"], &SHOP2).0, 1);
    let accepted = settings(&[&SHOP2[..], &[("SIMULATOR__ACCEPT_DATABASE", "true")]].concat()).unwrap();
    assert!(accepted.may_simulate().is_ok());
}

#[test]
fn settings_that_only_real_accounts_have_forbid_the_simulator() {
    for (key, value, told) in [
        ("ACCOUNTS__A__BASE_URL", "https://wechat.example.com", "accounts.a.base_url is set"),
        ("ACCOUNTS__A__PROXY", "http://proxy.internal:3128", "accounts.a.proxy is set"),
        ("ACCOUNTS__A__PREVIOUS_API_KEY", OTHER_KEY, "accounts.a.previous_api_key is set"),
        ("ACCOUNTS__A__NOTIFY_URL", "https://pay.example.com/wxPay/notify", "accounts.a.notify_url is set"),
    ] {
        let error = settings(&[(key, value)]).unwrap().may_simulate().unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
    let local = [("ACCOUNTS__A__NOTIFY_URL", "http://127.0.0.1:8360/wxPay/notify"), ("ACCOUNTS__A__SELLERS", "5")];
    assert!(settings(&local).unwrap().may_simulate().is_ok());
}

#[test]
fn check_config_tells_each_account_s_keys_and_whose_deals_go_through_it() {
    let sellers = ("ACCOUNTS__SHOP2__SELLERS", "12,100-199");
    let overview = Overview::of(&variables(&[&SHOP2[..], &[sellers]].concat())).unwrap();
    let told = overview.tell(English);
    let line = |key: &str| told.lines().find(|line| line.starts_with(key)).unwrap_or_else(|| panic!("{key}: {told}"));
    assert!(line("accounts.shop2.appid ").ends_with("environment WECHAT_PAY__ACCOUNTS__SHOP2__APPID"), "{told}");
    assert!(line("accounts.shop2.base_url ").ends_with("wechat.base_url"), "taken over from there: {told}");
    assert!(line("accounts.shop2.api_key ").contains("set, not shown"), "{told}");
    assert!(told.contains("Deals of the sellers 12,100-199 go through the account shop2.\nDeals of all other sellers"), "{told}");
    assert!(overview.tell(Chinese).contains("商户编号 12,100-199 的订单走账户 shop2。"));
    assert!(!told.contains(OTHER_KEY) && !format!("{overview:?}").contains(OTHER_KEY));
}

#[test]
fn a_key_that_may_open_deals_of_every_seller_is_warned_of() {
    let told = |limits: &[(&'static str, &'static str)]| {
        let hash = "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789";
        let key = [("AUTH__KEYS__SHOP__HASH", hash), ("AUTH__KEYS__SHOP__SCOPES", "pay,read")];
        let warnings = shop2(&[&key[..], limits].concat()).unwrap().warnings;
        warnings.iter().any(|warning| warning.read(English).starts_with("auth.keys.shop is limited to accounts and to no sellers"))
    };
    assert!(told(&[("AUTH__KEYS__SHOP__ACCOUNTS", "shop2")]));
    assert!(!told(&[("AUTH__KEYS__SHOP__ACCOUNTS", "shop2"), ("AUTH__KEYS__SHOP__SELLERS", "12")]));
    assert!(!told(&[("AUTH__KEYS__SHOP__ACCOUNTS", "shop2"), ("AUTH__KEYS__SHOP__SCOPES", "read")]));
    assert!(!told(&[]), "a key of all accounts and sellers is meant to be one");
}

#[test]
fn a_profile_may_name_accounts_as_variables_cannot() {
    let directory = tempfile::TempDir::new().unwrap();
    let (config, secret) = (directory.path().join("config"), directory.path().join("key"));
    std::fs::create_dir(&config).unwrap();
    std::fs::write(&secret, format!("{OTHER_KEY}\n")).unwrap();
    let shop = "[simulator]\naccept_database = true\n[accounts.shop-2_b]\nappid = \"wx2421b1c4370ec43b\"\nmch_id = \"10000200\"\nquery_budget = 5\n";
    std::fs::write(config.join("shops.toml"), format!("{shop}api_key_file = \"{}\"\n", secret.display())).unwrap();
    std::fs::write(config.join("wrong.toml"), format!("{shop}apikey = \"CANARY\"\n[accounts.Shop]\n")).unwrap();
    let check = |profile| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_wechat-pay"));
        output_of(command.arg("check-config").current_dir(&directory).env_clear().env("WECHAT_PAY__PROFILE", profile))
    };
    let (code, told, _) = check("shops");
    assert_eq!(code, 0);
    let of_key = told.lines().find(|line| line.starts_with("accounts.shop-2_b.api_key ")).unwrap();
    assert!(of_key.contains("set, not shown") && of_key.ends_with(&format!("file {}", secret.display())), "{told}");
    let (code, _, told) = check("wrong");
    assert_eq!(code, 1);
    assert!(told.contains("accounts.shop-2_b.apikey in config/wrong.toml: there is no such key; did you mean accounts.shop-2_b.api_key?"));
    assert!(!told.contains("CANARY"), "{told}");
}

#[test]
fn a_mistyped_variable_of_an_account_is_told_with_the_one_that_was_meant() {
    for (name, meant) in [
        ("WECHAT_PAY_ACCOUNTS__SHOP2__APPID", "WECHAT_PAY__ACCOUNTS__SHOP2__APPID"),
        ("WECHAT_PAY_ACCOUNTS_SHOP2_API_KEY", "WECHAT_PAY__ACCOUNTS__SHOP2__API_KEY"),
        ("WECHAT_PAY_ACCOUNTS_SHOP2_PREVIOUS_API_KEY", "WECHAT_PAY__ACCOUNTS__SHOP2__PREVIOUS_API_KEY"),
        ("WECHAT_PAY_AUTH_KEYS_SHOP_HASH", "WECHAT_PAY__AUTH__KEYS__SHOP__HASH"),
    ] {
        let (_, _, stderr) = run(&["check-config"], &[(name, "CANARY")]);
        assert!(stderr.contains(&format!("did you mean {meant}?")), "{name}: {stderr}");
    }
}

#[tokio::test]
async fn each_seller_s_deals_go_through_its_account() {
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("ACCOUNTS__SHOP2__SELLERS", "100-199").open().await;
    for (seller, mch_id, path) in [(12, "1900000001", "/wxPay/notify"), (150, "1900000002", "/wxPay/notify/shop2")] {
        let answer = app.till.post_json("/wxPay/toPay", &json!({"merchant_id": seller, "product_id": 34, "price": "19.90"})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let order = Order { id: answer.json()["order_id"].as_str().unwrap().to_owned(), code_url: String::new() };
        let at_wechat = app.wechat().order(&order.id).unwrap().clone();
        assert_eq!(at_wechat.mch_id, mch_id);
        assert!(at_wechat.notify_url.ends_with(path), "{}", at_wechat.notify_url);
        assert_eq!(app.trade_state(&order.id).await, "NOTPAY");
        app.payer_pays(&order).await;
        assert!(app.wechat().order(&order.id).unwrap().attempts[0].acknowledged, "{mch_id}");
        assert_eq!(app.trade_state(&order.id).await, "SUCCESS");
    }
    let orders = app.phone().get("/_sim/orders").await.json();
    assert_eq!((&orders[0]["payee"], &orders[1]["payee"]), (&json!("shop2"), &json!(null)), "what the phone calls them");
}

#[test]
fn the_simulator_knows_merchants_of_its_own() {
    let bakery = [
        ("SIMULATOR__MERCHANTS__BAKERY__APPID", "wx2421b1c4370ec43b"),
        ("SIMULATOR__MERCHANTS__BAKERY__MCH_ID", "1900000077"),
        ("SIMULATOR__MERCHANTS__BAKERY__API_KEY", OTHER_KEY),
        ("SIMULATOR__MERCHANTS__BAKERY__NAME", "面包店"),
        ("SIMULATOR__MERCHANTS__BAKERY__SUB_MERCHANTS", "1900000078,1900000079:wx8888888888888888"),
    ];
    let read = settings(&bakery).unwrap();
    assert_eq!(read.simulator.merchants.len(), 2);
    assert!(!format!("{read:?}").contains(OTHER_KEY));
    for (key, value, told) in [
        ("MCH_ID", "1900000001", "api_key: wechat has the same mch_id and another key"),
        ("API_KEY", "CANARY", "api_key: "),
        ("SUB_MERCHANTS", "1:2:CANARY", "sub_merchants: mch_id or mch_id:appid"),
    ] {
        let key = format!("SIMULATOR__MERCHANTS__BAKERY__{key}");
        let error = settings(&[&bakery[..], &[(&key, value)]].concat()).unwrap_err();
        assert!(error.contains(&format!("simulator.merchants.bakery.{told}")) && !error.contains("CANARY"), "{error}");
    }
}

/// With 500 accounts it starts as soon, and needs little more memory: they share what is large.
#[tokio::test]
async fn five_hundred_accounts_are_cheap() {
    let mut resident = Vec::new();
    for accounts in [0, 500] {
        let database = Database::fresh(Engine::Sqlite).await;
        let directory = tempfile::TempDir::new().unwrap();
        std::fs::create_dir(directory.path().join("config")).unwrap();
        let section = |n: u32| {
            format!("[accounts.shop{n}]\nappid = \"wx{n:016}\"\nmch_id = \"18{n:08}\"\napi_key = \"{n:032}\"\nsellers = \"{n}\"\n")
        };
        let default = "[wechat]\nappid = \"wxd930ea5d5a258f4f\"\nmch_id = \"10000100\"\nbase_url = \"http://127.0.0.1:9\"\n\
                       notify_url = \"https://pay.example.com/wxPay/notify\"\n[auth]\nmode = \"open\"\n";
        let profile = format!("{default}{}", (1..=accounts).map(section).collect::<String>());
        std::fs::write(directory.path().join("config/many.toml"), profile).unwrap();
        let mut variables = environment(&database.url, "127.0.0.1:0");
        variables.push(("WECHAT__API_KEY", KEY.to_owned()));
        let started = Instant::now();
        let program = Program::start_under(&["env", "WECHAT_PAY__PROFILE=many"], "serve", directory.path(), &variables);
        program.address().await;
        assert!(started.elapsed() < Duration::from_secs(5), "{accounts} accounts: {:?}", started.elapsed());
        resident.push(program.process.memory_kib("VmRSS"));
    }
    let growth = resident[1].saturating_sub(resident[0]);
    assert!(growth < 20 * 1024, "{growth} KiB for 500 accounts: {resident:?}");
}

#[tokio::test]
async fn an_account_s_name_stands_in_the_story_of_its_deal() {
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("ACCOUNTS__SHOP2__SELLERS", "12").open().await;
    let order = app.to_pay("19.90").await;
    assert!(app.explain(&order.id).await.contains("through the account shop2"));
}
