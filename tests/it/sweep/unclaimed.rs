//! Rows that the original inserts while both run: found whatever their numbers are, and followed.

use crate::support::database::Look;
use crate::support::on_both_engines;
use crate::support::test_app::{TestApp, TestAppBuilder};

async fn insert(look: &Look, id: i64, order_id: &str) {
    look.run(&format!(
        "INSERT INTO deal (id, order_id, product_id, merchant_id, price, price_last, status, mode, create_at, update_at) \
         VALUES ({id}, '{order_id}', 34, 12, 19.9, 19.9, 0, 0, '2026-04-01 12:00:00', '2026-04-01 12:00:00')"
    ))
    .await;
}

async fn is_claimed(look: &Look, order_id: &str) -> bool {
    look.value(order_id, "order_key").await.as_deref() == Some(order_id)
}

on_both_engines! {
    async fn a_row_that_is_committed_late_or_by_a_node_that_counts_otherwise_is_found(engine) {
        let app = TestApp::open(engine).await;
        let look = app.look().await;
        // Three nodes count in steps of three, each its own; and one of their rows takes its time.
        for id in [100_002, 100_003, 100_004, 100_006, 100_009] {
            insert(&look, id, &format!("node-{id}")).await;
        }
        app.sweep().await;
        for id in [100_001, 40_000, 7, 100_007] {
            insert(&look, id, &format!("late-{id}")).await;
            app.sweep().await;
            assert!(is_claimed(&look, &format!("late-{id}")).await, "{id}");
        }
        for id in [100_002, 100_003, 100_004, 100_006, 100_009] {
            assert!(is_claimed(&look, &format!("node-{id}")).await, "{id}");
        }
    }

    async fn numbers_that_the_original_repeated_hide_no_late_row(engine) {
        let app = TestAppBuilder::new(engine).await.open().await;
        let look = app.look().await;
        insert(&look, 5_000, "first").await;
        app.sweep().await;
        // More than are looked at in a pass, and all of them of no record for good.
        let digits = "(SELECT 0 AS d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6)";
        look.run(&format!(
            "INSERT INTO deal (order_id, product_id, merchant_id, price, price_last, status, mode, create_at, update_at) \
             SELECT 'first', 34, 12, 19.9, 19.9, 0, 0, '2026-04-01 12:00:00', '2026-04-01 12:00:00' \
             FROM {digits} a, {digits} b, {digits} c, {digits} e"
        ))
        .await;
        insert(&look, 90_000, "newest").await;
        insert(&look, 3, "late").await;
        app.sweep().await;
        assert!(is_claimed(&look, "newest").await, "at once, whatever is walked through");
        let mut passes = 1;
        while !is_claimed(&look, "late").await {
            app.sweep().await;
            passes += 1;
            assert!(passes <= 6, "not found within a walk");
        }
        let of_record = look.texts("SELECT CAST(COUNT(*) AS CHAR) FROM deal WHERE order_key = 'first'").await;
        assert_eq!(of_record, [Some("1".to_owned())]);
    }
}
