//! Three nodes.

use std::path::PathBuf;
use std::time::Duration;

use tokio::task::{JoinSet, spawn_blocking};

use crate::load::database::until;
use crate::node::Node;
use crate::patience::WHOLE;
use crate::servers::Servers;

/// How many nodes there are.
pub const SIZE: usize = 3;

/// The service's database, empty, and one beside it for what the service does not see.
pub const DATABASES: &str = "CREATE DATABASE shop CHARACTER SET utf8mb4; CREATE DATABASE beside; \
    CREATE TABLE beside.pulse (node int PRIMARY KEY, beats int NOT NULL); INSERT INTO beside.pulse VALUES (0, 0), (1, 0), (2, 0)";

pub struct Cluster {
    pub nodes: Vec<Node>,
}

impl Cluster {
    /// All three are one cluster, with the service's database empty, when this returns.
    pub async fn start() -> Self {
        let mut laying: JoinSet<_> = (0..SIZE).map(lay_out).collect();
        let mut nodes = Vec::new();
        while let Some(node) = laying.join_next().await {
            nodes.push(node.unwrap());
        }
        nodes.sort_by_key(|(number, _)| *number);
        let mut cluster = Self { nodes: nodes.into_iter().map(|(_, node)| node).collect() };
        cluster.nodes[0].found();
        until(WHOLE, async || cluster.nodes[0].is_one_of(1).await).await.expect("the first node");
        assert!(cluster.nodes[0].run(DATABASES).await);
        for number in 1..SIZE {
            cluster.rejoin(number).await;
        }
        cluster.whole_within(WHOLE).await.expect("three nodes that are one cluster");
        cluster
    }

    /// Starts a node as one of the others', and does not wait for it.
    pub async fn rejoin(&mut self, number: usize) {
        let addresses: Vec<_> = self.nodes.iter().map(|node| node.address.as_str()).collect();
        let cluster = format!("gcomm://{}", addresses.join(","));
        self.nodes[number].join(&cluster).await;
    }

    /// How long it took until each node was in step with all others, from now.
    pub async fn whole_within(&self, limit: Duration) -> Option<Duration> {
        let is_whole = async || {
            for node in &self.nodes {
                if !node.is_one_of(SIZE).await {
                    return false;
                }
            }
            true
        };
        until(limit, is_whole).await
    }
}

impl Servers for Cluster {
    const CAUSAL: &str = "SET SESSION wsrep_sync_wait = 1";

    fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.server.url()).collect()
    }

    /// Its own node first, and then the others.
    fn url_for(&self, instance: usize) -> String {
        let hosts: Vec<_> = (instance..instance + SIZE).map(|node| format!("127.0.0.1:{}", self.nodes[node % SIZE].server.port)).collect();
        format!("mysql://root@{}/shop", hosts.join(","))
    }

    fn keep(&mut self) -> Vec<PathBuf> {
        let directories = self.nodes.iter_mut().map(|node| &mut node.server.directory);
        directories
            .map(|directory| {
                directory.disable_cleanup(true);
                directory.path().to_owned()
            })
            .collect()
    }
}

async fn lay_out(number: usize) -> (usize, Node) {
    spawn_blocking(move || (number, Node::new(number))).await.unwrap()
}
