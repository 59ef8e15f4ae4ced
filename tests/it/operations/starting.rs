//! The start: what is answered while the database is away, what is not waited for, and what an operator is told.

use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use wechat_pay::store::Store;

use crate::support::database::{Database, Engine, mysql_server};
use crate::support::http::Caller;
use crate::support::mariadb::MariaDb;
use crate::support::program::{Program, environment};
use crate::support::proxy::Reserved;
use crate::support::wechat_message::WeChatMessage;

/// Long enough for a busy machine, and shorter than any waiting for a database.
const AT_ONCE: Duration = Duration::from_secs(5);

/// A program on a database that cannot be reached, and a caller of it.
async fn without_a_database(directory: &TempDir, database: &Reserved) -> (Program, Caller) {
    let door = Reserved::new();
    let url = format!("mysql://till:CanaryPassword@{}/shop", database.address);
    let program = Program::start("serve", directory.path(), &environment(&url, &door.address.to_string()));
    let begun = Instant::now();
    while TcpStream::connect(door.address).await.is_err() {
        assert!(begun.elapsed() < AT_ONCE, "{}", program.written());
        sleep(Duration::from_millis(10)).await;
    }
    (program, Caller::new(door.address))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_are_answered_while_the_database_is_away() {
    let (directory, nowhere) = (TempDir::new().unwrap(), Reserved::new());
    let (program, till) = without_a_database(&directory, &nowhere).await;
    let begun = Instant::now();
    assert_eq!(till.get("/healthz").await.status, 200);
    till.get("/readyz").await.refused(503, "UNAVAILABLE", None, "not ready");
    let wish = json!({"merchant_id": 12, "product_id": 34, "price": "19.90"});
    till.post_json("/wxPay/toPay", &wish).await.refused(503, "UNAVAILABLE", None, "toPay");
    for path in ["/wxPay/queryOrder", "/wxPay/doCloseOrder"] {
        till.post_json(path, &json!({"order_id": "20260401120000123456789012345678"})).await.refused(503, "UNAVAILABLE", None, path);
    }
    till.post("/wxPay/notify", "text/xml", WeChatMessage::notification("20260401120000123456789012345678", 1990).signed())
        .await
        .not_believed(503, "paid");
    assert!(begun.elapsed() < AT_ONCE, "nobody waits: {:?}", begun.elapsed());

    let told = program.says("waiting for the database").await["error"].as_str().unwrap().to_owned();
    assert!(told.contains(&format!("MySQL database shop at {}", nowhere.address)) && told.contains("Connection refused"), "{told}");
    program.terminate();
    let (status, written) = program.end(AT_ONCE).await;
    assert!(status.is_some_and(|status| status.success()), "{status:?}: {written}");
    assert!(!written.contains("CanaryPassword"), "{written}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_comes_later_is_served_on() {
    let database = Database::fresh(Engine::MySql).await;
    let (directory, reserved, door) = (TempDir::new().unwrap(), Reserved::new(), Reserved::new());
    let variables = environment(&database.url_through(reserved.address), &door.address.to_string());
    let program = Program::start("serve", directory.path(), &variables);
    program.says("waiting for the database").await;
    let till = Caller::new(door.address);
    assert_eq!(till.get("/readyz").await.status, 503);
    let _proxy = reserved.open(database.server_address());
    program.says("serving").await;
    assert_eq!(till.get("/readyz").await.status, 200, "on the same listener");
    let opened = till.post_json("/wxPay/toPay", &json!({"merchant_id": 12, "product_id": 34, "price": "19.90"})).await;
    assert_eq!(opened.json()["code"], 0, "{}", opened.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_others_have_locked_is_waited_for_and_that_is_said() {
    let database = Database::fresh(Engine::MySql).await;
    Store::migrate(&database.url.parse().unwrap(), "2026-04-01T04:00:00Z".parse().unwrap()).await.unwrap();
    let look = database.look().await;
    look.run("LOCK TABLES deal WRITE").await;
    let directory = TempDir::new().unwrap();
    let program = Program::start("serve", directory.path(), &environment(&database.url, "127.0.0.1:0"));
    let told = program.says("waiting for the database").await["error"].as_str().unwrap().to_owned();
    assert!(told.contains("another program holds the table"), "{told}");
    look.run("UNLOCK TABLES").await;
    program.says("serving").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_takes_no_changes_is_waited_for_and_is_enough_once_the_schema_is_there() {
    let server = MariaDb::start(&[]).await;
    let database = Database::on_server(&server.url()).await;
    let admin = database.look().await;
    // An administrator of the server may write all the same; a service may not.
    admin.run("CREATE USER till@'127.0.0.1' IDENTIFIED BY 'till'; GRANT ALL ON *.* TO till@'127.0.0.1'; REVOKE READ ONLY ADMIN ON *.* FROM till@'127.0.0.1'").await;
    admin.run("SET GLOBAL read_only = 1").await;
    let directory = TempDir::new().unwrap();
    let variables = environment(&database.url.replace("root@", "till:till@"), "127.0.0.1:0");
    let waiting = Program::start("serve", directory.path(), &variables);
    let told = waiting.says("waiting for the database").await["error"].as_str().unwrap().to_owned();
    assert!(told.contains("cannot write now"), "{told}");
    for command in ["serve", "migrate"] {
        let program = Program::start(command, directory.path(), &variables);
        let begun = Instant::now();
        while !program.written().contains("waiting") {
            assert!(begun.elapsed() < AT_ONCE, "{command}: {}", program.written());
            sleep(Duration::from_millis(20)).await;
        }
        program.terminate();
        let (status, written) = program.end(AT_ONCE).await;
        assert!(status.is_some_and(|status| status.success() == (command == "serve")), "a signal ends it: {status:?}: {written}");
    }
    assert_eq!(admin.texts("SHOW TABLES").await, []);

    admin.run("SET GLOBAL read_only = 0").await;
    waiting.says("serving").await;
    admin.run("SET GLOBAL read_only = 1").await;
    Program::start("serve", directory.path(), &variables).says("serving").await;
}

/// Two keys that are one stay so however long they are waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_break_a_key_end_the_start_and_are_named() {
    let database = Database::fresh(Engine::MySql).await;
    Store::migrate(&database.url.parse().unwrap(), "2026-04-01T04:00:00Z".parse().unwrap()).await.unwrap();
    let look = database.look().await;
    look.run("DROP INDEX deal_seller_key ON deal; DELETE FROM deal_migration WHERE version = 15").await;
    for order_id in ["one", "another"] {
        let key =
            format!("INSERT INTO deal (order_id, product_id, merchant_id, price, idempotency_key) VALUES ('{order_id}', 1, 7, 1, 'k')");
        look.run(&key).await;
    }
    let directory = TempDir::new().unwrap();
    let (status, written) = Program::start("serve", directory.path(), &environment(&database.url, "127.0.0.1:0")).end(AT_ONCE).await;
    assert_eq!(status.and_then(|status| status.code()), Some(1), "{written}");
    assert!(written.contains("deal_seller_key"), "{written}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waiting_cannot_mend_ends_the_start_with_its_reason() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().display();
    let server = mysql_server();
    let host = server.rsplit('@').next().unwrap();
    std::fs::write(directory.path().join("letter.db"), "Dear database, ".repeat(100)).unwrap();
    std::fs::create_dir(directory.path().join("folder.db")).unwrap();
    let cases = [
        (
            format!("mysql://till:CanaryPassword@{host}/shop"),
            vec![format!("MySQL database shop at {host}"), "refuses user or password".to_owned()],
        ),
        (format!("{server}/no_such_shop"), vec![format!("MySQL database no_such_shop at {host}"), "there is no such database".to_owned()]),
        ("sqlite:///sys/deal.db".to_owned(), vec!["SQLite database /sys/deal.db: its folder cannot be written (".to_owned()]),
        ("sqlite:///proc/shop/deal.db".to_owned(), vec!["/proc/shop/deal.db: its folder cannot be written (No such file".to_owned()]),
        (format!("sqlite://{path}/letter.db"), vec![format!("{path}/letter.db: the file is no SQLite database, or is damaged")]),
        (format!("sqlite://{path}/folder.db"), vec![format!("{path}/folder.db: the file cannot be written (Is a directory")]),
    ];
    for (url, words) in cases {
        let program = Program::start("serve", directory.path(), &environment(&url, "127.0.0.1:0"));
        let (status, written) = program.end(AT_ONCE).await;
        assert_eq!(status.and_then(|status| status.code()), Some(1), "{words:?}: {written}");
        assert!(words.iter().all(|word| written.contains(word)) && !written.contains("Canary"), "{words:?}: {written}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_is_taken_is_told_with_its_key_and_a_hint() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (variable, key) in [
        ("SERVER__LISTEN", "server.listen"),
        ("SIMULATOR__LISTEN", "simulator.listen"),
        ("METRICS__LISTEN", "metrics.listen"),
        ("CONSOLE__LISTEN", "console.listen"),
    ] {
        let database = Database::fresh(Engine::Sqlite).await;
        let mut variables = environment(&database.url, "127.0.0.1:0");
        variables.push((variable, address.clone()));
        let (status, written) = Program::start("serve", database.directory().unwrap(), &variables).end(AT_ONCE).await;
        assert_eq!(status.and_then(|status| status.code()), Some(1), "{key}: {written}");
        assert!(written.contains(&format!("{key}: {address} cannot be listened on")) && written.contains("ss -ltnp"), "{written}");
    }
}
