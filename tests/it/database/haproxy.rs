//! Behind the real HAProxy, as config/deploy/haproxy.cfg has it: only addresses are other ones.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use wechat_pay::store::Store;

use crate::support::database::{Database, Engine, Look};
use crate::support::haproxy::HaProxy;
use crate::support::mariadb::MariaDb;
use crate::support::ports::free_address;
use crate::support::proxy::Proxy;
use crate::support::test_app::{OPENING_TIME, TestApp, TestAppBuilder};

use super::galera::node;

/// Seven checks that are refused; seven that are not answered; and the service's own discovery. On a busy machine, twice of that.
const REFUSED: Duration = Duration::from_secs(16);
const SILENT: Duration = Duration::from_secs(24);

fn delivered(address: SocketAddr, servers: [SocketAddr; 2]) -> String {
    let third = "    server db3 10.0.0.3:3306 check rise 2 backup\n";
    let text = include_str!("../../../config/deploy/haproxy.cfg").replace("127.0.0.1:3307", &address.to_string());
    assert!(text.contains(third));
    text.replace("10.0.0.1:3306", &servers[0].to_string()).replace("10.0.0.2:3306", &servers[1].to_string()).replace(third, "")
}

/// A node with the tables in it, and the user of the check.
async fn node_with_tables() -> (MariaDb, Look, Proxy) {
    let server = node().await;
    let look = Database::on_server(&server.url()).await.look().await;
    look.run(
        "CREATE USER haproxy@'%' IDENTIFIED VIA mysql_native_password USING ''; CREATE DATABASE pay CHARACTER SET utf8mb4; \
         CREATE USER till@'127.0.0.1' IDENTIFIED BY 'till'; GRANT ALL ON *.* TO till@'127.0.0.1'; \
         REVOKE READ ONLY ADMIN ON *.* FROM till@'127.0.0.1'",
    )
    .await;
    Store::migrate(&format!("mysql://till:till@127.0.0.1:{}/pay", server.port).parse().unwrap(), OPENING_TIME.parse().unwrap())
        .await
        .unwrap();
    let proxy = Proxy::to(SocketAddr::from(([127, 0, 0, 1], server.port)));
    (server, look, proxy)
}

async fn deals(look: &Look) -> usize {
    look.texts("SELECT CAST(COUNT(*) AS CHAR) FROM pay.deal").await.remove(0).unwrap().parse().unwrap()
}

/// How long until deals are opened again, and this node has them.
async fn opened_in(app: &TestApp, look: &Look) -> Duration {
    let (started, before) = (Instant::now(), deals(look).await);
    loop {
        let answer = app.try_to_pay("19.90").await;
        if answer.status == 200 && deals(look).await > before {
            return started.elapsed();
        }
        assert!(started.elapsed() < 3 * SILENT, "{}", answer.body);
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_connections_go_to_one_node_that_answers_truly_and_takes_changes() {
    let ((_one, one_look, one_door), (_other, other_look, other_door)) = tokio::join!(node_with_tables(), node_with_tables());
    let address = free_address();
    let _haproxy = HaProxy::configured(address, &delivered(address, [one_door.address, other_door.address])).await;
    let url = format!("mysql://till:till@{address}/pay");
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("DATABASE__URL", url).open().await;
    app.to_pay_at_once(10).await;
    assert_eq!((deals(&one_look).await, deals(&other_look).await), (10, 0), "the first");

    one_look.run("SET GLOBAL read_only = 1").await;
    let took = opened_in(&app, &other_look).await;
    assert!(took < REFUSED, "{took:?}");
    one_look.run("SET GLOBAL read_only = 0").await;
    let took = opened_in(&app, &one_look).await;
    assert!(took > Duration::from_millis(1500), "only once it has been well for a while: {took:?}");

    // It is cut off: no more is heard of it.
    one_door.swallow_new(true);
    one_door.black_hole();
    let took = opened_in(&app, &other_look).await;
    assert!(took < SILENT, "{took:?}");
    assert_eq!(app.till.get("/readyz").await.status, 200);
}
