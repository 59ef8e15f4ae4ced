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
    pub async fn start() -> Self {
        let directory = TempDir::with_prefix("wechat-pay-bench-").unwrap();
        // The server's own user must be able to make its folder here.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let is_root = process::output(Command::new("id").arg("-u"), "coreutils").trim() == "0";
        let user: &[&str] = if is_root { &["--user=mysql"] } else { &[] };
        let data = format!("--datadir={}", directory.path().join("data").display());
        process::output(
            command("mariadb-install-db")
                .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"])
                .args(user)
                .arg(&data),
            PACKAGE,
        );
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Process::start(
            command("mariadbd")
                .args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=1"])
                .args(user)
                .arg(&data)
                .arg(format!("--socket={}", directory.path().join("s").display()))
                .arg(format!("--port={port}"))
                .stdout(Stdio::null())
                .stderr(fs::File::create(directory.path().join("log")).unwrap()),
            PACKAGE,
        );
        let mut database = Self { port, process, directory };
        for _ in 0..600 {
            if options(port, "").connect().await.is_ok() {
                return database;
            }
            assert!(!database.process.has_ended(), "mariadbd ended");
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

    /// What the server has done since it started.
    pub async fn counters(&self) -> Counters {
        let mut conn = options(self.port, "").connect().await.unwrap();
        Counters::read(&mut conn).await
    }
}

fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env("PATH", format!("{}:{SBIN}", std::env::var("PATH").unwrap_or_default()));
    command
}

fn options(port: u16, name: &str) -> MySqlConnectOptions {
    let options = MySqlConnectOptions::new().host("127.0.0.1").port(port).username("root");
    if name.is_empty() { options } else { options.database(name) }
}

/// `SHOW GLOBAL STATUS`.
pub struct Counters(HashMap<String, u64>);

impl Counters {
    async fn read(conn: &mut MySqlConnection) -> Self {
        let rows = sqlx::raw_sql("SHOW GLOBAL STATUS").fetch_all(conn).await.unwrap();
        Self(rows.iter().filter_map(|row| Some((row.get(0), row.get::<String, _>(1).parse().ok()?))).collect())
    }

    /// How much a counter has grown since an earlier reading.
    pub fn since(&self, earlier: &Self, name: &str) -> u64 {
        self.0[name] - earlier.0[name]
    }
}
