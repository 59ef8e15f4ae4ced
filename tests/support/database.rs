//! A database of a test's own, on either engine, gone with the test.

use std::net::SocketAddr;

use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, MySqlPool, Row, SqlitePool};
use tempfile::TempDir;
use wechat_pay::chance::Chance;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    MySql,
}

/// A fresh, empty database.
pub struct Database {
    pub engine: Engine,
    /// As in `WECHAT_PAY__DATABASE__URL`.
    pub url: String,
    /// The server that it is on, if it is on one.
    server: Option<String>,
    name: String,
    directory: Option<TempDir>,
}

/// The server that `tests/run` started.
pub fn mysql_server() -> String {
    std::env::var("TEST_MYSQL_SERVER").expect("TEST_MYSQL_SERVER is not set: run the tests with tests/run, which starts a MariaDB for them")
}

/// The URL with this path: parameters such as `?ssl-mode=DISABLED` stay.
fn with_path(server: &str, path: &str) -> String {
    let mut url: reqwest::Url = server.parse().unwrap();
    url.set_path(path);
    url.into()
}

impl Database {
    pub async fn fresh(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                let directory = TempDir::with_prefix("wechat-pay-").unwrap();
                let url = format!("sqlite://{}", directory.path().join("deal.db").display());
                Self { engine, url, server: None, name: String::new(), directory: Some(directory) }
            }
            Engine::MySql => Self::on_server(&mysql_server()).await,
        }
    }

    /// On a server of the test's own.
    pub async fn on_server(server: &str) -> Self {
        // Shorter than a digest, which the log is searched for.
        let name = format!("t_{}", &Chance::System.nonce()[..24]);
        let mut admin = server.parse::<MySqlConnectOptions>().unwrap().connect().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"))).execute(&mut admin).await.unwrap();
        admin.close().await.unwrap();
        Self { engine: Engine::MySql, url: with_path(server, &name), server: Some(server.to_owned()), name, directory: None }
    }

    /// Where its server listens.
    pub fn server_address(&self) -> SocketAddr {
        let url: reqwest::Url = self.url.parse().unwrap();
        let host = url.host_str().unwrap().replace("localhost", "127.0.0.1");
        SocketAddr::new(host.parse().unwrap(), url.port().unwrap_or(3306))
    }

    /// Its URL with another address in it: that of a proxy.
    pub fn url_through(&self, address: SocketAddr) -> String {
        let mut url: reqwest::Url = self.url.parse().unwrap();
        url.set_host(Some(&address.ip().to_string())).unwrap();
        url.set_port(Some(address.port())).unwrap();
        url.into()
    }

    /// Its URL with several addresses in it, the preferred one first.
    pub fn url_through_all(&self, addresses: &[SocketAddr]) -> String {
        let places: Vec<_> = addresses.iter().map(SocketAddr::to_string).collect();
        let own = self.url_through(addresses[0]);
        own.replacen(&places[0], &places.join(","), 1)
    }

    /// Opens the database behind the service's back, to look at or to tamper with.
    pub async fn look(&self) -> Look {
        match self.engine {
            Engine::Sqlite => Look::Sqlite(SqlitePoolOptions::new().max_connections(1).connect(&self.url).await.unwrap()),
            Engine::MySql => {
                let options: MySqlConnectOptions = self.url.parse().unwrap();
                Look::MySql(MySqlPoolOptions::new().max_connections(1).connect_with(options.timezone(Some("+08:00".into()))).await.unwrap())
            }
        }
    }

    /// With tables of another program's that are called as ours are without a prefix.
    pub async fn beside_a_stranger(engine: Engine) -> (Self, Look) {
        let database = Self::fresh(engine).await;
        if let Some(file) = database.url.strip_prefix("sqlite://") {
            std::fs::File::create_new(file).unwrap();
        }
        let look = database.look().await;
        look.run("CREATE TABLE deal (what varchar(10) NOT NULL); CREATE TABLE refund (what varchar(10) NOT NULL)").await;
        (database, look)
    }

    /// Directory of the SQLite file, if it is one.
    pub fn directory(&self) -> Option<&std::path::Path> {
        self.directory.as_ref().map(TempDir::path)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some(server) = self.server.take() else { return };
        let name = self.name.clone();
        // A connection that a failed test left in a transaction must not make the failure wait for ever.
        let dropping = async move {
            let mut admin = server.parse::<MySqlConnectOptions>().ok()?.connect().await.ok()?;
            sqlx::raw_sql(AssertSqlSafe(format!("SET SESSION lock_wait_timeout = 5; DROP DATABASE IF EXISTS {name}")))
                .execute(&mut admin)
                .await
                .ok()
        };
        // A test's runtime cannot wait here, so another one does.
        let _ = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(dropping)
        })
        .join();
    }
}

/// A look behind the service's back.
pub enum Look {
    Sqlite(SqlitePool),
    MySql(MySqlPool),
}

impl Look {
    /// One value of one deal as text; `None` for NULL. The column is an expression of SQL.
    pub async fn value(&self, order_id: &str, column: &str) -> Option<String> {
        let mut values = self.texts(&format!("SELECT CAST({column} AS CHAR(65535)) FROM deal WHERE order_id = '{order_id}'")).await;
        assert_eq!(values.len(), 1, "one row of {order_id}");
        values.remove(0)
    }

    /// The status of a deal.
    pub async fn status(&self, order_id: &str) -> i64 {
        self.value(order_id, "COALESCE(status, 0)").await.unwrap().parse().unwrap()
    }

    /// How many deals there are.
    pub async fn count(&self) -> usize {
        self.texts("SELECT CAST(COUNT(*) AS CHAR(20)) FROM deal").await.remove(0).unwrap().parse().unwrap()
    }

    /// The whole table, to be held against itself later.
    pub async fn everything(&self) -> Vec<String> {
        const COLUMNS: &str = "id, order_id, product_id, merchant_id, transaction_id, price, price_last, status, mode, prepayBack, payBack, \
                               queryBack, create_at, update_at, order_key, total_fee, idempotency_key, expires_at, prepay_request, asking_until, code_url, refusal, due_at, transaction_key, signed_nonce, refunded_at";
        let mut rows = Vec::new();
        for column in COLUMNS.split(',').map(str::trim) {
            let values = self.texts(&format!("SELECT CAST({column} AS CHAR(65535)) FROM deal ORDER BY id")).await;
            rows.extend(values.into_iter().enumerate().map(|(row, value)| format!("{row} {column} {value:?}")));
        }
        rows.sort();
        rows
    }

    /// Ends it, with whatever files it had open.
    pub async fn ends(self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::MySql(pool) => pool.close().await,
        }
    }

    /// Runs any SQL.
    pub async fn run(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(pool) => drop(sqlx::raw_sql(sql).execute(pool).await.unwrap()),
            Self::MySql(pool) => drop(sqlx::raw_sql(sql).execute(pool).await.unwrap()),
        }
    }

    /// The first column of a query's rows, as text.
    ///
    /// MySQL's statements are not prepared: to close one and prepare the next are two messages without an answer between
    /// them, which the system's TCP keeps apart by 40 ms.
    pub async fn texts(&self, sql: &str) -> Vec<Option<String>> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(pool) => sqlx::query(sql).fetch_all(pool).await.unwrap().iter().map(|row| row.get(0)).collect(),
            Self::MySql(pool) => sqlx::raw_sql(sql).fetch_all(pool).await.unwrap().iter().map(|row| row.get(0)).collect(),
        }
    }

    /// One column of a query's rows, by its name.
    pub async fn column(&self, sql: &str, name: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(pool) => sqlx::query(sql).fetch_all(pool).await.unwrap().iter().map(|row| row.get(name)).collect(),
            Self::MySql(pool) => sqlx::raw_sql(sql).fetch_all(pool).await.unwrap().iter().map(|row| row.get(name)).collect(),
        }
    }
}
