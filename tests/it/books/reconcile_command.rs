//! `wechat-pay reconcile` and what `explain` says of bills, as an operator meets them.

use std::time::Duration;

use tempfile::TempDir;
use wechat_pay::clock::Clock;
use wechat_pay::deal::{Day, DifferenceKind, DifferenceState, Finding};
use wechat_pay::store::BillOutcome;

use super::kept_bills::{Bills, differs, noon, text};
use super::rows::{Row, insert};
use crate::support::database::Engine;
use crate::support::merchant;
use crate::support::on_both_engines;
use crate::support::program::{Program, environment};
use crate::support::test_app::TestApp;

async fn told(words: &[&str], home: &TempDir, variables: &[(&str, String)]) -> (i32, String) {
    let (status, said) = Program::start_with(words, home.path(), variables).end(Duration::from_secs(20)).await;
    (status.unwrap().code().unwrap(), said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_done_ends_with_2_and_says_why() {
    let app = TestApp::open(Engine::Sqlite).await;
    let database = app.stop().await;
    let before = database.look().await.everything().await;
    let home = TempDir::new().unwrap();
    let mut variables = environment(&database.url, "127.0.0.1:0");
    // Where WeChat is not the simulator, no day is over before its end.
    variables.retain(|(name, _)| !name.starts_with("SIMULATOR"));
    variables.extend(merchant::variables("http://127.0.0.1:9", merchant::NOTIFY_URL));
    let today = Day::of(Clock::System.now()).to_string();
    for (words, why) in [
        (&["reconcile", "--account", "nobody"][..], "the configuration has no account nobody"),
        (&["reconcile", "--date", "2999-01-01"], "the day 2999-01-01 is not over, so its bill is not there yet"),
        (&["reconcile", "--date", &today], "is not over, so its bill is not there yet"),
        (&["reconcile", "--file", "nowhere.csv"], "nowhere.csv: No such file"),
        (&["reconcile", "--file", "bill.csv", "--fetch"], "cannot be used with"),
        (&["reconcile", "--date", "2026-02-30"], "a day is written as 2026-11-26"),
        (&["reconcile", "--account", "Shop"], "an account's name has"),
    ] {
        let (code, said) = told(words, &home, &variables).await;
        assert!(code == 2 && said.contains(why), "{words:?}: {code}: {said}");
    }
    variables.push(("LC_ALL", "zh_CN.UTF-8".to_owned()));
    let (code, said) = told(&["reconcile", "--date", "2999-01-01"], &home, &variables).await;
    assert!(code == 2 && said.contains("2999-01-01 还没有过完，账单还没有"), "{said}");
    assert_eq!(database.look().await.everything().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_database_is_made_to_be_held_against_a_bill() {
    let home = TempDir::new().unwrap();
    let (code, said) = told(&["reconcile"], &home, &[]).await;
    assert!(code == 2 && said.contains("there is no SQLite database") && said.contains("wechat-pay-ctl reconcile"), "{code}: {said}");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

on_both_engines! {
    async fn the_story_of_a_deal_shows_its_rows_in_the_bills_and_what_differed(engine) {
        let app = TestApp::open(engine).await;
        let paid = |order_id| Row::unpaid(order_id, "2026-03-31 23:50:00").paid("2026-03-31 23:59:50");
        let look = app.look().await;
        insert(&look, &[paid("a1"), paid("a2"), paid("a3").of(13, "shop2"), Row::unpaid("a4", "2026-03-31 23:50:00")]).await;
        look.ends().await;
        let bills = Bills(app.gateway().store());
        // The payment is in the bill of its day, and the same order's row in that of the next is shown too.
        bills.file("default", "2026-03-31", &text("a1", "2026-03-31 23:59:50"), false, 100).await;
        bills.file("default", "2026-04-01", &text("a1", "2026-04-01 00:00:10"), true, 100).await;
        let mut line = differs(DifferenceKind::PaidHereOnly, DifferenceState::Open, Some(Finding::Unanswered), "a2");
        line.detail = Some("line\u{1b}[2J 7".to_owned());
        let bill = bills.finished("default", "2026-03-31", BillOutcome::Compared, vec![line], None).await;
        bills.finished("shop2", "2026-03-31", BillOutcome::Missing, Vec::new(), None).await;
        let id = app.gateway().store().differences_of_bill(bill).await.unwrap()[0].id;
        app.gateway().store().explain_difference(id, "books", &"paid at the counter".parse().unwrap(), noon()).await.unwrap();
        let database = app.stop().await;
        let before = database.look().await.everything().await;
        let (home, mut variables) = (TempDir::new().unwrap(), environment(&database.url, "127.0.0.1:0"));
        for (order_id, has, has_not) in [
            ("a1", "WeChat's bill of 2026-03-31 has its payment: 19.90 yuan 2026-03-31T23:59:50+08:00, transaction 4200000001; 19.90 yuan are settled, WeChat's fee is 0.12000 yuan.", "Difference"),
            ("a1", "WeChat's bill of 2026-03-31 has its refund R-1: 5.00 yuan 2026-03-31T23:59:50+08:00, SUCCESS; WeChat's fee is -0.03000 yuan.", "does not have it"),
            ("a1", "WeChat's bill of 2026-04-01 has its payment: 19.90 yuan 2026-04-01T00:00:10+08:00", "\u{1b}"),
            ("a2", "WeChat's bill of 2026-03-31, the day of its payment, does not have it.", "has its"),
            ("a2", &format!("Difference #{id} from the bill of 2026-03-31 (explained): the order is paid here, and WeChat's bill does not have the payment (line[2J 7); "), "\u{1b}"),
            ("a2", " books says: paid at the counter.", "OPEN"),
            ("a3", "WeChat's bill of 2026-03-31, the day of its payment, is not there yet.", "Difference"),
            ("a4", "It is undecided", "bill"),
        ] {
            let (code, said) = told(&["explain", order_id], &home, &variables).await;
            assert!(code == 0 && said.contains(has) && !said.contains(has_not), "{order_id}: {has}: {said}");
        }
        variables.push(("LC_ALL", "zh_CN.UTF-8".to_owned()));
        let (_, said) = told(&["explain", "a1"], &home, &variables).await;
        assert!(said.contains("微信 2026-03-31 的账单里有这笔付款：19.90 元") && said.contains("微信 2026-03-31 的账单里有它的退款 R-1：5.00 元"), "{said}");
        assert_eq!(database.look().await.everything().await, before);
    }
}
