//! What the benches that run the whole service share.

pub mod calls;
mod database;
pub mod driver;
pub mod endpoint;
pub mod messages;
pub mod processors;
pub mod service;
pub mod sysbench;
pub mod upstream;
pub mod verdicts;
pub mod wire;

#[path = "../../tests/support/mariadb.rs"]
pub mod mariadb;
#[path = "../../tests/support/merchant.rs"]
pub mod merchant;
#[path = "../../tests/support/meter.rs"]
pub mod meter;
#[path = "../../tests/support/ports.rs"]
pub mod ports;
#[path = "../../tests/support/process.rs"]
pub mod process;
#[path = "../../tests/support/program.rs"]
mod program;
#[path = "../../tests/support/wechat_message.rs"]
pub mod wechat_message;

use std::future::Future;
use std::process::{Command, ExitCode, Stdio};

use tokio::signal::unix::{SignalKind, signal};

/// Runs a bench on one thread. Whether it ends, panics or is told to stop, what it started is dropped, and so ended.
pub fn run(bench: impl Future<Output = bool>) -> ExitCode {
    // Each simulated caller is a connection here and one in the service.
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
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

/// Runs a program to its end and gives what it said. If it is missing, `package` is what to install.
pub fn output(command: &mut Command, package: &str) -> String {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}. Install it: apt-get install {package}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}
