//! A periodic task, the sweeper: a pass a second, until the service stops.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::gateway::Gateway;

/// The budget is counted in calls a second, so a pass is a second's.
const PASS: Duration = Duration::from_secs(1);
/// A pass ends with its slowest look, which takes a minute at the most. The next does not wait for that, or an account whose
/// WeChat is slow would slow the looks of all others. More than these are under way only when the database does not answer.
const PASSES: usize = 64;

/// Sweeps until `stop`; passes that have begun are finished.
pub async fn run(gateway: Arc<Gateway>, calls_per_second: u32, stop: CancellationToken) {
    let mut ticks = interval(PASS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut passes = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = ticks.tick(), if passes.len() < PASSES => {
                let gateway = Arc::clone(&gateway);
                passes.spawn(async move {
                    if let Err(error) = gateway.sweep_once(calls_per_second).await {
                        warn!(%error, "a sweep did not take place");
                    }
                });
            }
            Some(_) = passes.join_next() => {}
        }
    }
    while passes.join_next().await.is_some() {}
}
