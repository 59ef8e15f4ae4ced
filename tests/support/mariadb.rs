//! A MariaDB of a test's own, for what must be set for a whole server, counted on an idle one, or killed. (Where `MYSQLD` names a MySQL
//! it is one of those, for the benches: `tests/mysql` fetches one.)

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use sqlx::ConnectOptions;
use sqlx::mysql::MySqlConnectOptions;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::ports::free_port;
use super::process::{Process, log_at};

/// To come up, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(60);
/// Names a MySQL that takes a MariaDB's place.
const MYSQLD: &str = "MYSQLD";
/// Servers live in sbin, which is not on every user's path.
const PLACES: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/sbin"];

/// A server with its data; gone with the test.
pub struct MariaDb {
    pub port: u16,
    /// `None`: it was killed, and has not been started again.
    pub process: Option<Process>,
    /// Of `mariadbd`, for this start and the next.
    pub options: Vec<String>,
    /// The server's files, and what its user lays beside them.
    pub directory: TempDir,
}

impl MariaDb {
    /// Starts one with these options of `mariadbd`, and waits until it answers.
    pub async fn start(options: &[&str]) -> Self {
        let mut server = Self::lay_out(options);
        server.launch();
        server.ready_within(PATIENCE).await.expect("MariaDB answers");
        server
    }

    /// Makes the data of one, and does not start it.
    pub fn lay_out(options: &[&str]) -> Self {
        let directory = TempDir::with_prefix("wechat-pay-mariadb-").unwrap();
        // The server's own user must be able to make its folder here.
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let made = installation(directory.path()).output().unwrap();
        assert!(made.status.success(), "{}{}", String::from_utf8_lossy(&made.stdout), String::from_utf8_lossy(&made.stderr));
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        Self { port: free_port(), process: None, options, directory }
    }

    /// The server as `TEST_MYSQL_SERVER` names one.
    pub fn url(&self) -> String {
        format!("mysql://root@127.0.0.1:{}", self.port)
    }

    /// Starts it on the data that it left, and does not wait for it.
    pub fn launch(&mut self) {
        let log = log_at(&self.directory.path().join("mariadb.log"));
        self.process = Some(Process::start(&mut self.command(), log));
    }

    /// The server as it is started.
    pub fn command(&self) -> Command {
        let home = self.directory.path();
        let mut server = command(&server(), home);
        server
            .args(["--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=1"])
            .arg(format!("--socket={}", home.join("s").display()))
            .arg(format!("--port={}", self.port))
            .args(&self.options);
        // A MySQL uses neither a folder nor a port of the whole machine's, and knows its root by a name.
        server.args(if is_mysql() { ["--secure-file-priv=NULL", "--mysqlx=OFF"].as_slice() } else { &["--skip-name-resolve"] });
        server
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// How long it took to answer, from now.
    pub async fn ready_within(&self, limit: Duration) -> Option<Duration> {
        let started = Instant::now();
        while started.elapsed() < limit {
            let connecting = self.url().parse::<MySqlConnectOptions>().unwrap().disable_statement_logging();
            if let Ok(Ok(_)) = timeout(Duration::from_secs(2), connecting.connect()).await {
                return Some(started.elapsed());
            }
            sleep(Duration::from_millis(50)).await;
        }
        None
    }
}

/// What makes a server's data in this directory.
fn installation(directory: &Path) -> Command {
    if is_mysql() {
        let mut installation = command(&server(), directory);
        installation.arg("--initialize-insecure");
        return installation;
    }
    let mut installation = command(&found("mariadb-install-db"), directory);
    installation.args(["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]);
    installation
}

fn is_mysql() -> bool {
    std::env::var_os(MYSQLD).is_some()
}

fn server() -> PathBuf {
    std::env::var_os(MYSQLD).map_or_else(|| found("mariadbd"), PathBuf::from)
}

fn found(program: &str) -> PathBuf {
    let path = std::env::var("PATH").unwrap_or_default();
    let found = path.split(':').chain(PLACES).map(|place| Path::new(place).join(program)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{program} is missing: apt-get install mariadb-server, or run the tests with tests/run"))
}

/// A program on the data in this directory.
fn command(program: &Path, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("--no-defaults").arg(format!("--datadir={}", directory.join("data").display()));
    // Servers that share a directory for temporary files delete one another's at their start.
    command.arg(format!("--tmpdir={}", directory.display()));
    // The server refuses to be root; whose the files are follows from this.
    if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.arg("--user=mysql");
    }
    command
}
