//! Everything there is: three servers, a WeChat, three instances and a door for notifications.

use std::net::SocketAddr;

use tempfile::TempDir;

use crate::cluster::SIZE;
use crate::load::clients::{Phone, Till};
use crate::load::forwarder::Forwarder;
use crate::load::processes::{Instance, Simulator, of_instances};
use crate::patience::READY;
use crate::servers::Servers;
use crate::support::ports::free_address;

pub struct Environment<S: Servers> {
    // The processes go before the directories, which they write to.
    pub instances: Vec<Instance>,
    pub simulator: Simulator,
    pub cluster: S,
    _door: Forwarder,
    home: TempDir,
}

impl<S: Servers> Environment<S> {
    /// Everything is up and ready when this returns. The instances begin at once, before there is a table.
    pub async fn build(cluster: S, chosen: &[(&'static str, &str)]) -> Self {
        let home = TempDir::with_prefix("wechat-pay-cluster-").unwrap();
        let simulator = Simulator::start(home.path()).await;
        let addresses: Vec<SocketAddr> = (0..SIZE).map(|_| free_address()).collect();
        let door = Forwarder::start(addresses.clone()).await;
        let variables = of_instances(&simulator, door.address, chosen);
        let mut environment = Self { instances: Vec::new(), simulator, cluster, _door: door, home };
        for (number, address) in addresses.into_iter().enumerate() {
            let url = environment.cluster.url_for(number);
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

    /// The same database, by each server alone.
    pub fn databases(&self) -> Vec<String> {
        self.cluster.urls().into_iter().map(|url| url + "/shop").collect()
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

impl<S: Servers> Drop for Environment<S> {
    /// After a failure the logs stay.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.home.disable_cleanup(true);
            let mut kept = self.cluster.keep();
            kept.push(self.home.path().to_owned());
            eprintln!("the logs are in {kept:?}");
        }
    }
}
