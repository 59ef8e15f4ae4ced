//! Two thousand readers of the feed that wait at once: what they cost the database and the memory.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::sleep;
use wechat_pay::deal::Audience;
use wechat_pay::store::{LARGEST_BATCH, Store};

use crate::feed::told::tell;
use crate::support::database::{Database, Engine, Look};
use crate::support::mariadb::MariaDb;
use crate::support::program::{Program, environment};
use crate::support::test_app::TestAppBuilder;
use crate::support::wire::Wire;

const READERS: usize = 2000;
const SECONDS: u64 = 5;

async fn waiting_reader(address: SocketAddr) -> Wire {
    let mut wire = Wire::saying(address, "GET /wxPay/changes?wait=30 HTTP/1.1\r\nhost: pay\r\nconnection: close\r\n\r\n").await;
    assert_eq!(wire.answer().await.unwrap().status, 200);
    wire
}

async fn selects(look: &Look) -> u64 {
    look.column("SHOW GLOBAL STATUS LIKE 'Com_select'", "Value").await.remove(0).parse().unwrap()
}

async fn selects_in_a_while(look: &Look) -> u64 {
    let before = selects(look).await;
    sleep(Duration::from_secs(SECONDS)).await;
    selects(look).await - before
}

/// At another instance.
async fn something_happens(database: &Database) {
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("DATABASE__URL", &database.url).open().await;
    let store = Store::open(&database.url.parse().unwrap(), "beside", LARGEST_BATCH, app.clock.now()).await.unwrap();
    tell(&app, &store.telling(Audience::of_all()), &["o1"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_readers_cost_one_statement_a_second_and_little_memory() {
    let server = MariaDb::start(&["--event-scheduler=OFF", "--innodb-stats-auto-recalc=OFF"]).await;
    let database = Database::on_server(&server.url()).await;
    let directory = tempfile::TempDir::new().unwrap();
    let variables = [environment(&database.url, "127.0.0.1:0"), vec![("SWEEP__CALLS_PER_SECOND", "0".to_owned())]].concat();
    let program = Program::start("serve", directory.path(), &variables);
    let (address, look) = (program.address().await, database.look().await);
    sleep(Duration::from_secs(2)).await;
    let nobody = selects_in_a_while(&look).await;
    let memory = program.process.memory_kib("VmRSS");

    let mut readers = Vec::with_capacity(READERS);
    for _ in 0..READERS / 50 {
        readers.extend(join_all((0..50).map(|_| waiting_reader(address))).await);
    }
    let all = selects_in_a_while(&look).await;
    let of_readers = all.saturating_sub(nobody);
    assert!((SECONDS - 2..=SECONDS + 3).contains(&of_readers), "{all} statements in {SECONDS} s, and {nobody} without readers");
    let each = (program.process.memory_kib("VmRSS") - memory) / READERS as u64;
    assert!(each < 40, "{each} KiB for each reader");

    let (before, asked) = (selects(&look).await, Instant::now());
    something_happens(&database).await;
    let told = join_all(readers.iter_mut().map(Wire::end)).await;
    let seconds = asked.elapsed().as_secs() + 1;
    for (_, body) in told {
        let body = String::from_utf8(body).unwrap();
        assert!(body.contains("\"type\":\"alarm.raised\"") && body.contains("\"next\":\"1\""), "{body}");
    }
    // Those of the other instance's start, and one look for all of them.
    let spent = selects(&look).await - before;
    assert!(spent < 300 + 10 * seconds, "{spent} statements to tell {READERS} readers of one event in {seconds} s");
}
