//! An instance beside each node against one instance on one node: how many orders are opened a second, and whether one is refused. And what
//! it costs a question to be asked of a node that has what the others acknowledged.

use std::time::{Duration, Instant};

use sqlx::AssertSqlSafe;
use tokio::task::JoinSet;

use crate::ALONE;
use crate::cluster::Cluster;
use crate::environment::Environment;
use crate::load::choices::{any_seed, number};
use crate::load::clients::Till;
use crate::load::database::connect;
use crate::load::wish::{SIGNING_SECRETS, Wish};
use crate::support::random::Random;

const CALLERS: usize = 96;
/// Questions by which a causal read's cost is known.
const QUESTIONS: usize = 500;

/// What came of a time of opening orders.
#[derive(Debug, Default)]
struct Opened {
    orders: u64,
    refused: Vec<String>,
    took: Duration,
}

impl Opened {
    /// A thousand times as many as a second.
    fn rate(&self) -> u64 {
        self.orders * 1_000_000 / u64::try_from(self.took.as_millis()).unwrap().max(1)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_beside_each_node_serves_as_one_instance_on_one_node_does() {
    let _alone = ALONE.lock().await;
    let length = Duration::from_secs(number("CLUSTER_SECONDS").unwrap_or(4));
    let chosen = [("AUTH__MODE", "signed"), ("AUTH__SIGNING_SECRETS", SIGNING_SECRETS), ("SWEEP__CALLS_PER_SECOND", "0")];
    let environment = Environment::build(Cluster::start().await, &chosen).await;
    let each: Vec<_> = environment.addresses().into_iter().map(|address| Till::new(vec![address])).collect();
    // What is prepared once is prepared.
    open(&each, Duration::from_secs(1)).await;
    let one = open(&each[..1], length).await;
    let all = open(&each, length).await;
    causal_reads(&environment, &each).await;
    eprintln!("orders a second (in thousandths): {} by one instance, {} by three", one.rate(), all.rate());
    assert!(one.refused.is_empty() && all.refused.is_empty(), "refused: {:?} by one, {:?} by three", one.refused, all.refused);
    assert!(all.rate() * 10 >= one.rate() * 7, "less than 0.7 of what one instance does");
}

/// Opens orders of one seller, with and without keys, by as many callers as are there.
async fn open(tills: &[Till], length: Duration) -> Opened {
    let begun = Instant::now();
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        let (till, random) = (tills[number % tills.len()].clone(), Random::new(any_seed()));
        callers.spawn(async move {
            let mut opened = Opened::default();
            while begun.elapsed() < length {
                // All of one seller: whatever rows of a seller have in common, each two of these have.
                let wish = Wish { merchant_id: 1, ..Wish::draw(&random) };
                let answer = till.post("/wxPay/toPay", &wish.offer(), wish.key.as_deref()).await.unwrap();
                if answer.status == 200 { opened.orders += 1 } else { opened.refused.push(answer.body) }
            }
            opened
        });
    }
    let mut sum = Opened::default();
    while let Some(opened) = callers.join_next().await {
        let opened = opened.unwrap();
        sum.orders += opened.orders;
        sum.refused.extend(opened.refused);
    }
    sum.took = begun.elapsed();
    sum
}

/// Says what a question takes by its key, with and without waiting for what other nodes have acknowledged, while nobody writes and while
/// orders are opened at all nodes.
async fn causal_reads(environment: &Environment<Cluster>, tills: &[Till]) {
    let database = &environment.databases()[0];
    for is_busy in [false, true] {
        let writing = is_busy.then(|| {
            let tills = tills.to_vec();
            tokio::spawn(async move { open(&tills, Duration::from_secs(8)).await })
        });
        let mut medians = Vec::new();
        for wait in [0, 1] {
            let mut connection = connect(database).await;
            sqlx::raw_sql(AssertSqlSafe(format!("SET SESSION wsrep_sync_wait = {wait}"))).execute(&mut connection).await.unwrap();
            let mut took = Vec::with_capacity(QUESTIONS);
            for _ in 0..QUESTIONS {
                let asked = Instant::now();
                sqlx::raw_sql("SELECT status FROM deal WHERE id = 1").fetch_all(&mut connection).await.unwrap();
                took.push(asked.elapsed());
            }
            took.sort_unstable();
            medians.push((took[QUESTIONS / 2], took[QUESTIONS * 99 / 100]));
        }
        eprintln!("a question (median, p99), others write: {is_busy}; at once {:.1?}, causal {:.1?}", medians[0], medians[1]);
        if let Some(writing) = writing {
            writing.await.unwrap();
        }
    }
}
