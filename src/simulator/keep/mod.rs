//! Persistence (a snapshot): the orders of a simulated WeChat outlive its process, in a file that is replaced as a whole.
//!
//! It is written at most a second after something has changed, and at the stop, by a thread that no caller waits for. Whoever kills the
//! process loses what is not written yet, as if WeChat had never heard of it. Faults, habits and the stories of the orders begin anew.

mod file;
mod order;
mod refund;
mod restore;
mod snapshot;

use std::path::PathBuf;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::Simulator;
use snapshot::{Revision, Snapshot};

/// Between two looks whether something has changed.
const LOOK: Duration = Duration::from_millis(100);
/// After writing, however much happens.
const PAUSE: Duration = Duration::from_secs(1);

/// Keeps what a simulator knows in a file.
pub struct Keeper {
    simulator: Simulator,
    path: PathBuf,
    /// The world when it was last looked at.
    seen: Revision,
    /// What the file holds, once it was written.
    kept: Option<Snapshot>,
    fails: bool,
}

impl Keeper {
    /// Has the simulator know what the file holds, which need not be there yet. A file that cannot be read is moved aside; where it
    /// cannot be moved, it is left alone and there is no keeper.
    pub fn open(simulator: &Simulator, path: PathBuf) -> Option<Self> {
        let file = path.display();
        match file::read(&path) {
            Ok(None) => {}
            Ok(Some(snapshot)) => {
                let (orders, left_out) = simulator.world().restore(snapshot, simulator.clock.now());
                info!(orders, %file, "the simulator knows its orders of before");
                if left_out > 0 {
                    warn!(left_out, "the simulator has forgotten orders of merchants that are configured no more");
                }
            }
            Err(why) => match file::move_aside(&path) {
                Ok(aside) => warn!(why, %file, aside = %aside.display(), "the simulator's orders cannot be read: it starts without any"),
                Err(error) => {
                    warn!(why, %file, error = %error.kind(), "the simulator's orders can neither be read nor moved aside: none are kept now");
                    return None;
                }
            },
        }
        let seen = simulator.world().revision();
        Some(Self { simulator: simulator.clone(), path, seen, kept: None, fails: false })
    }

    /// Keeps what changes, until `stop`, and what there is then.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut pause = LOOK;
        while !stop.is_cancelled() {
            tokio::select! {
                () = sleep(pause) => {}
                () = stop.cancelled() => {}
            }
            pause = LOOK;
            let may_differ = self.fails || self.simulator.world().revision() != self.seen;
            if may_differ {
                // Thousands of orders take a moment, and a disk may take longer.
                let kept = spawn_blocking(move || {
                    self.keep();
                    self
                });
                let Ok(keeper) = kept.await else { return };
                self = keeper;
                pause = PAUSE;
            }
        }
    }

    fn keep(&mut self) {
        let world = self.simulator.world();
        let (revision, snapshot) = (world.revision(), Snapshot::of(&world));
        drop(world);
        self.seen = revision;
        // A merchant who only asks changes nothing.
        let outcome = if self.kept.as_ref() == Some(&snapshot) { Ok(()) } else { file::write(&self.path, &snapshot) };
        match &outcome {
            Ok(()) => self.kept = Some(snapshot),
            // Once is enough: it is tried again every second.
            Err(error) if !self.fails => warn!(error = %error.kind(), file = %self.path.display(), "the simulator's orders cannot be kept"),
            Err(_) => {}
        }
        self.fails = outcome.is_err();
    }
}

#[cfg(test)]
mod tests;
