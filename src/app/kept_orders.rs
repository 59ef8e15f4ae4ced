//! The simulator's orders beside the service's own: in a file that lies next to the SQLite file, so that both survive a restart or neither.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::config::Settings;
use crate::simulator::{Keeper, Simulator};

/// For the last writing, of some megabytes at most.
const LAST_WRITING: Duration = Duration::from_millis(700);

/// The task that keeps them.
#[derive(Debug)]
pub struct KeptOrders {
    stop: CancellationToken,
    keeper: JoinHandle<()>,
}

impl KeptOrders {
    /// Has the simulator know its orders of before, and keeps them from now on; `None`: the database is no file, or what is in the
    /// way cannot be moved.
    pub fn open(simulator: &Simulator, settings: &Settings) -> Option<Self> {
        let keeper = Keeper::open(simulator, beside(settings.database.file()?))?;
        let stop = CancellationToken::new();
        Some(Self { keeper: tokio::spawn(keeper.run(stop.clone())), stop })
    }

    /// Keeps what there is. To be called when the simulator has ended.
    pub async fn stop(self) {
        self.stop.cancel();
        if timeout(LAST_WRITING, self.keeper).await.is_err() {
            warn!("the disk is slow: what the simulator heard in the last second may be forgotten");
        }
    }
}

/// `data/deal.db.simulator.json` of `data/deal.db`.
fn beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".simulator.json");
    name.into()
}
