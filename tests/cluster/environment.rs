//! Everything there is: three nodes, a WeChat, an instance beside each node and a door for notifications.

use std::net::SocketAddr;

use tempfile::TempDir;

use crate::cluster::{Cluster, SIZE};
use crate::load::clients::{Phone, Till};
use crate::load::forwarder::Forwarder;
use crate::load::processes::{Instance, Simulator, of_instances};
use crate::patience::READY;
use crate::support::ports::free_address;

pub struct Environment {
    // The processes go before the directories, which they write to.
    pub instances: Vec<Instance>,
    pub simulator: Simulator,
    pub cluster: Cluster,
    _door: Forwarder,
    home: TempDir,
}

impl Environment {
    /// Everything is up and ready when this returns. The instances begin at once, each on its own node, before there is a table.
    pub async fn build(chosen: &[(&'static str, &str)]) -> Self {
        let home = TempDir::with_prefix("wechat-pay-cluster-").unwrap();
        let cluster = Cluster::start().await;
        let simulator = Simulator::start(home.path()).await;
        let addresses: Vec<SocketAddr> = (0..SIZE).map(|_| free_address()).collect();
        let door = Forwarder::start(addresses.clone()).await;
        let variables = of_instances(&simulator, door.address, chosen);
        let mut environment = Self { instances: Vec::new(), simulator, cluster, _door: door, home };
        for (number, address) in addresses.into_iter().enumerate() {
            let url = environment.url_beside(number);
            environment.instances.push(Instance::new(number, address, &url, environment.home.path(), variables.clone()));
        }
        environment.ready().await;
        environment
    }

    /// Waits until all instances are ready.
    pub async fn ready(&self) {
        for (number, instance) in self.instances.iter().enumerate() {
            instance.ready_within(READY).await.unwrap_or_else(|| panic!("instance {number} is not ready"));
        }
    }

    /// What the instance beside this node is told: its own node first, and then the others.
    fn url_beside(&self, number: usize) -> String {
        let hosts: Vec<_> =
            (number..number + SIZE).map(|node| format!("127.0.0.1:{}", self.cluster.nodes[node % SIZE].server.port)).collect();
        format!("mysql://root@{}/shop", hosts.join(","))
    }

    /// The same database, by each node alone.
    pub fn databases(&self) -> Vec<String> {
        self.cluster.nodes.iter().map(|node| node.url()).collect()
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.instances.iter().map(|instance| instance.address).collect()
    }

    /// A front end that calls all instances in turn.
    pub fn till(&self) -> Till {
        Till::new(self.addresses())
    }

    pub fn phone(&self) -> Phone {
        Phone::new(self.simulator.address)
    }
}

impl Drop for Environment {
    /// After a failure the logs stay.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.home.disable_cleanup(true);
            let mut kept = vec![self.home.path()];
            for node in &mut self.cluster.nodes {
                node.server.directory.disable_cleanup(true);
                kept.push(node.server.directory.path());
            }
            eprintln!("the logs are in {kept:?}");
        }
    }
}
