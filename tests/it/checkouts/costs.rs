//! What a checkout costs the database, by the database's own counters.

use super::browser::Browser;
use super::made::{Checkout, checkout, instance, paid_at};
use crate::support::database::{Database, Engine};
use crate::support::mariadb::MariaDb;
use crate::support::meter::{Counters, Meter};
use crate::support::test_app::{TestApp, TestAppBuilder};

/// Checkouts measured at a time.
const CHECKOUTS: u64 = 20;

/// Commits, rollbacks, statements that write and statements that read, for each.
fn each(spent: &Counters) -> [u64; 4] {
    let counted = [spent.of("Com_commit"), spent.of("Com_rollback"), spent.writes(), spent.of("Com_select")];
    assert!(counted.iter().all(|count| count % CHECKOUTS == 0), "{counted:?}");
    counted.map(|count| count / CHECKOUTS)
}

async fn made(app: &TestApp, number: u64) -> Vec<Checkout> {
    let mut made = Vec::new();
    for _ in 0..number {
        made.push(checkout(app).await);
    }
    made
}

async fn visited(app: &TestApp, checkouts: &[Checkout]) {
    for bought in checkouts {
        assert!(Browser::at_a_desk(app).open(&bought.site()).await.has_code());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkout_costs_a_commit_to_make_two_to_open_and_one_to_pay() {
    let server = MariaDb::start(&["--event-scheduler=OFF", "--innodb-stats-auto-recalc=OFF"]).await;
    let wechat = TestApp::open(Engine::Sqlite).await;
    let app = instance(TestAppBuilder::on(Database::on_server(&server.url()).await), &wechat).open().await;
    let paid = async |checkouts: &[Checkout]| {
        let mut notifications = Vec::new();
        for bought in checkouts {
            notifications.push(paid_at(&wechat, &bought.order(&app, "NATIVE").await));
        }
        notifications
    };
    let told = async |notifications: &[String]| {
        for notification in notifications {
            app.notify(notification.clone()).await.acknowledged("paid");
        }
    };
    // Every worker has met every statement.
    let warm = made(&app, 16).await;
    visited(&app, &warm).await;
    let notifications = paid(&warm).await;
    told(&notifications).await;
    told(&notifications).await;

    let meter = Meter::start(&server.url()).await;
    let checkouts = made(&app, CHECKOUTS).await;
    assert_eq!(each(&meter.stop().await), [1, 0, 1, 0], "to make: its row");

    let meter = Meter::start(&server.url()).await;
    visited(&app, &checkouts).await;
    // The turn at the checkout, the deal and its event; the link and its event. The checkout, twice; whether it has a deal of this way.
    assert_eq!(each(&meter.stop().await), [2, 0, 5, 3], "to open");

    let meter = Meter::start(&server.url()).await;
    visited(&app, &checkouts).await;
    assert_eq!(each(&meter.stop().await), [0, 0, 0, 3], "to open again");

    let notifications = paid(&checkouts).await;
    let meter = Meter::start(&server.url()).await;
    told(&notifications).await;
    // A try as of a deal without a checkout; then the turn at the checkout, its other deals, the deal and its event. The deal and the
    // checkout are read between.
    assert_eq!(each(&meter.stop().await), [1, 1, 5, 2], "to pay");

    let meter = Meter::start(&server.url()).await;
    told(&notifications).await;
    assert_eq!(each(&meter.stop().await)[0], 0, "a repeat changes nothing");
}
