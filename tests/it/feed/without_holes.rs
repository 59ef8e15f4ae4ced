//! A reader misses nothing and is told nothing twice, whoever commits late and whoever publishes at once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{join, join_all, join3};
use tokio::time::{Instant, sleep};
use wechat_pay::store::StoreError;

use super::told::{alarm, beside, neighbour, next, read};
use crate::support::database::Engine;
use crate::support::on_both_engines;
use crate::support::test_app::TestApp;

/// Programs in which something happens, and how often.
const PROGRAMS: usize = 6;
const TIMES: usize = 60;
/// Entries that are written early and committed late.
const LATE: usize = 5;

/// Reads on by pages of 1 to 7 until so many orders were told of; each order is announced once.
async fn read_all(app: &TestApp, wait: u32, expected: usize) -> Vec<String> {
    let (mut told, mut cursor, until) = (Vec::new(), String::new(), Instant::now() + Duration::from_secs(60));
    while told.len() < expected && Instant::now() < until {
        let limit = told.len() % 7 + 1;
        let page = read(app, &format!("after={cursor}&limit={limit}&wait={wait}")).await;
        let answer = page.json();
        assert!(answer.get("pruned").is_none(), "{answer}");
        told.extend(answer["changes"].as_array().unwrap().iter().map(|change| change["id"].as_str().unwrap().to_owned()));
        cursor = next(&page);
    }
    told
}

on_both_engines! {
    async fn nothing_is_missed_and_nothing_comes_twice(engine) {
        let app = TestApp::open(engine).await;
        let other = neighbour(&app).await;
        let stores = [beside(&app).await, beside(&app).await];
        let expected = PROGRAMS * TIMES + LATE;
        let over = AtomicBool::new(false);
        let happening = join_all((0..PROGRAMS).map(|program| {
            let (app, store) = (&app, &stores[program % 2]);
            async move {
                for number in 0..TIMES {
                    let event = alarm(app, &format!("p{program}-{number}"));
                    while let Err(error) = store.record(event.clone()).await {
                        assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
                    }
                }
            }
        }));
        // It takes its numbers among the first and is committed when hundreds of higher ones are long told of. (SQLite lets nobody else
        // write meanwhile, so there it is short.)
        let late = async {
            sleep(Duration::from_millis(30)).await;
            let look = app.look().await;
            let (begin, held) = match engine {
                Engine::Sqlite => ("PRAGMA busy_timeout = 20000; BEGIN IMMEDIATE", Duration::from_millis(200)),
                Engine::MySql => ("BEGIN", Duration::from_secs(3)),
            };
            look.run(begin).await;
            for number in 0..LATE {
                look.run(&format!(
                    "INSERT INTO deal_event (order_id, kind, source, instance, at, untold, announces) \
                     VALUES ('late-{number}', 'mismatch', 'notification', 'x', '2026-04-01 12:00:00', 1, 'alarm.raised money')"
                ))
                .await;
            }
            sleep(held).await;
            look.run("COMMIT").await;
        };
        // Beside the tellers of both instances, which publish by themselves.
        let publishing = join_all([&app, &other].map(|app| {
            let over = &over;
            async move {
                while !over.load(Ordering::Relaxed) {
                    let _ = app.gateway().publish_once().await;
                }
            }
        }));
        let reading = async {
            let read = join3(read_all(&app, 0, expected), read_all(&app, 1, expected), read_all(&other, 1, expected)).await;
            over.store(true, Ordering::Relaxed);
            read
        };
        let ((first, second, third), ..) = join(reading, join3(happening, late, publishing)).await;
        for told in [&second, &third] {
            assert_eq!(&first, told, "every reader sees the same, in the same order");
        }
        assert_eq!((first.len(), first.iter().collect::<BTreeSet<_>>().len()), (expected, expected), "each once");
        let look = app.look().await;
        let in_outbox = look.texts("SELECT DISTINCT order_id FROM outbox").await;
        assert_eq!(in_outbox.len(), expected, "each change is told of");
        let late = look.texts("SELECT CAST(MIN(position) AS CHAR(20)) FROM outbox WHERE order_id LIKE 'late-%'").await;
        let number = look.texts("SELECT CAST(MIN(id) AS CHAR(20)) FROM deal_event WHERE order_id LIKE 'late-%'").await;
        let number_of = |text: &[Option<String>]| text[0].as_deref().unwrap().parse::<usize>().unwrap();
        if engine == Engine::MySql {
            assert!(number_of(&late) > number_of(&number), "it was told of behind those that have higher numbers: {late:?}, {number:?}");
        }
    }
}
