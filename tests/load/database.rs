//! Looks at the database behind the service's back.

use std::time::{Duration, Instant};

use sqlx::mysql::MySqlConnectOptions;
use sqlx::{ConnectOptions, MySqlConnection};
use tokio::time::sleep;

/// A connection, in Beijing time.
pub async fn connect(url: &str) -> MySqlConnection {
    let options: MySqlConnectOptions = url.parse().unwrap();
    options.timezone(Some("+08:00".to_owned())).disable_statement_logging().connect().await.unwrap()
}

/// Asks ten times a second; how long it took until the answer was yes.
pub async fn until(limit: Duration, asked: impl AsyncFn() -> bool) -> Option<Duration> {
    let start = Instant::now();
    loop {
        if asked().await {
            return Some(start.elapsed());
        }
        if start.elapsed() > limit {
            return None;
        }
        sleep(Duration::from_millis(100)).await;
    }
}
