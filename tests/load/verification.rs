//! The verdict: WeChat's books, the database and what the callers were told, held against each other.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::books::Books;
use super::clients::Truth;
use super::database::{connect, until};
use super::endpoint::Endpoint;
use super::processes::Instance;
use super::refunds;
use super::tills::{EXPIRE_AFTER, Scene};

/// Every order paid at WeChat is Paid here within this time of the last restart.
const SETTLED_WITHIN: Duration = Duration::from_secs(90);

/// The story of a run.
pub struct Run {
    /// The variable that shows it again.
    pub seed: String,
    pub begun: Instant,
    /// What was done to it, and how often.
    pub blows: BTreeMap<&'static str, u64>,
    /// From a restart until everything was ready.
    pub slowest_return: Duration,
    pub last_restart: Instant,
}

/// Waits for what must come by itself, judges what each of these databases holds, prints the table, and fails the test if anything is
/// wrong, or was before.
pub async fn verify(databases: &[String], instances: &mut [Instance], scene: &Scene, endpoint: &Endpoint, run: &Run, before: Vec<String>) {
    let open = async |kind: fn(&Truth) -> bool| {
        let books = Books::read(&mut connect(&databases[0]).await).await;
        scene.phone.orders().await.iter().filter(|order| kind(order) && books.is_open(order)).count()
    };
    let left = SETTLED_WITHIN.saturating_sub(run.last_restart.elapsed());
    let settled = until(left, async || open(Truth::is_paid).await == 0).await;
    let settled_after = run.last_restart.elapsed();
    // Deals that WeChat knows end by themselves, too: their time, a lease, a look or two that fail.
    let ended = until(EXPIRE_AFTER + Duration::from_secs(60), async || open(|_| true).await == 0).await;

    let mut wrong = before;
    wrong.append(&mut scene.observations.told().violations);
    refunds::verify(databases, scene, &mut wrong).await;
    endpoint.verify(databases, scene, &mut wrong).await;
    if settled.is_none() {
        wrong.push(format!("not every paid order is Paid here {SETTLED_WITHIN:?} after the last restart"));
    }
    if ended.is_none() {
        wrong.push("a deal that WeChat knows is still undecided".to_owned());
    }
    for (number, instance) in instances.iter_mut().enumerate() {
        if !instance.lives() {
            wrong.push(format!("instance {number} ended by itself"));
        }
    }
    let truth = scene.phone.orders().await;
    let mut books = Vec::new();
    for database in databases {
        let one = Books::read(&mut connect(database).await).await;
        one.judge(&truth, &scene.observations.told(), &mut wrong);
        books.push(one);
    }
    print(&books[0], &truth, scene, run);
    eprintln!("all paid settled after the last restart and the load by {settled_after:.1?}");
    for what in wrong.iter().take(50) {
        eprintln!("WRONG: {what}");
    }
    assert!(wrong.is_empty(), "{} things are wrong; {}", wrong.len(), run.seed);
    assert!(truth.iter().any(|order| order.is_paid() && order.first_acknowledged().is_some()), "nothing was tried");
}

fn print(books: &Books, truth: &[Truth], scene: &Scene, run: &Run) {
    let told = scene.observations.told();
    let lags = told.paid_at.iter().filter_map(|(order_id, paid)| Some((books.settled_at(order_id)? - *paid).num_seconds().max(0)));
    let acknowledged = truth.iter().filter(|order| order.first_acknowledged().is_some()).count();
    let blows: Vec<_> = run.blows.iter().map(|(what, times)| format!("{times} × {what}")).collect();
    let answers: Vec<_> = told.answers.iter().map(|((path, status), n)| format!("{path} {}: {n}", words(*status))).collect();
    eprintln!("seed                            {}", run.seed);
    eprintln!("duration                        {:.0?}", run.begun.elapsed());
    eprintln!("blows                           {} ({})", run.blows.values().sum::<u64>(), blows.join(", "));
    eprintln!("deals here / orders at WeChat   {} / {}", books.deals(), truth.len());
    eprintln!("given to tills                  {}", told.given.len());
    eprintln!("paid here / paid at WeChat      {} / {}", books.count(1), truth.iter().filter(|order| order.is_paid()).count());
    eprintln!("expired / never at WeChat, open {} / {}", books.count(2), books.count(0));
    eprintln!("acknowledged notifications of   {acknowledged} orders");
    eprintln!("slowest return after a restart  {:.1?}", run.slowest_return);
    eprintln!("slowest from paid to Paid       {} s", lags.max().unwrap_or(0));
    eprintln!("slowest answer                  {:.1?}", told.slowest);
    eprintln!("answers                         {}", answers.join(", "));
}

fn words(status: Option<u16>) -> String {
    status.map_or("unanswered".to_owned(), |status| status.to_string())
}
