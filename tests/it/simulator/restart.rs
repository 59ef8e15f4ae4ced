//! The simulator's orders live as long as the service's own: in a file beside the SQLite file.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use wechat_pay::deal::Fen;
use wechat_pay::simulator::{DEFAULT_MERCHANT, Notify, RefundState};

use crate::support::database::{Database, Engine};
use crate::support::ports::free_address;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};

/// The file beside an SQLite database.
fn file(database: &Database) -> PathBuf {
    format!("{}.simulator.json", database.url.trim_start_matches("sqlite://")).into()
}

/// Stops it as SIGTERM does, and starts another on what it left, which listens where it did: so WeChat finds it again.
async fn restarted(app: TestApp, listen: SocketAddr) -> TestApp {
    let clock = app.clock.clone();
    let builder = TestAppBuilder::on(app.stop().await).by(clock);
    builder.set("SERVER__LISTEN", listen).demonstrate().await
}

fn pays(app: &TestApp, order: &Order, notify: Notify) {
    app.wechat().pay(&order.id, None, Some(notify), app.clock.now()).unwrap();
}

async fn becomes_paid(app: &TestApp, order: &Order) {
    for _ in 0..500 {
        if app.database.look().await.status(&order.id).await == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} is not paid", order.id);
}

/// Waits for an order to be in the file, while the service runs.
async fn is_written(file: &Path, order: &Order) {
    let begun = Instant::now();
    while !fs::read_to_string(file).is_ok_and(|text| text.contains(&order.id)) {
        assert!(begun.elapsed() < Duration::from_secs(10), "it is not written");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_ordered_and_paid_before_a_restart_is_known_after_it() {
    let listen = free_address();
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("SERVER__LISTEN", listen).demonstrate().await;
    let orders = [app.to_pay("1").await, app.to_pay("2").await, app.to_pay("3").await, app.to_pay("4").await];
    let [waiting, lost, late, given_back] = &orders;
    pays(&app, lost, Notify::Lost);
    pays(&app, late, Notify::Late);
    pays(&app, given_back, Notify::Normal);
    app.notified(given_back, 1).await;
    app.wechat().refund_by_hand(&given_back.id, Fen::new(150), app.clock.now()).unwrap();
    let balance = app.phone().get("/_sim/balance").await.body;

    let app = restarted(app, listen).await;
    let known: Vec<_> = app.wechat().orders().map(|order| (order.out_trade_no.clone(), order.code_url.clone().unwrap())).collect();
    assert_eq!(known, orders.iter().rev().map(|order| (order.id.clone(), order.code_url.clone())).collect::<Vec<_>>());
    assert_eq!(app.phone().get("/_sim/balance").await.body, balance);
    // Its code is the one that the payer has before the eyes, and its notification is signed as ever.
    pays(&app, waiting, Notify::Normal);
    becomes_paid(&app, waiting).await;
    // A notification that was lost is lost: the service asks.
    assert_eq!(app.trade_state(&lost.id).await, "SUCCESS");
    // One that was to come comes.
    assert_eq!(app.database.look().await.status(&late.id).await, 0);
    app.time_passes(20);
    becomes_paid(&app, late).await;
    app.notified(late, 1).await;
    assert!(app.wechat().order(&late.id).unwrap().attempts[0].acknowledged);
    // A refund under way arrives.
    assert_eq!(app.phone().get("/_sim/refunds").await.json()[0]["refund_status"], "SUCCESS");
    let refund = app.wechat().refunds().next().unwrap().clone();
    assert_eq!((refund.order.out_trade_no, refund.refund_fee.get(), refund.state), (given_back.id.clone(), 150, RefundState::Success));

    // And the number of the next is another one.
    app.wechat().refund_by_hand(&given_back.id, None, app.clock.now()).unwrap();
    let app = restarted(app, listen).await;
    let numbers: Vec<_> = app.wechat().refunds().map(|refund| refund.refund_id.clone()).collect();
    assert!(numbers.len() == 2 && numbers[0] != numbers[1], "{numbers:?}");
    let story = app.phone().get(&format!("/_sim/orders/{}/messages", waiting.id)).await.json();
    assert_eq!(story[0]["what"], "restart", "{story}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_is_for_its_owner_alone_and_holds_no_key() {
    let app = TestAppBuilder::new(Engine::Sqlite).await.demonstrate().await;
    let order = app.to_pay("19.90").await;
    let file = file(&app.database);
    is_written(&file, &order).await;
    pays(&app, &order, Notify::Normal);
    app.notified(&order, 1).await;
    let _database = app.stop().await;
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("\"trade_state\":\"SUCCESS\""), "what changed last is kept at the stop: {text}");
    assert!(!text.contains(DEFAULT_MERCHANT.api_key), "{text}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_cannot_be_read_is_moved_aside() {
    for text in ["", "{", "{\"version\":1}", "[]", "nonsense"] {
        let database = Database::fresh(Engine::Sqlite).await;
        let (file, aside) = (file(&database), PathBuf::from(format!("{}.unreadable", file(&database).display())));
        fs::write(&file, text).unwrap();
        let app = TestAppBuilder::on(database).demonstrate().await;
        assert_eq!(fs::read_to_string(&aside).unwrap(), text);
        assert!(!file.exists(), "{text}");
        let order = app.to_pay("19.90").await;
        let _database = app.stop().await;
        assert!(fs::read_to_string(&file).unwrap().contains(&order.id));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_written_is_written_later() {
    let app = TestAppBuilder::new(Engine::Sqlite).await.demonstrate().await;
    let file = file(&app.database);
    // What stands in the way of the new file.
    let obstacle = PathBuf::from(format!("{}.new", file.display()));
    fs::create_dir(&obstacle).unwrap();
    let order = app.to_pay("19.90").await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(!file.exists());
    fs::remove_dir(&obstacle).unwrap();
    is_written(&file, &order).await;
}

/// As after a kill in the second after it was ordered: WeChat has never heard of it, and its code is dead.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_an_order_that_the_simulator_has_forgotten_the_page_says_that_its_time_is_over() {
    let listen = free_address();
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("SERVER__LISTEN", listen).demonstrate().await;
    let order = app.to_pay("19.90").await;
    let clock = app.clock.clone();
    let database = app.stop().await;
    fs::remove_file(file(&database)).unwrap();
    let app = TestAppBuilder::on(database).by(clock).set("SERVER__LISTEN", listen).demonstrate().await;
    assert!(app.wechat().order(&order.id).is_none());
    app.time_passes(2 * 3600 + 60);
    app.sweep().await;
    // That WeChat does not know an order which had a link proves nothing: the service goes on asking, and raises no alarm.
    assert_eq!((app.trade_state(&order.id).await.as_str(), app.alarms()), ("NOTPAY", (0, 0)));
    let page = app.till.get(&format!("/pay/{}", order.id)).await.body;
    assert!(page.contains("data-state=\"expired\""), "{page}");
}

#[tokio::test]
async fn what_is_no_demonstration_on_a_file_keeps_none() {
    let app = TestApp::open(Engine::Sqlite).await;
    app.to_pay("19.90").await;
    let database = app.stop().await;
    assert!(!file(&database).exists());
    // There is no folder in which it could be.
    let app = TestAppBuilder::new(Engine::MySql).await.demonstrate().await;
    app.to_pay("19.90").await;
    app.stop().await;
}
