//! What the benches do with a MariaDB beyond what the tests do: databases by name, other options, the counters per call.

use std::time::Duration;

use sqlx::mysql::MySqlConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};

use super::mariadb::MariaDb;
use super::meter::Meter;

/// For tens of gigabytes to be written to disk.
const PATIENCE: Duration = Duration::from_secs(600);

impl MariaDb {
    /// A new, empty database, and its URL.
    pub async fn create(&self, name: &str) -> String {
        self.run("", &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4")).await;
        format!("{}/{name}", self.url())
    }

    /// Runs statements in a database, or in none (an empty name).
    pub async fn run(&self, database: &str, sql: &str) {
        let mut connection = format!("{}/{database}", self.url()).parse::<MySqlConnectOptions>().unwrap().connect().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    }

    /// The same data with other options.
    pub async fn restart_with(&mut self, options: &[&str]) {
        let process = self.process.as_mut().unwrap();
        process.terminate();
        process.end_within(PATIENCE).await.expect("MariaDB ends");
        self.options = options.iter().map(|option| (*option).to_owned()).collect();
        self.launch();
        self.ready_within(PATIENCE).await.expect("MariaDB answers");
    }

    /// What it is.
    pub async fn version(&self) -> String {
        let mut connection = self.url().parse::<MySqlConnectOptions>().unwrap().connect().await.unwrap();
        let version: String = sqlx::query_scalar("SELECT VERSION()").fetch_one(&mut connection).await.unwrap();
        format!("{} {version}", if version.contains("MariaDB") { "MariaDB" } else { "MySQL" })
    }

    /// Begins to count what the server is made to do.
    pub async fn meter(&self) -> Meter {
        Meter::start(&self.url()).await
    }
}
