//! Opening the store while the service answers already: a database that cannot be reached is waited for, as one that goes away
//! later is; one that is wrong is not.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::clock::Clock;
use crate::config::{Renumbered, Settings};
use crate::store::{CONNECTIONS, Durability, Store, StoreError};

use super::StartError;

/// Between two tries.
const PAUSE: Duration = Duration::from_secs(1);
/// So many tries are made between two words about it.
const QUIET: u32 = 30;
/// Clocks that differ by more than this cost double or late looks; nothing is lost by it, for every change is guarded.
const TOLERABLE_SKEW: TimeDelta = TimeDelta::seconds(5);

/// Opens the store, however long that takes.
pub async fn open(store: &Store, settings: &Settings, instance: &str, clock: &Clock) -> Result<(), StartError> {
    let mut tries = 0u32;
    loop {
        match try_to_open(store, settings, instance, clock).await {
            Err(StartError::Store(error)) if error.may_pass() => {
                if tries.is_multiple_of(QUIET) {
                    warn!(%error, "waiting for the database");
                }
                tries += 1;
                sleep(PAUSE).await;
            }
            opened => return opened,
        }
    }
}

/// Opens it, or says why it cannot be opened now.
pub async fn try_to_open(store: &Store, settings: &Settings, instance: &str, clock: &Clock) -> Result<(), StartError> {
    Store::try_to_write(&settings.database).map_err(StoreError::from)?;
    // Before anything is altered: it may be a database that was never meant for us.
    let renumbered = settings.renumbered(Store::merchants(&settings.database, |request| settings.numbers_to_hold(request)).await?);
    let strangers: Vec<_> = renumbered.iter().filter(|it| it.is_stranger).map(|it| it.then.mch_id.as_str()).collect();
    if settings.is_simulated() && !settings.simulator.accept_database && !strangers.is_empty() {
        return Err(StartError::OthersDeals(settings.database.to_string(), strangers.join(", ")));
    }
    for Renumbered { account, then, now, .. } in renumbered {
        let now = now.map_or("no such account".to_owned(), |now| now.to_string());
        warn!(
            %account, %then, now,
            "this database holds deals that an account opened with other numbers: what WeChat tells of them is not believed, and it does not \
             know them under these; are the account's numbers right, and is this the right database?"
        );
    }
    store.open_up(&settings.database, instance, settings.largest_batch, clock.now(), None).await?;
    info!(instance, "this instance's name in the journal");
    warn_of_weakness(store, settings.accept_weak_durability, clock).await;
    Ok(())
}

/// Says what of the database's set-up could hurt later.
async fn warn_of_weakness(store: &Store, accepted: bool, clock: &Clock) {
    const RISK: &str = "a crash of the database's machine could lose acknowledged payments";
    // What cannot be asked now shows itself soon enough.
    let Ok(condition) = store.condition().await else { return };
    if let Durability::Weak { variable, value } = condition.durability {
        let consequence = if accepted { "accepted by configuration" } else { "not ready until it is 1" };
        warn!(variable, value, consequence, "{RISK}");
    }
    let needed = i64::try_from(CONNECTIONS).unwrap_or(i64::MAX);
    if let Some(max_connections) = condition.connections.filter(|allowed| *allowed <= needed) {
        warn!(max_connections, needed, "the database allows fewer connections than each instance of this service keeps");
    }
    if let Some(skew) = condition.clock.map(|theirs| theirs - clock.now()).filter(|skew| skew.abs() > TOLERABLE_SKEW) {
        warn!(seconds = skew.num_seconds(), "the database's clock is ahead of this machine's (behind, if negative): check NTP on both");
    }
}
