//! A process that stands still.

use std::process::Command;
use std::time::Duration;

use crate::support::process::{Process, unnamed_log};

/// It does so for so long; the guard lets it go on, whatever becomes of the test.
pub fn freeze(process: &Process, length: Duration) -> Process {
    let (id, seconds) = (process.id(), length.as_secs());
    let script = format!("trap 'kill -CONT {id}' EXIT; trap exit INT TERM HUP; kill -STOP {id}; sleep {seconds} & wait $!");
    Process::start(Command::new("sh").args(["-c", &script]), unnamed_log())
}
