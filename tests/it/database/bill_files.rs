//! Files of bills: kept byte for byte, seen once they are whole, and never before.

use std::fs;

use chrono::TimeDelta;
use wechat_pay::deal::{BillKind, DifferenceState, Finding};
use wechat_pay::store::{BillFile, BillOutcome, LARGEST_BATCH, Store, WholeFile};

use super::accounts::{now, opened};
use super::bills::{compared, found, planned, read};
use crate::support::database::{Database, Engine};
use crate::support::on_both_engines;

const DAY: &str = "2026-03-31";

/// A trade file that was received, of so many parts.
pub fn whole(id: i64, parts: u32) -> WholeFile {
    WholeFile { id, kind: BillKind::Trade, parts, received: 1_000_000, sha256: "c0ffee".repeat(11)[..64].to_owned() }
}

/// Begins a file of a bill, and adds so many parts.
async fn begun(store: &Store, bill: i64, parts: u32) -> i64 {
    let file = store.begin_bill_file(bill, BillKind::Trade, false, now()).await.unwrap();
    for part in 0..parts {
        store.add_bill_part(file, part, vec![b'x'; 10]).await.unwrap();
    }
    file
}

async fn parts(database: &Database) -> usize {
    database.look().await.texts("SELECT CAST(part AS CHAR(20)) FROM bill_part").await.len()
}

on_both_engines! {
    async fn parts_come_back_byte_for_byte(engine) {
        let database = Database::fresh(engine).await;
        let store = opened(&database).await;
        let bill = planned(&store, "default", DAY).await;
        let file = store.begin_bill_file(bill.id, BillKind::Trade, true, now()).await.unwrap();
        let all: Vec<u8> = (0..=255).cycle().take(256 * 1024).collect();
        // None, one that ends texts, every byte there is, and what is no text in any character set.
        let data = [Vec::new(), vec![0], all, vec![0x1f, 0x8b, 0x27, 0x5c, 0xff, 0xfe, 0x00]];
        for (part, data) in (0..).zip(&data) {
            store.add_bill_part(file, part, data.clone()).await.unwrap();
        }
        assert!(store.end_bill_file(&bill, &whole(file, 4)).await.unwrap());
        for (part, data) in (0..).zip(&data) {
            assert!(store.bill_part(file, part).await.unwrap().as_ref() == Some(data), "part {part}");
        }
        assert_eq!((store.bill_part(file, 4).await.unwrap(), store.bill_part(file + 1, 0).await.unwrap()), (None, None));
        let WholeFile { id, kind, parts, received, sha256 } = whole(file, 4);
        let kept = BillFile { id, kind, parts, received, sha256, packed_here: true, at: now() };
        assert_eq!((store.bill_file(file).await.unwrap(), read(&store, "default", DAY).await.file), (Some(kept), Some(file)));
    }

    async fn a_part_that_is_added_again_is_there_once_and_none_is_added_to_a_whole_file(engine) {
        let database = Database::fresh(engine).await;
        let store = opened(&database).await;
        let bill = planned(&store, "default", DAY).await;
        let file = begun(&store, bill.id, 1).await;
        for _ in 0..2 {
            store.add_bill_part(file, 1, b"second".to_vec()).await.unwrap();
        }
        assert!(!store.end_bill_file(&bill, &whole(file, 3)).await.unwrap(), "one is not there");
        assert_eq!((store.bill_file(file).await.unwrap(), read(&store, "default", DAY).await.file), (None, None));
        for _ in 0..2 {
            assert!(store.end_bill_file(&bill, &whole(file, 2)).await.unwrap(), "said again, as behind a connection that broke");
        }
        assert!(!store.end_bill_file(&bill, &WholeFile { sha256: "0".repeat(64), ..whole(file, 2) }).await.unwrap(), "it is another");
        for (part, data) in [(1, b"forged".to_vec()), (2, b"more".to_vec())] {
            store.add_bill_part(file, part, data).await.unwrap();
        }
        assert_eq!((store.bill_part(file, 1).await.unwrap(), parts(&database).await), (Some(b"second".to_vec()), 2));
        store.add_bill_part(file + 1, 0, vec![1]).await.unwrap();
        assert!(!store.end_bill_file(&bill, &whole(file + 1, 1)).await.unwrap(), "there is no such file");
        assert_eq!(parts(&database).await, 2, "nothing without its file");
    }

    async fn a_file_whose_writer_was_killed_is_never_seen_and_is_deleted_later(engine) {
        let database = Database::fresh(engine).await;
        let store = opened(&database).await;
        let bill = planned(&store, "default", DAY).await;
        let left = begun(&store, bill.id, 150).await;
        drop(store);
        let store = Store::open(&database.url.parse().unwrap(), "i2", LARGEST_BATCH, now()).await.unwrap();
        let kept = begun(&store, bill.id, 3).await;
        assert!(store.end_bill_file(&bill, &whole(kept, 3)).await.unwrap());
        assert_eq!((store.bill_file(left).await.unwrap(), read(&store, "default", DAY).await.file), (None, Some(kept)));
        assert!(!store.delete_old_bill_files(now()).await.unwrap(), "it may still be written");
        assert_eq!(parts(&database).await, 153);
        let later = now() + TimeDelta::seconds(1);
        assert!(store.delete_old_bill_files(later).await.unwrap());
        assert_eq!(parts(&database).await, 153 - 64, "a bite at a time");
        while store.delete_old_bill_files(later).await.unwrap() {}
        assert_eq!(parts(&database).await, 3);
        store.add_bill_part(left, 0, vec![1]).await.unwrap();
        assert!(!store.end_bill_file(&bill, &whole(left, 1)).await.unwrap(), "its writer was only slow");
        assert_eq!((parts(&database).await, store.bill_file(kept).await.unwrap().map(|file| file.parts)), (3, Some(3)));
    }

    async fn a_file_takes_the_place_of_the_one_before_and_not_of_the_other_kind(engine) {
        let database = Database::fresh(engine).await;
        let store = opened(&database).await;
        let (bill, other) = (planned(&store, "default", DAY).await, planned(&store, "shop2", DAY).await);
        let fund_flow = store.begin_bill_file(bill.id, BillKind::FundFlow, false, now()).await.unwrap();
        let of_fund_flow = WholeFile { kind: BillKind::FundFlow, ..whole(fund_flow, 0) };
        assert!(!store.end_bill_file(&bill, &whole(fund_flow, 0)).await.unwrap(), "it is the fund flow");
        assert!(!store.end_bill_file(&other, &of_fund_flow).await.unwrap(), "it is another bill's");
        assert!(store.end_bill_file(&bill, &of_fund_flow).await.unwrap());
        let (first, second) = (begun(&store, bill.id, 2).await, begun(&store, bill.id, 1).await);
        for (file, parts) in [(first, 2), (second, 1)] {
            assert!(store.end_bill_file(&bill, &whole(file, parts)).await.unwrap());
        }
        let read = read(&store, "default", DAY).await;
        assert_eq!((read.file, read.fund_flow), (Some(second), Some(fund_flow)));
        assert_eq!(store.bill_file(first).await.unwrap(), None);
        while store.delete_old_bill_files(now() + TimeDelta::days(1)).await.unwrap() {}
        assert_eq!(parts(&database).await, 1);
        assert!(store.bill_file(second).await.unwrap().is_some() && store.bill_file(fund_flow).await.unwrap().is_some());
    }

    async fn the_files_of_old_days_go_as_the_page_for_operators_says_and_what_was_found_stays(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        let mut files = Vec::new();
        for day in ["2026-03-30", DAY] {
            let bill = planned(&store, "default", day).await;
            let until = now() + TimeDelta::minutes(10);
            assert!(store.take_bill(&bill, until).await.unwrap());
            let file = begun(&store, bill.id, 70).await;
            assert!(store.end_bill_file(&bill, &whole(file, 70)).await.unwrap());
            let open = found(day, DifferenceState::Open, Finding::NotKnown);
            assert!(store.finish_bill(&bill, until, compared(vec![open])).await.unwrap());
            files.push(file);
        }
        let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config/bills/README.md")).unwrap();
        let sql = page.split("```sql\n").nth(1).unwrap().split("```").next().unwrap().replace("2026-08-01", DAY);
        for statement in sql.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
            look.run(statement).await;
        }
        assert_eq!(store.bill_file(files[0]).await.unwrap(), None, "no call gives it any more");
        let later = now() + TimeDelta::seconds(1);
        while store.delete_old_bill_files(later).await.unwrap() {}
        assert_eq!(parts(&database).await, 70);
        assert!(store.bill_file(files[1]).await.unwrap().is_some());
        let (old, young) = (read(&store, "default", "2026-03-30").await, read(&store, "default", DAY).await);
        assert_eq!((old.file, old.outcome, young.file), (None, Some(BillOutcome::Compared), Some(files[1])));
        assert_eq!(store.differences_of_bill(old.id).await.unwrap().len(), 1);
    }
}

/// In the server's own words, whatever character set the database has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_another_character_set_keeps_bytes_as_bytes() {
    let database = Database::fresh(Engine::MySql).await;
    database
        .look()
        .await
        .run("SET @sql = CONCAT('ALTER DATABASE ', DATABASE(), ' CHARACTER SET latin1'); PREPARE it FROM @sql; EXECUTE it")
        .await;
    let store = opened(&database).await;
    let bill = planned(&store, "default", DAY).await;
    let file = begun(&store, bill.id, 0).await;
    let data: Vec<u8> = (0..=255).collect();
    store.add_bill_part(file, 0, data.clone()).await.unwrap();
    assert_eq!(store.bill_part(file, 0).await.unwrap(), Some(data));
}
