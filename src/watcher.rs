//! A periodic task, the watcher: it serves the callers that watch orders (`gateway::Gateway::events`).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::gateway::Gateway;

/// What another instance has decided is told within two seconds, a slow database's included.
const LOOK: Duration = Duration::from_secs(1);
/// WeChat is asked in small portions, so that calls do not queue up for each other.
const ASK: Duration = Duration::from_millis(100);

/// Serves them until `stop`.
pub async fn run(gateway: Arc<Gateway>, stop: CancellationToken) {
    let (mut looks, mut asks) = (interval(LOOK), interval(ASK));
    for ticks in [&mut looks, &mut asks] {
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    }
    loop {
        let orders = tokio::select! {
            () = stop.cancelled() => return,
            orders = gateway.decided_orders() => orders,
            _ = looks.tick() => gateway.watched_orders(),
            _ = asks.tick() => {
                gateway.ask_for_waiting_payers();
                continue;
            }
        };
        if let Err(error) = gateway.tell_watchers(orders).await {
            warn!(%error, "callers that watch orders were not told; they are at the next look");
        }
    }
}
