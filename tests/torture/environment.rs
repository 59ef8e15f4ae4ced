//! Everything there is: a MariaDB, a WeChat, instances of the service and a door for notifications, each a process of
//! its own but the door.

use std::net::SocketAddr;

use sqlx::{AssertSqlSafe, MySqlConnection};

use crate::load::clients::{Phone, Till};
use crate::load::database::connect;
use crate::load::forwarder::Forwarder;
use crate::load::processes::{Instance, PATIENCE, Simulator, of_instances};
use crate::support::mariadb::MariaDb;
use crate::support::ports::free_address;

const SERVER: [&str; 3] = ["--max-connections=200", "--innodb-log-file-size=32M", "--innodb-buffer-pool-size=64M"];

pub struct Environment {
    // The processes go before the database's directory, which they write to.
    pub instances: Vec<Instance>,
    pub simulator: Simulator,
    pub database: MariaDb,
    _door: Forwarder,
}

impl Environment {
    /// Everything is up and ready when this returns.
    pub async fn build(instances: usize, chosen: &[(&'static str, &str)]) -> Self {
        let database = MariaDb::start(&SERVER).await;
        run(&mut connect(&database.url()).await, "CREATE DATABASE shop CHARACTER SET utf8mb4").await;
        let home = database.directory.path().to_owned();
        let simulator = Simulator::start(&home).await;
        let addresses: Vec<SocketAddr> = (0..instances).map(|_| free_address()).collect();
        let door = Forwarder::start(addresses.clone()).await;
        let variables = of_instances(&simulator, door.address, chosen);
        let mut environment = Self { instances: Vec::new(), simulator, database, _door: door };
        let url = environment.url();
        for (number, address) in addresses.into_iter().enumerate() {
            environment.instances.push(Instance::new(number, address, &url, &home, variables.clone()));
        }
        for instance in &environment.instances {
            instance.ready_within(PATIENCE).await.expect("an instance that is ready");
        }
        environment
    }

    /// A front end that calls all instances in turn.
    pub fn till(&self) -> Till {
        Till::new(self.instances.iter().map(|instance| instance.address).collect())
    }

    /// The service's database.
    pub fn url(&self) -> String {
        format!("{}/shop", self.database.url())
    }

    /// A connection to it behind the service's back.
    pub async fn look(&self) -> MySqlConnection {
        connect(&self.url()).await
    }

    pub fn phone(&self) -> Phone {
        Phone::new(self.simulator.address)
    }
}

impl Drop for Environment {
    /// After a failure the logs stay.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.database.directory.disable_cleanup(true);
            eprintln!("the logs are in {}", self.database.directory.path().display());
        }
    }
}

/// Runs any SQL.
pub async fn run(connection: &mut MySqlConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}
