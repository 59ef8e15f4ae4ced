//! A throwaway MariaDB with the settings that its package ships, durable ones, and the counters that tell what it was
//! made to do.

use std::collections::HashMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use sqlx::mysql::MySqlConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, MySqlConnection, Row};
use tempfile::TempDir;

use super::process::{self, Process};

const PACKAGE: &str = "mariadb-server";
/// `mariadbd` lives in sbin, which is not on everybody's path.
const SBIN: &str = "/usr/local/sbin:/usr/sbin:/sbin";

/// A running server; it and its files are gone with the bench.
pub struct Database {
    pub port: u16,
    process: Process,
    directory: TempDir,
}

impl Database {
    /// With the package's settings.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With these options of `mariadbd` as well.
    pub async fn start_with(settings: &[&str]) -> Self {
        let directory = TempDir::with_prefix("wechat-pay-bench-").unwrap();
        // The server's own user must be able to make its folder here.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).unwrap();
        process::output(
            command("mariadb-install-db", directory.path()).args([
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
            ]),
            PACKAGE,
        );
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = serve(directory.path(), port, settings);
        let mut database = Self { port, process, directory };
        database.until_it_answers().await;
        database
    }

    /// The same data with other options.
    pub async fn restart_with(&mut self, settings: &[&str]) {
        self.process.stop().await;
        self.process = serve(self.directory.path(), self.port, settings);
        self.until_it_answers().await;
    }

    async fn until_it_answers(&mut self) {
        for _ in 0..600 {
            if options(self.port, "").connect().await.is_ok() {
                return;
            }
            assert!(!self.process.has_ended(), "mariadbd ended");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("mariadbd does not answer");
    }

    /// A new, empty database, and its URL.
    pub async fn create(&self, name: &str) -> String {
        self.run("", &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4")).await;
        format!("mysql://root@127.0.0.1:{}/{name}", self.port)
    }

    /// Runs statements in a database.
    pub async fn run(&self, name: &str, sql: &str) {
        let mut conn = options(self.port, name).connect().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await.unwrap();
    }

    /// Where the files of the bench may lie, beside the server's.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// What `SELECT VERSION()` says.
    pub async fn version(&self) -> String {
        let mut conn = options(self.port, "").connect().await.unwrap();
        sqlx::query_scalar("SELECT VERSION()").fetch_one(&mut conn).await.unwrap()
    }

    /// Begins to count what the server is made to do.
    pub async fn meter(&self) -> Meter {
        let mut conn = options(self.port, "").connect().await.unwrap();
        let first = read_counters(&mut conn).await;
        let start = read_counters(&mut conn).await;
        let own = difference(&start, &first);
        Meter { conn, own, start }
    }
}

/// Counters of the server's, on a connection of its own.
pub struct Meter {
    conn: MySqlConnection,
    /// What reading them costs.
    own: HashMap<String, u64>,
    start: HashMap<String, u64>,
}

impl Meter {
    /// What was counted since the start.
    pub async fn stop(mut self) -> Counters {
        let end = read_counters(&mut self.conn).await;
        Counters(difference(&difference(&end, &self.start), &self.own))
    }
}

/// By their names in `SHOW GLOBAL STATUS`.
pub struct Counters(HashMap<String, u64>);

impl Counters {
    pub fn of(&self, name: &str) -> f64 {
        self.0[name] as f64
    }
}

async fn read_counters(conn: &mut MySqlConnection) -> HashMap<String, u64> {
    let rows = sqlx::raw_sql("SHOW GLOBAL STATUS").fetch_all(conn).await.unwrap();
    rows.iter().filter_map(|row| Some((row.get(0), row.get::<String, _>(1).parse().ok()?))).collect()
}

fn difference(more: &HashMap<String, u64>, less: &HashMap<String, u64>) -> HashMap<String, u64> {
    more.iter().map(|(name, count)| (name.clone(), count.saturating_sub(less.get(name).copied().unwrap_or_default()))).collect()
}

fn serve(directory: &Path, port: u16, settings: &[&str]) -> Process {
    let log = fs::File::options().create(true).append(true).open(directory.join("log")).unwrap();
    let mut server = command("mariadbd", directory);
    server
        .args(["--bind-address=127.0.0.1", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=1"])
        .arg(format!("--socket={}", directory.join("s").display()))
        .arg(format!("--port={port}"))
        .args(settings);
    Process::start(server.stdout(Stdio::null()).stderr(log), PACKAGE)
}

/// One of the server's programs on the data in this directory. It does not run as root; whose the files are follows from
/// `--user`.
fn command(program: &str, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("PATH", format!("{}:{SBIN}", std::env::var("PATH").unwrap_or_default()));
    command.arg("--no-defaults").arg(format!("--datadir={}", directory.join("data").display()));
    if process::output(Command::new("id").arg("-u"), "coreutils").trim() == "0" {
        command.arg("--user=mysql");
    }
    command
}

fn options(port: u16, name: &str) -> MySqlConnectOptions {
    let options = MySqlConnectOptions::new().host("127.0.0.1").port(port).username("root");
    if name.is_empty() { options } else { options.database(name) }
}
