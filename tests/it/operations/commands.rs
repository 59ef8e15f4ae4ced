//! The command line as an operator meets it: help where it is asked for, plain sentences, and tools that change nothing.

use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::configured::run;
use crate::support::database::{Database, Engine};
use crate::support::on_both_engines;
use crate::support::program::{Program, environment};
use crate::support::test_app::TestApp;

const ORIGINAL: &str = include_str!("../../support/original.sql");
const COMMANDS: [&str; 14] = [
    "serve",
    "simulator",
    "migrate",
    "check-config",
    "new-key",
    "console-user",
    "explain",
    "deals",
    "takings",
    "refund",
    "webhooks",
    "doctor",
    "completions",
    "man",
];

#[test]
fn help_is_given_and_nothing_else_is_done() {
    for command in COMMANDS {
        for help in ["--help", "-h"] {
            let (code, stdout, stderr) = run(&[command, help], &[]);
            assert!(code == 0 && stdout.contains("Usage: wechat-pay") && stderr.is_empty(), "{command}: {stdout}{stderr}");
            assert!(!stdout.contains("wpk_"), "no key is drawn");
        }
    }
    let (code, stdout, _) = run(&["--help"], &[]);
    assert!(code == 0 && COMMANDS.iter().all(|command| stdout.contains(command)) && stdout.contains("WECHAT_PAY__PROFILE"), "{stdout}");
}

#[test]
fn what_is_mistyped_is_refused_with_what_was_meant() {
    for (arguments, told) in [
        (&["migrat"][..], "'migrate'"),
        (&["docter"], "'doctor'"),
        (&["migrate", "--dryrun"], "'--dry-run'"),
        (&["explain"], "<NUMBER>"),
        (&["explain", "no order id"], "<NUMBER>"),
        (&["explain", "1", "2"], "unexpected argument '2'"),
        (&["completions", "dos"], "bash"),
    ] {
        let (code, stdout, stderr) = run(arguments, &[]);
        assert!(code == 2 && stdout.is_empty() && stderr.contains(told), "{arguments:?}: {stderr}");
    }
}

#[test]
fn completions_and_a_manual_page_are_made() {
    for (shell, word) in [("bash", "complete -F _wechat__pay"), ("zsh", "#compdef wechat-pay"), ("fish", "complete -c wechat-pay")] {
        let (code, script, _) = run(&["completions", shell], &[]);
        assert!(code == 0 && script.contains(word) && script.contains("check-config"), "{shell}: {script}");
    }
    let (code, page, _) = run(&["man"], &[]);
    assert!(code == 0 && page.contains(".TH wechat-pay 1") && page.contains("check\\-config"), "{page}");
}

#[test]
fn tools_speak_in_plain_sentences() {
    let half = [("WECHAT__APPID", "wx0"), ("DEAL__EXPIRE_AFTER", "0")];
    for command in [&["migrate"][..], &["migrate", "--dry-run"], &["check-config"], &["explain", "1"]] {
        let (code, _, stderr) = run(command, &half);
        assert_eq!(code, 1, "{command:?}");
        assert!(stderr.lines().count() == 2 && stderr.lines().all(|line| line.starts_with("wechat-pay: ")), "{command:?}: {stderr}");
    }
    let (code, _, stderr) = run(&["serve"], &half);
    let errors: Vec<Value> = stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(code == 1 && errors.iter().filter(|event| event["message"] == "cannot start").count() == 2, "a log's line each: {stderr}");
}

on_both_engines! {
    async fn explain_reads_and_says_where(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("19.90").await;
        app.payer_pays(&order).await;
        let database = app.stop().await;
        let before = database.look().await.everything().await;
        let home = TempDir::new().unwrap();
        let told = async |order_id: &str| {
            let variables = environment(&database.url, "127.0.0.1:0");
            let (status, said) = Program::start_with(&["explain", order_id], home.path(), &variables).end(Duration::from_secs(10)).await;
            (status.unwrap().code(), said)
        };
        let place = if engine == Engine::MySql { "MySQL database t_" } else { "SQLite database /" };
        let (code, said) = told(&order.id).await;
        assert!(code == Some(0) && said.contains("It is paid") && said.contains(place), "{said}");
        let (code, said) = told("20260401120000123456789012345678").await;
        assert!(code == Some(1) && said.contains("there is no such order in the") && said.contains(place), "{said}");
        assert_eq!(database.look().await.everything().await, before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn explain_makes_no_database() {
    let home = TempDir::new().unwrap();
    let (status, said) = Program::start_with(&["explain", "1"], home.path(), &[]).end(Duration::from_secs(10)).await;
    assert_eq!(status.unwrap().code(), Some(1));
    assert!(said.contains(&format!("there is no SQLite database {}/data/deal.db", home.path().display())), "{said}");
    assert!(said.contains("wechat-pay-ctl explain 1"), "{said}");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn explain_adopts_no_table() {
    let database = Database::fresh(Engine::MySql).await;
    let look = database.look().await;
    look.run(ORIGINAL).await;
    let shape = "SELECT CONCAT_WS(' ', table_name, column_name) FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1";
    let before = look.texts(shape).await;
    let home = TempDir::new().unwrap();
    let explain = Program::start_with(&["explain", "1"], home.path(), &environment(&database.url, "127.0.0.1:0"));
    let (status, said) = explain.end(Duration::from_secs(10)).await;
    assert!(status.unwrap().code() == Some(1) && said.contains("its schema lacks 0001_deal"), "{said}");
    assert_eq!(look.texts(shape).await, before);
}

/// A tool that is the first process of a container has no default for a signal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_ends_a_tool_that_waits() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", silent.local_addr().unwrap());
    let database = Database::fresh(Engine::Sqlite).await;
    let mut variables = environment(&database.url, "127.0.0.1:0");
    variables.extend([
        ("WECHAT__APPID", "wx0000000000000001".to_owned()),
        ("WECHAT__MCH_ID", "1900000001".to_owned()),
        ("WECHAT__API_KEY", "CanaryKey0CanaryKey1CanaryKey2ab".to_owned()),
        ("WECHAT__BASE_URL", base_url),
        ("WECHAT__NOTIFY_URL", "http://127.0.0.1:9/wxPay/notify".to_owned()),
        ("AUTH__MODE", "open".to_owned()),
    ]);
    let doctor = Program::start("doctor", database.directory().unwrap(), &variables);
    // It has asked, and waits for five seconds.
    let asked = tokio::time::timeout(Duration::from_secs(10), silent.accept()).await;
    let _open = asked.unwrap_or_else(|_| panic!("it has not asked: {}", doctor.written())).unwrap();
    doctor.terminate();
    let (status, said) = doctor.end(Duration::from_secs(3)).await;
    assert!(status.is_some_and(|status| status.code() == Some(1)) && said.contains("ended by a signal"), "{said}");
}
