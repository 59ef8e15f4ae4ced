//! What happens to nodes.

use std::time::Duration;

use tokio::time::sleep;

use crate::cluster::{Cluster, SIZE};
use crate::environment::Environment;
use crate::load::database::until;
use crate::node::Node;
use crate::patience::{STOPPED, WHOLE};
use crate::story::Blow;
use crate::support::random::Random;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `kill -9` of one node.
    Kill,
    /// One node stands still.
    Freeze,
    /// One node and the others do not hear each other.
    Isolation,
    /// No node hears another one.
    LostQuorum,
    /// `kill -9` of all nodes and an instance.
    AllDown,
    /// Each node is stopped and started, one after the other.
    RollingRestart,
    /// A backup locks a node's tables.
    BackupLock,
    /// An index of `deal` is built and dropped.
    SchemaChange,
    /// A large transaction of another program's.
    BatchJob,
}

impl Fault {
    /// In the order of a run: the first three are the short form's.
    pub const ALL: [Self; 9] = [
        Self::Kill,
        Self::Isolation,
        Self::LostQuorum,
        Self::BatchJob,
        Self::Freeze,
        Self::RollingRestart,
        Self::BackupLock,
        Self::SchemaChange,
        Self::AllDown,
    ];
}

impl Blow<Cluster> for Fault {
    fn as_str(self) -> &'static str {
        match self {
            Self::Kill => "kill -9",
            Self::Freeze => "freeze of 20 s",
            Self::Isolation => "isolation",
            Self::LostQuorum => "lost quorum",
            Self::AllDown => "all nodes down",
            Self::RollingRestart => "rolling restart",
            Self::BackupLock => "backup lock",
            Self::SchemaChange => "schema change",
            Self::BatchJob => "batch job",
        }
    }

    /// Does it and undoes it; three nodes are one cluster again when this returns.
    async fn strike(self, environment: &mut Environment<Cluster>, random: &Random) {
        let cluster = &mut environment.cluster;
        let victim = random.below(SIZE);
        match self {
            Self::Kill => {
                cluster.nodes[victim].kill();
                sleep(random.millis(2000, 6000)).await;
                cluster.rejoin(victim).await;
            }
            Self::Freeze => {
                let mut guard = cluster.nodes[victim].freeze(Duration::from_secs(20));
                guard.end_within(Duration::from_secs(60)).await.expect("the guard lets the node go on");
            }
            Self::Isolation => isolate(cluster, &[victim], random.millis(8000, 12_000)).await,
            Self::LostQuorum => isolate(cluster, &[0, 1, 2], random.millis(8000, 12_000)).await,
            Self::AllDown => {
                cluster.nodes.iter_mut().for_each(Node::kill);
                // An instance must bear a cluster that is not there yet.
                environment.instances[victim].process.kill();
                environment.instances[victim].start();
                for number in 0..SIZE {
                    cluster.rejoin(number).await;
                }
            }
            Self::RollingRestart => {
                for number in 0..SIZE {
                    assert!(cluster.nodes[number].stop(STOPPED).await, "node {number} does not stop");
                    cluster.rejoin(number).await;
                    cluster.whole_within(WHOLE).await.expect("the cluster is whole again");
                }
            }
            Self::BackupLock => {
                let lock = random.one_of(&["FLUSH TABLES WITH READ LOCK", "BACKUP STAGE START; BACKUP STAGE BLOCK_COMMIT"]);
                let mut connection = cluster.nodes[victim].connect().await.expect("a connection for the backup");
                sqlx::raw_sql(lock).execute(&mut connection).await.expect("the lock");
                sleep(random.millis(5000, 8000)).await;
                // The end of the connection is the end of the lock.
            }
            Self::SchemaChange => {
                let change = "CREATE OR REPLACE INDEX of_a_stranger ON shop.deal (price); DROP INDEX of_a_stranger ON shop.deal";
                until(WHOLE, async || cluster.nodes[victim].run(change).await).await.expect("the index");
            }
            Self::BatchJob => {
                let job = "CREATE OR REPLACE TABLE beside.job (number int PRIMARY KEY, text varchar(100)); \
                    INSERT INTO beside.job SELECT seq, REPEAT('x', 100) FROM beside.seq_1_to_200000; DROP TABLE beside.job";
                until(WHOLE, async || cluster.nodes[victim].run(job).await).await.expect("the job");
            }
        }
        cluster.whole_within(WHOLE).await.unwrap_or_else(|| panic!("after {} the cluster is not whole again", self.as_str()));
    }
}

/// Cuts these nodes off for so long.
async fn isolate(cluster: &Cluster, numbers: &[usize], length: Duration) {
    for number in numbers {
        assert!(cluster.nodes[*number].isolate(true).await, "node {number} is not cut off");
    }
    sleep(length).await;
    for number in numbers {
        until(WHOLE, async || cluster.nodes[*number].isolate(false).await).await.expect("the node hears the others again");
    }
}
