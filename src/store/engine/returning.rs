//! Failback: a server that is preferred to the one that is used is looked at every few seconds, and returned to once it has been well
//! for a while. Of many instances each waits for another while, so that they do not all come at once.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::database_url::DatabaseUrl;
use super::host::Host;
use super::jitter::up_to;
use super::seek::is_well;
use super::servers::Servers;

/// Between two looks, and up to half as much again.
const LOOK: Duration = Duration::from_secs(4);
/// How long it must have been well, and up to twice as long: with the looks, it is used again within a minute.
const WELL: Duration = Duration::from_secs(15);

/// Looks until there is no engine any more that this is for.
pub async fn look_after(url: DatabaseUrl, is_wanted: impl Fn() -> bool) {
    let Some(servers) = url.servers() else { return };
    let mut well: Option<(Host, Instant, Duration)> = None;
    loop {
        sleep(LOOK + up_to(LOOK / 2)).await;
        if !is_wanted() {
            return;
        }
        let found = first_well(&url, servers).await;
        well = match (found, well) {
            (None, _) => None,
            (Some(host), Some((same, since, wait))) if host == same => {
                if since.elapsed() >= wait {
                    servers.hosts().return_to(&host);
                }
                Some((same, since, wait))
            }
            (Some(host), _) => Some((host, Instant::now(), WELL + up_to(WELL))),
        };
    }
}

/// The best of those that are preferred and well.
async fn first_well(url: &DatabaseUrl, servers: &Servers) -> Option<Host> {
    for host in servers.hosts().preferred() {
        if is_well(url, servers, &host).await {
            return Some(host);
        }
    }
    None
}
