//! Statements without a table, for the engine's own tests.

use std::time::Duration;

use sqlx::Error;
use tokio::time::Instant;

use super::connection::Conn;
use super::job::Job;
use super::statement::{Change, Purpose};
use super::work::changing;

/// A change of nothing.
pub struct Test {
    key: String,
    travels: bool,
}

impl Test {
    /// One that goes by itself.
    pub fn alone(key: usize) -> Self {
        Self { key: key.to_string(), travels: false }
    }

    /// One that may travel with others.
    pub fn travelling(key: usize) -> Self {
        Self { key: key.to_string(), travels: true }
    }
}

impl Change for Test {
    const NAME: &'static str = "test";

    fn key(&self) -> Option<&str> {
        Some(&self.key)
    }

    fn may_travel(&self) -> bool {
        self.travels
    }

    async fn apply(rows: &[&Self], _: &mut Conn) -> Result<u64, Error> {
        Ok(rows.len() as u64)
    }
}

/// A job whose caller has patience for some seconds.
pub fn job(test: Test, purpose: Purpose, now: Instant) -> Job {
    Job::new(changing(test).0, purpose, now + Duration::from_secs(1), now + Duration::from_secs(3)).0
}
