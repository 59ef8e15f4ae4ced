//! The plans of reports in SQLite: ranges of an index, and no sorting of what was found.

use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use crate::deal::{DeliveryList, ListedBy};

use super::alarms;
use super::bills::{accepted_on, booked_deals, booked_refunds, counts, difference, due, list, old_files, paid_on, row, untold};
use super::checkouts;
use super::deals::listed::{Line, Part, Texts};
use super::deals::numbered::{by_beginning, by_checkout, by_order, by_reference, by_transaction};
use super::deals::{claim, find, prepay, settle};
use super::deliveries::{delivered, endpoints};
use super::refunds::page;
use super::takings::{heard, opened, payments, refunds};

const STEPS: [&str; 14] = [
    include_str!("../../migrations/sqlite/0001_deal.sql"),
    include_str!("../../migrations/sqlite/0002_gateway_columns.sql"),
    include_str!("../../migrations/sqlite/0004_transaction_key.sql"),
    include_str!("../../migrations/sqlite/0005_signed_nonce.sql"),
    include_str!("../../migrations/sqlite/0006_refunded_at.sql"),
    include_str!("../../migrations/sqlite/0007_account_and_details.sql"),
    include_str!("../../migrations/sqlite/0008_refund.sql"),
    include_str!("../../migrations/sqlite/0009_untold.sql"),
    include_str!("../../migrations/sqlite/0010_outbox.sql"),
    include_str!("../../migrations/sqlite/0011_books.sql"),
    include_str!("../../migrations/sqlite/0012_checkout.sql"),
    include_str!("../../migrations/sqlite/0013_bill.sql"),
    include_str!("../../migrations/sqlite/0014_console.sql"),
    include_str!("../../migrations/sqlite/0015_one_column_keys.sql"),
];

async fn plan(conn: &mut SqliteConnection, sql: &str) -> String {
    let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(conn).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>().join("; ")
}

async fn database() -> SqliteConnection {
    let mut conn = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    for step in STEPS {
        sqlx::raw_sql(step).execute(&mut conn).await.unwrap();
    }
    conn
}

#[tokio::test]
async fn lists_are_ranges_of_an_index_in_its_order() {
    let mut conn = database().await;
    for (line, index, beginning) in [
        (Line::Created, "deal_create_at", ""),
        (Line::Paid, "deal_status_update_at", "status=? AND "),
        (Line::Seller(12), "deal_seller_create_at", "merchant_id=? AND "),
    ] {
        let time = if let Line::Paid = line { "update_at" } else { "create_at" };
        let (beside, below) = (format!("{time}=? AND rowid<?"), format!("{time}>? AND {time}<?"));
        let of_rows = format!("{time}=? AND rowid>? AND rowid<?");
        for (part, range, of_rows) in [(Part::Beside, beside, of_rows), (Part::Below, below.clone(), below)] {
            let texts = Texts::new(false, line, part);
            let (last, rows) = (plan(&mut conn, &texts.last).await, plan(&mut conn, &texts.rows).await);
            assert!(last.contains(&format!("USING COVERING INDEX {index} ({beginning}{range})")), "{line:?} {part:?}: {last}");
            assert!(rows.contains(&format!("USING INDEX {index} ({beginning}{of_rows})")), "{line:?} {part:?}: {rows}");
            assert!(!last.contains("TEMP B-TREE") && !rows.contains("TEMP B-TREE") && !rows.contains("SCAN deal"), "{last}; {rows}");
        }
    }
    for by in [ListedBy::Created, ListedBy::Paid] {
        let plans = [plan(&mut conn, &by_order(false, by)).await, plan(&mut conn, &by_transaction(false, by)).await];
        assert!(
            plans[0].contains("deal_order_key (order_key=?)") && plans[1].contains("deal_transaction_id (transaction_id=?)"),
            "{plans:?}"
        );
    }
}

#[tokio::test]
async fn rows_of_no_record_and_lists_of_numbers_are_looked_up_in_an_index() {
    let mut conn = database().await;
    for (text, index) in [
        (claim::newest(false), "deal_order_key (order_key=?)"),
        (claim::above(false), "deal_order_key (order_key=? AND rowid>?)"),
        (find::listed("?, ?", "1 = 1", false), "deal_order_key (order_key=?)"),
        (checkouts::find::listed("?, ?", false), "checkout_checkout_id (checkout_id=?)"),
        (find::by_key(false), "deal_idempotency_key (merchant_id=? AND idempotency_key=?)"),
        (find::by_nonce(false), "deal_signed_nonce (merchant_id=? AND signed_nonce=?)"),
        (checkouts::find::by_key(false), "checkout_idempotency_key (merchant_id=? AND idempotency_key=?)"),
        (checkouts::find::by_nonce(false), "checkout_signed_nonce (merchant_id=? AND signed_nonce=?)"),
    ] {
        let plan = plan(&mut conn, &text).await;
        assert!(plan.contains(index) && !plan.contains("TEMP B-TREE") && !plan.contains("SCAN deal"), "{text}: {plan}");
    }
}

#[tokio::test]
async fn deals_are_paid_by_their_numbers_however_many_there_are_at_once() {
    let mut conn = database().await;
    for rows in [1, 2, 64] {
        for texts in [&settle::MARK_PAID.notification, &settle::MARK_PAID.query, &settle::PAYABLE, &prepay::NOTE_LINK] {
            let text = texts.for_engine(rows, false);
            let plan = plan(&mut conn, text).await;
            assert_eq!(plan, "SEARCH deal USING INDEX deal_order_key (order_key=?)", "{rows} of: {}", text.split(" CASE ").next().unwrap());
        }
    }
}

#[tokio::test]
async fn what_an_operator_types_is_looked_up_in_an_index() {
    let mut conn = database().await;
    for by in [ListedBy::Created, ListedBy::Paid] {
        for (text, index) in [
            (by_checkout(false, by), "deal_checkout_way (checkout_id=?)"),
            (by_reference(false, by), "deal_reference (reference=?)"),
            (by_beginning(false, by), "COVERING INDEX deal_order_key (order_key>? AND order_key<?)"),
        ] {
            let plan = plan(&mut conn, &text).await;
            assert!(plan.contains(index) && !plan.contains("SCAN deal"), "{text}: {plan}");
        }
    }
}

#[tokio::test]
async fn refunds_of_a_state_are_read_from_the_newer_end_of_an_index() {
    let mut conn = database().await;
    for (text, range) in [
        (page::text(false, page::BESIDE), "refund_state (state=? AND created_at=? AND rowid<?)"),
        (page::text(false, page::BELOW), "refund_state (state=? AND created_at<?)"),
    ] {
        let plan = plan(&mut conn, &text).await;
        assert!(plan.contains(&format!("USING INDEX {range}")) && !plan.contains("TEMP B-TREE"), "{text}: {plan}");
    }
}

#[tokio::test]
async fn takings_are_summed_up_over_a_range_of_an_index() {
    let mut conn = database().await;
    let (paid, back) = (payments::new(false, "merchant_id"), refunds::new(false, "merchant_id"));
    for (texts, range) in [
        (opened::new(false), "deal_create_at (create_at>? AND create_at<?)"),
        (paid, "deal_status_update_at (status=? AND update_at>? AND update_at<?)"),
        (back, "refund_state_refunded_at (state=? AND refunded_at>? AND refunded_at<?)"),
    ] {
        let (last, sums) = (plan(&mut conn, &texts.last).await, plan(&mut conn, &texts.sums).await);
        assert!(last.contains(&format!("COVERING INDEX {range}")) && !last.contains("TEMP B-TREE"), "{last}");
        assert!(sums.contains(&format!("USING INDEX {range}")) && !sums.contains("SCAN deal") && !sums.contains("SCAN refund"), "{sums}");
    }
}

#[tokio::test]
async fn how_payments_became_known_is_read_from_the_newer_end_of_an_index() {
    let mut conn = database().await;
    let plan = plan(&mut conn, &heard::select(false)).await;
    assert!(plan.contains("INDEX deal_status_update_at (status=? AND update_at>?)"), "{plan}");
    assert!(plan.contains("INDEX deal_event_order_id (order_id=?)") && !plan.contains("TEMP B-TREE"), "{plan}");
}

#[tokio::test]
async fn what_a_bill_is_held_against_is_found_by_numbers_or_read_in_the_order_of_an_index() {
    let mut conn = database().await;
    let lines = [
        (paid_on::texts(false), "deal_status_update_at", "status=? AND update_at"),
        (accepted_on::texts(false), "refund_accepted_at", "accepted_at"),
    ];
    for (texts, index, time) in lines {
        let ranges = [format!("{time}=? AND rowid>?"), format!("{time}>? AND {}<?", time.trim_start_matches("status=? AND "))];
        for (text, range) in texts.all().into_iter().zip(ranges.iter().cycle()) {
            let plan = plan(&mut conn, text).await;
            assert!(plan.contains(&format!("INDEX {index} ({range}")) && !plan.contains("TEMP B-TREE"), "{text}: {plan}");
        }
    }
    let [deals, refunds] = [booked_deals::SELECT.for_engine(2, false), booked_refunds::SELECT.for_engine(2, false)];
    let (deals, refunds) = (plan(&mut conn, deals).await, plan(&mut conn, refunds).await);
    assert!(deals.contains("deal_order_key (order_key=?)") && refunds.contains("refund_refund_id (refund_id=?)"), "{deals}; {refunds}");
}

#[tokio::test]
async fn bills_and_what_differs_from_them_are_found_by_their_indexes() {
    let mut conn = database().await;
    for (text, index) in [
        (due::due(false), "bill_due_at (due_at<?)"),
        (row::select(due::OF_DAY), "bill_day (account=? AND day=?)"),
        (row::select(untold::IS_UNTOLD), "bill_untold (untold=?)"),
        (list::select(list::OF_DAYS), "bill_day_only (day>? AND day<?)"),
        (list::select(list::OF_DAYS), "COVERING INDEX bill_difference_state (bill_id=? AND state=?)"),
        (counts::missing(false), "bill_day_only (day>?)"),
        (counts::OPEN.to_owned(), "COVERING INDEX bill_difference_open (state=?)"),
        (difference::select(difference::OF_DAY), "bill_day_only (day=?)"),
        (difference::select(difference::OF_DAY), "(bill_id=?)"),
        (difference::select(difference::OF_BILL), "(bill_id=?)"),
        (list::select(list::OF_ACCOUNT), "bill_day (account=? AND day>? AND day<?)"),
        (difference::select(difference::SOME), "(bill_id=?"),
        (difference::select(difference::SOME_OPEN), "bill_difference_state (bill_id=? AND state=? AND "),
        (difference::select(difference::OF_ORDER), "bill_difference_order_id (order_id=?)"),
        (old_files::OLD_FILE.to_owned(), "bill_file_parts (parts=? AND at<?)"),
    ] {
        let plan = plan(&mut conn, &text).await;
        assert!(plan.contains(index), "{text}: {plan}");
        assert!(!plan.contains("SCAN"), "{text}: {plan}");
    }
}

#[tokio::test]
async fn alarms_and_deliveries_are_read_in_the_order_of_an_index() {
    let mut conn = database().await;
    let [waiting, given_up, last_waiting, last_given_up] = endpoints::texts(false);
    let list = |list| super::deliveries::list::select(list, false);
    for (text, index) in [
        (alarms::list::open_before(false), "alarm_open (open=? AND id<?)"),
        (alarms::list::open_behind(false), "alarm_open (open=? AND id>?)"),
        (alarms::list::before(), "INTEGER PRIMARY KEY (rowid<?)"),
        (alarms::count::COUNT.to_owned(), "COVERING INDEX alarm_open (open=?)"),
        (alarms::insert::KNOWN.for_engine(2, false).to_owned(), "COVERING INDEX alarm_entry (entry=?)"),
        (waiting, "webhook_delivery_due_at (endpoint=? AND due_at>?)"),
        (given_up, "webhook_delivery_given_up_at (endpoint=? AND given_up_at>?)"),
        (last_given_up, "webhook_delivery_given_up_at (endpoint=? AND given_up_at>?)"),
        (last_waiting, "webhook_delivery_due_at (endpoint=? AND due_at>?)"),
        (list(DeliveryList::Latest { before: None }), "webhook_delivery_event (endpoint=? AND position<?)"),
        (list(DeliveryList::Waiting), "webhook_delivery_due_at (endpoint=? AND due_at>?)"),
        (list(DeliveryList::GivenUp), "webhook_delivery_given_up_at (endpoint=? AND given_up_at>?)"),
        (delivered::IS_DELIVERED.to_owned(), "outbox_event_id (event_id=?)"),
    ] {
        let plan = plan(&mut conn, &text).await;
        assert!(plan.contains(index), "{text}: {plan}");
        // What was found in an index's order, and is bounded, may be looked through.
        let scans: Vec<_> = plan.split("; ").filter(|line| line.starts_with("SCAN")).collect();
        assert!(
            scans.iter().all(|scan| ["waiting", "given_up", "open_ones", "delivery"].iter().any(|part| *scan == format!("SCAN {part}"))),
            "{plan}"
        );
    }
}

#[tokio::test]
async fn the_trail_is_read_backwards_by_an_index() {
    let mut conn = database().await;
    for ((of_user, of_order), index) in [
        ((false, false), "USING INTEGER PRIMARY KEY (rowid<?)"),
        ((true, false), "audit_user (user=? AND id<?)"),
        ((false, true), "audit_order (order_id=? AND rowid<?)"),
        ((true, true), "USING INDEX audit_"),
    ] {
        let plan = plan(&mut conn, super::audit::list::select(of_user, of_order)).await;
        assert!(plan.contains(index) && !plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}
