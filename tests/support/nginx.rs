//! The real nginx. It is needed, and nothing is skipped without it.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::process::{Process, unnamed_log};

/// What a machine's own nginx.conf says around the server blocks; `{servers}` are those.
const MACHINE: &str = r#"
daemon off;
worker_processes 1;
pid {home}/pid;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;

{servers}
}
"#;

/// A running nginx, stopped with the test.
pub struct Nginx {
    pub address: SocketAddr,
    program: PathBuf,
    process: Process,
    home: TempDir,
}

impl Nginx {
    /// With these server blocks, in which `{home}` stands for its directory and `{port}` for its port.
    pub async fn configured(address: SocketAddr, servers: &str) -> Self {
        let program = ["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"].map(|directory| Path::new(directory).join("nginx"));
        let program =
            program.into_iter().find(|path| path.exists()).expect("nginx is missing: install it, or run the tests with tests/run");
        let home = TempDir::with_prefix("wechat-pay-nginx-").unwrap();
        // Started by root, nginx works as another user, which has to get here.
        std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::create_dir_all(home.path().join("www/static")).unwrap();
        std::fs::write(home.path().join("www/static/till.css"), "body{}").unwrap();
        let configuration = MACHINE
            .replace("{servers}", servers)
            .replace("{home}", home.path().to_str().unwrap())
            .replace("{port}", &address.port().to_string());
        std::fs::write(home.path().join("nginx.conf"), configuration).unwrap();
        let process = Process::start(&mut Self::command(&program, home.path()), unnamed_log());
        let mut nginx = Self { address, program, process, home };
        // The file is written once the port is taken.
        for _ in 0..1000 {
            if std::fs::read_to_string(nginx.home.path().join("pid")).is_ok_and(|pid| pid.ends_with('\n')) {
                return nginx;
            }
            assert!(nginx.process.ended().is_none(), "nginx ended: {}", nginx.log());
            sleep(Duration::from_millis(10)).await;
        }
        panic!("nginx does not start: {}", nginx.log());
    }

    fn command(program: &Path, home: &Path) -> Command {
        let mut command = Command::new(program);
        command.arg("-p").arg(home).arg("-e").arg(home.join("error.log")).arg("-c").arg(home.join("nginx.conf"));
        command
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.home.path().join("error.log")).unwrap_or_default()
    }

    /// Says these bytes on a connection of their own and hears everything until nginx hangs up or has nothing more to say.
    pub async fn say(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut heard = Vec::new();
        while let Ok(Ok(1..)) = timeout(Duration::from_millis(500), stream.read_buf(&mut heard)).await {}
        String::from_utf8_lossy(&heard).into_owned()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its workers end with it only when it is told to; killed, it would leave them behind.
        let told = Self::command(&self.program, self.home.path()).args(["-s", "stop"]).stderr(Stdio::null()).status();
        if told.is_ok_and(|status| status.success()) {
            self.process.wait();
        }
    }
}
