//! The language of the operator's terminal: what people read is Chinese or English, what programs read is the same in both.

use std::os::unix::fs::PermissionsExt;

use wechat_pay::language::Language::{Chinese, English};

use crate::support::configured::{run, variables};
use crate::support::console;
use crate::support::database::{Database, Engine};
use crate::support::program::environment;
use crate::support::test_app::TestApp;

const IN_CHINESE: (&str, &str) = ("LANG", "zh_CN.UTF-8");
const IN_C: (&str, &str) = ("LANG", "C");
const DEFAULTS: &str = include_str!("../../../config/default.toml");

/// Whether a text has Chinese in it.
fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| matches!(c, '\u{4e00}'..='\u{9fff}'))
}

#[test]
fn help_is_in_the_language_of_the_terminal() {
    let commands =
        ["serve", "simulator", "migrate", "check-config", "new-key", "explain", "refund", "webhooks", "doctor", "completions", "man"];
    for command in commands {
        let (code, told, _) = run(&[command, "--help"], &[IN_CHINESE]);
        assert!(code == 0 && is_chinese(&told) && told.contains("用法：") && told.contains("选项:"), "{told}");
        for english in ["Usage", "Options", "Arguments", "Print"] {
            assert!(!told.contains(english), "{command}: {told}");
        }
        let (_, told, _) = run(&[command, "-h"], &[IN_C]);
        assert!(!is_chinese(&told) && told.contains("Usage: wechat-pay"), "{told}");
        assert_eq!(run(&["help", command], &[IN_CHINESE]).1, run(&[command, "--help"], &[IN_CHINESE]).1);
    }
    let (_, told, _) = run(&["--help"], &[IN_CHINESE]);
    assert!(commands.iter().all(|command| told.contains(command)) && told.contains("自己部署的微信支付网关"), "{told}");
    assert!(!told.contains("Print") && !told.contains("Commands"), "{told}");
    assert!(is_chinese(&run(&["man"], &[IN_CHINESE]).1) && !is_chinese(&run(&["man"], &[]).1));
}

#[test]
fn the_locale_is_that_of_posix() {
    let speaks_chinese = |variables: &[(&str, &str)]| is_chinese(&run(&["--help"], variables).1);
    assert!(speaks_chinese(&[("LC_ALL", "zh_TW.UTF-8"), ("LANG", "C")]));
    assert!(speaks_chinese(&[("LC_MESSAGES", "zh_CN"), ("LANG", "en_US.UTF-8")]));
    assert!(!speaks_chinese(&[("LC_ALL", "C"), IN_CHINESE]));
    assert!(!speaks_chinese(&[("LC_MESSAGES", "en_US.UTF-8"), IN_CHINESE]));
    assert!(!speaks_chinese(&[]));
}

#[test]
fn check_config_has_headings_in_either_language() {
    let (code, told, _) = run(&["check-config"], &[IN_CHINESE]);
    assert_eq!(code, 0);
    assert!(told.starts_with("配置项") && told.contains("默认值") && told.contains("不会有真实收付款"), "{told}");
    let (_, told, _) = run(&["check-config"], &[IN_C, ("DEAL__EXPIRE_AFTER", "5400")]);
    assert!(told.starts_with("key ") && !is_chinese(&told), "{told}");
    let line = told.lines().find(|line| line.starts_with("deal.expire_after")).unwrap();
    assert_eq!(
        line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect::<Vec<_>>(),
        ["deal.expire_after", "1h 30m", "environment WECHAT_PAY__DEAL__EXPIRE_AFTER"]
    );
}

#[test]
fn mistakes_are_told_in_the_language_of_the_terminal() {
    let wrong = [
        ("DEAL__EXPIRE_AFTER", "2 hrz"),
        ("SERVER__LISTN", "127.0.0.1:1"),
        ("WECHAT__APPID", "wx0"),
        ("DATABASE__LARGEST_BATCH", "many"),
        ("DATABASE__URL", "postgres://h/d"),
        ("PAGE__BASE_URL", "/pay"),
        ("AUTH__API_KEYS", "shop:1"),
    ];
    let (code, _, english) = run(&["check-config"], &wrong);
    let (in_chinese, _, chinese) = run(&["check-config"], &[&wrong[..], &[IN_CHINESE]].concat());
    assert_eq!((code, in_chinese), (1, 1));
    assert!(!is_chinese(&english) && english.contains("\"2 hrz\" is no duration"), "{english}");
    assert!(chinese.lines().all(is_chinese) && chinese.contains("是不是想写 server.listen？"), "{chinese}");
    assert_eq!((english.lines().count(), chinese.lines().count()), (wrong.len(), wrong.len()), "{english}{chinese}");
    let (_, _, warned) = run(&["check-config"], &[("WECHAT_PAY_DATABASE_URL", "CANARY"), IN_CHINESE]);
    assert!(warned.contains("环境变量 WECHAT_PAY_DATABASE_URL 不会被读取") && !warned.contains("CANARY"), "{warned}");
    // A log is the same in both.
    let (_, _, log) = run(&["serve"], &[&wrong[..], &[IN_CHINESE]].concat());
    assert!(!is_chinese(&log) && log.contains("cannot start"), "{log}");
}

/// All keys, in the order of the file that documents them.
#[test]
fn check_config_shows_every_key() {
    let mut section = String::new();
    let mut keys = Vec::new();
    for line in DEFAULTS.lines().filter(|line| !line.starts_with('#')) {
        match (line.strip_prefix('['), line.split_once(" = ")) {
            (Some(name), _) => section = name.trim_end_matches(']').replace("\"<name>\"", "shop2"),
            (_, Some((key, _))) => keys.push(format!("{section}.{key}")),
            _ => {}
        }
    }
    let named = [
        ("ACCOUNTS__SHOP2__APPID", "wx2421b1c4370ec43b"),
        ("ACCOUNTS__SHOP2__MCH_ID", "10000200"),
        ("ACCOUNTS__SHOP2__API_KEY", "8934e7d15453e97507ef794cf7b0519d"),
        ("AUTH__KEYS__SHOP2__HASH", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("AUTH__KEYS__SHOP2__SCOPES", "read"),
        ("WEBHOOKS__SHOP2__URL", "https://shop2.example.com/events"),
        ("WEBHOOKS__SHOP2__SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("CONSOLE__USERS__SHOP2__PASSWORD", console::HASH.as_str()),
        ("CONSOLE__USERS__SHOP2__ROLE", "viewer"),
        ("SIMULATOR__MERCHANTS__SHOP2__APPID", "wx2421b1c4370ec43b"),
        ("SIMULATOR__MERCHANTS__SHOP2__MCH_ID", "10000300"),
        ("SIMULATOR__MERCHANTS__SHOP2__API_KEY", "8934e7d15453e97507ef794cf7b0519d"),
    ];
    let told = wechat_pay::config::Overview::of(&variables(&named)).unwrap().tell(English);
    let shown: Vec<_> = told.lines().skip(1).map_while(|line| line.split(' ').next().filter(|key| key.contains('.'))).collect();
    assert_eq!(shown, keys);
}

#[test]
fn check_config_tells_where_a_secret_stands_and_never_the_secret() {
    let home = tempfile::TempDir::new().unwrap();
    let file = home.path().join("key");
    std::fs::write(&file, "CANARY0123456789abcdef0123456789\n").unwrap();
    let credential = home.path().join("database.url");
    std::fs::write(&credential, "mysql://till:CANARY@db.internal:3306/shop").unwrap();
    let mut variables = variables(&[("WECHAT__PROXY", "http://u:CANARY@proxy.internal:3128")]);
    variables.remove("WECHAT_PAY__WECHAT__API_KEY");
    variables.insert("WECHAT_PAY__WECHAT__API_KEY_FILE".to_owned(), file.display().to_string());
    variables.insert("CREDENTIALS_DIRECTORY".to_owned(), home.path().display().to_string());
    let overview = wechat_pay::config::Overview::of(&variables).unwrap();
    for language in [English, Chinese] {
        let told = overview.tell(language);
        let line = |key: &str| told.lines().find(|line| line.starts_with(&format!("{key} "))).unwrap().to_owned();
        assert!(!told.contains("CANARY") && !format!("{overview:?}").contains("CANARY"), "{told}");
        assert!(line("wechat.api_key").contains(&file.display().to_string()), "{told}");
        assert!(
            line("database.url").contains("db.internal:3306") && line("database.url").contains(&credential.display().to_string()),
            "{told}"
        );
        assert!(line("wechat.proxy").contains("proxy.internal:3128"), "{told}");
        assert!(line("auth.mode").contains("WECHAT_PAY__AUTH__MODE"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn explain_and_doctor_speak_either_language() {
    let app = TestApp::open(Engine::Sqlite).await;
    let order = app.to_pay("19.90").await;
    app.payer_pays(&order).await;
    let database: Database = app.stop().await;
    std::fs::set_permissions(database.directory().unwrap(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let environment = environment(&database.url, "127.0.0.1:0");
    let told = |arguments: &[&str], locale| {
        let mut variables: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        variables.push(locale);
        run(arguments, &variables)
    };

    let (code, story, _) = told(&["explain", &order.id], IN_CHINESE);
    assert_eq!(code, 0);
    for words in ["订单已入库，并向微信下单。来自前端调用", "微信签名的支付结果已入账：已支付", "已支付，支付时间", "以上来自 SQLite"]
    {
        assert!(story.contains(words), "{words}: {story}");
    }
    let (code, story, _) = told(&["explain", &order.id], IN_C);
    assert!(code == 0 && !is_chinese(&story) && story.contains("It is paid"), "{story}");
    let (code, _, refused) = told(&["explain", "20260401120000123456789012345678"], IN_CHINESE);
    assert!(code == 1 && refused.contains("里没有这个订单"), "{refused}");

    let (code, chinese, _) = told(&["doctor"], IN_CHINESE);
    let (in_c, english, _) = told(&["doctor"], IN_C);
    assert_eq!((code, in_c), (0, 0), "{chinese}{english}");
    assert!(!is_chinese(&english), "{english}");
    assert!(chinese.lines().all(is_chinese), "{chinese}");
    let verdicts = |told: &str| told.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(verdicts(&chinese), verdicts(&english), "scripts find the same words");
    let column = |line: &str, words: &str| wechat_pay::language::columns(line.split(words).next().unwrap());
    let line = |told: &str, words: &str| told.lines().find(|line| line.contains(words)).unwrap().to_owned();
    assert_eq!(column(&line(&chinese, "SQLite 3"), "SQLite 3"), column(&line(&english, "SQLite 3"), "SQLite 3"));

    let (code, ill, _) = told(&["doctor"], IN_CHINESE);
    assert!(code == 0 && !ill.contains("→"), "{ill}");
    let half = [("WECHAT__APPID", "wx0000000000000001"), IN_CHINESE];
    let (code, ill, _) = run(&["doctor"], &half);
    assert!(code == 1 && ill.starts_with("FAIL  配置") && ill.contains("对照 config/default.toml 改正"), "{ill}");
}
