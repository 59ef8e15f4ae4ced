//! The store's own workers: what one of them breaks is mended without a restart, and what was begun goes first.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::sync::{Notify, oneshot};
use tokio::time::{sleep, timeout};
use wechat_pay::deal::{OrderId, Timestamp};
use wechat_pay::store::{Decision, Event, EventKind, Fault, FaultHook, LARGEST_BATCH, Origin, Store, StoreError, Try};

use crate::support::database::{Database, Engine};
use crate::support::on_both_engines;
use crate::support::proxy::Proxy;
use crate::support::test_app::{OPENING_TIME, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

/// More than there are workers.
const CROWD: usize = 30;

async fn store(database: &Database, hook: &FaultHook) -> Store {
    Store::open_with(&database.url.parse().unwrap(), "i1", LARGEST_BATCH, now(), Some(hook)).await.unwrap()
}

fn now() -> Timestamp {
    OPENING_TIME.parse().unwrap()
}

fn number(n: usize) -> OrderId {
    format!("order-{n}").parse().unwrap()
}

fn event(n: usize) -> Event {
    Event {
        order_id: number(n),
        kind: EventKind::Looked,
        origin: Origin::Sweeper,
        detail: None,
        evidence: None,
        announces: Vec::new(),
        at: now(),
    }
}

fn leave() -> Decision {
    Decision { fault: Fault::None, until_over: Box::new(()) }
}

on_both_engines! {
    async fn a_worker_that_panics_is_replaced(engine) {
        let database = Database::fresh(engine).await;
        let broken = Arc::new(AtomicBool::new(true));
        let in_the_hook = Arc::clone(&broken);
        let hook = FaultHook::new(move |tried| {
            assert!(tried.name != "record" || !in_the_hook.load(Ordering::SeqCst), "a fault that a test has planted");
            async { leave() }.boxed()
        });
        let store = store(&database, &hook).await;
        let written = join_all((0..CROWD).map(|n| store.record(event(n))));
        for outcome in timeout(Duration::from_secs(20), written).await.expect("every caller hears") {
            assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
        }
        broken.store(false, Ordering::SeqCst);
        timeout(Duration::from_secs(5), store.can_write()).await.expect("there is a worker").unwrap();
        let written = join_all((0..CROWD).map(|n| store.record(event(n))));
        for outcome in timeout(Duration::from_secs(20), written).await.expect("there are workers") {
            outcome.unwrap();
        }
        for n in 0..CROWD {
            assert_eq!(store.events(&number(n)).await.unwrap().len(), 1, "what panicked was not written");
        }
    }

    async fn no_payer_waits_behind_a_report(engine) {
        let database = Database::fresh(engine).await;
        let (held, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let (in_the_hook, end) = (Arc::clone(&held), Arc::clone(&over));
        let hook = FaultHook::new(move |tried| {
            let is_report = ["newest", "events", "undecided"].contains(&tried.name);
            let (held, end) = (Arc::clone(&in_the_hook), Arc::clone(&end));
            async move {
                if is_report {
                    held.fetch_add(1, Ordering::SeqCst);
                    end.notified().await;
                }
                leave()
            }
            .boxed()
        });
        let store = store(&database, &hook).await;
        // More of them than there are connections, and none is answered until the test says so.
        let reports: Vec<_> = (0..CROWD)
            .map(|n| {
                let store = store.clone();
                tokio::spawn(async move {
                    match n % 3 {
                        0 => store.newest(10).await.map(|_| ()),
                        1 => store.events(&number(n)).await.map(|_| ()),
                        _ => store.undecided().await.map(|_| ()),
                    }
                })
            })
            .collect();
        while held.load(Ordering::SeqCst) == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        for n in 0..CROWD {
            let asked = timeout(Duration::from_secs(10), store.find(&number(n))).await;
            assert!(asked.expect("a payer's question is answered").unwrap().is_none());
            timeout(Duration::from_secs(10), store.record(event(n))).await.expect("a change is made").unwrap();
        }
        assert!(reports.iter().all(|report| !report.is_finished()), "all reports still wait");
        while reports.iter().any(|report| !report.is_finished()) {
            over.notify_waiters();
            sleep(Duration::from_millis(1)).await;
        }
        for report in reports {
            report.await.unwrap().unwrap();
        }
    }
}

/// Holds every reader until a test lets one of them through.
#[derive(Clone, Default)]
struct Gate(Arc<Mutex<Vec<Held>>>);

struct Held {
    tried: Try,
    go: oneshot::Sender<()>,
}

impl Gate {
    fn hook(&self) -> FaultHook {
        let held = Arc::clone(&self.0);
        FaultHook::new(move |tried| {
            let (go, gone) = oneshot::channel();
            let free = tried.name == "connect";
            if !free {
                held.lock().unwrap().push(Held { tried, go });
            }
            async move {
                if !free {
                    gone.await.unwrap();
                }
                leave()
            }
            .boxed()
        })
    }

    async fn until_both_readers_stand_here(&self) {
        while self.0.lock().unwrap().len() < 2 {
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Lets the last one through, and says which order it asked about.
    async fn lets_one_through(&self) -> OrderId {
        self.until_both_readers_stand_here().await;
        let Held { tried, go } = self.0.lock().unwrap().pop().unwrap();
        go.send(()).unwrap();
        tried.keys[0].parse().unwrap()
    }
}

#[tokio::test]
async fn a_look_that_finishes_something_goes_before_those_who_ask() {
    let database = Database::fresh(Engine::Sqlite).await;
    let gate = Gate::default();
    let store = store(&database, &gate.hook()).await;
    let asking: Vec<_> = (0..CROWD)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { store.find(&number(n)).await })
        })
        .collect();
    gate.until_both_readers_stand_here().await;
    let settling = tokio::spawn(async move { store.find_to_finish(&number(CROWD)).await });
    sleep(Duration::from_millis(20)).await;
    // The first reader that is free takes the one that matters.
    gate.lets_one_through().await;
    assert_eq!(gate.lets_one_through().await, number(CROWD));
    while !settling.is_finished() {
        gate.lets_one_through().await;
        sleep(Duration::from_millis(5)).await;
    }
    assert!(asking.iter().any(|asking| !asking.is_finished()), "others still wait");
    assert!(settling.await.unwrap().unwrap().is_none());
}

/// Pages that ask about unknown orders, each again and again: far more than are answered.
const POLLS: usize = 120;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_is_acknowledged_amid_a_flood_of_polls() {
    let database = Database::fresh(Engine::MySql).await;
    let proxy = Proxy::to(database.server_address());
    let url = database.url_through(proxy.address);
    let app = TestAppBuilder::on(database).set("DATABASE__URL", url).open().await;
    let order = app.to_pay("19.90").await;
    let message = WeChatMessage::notification(&order.id, 1990).signed();
    app.notify(message.clone()).await.acknowledged("the first");
    proxy.delay_replies(Duration::from_millis(40));
    let over = AtomicBool::new(false);
    let polling = join_all((0..POLLS).map(|n| {
        let (app, over) = (&app, &over);
        async move {
            let mut sent_away = 0;
            while !over.load(Ordering::Relaxed) {
                sent_away += usize::from(app.query(&format!("nobody-knows-{n}")).await.status == 503);
            }
            sent_away
        }
    }));
    let repeating = async {
        sleep(Duration::from_secs(1)).await;
        for _ in 0..5 {
            app.notify(message.clone()).await.acknowledged("a repeat");
        }
        over.store(true, Ordering::Relaxed);
    };
    let (sent_away, ()) = tokio::join!(polling, repeating);
    assert!(sent_away.iter().sum::<usize>() > 0, "it was no flood");
}
