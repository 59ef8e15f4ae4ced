//! Connections to the database that break at a checkout's changes, before or after they are carried out: each is made once, or not.

use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::join_all;
use wechat_pay::deal::{AccountId, Checkout, CheckoutId, Details, Fen, TradeType};
use wechat_pay::store::{Decision, EventKind, Fault, FaultHook, LARGEST_BATCH, NewCheckout, NewDeal, Store, StoreError};

use crate::database::accounts::{event, now, number, opened, paid, told};
use crate::support::database::Database;
use crate::support::on_both_engines;

const BREAKS: [Fault; 3] =
    [Fault::Broken { carried_out: true }, Fault::Broken { carried_out: false }, Fault::TooSlow { carried_out: true }];

pub fn id(n: usize) -> CheckoutId {
    format!("C20260401120000{n:018}").parse().unwrap()
}

pub fn new_checkout(n: usize) -> NewCheckout {
    let checkout = Checkout {
        checkout_id: id(n),
        account: AccountId::default(),
        account_named: false,
        merchant_id: 12,
        product_id: 34,
        price: Fen::new(1990).unwrap(),
        details: Details::default(),
        created_at: now(),
        expires_at: now() + TimeDelta::hours(2),
        paid_by: None,
        given_up_at: None,
    };
    NewCheckout { checkout, idempotency_key: Some(format!("cart-{n}")), signed_nonce: None }
}

pub async fn insert_attempt(store: &Store, n: usize, order_id: &str, trade_type: TradeType) -> Result<bool, StoreError> {
    let deal = NewDeal {
        order_id: number(order_id),
        account: AccountId::default(),
        account_named: false,
        merchant_id: 12,
        product_id: 34,
        details: Details::default(),
        trade_type,
        checkout_id: Some(id(n)),
        price: Fen::new(1990).unwrap(),
        idempotency_key: None,
        signed_nonce: None,
        prepay_request: "<xml></xml>".to_owned(),
        asking_until: now(),
        created_at: now(),
        expires_at: now() + TimeDelta::hours(2),
        due_at: now() + TimeDelta::hours(1),
    };
    store.insert_attempt(&id(n), now(), deal, event(order_id, EventKind::Opened)).await
}

pub async fn pay_attempt(store: &Store, order_id: &str) -> bool {
    let deal = store.find(&number(order_id)).await.unwrap().unwrap();
    store.mark_attempt_paid(&deal, &paid("default", order_id), now(), now(), event(order_id, EventKind::Settled)).await.unwrap()
}

/// A store whose next try of a statement of this name ends so, once it is said.
struct Cut {
    store: Store,
    next: Arc<Mutex<Option<(&'static str, Fault)>>>,
}

impl Cut {
    async fn at(database: &Database) -> Self {
        opened(database).await;
        let next = Arc::new(Mutex::new(None::<(&'static str, Fault)>));
        let of_the_hook = Arc::clone(&next);
        let hook = FaultHook::new(move |tried| {
            let fault = of_the_hook.lock().unwrap().take_if(|(name, _)| *name == tried.name).map_or(Fault::None, |(_, fault)| fault);
            std::future::ready(Decision { fault, until_over: Box::new(()) }).boxed()
        });
        let store = Store::open_with(&database.url.parse().unwrap(), "i1", LARGEST_BATCH, now(), Some(&hook)).await.unwrap();
        Self { store, next }
    }

    fn cut(&self, name: &'static str, fault: Fault) {
        *self.next.lock().unwrap() = Some((name, fault));
    }

    /// Whether it was met.
    fn is_over(&self) -> bool {
        self.next.lock().unwrap().is_none()
    }
}

on_both_engines! {
    async fn a_checkout_and_its_deals_are_made_once(engine) {
        let database = Database::fresh(engine).await;
        let (cut, look) = (Cut::at(&database).await, database.look().await);
        for (n, fault) in BREAKS.into_iter().enumerate() {
            cut.cut("insert checkout", fault);
            let made = cut.store.insert_checkout(new_checkout(n)).await;
            assert!(cut.is_over() && matches!(made, Ok(()) | Err(StoreError::Unavailable(_))), "{fault:?} {made:?}");
            if made.is_err() {
                // The caller's repeat.
                let _ = cut.store.insert_checkout(new_checkout(n)).await;
            }
            assert!(cut.store.find_checkout_by_key(12, &format!("cart-{n}")).await.unwrap().is_some_and(|checkout| checkout.checkout_id == id(n)));

            let order_id = format!("order-{n}");
            cut.cut("insert attempt", fault);
            let inserted = insert_attempt(&cut.store, n, &order_id, TradeType::Native).await;
            assert!(cut.is_over() && matches!(inserted, Ok(true) | Err(StoreError::Unavailable(_))), "{fault:?} {inserted:?}");
            if inserted.is_err() {
                let _ = insert_attempt(&cut.store, n, &order_id, TradeType::Native).await;
            }
            let found = cut.store.find_attempt(&id(n), TradeType::Native).await.unwrap();
            assert_eq!(found.map(|deal| deal.order_id), Some(number(&order_id)), "{fault:?}");
            assert_eq!(told(&look, &order_id, "opened").await, 1, "{fault:?}");
            let again = insert_attempt(&cut.store, n, &format!("other-{n}"), TradeType::Native).await;
            assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
            assert_eq!(told(&look, &format!("other-{n}"), "opened").await, 0);
        }
    }

    async fn one_of_its_deals_is_paid_whatever_breaks_between(engine) {
        let database = Database::fresh(engine).await;
        let (cut, look) = (Cut::at(&database).await, database.look().await);
        for (n, fault) in BREAKS.into_iter().enumerate() {
            let (first, second) = (format!("first-{n}"), format!("second-{n}"));
            cut.store.insert_checkout(new_checkout(n)).await.unwrap();
            for (order_id, trade_type) in [(&first, TradeType::Native), (&second, TradeType::Jsapi)] {
                assert!(insert_attempt(&cut.store, n, order_id, trade_type).await.unwrap());
            }
            assert!(!cut.store.mark_paid(&paid("default", &first), now(), event(&first, EventKind::Settled)).await.unwrap(), "none is paid without its turn");
            cut.cut("mark attempt paid", fault);
            let deal = cut.store.find(&number(&first)).await.unwrap().unwrap();
            let marked = cut.store.mark_attempt_paid(&deal, &paid("default", &first), now(), now(), event(&first, EventKind::Settled)).await;
            assert!(cut.is_over(), "{marked:?}");
            if look.status(&first).await == 0 {
                assert!(matches!(marked, Err(StoreError::Unavailable(_))), "{fault:?} {marked:?}");
                assert_eq!(cut.store.find_checkout(&id(n)).await.unwrap().unwrap().paid_by, None, "both or neither");
                assert!(pay_attempt(&cut.store, &first).await);
            }
            assert!(!pay_attempt(&cut.store, &second).await, "it is paid already");
            assert!(!pay_attempt(&cut.store, &first).await, "and once");
            assert_eq!((look.status(&first).await, look.status(&second).await), (1, 0));
            assert_eq!((told(&look, &first, "settled").await, told(&look, &second, "settled").await), (1, 0));
            assert_eq!(cut.store.find_checkout(&id(n)).await.unwrap().unwrap().paid_by, Some(number(&first)));
            assert_eq!(look.value(&second, "due_at").await.as_deref(), Some("2026-04-01 12:00:00"), "the other is looked at now");
            assert!(!insert_attempt(&cut.store, n, &format!("third-{n}"), TradeType::Mweb).await.unwrap(), "and no third is opened");
            assert!(!cut.store.give_up_checkout(&id(n), now(), now()).await.unwrap(), "nor is it given up");
        }
    }

    async fn giving_up_and_paying_and_opening_take_turns(engine) {
        let database = Database::fresh(engine).await;
        let (store, other) = (opened(&database).await, opened(&database).await);
        let look = database.look().await;
        for n in 0..10 {
            let (first, second) = (format!("first-{n}"), format!("second-{n}"));
            store.insert_checkout(new_checkout(n)).await.unwrap();
            for (order_id, trade_type) in [(&first, TradeType::Native), (&second, TradeType::Jsapi)] {
                assert!(insert_attempt(&store, n, order_id, trade_type).await.unwrap());
            }
            let payments = join_all([(&store, &first), (&other, &second)].map(|(store, order_id)| pay_attempt(store, order_id)));
            let (checkout_id, third) = (id(n), format!("third-{n}"));
            let (paid, given_up, third) = tokio::join!(payments, other.give_up_checkout(&checkout_id, now(), now()), insert_attempt(&store, n, &third, TradeType::Mweb));
            assert_eq!(paid.iter().filter(|paid| **paid).count(), 1, "{paid:?}");
            let (checkout, (given_up, _)) = (store.find_checkout(&checkout_id).await.unwrap().unwrap(), (given_up.unwrap(), third.unwrap()));
            let winner = if paid[0] { &first } else { &second };
            assert_eq!((checkout.paid_by, checkout.given_up_at.is_some()), (Some(number(winner)), given_up));
            assert_eq!(look.status(&first).await + look.status(&second).await, 1);
        }
    }

    async fn one_that_is_given_up_or_over_gets_no_more_deals(engine) {
        let database = Database::fresh(engine).await;
        let (cut, look) = (Cut::at(&database).await, database.look().await);
        for (n, fault) in BREAKS.into_iter().enumerate() {
            let order_id = format!("order-{n}");
            cut.store.insert_checkout(new_checkout(n)).await.unwrap();
            assert!(insert_attempt(&cut.store, n, &order_id, TradeType::Native).await.unwrap());
            cut.cut("give up checkout", fault);
            let _ = cut.store.give_up_checkout(&id(n), now(), now()).await;
            assert!(cut.is_over());
            cut.store.give_up_checkout(&id(n), now() + TimeDelta::seconds(9), now()).await.unwrap();
            assert!(cut.store.find_checkout(&id(n)).await.unwrap().unwrap().given_up_at.is_some());
            assert!(!insert_attempt(&cut.store, n, &format!("late-{n}"), TradeType::Jsapi).await.unwrap());
            assert_eq!(look.value(&order_id, "due_at").await.as_deref(), Some("2026-04-01 12:00:00"));
            assert!(pay_attempt(&cut.store, &order_id).await, "a payment of the last moment pays it all the same");
        }
        let mut over = new_checkout(9);
        over.checkout.expires_at = now();
        cut.store.insert_checkout(over).await.unwrap();
        assert!(!insert_attempt(&cut.store, 9, "over", TradeType::Native).await.unwrap());
    }
}
