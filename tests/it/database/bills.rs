//! Bills in the table: planned once, taken by one, finished as a whole by whoever has taken them.

use chrono::TimeDelta;
use futures_util::future::join_all;
use wechat_pay::deal::{
    Audience, Bill, BillState, BillSums, Day, Difference, DifferenceKind, DifferenceState, EventId, EventType, Finding, Found, Timestamp,
};
use wechat_pay::store::{BillOutcome, DatabaseUrl, FinishedBill, LARGEST_BATCH, NewEvent, Source, Store, StoredBill};

use super::accounts::{account, now, number, opened};
use crate::support::database::{Database, Look};
use crate::support::on_both_engines;

pub fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn in_minutes(minutes: i64) -> Timestamp {
    now() + TimeDelta::minutes(minutes)
}

/// The bill of an account's day, due now.
pub async fn planned(store: &Store, of: &str, of_day: &str) -> StoredBill {
    store.plan_bills(vec![(account(of), day(of_day), now())]).await.unwrap();
    read(store, of, of_day).await
}

pub async fn read(store: &Store, of: &str, of_day: &str) -> StoredBill {
    store.find_bill(&account(of), day(of_day)).await.unwrap().unwrap()
}

/// The same, taken for ten minutes.
async fn taken(store: &Store, of: &str, of_day: &str) -> StoredBill {
    let bill = planned(store, of, of_day).await;
    assert!(store.take_bill(&bill, in_minutes(10)).await.unwrap());
    bill
}

/// A payment of the order that is paid there only.
pub fn found(order_id: &str, state: DifferenceState, finding: Finding) -> Found {
    Found {
        kind: DifferenceKind::PaidThereOnly,
        state,
        finding: Some(finding),
        subject: order_id.to_owned(),
        order_id: Some(order_id.to_owned()),
        transaction_id: Some("4200000260202604010000000001".to_owned()),
        refund_id: None,
        ours_fee: None,
        theirs_fee: Some(1990),
        detail: Some("第 7 行".to_owned()),
    }
}

/// As one is finished that was compared, with these differences.
pub fn compared(found: Vec<Found>) -> FinishedBill {
    FinishedBill {
        outcome: BillOutcome::Compared,
        sums: BillSums { payments: 3, paid_fee: 5970, refunds: 1, refunded_fee: 500, fee: -32_000 },
        differences: found.len() as i64,
        unlisted: 0,
        found,
        reopened: Vec::new(),
        detail: None,
        at: now(),
        due_at: None,
        announces: false,
    }
}

async fn told(store: &Store) -> Vec<Bill> {
    store.bills_between(day("2026-01-01"), day("2026-12-31")).await.unwrap()
}

fn states(differences: &[Difference]) -> Vec<(&str, DifferenceState, Option<Finding>)> {
    differences.iter().map(|one| (one.found.subject.as_str(), one.found.state, one.found.finding)).collect()
}

async fn rows(look: &Look) -> usize {
    look.texts("SELECT CAST(id AS CHAR(20)) FROM bill_difference").await.len()
}

on_both_engines! {
    async fn instances_that_plan_at_once_plan_each_bill_once(engine) {
        let database = Database::fresh(engine).await;
        let store = opened(&database).await;
        let beside = Store::open(&database.url.parse().unwrap(), "i2", LARGEST_BATCH, now()).await.unwrap();
        let bills: Vec<_> = (0..30)
            .flat_map(|n| ["03-29", "03-30", "03-31"].map(|of_day| (account(&format!("shop{n}")), day(&format!("2026-{of_day}")), in_minutes(n))))
            .collect();
        let planning = join_all([&store, &beside, &store, &beside].map(|store| store.plan_bills(bills.clone()))).await;
        assert_eq!(planning.into_iter().map(Result::unwrap).sum::<u64>(), 90, "each is some instance's");
        let accounts: Vec<_> = (0..30).map(|n| account(&format!("shop{n}"))).collect();
        let due = store.due_bills(in_minutes(60), &accounts, 200).await.unwrap();
        assert_eq!(due.len(), 90);
        assert!(due.is_sorted_by_key(|bill| bill.day), "the oldest day first");
        assert_eq!(due[0].due_at, Some(now()), "at its own time");
        assert_eq!(store.due_bills(now(), &accounts, 200).await.unwrap().len(), 3, "of the first account");
        assert_eq!(store.due_bills(in_minutes(60), &accounts, 7).await.unwrap().len(), 7);
        assert_eq!(store.due_bills(in_minutes(60), &accounts[..2], 7).await.unwrap().len(), 6, "those of others take no place");
        assert_eq!(store.plan_bills(bills).await.unwrap(), 0);
        assert_eq!(store.plan_bills(Vec::new()).await.unwrap(), 0);
        assert_eq!(store.find_bill(&account("shop0"), day("2026-03-28")).await.unwrap(), None);
    }

    async fn of_two_that_take_a_bill_one_has_it(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        let bill = planned(&store, "default", "2026-03-31").await;
        let taken = join_all((1..=8).map(|n| store.take_bill(&bill, in_minutes(n)))).await;
        assert_eq!(taken.into_iter().filter(|taken| *taken.as_ref().unwrap()).count(), 1);
        assert!(store.due_bills(now(), &[account("default")], 10).await.unwrap().is_empty(), "it is somebody's");
        let lost = store.due_bills(in_minutes(8), &[account("default")], 10).await.unwrap();
        assert_eq!(lost.len(), 1, "until the lease is over");
        look.run("UPDATE bill SET due_at = NULL").await;
        assert!(store.due_bills(in_minutes(60), &[account("default")], 10).await.unwrap().is_empty());
        let bill = read(&store, "default", "2026-03-31").await;
        let taken = join_all((1..=8).map(|n| store.take_bill(&bill, in_minutes(n)))).await;
        assert_eq!(taken.into_iter().filter(|taken| *taken.as_ref().unwrap()).count(), 1, "one that is not due any more, by hand");
    }

    async fn what_came_of_a_bill_is_stored_with_all_that_differs(engine) {
        let database = Database::fresh(engine).await;
        let store = opened(&database).await;
        let bill = taken(&store, "shop2", "2026-03-31").await;
        assert_eq!(told(&store).await[0].state, BillState::Missing, "it was not asked for yet");
        let listed = vec![
            found("o1", DifferenceState::Healed, Finding::Settled),
            Found { kind: DifferenceKind::Amount, ours_fee: Some(1), ..found("o1", DifferenceState::Open, Finding::Mismatch) },
            Found { finding: None, transaction_id: None, order_id: None, ..found("o2", DifferenceState::Open, Finding::Noted) },
        ];
        let finished = FinishedBill { detail: Some("好".repeat(300)), due_at: Some(in_minutes(60)), ..compared(listed.clone()) };
        assert!(store.finish_bill(&bill, in_minutes(10), finished.clone()).await.unwrap());
        let stored = read(&store, "shop2", "2026-03-31").await;
        let expected = StoredBill {
            due_at: Some(in_minutes(60)),
            outcome: Some(BillOutcome::Compared),
            sums: finished.sums,
            differences: 3,
            detail: Some("好".repeat(255)),
            at: Some(now()),
            ..bill.clone()
        };
        assert_eq!(stored, expected);
        let [told] = &told(&store).await[..] else { panic!("one bill") };
        assert_eq!((told.state, told.differences, told.open, &told.account), (BillState::Different, 3, 2, &account("shop2")));
        let differences = store.differences_of_bill(bill.id).await.unwrap();
        let found: Vec<_> = differences.iter().map(|one| one.found.clone()).collect();
        assert_eq!(found, [listed[1].clone(), listed[0].clone(), listed[2].clone()], "by kind, then as they were found");
        assert!(differences.iter().all(|one| (&one.account, one.day, &one.note) == (&account("shop2"), day("2026-03-31"), &None)));
        assert_eq!(store.differences_of_day(day("2026-03-31")).await.unwrap(), differences);
        assert_eq!(store.differences_of_order(&number("o1")).await.unwrap().len(), 2);
        assert_eq!(store.find_difference(differences[2].id).await.unwrap().as_ref(), Some(&differences[2]));
        assert_eq!(store.open_differences().await.unwrap(), [(DifferenceKind::Amount, 1), (DifferenceKind::PaidThereOnly, 1)]);
        assert_eq!((store.find_difference(0).await.unwrap(), store.bill(bill.id).await.unwrap().unwrap()), (None, told.clone()));
    }

    async fn a_bill_whose_lease_was_lost_changes_in_nothing(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        let bill = taken(&store, "default", "2026-03-31").await;
        let open = || vec![found("o1", DifferenceState::Open, Finding::Unanswered)];
        assert!(!store.finish_bill(&bill, in_minutes(9), compared(open())).await.unwrap(), "another's lease");
        let other = read(&store, "default", "2026-03-31").await;
        assert!(store.take_bill(&other, in_minutes(20)).await.unwrap(), "when the first was over");
        assert!(!store.finish_bill(&bill, in_minutes(10), compared(open())).await.unwrap());
        assert_eq!((read(&store, "default", "2026-03-31").await.outcome, rows(&look).await), (None, 0));
        // One of the differences cannot be stored, so none of it is.
        let others = vec![found("o2", DifferenceState::Open, Finding::Unanswered); 70];
        let numbered = others.into_iter().enumerate().map(|(n, one)| Found { subject: n.to_string(), ..one });
        let refusing = match look {
            Look::MySql(_) => "ALTER TABLE bill_difference ADD CONSTRAINT picky CHECK (subject <> '69')",
            Look::Sqlite(_) => "CREATE TRIGGER picky BEFORE INSERT ON bill_difference WHEN NEW.subject = '69' BEGIN SELECT RAISE(ABORT, 'no'); END",
        };
        look.run(refusing).await;
        store.finish_bill(&other, in_minutes(20), compared(numbered.collect())).await.unwrap_err();
        assert_eq!((read(&store, "default", "2026-03-31").await.outcome, rows(&look).await), (None, 0));
        assert!(store.finish_bill(&other, in_minutes(20), compared(open())).await.unwrap());
        assert_eq!(rows(&look).await, 1);
        assert!(!store.finish_bill(&other, in_minutes(20), compared(open())).await.unwrap(), "it is over");
    }

    async fn a_bill_that_is_held_against_the_books_again_keeps_what_was_explained(engine) {
        let database = Database::fresh(engine).await;
        let store = opened(&database).await;
        let bill = taken(&store, "default", "2026-03-31").await;
        let first = ["o1", "o2", "o3"].map(|order_id| found(order_id, DifferenceState::Open, Finding::Unanswered)).to_vec();
        let again = FinishedBill { due_at: Some(in_minutes(30)), ..compared(first.clone()) };
        assert!(store.finish_bill(&bill, in_minutes(10), again).await.unwrap());
        let before = store.differences_of_bill(bill.id).await.unwrap();
        assert!(store.explain_difference(before[0].id, "desk", &"现金退还".parse().unwrap(), in_minutes(15)).await.unwrap());
        assert!(!store.explain_difference(before[0].id, "night", &"again".parse().unwrap(), in_minutes(16)).await.unwrap(), "it is not open any more");
        assert!(!store.explain_difference(0, "desk", &"none".parse().unwrap(), in_minutes(16)).await.unwrap());
        assert_eq!(told(&store).await[0].open, 2);

        let read = read(&store, "default", "2026-03-31").await;
        assert!(store.take_bill(&read, in_minutes(40)).await.unwrap());
        let second = vec![
            Found { theirs_fee: Some(1), ..found("o1", DifferenceState::Open, Finding::NotKnown) },
            Found { transaction_id: None, ours_fee: Some(1990), ..found("o2", DifferenceState::Healed, Finding::Settled) },
            found("o4", DifferenceState::Explained, Finding::Foreign),
        ];
        assert!(store.finish_bill(&read, in_minutes(40), compared(second.clone())).await.unwrap());
        let after = store.differences_of_bill(bill.id).await.unwrap();
        assert_eq!(
            states(&after),
            [
                ("o1", DifferenceState::Explained, Some(Finding::Noted)),
                ("o2", DifferenceState::Healed, Some(Finding::Settled)),
                ("o3", DifferenceState::Open, Some(Finding::Unanswered)),
                ("o4", DifferenceState::Explained, Some(Finding::Foreign)),
            ]
        );
        assert_eq!(after[..3].iter().map(|one| one.id).collect::<Vec<_>>(), before.iter().map(|one| one.id).collect::<Vec<_>>());
        assert_eq!((after[0].found.theirs_fee, after[1].found.clone()), (Some(1990), second[1].clone()));
        assert_eq!((after[0].explained_by.as_deref(), after[0].note.as_deref()), (Some("desk"), Some("现金退还")));
        // All of it once more changes nothing.
        let last = self::read(&store, "default", "2026-03-31").await;
        assert!(store.take_bill(&last, in_minutes(50)).await.unwrap());
        assert!(store.finish_bill(&last, in_minutes(50), compared(second)).await.unwrap());
        assert_eq!((store.differences_of_bill(bill.id).await.unwrap(), self::read(&store, "default", "2026-03-31").await), (after, last));
    }

    async fn four_thousand_differences_are_stored_at_once_whatever_they_name(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        let mut listed: Vec<_> = (0..4_000).map(|n| found(&format!("o{n}"), DifferenceState::Open, Finding::Unanswered)).collect();
        // Other systems' numbers, and some that name the same to a table that minds neither length nor spaces.
        let strange = ["订".repeat(200), format!("{}!", "订".repeat(200)), "o1 ".to_owned(), "O1".to_owned(), "\u{1f600}'\"\\%\0".to_owned()];
        for (one, name) in listed.iter_mut().zip(&strange) {
            one.subject.clone_from(name);
            one.order_id = Some(name.clone());
            one.refund_id = Some(name.clone());
            one.transaction_id = Some(name.clone());
        }
        let bill = taken(&store, "default", "2026-03-31").await;
        let finished = FinishedBill { differences: 6_000, unlisted: 2_000, due_at: Some(now()), ..compared(listed.clone()) };
        assert!(store.finish_bill(&bill, in_minutes(10), finished.clone()).await.unwrap());
        let stored = store.differences_of_bill(bill.id).await.unwrap();
        assert!((3_999..=4_000).contains(&stored.len()), "{}", stored.len());
        assert_eq!(told(&store).await[0].open, stored.len() as i64 + 2_000);
        let bill = read(&store, "default", "2026-03-31").await;
        assert!(store.take_bill(&bill, in_minutes(10)).await.unwrap());
        listed.iter_mut().for_each(|one| one.state = DifferenceState::Healed);
        assert!(store.finish_bill(&bill, in_minutes(10), FinishedBill { found: listed, unlisted: 0, ..finished }).await.unwrap());
        assert_eq!((rows(&look).await, told(&store).await[0].state), (stored.len(), BillState::Agreed));
    }

    async fn bills_are_listed_by_days_and_those_that_are_missing_counted(engine) {
        let database = Database::fresh(engine).await;
        let store = opened(&database).await;
        for (of, of_day, outcome) in [
            ("shop2", "2026-03-30", BillOutcome::Missing),
            ("default", "2026-03-30", BillOutcome::NoTrades),
            ("shop2", "2026-03-31", BillOutcome::Compared),
            ("default", "2026-03-31", BillOutcome::Missing),
            ("default", "2026-03-20", BillOutcome::Missing),
        ] {
            let bill = taken(&store, of, of_day).await;
            let finished = FinishedBill { outcome, sums: BillSums::default(), detail: Some(of_day.to_owned()), ..compared(Vec::new()) };
            assert!(store.finish_bill(&bill, in_minutes(10), finished).await.unwrap());
        }
        let listed = store.bills_between(day("2026-03-30"), day("2026-03-31")).await.unwrap();
        let told: Vec<_> = listed.iter().map(|bill| (bill.day.to_string(), bill.account.as_str(), bill.state)).collect();
        let on = |of_day: &str, of, state| (of_day.to_owned(), of, state);
        assert_eq!(
            told,
            [
                on("2026-03-31", "default", BillState::Missing),
                on("2026-03-31", "shop2", BillState::Agreed),
                on("2026-03-30", "default", BillState::NoTrades),
                on("2026-03-30", "shop2", BillState::Missing),
            ]
        );
        assert_eq!(listed[0].detail.as_deref(), Some("2026-03-31"));
        let missing = async |since, overdue| store.missing_days(day(since), day(overdue)).await.unwrap();
        assert_eq!(missing("2026-03-30", "2026-03-30").await, [(account("default"), 1), (account("shop2"), 1)]);
        assert_eq!(missing("2026-03-20", "2026-03-30").await[0], (account("default"), 2));
        taken(&store, "shop2", "2026-03-29").await;
        assert_eq!(missing("2026-03-29", "2026-03-29").await, [(account("default"), 1), (account("shop2"), 1)], "it may be on its way");
        assert_eq!(missing("2026-03-29", "2026-03-30").await, [(account("default"), 1), (account("shop2"), 2)], "it is never looked at");
    }

    async fn what_is_told_of_a_bill_is_what_came_of_it_last(engine) {
        let database = Database::fresh(engine).await;
        let store = opened(&database).await.telling(Audience::of_all());
        let bill = taken(&store, "shop2", "2026-03-31").await;
        let first = FinishedBill { announces: true, due_at: Some(in_minutes(60)), ..compared(Vec::new()) };
        assert!(store.finish_bill(&bill, in_minutes(10), first).await.unwrap());
        let read = store.untold_bills(10).await.unwrap().remove(0);
        // It is held against the books again before the first is told of.
        assert!(store.take_bill(&read, in_minutes(70)).await.unwrap());
        let second = FinishedBill { at: in_minutes(61), ..compared(Vec::new()) };
        assert!(store.finish_bill(&read, in_minutes(70), second).await.unwrap());
        let event = |at| NewEvent {
            source: Source::Bill(bill.id),
            event_id: EventId::draw(7),
            event_type: EventType::BillReconciled,
            order_id: None,
            merchant_id: None,
            account: account("shop2"),
            data: "{}".to_owned(),
            at,
            alarm: None,
            is_told: true,
            endpoints: vec!["shop".parse().unwrap()],
        };
        assert!(!store.publish(vec![event(now())], now()).await.unwrap(), "it is not that any more");
        assert_eq!(store.outbox_head().await.unwrap(), 0);
        let publishing = join_all([store.publish(vec![event(in_minutes(61))], now()), store.publish(vec![event(in_minutes(61))], now())]).await;
        assert_eq!(publishing.into_iter().filter(|told| matches!(told, Ok(true))).count(), 1, "once");
        assert!(store.untold_bills(10).await.unwrap().is_empty());
        let due = store.due_deliveries(&"shop".parse().unwrap(), now(), 10).await.unwrap();
        assert_eq!((due.len(), &due[0].order_id, due[0].event.account.as_str()), (1, &None, "shop2"));
        let told = store.outbox_behind(0, 10).await.unwrap();
        assert_eq!((told[0].event_type.as_str(), told[0].at), ("bill.reconciled", in_minutes(61)));
    }

    async fn tables_with_a_prefix_hold_bills_too(engine) {
        let database = Database::fresh(engine).await;
        let url = database.url.parse::<DatabaseUrl>().unwrap().with_tables("1e2_".parse().unwrap());
        let store = Store::open(&url, "i1", LARGEST_BATCH, now()).await.unwrap();
        let bill = taken(&store, "default", "2026-03-31").await;
        let file = store.begin_bill_file(bill.id, wechat_pay::deal::BillKind::Trade, false, now()).await.unwrap();
        store.add_bill_part(file, 0, vec![7]).await.unwrap();
        let whole = crate::database::bill_files::whole(file, 1);
        let mine = StoredBill { due_at: Some(in_minutes(10)), ..bill.clone() };
        assert!(store.end_bill_file(&mine, &whole).await.unwrap());
        let listed = vec![found("o1", DifferenceState::Open, Finding::NotKnown), found("o2", DifferenceState::Open, Finding::NotKnown)];
        assert!(store.finish_bill(&bill, in_minutes(10), compared(listed)).await.unwrap());
        assert_eq!((store.bill_part(file, 0).await.unwrap(), told(&store).await[0].open), (Some(vec![7]), 2));
        assert_eq!(store.differences_of_day(day("2026-03-31")).await.unwrap().len(), 2);
        assert_eq!((store.open_differences().await.unwrap().len(), store.missing_days(day("2026-01-01"), day("2026-01-01")).await.unwrap().len()), (1, 0));
        assert!(store.booked_deals(vec![number("o1")]).await.unwrap().is_empty());
        assert!(store.paid_on(&account("default"), now(), in_minutes(1), None, 10).await.unwrap().is_empty());
        assert!(!store.delete_old_bill_files(in_minutes(60)).await.unwrap());
    }
}
