//! Torture: the real program, a real MariaDB and the simulator with faults on, as separate processes; load on all
//! endpoints; `kill -9` of the service and of the database at random, restarts, two instances at once. Afterwards what
//! WeChat knows, what the tills were told and what the database holds are held against each other.
//!
//! ```sh
//! cargo test --test torture                                                        # 3 kills: what CI runs
//! TORTURE_KILLS=50 cargo test --release --test torture kills -- --nocapture        # the long run
//! TORTURE_SEED=7 …                                                                 # the choices of another run again
//! TORTURE_PROGRAM=/usr/bin/wechat-pay …                                            # another program than the one just built
//! ```
//! It needs `mariadbd` and `mariadb-install-db`, and starts everything else by itself. What it started is gone at the
//! end, however that comes; of a run that failed the logs are kept, and it says where.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod environment;
mod kills;
#[path = "../load/mod.rs"]
mod load;
mod overload;
mod stopping;
#[path = "../load/support.rs"]
mod support;

/// The tests of this binary measure time and load the machine, so each has it for itself.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
