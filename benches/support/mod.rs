//! What the benches that run the whole service share.

pub mod calls;
pub mod database;
pub mod driver;
pub mod letters;
pub mod process;
pub mod service;
pub mod sysbench;
pub mod upstream;
pub mod wire;

use std::future::Future;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

/// Runs a bench on one thread. Whether it ends, panics or is told to stop, what it started is dropped, and so ended.
pub fn run(bench: impl Future<Output = bool>) -> ExitCode {
    // Each simulated caller is a connection here and one in the service.
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate()).unwrap(), signal(SignalKind::interrupt()).unwrap());
        tokio::select! {
            good = bench => if good { ExitCode::SUCCESS } else { ExitCode::FAILURE },
            _ = terminate.recv() => ExitCode::from(143),
            _ = interrupt.recv() => ExitCode::from(130),
        }
    })
}

/// The middle one of an odd number of figures.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
