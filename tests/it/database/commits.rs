//! Servers of a cluster whose word on a commit is not the last: an error of which it is not known whether the others have the change,
//! and a silence that only changes meet.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::galera;
use crate::support::commits::{Commits, Heard};
use crate::support::database::{Database, Engine};
use crate::support::test_app::{TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

/// A group that took a change back, and a commit that went wrong under way.
const UNCERTAIN: [u16; 2] = [3101, 1180];
/// The contract's limit for /readyz.
const TOLD: Duration = Duration::from_secs(3);

async fn behind_commits() -> (TestApp, Commits) {
    behind(Database::fresh(Engine::MySql).await).await
}

async fn behind(database: Database) -> (TestApp, Commits) {
    let commits = Commits::of(database.server_address()).await;
    let url = database.url_through(commits.address);
    (TestAppBuilder::on(database).set("DATABASE__URL", url).open().await, commits)
}

/// The truth is heard again after so many untruths.
async fn true_after(commits: &Commits, untruths: usize) {
    let since = commits.untrue();
    while commits.untrue() < since + untruths {
        sleep(Duration::from_millis(1)).await;
    }
    commits.are(Heard::Truth);
}

/// A deal is opened under a key and paid, while each of their first commits is heard so.
async fn bought_while(app: &TestApp, commits: &Commits, key: &str, heard: Heard) {
    commits.are(heard);
    let (opened, ()) = tokio::join!(app.to_pay_once(key, "19.90"), true_after(commits, 1));
    assert_eq!(opened.status, 200, "{heard:?}: {}", opened.body);
    let order_id = opened.json()["order_id"].as_str().unwrap().to_owned();
    assert_eq!(app.to_pay_once(key, "19.90").await.json()["order_id"], json!(order_id), "{heard:?}: it is the key's only deal");

    commits.are(heard);
    let (told, ()) = tokio::join!(app.notify(WeChatMessage::notification(&order_id, 1990).signed()), true_after(commits, 1));
    told.acknowledged(&format!("{heard:?}: it is stored"));
    let look = app.look().await;
    assert_eq!(look.status(&order_id).await, 1, "{heard:?}");
    let kinds =
        look.column(&format!("SELECT kind FROM deal_event WHERE order_id = '{order_id}' AND kind IN ('opened', 'settled')"), "kind").await;
    assert_eq!(kinds.len(), 2, "{heard:?}: each once, {kinds:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_told_as_failed_is_carried_out_once_whether_or_not_it_was() {
    let (app, commits) = behind_commits().await;
    for error in UNCERTAIN {
        for heard in [Heard::ErrorAfter(error), Heard::ErrorInstead(error)] {
            bought_while(&app, &commits, &format!("{heard:?}"), heard).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_rolls_back_and_does_not_say_so_is_not_taken_at_its_word() {
    let node = galera::node().await;
    let (app, commits) = behind(Database::on_server(&node.url()).await).await;
    bought_while(&app, &commits, "rolled back", Heard::TruthAfterRollback).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_answers_and_commits_nothing_is_not_ready_whatever_else_it_answers() {
    let (app, commits) = behind_commits().await;
    let (paid, open) = (app.to_pay("19.90").await, app.to_pay("19.90").await);
    let repeat = WeChatMessage::notification(&paid.id, 1990).signed();
    app.notify(repeat.clone()).await.acknowledged("it is stored");
    assert_eq!(app.till.get("/readyz").await.status, 200);

    commits.are(Heard::Nothing);
    let since = Instant::now();
    let lost = async { app.notify(WeChatMessage::notification(&open.id, 1990).signed()).await.not_believed(503, "it is not stored") };
    // Changes that find nothing to do need no commit, and succeed.
    let repeats = async {
        while since.elapsed() < 2 * TOLD {
            app.notify(repeat.clone()).await;
            sleep(Duration::from_millis(20)).await;
        }
    };
    let looks = async {
        let mut last_ready = since;
        while since.elapsed() < 2 * TOLD {
            let asked = Instant::now();
            if app.till.get("/readyz").await.status == 200 {
                last_ready = asked;
            }
            sleep(Duration::from_millis(20)).await;
        }
        last_ready - since
    };
    let ((), (), ready_for) = tokio::join!(lost, repeats, looks);
    assert!(ready_for < Duration::from_secs(2), "it called itself ready for {ready_for:?}");

    commits.are(Heard::Truth);
    app.notify(WeChatMessage::notification(&open.id, 1990).signed()).await.acknowledged("it can be stored again");
    assert_eq!(app.till.get("/readyz").await.status, 200);
}
