//! One real node of a MariaDB Galera cluster, of which there need be no other: what it says of itself, and what it refuses without a
//! quorum. (What several do, and lose, is `tests/cluster`.)

use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::mysql::MySqlConnectOptions;
use tokio::time::{Instant, sleep, timeout};

use wechat_pay::doctor::Verdict::{Fail, Ok, Warn};

use crate::operations::doctor::Patient;
use crate::operations::metrics::OF_SEVERAL_SERVERS;
use crate::support::database::{Database, Engine, Look};
use crate::support::mariadb::MariaDb;
use crate::support::ports::free_port;
use crate::support::proxy::Proxy;
use crate::support::scrape::Scrape;
use crate::support::test_app::{TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

/// The contract's limit for /readyz.
const TOLD: Duration = Duration::from_secs(3);

/// A node that is a cluster by itself.
pub async fn node() -> MariaDb {
    let provider = format!("--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:{};gcache.size=8M", free_port());
    let server = MariaDb::start(&[
        "--wsrep-on=ON",
        "--wsrep-provider=/usr/lib/galera/libgalera_smm.so",
        "--wsrep-cluster-address=gcomm://",
        "--wsrep-node-address=127.0.0.1",
        "--wsrep-node-name=db1",
        &provider,
        "--binlog-format=ROW",
        "--innodb-autoinc-lock-mode=2",
    ])
    .await;
    // It takes connections before it is a cluster.
    let mut admin = server.url().parse::<MySqlConnectOptions>().unwrap().connect().await.unwrap();
    loop {
        let (_, ready): (String, String) = sqlx::query_as("SHOW STATUS LIKE 'wsrep_ready'").fetch_one(&mut admin).await.unwrap();
        if ready == "ON" {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    server
}

async fn on(server: &MariaDb) -> (TestApp, Look) {
    let database = Database::on_server(&server.url()).await;
    let look = database.look().await;
    (TestAppBuilder::on(database).open().await, look)
}

/// What says of everything "WSREP has not yet prepared node for application use", as a node does that has lost the others.
const REFUSE: &str = "SET GLOBAL wsrep_reject_queries = ALL";
const REFUSE_NO_MORE: &str = "SET GLOBAL wsrep_reject_queries = NONE";
/// What takes it out of its cluster, and back. Connections end by it.
const LOSE: &str = "SET GLOBAL wsrep_cluster_address = ''";
const FIND: &str = "SET GLOBAL wsrep_cluster_address = 'gcomm://'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_question_is_asked_of_a_node_that_has_what_the_others_acknowledged() {
    let server = node().await;
    let (app, look) = on(&server).await;
    // Counted by the node: questions that it answered after it had asked its group what the others have.
    const CAUSAL: &str =
        "SELECT CAST(variable_value AS CHAR) FROM information_schema.global_status WHERE variable_name = 'WSREP_CAUSAL_READS'";
    let causal = async || look.texts(CAUSAL).await.remove(0).unwrap().parse::<u64>().unwrap();
    let before = causal().await;
    for number in 0..5 {
        assert_eq!(app.query(&format!("nobody-knows-{number}")).await.status, 404);
    }
    assert!(causal().await >= before + 5, "404 is said of what no node knows");
    let order = app.to_pay("19.90").await;
    app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("a node is a database");
    assert_eq!(app.trade_state(&order.id).await, "SUCCESS");
    assert_eq!(app.till.get("/readyz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_its_cluster_is_not_ready_and_says_why() {
    let server = node().await;
    let (app, look) = on(&server).await;
    let order = app.to_pay("19.90").await;
    timeout(TOLD, async { while app.till.get("/readyz").await.status != 200 {} }).await.expect("it is ready");
    look.run(LOSE).await;
    let started = Instant::now();
    let mut unready = app.till.get("/readyz").await;
    while unready.status == 200 {
        unready = app.till.get("/readyz").await;
    }
    assert!(started.elapsed() < TOLD, "{:?}", started.elapsed());
    let detail = unready.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("db1") && detail.contains("lost its cluster"), "{detail}");
    let asked = Instant::now();
    app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.not_believed(503, "it cannot be stored");
    assert!(asked.elapsed() < Duration::from_millis(4500), "{:?}", asked.elapsed());
    let refused = app.query(&order.id).await;
    assert!([200, 503].contains(&refused.status), "never 404: {}", refused.body);

    look.run(FIND).await;
    let found = Instant::now();
    while app.till.get("/readyz").await.status != 200 {
        assert!(found.elapsed() < TOLD, "{:?}", found.elapsed());
    }
    app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("it is a cluster again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_begun_is_finished_when_a_cluster_finds_together_again() {
    let server = node().await;
    let (app, look) = on(&server).await;
    let order = app.to_pay("19.90").await;
    look.run(REFUSE).await;
    let (answer, ()) = tokio::join!(app.notify(WeChatMessage::notification(&order.id, 1990).signed()), async {
        sleep(Duration::from_millis(1200)).await;
        look.run(REFUSE_NO_MORE).await;
    });
    answer.acknowledged("there was time for it");
    assert_eq!(look.status(&order.id).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_its_cluster_is_left_for_another_server() {
    let server = node().await;
    let database = Database::on_server(&server.url()).await;
    let admin = database.look().await;
    let plain = Database::fresh(Engine::MySql).await;
    let server_url: reqwest::Url = plain.url.parse().unwrap();
    let (user, password, schema) = (server_url.username(), server_url.password().unwrap_or_default(), &server_url.path()[1..]);
    let user = format!("CREATE USER {user}@'127.0.0.1' IDENTIFIED BY '{password}'; GRANT ALL ON *.* TO {user}@'127.0.0.1'");
    admin.run(&format!("{user}; CREATE DATABASE {schema} CHARACTER SET utf8mb4; {LOSE}")).await;
    let (lost, well) = (Proxy::to(database.server_address()), Proxy::to(plain.server_address()));
    let url = plain.url_through_all(&[lost.address, well.address]);
    let app = TestAppBuilder::on(plain).set("DATABASE__URL", url).open().await;
    app.to_pay_at_once(6).await;
    assert_eq!(app.look().await.count().await, 6, "in the one that takes changes");
    assert!(lost.connections() > 0, "the other one was tried first");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_told_of_to_operators() {
    let server = node().await;
    let database = Database::on_server(&server.url()).await;
    let (look, address) = (database.look().await, database.server_address());
    // The same node by two names is several servers.
    let url = database.url.replace(&address.to_string(), &format!("{address},127.0.0.2:{}", address.port()));
    let patient = || Patient::on(&database).set("DATABASE__URL", &url);
    let app = TestAppBuilder::on(Database::on_server(&server.url()).await).set("DATABASE__URL", &url).set("METRICS__LISTEN", "127.0.0.1:0");
    let app = app.open().await;
    let numbers = Scrape::read(&app.scrape().await.body);
    for (series, value) in [
        ("database_cluster_nodes{node=\"db1\"}".to_owned(), 1.0),
        ("database_node_synced{node=\"db1\"}".to_owned(), 1.0),
        (format!("database_server{{server=\"{address}\"}}"), 1.0),
        (format!("database_server_preferred{{server=\"{address}\"}}"), 1.0),
    ] {
        assert!(numbers.has(&series), "{series}");
        assert_eq!(numbers.get(&series), value, "{series}");
    }
    for name in OF_SEVERAL_SERVERS {
        assert!(numbers.types.iter().any(|(shown, _)| shown == name), "{name}");
    }
    let findings = patient().examined().await;
    findings.say(Warn, "database", "node db1 is synced, and sees a cluster of 1");
    findings.say(Ok, "database", &format!("{address} can be used"));
    findings.say(Warn, "database", "127.0.0.2");
    look.run("SET GLOBAL wsrep_desync = ON").await;
    patient().examined().await.say(Warn, "database", "the node is desynced");
    look.run(&format!("SET GLOBAL wsrep_desync = OFF; {REFUSE}")).await;
    patient().examined().await.say(Fail, "database", "the node refuses queries (db1)");
    assert!(app.till.get("/readyz").await.body.contains("db1"));
}
