//! Users as they are made at the command line, and the one of a demonstration.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use wechat_pay::auth::Totp;
use wechat_pay::deal::Role;

use crate::support::configured::settings;
use crate::support::console::Browser;
use crate::support::database::Engine;
use crate::support::program::{JUST_BUILT, Program, environment};
use crate::support::test_app::TestAppBuilder;

/// What `console-user` prints for what is typed, and with which code it ends.
fn made(arguments: &[&str], typed: &str) -> (i32, String, String) {
    let mut command = Command::new(JUST_BUILT);
    command.arg("console-user").args(arguments).env_clear();
    let mut program = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    program.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = program.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The variables that it prints, without the quotes that are for a shell.
fn variables(printed: &str) -> Vec<(String, String)> {
    let lines = printed.lines().filter_map(|line| line.strip_prefix("WECHAT_PAY__")?.split_once('='));
    lines.map(|(key, value)| (key.to_owned(), value.trim_matches('\'').to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_printed_user_logs_in_with_the_typed_password_and_the_app_s_code() {
    let (code, printed, told) = made(&["li", "--role", "admin", "--totp"], "老北京炸酱面 真好吃\nnot read\n");
    assert_eq!((code, told.as_str()), (0, ""), "{printed}");
    assert!(!printed.contains("炸酱面"), "{printed}");
    let printed_variables = variables(&printed);
    assert_eq!(printed_variables.len(), 3);
    for (key, value) in &printed_variables {
        let key = key.rsplit("__").next().unwrap().to_lowercase();
        assert!(printed.contains(&format!("{key} = \"{value}\"")), "the same in a section: {printed}");
    }
    let secret = &printed_variables[2].1;
    assert!(printed.contains(&format!("otpauth://totp/wechat-pay:li?secret={secret}&issuer=wechat-pay")), "{printed}");
    let builder = TestAppBuilder::new(Engine::Sqlite).await.set("CONSOLE__LISTEN", "127.0.0.1:0");
    let app = printed_variables.iter().fold(builder, |builder, (key, value)| builder.set(key, value)).open().await;
    let code = secret.parse::<Totp>().unwrap().code_at(app.clock.now());
    let mut browser = Browser::at(&app);
    assert_eq!(browser.log_in("li", "老北京炸酱面 真好吃").await.status, 401);
    assert_eq!(browser.log_in_with(&[("name", "li"), ("password", "老北京炸酱面 真好吃"), ("totp", &code)]).await.status, 303);
    assert_eq!(browser.get("/audit").await.status, 200);
}

#[test]
fn what_would_be_no_user_is_none() {
    assert_eq!(made(&["li"], "12345678\r\n").0, 0);
    for (arguments, typed, told) in [
        (&["li"][..], "", "at least 8 characters"),
        (&["li"], "1234567\n", "at least 8 characters"),
        (&["li"], &"x".repeat(2000), "at most 1024 bytes"),
        (&["Li"], "12345678\n", "a user's name has 1 to 32 characters"),
        (&["li<script>"], "12345678\n", "a user's name has 1 to 32 characters"),
    ] {
        let (code, printed, why) = made(arguments, typed);
        assert!(code == 1 && printed.is_empty() && why.contains(told), "{arguments:?}: {printed}{why}");
    }
    assert_eq!(made(&["li", "--role", "root"], "12345678\n").0, 2);
    let of = |role: &[&str]| {
        let printed = made(&[&["li"], role].concat(), "12345678\n").1;
        let printed = variables(&printed);
        let printed: Vec<_> = printed.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        settings(&printed).unwrap().console.user("li").unwrap().role
    };
    assert_eq!((of(&[]), of(&["--role", "viewer"])), (Role::Operator, Role::Viewer));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_asks_twice_and_shows_nothing_of_it() {
    let directory = TempDir::new().unwrap();
    // `script` gives it a terminal, into which the same is typed as often as it asks.
    for (second, told) in [("correct horse", "[console.users.li]"), ("correct house", "the two were not the same")] {
        let typing = format!("(sleep 1; echo 'correct horse'; sleep 1; echo '{second}'; sleep 1)");
        let command = format!("{typing} | timeout 20 script --quiet --flush --command '{JUST_BUILT} console-user li' /dev/null");
        let output = Command::new("sh").args(["-c", &command]).current_dir(&directory).env("LANG", "C.UTF-8").output().unwrap();
        let seen = String::from_utf8(output.stdout).unwrap();
        assert!(seen.contains("Password:") && seen.contains("The same again:") && seen.contains(told), "{seen}");
        assert!(!seen.contains("correct"), "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demonstration_has_a_user_whose_password_the_start_prints() {
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("CONSOLE__LISTEN", "127.0.0.1:0").demonstrate().await;
    let password = app.console_password().unwrap();
    assert_eq!(password.len(), 12);
    assert_eq!(Browser::at(&app).log_in("demo", "demo").await.status, 401);
    let mut browser = Browser::at(&app);
    assert_eq!(browser.log_in("demo", &password).await.status, 303);
    let page = browser.page("/audit").await;
    assert!(page.contains("no money moves") && page.contains("demo"), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_port_is_taken_a_demonstration_says_so_and_does_without() {
    // Whoever has it: this test, another one, or a service on this machine.
    let _taken = std::net::TcpListener::bind("127.0.0.1:8363");
    let directory = TempDir::new().unwrap();
    let url = format!("sqlite://{}", directory.path().join("deal.db").display());
    let program = Program::start("serve", directory.path(), &environment(&url, "127.0.0.1:0"));
    program.says("there is no console: console.listen may name another address, such as 127.0.0.1:8364").await;
    program.terminate();
    let (status, written) = program.end(Duration::from_secs(10)).await;
    assert!(status.unwrap().success() && written.contains("console.listen: 127.0.0.1:8363 cannot be listened on"), "{written}");
    // One that is configured is meant.
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut variables = environment(&url, "127.0.0.1:0");
    variables.push(("CONSOLE__LISTEN", elsewhere.local_addr().unwrap().to_string()));
    let (status, written) = Program::start("serve", directory.path(), &variables).end(Duration::from_secs(10)).await;
    assert_eq!(status.and_then(|status| status.code()), Some(1), "{written}");
}
