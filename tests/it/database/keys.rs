//! Unique keys on a server: one column each, so that no two changes of one seller's deals are in each other's way on different nodes of
//! a cluster; kept by rows of the original and of the version before as well, and given up in no order but a safe one.

use serde_json::json;
use wechat_pay::store::Store;

use crate::support::database::{Database, Engine, Look};
use crate::support::test_app::{OPENING_TIME, TestApp, TestAppBuilder};

/// The page that says how to go back.
const PAGE: &str = include_str!("../../../config/deploy/README.md");
/// As the version before 0015 inserts, which knows nothing of the joined columns.
const FORMER: &str = "INSERT INTO deal (order_id, order_key, product_id, merchant_id, price, price_last, total_fee, status, mode, idempotency_key, \
                      signed_nonce, prepay_request, create_at, update_at, expires_at, trade_type, checkout_id)";
/// Of each key: what a row of the former version's has, and another one that has it in common.
const KEYS: [(&str, &str, &str); 3] = [
    ("seller_key", "7, 'a key', NULL, NULL, NULL", "7, 'a key', 'nonce', 'APP', NULL"),
    ("seller_nonce", "7, NULL, 'nonce of old', NULL, NULL", "7, 'another', 'nonce of old', NULL, NULL"),
    ("checkout_key", "7, NULL, NULL, 'APP', 'C1'", "8, 'key', 'nonce', 'APP', 'C1'"),
];

async fn migrate(database: &Database) -> Vec<&'static str> {
    Store::migrate(&database.url.parse().unwrap(), OPENING_TIME.parse().unwrap()).await.unwrap()
}

/// The text that inserts a row so: seller, key, nonce, trade type and checkout.
fn row(number: usize, keys: &str) -> String {
    let parts: Vec<_> = keys.split(", ").collect();
    let [seller, key, nonce, trade_type, checkout] = parts[..] else { panic!("{keys}") };
    format!(
        "{FORMER} VALUES ('former-{number}', 'former-{number}', 34, {seller}, 19.9, 19.9, 1990, 0, 0, {key}, {nonce}, '<xml></xml>', \
         '2026-04-01 12:00:00', '2026-04-01 12:00:00', '2026-04-01 14:00:00', {trade_type}, {checkout})"
    )
}

/// What the server says to a statement that it refuses.
async fn refused(look: &Look, sql: &str) -> Option<String> {
    let Look::MySql(pool) = look else { panic!("a server") };
    let done = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(pool).await;
    done.err().map(|error| error.to_string())
}

/// Which unique indexes have several parts of which some may be NULL and some may not, or any that is shared while others are NULL.
async fn shared(look: &Look) -> Vec<Option<String>> {
    look.texts(
        "SELECT CONCAT(table_name, '.', index_name) FROM information_schema.statistics WHERE table_schema = DATABASE() AND non_unique = 0 \
         GROUP BY table_name, index_name HAVING COUNT(*) > 1 AND SUM(nullable = 'YES') > 0 ORDER BY 1",
    )
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_unique_index_has_a_part_that_may_be_null_beside_another() {
    let database = Database::fresh(Engine::MySql).await;
    migrate(&database).await;
    let look = database.look().await;
    assert_eq!(shared(&look).await, []);
    let unique = look.texts("SELECT CAST(COUNT(DISTINCT table_name, index_name) AS CHAR) FROM information_schema.statistics WHERE table_schema = DATABASE() AND non_unique = 0");
    assert!(unique.await[0].as_ref().unwrap().parse::<u32>().unwrap() > 25, "all tables were looked at");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_former_version_s_rows_and_ours_are_kept_apart_while_both_write() {
    let app = TestApp::open(Engine::MySql).await;
    let look = app.look().await;
    for (number, (index, one, other)) in KEYS.into_iter().enumerate() {
        look.run(&row(2 * number, one)).await;
        let said = refused(&look, &row(2 * number + 1, other)).await;
        assert!(said.as_ref().is_some_and(|said| said.contains(index)), "{index}: {said:?}");
    }
    let wish = json!({"merchant_id": 12, "product_id": 34, "price": "19.90"});
    let with_key = |key: &str| {
        let request = app.till.request("POST", "/wxPay/toPay").header("content-type", "application/json").header("idempotency-key", key);
        app.till.send(request.body(wish.to_string()))
    };
    // Theirs first, then ours; ours first, then theirs.
    look.run(&row(10, "12, 'theirs', NULL, NULL, NULL")).await;
    let answer = with_key("theirs").await;
    assert_ne!(answer.json()["code"], 0, "no second deal under the key: {}", answer.body);
    assert_eq!(with_key("ours").await.json()["code"], 0);
    assert!(refused(&look, &row(11, "12, 'ours', NULL, NULL, NULL")).await.is_some());
    // A key is its seller's, and where the parts end is no matter of chance.
    look.run(&row(12, "1, '2:ours', NULL, NULL, NULL")).await;
    look.run(&row(13, "12, ':ours', NULL, NULL, NULL")).await;
    // The original names no key, as often as it likes.
    for _ in 0..2 {
        look.run("INSERT INTO deal (order_id, product_id, merchant_id, price, price_last) VALUES ('of the original', 1, 12, 5, 5)").await;
    }
    let counted =
        look.texts("SELECT CAST(COUNT(*) AS CHAR) FROM deal WHERE idempotency_key IN ('theirs', 'ours') AND merchant_id = 12").await;
    assert_eq!(counted, [Some("2".to_owned())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keys_of_a_table_with_deals_are_kept_apart_after_every_statement_of_the_step() {
    const STEP: &str = include_str!("../../../migrations/mysql/0015_one_column_keys.sql");
    let statements: Vec<_> = STEP.split_inclusive(";\n").filter(|statement| !statement.trim().is_empty()).collect();
    let database = Database::fresh(Engine::MySql).await;
    migrate(&database).await;
    let look = database.look().await;
    look.run(&going_back()).await;
    for (number, (_, one, _)) in KEYS.into_iter().enumerate() {
        look.run(&row(number, one)).await;
    }
    look.run("ALTER TABLE deal DROP COLUMN seller_key, DROP COLUMN seller_nonce, DROP COLUMN checkout_key").await;
    look.run("ALTER TABLE checkout DROP COLUMN seller_key, DROP COLUMN seller_nonce; ALTER TABLE refund DROP COLUMN deal_key").await;
    for statement in &statements {
        look.run(statement).await;
        for (number, (index, _, other)) in KEYS.into_iter().enumerate() {
            assert!(refused(&look, &row(10 + number, other)).await.is_some(), "{index} after {statement}");
        }
    }
    assert_eq!(shared(&look).await, []);
    assert_eq!(migrate(&database).await, ["0015_one_column_keys"], "what is there already is passed over");
}

/// What the page says to do before the version before is started.
fn going_back() -> String {
    let (_, behind) = PAGE.split_once("Before going back behind 0015_one_column_keys").unwrap();
    let (sql, _) = behind.split_once("```sql\n").unwrap().1.split_once("```").unwrap();
    sql.to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn going_back_behind_the_step_is_as_the_page_says_and_forward_again_by_a_start() {
    let app = TestApp::open(Engine::MySql).await;
    assert_eq!(app.to_pay_once("once", "19.90").await.json()["code"], 0);
    let look = app.look().await;
    let database = app.stop().await;
    look.run(&row(0, KEYS[0].1)).await;
    for statement in going_back().split_inclusive(";\n") {
        look.run(statement).await;
        assert!(refused(&look, &row(1, KEYS[0].2)).await.is_some(), "never without an index that keeps keys apart: {statement}");
    }
    // What the version before looks for at its start.
    let unique = "SELECT CONCAT(index_name, ' ', GROUP_CONCAT(column_name ORDER BY seq_in_index)) FROM information_schema.statistics \
                  WHERE table_schema = DATABASE() AND non_unique = 0 AND table_name IN ('deal', 'refund', 'checkout') AND index_name <> 'PRIMARY' \
                  GROUP BY table_name, index_name ORDER BY 1";
    let expected = [
        "checkout_checkout_id checkout_id",
        "checkout_idempotency_key merchant_id,idempotency_key",
        "checkout_signed_nonce merchant_id,signed_nonce",
        "deal_checkout_way checkout_id,trade_type",
        "deal_idempotency_key merchant_id,idempotency_key",
        "deal_order_key order_key",
        "deal_signed_nonce merchant_id,signed_nonce",
        "deal_transaction_key transaction_key",
        "refund_idempotency_key order_id,idempotency_key",
        "refund_refund_id refund_id",
    ];
    assert_eq!(look.texts(unique).await, expected.map(|index| Some(index.to_owned())));
    assert!(!shared(&look).await.is_empty());
    let app = TestAppBuilder::on(database).open().await;
    assert_eq!(shared(&look).await, []);
    assert_eq!(app.to_pay_once("once", "19.90").await.json()["code"], 0, "the key is known as before");
}
