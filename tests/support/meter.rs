//! The counters of a MariaDB: what a piece of work made it do.

use std::collections::HashMap;

use sqlx::mysql::MySqlConnectOptions;
use sqlx::{ConnectOptions, MySqlConnection, Row};

/// Counts since its start, on a plain connection of its own: a pool would send pings.
pub struct Meter {
    connection: MySqlConnection,
    /// What reading the counters costs.
    own: HashMap<String, u64>,
    start: HashMap<String, u64>,
}

impl Meter {
    /// On the server of this URL, on which nothing else may be at work.
    pub async fn start(url: &str) -> Self {
        let mut connection = url.parse::<MySqlConnectOptions>().unwrap().connect().await.unwrap();
        let first = read(&mut connection).await;
        let start = read(&mut connection).await;
        Self { connection, own: difference(&start, &first), start }
    }

    /// What was counted since the start.
    pub async fn stop(mut self) -> Counters {
        let end = read(&mut self.connection).await;
        Counters(difference(&difference(&end, &self.start), &self.own))
    }
}

/// By their names in `SHOW GLOBAL STATUS`.
pub struct Counters(HashMap<String, u64>);

impl Counters {
    pub fn of(&self, name: &str) -> u64 {
        self.0[name]
    }
}

/// By SHOW and not SELECT, which would count itself; unprepared for the same reason.
async fn read(connection: &mut MySqlConnection) -> HashMap<String, u64> {
    let rows = sqlx::raw_sql("SHOW GLOBAL STATUS").fetch_all(connection).await.unwrap();
    rows.iter().filter_map(|row| Some((row.get(0), row.get::<String, _>(1).parse().ok()?))).collect()
}

fn difference(more: &HashMap<String, u64>, less: &HashMap<String, u64>) -> HashMap<String, u64> {
    more.iter().map(|(name, count)| (name.clone(), count.saturating_sub(less.get(name).copied().unwrap_or_default()))).collect()
}
