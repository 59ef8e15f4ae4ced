//! Where the databases are: files in memory, each a copy of one that was migrated once.

use std::path::PathBuf;

use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tempfile::TempDir;
use wechat_pay::clock::Clock;
use wechat_pay::store::Store;

use crate::history::BEGINNING;

/// A service that has been there for a week, in which nothing was sold.
const WEEK_BEFORE: &str = "INSERT INTO bill (account, day, outcome, payments, paid_fee, refunds, refunded_fee, fee, differences, unlisted, at) \
    SELECT account, day, 'no_trades', 0, 0, 0, 0, 0, 0, 0, '2026-04-01 10:30:00' FROM (SELECT 'default' AS account UNION SELECT 'shop2' UNION \
    SELECT 'sub'), (SELECT '2026-03-25' AS day UNION SELECT '2026-03-26' UNION SELECT '2026-03-27' UNION SELECT '2026-03-28' UNION \
    SELECT '2026-03-29' UNION SELECT '2026-03-30' UNION SELECT '2026-03-31')";

pub struct Template {
    directory: TempDir,
    template: Vec<u8>,
}

impl Template {
    pub fn prepare() -> Self {
        let prefix = "wechat-pay-simulation-";
        let directory = TempDir::with_prefix_in(prefix, "/dev/shm").or_else(|_| TempDir::with_prefix(prefix)).unwrap();
        let (first, template) = (directory.path().join("first.db"), directory.path().join("template.db"));
        let url = format!("sqlite://{}", first.display());
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            Store::migrate(&url.parse().unwrap(), Clock::manual(BEGINNING.parse().unwrap()).now()).await.unwrap();
            let mut conn = SqliteConnection::connect(&url).await.unwrap();
            sqlx::query(WEEK_BEFORE).execute(&mut conn).await.unwrap();
            // One file, whatever the journal holds.
            sqlx::raw_sql(AssertSqlSafe(format!("VACUUM INTO '{}'", template.display()))).execute(&mut conn).await.unwrap();
        });
        let template = std::fs::read(template).unwrap();
        Self { directory, template }
    }

    /// A fresh database.
    pub fn database(&self, name: &str) -> Database {
        let path = self.directory.path().join(name);
        std::fs::write(&path, &self.template).unwrap();
        Database(path)
    }
}

/// One file, gone when this is dropped.
pub struct Database(PathBuf);

impl Database {
    pub fn url(&self) -> String {
        format!("sqlite://{}", self.0.display())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", self.0.display()));
        }
    }
}
