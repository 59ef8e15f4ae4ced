//! What a person reads who types `cargo run`: behind the log three plain lines that say where to go on. A program is told no more than the log.

use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::program::{JUST_BUILT, Program, environment};

const PATIENCE: Duration = Duration::from_secs(30);
const SECRET: &str = "shop:0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";

fn variables(directory: &TempDir, more: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    let url = format!("sqlite://{}", directory.path().join("deal.db").display());
    let more = more.iter().map(|(name, value)| (*name, (*value).to_owned()));
    environment(&url, "127.0.0.1:0").into_iter().chain(more).collect()
}

/// What `serve` writes to a terminal until it names its docs.
async fn on_a_terminal(more: &[(&'static str, &str)]) -> String {
    let directory = TempDir::new().unwrap();
    // `script` gives it a terminal; and whatever becomes of that, it ends.
    let command = format!("exec timeout --foreground 60 {JUST_BUILT}");
    let words = ["script", "--quiet", "--flush", "--command", &command, "/dev/null"];
    let terminal = Program::run(&words, directory.path(), &variables(&directory, more), tempfile::tempfile().unwrap());
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE && !terminal.written().contains("/docs") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    terminal.terminate();
    terminal.end(Duration::from_secs(10)).await.1
}

/// The address behind a word that begins a line.
fn behind<'a>(word: &str, seen: &'a str) -> Option<&'a str> {
    seen.lines().find_map(|line| line.strip_prefix(word)?.strip_prefix(' ').map(str::trim))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_plain_lines_end_the_start() {
    for (locale, names) in [("C.UTF-8", ["shop", "phone", "docs"]), ("zh_CN.UTF-8", ["商店", "手机", "文档"])] {
        let seen = on_a_terminal(&[("LANG", locale)]).await;
        let places = names.map(|name| behind(name, &seen).unwrap_or_else(|| panic!("no {name} in {seen}")));
        let [shop, phone, docs] = places;
        assert!(seen.contains(&format!("open the shop at {shop} and the phone at {phone}")), "the log says the same: {seen}");
        assert_eq!(docs, format!("{shop}docs"));
        // Scripts look for the first.
        let first = seen.find("127.0.0.1:").unwrap();
        assert!(shop.starts_with(&format!("http://{}/", seen[first..].split(['\u{1b}', '\r', ' ']).next().unwrap())), "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_shop_none_is_named() {
    let seen = on_a_terminal(&[("LANG", "C.UTF-8"), ("AUTH__MODE", "signed"), ("AUTH__SIGNING_SECRETS", SECRET)]).await;
    assert!(behind("shop", &seen).is_none() && behind("phone", &seen).is_some() && behind("docs", &seen).is_some(), "{seen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_reads_json_and_nothing_else() {
    let directory = TempDir::new().unwrap();
    let program = Program::start("serve", directory.path(), &variables(&directory, &[("LANG", "C.UTF-8")]));
    program.says("the shop has a back end that is told of payments; its page says when").await;
    program.terminate();
    let (_, written) = program.end(Duration::from_secs(10)).await;
    assert!(written.lines().count() > 3 && written.lines().all(|line| line.starts_with('{')), "{written}");
}
