//! A periodic task, the watcher: it serves the callers that watch orders (`gateway::Gateway::events`) and those that wait for changes
//! (`gateway::Gateway::changes_within`), and looks for accounts that deals need and the configuration lacks, and for alarms that are over,
//! for the operator.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join4;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::gateway::Gateway;

/// What another instance has decided is told within two seconds, a slow database's included.
const LOOK: Duration = Duration::from_secs(1);
/// That an alarm is over is no news that anybody waits for.
const LOOK_AT_ALARMS: Duration = Duration::from_secs(60);
/// WeChat is asked in small portions, so that calls do not queue up for each other.
const ASK: Duration = Duration::from_millis(100);

/// Watches until `stop`. On every instance, whether it sweeps or not.
pub async fn run(gateway: Arc<Gateway>, stop: CancellationToken) {
    let (callers, readers) = (serve_callers(&gateway), serve_readers(&gateway));
    let (accounts, alarms) = (look_for_missing_accounts(&gateway), look_at_alarms(&gateway));
    stop.run_until_cancelled(join4(callers, readers, accounts, alarms)).await;
}

async fn serve_callers(gateway: &Arc<Gateway>) {
    let (mut looks, mut asks) = (interval(LOOK), interval(ASK));
    for ticks in [&mut looks, &mut asks] {
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    }
    loop {
        let orders = tokio::select! {
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

/// Those of the feed. Without any of them nothing is asked.
async fn serve_readers(gateway: &Gateway) {
    let (mut looks, mut published) = (interval(LOOK), gateway.published());
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = gateway.hurried_by_readers() => {}
            Ok(()) = published.changed() => {}
            _ = looks.tick() => {}
        }
        if let Err(error) = gateway.look_for_changes().await {
            warn!(%error, "readers of the feed were not told; they are at the next look");
        }
    }
}

/// A slow answer to this keeps no caller waiting.
async fn look_for_missing_accounts(gateway: &Gateway) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        gateway.look_for_missing_accounts().await;
    }
}

async fn look_at_alarms(gateway: &Gateway) {
    let mut looks = interval(LOOK_AT_ALARMS);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        if let Err(error) = gateway.resolve_alarms().await {
            debug!(%error, "which alarms are over is not known");
        }
    }
}
