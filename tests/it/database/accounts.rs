//! Accounts in the table: a payment settles deals of its own account and no other's, whatever the numbers say.

use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::join_all;
use wechat_pay::chance::Chance;
use wechat_pay::channel::wechat::v2::{Client, Merchant, SignType, Wire};
use wechat_pay::channel::{Channel, News, ProvenPayment, QueryOutcome, Reading, UnverifiedNotice};
use wechat_pay::clock::Clock;
use wechat_pay::deal::{AccountId, DealStatus, Details, Fen, OrderId, Reach, Timestamp, TradeType};
use wechat_pay::store::{Event, EventKind, LARGEST_BATCH, NewDeal, Origin, Store, StoreError};

use crate::support::database::{Database, Engine, Look};
use crate::support::merchant::merchant;
use crate::support::on_both_engines;
use crate::support::test_app::OPENING_TIME;
use crate::support::wechat_message::{WeChatMessage, transaction_id};

const ORIGINAL: &str = include_str!("../../support/original.sql");

pub fn now() -> Timestamp {
    OPENING_TIME.parse().unwrap()
}

pub fn account(name: &str) -> AccountId {
    name.parse().unwrap()
}

pub fn number(text: &str) -> OrderId {
    text.parse().unwrap()
}

pub async fn opened(database: &Database) -> Store {
    Store::open(&database.url.parse().unwrap(), "i1", LARGEST_BATCH, now()).await.unwrap()
}

pub fn event(order_id: &str, kind: EventKind) -> Event {
    Event { order_id: number(order_id), kind, origin: Origin::Sweeper, detail: None, evidence: None, announces: Vec::new(), at: now() }
}

/// A deal of this account, for 19.90.
pub async fn deal(store: &Store, order_id: &str, of: &str, details: Details) {
    let deal = NewDeal {
        order_id: number(order_id),
        account: account(of),
        account_named: false,
        merchant_id: 12,
        product_id: 34,
        details,
        trade_type: TradeType::Native,
        checkout_id: None,
        price: Fen::new(1990).unwrap(),
        idempotency_key: None,
        signed_nonce: None,
        prepay_request: "<xml></xml>".to_owned(),
        asking_until: now(),
        created_at: now(),
        expires_at: now() + TimeDelta::hours(2),
        due_at: now(),
    };
    store.insert(deal, event(order_id, EventKind::Opened)).await.unwrap();
}

/// WeChat as this account reaches it, where it answers everything with one message.
pub fn channel(of: &str, reply: String) -> Channel {
    let merchant = Merchant { account: account(of), ..merchant(SignType::Md5) };
    let wire = Wire::new(Clock::manual(now()), move |_, _, _| std::future::ready(Ok(reply.clone().into_bytes())).boxed());
    Channel::WeChatV2(Client::wired(merchant, wire, Chance::System))
}

/// What a notification proves to an account.
fn notified(of: &str, message: &WeChatMessage) -> ProvenPayment {
    let body = message.signed();
    match channel(of, String::new()).read_notice(&UnverifiedNotice::parse(body.as_bytes()).unwrap()).unwrap() {
        Reading::Verified(News::Paid(payment)) => payment,
        other => panic!("{other:?}"),
    }
}

/// What a payment of 19.90 for this order proves to an account.
pub fn paid(of: &str, order_id: &str) -> ProvenPayment {
    notified(of, &WeChatMessage::notification(order_id, 1990))
}

/// The same as a query tells it, given back since.
pub async fn given_back(of: &str, order_id: &str) -> ProvenPayment {
    let reply = WeChatMessage::paid_state(order_id, 1990).with("trade_state", "REFUND").signed();
    match channel(of, reply).query(&number(order_id)).await.unwrap() {
        QueryOutcome::Known(trade) => trade.paid.unwrap(),
        QueryOutcome::NotExist => panic!("known"),
    }
}

pub async fn settles(store: &Store, payment: &ProvenPayment) -> bool {
    store.mark_paid(payment, now(), event(payment.order_id().as_str(), EventKind::Settled)).await.unwrap()
}

/// How many events tell of an order.
pub async fn told(look: &Look, order_id: &str, kind: &str) -> usize {
    look.texts(&format!("SELECT kind FROM deal_event WHERE order_id = '{order_id}' AND kind = '{kind}'")).await.len()
}

fn names(accounts: &[(AccountId, i64)]) -> Vec<(String, i64)> {
    let mut names: Vec<_> = accounts.iter().map(|(account, count)| (account.to_string(), *count)).collect();
    names.sort();
    names
}

on_both_engines! {
    async fn a_payment_settles_deals_of_its_account_only(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        for of in ["default", "shop2", "shop3"] {
            let order_id = format!("of-{of}");
            deal(&store, &order_id, of, Details::default()).await;
            for other in ["default", "shop2", "shop3"].into_iter().filter(|other| *other != of) {
                assert!(!settles(&store, &paid(other, &order_id)).await, "{other} about {of}");
                assert_eq!((look.status(&order_id).await, told(&look, &order_id, "settled").await), (0, 0));
            }
            assert!(settles(&store, &paid(of, &order_id)).await, "{of}");
            assert_eq!((look.status(&order_id).await, told(&look, &order_id, "settled").await), (1, 1));
        }
    }

    async fn a_foreign_payment_among_many_fails_alone(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        let orders: Vec<_> = (0..90).map(|n| (format!("order-{n:03}"), ["default", "shop2", "shop3"][n % 3])).collect();
        join_all(orders.iter().map(|(order_id, of)| deal(&store, order_id, of, Details::default()))).await;
        // Every tenth is vouched for by the key of an account that is not the deal's.
        let payments: Vec<_> = orders.iter().enumerate().map(|(n, (order_id, of))| match n % 10 {
            7 => paid(if *of == "shop2" { "shop3" } else { "shop2" }, order_id),
            _ => paid(of, order_id),
        }).collect();
        let settled = join_all(payments.iter().map(|payment| settles(&store, payment))).await;
        for (n, ((order_id, of), settled)) in orders.iter().zip(settled).enumerate() {
            let is_foreign = n % 10 == 7;
            assert_eq!(settled, !is_foreign, "{order_id} of {of}");
            assert_eq!(look.status(order_id).await, i64::from(!is_foreign), "{order_id} of {of}");
            let transaction = (!is_foreign).then(|| transaction_id(order_id));
            assert_eq!(look.value(order_id, "transaction_id").await, transaction, "its own");
        }
    }

    async fn a_late_payment_and_an_unknown_one_and_a_refund_are_held_to_their_account_too(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        for (of, other) in [("default", "shop2"), ("shop2", "default"), ("shop2", "shop3")] {
            let id = format!("{of}-not-{other}");
            deal(&store, &id, of, Details::default()).await;
            look.run(&format!("UPDATE deal SET status = 2 WHERE order_id = '{id}'")).await;
            let read = store.find(&number(&id)).await.unwrap().unwrap();
            assert_eq!((read.account.as_str(), read.status), (of, DealStatus::Expired));
            let late = async |by: &str| store.mark_paid_from(&read, &paid(by, &id), now(), event(&id, EventKind::SettledLate)).await.unwrap();
            assert!(!late(other).await);
            assert!(late(of).await);

            look.run(&format!("UPDATE deal SET transaction_id = NULL, transaction_key = NULL WHERE order_id = '{id}'")).await;
            let read = store.find(&number(&id)).await.unwrap().unwrap();
            let identified = async |by: &str| store.identify(&read, &paid(by, &id), now(), event(&id, EventKind::Identified)).await.unwrap();
            assert!(!identified(other).await);
            assert!(identified(of).await);

            let noted = async |by: &str| {
                let payment = given_back(by, &id).await;
                store.note_given_back(&read, &payment, event(&id, EventKind::Refunded)).await.unwrap()
            };
            assert!(!noted(other).await);
            assert!(noted(of).await);
            for kind in ["settled_late", "identified", "refunded"] {
                assert_eq!(told(&look, &id, kind).await, 1, "{kind}");
            }
        }
    }

    async fn a_transaction_pays_one_order_of_each_account(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        let payment = |of: &str, order_id: &str| {
            notified(of, &WeChatMessage::notification(order_id, 1990).with("transaction_id", "4200000260202604010000000001"))
        };
        for of in ["default", "shop2", "shop3"] {
            for attempt in ["first", "second"] {
                deal(&store, &format!("{of}-{attempt}"), of, Details::default()).await;
            }
            let (first, second) = (format!("{of}-first"), format!("{of}-second"));
            assert!(settles(&store, &payment(of, &first)).await, "{of}");
            let again = store.mark_paid(&payment(of, &second), now(), event(&second, EventKind::Settled)).await;
            assert!(matches!(again, Err(StoreError::Conflict)), "{of}: {again:?}");
            assert_eq!(look.status(&second).await, 0);
            assert_eq!(look.value(&first, "transaction_id").await.unwrap(), "4200000260202604010000000001");
        }
        let keys = look.texts("SELECT transaction_key FROM deal WHERE transaction_key IS NOT NULL ORDER BY id").await;
        let keys: Vec<_> = keys.into_iter().flatten().collect();
        assert_eq!(keys[0], "4200000260202604010000000001", "as it always was");
        assert!(keys[1..].iter().all(|key| key.len() == 45 && key.starts_with(' ')) && keys[1] != keys[2], "{keys:?}");
    }

    async fn null_and_its_name_are_the_default_account_and_what_no_configuration_can_name_is_none(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        for (order_id, column, settled_by) in [
            ("null", "NULL", Some("default")),
            ("named", "'default'", Some("default")),
            ("second", "'shop2'", Some("shop2")),
            ("empty", "''", None),
            ("capital", "'Shop2'", None),
            ("list", "'default,shop2'", None),
        ] {
            deal(&store, order_id, "default", Details::default()).await;
            look.run(&format!("UPDATE deal SET account = {column} WHERE order_id = '{order_id}'")).await;
            let mut settled = Vec::new();
            for by in ["shop2", "default"] {
                if settles(&store, &paid(by, order_id)).await {
                    settled.push(by);
                }
            }
            assert_eq!(settled.first().copied(), settled_by, "{order_id}");
            let read = store.find(&number(order_id)).await.unwrap().unwrap();
            assert_eq!(settled_by.is_some_and(|by| read.account == account(by)), settled_by.is_some(), "{order_id} is read as it settles");
        }
    }

    async fn what_is_due_is_read_from_both_ends_and_without_the_accounts_that_are_full(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        for n in 0..9 {
            let order_id = format!("order-{n}");
            deal(&store, &order_id, ["default", "shop2", "shop3"][n % 3], Details::default()).await;
            look.run(&format!("UPDATE deal SET due_at = '2026-04-01 11:59:0{n}' WHERE order_id = '{order_id}'")).await;
        }
        let due = async |limit, but_of: &[&str]| {
            let but_of: Vec<_> = but_of.iter().map(|name| account(name)).collect();
            let due = store.due(now(), limit, &but_of).await.unwrap();
            let numbers: String = due.deals.iter().map(|deal| deal.order_id.as_str().trim_start_matches("order-").to_owned()).collect();
            (numbers, due.is_cut)
        };
        assert_eq!(due(9, &[]).await, ("876543210".to_owned(), false));
        assert_eq!(due(5, &[]).await, ("876543210".to_owned(), false), "the ends overlap, and none is read twice");
        assert_eq!(due(2, &[]).await, ("8710".to_owned(), true));
        assert_eq!(due(9, &["default"]).await, ("875421".to_owned(), false));
        assert_eq!(due(1, &["shop2"]).await, ("80".to_owned(), true));
        assert_eq!(due(9, &["default", "shop3"]).await, ("741".to_owned(), false));
        assert_eq!(due(9, &["shop", "shop22", "hop2", "p3"]).await.0, "876543210", "no part of a name is a name");
        assert_eq!(due(9, &["default", "shop2", "shop3"]).await, (String::new(), false));
        look.run("UPDATE deal SET account = 'default' WHERE account IS NULL").await;
        assert_eq!(due(9, &["default"]).await.0, "875421", "by its name too");
        look.run("UPDATE deal SET account = 'default,shop2' WHERE order_id = 'order-8'").await;
        let one_name = AccountId::from_column(Some("default,shop2".to_owned()));
        assert_eq!(store.due(now(), 9, &[one_name]).await.unwrap().deals.len(), 8, "what no configuration can name is no list of names");
    }

    async fn the_accounts_that_are_still_needed_are_counted(engine) {
        let database = Database::fresh(engine).await;
        let (store, look) = (opened(&database).await, database.look().await);
        for (order_id, of) in [("a", "default"), ("b", "shop2"), ("c", "shop2"), ("d", "shop3"), ("e", "shop3"), ("f", "shop4")] {
            deal(&store, order_id, of, Details::default()).await;
        }
        assert!(settles(&store, &paid("shop3", "d")).await);
        look.run("UPDATE deal SET due_at = NULL WHERE order_id = 'f'; UPDATE deal SET account = 'default' WHERE order_id = 'a'").await;
        let counted = names(&store.followed_accounts().await.unwrap());
        assert_eq!(counted, [("shop2".to_owned(), 2), ("shop3".to_owned(), 1)]);
    }

    async fn a_name_that_no_configuration_can_have_is_within_no_key_s_reach(engine) {
        let database = Database::fresh(engine).await;
        let store = opened(&database).await;
        let details = || Details { reference: Some("A-7".parse().unwrap()), ..Details::default() };
        deal(&store, "order-1", "shop2", details()).await;
        deal(&store, "order-2", "default", details()).await;
        database.look().await.run("UPDATE deal SET account = 'default,shop2' WHERE order_id = 'order-2'").await;
        let reach = Reach { accounts: Some(vec![account("default"), account("shop2")]), sellers: None };
        let found = store.find_by_reference(&"A-7".parse().unwrap(), &reach).await.unwrap().unwrap();
        assert_eq!(found.order_id, number("order-1"), "though the other is newer");
    }

    async fn what_the_merchant_said_of_a_deal_is_read_as_it_was_said(engine) {
        let database = Database::fresh(engine).await;
        if let Engine::MySql = engine {
            // Tables of old servers know neither Chinese nor emoji; what is added to them does.
            let look = database.look().await;
            look.run(ORIGINAL.split("-- As its insert").next().unwrap()).await;
            look.run(&format!("ALTER DATABASE {} CHARACTER SET latin1", database.url.rsplit('/').next().unwrap())).await;
            look.run("ALTER TABLE deal CONVERT TO CHARACTER SET latin1").await;
        }
        let store = opened(&database).await;
        let said = Details {
            description: Some("红茶 & <b> = 😀".parse().unwrap()),
            reference: Some("A-2026/11 #7 ".parse().unwrap()),
            return_url: Some(format!("https://shop.example/paid?{}", "a".repeat(2000)).into()),
            cancel_url: Some("https://shop.example/cart".into()),
        };
        let only_reference = Details { reference: Some("~".repeat(64).parse().unwrap()), ..Details::default() };
        let longest = Details { description: Some("x".repeat(127).parse().unwrap()), ..Details::default() };
        for (order_id, details) in [("all", said), ("one", only_reference), ("longest", longest), ("none", Details::default())] {
            deal(&store, order_id, "a23456789_123456789-123456789_12", details.clone()).await;
            let read = store.find(&number(order_id)).await.unwrap().unwrap();
            assert_eq!((read.account.as_str(), read.details), ("a23456789_123456789-123456789_12", details), "{order_id}");
        }
    }
}
