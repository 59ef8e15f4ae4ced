//! What was told longer ago than it is kept goes, and nothing goes in silence.

use chrono::TimeDelta;
use serde_json::json;
use wechat_pay::deal::Announcement;

use super::told::{announced, beside, next, orders, publish, read, tell};
use crate::support::database::{Database, Engine, Look};
use crate::support::on_both_engines;
use crate::support::test_app::TestApp;

const DAY: i64 = 86_400;
const KEEP: TimeDelta = TimeDelta::days(90);

async fn prune(app: &TestApp) -> u32 {
    let mut bites = 0;
    while app.gateway().prune_once(KEEP).await.unwrap() {
        bites += 1;
    }
    bites
}

async fn count(look: &Look, what: &str) -> String {
    look.texts(&format!("SELECT CAST(COUNT(*) AS CHAR(20)) FROM {what}")).await.remove(0).unwrap()
}

/// A delivery of the event at this position to an endpoint, which waits or is delivered.
async fn deliver(look: &Look, endpoint: &str, position: i64, order_id: &str, waits: bool) {
    let due_at = if waits { "'2026-04-02 12:00:00'" } else { "NULL" };
    look.run(&format!(
        "INSERT INTO webhook_delivery (endpoint, position, order_id, tries, due_at, created_at) \
         VALUES ('{endpoint}', {position}, '{order_id}', 3, {due_at}, '2026-04-01 12:00:00')"
    ))
    .await;
}

on_both_engines! {
    async fn old_events_go_with_their_deliveries_and_their_readers_are_told(engine) {
        let app = TestApp::open(engine).await;
        let (store, look) = (beside(&app).await, app.look().await);
        let old = app.to_pay_at_once(3).await;
        tell(&app, &store, &old.iter().map(|order| order.id.as_str()).collect::<Vec<_>>()).await;
        deliver(&look, "shop", 1, &old[0].id, false).await;
        app.time_passes(89 * DAY);
        let young = app.to_pay("1").await;
        tell(&app, &store, &[&young.id]).await;
        deliver(&look, "shop", 4, &young.id, false).await;
        assert_eq!(prune(&app).await, 0, "nothing is old enough");
        app.time_passes(DAY + 1);
        assert_eq!(prune(&app).await, 1);
        assert_eq!((count(&look, "outbox").await, count(&look, "webhook_delivery").await), ("1".to_owned(), "1".to_owned()));

        for wait in ["", "&wait=1"] {
            for cursor in ["", "0", "2"] {
                let told = read(&app, &format!("after={cursor}{wait}")).await;
                assert_eq!((orders(&told), next(&told)), (vec![young.id.clone()], "4".to_owned()));
                assert_eq!(told.json()["pruned"], true, "behind {cursor:?}");
            }
            let told = read(&app, &format!("after=3{wait}")).await;
            assert_eq!((orders(&told), told.json().get("pruned")), (vec![young.id.clone()], None), "nothing was missed");
        }
    }

    async fn the_last_event_stays_so_that_no_position_is_given_twice(engine) {
        let app = TestApp::open(engine).await;
        let store = beside(&app).await;
        tell(&app, &store, &["o1", "o2"]).await;
        app.time_passes(1000 * DAY);
        assert_eq!((prune(&app).await, prune(&app).await), (1, 0));
        assert_eq!(read(&app, "after=2").await.json(), json!({"changes": [], "next": "2"}));
        tell(&app, &store, &["o3"]).await;
        assert_eq!(next(&read(&app, "after=2").await), "3");
    }

    async fn a_delivery_that_still_waits_is_given_up_with_an_alarm_before_its_event_goes(engine) {
        let app = TestApp::open(engine).await;
        let (store, look) = (beside(&app).await, app.look().await);
        let order = app.to_pay("1").await;
        store.record(announced(&app, &order.id, vec![Announcement::DealPaid { late: false }])).await.unwrap();
        publish(&app).await;
        tell(&app, &store, &["o2", "o3"]).await;
        deliver(&look, "shop", 1, &order.id, true).await;
        deliver(&look, "books", 1, &order.id, false).await;
        deliver(&look, "shop", 2, "o2", true).await;
        app.time_passes(91 * DAY);
        assert!(app.gateway().prune_once(KEEP).await.unwrap(), "there is more to do");
        assert_eq!(count(&look, "outbox WHERE position <= 3").await, "3", "no event goes before");
        assert_eq!(count(&look, "webhook_delivery WHERE due_at IS NULL AND given_up_at IS NOT NULL").await, "2");
        let alarms = look.texts("SELECT order_id FROM deal_event WHERE kind = 'webhook_given_up'").await;
        assert_eq!(alarms, [Some(order.id)], "and none about the delivery of an alarm");
        publish(&app).await;
        prune(&app).await;
        assert_eq!(count(&look, "webhook_delivery").await, "0");
        let left = look.texts("SELECT type FROM outbox").await;
        assert_eq!(left, [Some("alarm.raised".to_owned())], "the alarm of today, and nothing before it");
    }

    async fn what_comes_to_wait_meanwhile_keeps_its_event(engine) {
        let app = TestApp::open(engine).await;
        let (store, look) = (beside(&app).await, app.look().await);
        tell(&app, &store, &["o1", "o2", "o3"]).await;
        deliver(&look, "shop", 1, "o1", true).await;
        deliver(&look, "shop", 2, "o2", false).await;
        assert_eq!(store.prune_outbox(2).await.unwrap(), 1);
        assert_eq!(look.texts("SELECT order_id FROM outbox ORDER BY position").await, [Some("o1".to_owned()), Some("o3".to_owned())]);
        assert_eq!(count(&look, "webhook_delivery").await, "1");
    }
}

const MANY: usize = 100_000;

async fn fill(database: &Database) {
    let look = database.look().await;
    let concatenated = match database.engine {
        Engine::Sqlite => "'evt_' || n",
        Engine::MySql => "CONCAT('evt_', n)",
    };
    if database.engine == Engine::MySql {
        look.run(&format!("SET SESSION max_recursive_iterations = {MANY}")).await;
    }
    let numbers = format!("WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {MANY})");
    look.run(&format!(
        "INSERT INTO outbox (position, event_id, type, order_id, data, at) {numbers} \
         SELECT n, {concatenated}, 'deal.paid', 'o', '{{}}', '2026-04-01 12:00:00' FROM numbers"
    ))
    .await;
    look.run(&format!(
        "INSERT INTO webhook_delivery (endpoint, position, order_id, tries, created_at) {numbers} \
         SELECT 'shop', n, 'o', 1, '2026-04-01 12:00:00' FROM numbers"
    ))
    .await;
}

on_both_engines! {
    async fn each_statement_of_the_feed_and_of_pruning_costs_an_index_range(engine) {
        let database = Database::fresh(engine).await;
        wechat_pay::store::Store::migrate(&database.url.parse().unwrap(), "2026-04-01T04:00:00Z".parse().unwrap()).await.unwrap();
        fill(&database).await;
        let look = database.look().await;
        for (question, table, index) in [
            ("SELECT position, data FROM outbox WHERE position > 99000 ORDER BY position LIMIT 500", "outbox", "PRIMARY"),
            ("SELECT position, CAST(at AS CHAR(19)) AS at FROM outbox ORDER BY position LIMIT 501", "outbox", "PRIMARY"),
            ("DELETE FROM webhook_delivery WHERE position <= 500 AND due_at IS NULL", "webhook_delivery", "webhook_delivery_position"),
            (
                "DELETE FROM outbox WHERE position <= 500 AND position NOT IN \
                 (SELECT waiting.position FROM webhook_delivery waiting WHERE waiting.position <= 500)",
                "outbox",
                "PRIMARY",
            ),
            (
                "SELECT delivery.id, event.event_id FROM webhook_delivery delivery JOIN outbox event ON event.position = delivery.position \
                 WHERE delivery.position <= 500 AND delivery.due_at IS NOT NULL ORDER BY delivery.position LIMIT 100",
                "delivery",
                "webhook_delivery_position",
            ),
        ] {
            let (explained, of) = match engine {
                Engine::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
                Engine::MySql => ("EXPLAIN", "key"),
            };
            let plan = look.column(&format!("{explained} {question}"), of).await;
            match engine {
                Engine::Sqlite => {
                    let index = if index == "PRIMARY" { "INTEGER PRIMARY KEY" } else { index };
                    let is_range = |step: &String| step.contains(&format!("SEARCH {table}")) && step.contains(index);
                    // The first rows of a table are a scan that ends there.
                    let is_beginning = |step: &String| *step == format!("SCAN {table}") && question.contains("ORDER BY position LIMIT 501");
                    assert!(plan.iter().any(|step| is_range(step) || is_beginning(step)), "{question}: {plan:?}");
                    assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE FOR ORDER")), "{question}: {plan:?}");
                }
                Engine::MySql => {
                    let rows = look.column(&format!("EXPLAIN {question}"), "rows").await;
                    assert_eq!(plan[0], index, "{question}: {plan:?}");
                    let most = if question.contains("99000") { 3000 } else { 1500 };
                    assert!(rows.iter().all(|rows| rows.parse::<u64>().unwrap() <= most), "{question}: {rows:?}");
                }
            }
        }
    }
}
