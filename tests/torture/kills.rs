//! The torture itself: everything that may be killed is, and comes back.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use crate::ALONE;
use crate::environment::Environment;
use crate::load::choices::{any_seed, number};
use crate::load::endpoint::Endpoint;
use crate::load::tills::{self, Scene};
use crate::load::verification::{self, Run};
use crate::support::random::Random;

/// From a restart to being ready again.
const COMES_BACK: Duration = Duration::from_secs(60);
const TILLS: usize = 20;

/// What is killed.
#[derive(Debug, Clone, Copy)]
enum Victim {
    One,
    Other,
    BothInstances,
    Database,
    DatabaseAndInstance,
}

impl Victim {
    const ALL: [Self; 5] = [Self::One, Self::Other, Self::BothInstances, Self::Database, Self::DatabaseAndInstance];

    fn as_str(self) -> &'static str {
        match self {
            Self::One => "instance 0",
            Self::Other => "instance 1",
            Self::BothInstances => "both instances",
            Self::Database => "database",
            Self::DatabaseAndInstance => "database and instance 0",
        }
    }

    fn instances(self) -> &'static [usize] {
        match self {
            Self::One | Self::DatabaseAndInstance => &[0],
            Self::Other => &[1],
            Self::BothInstances => &[0, 1],
            Self::Database => &[],
        }
    }

    fn database(self) -> bool {
        matches!(self, Self::Database | Self::DatabaseAndInstance)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_lose_nothing() {
    let _alone = ALONE.lock().await;
    let kills = number("TORTURE_KILLS").unwrap_or(3);
    let seed = number("TORTURE_SEED").unwrap_or_else(any_seed);
    eprintln!("TORTURE_SEED={seed} TORTURE_KILLS={kills}");
    let random = Random::new(seed);
    let begun = Instant::now();
    let endpoint = Endpoint::start(Random::new(random.seed())).await;
    let url = format!("http://{}/", endpoint.address);
    let chosen = tills::of_short_lives(&url);
    let mut environment = Environment::build(2, &chosen).await;
    let scene = Scene::new(environment.till(), environment.phone());
    let mut everybody = tills::begin(&scene, &random, TILLS);
    let seed = format!("TORTURE_SEED={seed}");
    let mut run = Run { seed, begun, blows: BTreeMap::new(), slowest_return: Duration::ZERO, last_restart: Instant::now() };

    for number in 0..kills {
        sleep(random.millis(1500, 5000)).await;
        strike(&mut environment, &scene, &random, number, &mut run).await;
    }
    // A little life after the last restart, then the tills close; what is paid is paid.
    sleep(Duration::from_secs(3)).await;
    let last_restart = run.last_restart;
    all_are_back(&environment, &mut run, last_restart).await;
    scene.stop.cancel();
    scene.lives.close();
    let over = async {
        while everybody.join_next().await.is_some_and(|ended| ended.is_ok()) {}
        scene.lives.wait().await;
    };
    timeout(Duration::from_secs(60), over).await.expect("the load ends");
    assert!(everybody.is_empty(), "somebody of the load has panicked");

    let databases = [environment.url()];
    verification::verify(&databases, &mut environment.instances, &scene, &endpoint, &run, Vec::new()).await;
}

/// One kill, and the return.
async fn strike(environment: &mut Environment, scene: &Scene, random: &Random, number: u64, run: &mut Run) {
    for (number, instance) in environment.instances.iter_mut().enumerate() {
        if !instance.lives() {
            scene.observations.violation(format!("instance {number} ended by itself"));
            instance.start();
        }
    }
    // The short run has one of each, too.
    let victim = match number {
        0 => random.one_of(&[Victim::One, Victim::Other]),
        1 => Victim::Database,
        2 => Victim::BothInstances,
        _ => random.one_of(&Victim::ALL),
    };
    eprintln!("{:6.1?} kill -9: {}", run.begun.elapsed(), victim.as_str());
    *run.blows.entry(victim.as_str()).or_default() += 1;
    if victim.database() {
        environment.database.kill();
    }
    for number in victim.instances() {
        environment.instances[*number].process.kill();
    }
    sleep(random.millis(0, 1500)).await;
    // Together: the service must bear a database that is not there yet.
    let restarted = Instant::now();
    if victim.database() {
        environment.database.launch();
    }
    for number in victim.instances() {
        environment.instances[*number].start();
    }
    run.last_restart = restarted;
    // Mostly the next blow waits for the return; sometimes it does not.
    if !random.happens(250) {
        all_are_back(environment, run, restarted).await;
    }
}

async fn all_are_back(environment: &Environment, run: &mut Run, since: Instant) {
    environment.database.ready_within(COMES_BACK).await.expect("the database comes back");
    for instance in &environment.instances {
        instance.ready_within(COMES_BACK).await.expect("the instance is ready again");
    }
    run.slowest_return = run.slowest_return.max(since.elapsed());
}
