//! The proof: what happens to servers loses nothing, doubles nothing, alarms nobody, and lasts for callers hardly longer than for the
//! cluster that they are.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Row};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::environment::Environment;
use crate::load::choices::{any_seed, number};
use crate::load::clients::Till;
use crate::load::database::connect;
use crate::load::endpoint::Endpoint;
use crate::load::tills::{self, Scene};
use crate::load::verification::{self, Run};
use crate::patience::STOPPED;
use crate::probes::{self, Probed};
use crate::pulse::{self, Moments, longest_gap};
use crate::servers::Servers;
use crate::support::random::Random;

const TILLS: usize = 6;
/// Callers are served again so soon after a node of the cluster takes changes again.
const BEHIND_THE_CLUSTER: Duration = Duration::from_secs(3);
/// An instance that cannot store an order says so by then: one that is asked once a second is out of its proxy in time.
const SAYS_SO: Duration = Duration::from_secs(2);

/// What happens to servers of a kind.
pub trait Blow<S: Servers>: Copy {
    fn as_str(self) -> &'static str;

    /// Does it and undoes it; all servers are one cluster again when this returns.
    async fn strike(self, environment: &mut Environment<S>, random: &Random);
}

/// Has these happen one after the other, under load, to servers that are started for it; and judges what has become of everything.
pub async fn tell<S: Servers, B: Blow<S>>(servers: impl Future<Output = S>, blows: impl Iterator<Item = B>) {
    let seed = number("CLUSTER_SEED").unwrap_or_else(any_seed);
    eprintln!("CLUSTER_SEED={seed}");
    let random = Random::new(seed);
    let begun = Instant::now();
    let endpoint = Endpoint::start(Random::new(random.seed())).await;
    let url = format!("http://{}/", endpoint.address);
    let chosen = tills::of_short_lives(&url);
    let mut environment = Environment::build(servers.await, &chosen).await;
    eprintln!("{:6.1?} three servers, three instances", begun.elapsed());
    let scene = Scene::new(environment.till(), environment.phone());
    let mut everybody = tills::begin(&scene, &random, TILLS);
    let each: Vec<_> = environment.addresses().into_iter().map(|address| Till::new(vec![address])).collect();
    let probed = probes::ask(&scene, &random, &each, &mut everybody);
    let mut pulses = JoinSet::new();
    let felt = pulse::feel(environment.cluster.urls(), &mut pulses);

    let mut run = Run {
        seed: format!("CLUSTER_SEED={seed}"),
        begun,
        blows: BTreeMap::new(),
        slowest_return: Duration::ZERO,
        last_restart: Instant::now(),
    };
    let mut wrong = Vec::new();
    for blow in blows {
        sleep(random.millis(1500, 4000)).await;
        *run.blows.entry(blow.as_str()).or_default() += 1;
        let since = Instant::now();
        blow.strike(&mut environment, &random).await;
        run.last_restart = Instant::now();
        environment.ready().await;
        run.slowest_return = run.slowest_return.max(run.last_restart.elapsed());
        sleep(Duration::from_secs(2)).await;
        judge_service(begun, blow.as_str(), &felt, &probed, since, &mut wrong);
    }
    sleep(Duration::from_secs(2)).await;
    scene.stop.cancel();
    scene.lives.close();
    let over = async {
        while everybody.join_next().await.is_some_and(|ended| ended.is_ok()) {}
        scene.lives.wait().await;
    };
    timeout(Duration::from_secs(60), over).await.expect("the load ends");
    assert!(everybody.is_empty(), "somebody of the load has panicked");
    pulses.abort_all();

    let databases = environment.databases();
    alarms(&environment, &databases, &mut wrong).await;
    verification::verify(&databases, &mut environment.instances, &scene, &endpoint, &run, wrong).await;
    for instance in &mut environment.instances {
        instance.process.terminate();
        let ended = instance.process.end_within(STOPPED).await.expect("it ends");
        assert_eq!(ended.code(), Some(0));
    }
    let sums = all_sums(&databases, S::CAUSAL).await;
    assert!(sums.iter().all(|of_one| *of_one == sums[0]), "the servers differ: {sums:#?}");
}

/// For how long during a fault no server took a change, nobody was served, and each instance served nobody, or said that it would.
fn judge_service(begun: Instant, name: &str, felt: &[Moments], probed: &[Probed], since: Instant, wrong: &mut Vec<String>) {
    let now = Instant::now();
    let served: Vec<_> = probed.iter().map(|one| one.served.clone()).collect();
    let (cluster, service) = (longest_gap(felt, since, now), longest_gap(&served, since, now));
    let alone: Vec<_> = served.iter().map(|one| longest_gap(std::slice::from_ref(one), since, now)).collect();
    let nodes: Vec<_> = felt.iter().map(|one| longest_gap(std::slice::from_ref(one), since, now)).collect();
    let lies: Vec<_> = probed.iter().map(|one| one.longest_lie(since, now)).collect();
    let at = since - begun;
    eprintln!(
        "{at:6.1?} {name}: no server took a change for {cluster:.1?}, nobody was served for {service:.1?}; each server {nodes:.1?}, each instance \
         {alone:.1?}; ready in vain {lies:.1?}"
    );
    if service > cluster + BEHIND_THE_CLUSTER {
        wrong.push(format!("{name}: nobody was served for {service:.1?}, and the cluster stood still for {cluster:.1?}"));
    }
    for (number, lie) in lies.iter().enumerate().filter(|(_, lie)| **lie > SAYS_SO) {
        wrong.push(format!("{name}: instance {number} called itself ready for {lie:.1?} and gave no order"));
    }
}

/// No server is a reason to wake an operator: nothing was paid that does not fit.
async fn alarms<S: Servers>(environment: &Environment<S>, databases: &[String], wrong: &mut Vec<String>) {
    const RAISED: &str = "SELECT CONCAT_WS(' ', kind, order_id, detail) FROM alarm WHERE kind <> 'webhook_given_up'";
    for database in databases {
        let raised: Vec<String> = sqlx::query_scalar(RAISED).fetch_all(&mut connect(database).await).await.unwrap();
        wrong.extend(raised.into_iter().map(|alarm| format!("an alarm was raised: {alarm}")));
    }
    for instance in &environment.instances {
        let said = instance.process.written();
        let alarms = said.lines().filter(|line| line.contains("\"alarm\":") && !line.contains("webhook_given_up"));
        wrong.extend(alarms.map(|line| format!("an alarm was logged: {line}")));
    }
}

/// Each table's name and sum, by each server.
async fn all_sums(databases: &[String], causal: &'static str) -> Vec<Vec<(String, Option<i64>)>> {
    let mut all = Vec::new();
    for database in databases {
        let mut connection = connect(database).await;
        // What the others have taken is here by the first answer.
        sqlx::raw_sql(causal).execute(&mut connection).await.unwrap();
        let tables: Vec<String> =
            sqlx::query_scalar("SELECT table_name FROM information_schema.tables WHERE table_schema = 'shop' ORDER BY 1")
                .fetch_all(&mut connection)
                .await
                .unwrap();
        let sql = format!("CHECKSUM TABLE {}", tables.join(", "));
        let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap();
        all.push(rows.iter().map(|row| (row.get(0), row.get(1))).collect());
    }
    all
}
