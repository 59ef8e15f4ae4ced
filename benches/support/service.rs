//! The release build of the service as a process of its own, as an operator runs it.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::net::TcpStream;
use wechat_pay::simulator::DEFAULT_MERCHANT;

use super::letters::NOTIFY_URL;
use super::process::Process;
use super::upstream::Upstream;
use super::wire::{Wire, json_text};

/// A running `wechat-pay serve`, with no environment but what is given.
pub struct Service {
    pub address: SocketAddr,
    process: Process,
}

impl Service {
    /// On this database and this WeChat, with the defaults except for `settings` (`SECTION__KEY`). Its log goes to a
    /// file in `directory`, as a journal would take it.
    pub async fn start(directory: &Path, name: &str, database: &str, upstream: &Upstream, settings: &[(&str, &str)]) -> Self {
        let log = directory.join(format!("{name}.log"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_wechat-pay"));
        let upstream = format!("http://{}", upstream.address);
        let own = [
            ("SERVER__LISTEN", "127.0.0.1:0"),
            ("DATABASE__URL", database),
            ("WECHAT__APPID", DEFAULT_MERCHANT.appid),
            ("WECHAT__MCH_ID", DEFAULT_MERCHANT.mch_id),
            ("WECHAT__API_KEY", DEFAULT_MERCHANT.api_key),
            ("WECHAT__BASE_URL", &upstream),
            ("WECHAT__NOTIFY_URL", NOTIFY_URL),
            ("AUTH__MODE", "open"),
        ];
        command.env_clear().current_dir(directory).arg("serve");
        command.envs(own.iter().chain(settings).map(|(key, value)| (format!("WECHAT_PAY__{key}"), value)));
        let process = Process::start(command.stdout(Stdio::null()).stderr(fs::File::create(&log).unwrap()), "nothing: cargo builds it");
        let mut service = Self { address: SocketAddr::from(([127, 0, 0, 1], 0)), process };
        service.address = service.listens_at(&log).await;
        service
    }

    async fn listens_at(&mut self, log: &PathBuf) -> SocketAddr {
        for _ in 0..200 {
            let said = fs::read_to_string(log).unwrap();
            if let Some(line) = said.lines().find(|line| line.contains("\"message\":\"serving\"")) {
                return json_text(line.as_bytes(), "address").unwrap().parse().unwrap();
            }
            assert!(!self.process.has_ended(), "the service ended: {said}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the service does not start: {}", fs::read_to_string(log).unwrap());
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

    /// Resident now, in MiB.
    pub fn memory(&self) -> f64 {
        self.mebibytes("VmRSS:")
    }

    /// The most that has ever been resident, in MiB.
    pub fn peak_memory(&self) -> f64 {
        self.mebibytes("VmHWM:")
    }

    fn mebibytes(&self, name: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }
}
