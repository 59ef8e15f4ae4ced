//! The task that publishes and delivers: its places, its end, and what it costs when nothing happens.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures_util::FutureExt;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use wechat_pay::clock::Clock;
use wechat_pay::deal::Audience;
use wechat_pay::teller;

use super::post::{Post, Script, TAKEN, says};
use crate::database::accounts::now;
use crate::support::database::{Database, Engine};
use crate::support::mariadb::MariaDb;
use crate::support::meter::Meter;
use crate::support::on_both_engines;
use crate::support::stub::{Reply, Stub};
use crate::support::test_app::TestAppBuilder;

/// A teller at work.
struct Running {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    fn of(post: &Post) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(teller::run(Arc::clone(&post.gateway), stop.clone()));
        Self { stop, task }
    }

    /// Stops it; how long that took.
    async fn stop(self) -> Duration {
        let begun = Instant::now();
        self.stop.cancel();
        self.task.await.unwrap();
        begun.elapsed()
    }
}

/// Waits until so many messages came to an endpoint.
async fn came(post: &Post, name: &str, count: usize) -> Vec<String> {
    let mut all = Vec::new();
    let waiting = timeout(Duration::from_secs(20), async {
        while all.len() < count {
            all.extend(post.came(name));
            sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(waiting.await.is_ok(), "{} of {count} came to {name}", all.len());
    all
}

/// An endpoint that never answers, and how many wait for it.
fn hangs() -> (Script, Arc<AtomicUsize>) {
    let waiting = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&waiting);
    let script: Script = Arc::new(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        std::future::pending().boxed()
    });
    (script, waiting)
}

fn orders(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("o{number}"))
}

on_both_engines! {
    async fn an_endpoint_that_hangs_holds_up_no_other_and_no_stop(engine) {
        let database = Database::fresh(engine).await;
        let (slow, waiting) = hangs();
        let endpoints = vec![("slow", slow), ("shop", says(TAKEN)), ("books", says(TAKEN))];
        let post = Post::open(&database, Clock::manual(now()), endpoints).await;
        let running = Running::of(&post);
        post.happens_to(orders(60)).await;
        let (shop, books) = tokio::join!(came(&post, "shop", 60), came(&post, "books", 60));
        assert_eq!((shop.into_iter().collect::<BTreeSet<_>>().len(), books.into_iter().collect::<BTreeSet<_>>().len()), (60, 60));
        assert_eq!(waiting.load(Ordering::SeqCst), 16, "so many at once to one endpoint");
        assert!(running.stop().await < Duration::from_secs(5));
    }

    async fn what_is_stored_is_told_at_once_and_a_try_that_panics_ends_nothing(engine) {
        let database = Database::fresh(engine).await;
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let shop: Script = Arc::new(move |request| {
            assert!(counted.fetch_add(1, Ordering::SeqCst) > 0, "the first try panics");
            says(TAKEN)(request)
        });
        let post = Post::open(&database, Clock::manual(now()), vec![("shop", shop)]).await;
        let running = Running::of(&post);
        post.happens_to(["o1"]).await;
        came(&post, "shop", 1).await;
        post.happens_to(["o2"]).await;
        assert_eq!(came(&post, "shop", 1).await, ["o2 money"]);
        post.passes(30);
        assert_eq!(came(&post, "shop", 1).await, ["o1 money"], "its lease is over");
        running.stop().await;
    }

    async fn a_teller_takes_nothing_before_it_knows_the_database_s_clock(engine) {
        let database = Database::fresh(engine).await;
        let clock = Clock::simulated(now());
        let ahead = Clock::simulated_beside(now() + TimeDelta::seconds(40), &clock);
        let one = Post::open(&database, clock, vec![("shop", says(TAKEN))]).await;
        let other = Post::open(&database, ahead, vec![("shop", says(TAKEN))]).await;
        one.happens_to(["o1"]).await;
        let taken = one.take("shop", 16).await;
        let running = Running::of(&other);
        sleep(Duration::from_secs(2)).await;
        assert!(other.came("shop").is_empty(), "its own clock says that the lease is over");
        assert_eq!(one.deliver("shop", taken).await, 1);
        running.stop().await;
    }

    async fn a_payment_is_told_and_counted_and_an_endpoint_that_hangs_delays_nothing(engine) {
        let (shop, slow) = (Stub::start(|_, _| Reply::Body(String::new())).await, Stub::start(|_, _| Reply::Silence).await);
        let mut builder = TestAppBuilder::new(engine).await.set("METRICS__LISTEN", "127.0.0.1:0");
        for (name, stub) in [("SHOP", &shop), ("SLOW", &slow)] {
            builder = builder
                .set(&format!("WEBHOOKS__{name}__URL"), format!("http://{}/hook", stub.address))
                .set(&format!("WEBHOOKS__{name}__SECRET"), "whsec_TmV2ZXIgdXNlIHRoaXMgc2VjcmV0IGFueXdoZXJl");
        }
        let app = builder.open().await;
        let order = app.to_pay("19.90").await;
        app.payer_pays(&order).await;
        for _ in 0..1000 {
            if app.numbers().await.get("webhook_deliveries_total{endpoint=\"shop\",outcome=\"delivered\"}") == 1.0 {
                break;
            }
            sleep(Duration::from_millis(10)).await;
        }
        let (_, told) = shop.requests.lock().unwrap().remove(0);
        assert!(told.contains("deal.paid") && told.contains(&order.id), "{told}");
        // What waits is counted at most every 15 s; the slow one's lease is over after 30.
        app.time_passes(40);
        let numbers = app.numbers().await;
        for (series, expected) in [
            ("events_published_total", 1.0),
            ("webhook_try_duration_seconds_count{endpoint=\"shop\"}", 1.0),
            ("webhook_waiting_deliveries{endpoint=\"shop\"}", 0.0),
            ("webhook_waiting_deliveries{endpoint=\"slow\"}", 1.0),
            ("webhook_circuit_open{endpoint=\"slow\"}", 0.0),
            ("webhook_paused{endpoint=\"slow\"}", 0.0),
            ("oldest_untold_change_age_seconds", 0.0),
        ] {
            assert_eq!(numbers.get(series), expected, "{series}");
        }
        let begun = Instant::now();
        app.stop().await;
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }

    async fn of_more_endpoints_than_places_each_has_its_turn(engine) {
        let database = Database::fresh(engine).await;
        let (under_way, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let script: Script = {
            let (under_way, most) = (Arc::clone(&under_way), Arc::clone(&most));
            Arc::new(move |_| {
                let (under_way, most) = (Arc::clone(&under_way), Arc::clone(&most));
                async move {
                    most.fetch_max(under_way.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    sleep(Duration::from_millis(300)).await;
                    under_way.fetch_sub(1, Ordering::SeqCst);
                    TAKEN
                }
                .boxed()
            })
        };
        let names: Vec<_> = (0..80).map(|number| format!("shop{number}")).collect();
        let endpoints = names.iter().map(|name| (name.as_str(), Arc::clone(&script))).collect();
        let post = Post::open(&database, Clock::manual(now()), endpoints).await;
        post.happens_to(["o1", "o2"]).await;
        let running = Running::of(&post);
        for name in &names {
            came(&post, name, 2).await;
        }
        assert_eq!(most.load(Ordering::SeqCst), 64);
        running.stop().await;
    }
}

/// Statements of any kind that a teller of these endpoints has put to the database in three seconds.
async fn statements_at_rest(endpoints: Vec<(&str, Script)>, audience: Audience) -> u64 {
    let server = MariaDb::start(&["--event-scheduler=OFF"]).await;
    let database = Database::on_server(&server.url()).await;
    let post = Post::telling(&database, Clock::manual(now()), endpoints, audience).await;
    let running = Running::of(&post);
    sleep(Duration::from_millis(500)).await;
    let meter = Meter::start(&server.url()).await;
    sleep(Duration::from_secs(3)).await;
    let spent = meter.stop().await;
    running.stop().await;
    ["Com_select", "Com_update", "Com_insert", "Com_delete"].iter().map(|name| spent.of(name)).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_rest_an_endpoint_costs_a_statement_a_second_and_alarms_alone_next_to_nothing() {
    // Of ten seconds' looks, each of two questions, one at most falls into three.
    assert!(statements_at_rest(Vec::new(), Audience::default()).await <= 2);
    let with_two = statements_at_rest(vec![("shop", says(TAKEN)), ("books", says(TAKEN))], Audience::of_all()).await;
    assert!((6..=12).contains(&with_two), "two lines and the publication, a statement a second each: {with_two}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_goes_out_without_a_pause() {
    let database = Database::fresh(Engine::Sqlite).await;
    let post = Post::open(&database, Clock::manual(now()), vec![("shop", says(TAKEN))]).await;
    post.happens_to(orders(400)).await;
    let (running, begun) = (Running::of(&post), Instant::now());
    came(&post, "shop", 400).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "25 looks, a second each, would take longer: {:?}", begun.elapsed());
    running.stop().await;
}
