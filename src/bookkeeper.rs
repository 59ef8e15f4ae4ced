//! A periodic task, the bookkeeper: every morning it fetches the bills of the day before and holds the books against them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::gateway::{Gateway, ReconcileError};

/// How often it looks whether a bill is due.
const LOOK: Duration = Duration::from_secs(30);
/// A morning's bills of many accounts, and of a week that was missed: what is left comes at the next look.
const AT_ONE_LOOK: u32 = 100;

/// Keeps the books until `stop`, on every instance: a bill is its who takes it first. What is broken off is done again by another.
pub async fn run(gateway: Arc<Gateway>, stop: CancellationToken) {
    stop.run_until_cancelled(keep_books(&gateway)).await;
}

async fn keep_books(gateway: &Gateway) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        if let Err(error) = gateway.plan_bills().await {
            warn!(%error, "which bills there are to reconcile could not be stored; it is at the next look");
            continue;
        }
        for _ in 0..AT_ONE_LOOK {
            match gateway.reconcile_due().await {
                Ok(true) => {}
                Ok(false) => break,
                // It is another's, or what is known of it stays.
                Err(ReconcileError::TakenOver | ReconcileError::Bill(_)) => {}
                Err(error) => {
                    warn!(%error, "the books could not be held against a bill; it is tried again");
                    break;
                }
            }
        }
        if let Err(error) = gateway.prune_bill_files().await {
            warn!(%error, "files of bills that nobody finished are deleted another time");
        }
    }
}
