//! The task that sweeps: a pass a second, until the service stops.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::gateway::Gateway;

/// The budget is counted in calls a second, so a pass is a second's.
const PASS: Duration = Duration::from_secs(1);

/// Sweeps until `stop`; a pass that has begun is finished.
pub async fn run(gateway: Arc<Gateway>, calls_per_second: u32, stop: CancellationToken) {
    let mut ticks = interval(PASS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if let Err(error) = gateway.sweep_once(calls_per_second).await {
            warn!(%error, "a sweep did not take place");
        }
    }
}
