//! A member that takes changes and is in no group: so one stands there that was started anew, and not let in, without `super_read_only`
//! among its options.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::members::Members;
use crate::ALONE;
use crate::environment::Environment;
use crate::load::choices::any_seed;
use crate::load::database::connect;
use crate::load::wish::{SIGNING_SECRETS, Wish};
use crate::support::random::Random;

/// Longer than an instance takes to return to a server that it prefers.
const WATCHED: Duration = Duration::from_secs(50);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_stored_by_members_outside_their_group() {
    let _alone = ALONE.lock().await;
    let chosen = [("AUTH__MODE", "signed"), ("AUTH__SIGNING_SECRETS", SIGNING_SECRETS), ("SWEEP__CALLS_PER_SECOND", "0")];
    let environment = Environment::build(Members::start().await, &chosen).await;
    let (till, random) = (environment.till(), Random::new(any_seed()));
    let outsider = environment.cluster.primary().await.expect("a primary");
    assert_eq!(outsider, 0, "the one that every instance prefers");
    let left = "STOP GROUP_REPLICATION; SET GLOBAL super_read_only = OFF; SET GLOBAL read_only = OFF";
    assert!(environment.cluster.members[outsider].run(left).await);

    let begun = Instant::now();
    let mut given = Vec::new();
    while begun.elapsed() < WATCHED {
        let answer = till.post("/wxPay/toPay", &Wish::draw(&random).offer(), None).await.unwrap();
        let answer: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
        given.extend(answer["order_id"].as_str().map(str::to_owned));
        sleep(Duration::from_millis(200)).await;
    }
    eprintln!("{} orders were given in {WATCHED:?}", given.len());
    assert!(given.len() > 50, "the group goes on without it");
    let databases = environment.databases();
    let mut strayed = Vec::new();
    for order_id in &given {
        const THERE: &str = "SELECT COUNT(*) FROM deal WHERE order_id = ?";
        let there: i64 = sqlx::query_scalar(THERE).bind(order_id).fetch_one(&mut connect(&databases[outsider]).await).await.unwrap();
        if there != 0 {
            strayed.push(order_id);
        }
    }
    assert!(strayed.is_empty(), "stored by the member outside: {strayed:?}");
}
