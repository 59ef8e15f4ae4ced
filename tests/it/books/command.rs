//! `wechat-pay deals` and `wechat-pay takings`, as an operator meets them.

use std::time::Duration;

use tempfile::TempDir;

use super::rows::{Row, insert};
use crate::support::database::Engine;
use crate::support::on_both_engines;
use crate::support::program::{Program, environment};
use crate::support::test_app::TestApp;

on_both_engines! {
    async fn the_books_are_told_at_the_command_line_and_nothing_is_changed(engine) {
        let app = TestApp::open(engine).await;
        let look = app.look().await;
        insert(&look, &[
            Row::unpaid("a1", "2026-04-01 23:59:59").paid("2026-04-02 00:00:10"),
            Row::unpaid("a2", "2026-04-02 10:00:00").of(13, "shop2"),
        ]).await;
        look.run("UPDATE deal SET description = 'tea\u{202e} eat\u{2069}' WHERE order_id = 'a2'").await;
        look.ends().await;
        let database = app.stop().await;
        let before = database.look().await.everything().await;
        let home = TempDir::new().unwrap();
        let told = async |words: &[&str]| {
            let (status, said) = Program::start_with(words, home.path(), &environment(&database.url, "127.0.0.1:0")).end(Duration::from_secs(10)).await;
            (status.unwrap().code().unwrap(), said)
        };
        let place = if engine == Engine::MySql { "MySQL database t_" } else { "SQLite database /" };
        for (words, lines, has) in [
            (&["deals", "--day", "2026-04-01"][..], 3, "a1"),
            (&["deals", "--from", "2026-04-01"], 4, "unpaid"),
            (&["deals", "--from", "2026-04-01", "--limit", "1"], 3, "There are more"),
            (&["deals", "--from", "2026-04-01", "--status", "paid"], 3, "a1"),
            (&["deals", "--from", "2026-04-01", "--seller", "13", "--account", "shop2"], 3, "a2"),
            (&["deals", "--paid", "--day", "2026-04-02"], 3, "19.90"),
            (&["deals", "--day", "2026-04-02"], 3, "13       tea eat\n"),
            (&["deals"], 2, "0 deals of the"),
            (&["takings", "--day", "2026-04-02"], 4, "2026-04-02      1          19.90"),
            (&["takings", "--from", "2026-04-01", "--to", "2026-04-02", "--by", "account"], 4, "default"),
        ] {
            let (code, said) = told(words).await;
            assert!(code == 0 && said.lines().count() == lines && said.contains(has) && said.contains(place), "{words:?}: {said}");
        }
        let (code, csv) = told(&["deals", "--csv", "--from", "2026-04-01"]).await;
        assert!(code == 0 && csv.starts_with('\u{feff}') && csv.lines().count() == 3 && !csv.contains(place), "{csv}");
        let (code, said) = told(&["takings", "--from", "2026-04-02", "--to", "2026-04-01"]).await;
        assert!(code == 1 && said.contains("--from is after the last day"), "{said}");
        for (words, why) in [
            (&["deals", "--from", "2026-04-02", "--to", "2026-04-01"][..], "--from is not before --to"),
            (&["deals", "--paid", "--status", "unpaid"], "--paid lists paid deals alone"),
        ] {
            let (code, said) = told(words).await;
            assert!(code == 1 && said.contains(why), "{words:?}: {said}");
        }
        assert_eq!(told(&["deals", "--seller", "0"]).await.0, 2);
        assert_eq!(told(&["deals", "--day", "2026-04-31"]).await.0, 2);
        assert_eq!(database.look().await.everything().await, before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_books_make_no_database() {
    let home = TempDir::new().unwrap();
    for command in ["deals", "takings"] {
        let (status, said) = Program::start_with(&[command], home.path(), &[]).end(Duration::from_secs(10)).await;
        assert_eq!(status.unwrap().code(), Some(1));
        assert!(said.contains("there is no SQLite database") && said.contains(&format!("wechat-pay-ctl {command}")), "{said}");
    }
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}
