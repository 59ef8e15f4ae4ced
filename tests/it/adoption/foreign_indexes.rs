//! Unique indexes that other programs have put on the table.

use std::time::Duration;

use tokio::time::timeout;

use crate::support::database::{Database, Engine};
use crate::support::on_both_engines;
use crate::support::test_app::TestAppBuilder;
use crate::support::wechat_message::WeChatMessage;

/// The table as the original made it, changed by this.
pub async fn table_with(engine: Engine, changes: &str) -> Database {
    let table = match engine {
        Engine::MySql => include_str!("../../../migrations/mysql/0001_deal.sql"),
        Engine::Sqlite => include_str!("../../../migrations/sqlite/0001_deal.sql"),
    };
    let database = Database::fresh(engine).await;
    if let Some(directory) = database.directory() {
        std::fs::File::create(directory.join("deal.db")).unwrap();
    }
    let look = database.look().await;
    look.run(table).await;
    look.run(changes).await;
    look.ends().await;
    database
}

async fn columns(database: &Database) -> usize {
    let sql = match database.engine {
        Engine::MySql => "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'deal'",
        Engine::Sqlite => "SELECT name FROM pragma_table_info('deal')",
    };
    database.look().await.texts(sql).await.len()
}

on_both_engines! {
    async fn an_index_that_new_deals_would_violate_is_refused_at_start(engine) {
        for columns_of_it in ["product_id", "merchant_id, product_id", "price, create_at", "update_at"] {
            let database = table_with(engine, &format!("CREATE UNIQUE INDEX once_only ON deal ({columns_of_it})")).await;
            let before = columns(&database).await;
            let Err((error, database)) = TestAppBuilder::on(database).try_open().await else { panic!("opened with {columns_of_it}") };
            assert!(error.to_string().contains("once_only"), "{error}");
            assert_eq!(columns(&database).await, before, "nothing was altered");
        }
    }

    async fn an_index_that_no_two_deals_can_violate_is_none_of_our_business(engine) {
        for columns_of_it in ["order_id", "transaction_id", "product_id, order_id", "id, product_id"] {
            let database = table_with(engine, &format!("CREATE UNIQUE INDEX once_only ON deal ({columns_of_it})")).await;
            let app = TestAppBuilder::on(database).open().await;
            for _ in 0..2 {
                let order = app.to_pay("19.90").await;
                app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged(columns_of_it);
            }
        }
    }

    async fn a_number_that_is_refused_is_drawn_three_times_at_most(engine) {
        let app = TestAppBuilder::new(engine).await.set("METRICS__LISTEN", "127.0.0.1:0").open().await;
        app.to_pay("19.90").await;
        app.look().await.run("CREATE UNIQUE INDEX once_only ON deal (product_id)").await;
        let before = app.numbers().await;
        assert_eq!(before.get("alarms_total{kind=\"not_opened\"}"), 0.0);
        let answer = timeout(Duration::from_secs(5), app.try_to_pay("19.90")).await.expect("an end");
        assert_eq!((answer.status, answer.reason().as_str()), (500, "INTERNAL"), "{}", answer.body);
        let after = app.numbers().await;
        assert_eq!(after.get("store_errors_total{kind=\"conflict\"}"), 3.0);
        assert_eq!(after.since(&before, "alarms_total{kind=\"not_opened\"}"), 1.0);
    }
}

/// Put there after our columns were.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_over_what_deals_may_have_in_common_is_refused_at_the_next_start() {
    for engine in [Engine::Sqlite, Engine::MySql] {
        for columns_of_it in ["reference", "merchant_id, reference", "description", "account", "refunded_fee", "refund_last_at"] {
            let database = TestAppBuilder::new(engine).await.open().await.stop().await;
            let look = database.look().await;
            look.run(&format!("CREATE UNIQUE INDEX once_only ON deal ({columns_of_it})")).await;
            look.ends().await;
            let Err((error, _database)) = TestAppBuilder::on(database).try_open().await else { panic!("opened with {columns_of_it}") };
            assert!(error.to_string().contains("once_only"), "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_payments_would_violate_is_refused_at_start() {
    for columns_of_it in ["transaction_id(10)", "payBack(10)", "queryBack(100)", "prepayBack(20)", "status, payBack(255)", "order_id(14)"] {
        let database = table_with(Engine::MySql, &format!("CREATE UNIQUE INDEX once_only ON deal ({columns_of_it})")).await;
        let before = columns(&database).await;
        let Err((error, database)) = TestAppBuilder::on(database).try_open().await else { panic!("opened with {columns_of_it}") };
        assert!(error.to_string().contains("once_only"), "{error}");
        assert_eq!(columns(&database).await, before, "nothing was altered");
    }
}
