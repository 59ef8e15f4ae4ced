//! A Galera cluster of three nodes, an instance of the real program beside each, and the simulator, as separate processes; load with
//! duplicates at two instances at once; nodes that are killed, stand still, are cut off, lose the quorum, are restarted, backed up and
//! changed. Afterwards each node is held against what WeChat knows, against what the tills were told, and against the other nodes; and it
//! is measured for how long nobody was served, and for how long no node took a change.
//!
//! ```sh
//! tests/cluster/run                    # installs what is missing, and tries three faults
//! tests/cluster/run throughput         # an instance beside each node against one instance: wants more than two cores
//! CLUSTER_FAULTS=30 tests/cluster/run  # the long one
//! CLUSTER_SEED=7 …                     # the choices of another run again
//! CLUSTER_EVS='' …                     # with Galera's own timeouts instead of those for a LAN
//! ```
//!
//! The same story of MySQL's Group Replication with a single primary is in `group`:
//!
//! ```sh
//! tests/cluster/group-replication      # fetches MySQL into target/, and tries each fault once
//! ```
//!
//! It needs Debian's `galera-4`, `mariadb-server` and `rsync`, and starts everything else by itself, on free ports of 127.0.0.1. What it
//! started is gone at the end, however that comes; of a run that failed the logs are kept, and it says where.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod cluster;
mod environment;
mod faults;
mod freeze;
mod group;
mod losses;
mod node;
mod patience;
mod probes;
mod pulse;
mod servers;
mod sql;
mod story;
mod throughput;

#[path = "../load/mod.rs"]
mod load;
#[path = "../load/support.rs"]
mod support;

/// The tests of this binary measure time and load the machine, so each has it for itself.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
