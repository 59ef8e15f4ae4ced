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
    port: u16,
    options: Vec<String>,
    directory: TempDir,
}

impl Server {
    /// Starts one with these options of `mariadbd`.
    pub async fn start(options: &[&str]) -> Self {
        let directory = TempDir::with_prefix("wechat-pay-mariadb-").unwrap();
        open_to_all(directory.path());
        let installed = Command::new("mariadb-install-db")
            .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"])
            .args(user())
            .arg(format!("--datadir={}", directory.path().join("data").display()))
            .output()
            .expect("mariadb-install-db");
        assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let options: Vec<_> = options.iter().map(|option| (*option).to_owned()).collect();
        let process = serve(directory.path(), port, &options);
        let server = Self { url: format!("mysql://root@127.0.0.1:{port}"), process, port, options, directory };
        server.until_it_answers().await;
        server
    }

    /// Ends it as a power cut would, and starts it again on what is on disk.
    pub async fn kill_and_start(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.process = serve(self.directory.path(), self.port, &self.options);
        self.until_it_answers().await;
    }

    async fn until_it_answers(&self) {
        for _ in 0..600 {
            if self.url.parse::<MySqlConnectOptions>().unwrap().connect().await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("mariadbd does not answer");
    }
}

fn serve(directory: &Path, port: u16, options: &[String]) -> Child {
    Command::new("mariadbd")
        .args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve", "--innodb-buffer-pool-size=32M"])
        .args(user())
        .arg(format!("--datadir={}", directory.join("data").display()))
        // Servers that share a directory for these delete one another's at their start.
        .arg(format!("--tmpdir={}", directory.display()))
        .arg(format!("--socket={}", directory.join("s").display()))
        .arg(format!("--port={port}"))
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("mariadbd")
}

/// A server does not run as root; whose the files are follows from this.
fn user() -> &'static [&'static str] {
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout.trim_ascii() == b"0";
    if is_root { &["--user=mysql"] } else { &[] }
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
