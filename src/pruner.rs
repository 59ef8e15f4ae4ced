//! A periodic task, the pruner: it deletes what was told longer ago than it is kept.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::gateway::Gateway;

const PASS: Duration = Duration::from_secs(3600);
/// Between two bites, for whatever else wants to be written.
const PAUSE: Duration = Duration::from_millis(200);

/// Prunes until `stop`, on every instance: what one has deleted another does not find.
pub async fn run(gateway: Arc<Gateway>, keep: TimeDelta, stop: CancellationToken) {
    stop.run_until_cancelled(prune(&gateway, keep)).await;
}

async fn prune(gateway: &Gateway, keep: TimeDelta) {
    let mut passes = interval(PASS);
    passes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        passes.tick().await;
        loop {
            match gateway.prune_once(keep).await {
                Ok(true) => sleep(PAUSE).await,
                Ok(false) => break,
                Err(error) => {
                    warn!(%error, "what is too old to be kept is deleted another time");
                    break;
                }
            }
        }
    }
}
