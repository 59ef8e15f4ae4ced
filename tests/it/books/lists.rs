//! Lists of deals: every deal that fits once, the newest first, whatever is asked for and whoever asks.

use wechat_pay::deal::{DealStatus, ListedBy, Listing, Reach, Timestamp, range_from, range_to};

use super::rows::{Row, insert, insert_many, numbers, page};
use crate::database::accounts::opened;
use crate::support::database::{Database, Engine};
use crate::support::on_both_engines;

const SHOP: Row = Row::unpaid("a1", "2026-04-01 10:00:00");
const ROWS: [Row; 6] = [
    SHOP,
    Row::unpaid("a2", "2026-04-01 23:59:59").paid("2026-04-02 00:00:10"),
    Row::unpaid("a3", "2026-04-02 00:00:00").of(13, "shop2"),
    Row { status: "NULL", ..Row::unpaid("a4", "2026-04-02 00:00:00") },
    Row { status: "2", ..Row::unpaid("a5", "2026-04-02 12:00:00") },
    Row::unpaid("a6", "2026-04-03 08:00:00").of(25, "shop2").paid("2026-04-03 08:00:30"),
];

fn day(text: &str) -> (Option<Timestamp>, Option<Timestamp>) {
    (range_from(text).ok(), range_to(text).ok())
}

fn reach(sellers: &str, accounts: Option<&str>) -> Reach {
    let sellers = (!sellers.is_empty()).then(|| sellers.parse().unwrap());
    Reach { sellers, accounts: accounts.map(|account| vec![account.parse().unwrap()]) }
}

on_both_engines! {
    async fn each_wish_lists_what_fits_it(engine) {
        let database = Database::fresh(engine).await;
        let store = opened(&database).await;
        insert(&database.look().await, &ROWS).await;
        let all = Listing::default;
        let (first, second) = (day("2026-04-01"), day("2026-04-02"));
        let paid = || Listing { by: ListedBy::Paid, ..all() };
        for (listing, expected) in [
            (all(), "a6 a5 a4 a3 a2 a1"),
            (Listing { from: first.0, until: first.1, ..all() }, "a2 a1"),
            (Listing { from: second.0, ..all() }, "a6 a5 a4 a3"),
            (Listing { until: range_to("2026-04-02T00:00:00+08:00").ok(), ..all() }, "a2 a1"),
            (Listing { status: Some(DealStatus::Unpaid), ..all() }, "a4 a3 a1"),
            (Listing { status: Some(DealStatus::Expired), ..all() }, "a5"),
            (Listing { merchant_id: Some(12), ..all() }, "a5 a4 a2 a1"),
            (Listing { merchant_id: Some(12), from: second.0, until: second.1, ..all() }, "a5 a4"),
            (Listing { account: "shop2".parse().ok(), ..all() }, "a6 a3"),
            (Listing { account: "default".parse().ok(), status: Some(DealStatus::Paid), ..all() }, "a2"),
            (paid(), "a6 a2"),
            (Listing { from: second.0, until: second.1, ..paid() }, "a2"),
            (Listing { merchant_id: Some(25), ..paid() }, "a6"),
            (Listing { status: Some(DealStatus::Unpaid), ..paid() }, ""),
            (Listing { transaction_id: Some("t-a2".to_owned()), ..all() }, "a2"),
            (Listing { transaction_id: Some("T-A2".to_owned()), ..all() }, ""),
            (Listing { transaction_id: Some("t-a2".to_owned()), merchant_id: Some(13), ..all() }, ""),
            (Listing { order_id: "a3".parse().ok(), ..all() }, "a3"),
            (Listing { order_id: "a3".parse().ok(), ..paid() }, ""),
            (Listing { order_id: "a2".parse().ok(), transaction_id: Some("t-a6".to_owned()), ..all() }, ""),
            (Listing { reach: reach("12", None), ..all() }, "a5 a4 a2 a1"),
            (Listing { reach: reach("13,25", None), ..all() }, "a6 a3"),
            (Listing { reach: reach("13-100", None), ..all() }, "a6 a3"),
            (Listing { reach: reach("1-12,20-2000", None), ..paid() }, "a6 a2"),
            (Listing { reach: reach("12", None), ..paid() }, "a2"),
            (Listing { reach: reach("", Some("shop2")), ..all() }, "a6 a3"),
            (Listing { reach: reach("13-24", Some("shop2")), ..all() }, "a3"),
            (Listing { reach: reach("12", None), order_id: "a3".parse().ok(), ..all() }, ""),
            (Listing { reach: reach("12", None), transaction_id: Some("t-a6".to_owned()), ..all() }, ""),
            (Listing { reach: reach("12", None), merchant_id: Some(13), ..all() }, ""),
            (Listing { reach: reach("", Some("shop2")), account: "default".parse().ok(), ..all() }, ""),
        ] {
            let page = page(&store, &listing, None, 100).await;
            assert_eq!((numbers(&page).join(" "), page.next.clone()), (expected.to_owned(), None), "{listing:?}");
        }
    }

    async fn pages_hold_every_deal_once_although_others_are_opened(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        // Many of one second, as an import leaves them.
        let mut rows = vec![Row::unpaid("late", "2026-04-01 12:00:01")];
        let names: Vec<&'static str> = (0..11).map(|number| &*format!("same-{number:02}").leak()).collect();
        rows.extend(names.iter().enumerate().map(|(number, name)| Row::unpaid(name, "2026-04-01 12:00:00").of(12 + i64::try_from(number % 3).unwrap(), "default")));
        rows.push(Row::unpaid("early", "2026-04-01 11:59:59"));
        insert(&look, &rows).await;
        for sellers in ["", "12-14", "12-40"] {
            let listing = Listing { reach: reach(sellers, None), ..Listing::default() };
            for limit in [1, 3, 4, 13] {
                let (mut seen, mut after, mut pages) = (Vec::new(), None, 0);
                loop {
                    let page = page(&store, &listing, after, limit).await;
                    assert!(page.deals.len() <= limit as usize);
                    seen.extend(numbers(&page));
                    after = page.next;
                    pages += 1;
                    if after.is_none() || pages > 20 {
                        break;
                    }
                }
                let expected = ["late"].into_iter().chain(names.iter().rev().copied()).chain(["early"]).collect::<Vec<_>>();
                assert_eq!(seen, expected, "{sellers:?} {limit}");
            }
        }
        let first = page(&store, &Listing::default(), None, 3).await;
        insert(&look, &[Row::unpaid("newest", "2026-04-01 12:00:02")]).await;
        let second = page(&store, &Listing::default(), first.next.clone(), 3).await;
        assert_eq!((numbers(&first), numbers(&second)), (vec!["late".into(), "same-10".into(), "same-09".into()], vec!["same-08".into(), "same-07".into(), "same-06".into()]));
    }

    async fn a_page_looks_through_so_many_rows_only_and_says_where_to_go_on(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        insert(&look, &[Row::unpaid("rare", "2026-03-31 12:00:00").of(12, "shop2")]).await;
        insert_many(&look, 1, 2_500, 0).await;
        let listing = Listing { account: "shop2".parse().ok(), ..Listing::default() };
        let (mut after, mut pages) = (None, Vec::new());
        loop {
            let page = page(&store, &listing, after, 10).await;
            pages.push(numbers(&page).len());
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(pages, [0, 0, 1]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_an_old_table_are_listed_as_they_are_read() {
    let database = Database::fresh(Engine::MySql).await;
    let look = database.look().await;
    look.run(include_str!("../../support/original.sql")).await;
    let store = opened(&database).await;
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = page(&store, &Listing::default(), after, 2).await;
        seen.extend(numbers(&page));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let of_record =
        look.texts("SELECT CAST(COUNT(*) AS CHAR(20)) FROM deal WHERE order_key IS NOT NULL AND COALESCE(status, 0) BETWEEN 0 AND 2").await;
    assert_eq!(seen.iter().collect::<std::collections::BTreeSet<_>>().len(), seen.len(), "none twice");
    assert_eq!(Some(seen.len().to_string()), of_record[0], "{seen:?}");
    assert!(seen.contains(&"no-date".to_owned()) && seen[seen.len() - 2..].iter().all(|number| number.starts_with("no-date")), "{seen:?}");
}
