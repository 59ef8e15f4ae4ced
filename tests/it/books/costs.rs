//! What the books cost a server: ranges of an index and nothing beside, by the server's own counters.

use wechat_pay::deal::{DealStatus, Fen, ListedBy, Listing, Reach, TakingsBy, TakingsWish};

use super::rows::{insert_many, page};
use crate::database::accounts::opened;
use crate::support::database::Database;
use crate::support::mariadb::MariaDb;
use crate::support::meter::Meter;

/// What is read of an index or a table.
const READS: [&str; 7] = [
    "Handler_read_first",
    "Handler_read_key",
    "Handler_read_last",
    "Handler_read_next",
    "Handler_read_prev",
    "Handler_read_rnd",
    "Handler_read_rnd_next",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_reads_more_than_its_rows_whatever_is_asked_for() {
    let server = MariaDb::start(&["--event-scheduler=OFF", "--innodb-stats-auto-recalc=OFF"]).await;
    let database = Database::on_server(&server.url()).await;
    let (store, look) = (opened(&database).await, database.look().await);
    insert_many(&look, 1, 20_000, 1).await;
    look.run(
        "UPDATE deal SET transaction_id = CONCAT('t', id), reference = 'shop', merchant_id = 12 + MOD(id, 2), create_at = create_at, update_at = update_at",
    )
    .await;
    look.run("ANALYZE TABLE deal").await;
    let all = Listing::default;
    let seller = |range: &str| Reach { sellers: range.parse().ok(), accounts: None };
    // The rows that are looked through by the index, and again as rows; of one line or of two.
    for (listing, most) in [
        (all(), 1_200),
        (Listing { by: ListedBy::Paid, ..all() }, 1_200),
        (Listing { merchant_id: Some(12), ..all() }, 1_200),
        (Listing { status: Some(DealStatus::Expired), ..all() }, 2_100),
        (Listing { account: "shop2".parse().ok(), ..all() }, 2_100),
        (Listing { account: "shop2".parse().ok(), by: ListedBy::Paid, ..all() }, 2_100),
        (Listing { account: "shop2".parse().ok(), merchant_id: Some(12), ..all() }, 2_100),
        (Listing { reach: seller("12,13"), ..all() }, 2_400),
        (Listing { reach: seller("20-2000"), ..all() }, 4_200),
        (Listing { transaction_id: Some("t77".to_owned()), ..all() }, 10),
        (Listing { order_id: "m77".parse().ok(), ..all() }, 10),
        (Listing { checkout_id: "C20260401000000000000000000000007".parse().ok(), ..all() }, 10),
        (Listing { fee: Fen::new(1), ..all() }, 2_100),
        (Listing { part: "m7-7".parse().ok(), ..all() }, 2_100),
        (Listing { beginning: "m1".parse().ok(), ..all() }, 4_500),
        (Listing { reference: "shop".parse().ok(), status: Some(DealStatus::Expired), ..all() }, 4_500),
    ] {
        // The first page prepares what the second one asks.
        let first = page(&store, &listing, None, 100).await;
        let meter = Meter::start(&server.url()).await;
        page(&store, &listing, first.next, 100).await;
        let spent = meter.stop().await;
        let read: u64 = READS.iter().map(|name| spent.of(name)).sum();
        assert!((1..=most).contains(&read), "{read} rows for {listing:?}");
        // (Select_scan counts the set of sellers, which is a table, whether or not it is looked into. A scan of the deals is beyond `most`.)
        let sorted = ["Sort_rows", "Sort_scan", "Sort_range", "Created_tmp_disk_tables"].map(|name| spent.of(name));
        // The ranges of many sellers are a table of their own.
        let is_of_many = listing.reach.sellers.is_some_and(|sellers| sellers.contains(2000));
        // Of many with one reference or beginning the last are looked through, and put in order.
        let is_looked_through = listing.reference.is_some() || listing.beginning.is_some();
        assert!(sorted == [0; 4] || is_of_many || (is_looked_through && sorted[3] == 0), "{sorted:?} for {:?}", listing.by);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn takings_read_the_days_that_they_are_of() {
    let server = MariaDb::start(&["--event-scheduler=OFF", "--innodb-stats-auto-recalc=OFF"]).await;
    let database = Database::on_server(&server.url()).await;
    let (store, look) = (opened(&database).await, database.look().await);
    insert_many(&look, 1, 20_000, 1).await;
    look.run("UPDATE deal SET update_at = TIMESTAMPADD(DAY, 1, update_at), create_at = create_at WHERE id > 18000").await;
    look.run("INSERT INTO refund (refund_id, order_id, refund_fee, of_second_payment, state, source, created_at, refunded_at) SELECT order_id, order_id, 1, 0, 'SUCCESS', 'api', update_at, update_at FROM deal").await;
    look.run("ANALYZE TABLE deal, refund").await;
    for by in [TakingsBy::Day, TakingsBy::Seller, TakingsBy::Product, TakingsBy::Account] {
        let wish = TakingsWish { from: "2026-04-02".parse().unwrap(), to: "2026-04-02".parse().unwrap(), by, reach: Reach::default() };
        store.books().takings(&wish).await.unwrap();
        let meter = Meter::start(&server.url()).await;
        assert_eq!(store.books().takings(&wish).await.unwrap().unwrap().total().paid_count, 2_000);
        let spent = meter.stop().await;
        // By the index to find a slice's end and once more to add it up; of refunds each deal beside, and the sums themselves.
        let read: u64 = READS.iter().map(|name| spent.of(name)).sum();
        assert!((4_000..=15_000).contains(&read), "{read} rows for {by:?}");
    }
}
