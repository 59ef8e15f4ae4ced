//! What the service makes of configured endpoints, and what it refuses.

use std::collections::HashMap;

use wechat_pay::config::{Overview, Settings};
use wechat_pay::deal::EventType;
use wechat_pay::language::Language::{Chinese, English};

use crate::support::configured::{merchant, run, settings};

const URL: (&str, &str) = ("WEBHOOKS__SHOP__URL", "https://shop.example.com/events");
const SECRET: (&str, &str) = ("WEBHOOKS__SHOP__SECRET", "whsec_CANARY9xYzB7mQ2rT5vW8yA1cE4gI6kM");
const PREVIOUS: &str = "whsec_CANARY8xYzB7mQ2rT5vW8yA1cE4gI6kM";

fn endpoint(changes: &[(&'static str, &'static str)]) -> Result<Settings, String> {
    let mut all: HashMap<_, _> = [URL, SECRET].into();
    all.extend(changes.iter().copied());
    merchant(&all.into_iter().collect::<Vec<_>>())
}

#[test]
fn an_endpoint_is_told_everything_unless_it_is_limited() {
    let settings = endpoint(&[]).unwrap();
    let [shop] = &settings.webhooks[..] else { panic!("{settings:?}") };
    assert_eq!((shop.name.as_str(), shop.url.as_str(), shop.allow_private), ("shop", URL.1, false));
    assert_eq!(shop.wanted.types, EventType::ALL.into());
    assert!(shop.wanted.reach == Default::default() && shop.secrets.previous.is_none());
    assert_eq!(settings.keep_events.num_days(), 90);

    let limits = [
        ("WEBHOOKS__SHOP__EVENTS", "deal.paid, refund.failed"),
        ("WEBHOOKS__SHOP__SELLERS", "12,20-29"),
        ("WEBHOOKS__SHOP__ACCOUNTS", "default"),
        ("WEBHOOKS__SHOP__PREVIOUS_SECRET", PREVIOUS),
        ("EVENTS__KEEP", "1d"),
    ];
    let settings = endpoint(&limits).unwrap();
    let shop = &settings.webhooks[0];
    assert_eq!(shop.wanted.types, [EventType::DealPaid, EventType::RefundFailed].into());
    let default = "default".parse().unwrap();
    assert!(shop.wanted.reach.covers(25, &default) && !shop.wanted.reach.covers(13, &default));
    assert!(shop.secrets.previous.is_some());
    assert_eq!(settings.keep_events.num_days(), 1);
}

#[test]
fn an_endpoint_that_cannot_work_is_refused_by_its_key() {
    let url = |value, why| ("WEBHOOKS__SHOP__URL", value, "webhooks.shop.url", why);
    for (key, value, named, why) in [
        url("", "is wanted"),
        url("CANARY", "a whole URL"),
        url("http://shop.example.com/", "https is wanted"),
        url("ftp://127.0.0.1/CANARY", "https is wanted"),
        url("http://2130706433/", "https is wanted"),
        url("http://localhost.example.com/", "https is wanted"),
        url("https://u:CANARY@shop.example.com/", "without user"),
        url("https://shop.example.com/#CANARY", "without a fragment"),
        url("https://10.0.0.7/", "allow_private = true"),
        url("https://169.254.169.254/", "allow_private = true"),
        url("https://[::ffff:192.168.0.1]/", "allow_private = true"),
        url("https://2130706433/", "allow_private = true"),
        url("http://127.0.0.1:8360/", "(server.listen)"),
        url("http://localhost:8360/", "(server.listen)"),
        url("http://[::1]:9/", "(metrics.listen)"),
        ("WEBHOOKS__SHOP__SECRET", "", "webhooks.shop.secret", "is wanted"),
        ("WEBHOOKS__SHOP__SECRET", "CANARY", "webhooks.shop.secret", "openssl rand"),
        ("WEBHOOKS__SHOP__SECRET", "whsec_CANARY==", "webhooks.shop.secret", "openssl rand"),
        ("WEBHOOKS__SHOP__SECRET", "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=", "webhooks.shop.secret", "random bytes"),
        ("WEBHOOKS__SHOP__PREVIOUS_SECRET", SECRET.1, "webhooks.shop.previous_secret", "the same as secret"),
        ("WEBHOOKS__SHOP__PREVIOUS_SECRET", "CANARY", "webhooks.shop.previous_secret", "openssl rand"),
        ("WEBHOOKS__SHOP__EVENTS", "deal.paid,deal.payd", "webhooks.shop.events", "deal.paid, deal.expired"),
        ("WEBHOOKS__SHOP__EVENTS", ",", "webhooks.shop.events", "types of events"),
        ("WEBHOOKS__SHOP__ACCOUNTS", "default,shop9", "webhooks.shop.accounts", "accounts that are configured"),
        ("WEBHOOKS__SHOP__SELLERS", "12-", "webhooks.shop.sellers", "12,100-199"),
        ("WEBHOOKS__SHOP__URI", "CANARY", "webhooks.shop.uri", "did you mean webhooks.shop.url?"),
        ("WEBHOOKS__SHOP__ALLOW_PRIVATE", "CANARY", "webhooks.shop.allow_private", "true or false"),
        ("EVENTS__KEEP", "23h", "events.keep", "1d to 3650d"),
        ("EVENTS__KEEP", "for ever", "events.keep", "\"2h\""),
    ] {
        let told = endpoint(&[("METRICS__LISTEN", "[::]:9"), (key, value)]).unwrap_err();
        assert!(told.starts_with(named) && told.contains(why) && told.lines().count() == 1, "{key}={value}: {told}");
        assert!(!told.contains("CANARY"), "{key}: {told}");
    }
    let told = merchant(&[("WEBHOOKS__9SHOP__URL", URL.1), ("WEBHOOKS__9SHOP__SECRET", SECRET.1)]).unwrap_err();
    assert!(told.starts_with("webhooks.9shop: an endpoint's name"), "{told}");
}

#[test]
fn an_endpoint_may_be_on_loopback_and_elsewhere_if_that_is_said() {
    for url in ["http://127.0.0.1:9000/events", "http://LOCALHOST/", "http://[::1]/", "https://localhost/", "https://1.1.1.1/?key=1"] {
        endpoint(&[("WEBHOOKS__SHOP__URL", url)]).unwrap();
    }
    for url in ["https://10.0.0.7/", "https://169.254.169.254/", "http://127.0.0.1:8360/"] {
        endpoint(&[("WEBHOOKS__SHOP__URL", url), ("WEBHOOKS__SHOP__ALLOW_PRIVATE", "true")]).unwrap();
    }
    let told = endpoint(&[("WEBHOOKS__SHOP__URL", "http://10.0.0.7/"), ("WEBHOOKS__SHOP__ALLOW_PRIVATE", "true")]).unwrap_err();
    assert!(told.contains("https is wanted"), "events name orders in a private network too: {told}");
    endpoint(&[("WEBHOOKS__SHOP__URL", "http://127.0.0.1:8361/")]).expect("with credentials there is no simulator");
    let told = settings(&[("WEBHOOKS__SHOP__URL", "http://127.0.0.1:8361/"), SECRET]).unwrap_err();
    assert!(told.contains("(simulator.listen)"), "{told}");
}

#[test]
fn all_mistakes_of_all_endpoints_are_told_at_once() {
    let wrong = [
        ("WEBHOOKS__SHOP__URL", "ftp://x"),
        ("WEBHOOKS__SHOP__EVENTS", "x"),
        ("WEBHOOKS__SHOP__SELLERS", "x"),
        ("WEBHOOKS__SHOP__ACCOUNTS", "x"),
        ("WEBHOOKS__BOOKS__SECRET", "x"),
        ("WEBHOOKS__BOOKS__PREVIOUS_SECRET", "y"),
        ("WEBHOOKS__BOOKS__URL", "x"),
        ("EVENTS__KEEP", "0"),
    ];
    let told = endpoint(&wrong).unwrap_err();
    for (key, _) in wrong {
        let key = key.to_lowercase().replace("__", ".");
        assert!(told.lines().filter(|line| line.starts_with(&format!("{key}: "))).count() == 1, "{key}: {told}");
    }
    assert_eq!(told.lines().count(), wrong.len(), "{told}");
}

#[test]
fn the_configuration_is_told_without_its_secrets() {
    let variables = [
        ("WEBHOOKS__SHOP__URL", "https://shop.example.com/events/CANARY?token=CANARY"),
        SECRET,
        ("WEBHOOKS__SHOP__PREVIOUS_SECRET", PREVIOUS),
        ("WEBHOOKS__SHOP__EVENTS", "deal.paid"),
        ("WEBHOOKS__BOOKS__URL", "https://shop.example.com/events/CANARY?token=CANARY"),
        ("WEBHOOKS__BOOKS__SECRET", PREVIOUS),
        ("WEBHOOKS__BOOKS__SELLERS", "12"),
    ];
    let all: HashMap<_, _> = variables.iter().map(|(key, value)| (format!("WECHAT_PAY__{key}"), (*value).to_owned())).collect();
    let overview = Overview::of(&all).unwrap();
    overview.settings.may_simulate().expect("a demonstration may have endpoints");
    let (english, chinese) = (overview.tell(English), overview.tell(Chinese));
    for shown in [format!("{overview:?}"), english.clone(), chinese.clone()] {
        assert!(!shown.contains("CANARY") && !shown.contains("whsec_"), "{shown}");
    }
    for (said, sentences) in [
        (
            english,
            [
                "https://shop.example.com/…",
                "The endpoint shop (shop.example.com) is told of deal.paid.",
                "The endpoint books (shop.example.com) is told of all events of some deals.",
                "Events for the endpoint shop are signed with the previous secret too",
            ],
        ),
        (
            chinese,
            [
                "https://shop.example.com/…",
                "webhook shop（shop.example.com）会收到事件：deal.paid。",
                "webhook books（shop.example.com）会收到部分订单的全部事件。",
                "发给 webhook shop 的事件也用旧密钥签名",
            ],
        ),
    ] {
        assert!(sentences.iter().all(|sentence| said.contains(sentence)), "{said}");
    }
    let (code, _, warned) = run(&["check-config"], &variables);
    assert!(code == 0 && warned.contains("webhooks.shop has the url of webhooks.books: what both want is posted there twice"), "{warned}");
}

#[test]
fn a_secret_may_stand_in_a_file_of_its_own() {
    let directory = tempfile::TempDir::new().unwrap();
    let file = directory.path().join("secret");
    std::fs::write(&file, format!("{}\n", SECRET.1)).unwrap();
    std::fs::write(directory.path().join("webhooks.books.secret"), PREVIOUS).unwrap();
    let all = HashMap::from([
        ("WECHAT_PAY__WEBHOOKS__SHOP__URL".to_owned(), URL.1.to_owned()),
        ("WECHAT_PAY__WEBHOOKS__SHOP__SECRET_FILE".to_owned(), file.display().to_string()),
        ("WECHAT_PAY__WEBHOOKS__BOOKS__URL".to_owned(), "https://books.example.com/".to_owned()),
        ("CREDENTIALS_DIRECTORY".to_owned(), directory.path().display().to_string()),
    ]);
    let settings = Settings::from_environment(all.clone()).unwrap();
    let signed = settings.webhooks[1].secrets.sign("evt", 0, "{}");
    assert_eq!(signed, endpoint(&[]).unwrap().webhooks[0].secrets.sign("evt", 0, "{}"), "of the file, without its line end");
    let both = [("WECHAT_PAY__WEBHOOKS__BOOKS__SECRET".to_owned(), SECRET.1.to_owned())];
    let told = Settings::from_environment(all.into_iter().chain(both).collect()).unwrap_err().to_string();
    assert!(told.contains("webhooks.books.secret is given by itself as well as by systemd's credential"), "{told}");
}
