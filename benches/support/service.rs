//! The release build of the service as a process of its own, as an operator runs it.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use tokio::net::TcpStream;

use super::merchant;
use super::process::{Process, log_at};
use super::program::{JUST_BUILT, Program};
use super::upstream::Upstream;
use super::wire::Wire;

/// A running `wechat-pay serve`, with no environment but what is given.
pub struct Service {
    pub address: SocketAddr,
    program: Program,
}

impl Service {
    /// On this database and this WeChat, with the defaults except for `settings` (`SECTION__KEY`). Its log goes to a
    /// file in `directory`, as a journal would take it.
    pub async fn start(directory: &Path, name: &str, database: &str, upstream: &Upstream, settings: &[(&'static str, &str)]) -> Self {
        let mut variables = vec![("SERVER__LISTEN", "127.0.0.1:0".to_owned()), ("DATABASE__URL", database.to_owned())];
        variables.extend(merchant::variables(&format!("http://{}", upstream.address), merchant::NOTIFY_URL));
        variables.extend(settings.iter().map(|(key, value)| (*key, (*value).to_owned())));
        // A former one of this name has said there where it served.
        let log = directory.join(format!("{name}.log"));
        let _ = fs::remove_file(&log);
        let program = Program::run(&[JUST_BUILT, "serve"], directory, &variables, log_at(&log));
        Self { address: program.address().await, program }
    }

    pub async fn connect(&self) -> Wire {
        Wire::new(TcpStream::connect(self.address).await.unwrap()).unwrap()
    }

    pub async fn connections(&self, number: usize) -> Vec<Wire> {
        let mut wires = Vec::with_capacity(number);
        for _ in 0..number {
            wires.push(self.connect().await);
        }
        wires
    }

    /// To be watched.
    pub fn process(&self) -> &Process {
        &self.program.process
    }

    /// Resident now, in MiB.
    pub fn memory(&self) -> f64 {
        self.program.process.memory_kib("VmRSS") as f64 / 1024.0
    }

    /// The most that has ever been resident, in MiB.
    pub fn peak_memory(&self) -> f64 {
        self.program.process.memory_kib("VmHWM") as f64 / 1024.0
    }
}
