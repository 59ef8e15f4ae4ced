//! Several servers in `database.url`: the first that answers and can write is used by all, and left for another when it is none any more.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep, timeout};
use wechat_pay::store::Store;

use crate::support::database::{Database, Engine, Look};
use crate::support::mariadb::MariaDb;
use crate::support::proxy::{Proxy, Reserved};
use crate::support::test_app::{OPENING_TIME, Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

/// The contract's limits: after a connection broke, after a host fell silent, after it is well again.
const BROKEN: Duration = Duration::from_secs(3);
const SILENT: Duration = Duration::from_secs(5);
const BACK: Duration = Duration::from_secs(60);
/// What a busy machine may take for what takes milliseconds.
const AT_ONCE: Duration = Duration::from_secs(1);

/// One database behind two doors, the first of which is preferred.
async fn behind_two_doors() -> (TestApp, Proxy, Proxy) {
    let database = Database::fresh(Engine::MySql).await;
    let (one, other) = (Proxy::to(database.server_address()), Proxy::to(database.server_address()));
    let url = database.url_through_all(&[one.address, other.address]);
    let app = TestAppBuilder::on(database).set("DATABASE__URL", url).open().await;
    assert_eq!(other.connections(), 0, "the first one is well");
    (app, one, other)
}

fn message(order: &Order) -> String {
    let (_, tail) = order.id.split_at(order.id.len() - 18);
    WeChatMessage::notification(&order.id, 1990).with("transaction_id", &format!("4200000260{tail}")).signed()
}

/// Calls of every kind until all of them are served again; how long that took.
async fn served_again(app: &TestApp, orders: &[Order]) -> Duration {
    let started = Instant::now();
    loop {
        let (opened, queried, ready) = tokio::join!(app.try_to_pay("19.90"), app.query(&orders[0].id), app.till.get("/readyz"));
        if [&opened, &queried, &ready].iter().all(|answer| answer.status == 200) {
            return started.elapsed();
        }
        assert!(started.elapsed() < BACK, "{} {} {}", opened.body, queried.body, ready.body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_gone_is_left_for_the_next_and_returned_to_when_it_is_back() {
    let (app, one, other) = behind_two_doors().await;
    let orders = app.to_pay_at_once(12).await;
    one.down();
    let took = served_again(&app, &orders).await;
    assert!(took < BROKEN, "{took:?}");
    let paid = join_all(orders.iter().map(|order| app.notify(message(order)))).await;
    paid.iter().for_each(|answer| answer.acknowledged("the other server is there"));
    assert!(other.connections() >= 3, "all lanes have moved");

    one.up();
    let well = Instant::now();
    loop {
        let before = one.connections();
        app.to_pay_at_once(8).await;
        // A look is one connection in some seconds; those who return are several at once.
        if one.connections() > before + 1 {
            break;
        }
        sleep(Duration::from_millis(250)).await;
        assert!(well.elapsed() < BACK, "it has been well for a minute");
    }
    assert!(well.elapsed() > BACK / 6, "one that comes and goes is not returned to");
    app.to_pay_at_once(24).await;
    other.down();
    for order in &app.to_pay_at_once(12).await {
        app.notify(message(order)).await.acknowledged("nobody is connected to the other one any more");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_silent_is_left_before_callers_lose_patience() {
    let (app, one, _other) = behind_two_doors().await;
    let orders = app.to_pay_at_once(6).await;
    one.swallow_new(true);
    one.black_hole();
    let started = Instant::now();
    // What is in hand when it falls silent is carried out by the other one.
    let (paid, opened, queried) = tokio::join!(app.notify(message(&orders[0])), app.try_to_pay("19.90"), app.query(&orders[1].id));
    assert!(started.elapsed() < SILENT, "{:?}", started.elapsed());
    paid.acknowledged("by the other server");
    assert_eq!((opened.status, queried.status), (200, 200), "{} {}", opened.body, queried.body);
    let took = served_again(&app, &orders).await;
    assert!(took < AT_ONCE, "{took:?}");
    assert_eq!(app.look().await.status(&orders[0].id).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_starts_with_whichever_server_is_there() {
    let database = Database::fresh(Engine::MySql).await;
    let (gone, silent, well) = (Reserved::new(), Proxy::to(database.server_address()), Proxy::to(database.server_address()));
    silent.swallow_new(true);
    let url = database.url_through_all(&[gone.address, silent.address, well.address]);
    let app = TestAppBuilder::on(database).set("DATABASE__URL", url).open().await;
    assert!(silent.connections() < 4, "what one connection has found out the others need not");
    let orders = app.to_pay_at_once(2).await;
    assert!(served_again(&app, &orders).await < AT_ONCE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_are_all_gone_are_said_and_their_return_needs_no_restart() {
    let (app, one, other) = behind_two_doors().await;
    let orders = app.to_pay_at_once(2).await;
    one.down();
    other.down();
    for _ in 0..20 {
        let refused = app.try_to_pay("19.90").await;
        assert_eq!((refused.status, refused.reason().as_str()), (503, "UNAVAILABLE"), "{}", refused.body);
    }
    assert_eq!(app.till.get("/readyz").await.status, 503);
    other.up();
    let took = served_again(&app, &orders).await;
    assert!(took < BROKEN, "{took:?}");
}

/// A server of its own that takes no changes of the service while it is read-only, with the tables in it.
async fn server_with_tables() -> (MariaDb, Database) {
    const USER: &str = "CREATE USER till@'127.0.0.1' IDENTIFIED BY 'till'; GRANT ALL ON *.* TO till@'127.0.0.1'; \
                        REVOKE READ ONLY ADMIN ON *.* FROM till@'127.0.0.1'; CREATE DATABASE pay CHARACTER SET utf8mb4";
    let server = MariaDb::start(&[]).await;
    let database = Database::on_server(&server.url()).await;
    database.look().await.run(USER).await;
    let url = format!("mysql://till:till@127.0.0.1:{}/pay", server.port);
    Store::migrate(&url.parse().unwrap(), OPENING_TIME.parse().unwrap()).await.unwrap();
    (server, database)
}

async fn deals(look: &Look) -> usize {
    look.texts("SELECT CAST(COUNT(*) AS CHAR) FROM pay.deal").await.remove(0).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_becomes_read_only_is_left_and_no_caller_notices() {
    let ((one, one_admin), (other, other_admin)) = tokio::join!(server_with_tables(), server_with_tables());
    let (one_admin, other_admin) = (one_admin.look().await, other_admin.look().await);
    one_admin.run("SET GLOBAL read_only = 1").await;
    let url = format!("mysql://till:till@127.0.0.1:{},127.0.0.1:{}/pay", one.port, other.port);
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("DATABASE__URL", url).open().await;
    app.to_pay_at_once(10).await;
    assert_eq!((deals(&one_admin).await, deals(&other_admin).await), (0, 10), "the first that lets us write");

    // A planned fail-over: the connections live, and only changes are refused.
    one_admin.run("SET GLOBAL read_only = 0").await;
    other_admin.run("SET GLOBAL read_only = 1").await;
    for answer in join_all((0..10).map(|_| app.try_to_pay("19.90"))).await {
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    assert_eq!((deals(&one_admin).await, deals(&other_admin).await), (10, 10));
    assert_eq!(app.till.get("/readyz").await.status, 200);

    one_admin.run("SET GLOBAL read_only = 1").await;
    assert_eq!(app.try_to_pay("19.90").await.status, 503, "there is none to turn to");
    let unready = app.till.get("/readyz").await;
    assert!(unready.status == 503 && unready.json()["detail"].as_str().unwrap().contains("read-only"), "{}", unready.body);
    one_admin.run("SET GLOBAL read_only = 0").await;
    timeout(SILENT, async { while app.till.get("/readyz").await.status != 200 {} }).await.expect("without anybody who calls");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_tables_are_locked_for_a_backup_is_left() {
    let ((one, one_admin), (other, other_admin)) = tokio::join!(server_with_tables(), server_with_tables());
    let (locked, free) = (one_admin.look().await, other_admin.look().await);
    let url = format!("mysql://till:till@127.0.0.1:{},127.0.0.1:{}/pay", one.port, other.port);
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("DATABASE__URL", url).open().await;
    app.to_pay_at_once(4).await;
    locked.run("FLUSH TABLES WITH READ LOCK").await;
    let started = Instant::now();
    while app.try_to_pay("19.90").await.status != 200 {
        assert!(started.elapsed() < SILENT, "{:?}", started.elapsed());
    }
    assert_eq!((deals(&free).await, app.till.get("/readyz").await.status), (1, 200), "by the other one");
    locked.run("UNLOCK TABLES").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_whose_tables_are_locked_is_not_ready_before_the_first_change_is_given_up() {
    let (server, admin) = server_with_tables().await;
    let url = format!("mysql://till:till@127.0.0.1:{}/pay", server.port);
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("DATABASE__URL", url).open().await;
    let (order, locked) = (app.to_pay("19.90").await, admin.look().await);
    locked.run("FLUSH TABLES WITH READ LOCK").await;
    let started = Instant::now();
    let asked = app.notify(message(&order));
    let told = async {
        while app.till.get("/readyz").await.status == 200 {
            sleep(Duration::from_millis(50)).await;
        }
        started.elapsed()
    };
    let (told, answer) = tokio::join!(told, asked);
    answer.not_believed(503, "nothing can be stored");
    assert!(told < Duration::from_secs(2), "{told:?}");
    locked.run("UNLOCK TABLES").await;
    timeout(SILENT, async { while app.till.get("/readyz").await.status != 200 {} }).await.expect("it takes changes again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_takes_its_time_is_no_silence() {
    // Such a server waits for locks, a second at a time.
    let server = MariaDb::start(&["--log-bin", "--binlog-format=STATEMENT", "--server-id=1"]).await;
    let database = Database::on_server(&server.url()).await;
    let (one, other) = (Proxy::to(database.server_address()), Proxy::to(database.server_address()));
    let url = database.url_through_all(&[one.address, other.address]);
    let app = TestAppBuilder::on(database).set("DATABASE__URL", url).open().await;
    let order = app.to_pay("19.90").await;
    let stranger = app.look().await;
    stranger.run(&format!("BEGIN; SELECT id FROM deal WHERE order_key = '{}' FOR UPDATE", order.id)).await;
    app.notify(message(&order)).await.not_believed(503, "another program has the row");
    assert_eq!(other.connections(), 0, "the first one answers");
    stranger.run("COMMIT").await;
    app.notify(message(&order)).await.acknowledged("the row is free");
}

/// That they are the same server is as good as another.
fn twice(address: SocketAddr) -> String {
    format!("{address},localhost:{}", address.port())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_among_addresses_is_looked_up() {
    let database = Database::fresh(Engine::MySql).await;
    let address = database.server_address();
    let url = database.url.replace(&address.to_string(), &twice(address));
    let app = TestAppBuilder::on(database).set("DATABASE__URL", url).open().await;
    app.to_pay_at_once(4).await;
}
