//! When a node last took a change, and when a caller was last served: moments, and the gaps between them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sqlx::AssertSqlSafe;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::sql;

/// How often a node is tried.
const PAUSE: Duration = Duration::from_millis(100);
/// A change that is not taken by then is tried on another connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// Moments at which something went well.
#[derive(Debug, Clone, Default)]
pub struct Moments(Arc<Mutex<Vec<Instant>>>);

impl Moments {
    pub fn note(&self, moment: Instant) {
        self.0.lock().unwrap().push(moment);
    }

    pub fn within(&self, from: Instant, to: Instant) -> Vec<Instant> {
        self.0.lock().unwrap().iter().copied().filter(|moment| (from..=to).contains(moment)).collect()
    }
}

/// The longest time in which nothing went well with any of these.
pub fn longest_gap(of: &[Moments], from: Instant, to: Instant) -> Duration {
    let mut moments: Vec<_> = of.iter().flat_map(|one| one.within(from, to)).chain([from, to]).collect();
    moments.sort();
    moments.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
}

/// Has each node take a change of a row of its own again and again, behind the service's back.
pub fn feel(servers: Vec<String>, everybody: &mut JoinSet<()>) -> Vec<Moments> {
    let felt = servers.into_iter().enumerate().map(|(number, url)| {
        let moments = Moments::default();
        everybody.spawn(beat(url, number, moments.clone()));
        moments
    });
    felt.collect()
}

async fn beat(url: String, number: usize, moments: Moments) {
    let beat = format!("UPDATE beside.pulse SET beats = beats + 1 WHERE node = {number}");
    loop {
        sleep(PAUSE).await;
        let Some(mut connection) = sql::connect(&url).await else { continue };
        while let Ok(Ok(_)) = timeout(PATIENCE, sqlx::raw_sql(AssertSqlSafe(beat.clone())).execute(&mut connection)).await {
            moments.note(Instant::now());
            sleep(PAUSE).await;
        }
    }
}
