//! Takings: the merchant's truth, by days in Beijing, sellers, products and accounts.

use wechat_pay::deal::{Reach, TakingsBy, TakingsWish};
use wechat_pay::store::Store;

use super::rows::{Row, insert, insert_many};
use crate::database::accounts::opened;
use crate::support::database::{Database, Look};
use crate::support::on_both_engines;

const ROWS: [Row; 5] = [
    Row::unpaid("a1", "2026-04-01 23:00:00").paid("2026-04-01 23:59:59"),
    Row::unpaid("a2", "2026-04-01 23:59:59").paid("2026-04-02 00:00:00"),
    Row::unpaid("a3", "2026-04-02 10:00:00").of(9, "shop2").paid("2026-04-02 23:59:59"),
    Row::unpaid("a4", "2026-04-02 12:00:00"),
    Row::unpaid("a5", "2026-04-03 00:00:00").paid("2026-04-03 00:00:00"),
];

/// Its number, its order and the account of that.
async fn refund(look: &Look, [refund_id, order_id, account]: [&str; 3], fee: i64, state: &str, second: u8, at: &str) {
    let account = if account == "default" { "NULL".to_owned() } else { format!("'{account}'") };
    look.run(&format!(
        "INSERT INTO refund (refund_id, order_id, account, refund_fee, of_second_payment, state, source, created_at, refunded_at) \
         VALUES ('{refund_id}', '{order_id}', {account}, {fee}, {second}, '{state}', 'api', '{at}', '{at}')"
    ))
    .await;
}

/// Each key with payments, refunds and what is left, in fen.
async fn told(store: &Store, from: &str, to: &str, by: TakingsBy, reach: &Reach) -> String {
    let wish = TakingsWish { from: from.parse().unwrap(), to: to.parse().unwrap(), by, reach: reach.clone() };
    let takings = store.books().takings(&wish).await.unwrap().unwrap();
    let line = |key: &str, sums: wechat_pay::deal::Sums| {
        format!("{key}:{}/{}-{}/{}={}", sums.paid_count, sums.paid_fee, sums.refunded_count, sums.refunded_fee, sums.net_fee())
    };
    let mut lines: Vec<_> = takings.iter().map(|(key, sums)| line(&key, sums)).collect();
    lines.push(line("total", takings.total()));
    lines.join(" ")
}

on_both_engines! {
    async fn a_day_has_its_payments_and_the_refunds_that_arrived_on_it(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        insert(&look, &ROWS).await;
        refund(&look, ["r1", "a1", "default"], 500, "SUCCESS", 0, "2026-04-02 08:00:00").await;
        refund(&look, ["r2", "a3", "shop2"], 1990, "SUCCESS", 0, "2026-04-02 23:59:59").await;
        refund(&look, ["r3", "a2", "default"], 990, "PROCESSING", 0, "2026-04-02 08:00:00").await;
        refund(&look, ["r4", "a2", "default"], 1990, "SUCCESS", 1, "2026-04-02 08:00:00").await;
        refund(&look, ["r5", "a5", "default"], 1, "SUCCESS", 0, "2026-04-03 00:00:00").await;
        look.run("UPDATE deal SET product_id = 7 WHERE order_id = 'a3'").await;
        let (all, of_12, of_shop2) = (Reach::default(), Reach { sellers: "12".parse().ok(), accounts: None }, Reach { sellers: None, accounts: Some(vec!["shop2".parse().unwrap()]) });
        for (from, to, by, reach, expected) in [
            ("2026-04-01", "2026-04-02", TakingsBy::Day, &all, "2026-04-01:1/1990-0/0=1990 2026-04-02:2/3980-2/2490=1490 total:3/5970-2/2490=3480"),
            ("2026-04-04", "2026-04-04", TakingsBy::Day, &all, "2026-04-04:0/0-0/0=0 total:0/0-0/0=0"),
            ("2026-04-02", "2026-04-02", TakingsBy::Seller, &all, "9:1/1990-1/1990=0 12:1/1990-1/500=1490 total:2/3980-2/2490=1490"),
            ("2026-04-02", "2026-04-02", TakingsBy::Product, &all, "7:1/1990-1/1990=0 34:1/1990-1/500=1490 total:2/3980-2/2490=1490"),
            ("2026-04-01", "2026-04-03", TakingsBy::Account, &all, "default:3/5970-2/501=5469 shop2:1/1990-1/1990=0 total:4/7960-3/2491=5469"),
            ("2026-04-02", "2026-04-02", TakingsBy::Day, &of_12, "2026-04-02:1/1990-1/500=1490 total:1/1990-1/500=1490"),
            ("2026-04-02", "2026-04-02", TakingsBy::Seller, &of_shop2, "9:1/1990-1/1990=0 total:1/1990-1/1990=0"),
        ] {
            assert_eq!(told(&store, from, to, by, reach).await, expected, "{by:?} {reach:?}");
        }
    }

    async fn other_programs_rows_count_by_what_they_charged_and_alipay_s_do_not(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        insert(&look, &ROWS[..3]).await;
        look.run("UPDATE deal SET total_fee = NULL, price = 59.699999999999996, price_last = 0, create_at = create_at, update_at = update_at WHERE order_id = 'a1'").await;
        look.run("UPDATE deal SET total_fee = NULL, price = 20, price_last = 18.5, create_at = create_at, update_at = update_at WHERE order_id = 'a2'").await;
        look.run("UPDATE deal SET mode = 1, create_at = create_at, update_at = update_at WHERE order_id = 'a3'").await;
        assert_eq!(told(&store, "2026-04-01", "2026-04-02", TakingsBy::Account, &Reach::default()).await, "default:2/7820-0/0=7820 total:2/7820-0/0=7820");
    }

    async fn slices_are_added_up_and_leave_no_payment_out(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        insert_many(&look, 1, 12_500, 1).await;
        // More than a slice of one second.
        look.run("UPDATE deal SET update_at = '2026-04-01 01:00:00', create_at = create_at WHERE id <= 6000").await;
        let all = Reach::default();
        assert_eq!(told(&store, "2026-04-01", "2026-04-01", TakingsBy::Day, &all).await, "2026-04-01:12500/24875000-0/0=24875000 total:12500/24875000-0/0=24875000");
        let refunds = "INSERT INTO refund (refund_id, order_id, refund_fee, of_second_payment, state, source, created_at, refunded_at) \
                       SELECT order_id, order_id, 1, 0, 'SUCCESS', 'api', update_at, update_at FROM deal WHERE id <= 11000";
        look.run(refunds).await;
        assert_eq!(told(&store, "2026-04-01", "2026-04-01", TakingsBy::Seller, &all).await, "12:12500/24875000-11000/11000=24864000 total:12500/24875000-11000/11000=24864000");
    }

    async fn more_keys_than_an_answer_holds_are_not_summed_up(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        insert_many(&look, 1, 10_100, 1).await;
        look.run("UPDATE deal SET merchant_id = id, create_at = create_at, update_at = update_at").await;
        let wish = |by| TakingsWish { from: "2026-04-01".parse().unwrap(), to: "2026-04-01".parse().unwrap(), by, reach: Reach::default() };
        assert_eq!(store.books().takings(&wish(TakingsBy::Seller)).await.unwrap(), None);
        assert_eq!(store.books().takings(&wish(TakingsBy::Product)).await.unwrap().unwrap().len(), 1);
    }
}
