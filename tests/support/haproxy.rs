//! The real HAProxy. It is needed, and nothing is skipped without it.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::process::{Process, unnamed_log};

/// A running HAProxy, stopped with the test.
pub struct HaProxy {
    _process: Process,
    _home: TempDir,
}

impl HaProxy {
    /// With this configuration, which has it listen there.
    pub async fn configured(address: SocketAddr, configuration: &str) -> Self {
        let program = ["/usr/sbin", "/usr/local/sbin", "/usr/bin"].map(|directory| Path::new(directory).join("haproxy"));
        let program =
            program.into_iter().find(|path| path.exists()).expect("haproxy is missing: install it, or run the tests with tests/run");
        let home = TempDir::with_prefix("wechat-pay-haproxy-").unwrap();
        let file = home.path().join("haproxy.cfg");
        std::fs::write(&file, configuration).unwrap();
        let checked = Command::new(&program).arg("-c").arg("-f").arg(&file).output().unwrap();
        assert!(checked.status.success(), "{}{}", String::from_utf8_lossy(&checked.stdout), String::from_utf8_lossy(&checked.stderr));
        let mut process = Process::start(Command::new(&program).arg("-db").arg("-f").arg(&file), unnamed_log());
        while TcpStream::connect(address).await.is_err() {
            assert!(process.ended().is_none(), "haproxy ended");
            sleep(Duration::from_millis(20)).await;
        }
        Self { _process: process, _home: home }
    }
}
