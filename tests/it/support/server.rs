//! A MariaDB of a test's own, for what must be set for a whole server or counted on an idle one.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::mysql::MySqlConnectOptions;
use tempfile::TempDir;

/// A running server, stopped and gone with the test.
pub struct Server {
    /// As `TEST_MYSQL_SERVER`.
    pub url: String,
    process: Child,
    _directory: TempDir,
}

impl Server {
    /// Starts one with these options of `mariadbd`.
    pub async fn start(options: &[&str]) -> Self {
        let directory = TempDir::with_prefix("wechat-pay-mariadb-").unwrap();
        let data = directory.path().join("data");
        open_to_all(directory.path());
        // A server does not run as root; whose the files are follows from --user.
        let is_root = Command::new("id").arg("-u").output().unwrap().stdout.trim_ascii() == b"0";
        let user: &[&str] = if is_root { &["--user=mysql"] } else { &[] };
        let installed = Command::new("mariadb-install-db")
            .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"])
            .args(user)
            .arg(format!("--datadir={}", data.display()))
            .output()
            .expect("mariadb-install-db");
        assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new("mariadbd")
            .args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve", "--innodb-buffer-pool-size=32M"])
            .args(user)
            .arg(format!("--datadir={}", data.display()))
            // Servers that share a directory for these delete one another's at their start.
            .arg(format!("--tmpdir={}", directory.path().display()))
            .arg(format!("--socket={}", directory.path().join("s").display()))
            .arg(format!("--port={port}"))
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("mariadbd");
        let server = Self { url: format!("mysql://root@127.0.0.1:{port}"), process, _directory: directory };
        for _ in 0..600 {
            if server.url.parse::<MySqlConnectOptions>().unwrap().connect().await.is_ok() {
                return server;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("mariadbd does not answer");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The server's own user must be able to make its folder here.
fn open_to_all(directory: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o777)).unwrap();
}
