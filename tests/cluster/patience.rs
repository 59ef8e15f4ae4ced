//! How long is waited for what, on a machine that has other things to do.

use std::time::Duration;

/// For three nodes to be one cluster again, whatever has happened to them.
pub const WHOLE: Duration = Duration::from_secs(120);
/// For an instance to be ready once its node is.
pub const READY: Duration = Duration::from_secs(60);
/// For a node that is asked to stop.
pub const STOPPED: Duration = Duration::from_secs(60);
